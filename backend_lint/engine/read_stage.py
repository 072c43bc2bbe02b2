"""The map stage over a whole project: cached readings where nothing changed, readers for the rest, in this process or in workers."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from backend_lint.api import LocalRule, ProjectRule, Rule
from backend_lint.engine.discover import Candidate
from backend_lint.engine.limits import can_fork, cores, suspicious
from backend_lint.engine.read_file import not_read, read_file, read_imports, whole_only
from backend_lint.engine.wire import Task, decode_reading, encode_reading, encode_tasks
from backend_lint.facts.file import Asked, Role, SourceFile
from backend_lint.facts.reading import Reading

Answers = Generator[tuple[SourceFile, Reading, bytes | None], None, None]
"""Readings and, where they may be kept, their encoded form."""
IN_PROCESS_BYTES = 300_000
"""Below this much source the start of workers costs more than they save."""
WAITING_BATCHES = 256
"""So many batches are with an executor at a time: a project of any size needs a bounded part of this machine's memory and of the scheduler's."""
_BATCH_SECONDS = 600.0
"""A batch that has no answer after so long is read here."""


if TYPE_CHECKING:
    from concurrent.futures import Future

    from backend_lint.config import Settings
    from backend_lint.engine.shards import Parts


class Executor(Protocol):
    """What is asked of a `concurrent.futures.Executor`."""

    def submit(self, fn: Callable[..., bytes], /, *args: Any) -> Future[bytes]: ...


class Sources(NamedTuple):
    """Where bytes come from. `load` raises OSError, its text says why; `role` tells the role by path and bytes.

    `read_roles`: the roles whose facts somebody reads; None for all. `asked`: which facts of Python files are.
    """

    candidates: Sequence[Candidate]
    load: Callable[[Candidate], bytes]
    role: Callable[[str, bytes], Role]
    read_roles: frozenset[Role] | None = None
    asked: Asked = Asked.ALL


class Others(NamedTuple):
    """Who reads besides this process: an `executor`, of other machines say, that can import the rules; `parts` that were read before."""

    executor: Executor | None
    parts: Parts | None
    notes: list[str]

    def said(self) -> list[str]:
        """What is to be said of their work."""
        if self.parts is not None and self.parts.missing:
            what = f"{self.parts.missing} files are in no part and were read here: make the parts of this revision, with the options used here"
            return [*self.notes, what]
        return self.notes


class Store(Protocol):
    """Where readings lie between runs, as `engine.cache.Cache` keeps them."""

    def recall(self, candidate: Candidate) -> tuple[SourceFile, Reading] | None: ...
    def key(self, file: SourceFile, data: bytes) -> bytes: ...
    def get(self, key: bytes) -> Reading | None: ...
    def put(self, key: bytes, encoded: bytes) -> None: ...
    def remember(self, candidate: Candidate, file: SourceFile, key: bytes) -> None: ...


def asked_facts(settings: Settings, rules: Sequence[Rule]) -> Asked:
    """Which facts the rules read: those that judge nothing but contracts need imports only, while nobody else asks for the model."""
    from backend_lint.facts.architecture import Contract

    only = bool(rules) and all(isinstance(rule, ProjectRule) and rule.needs == (Contract,) for rule in rules)
    return Asked.IMPORTS_AND_SYNTAX if only and not settings.gate and settings.diff_base is None else Asked.ALL


def read_all(
    sources: Sources, rules: Sequence[LocalRule], cache: Store | None, jobs: int, timed: bool = False, others: Others | None = None
) -> dict[str, tuple[SourceFile, Reading]]:
    """The readings of all candidates by path, in the order of the candidates whoever read them."""
    others = others or Others(None, None, [])
    found: dict[str, tuple[SourceFile, Reading]] = {}
    keys: dict[str, tuple[Candidate, bytes]] = {}

    def unread() -> Iterator[Task]:
        for candidate in sources.candidates:
            if cache is not None and (known := cache.recall(candidate)) is not None:
                found[candidate.path] = known
                continue
            try:
                data = sources.load(candidate)
            except OSError as error:
                file = SourceFile(candidate.path, candidate.kind, sources.role(candidate.path, b""), 0)
                found[candidate.path] = (file, not_read(candidate.path, error.strerror or str(error)))
                continue
            role = sources.role(candidate.path, data)
            syntax_only = sources.read_roles is not None and role not in sources.read_roles
            asked = Asked.ALL if syntax_only or whole_only(candidate.kind, candidate.path) else sources.asked
            file = SourceFile(candidate.path, candidate.kind, role, len(data), syntax_only, asked)
            if cache is not None:
                key = cache.key(file, data)
                if (reading := cache.get(key)) is not None:
                    found[candidate.path] = (file, reading)
                    cache.remember(candidate, file, key)
                    continue
                keys[candidate.path] = (candidate, key)
            if others.parts is not None and (read := others.parts.get(file, data)) is not None:
                # not kept: whoever made the part is believed for this run, and no later one
                found[candidate.path] = (file, read)
                continue
            if asked is not Asked.ALL and (quick := read_imports(file, data)) is not None:
                found[candidate.path] = (file, quick)
                if cache is not None:
                    cache.put(key, encode_reading(quick))
                    cache.remember(candidate, file, key)
                continue
            yield Task(file, data)

    answers = _read(unread(), rules, jobs, timed) if others.executor is None else _submitted(unread(), rules, others.executor, others.notes, jobs, timed)
    # closed at once when the run is interrupted, so that no worker outlives it
    with warnings.catch_warnings(), closing(answers):
        warnings.simplefilter("ignore")
        for file, reading, encoded in answers:
            found[file.path] = (file, reading)
            if cache is not None and encoded is not None:
                candidate, key = keys[file.path]
                cache.put(key, encoded)
                cache.remember(candidate, file, key)
    return {candidate.path: found[candidate.path] for candidate in sources.candidates}


def _read(tasks: Iterator[Task], rules: Sequence[LocalRule], jobs: int, timed: bool) -> Answers:
    """Little source is read here; much of it, and what looks dangerous, in workers."""
    workers = (jobs or cores()) if can_fork() else 1
    apart: list[Task] = []
    small: list[Task] = []
    size = 0
    for task in tasks:
        (apart if suspicious(task.data) else small).append(task)
        size += len(task.data)
        if workers == 1:
            while small:
                yield _here(small.pop(), rules, timed)
        elif size > IN_PROCESS_BYTES:
            yield from _in_workers(chain(small, apart, tasks), rules, workers, timed)
            return
    for task in small:
        yield _here(task, rules, timed)
    if apart and can_fork():
        yield from _in_workers(apart, rules, 1, timed)
    else:
        for task in apart:
            yield _here(task, rules, timed)


def _here(task: Task, rules: Sequence[LocalRule], timed: bool) -> tuple[SourceFile, Reading, bytes | None]:
    reading = read_file(task.file, task.data, rules, timed)
    return task.file, reading, encode_reading(reading)


def _in_workers(tasks: Iterable[Task], rules: Sequence[LocalRule], workers: int, timed: bool) -> Answers:
    from backend_lint.engine.pool import Pool
    from backend_lint.readers import python

    assert python  # imported before the fork, so that no worker need do it
    with Pool(rules, workers, timed) as pool:
        for task, answer in pool.read(tasks):
            if isinstance(answer, str):
                # Not kept: another run, with more time or memory, may read the file.
                yield task.file, not_read(task.file.path, answer), None
            else:
                yield task.file, decode_reading(answer), answer


def _submitted(tasks: Iterator[Task], rules: Sequence[LocalRule], executor: Executor, notes: list[str], jobs: int, timed: bool) -> Answers:
    """What looks dangerous is read here, and so is a batch that fails."""
    from backend_lint.engine.pool import BATCH_BYTES, BATCH_FILES
    from backend_lint.engine.worker import decode_blobs, read_batch, version

    own = version(rules)
    waiting: deque[tuple[list[Task], Future[bytes]]] = deque()
    failed: list[Task] = []
    reasons: list[str] = []
    batch: list[Task] = []
    size = 0

    def answers(most: int) -> Answers:
        while len(waiting) > most:
            sent, answer = waiting.popleft()
            try:
                readings = [(decode_reading(blob), blob) for blob in decode_blobs(answer.result(_BATCH_SECONDS))]
                if len(readings) != len(sent):
                    raise ValueError(f"{len(readings)} readings came of {len(sent)} files")
            except Exception as error:  # of whatever kind, on whatever machine
                failed.extend(sent)
                reasons.append(f"{type(error).__name__}: {error}".splitlines()[0][:300])
                continue
            for task, (reading, blob) in zip(sent, readings, strict=True):
                yield task.file, reading, blob

    def submit() -> None:
        waiting.append((batch, executor.submit(read_batch, encode_tasks(tuple(batch)), list(rules), timed, own)))

    for task in tasks:
        if suspicious(task.data):
            failed.append(task)
            continue
        batch.append(task)
        size += len(task.data)
        if size >= BATCH_BYTES or len(batch) >= BATCH_FILES:
            submit()
            batch, size = [], 0
            yield from answers(WAITING_BATCHES)
    if batch:
        submit()
    yield from answers(0)
    if reasons:
        notes.append(f"the executor failed for {len(reasons)} batches, which were read here: {reasons[0]}")
    yield from _read(iter(failed), rules, jobs, timed)
