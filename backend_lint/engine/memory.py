"""What a process that stays keeps from one run to the next: files that were found, facts that were read, modules that were decoded, the last answer.

All of it is named by what it was made from, so that a run with a memory answers what one without would. Nothing of a linked model is kept but what a
module says by itself: which answer of the model rests on which file, nobody knows.
"""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.api import Finding, Rule
from backend_lint.config import Settings
from backend_lint.engine.discover import Discovery, Stamp, discover, stamp_of
from backend_lint.engine.judge import Judged, SoFar
from backend_lint.engine.kept_texts import kept_texts
from backend_lint.engine.unchanged import SETTLED_NS
from backend_lint.facts.file import SourceFile
from backend_lint.facts.reading import Reading

if TYPE_CHECKING:
    from backend_lint.engine.read_stage import Sources
    from backend_lint.project.modules import SourceModule
    from backend_lint.sql.memo import Statements


Found = tuple[SourceFile, Reading]


class Told(NamedTuple):
    """What the rules of a run said of the whole project, before triage. `ran`: the names of those that were asked and did not fail."""

    rules: tuple[Rule, ...]
    findings: Sequence[Finding]
    ran: frozenset[str]
    asked: Callable[[str], bool]
    """Whether a path was to be checked."""


class _Read(NamedTuple):
    stamp: Stamp
    file: SourceFile
    reading: Reading


class Memory:
    """The memory of one project under one set of settings. `changed`: the only files that may differ from the last run; None if nobody knows."""

    def __init__(self) -> None:
        self.changed: Collection[str] | None = None
        self.modules: dict[str, tuple[Reading, SourceModule]] = {}
        """Modules by path, each with the reading that it was made from."""
        self.told: Told | None = None
        self.so_far: SoFar | None = None
        """Who is told what rules say while they are asked."""
        self._discovery: Discovery | None = None
        self._read: dict[str, _Read] = {}
        self._texts: tuple[Statements, list[str]] | None = None
        self._answer: tuple[bytes, Judged] | None = None

    def discover(self, settings: Settings) -> Discovery:
        """The files that there are: looked for anew, or the last ones if only known files changed."""
        found = None
        if self._discovery is not None and self.changed is not None:
            found = _restamped(self._discovery, settings, self.changed)
        self._discovery = found = found or discover(settings)
        return found

    def read(self, sources: Sources, read: Callable[[Sources, bool], tuple[Mapping[str, Found], list[str]]]) -> tuple[dict[str, Found], list[str]]:
        """Readings by path, those from memory of files that nobody touched; `read` gives the others, at first with what the cache on disk has of them.

        A file changed just now may change again within the same tick of the clock: it is read once more by the next run.
        """
        started = time.time_ns()
        known, self._read = self._read, {}
        for candidate in sources.candidates:
            one = known.get(candidate.path)
            if one is not None and one.stamp == candidate.stamp and one.file.kind is candidate.kind:
                self._read[candidate.path] = one
        found: dict[str, Found] = {path: (one.file, one.reading) for path, one in self._read.items()}
        unread = [candidate for candidate in sources.candidates if candidate.path not in found]
        fresh, notes = read(sources._replace(candidates=unread), not known)
        found.update(fresh)
        for candidate in unread:
            if max(candidate.stamp[:2]) < started - SETTLED_NS and candidate.stamp[3]:
                self._read[candidate.path] = _Read(candidate.stamp, *found[candidate.path])
        return {candidate.path: found[candidate.path] for candidate in sources.candidates}, notes

    def texts(self, settings: Settings) -> tuple[Statements, list[str]]:
        """What SQL texts say: those of this process and those of the cache."""
        if self._texts is None:
            self._texts = kept_texts(settings)
        return self._texts

    def tell(self, rules: Sequence[Rule], judged: Judged, ran: Iterable[str], asked: Callable[[str], bool]) -> None:
        """Remembers what rules said, for whoever wants a first answer."""
        self.told = Told(tuple(rules), judged.findings, frozenset(ran), asked)

    def place(self, handed: bytes) -> Place:
        """Where the answer to what this digest names is kept."""
        return Place(self, handed)


def _restamped(discovery: Discovery, settings: Settings, changed: Collection[str]) -> Discovery | None:
    """The same files with the stamps that the changed ones have now; None if one is not simply a file that was there."""
    stamps: dict[str, Stamp] = {}
    known = {candidate.path: candidate for candidate in discovery.candidates}
    for path in changed:
        candidate = known.get(path)
        if candidate is None or candidate.name != path:
            return None
        try:
            status = (settings.root / path).lstat()
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode) or status.st_size > settings.max_file_size:
            return None
        stamps[path] = stamp_of(status)
    return discovery._replace(candidates=[one._replace(stamp=stamps[one.path]) if one.path in stamps else one for one in discovery.candidates])


class Place:
    """The last answer, if it was to the same."""

    def __init__(self, memory: Memory, handed: bytes) -> None:
        self._memory = memory
        self._handed = handed

    def find(self) -> Judged | None:
        kept = self._memory._answer
        return kept[1] if kept is not None and kept[0] == self._handed else None

    def keep(self, judged: Judged) -> None:
        if not judged.failures:
            self._memory._answer = self._handed, judged


