"""Workers that read files in parallel. A worker that dies costs the one file it was reading; the rest of its batch goes to others and it is replaced."""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from backend_lint.api import LocalRule
from backend_lint.engine.limits import SECONDS_PER_FILE, STALLED_SECONDS
from backend_lint.engine.wire import Task, encode_tasks
from backend_lint.engine.worker import serve

BATCH_BYTES = 150_000
BATCH_FILES = 40


class _Worker:
    def __init__(self, rules: Sequence[LocalRule], timed: bool, others: Iterable[_Worker]) -> None:
        self.channel: socket.socket
        ours, theirs = socket.socketpair()
        try:
            self.process = os.fork()
        except OSError:
            ours.close()
            theirs.close()
            raise
        if self.process == 0:
            # Ends of other channels that this child holds would keep their workers from seeing that the parent is gone.
            ours.close()
            for other in others:
                other.channel.close()
            serve(theirs, rules, timed)
        theirs.close()
        self.channel = ours
        self.tasks: deque[Task] = deque()
        self.answer = bytearray()
        self.since = 0.0

    def send(self, tasks: Sequence[Task]) -> None:
        """Hands over a batch. The worker has answered its last one, so it is receiving and this does not block for long."""
        self.tasks.extend(tasks)
        self.since = time.monotonic()
        batch = encode_tasks(tuple(tasks))
        try:
            self.channel.sendall(len(batch).to_bytes(4, "big") + batch)
        except OSError:
            return  # It died: the channel reads as closed, and its tasks are still noted.

    def receive(self) -> Iterator[tuple[Task, bytes]] | None:
        """The files that were read by now with their encoded readings; None if the worker is gone."""
        try:
            chunk = self.channel.recv(1 << 20)
        except OSError:
            chunk = b""
        if not chunk:
            return None
        self.since = time.monotonic()
        self.answer += chunk
        return self._frames()

    def _frames(self) -> Iterator[tuple[Task, bytes]]:
        answer = self.answer
        start = 0
        while len(answer) - start >= 4:
            end = start + 4 + int.from_bytes(answer[start : start + 4], "big")
            if len(answer) < end:
                break
            yield self.tasks.popleft(), bytes(answer[start + 4 : end])
            start = end
        del answer[:start]

    def end(self) -> int:
        """Kills the process if it still runs. Returns the signal or, negated, the status that it ended with."""
        self.channel.close()
        try:
            os.kill(self.process, signal.SIGKILL)
            status = os.waitpid(self.process, 0)[1]
        except (ProcessLookupError, ChildProcessError):
            return 0
        return os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)


class Pool:
    """Reads tasks in `size` worker processes. Use as a context manager: no child outlives it."""

    def __init__(self, rules: Sequence[LocalRule], size: int, timed: bool = False) -> None:
        self.rules = rules
        self.size = max(1, size)
        self.timed = timed
        self.workers: list[_Worker] = []

    def __enter__(self) -> Pool:
        gc.freeze()
        return self

    def __exit__(self, *error: object) -> None:
        while self.workers:
            self.workers.pop().end()
        gc.unfreeze()

    def read(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, bytes | str]]:
        """The encoded reading of each task, or the reason why it has none, in the order in which they come. Raises OSError if no worker can be made."""
        waiting = iter(tasks)
        returned: deque[Task] = deque()
        following = self._batch(returned, waiting)
        with selectors.DefaultSelector() as selector:
            while True:
                idle = [worker for worker in self.workers if not worker.tasks]
                while following and (idle or len(self.workers) < self.size):
                    worker = idle.pop() if idle else self._start(selector)
                    if worker is None:
                        break
                    worker.send(following)
                    following = self._batch(returned, waiting)
                if not following and not any(worker.tasks for worker in self.workers):
                    return
                for key, _ in selector.select(min(5.0, STALLED_SECONDS)):
                    worker = key.data
                    answers = worker.receive()
                    if answers is None:
                        yield from self._bury(worker, selector, returned)
                    else:
                        yield from answers
                for worker in [one for one in self.workers if one.tasks and time.monotonic() - one.since > STALLED_SECONDS]:
                    yield from self._bury(worker, selector, returned, stalled=True)
                following = following or self._batch(returned, waiting)

    def _start(self, selector: selectors.BaseSelector) -> _Worker | None:
        """A new worker; None if the system refuses one more and others are there."""
        try:
            worker = _Worker(self.rules, self.timed, self.workers)
        except OSError:
            if not self.workers:
                raise
            self.size = len(self.workers)
            return None
        self.workers.append(worker)
        selector.register(worker.channel, selectors.EVENT_READ, worker)
        return worker

    def _bury(
        self, worker: _Worker, selector: selectors.BaseSelector, returned: deque[Task], stalled: bool = False
    ) -> Iterator[tuple[Task, bytes | str]]:
        selector.unregister(worker.channel)
        self.workers.remove(worker)
        if not stalled:
            time.sleep(0)  # The channel closes a moment before the status is there.
            status = _reaped(worker)
        else:
            status = worker.end()
        if worker.tasks:
            task = worker.tasks.popleft()
            returned.extend(worker.tasks)
            yield task, _reason(status, stalled)

    @staticmethod
    def _batch(returned: deque[Task], waiting: Iterator[Task]) -> list[Task]:
        batch: list[Task] = []
        size = 0
        while size < BATCH_BYTES and len(batch) < BATCH_FILES:
            task = returned.popleft() if returned else next(waiting, None)
            if task is None:
                break
            batch.append(task)
            size += len(task.data)
        return batch


def _reaped(worker: _Worker) -> int:
    """How a worker ended whose channel is closed: it is waited for, so that its own signal is seen and not ours."""
    worker.channel.close()
    try:
        status = os.waitpid(worker.process, 0)[1]
    except ChildProcessError:
        return 0
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)


def _reason(status: int, stalled: bool) -> str:
    if stalled or status in (signal.SIGXCPU, getattr(signal, "SIGVTALRM", -1)):
        return f"took longer than {SECONDS_PER_FILE} s to read"
    if status == signal.SIGKILL:
        return "the process that read it was killed (signal 9), perhaps for want of memory"
    if status > 0:
        return f"the parser crashed (signal {status})"
    return f"the process that read it ended with status {-status}"
