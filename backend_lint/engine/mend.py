"""``backend-lint fix``: applies fixes, checks the project again, and takes back every file in which a fix did not do what it promised.

Files are edited in memory until nothing is left to fix; the disk is written last, file by file, each at once or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Finding
from backend_lint.config import Settings
from backend_lint.engine.discover import asked_for, discover, printable, read_regular
from backend_lint.engine.menders import demand_libcst, menders
from backend_lint.engine.result import Reported
from backend_lint.engine.triage import ENGINE_RULES, triage
from backend_lint.facts.file import Kind

if TYPE_CHECKING:
    from backend_lint.engine.difference import Difference
    from backend_lint.registry import Registry

_PASSES = 10


class MendResult(msgspec.Struct, frozen=True):
    """`changed`: paths that were (or with ``diff`` would be) written. `reverted`: paths left as they were, with the reason. `remaining`: findings left."""

    changed: tuple[str, ...]
    diff: str
    reverted: tuple[tuple[str, str], ...]
    remaining: int


def mend(settings: Settings, registry: Registry, unsafe: bool, diff: bool) -> MendResult:
    """Fixes what rules with a safe fix report in `settings.paths`, with `unsafe` also what others fix; with `diff` nothing is written.

    What is suppressed, accepted in the baseline or, with a base revision, not new is left alone. Raises ConfigError, also where LibCST is not installed.
    """
    demand_libcst()
    return _Session(settings, registry, unsafe).run(diff)


class _Session:
    def __init__(self, settings: Settings, registry: Registry, unsafe: bool) -> None:
        self.settings = settings
        self.registry = registry
        self.rules = menders(settings, registry, ("safe", "unsafe") if unsafe else ("safe",))
        self.raw: dict[tuple[str | int, ...], Finding] = {}
        self.idle: dict[str, bytes] = {}
        """Files in which no rule had a fix, as they were then."""
        self.names: dict[str, str] = {}
        self.before: dict[str, bytes] = {}
        self.reverted: dict[str, str] = {}
        self.difference: Difference | None = None
        self.python: set[str] = set()
        for candidate in discover(settings).candidates:
            if candidate.path != printable(candidate.name):
                self.reverted[candidate.path] = f"it is a link; fix {printable(candidate.name)} itself"
                continue
            try:
                self.before[candidate.path] = read_regular(settings.root / candidate.name, settings.max_file_size)
            except OSError:
                continue  # `check` names it
            self.names[candidate.path] = candidate.name
            if candidate.kind is Kind.PYTHON:
                self.python.add(candidate.path)
        self.now = dict(self.before)
        if settings.diff_base is not None or settings.diff_file is not None:
            from backend_lint.engine.difference import compare

            self.difference = compare(settings, registry)

    def run(self, diff: bool) -> MendResult:
        found = self._check()
        edited: dict[str, Counter[str]] = {}
        for _ in range(_PASSES):
            reverted = len(self.reverted)
            edited = self._edit(found)
            if not edited and len(self.reverted) == reverted:
                break
            found = self._verified(edited, found)
        else:
            for path in edited:
                self._revert(path, f"its fixes did not settle in {_PASSES} passes")
            found = self._check()
        changed = [path for path in sorted(self.now) if self.now[path] != self.before[path]]
        text = self._diff(changed) if diff else ""
        if not diff and (written := [path for path in changed if self._written(path)]) != changed:
            changed, found = written, self._check()
        return MendResult(tuple(changed), text, tuple(sorted(self.reverted.items())), sum(len(group) for group in found.values()))

    def _check(self) -> dict[str, list[Reported]]:
        """What is to be reported of the files as they are now in memory, by path."""
        from backend_lint.engine.run import check_contents
        from backend_lint.source import UndecodableError, decode, split_lines

        readings, judged = check_contents(self.settings, self.registry, self.now)
        # a fix gets the finding as the rule made it: what is reported has its secrets hidden
        self.raw = {_identity(finding): finding for finding in judged.findings}
        is_asked = asked_for(self.settings.paths)

        def read_lines(path: str) -> list[str] | None:
            try:
                return split_lines(decode(self.now[path]))
            except (KeyError, UndecodableError):
                return None

        reported, _, _ = triage(
            [finding for finding in judged.findings if is_asked(finding.path)],
            {path: reading for path, (_, reading) in readings.items() if is_asked(path)},
            self.settings,
            self.registry.cards,
            self.registry.enabled(self.settings),
            read_lines,
            self.difference,
        )
        found: dict[str, list[Reported]] = {}
        for one in reported:
            if one.new:
                found.setdefault(one.finding.path, []).append(one)
        return found

    def _fixable(self, found: Mapping[str, list[Reported]]) -> dict[str, list[Finding]]:
        chosen = {path: [self.raw[_identity(one.finding)] for one in group if one.finding.rule in self.rules] for path, group in found.items()}
        return {path: findings for path, findings in sorted(chosen.items()) if findings and path in self.python and path not in self.reverted}

    def _edit(self, found: Mapping[str, list[Reported]]) -> dict[str, Counter[str]]:
        """Applies every fix once; gives the number of fixes by rule for each path that changed."""
        edited: dict[str, Counter[str]] = {}
        fixable = self._fixable(found)
        if not fixable:
            return edited
        from backend_lint.engine.mend_file import CannotMendError, mend_file

        for path, findings in fixable.items():
            if self.idle.get(path) is self.now[path]:
                continue
            if reason := self._refusal(path):
                self._revert(path, reason)
                continue
            try:
                data, applied = mend_file(self.now[path], findings, self.rules)
            except CannotMendError as error:
                self._revert(path, str(error))
                continue
            if data != self.now[path]:
                self.now[path] = data
                edited[path] = Counter(finding.rule for finding in applied)
            else:
                self.idle[path] = data
        return edited

    def _verified(self, edited: Mapping[str, Counter[str]], before: Mapping[str, list[Reported]]) -> dict[str, list[Reported]]:
        """Checks again and takes back the files in which a fixed finding is still there or another one is new, until none is left."""
        pending = dict(edited)
        while True:
            found = self._check()
            failed = {path: reason for path, applied in pending.items() if (reason := _failure(applied, _rules(before, path), _rules(found, path)))}
            if not failed:
                return found
            for path, reason in failed.items():
                self._revert(path, reason)
                del pending[path]

    def _revert(self, path: str, reason: str) -> None:
        self.now[path] = self.before[path]
        self.reverted[path] = reason

    def _refusal(self, path: str) -> str:
        """Why a file may not be written; empty if it may."""
        place = self.settings.root
        for part in self.names[path].split("/"):
            place = place / part
            if part == ".." or place.is_symlink():
                return "it is reached through a link; fix the file it leads to"
        return ""

    def _written(self, path: str) -> bool:
        from backend_lint.engine.write import replace_file

        place: Path = self.settings.root / self.names[path]
        try:
            if reason := self._refusal(path):
                raise OSError(reason)
            if read_regular(place, self.settings.max_file_size) != self.before[path]:
                raise OSError("it was changed by somebody else in the meantime")
            replace_file(place, self.now[path])
        except OSError as error:
            self._revert(path, error.strerror or str(error))
            return False
        return True

    def _diff(self, changed: list[str]) -> str:
        if not changed:
            return ""
        from backend_lint.engine.mend_file import unified_diff

        return "".join(unified_diff(path, self.before[path], self.now[path]) for path in changed)


def _identity(finding: Finding) -> tuple[str | int, ...]:
    return finding.rule, finding.path, finding.line, finding.column, finding.end_line, finding.end_column


def _rules(found: Mapping[str, list[Reported]], path: str) -> Counter[str]:
    return Counter(one.finding.rule for one in found.get(path, ()) if one.finding.rule not in ENGINE_RULES)


def _failure(applied: Counter[str], before: Counter[str], after: Counter[str]) -> str:
    for rule, number in applied.items():
        if after[rule] > before[rule] - number:
            return f"the fix of {rule} did not take"
    if worse := sorted(rule for rule in after if after[rule] > before[rule]):
        return f"a fix would bring findings of {', '.join(worse)}"
    return ""
