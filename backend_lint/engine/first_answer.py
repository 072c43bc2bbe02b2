"""What can be said of a file as soon as it is saved, before the project is linked anew: an editor shows it until the whole answer is there.

Rules that look at one file are asked. What the others said when they were last asked stands where nobody changed anything, and is moved with its lines;
a place that was edited waits for them. As they are asked, what they say now takes the place of what they said.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.api import Evidence, Finding
from backend_lint.config import Settings
from backend_lint.engine.discover import read_regular
from backend_lint.engine.limits import suspicious
from backend_lint.engine.read_file import read_file
from backend_lint.engine.roles import role_finder
from backend_lint.engine.run import local_rules, roles_read
from backend_lint.engine.triage import UNUSED, triage
from backend_lint.facts.file import SourceFile
from backend_lint.readers import wanted
from backend_lint.source import UndecodableError, decode, split_lines

if TYPE_CHECKING:
    from backend_lint.engine.memory import Told
    from backend_lint.engine.result import Reported
    from backend_lint.registry import Registry

MOST_BYTES = 300_000
"""A larger file waits for the whole answer."""
_MOST_EDITS = 200
"""Lines that an edit adds and removes between its first and its last; of a larger one nothing between them counts as unchanged."""


class FirstAnswer:
    """What is known of the file at `path`, which held `before` when rules said what is `told` of the whole project, and now holds `data`.

    `can_tell`: whether it is known at all. A large file waits for the whole answer, and so does one that is compared with another revision.
    """

    def __init__(self, settings: Settings, registry: Registry, told: Told, path: str, data: bytes, before: str) -> None:
        self._settings, self._registry, self._told, self._path = settings, registry, told, path
        kind = wanted(path)
        compared = settings.diff_base is not None or settings.diff_file is not None
        self.can_tell = False
        if kind is None or compared or not told.asked(path) or settings.stdin_filename is not None or len(data) > MOST_BYTES or suspicious(data):
            return
        try:
            self._lines = split_lines(decode(data))
        except UndecodableError:
            return
        self.can_tell = True
        role = role_finder(settings.roles)(path, data)
        rules = local_rules(told.rules)
        self._local = frozenset(rule.name for rule in rules)
        # without such rules only its comments are wanted, and whether it can be read
        self._reading = read_file(SourceFile(path, kind, role, len(data), not rules or role not in roles_read(told.rules)), data, rules)
        self._unchanged = Unchanged(split_lines(before), self._lines)
        # of what could not be read rules will say nothing, nor of a file in whose role they do not speak
        speaking = {rule.name for rule in told.rules if role in rule.roles and not self._reading.unchecked}
        self._former = [one for one in told.findings if one.path == path and one.rule in speaking and one.rule not in self._local]
        self._moved = [self._unchanged.moved(one) for one in self._former]

    def reported(self, fresh: Iterable[Finding] = (), asked: Container[str] = frozenset()) -> tuple[Reported, ...]:
        """The findings. `fresh`: what the rules that are `asked` already say of the project as it is now. Raises ConfigError for a bad baseline."""
        found = [*self._reading.findings, *(one for one in fresh if one.path == self._path)]
        # whether a comment silences what stood on an edited line nobody knows yet
        lost = set()
        for former, moved in zip(self._former, self._moved, strict=True):
            if former.rule not in asked:
                if moved is not None:
                    found.append(moved)
                else:
                    lost.add(former.rule)
        ran = self._told.ran - lost
        reported, _, _ = triage(found, {self._path: self._reading}, self._settings, self._registry.cards, ran, self._read_lines)
        return tuple(one for one in reported if one.finding.rule != UNUSED or self._unchanged.now(one.finding.line))

    def _read_lines(self, path: str) -> list[str] | None:
        if path == self._path:
            return self._lines
        try:
            return split_lines(decode(read_regular(self._settings.root / path, self._settings.max_file_size)))
        except (OSError, ValueError, UndecodableError):
            return None


class Unchanged:
    """The lines of a text that an edit left as they were."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        most = min(len(before), len(after))
        start = next((index for index in range(most) if before[index] != after[index]), most)
        end = next((index for index in range(most - start) if before[-1 - index] != after[-1 - index]), most - start)
        self._moved = {number: number for number in range(1, start + 1)}
        for old, new in _kept(before[start : len(before) - end], after[start : len(after) - end]):
            self._moved[start + old + 1] = start + new + 1
        shift = len(after) - len(before)
        self._moved.update({number: number + shift for number in range(len(before) - end + 1, len(before) + 1)})
        self._now = frozenset(self._moved.values())

    def now(self, line: int) -> bool:
        """Whether a line of the text after the edit was there before."""
        return line in self._now

    def moved(self, finding: Finding) -> Finding | None:
        """The finding where its lines are now; None if one of them was edited."""
        line = self._moved.get(finding.line)
        last = max(finding.end_line, finding.line)
        if line is None or any(self._moved.get(number) != line + number - finding.line for number in range(finding.line, last + 1)):
            return None
        evidence = tuple(self._beside(one) if one.path == finding.path else one for one in finding.evidence)
        return replace(finding, line=line, end_line=finding.end_line + line - finding.line, evidence=evidence)

    def _beside(self, evidence: Evidence) -> Evidence:
        """The other side of a finding in the same file; where that was edited, the line that stood before it."""
        number = evidence.line
        while number > 1 and number not in self._moved:
            number -= 1
        return replace(evidence, line=self._moved.get(number, evidence.line))


def _kept(before: Sequence[str], after: Sequence[str]) -> Sequence[tuple[int, int]]:
    from backend_lint.engine.shortest_edit import edit

    changed = edit(before, after, _MOST_EDITS)
    if changed is None:
        return ()
    removed, added = set(changed[0]), set(changed[1])
    old = [index for index in range(len(before)) if index not in removed]
    new = [index for index in range(len(after)) if index not in added]
    return list(zip(old, new, strict=True))
