"""Run a command and say what it cost: CPU time and wall time with its children, and the peak memory of all its processes together."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Cost:
    """`cpu` and `wall` in seconds; `memory` in bytes, 0 if it was not asked for; `output` is standard output."""

    cpu: float
    wall: float
    memory: int
    status: int
    output: bytes


class FailedError(Exception):
    """A command that was measured did not do its work."""


def run(command: Sequence[str], cwd: Path, *, accept: frozenset[int] = frozenset({0, 1}), memory: bool = False, env: Mapping[str, str] | None = None) -> Cost:
    """Run `command` once. Raises FailedError if its exit status is not in `accept`.

    Memory is sampled, which costs time: ask for it in a run of its own. It is the sum of the proportional set sizes (Linux), so that pages shared by
    forked workers count once; elsewhere it is the largest single process.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, stdout=output, stderr=errors, env=dict(env) if env else None, start_new_session=True)
        peak = [0]
        done = threading.Event()
        sampler = threading.Thread(target=_sample, args=(process.pid, peak, done), daemon=True)
        if memory:
            sampler.start()
        _, state, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        done.set()
        process.returncode = os.waitstatus_to_exitcode(state)
        if memory:
            sampler.join()
        output.seek(0)
        errors.seek(0)
        if process.returncode not in accept:
            raise FailedError(f"{' '.join(command)}: exit {process.returncode}: {errors.read().decode('utf-8', 'replace')[-800:]}")
        largest = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return Cost(usage.ru_utime + usage.ru_stime, wall, (peak[0] or largest) if memory else 0, process.returncode, output.read())


def best(command: Sequence[str], cwd: Path, rounds: int, *, env: Mapping[str, str] | None = None) -> Cost:
    """The cheapest of `rounds` runs by CPU time: what disturbs a run only ever adds to it."""
    return min((run(command, cwd, env=env) for _ in range(rounds)), key=lambda cost: cost.cpu)


def _sample(session: int, peak: list[int], done: threading.Event) -> None:
    while not done.wait(0.03):
        peak[0] = max(peak[0], _session_memory(session))


def _session_memory(session: int) -> int:
    total = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if int((entry / "stat").read_text().rpartition(")")[2].split()[3]) != session:
                continue
            for line in (entry / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except (OSError, ValueError, IndexError):
            continue
    return total
