"""The map stage over a whole project: cached readings where nothing changed, readers for the rest, in this process or in workers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from backend_lint.api import LocalRule
from backend_lint.engine.discover import Candidate
from backend_lint.engine.limits import can_fork, cores, suspicious
from backend_lint.engine.read_file import not_read, read_file
from backend_lint.engine.wire import Task, decode_reading, encode_reading, encode_tasks
from backend_lint.facts.file import Role, SourceFile
from backend_lint.facts.reading import Reading

Answers = Generator[tuple[SourceFile, Reading, bytes | None], None, None]
"""Readings and, where they may be kept, their encoded form."""
IN_PROCESS_BYTES = 300_000
"""Below this much source the start of workers costs more than they save."""


if TYPE_CHECKING:
    from concurrent.futures import Future

    from backend_lint.engine.cache import Cache


class Executor(Protocol):
    """What is asked of a `concurrent.futures.Executor`."""

    def submit(self, fn: Callable[..., bytes], /, *args: Any) -> Future[bytes]: ...


class Sources(NamedTuple):
    """Where bytes come from. `load` raises OSError, its text says why; `role` tells the role by path and bytes.

    `read_roles`: the roles whose facts somebody reads; None for all.
    """

    candidates: Sequence[Candidate]
    load: Callable[[Candidate], bytes]
    role: Callable[[str, bytes], Role]
    read_roles: frozenset[Role] | None = None


def read_all(
    sources: Sources, rules: Sequence[LocalRule], cache: Cache | None, jobs: int, timed: bool = False, executor: Executor | None = None
) -> dict[str, tuple[SourceFile, Reading]]:
    """The readings of all candidates by path, in the order of the candidates whoever read them.

    With an `executor` (of other machines, say) batches go there; it must be able to import the rules.
    """
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
            file = SourceFile(candidate.path, candidate.kind, role, len(data), syntax_only)
            if cache is not None:
                key = cache.key(file, data)
                if (reading := cache.get(key)) is not None:
                    found[candidate.path] = (file, reading)
                    cache.remember(candidate, file, key)
                    continue
                keys[candidate.path] = (candidate, key)
            yield Task(file, data)

    answers = _read(unread(), rules, jobs, timed) if executor is None else _elsewhere(unread(), rules, executor, timed)
    # closed at once when the run is interrupted, so that no worker outlives it
    with closing(answers):
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


def _elsewhere(tasks: Iterator[Task], rules: Sequence[LocalRule], executor: Executor, timed: bool) -> Answers:
    """A batch that fails is read here, file by file."""
    from backend_lint.engine.pool import BATCH_BYTES
    from backend_lint.engine.worker import decode_blobs, read_batch

    waiting: list[tuple[list[Task], Future[bytes]]] = []
    batch: list[Task] = []
    for task in tasks:
        batch.append(task)
        if sum(len(one.data) for one in batch) >= BATCH_BYTES:
            waiting.append((batch, executor.submit(read_batch, encode_tasks(tuple(batch)), list(rules), timed)))
            batch = []
    if batch:
        waiting.append((batch, executor.submit(read_batch, encode_tasks(tuple(batch)), list(rules), timed)))
    for batch, answer in waiting:
        try:
            readings = [(decode_reading(blob), blob) for blob in decode_blobs(answer.result())]
        except Exception:
            yield from _read(iter(batch), rules, 1, timed)
            continue
        for task, (reading, blob) in zip(batch, readings, strict=True):
            yield task.file, reading, blob
