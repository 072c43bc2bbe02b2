"""A project that an editor has open: the last result of a run, and what the editor may ask of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from backend_lint.api import Finding, Mends
from backend_lint.cli.options import Prepared
from backend_lint.engine.discover import read_regular
from backend_lint.engine.result import Reported, Result
from backend_lint.source import UndecodableError, decode

if TYPE_CHECKING:
    from backend_lint.engine.first_answer import FirstAnswer
    from backend_lint.engine.judge import SoFar
    from backend_lint.engine.memory import Told
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
        self._told: Told | None = None
        self._bases: dict[str, tuple[str, Told]] = {}
        """Of files that are open: the last text that a whole answer speaks of, and what rules said then."""
        self._first: dict[str, FirstAnswer] = {}
        """The first answers that are shown, by path."""
        self._lock = threading.Lock()
        """Held while an answer takes the place of another: first answers are made while a run is on its way."""
        self.started_ns = 0
        """When the last run began."""

    def check(self, opened: Iterable[str], shows: Callable[[str], None] = lambda path: None) -> None:
        """Runs the rules over the project on disk. `opened` are paths of which the text is remembered. Raises ConfigError.

        `shows` is called, on this thread, for a file that was saved whenever more is known of it.
        """
        prepared = self.prepare()
        if self.prepared is not None and self.prepared.settings == prepared.settings and not prepared.settings.rules_dir:
            prepared = self.prepared  # the same rules: what is kept between runs is kept for them
        started_ns = time.time_ns()
        before = {path: self.on_disk(path) for path in opened}
        if prepared is not self.prepared:
            self._bases = {}

        def so_far(fresh: Sequence[Finding], asked: frozenset[str]) -> None:
            for path, answer in list(self._first.items()):
                # only of the text that this run has read
                if before.get(path) is not None and before[path] == self.texts.get(path) == self.on_disk(path) and self._say(path, answer, fresh, asked):
                    shows(path)

        result = self._run(prepared, so_far)
        told = self._kept.told if self._kept is not None else None
        by_path: dict[str, list[Reported]] = {}
        for one in result.findings:
            by_path.setdefault(one.finding.path, []).append(one)
        # a file that was written while it was checked: nobody can tell which text the findings are of
        checked = {path: text for path, text in before.items() if text is not None and self.on_disk(path) == text}
        found = {path: tuple(found) for path, found in by_path.items()}
        with self._lock:
            # what was said at once of a file that was saved meanwhile is newer than this
            self._first = {path: answer for path, answer in self._first.items() if path in before and path not in checked}
            newer = {path: (self.texts[path], self.shown(path)) for path in self._first}
            self.texts = {**checked, **{path: text for path, (text, _) in newer.items()}}
            self.by_path = {**found, **{path: shown for path, (_, shown) in newer.items()}}
            self.prepared, self.result, self.started_ns, self._told = prepared, result, started_ns, told
            if told is not None:
                self._bases.update({path: (text, told) for path, text in checked.items()})

    def first(self, path: str) -> bool:
        """Whether something can be said of a file that was saved just now before the project is checked: `shown` and `texts` are it then."""
        from backend_lint.engine.first_answer import FirstAnswer

        prepared, base = self.prepared, self._bases.get(path)
        if prepared is None or base is None:
            return False
        try:
            data = read_regular(self.root / path, prepared.settings.max_file_size)
            text = decode(data)
        except (OSError, ValueError, UndecodableError):
            return False  # the whole run says what is wrong
        answer = FirstAnswer(prepared.settings, prepared.registry, base[1], path, data, base[0])
        if not answer.can_tell:
            return False
        with self._lock:
            self.texts[path] = text
            self._first[path] = answer
        self._say(path, answer)
        return True

    def _say(self, path: str, answer: FirstAnswer, fresh: Sequence[Finding] = (), asked: frozenset[str] = frozenset()) -> bool:
        """Takes over what is known of a file by now; whether that is news."""
        from backend_lint.config import ConfigError
        from backend_lint.gate.conditions import threshold

        assert self.prepared is not None
        try:
            found = threshold(answer.reported(fresh, asked), self.prepared.settings)
        except ConfigError:
            return False  # the whole run says so
        with self._lock:
            if self._first.get(path) is not answer or found == self.shown(path):
                return False
            self.by_path = {**self.by_path, path: found}
        return True

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
                if self._told is not None:
                    self._bases[path] = text, self._told
        return path in self.texts

    def _run(self, prepared: Prepared, so_far: SoFar) -> Result:
        from backend_lint.engine.session import Session as Kept
        from backend_lint.gate.conditions import shown

        if self._kept is None or prepared is not self.prepared:
            self._kept = Kept(prepared.settings, prepared.registry)
        return shown(self._kept.check(so_far=so_far), prepared.settings)

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
