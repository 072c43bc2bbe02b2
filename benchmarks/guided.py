"""A fuzzer that is led by coverage: every reader of a checked project, for as long as it is given. Needs atheris (`pip install atheris`, Python 3.11 to 3.13).

usage: python benchmarks/guided.py [TARGET ...] [--seconds N] [--corpus DIR] [--failures DIR] [--save]

Seeds are the samples and the reports beside the tests; an input that reaches a new branch is kept in DIR, where the next run begins. An input fails if
a reader or a rule raises what it may not, or if it takes more than 2 s of CPU or 300 MB. It is tried again in a process without instruments, made as small
as it goes and written to the folder of failures, one a cause. Exit code 1 if any is found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from guided_targets import TARGETS, Target  # noqa: E402
from mutations import mutated  # noqa: E402

SECONDS = 2.0
MEGABYTES = 300
_SLOWER = 4
"""What instruments cost, at the most."""
_LONGEST = 20_000


class TooSlowError(BaseException):
    """No `Exception`: nobody on the way may catch it."""


def cause(target: Target, data: bytes, seconds: float = SECONDS) -> str:
    """Why an input fails: the kind of error and where in our code it was raised; empty if it does not."""

    def late(number: int, frame: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGVTALRM, late)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        target.take(data)
    except TooSlowError:
        return "more than 2 s"
    except Exception as error:
        return f"{type(error).__name__} at {_place(error)}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) >> 10
    return f"more than {MEGABYTES} MB" if more > MEGABYTES else ""


def _place(error: BaseException) -> str:
    """The innermost line of ours; of what a run would note in place of a traceback the note, without what differs from input to input."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "backend_lint" in frame.filename or "/rules/" in frame.filename]
    if frames:
        return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
    return " ".join(str(error).split()[:6])


def smallest(data: bytes, fails: Callable[[bytes], bool], seconds: float = 60.0) -> bytes:
    """Parts are left out, half as large each time, for as long as it still fails. The first byte is the name, and stays."""
    end = time.monotonic() + seconds
    size = max(1, (len(data) - 1) // 2)
    while True:
        at = 1
        while at < len(data):
            shorter = data[:at] + data[at + size :]
            if fails(shorter):
                data = shorter
            else:
                at += size
            if time.monotonic() > end:
                return data
        if size == 1:
            return data
        size = max(1, size // 2)


def fuzz(name: str, seconds: int, corpus: Path, failures: Path) -> None:
    """Runs until the time is up, and ends the process."""
    import atheris

    with atheris.instrument_imports(include=["backend_lint", "backend_lint.rules"]):
        target = TARGETS[name]
        seeds = target.inputs()
        for data in seeds[:: max(1, len(seeds) // 50)]:
            target.take(data)  # whatever is imported where it is used
    known: set[str] = set()
    corpus.mkdir(parents=True, exist_ok=True)
    failures.mkdir(parents=True, exist_ok=True)
    for data in seeds:
        (corpus / hashlib.sha1(data).hexdigest()).write_bytes(data)

    def one(data: bytes) -> None:
        found = cause(target, data, SECONDS * _SLOWER)
        if found and found not in known:
            known.add(found)
            (failures / f"{hashlib.sha1(data).hexdigest()[:12]}.{name}").write_bytes(data)

    def change(data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if len(data) < 2 or chance.random() < 0.4:
            return atheris.Mutate(data, most)
        changed = mutated(data[1:], [chance.choice(seeds)[1:] for _ in range(2)], chance)
        return (data[:1] + changed)[:most]

    options = [f"-max_total_time={seconds}", f"-max_len={_LONGEST}", f"-artifact_prefix={failures}/", "-timeout=60", "-rss_limit_mb=4000"]
    options.append("-print_final_stats=1")
    atheris.Setup([sys.argv[0], str(corpus), *options], one, custom_mutator=change)
    atheris.Fuzz()


def settle(name: str, failures: Path) -> dict[str, Path]:
    """Tries what was written again, makes it small, and forgets what does not fail without instruments: cause -> file."""
    target = TARGETS[name]
    found: dict[str, Path] = {}
    for path in sorted(failures.glob(f"*.{name}")) + sorted(failures.glob("timeout-*")) + sorted(failures.glob("oom-*")) + sorted(failures.glob("crash-*")):
        data = path.read_bytes()
        why = _apart(name, path)
        path.unlink()
        if why and why not in found:
            if not why.startswith(("more", "ended")):
                data = smallest(data, lambda shorter, why=why: cause(target, shorter) == why)  # type: ignore[misc]
            found[why] = failures / f"{name}-{hashlib.sha1(why.encode()).hexdigest()[:8]}"
            found[why].write_bytes(data)
    return found


def _apart(name: str, path: Path) -> str:
    """The cause, found in a process of its own."""
    asked = [sys.executable, __file__, "--one", name, str(path)]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return "more than 60 s, not to be interrupted"
    return done.stdout.strip() if done.returncode == 0 else f"ended by {done.returncode}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(TARGETS)}; default: all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--corpus", type=Path, default=Path(tempfile.gettempdir()) / "backend-lint-inputs")
    parser.add_argument("--failures", type=Path, default=Path("failures"))
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("TARGET", "FILE"), help="says why a single input fails, and does no more")
    parser.add_argument("--inside", metavar="TARGET", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        name, path = given.one
        TARGETS[name].inputs()
        sys.stdout.write(cause(TARGETS[name], Path(path).read_bytes()) + "\n")
        return 0
    if given.inside:
        fuzz(given.inside, given.seconds, given.corpus / given.inside, given.failures)
        return 0
    if unknown := set(given.targets) - set(TARGETS):
        parser.error(f"{', '.join(sorted(unknown))}: none of {', '.join(TARGETS)}")
    results: dict[str, dict[str, object]] = {}
    for name in given.targets or TARGETS:
        asked = [sys.executable, __file__, "--inside", name, "--seconds", str(given.seconds), "--corpus", str(given.corpus), "--failures", str(given.failures)]
        done = subprocess.run(asked, capture_output=True, text=True, errors="replace", check=False)
        numbers = dict(line.removeprefix("stat::").split(":", 1) for line in done.stderr.splitlines() if line.startswith("stat::"))
        executed = int(numbers.get("number_of_executed_units", "0"))
        if not executed:
            sys.stderr.write(done.stderr[-2_000:])
            return 2
        found = settle(name, given.failures)
        kept = len(list((given.corpus / name).iterdir()))
        results[name] = {"inputs": executed, "seconds": given.seconds, "kept": kept, "failed": sorted(found)}
        sys.stdout.write(f"{name:14} {executed:9} inputs, {kept:6} kept, {len(found)} causes of failure\n")
        sys.stdout.write("".join(f"    {why}: {at}\n" for why, at in found.items()))
        sys.stdout.flush()
    if given.save:
        from results import save

        save("guided", json.loads(json.dumps(results)))
    return 1 if any(one["failed"] for one in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
