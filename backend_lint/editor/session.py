"""A project that an editor has open: the last result of a run, and what the editor may ask of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from backend_lint.api import Mends
from backend_lint.cli.options import Prepared
from backend_lint.engine.discover import read_regular
from backend_lint.engine.result import Reported, Result
from backend_lint.source import UndecodableError, decode

if TYPE_CHECKING:
    from backend_lint.engine.session import Session as Kept

_SETTLED_NS = 50_000_000
"""The clock of a file system may be so much behind."""


class Session:
    """`root` is the project's root; `prepare` gives its settings as they are now, so that a changed configuration counts from the next run on."""

    def __init__(self, root: Path, prepare: Callable[[], Prepared]) -> None:
        self.root = root
        self.prepare = prepare
        self.prepared: Prepared | None = None
        self.result: Result | None = None
        self._kept: Kept | None = None
        """What stays in memory between the runs under the same settings."""
        self.by_path: Mapping[str, tuple[Reported, ...]] = {}
        self.texts: dict[str, str] = {}
        """Of files that are open: the text that was checked."""
        self.started_ns = 0
        """When the last run began."""

    def check(self, opened: Iterable[str]) -> None:
        """Runs the rules over the project on disk. `opened` are paths of which the text is remembered. Raises ConfigError."""
        prepared = self.prepare()
        if self.prepared is not None and self.prepared.settings == prepared.settings and not prepared.settings.rules_dir:
            prepared = self.prepared  # the same rules: what is kept between runs is kept for them
        started_ns = time.time_ns()
        before = {path: self.on_disk(path) for path in opened}
        result = self._run(prepared)
        by_path: dict[str, list[Reported]] = {}
        for one in result.findings:
            by_path.setdefault(one.finding.path, []).append(one)
        # a file that was written while it was checked: nobody can tell which text the findings are of
        self.texts = {path: text for path, text in before.items() if text is not None and self.on_disk(path) == text}
        self.prepared, self.result, self.started_ns = prepared, result, started_ns
        self.by_path = {path: tuple(found) for path, found in by_path.items()}

    def adopt(self, path: str) -> bool:
        """Whether the last run speaks of a file as it is now, though it was not open then; remembers its text if so."""
        if self.result is None:
            return False
        try:
            status = (self.root / path).lstat()
        except (OSError, ValueError):
            return False
        if path not in self.texts and max(status.st_mtime_ns, status.st_ctime_ns) < self.started_ns - _SETTLED_NS:
            text = self.on_disk(path)
            if text is not None:
                self.texts[path] = text
        return path in self.texts

    def _run(self, prepared: Prepared) -> Result:
        from backend_lint.engine.session import Session as Kept
        from backend_lint.gate.conditions import shown

        if self._kept is None or prepared is not self.prepared:
            self._kept = Kept(prepared.settings, prepared.registry)
        return shown(self._kept.check(), prepared.settings)

    def rest(self) -> None:
        """Does what can wait until the answer is sent."""
        if self._kept is not None:
            self._kept.rest()

    def shown(self, path: str) -> tuple[Reported, ...]:
        """The findings of a file."""
        return self.by_path.get(path, ())

    def relative(self, path: Path) -> str | None:
        """A path as findings name it; None for one outside the project, or in a spelling that no report can hold."""
        from backend_lint.engine.discover import printable

        try:
            return printable(path.relative_to(self.root).as_posix())
        except ValueError:
            return None

    def on_disk(self, path: str) -> str | None:
        """The text of a file as it is on disk now; None if it cannot be read."""
        limit = 1_000_000 if self.prepared is None else self.prepared.settings.max_file_size
        try:
            return decode(read_regular(self.root / path, limit))
        except (OSError, ValueError, UndecodableError):
            return None

    def menders(self) -> dict[str, tuple[Mends, bool]]:
        """The rules of the last run that have a fix, by name, and whether it is safe; none without LibCST."""
        from backend_lint.engine.menders import can_mend, menders

        if self.prepared is None or not can_mend():
            return {}
        registry = self.prepared.registry
        return {name: (rule, registry.cards[name].fix == "safe") for name, rule in menders(self.prepared.settings, registry).items()}
