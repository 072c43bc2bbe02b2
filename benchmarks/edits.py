"""What a saved file costs, on edits that people made: commits of a repository that touch one Python file and nothing else.

usage: python benchmarks/edits.py REPOSITORY [--commits N] [--among N] [--seed N] [--profile NAME] [--no-compare]

Each commit's parent is laid out and checked, then the one file is written and checked again by the same `engine.session.Session`. The answer must be the one of
a run without cache and session, byte for byte, or the exit status is 1. CPU seconds are those of the second check; "seen" are edits after which rules had to
be asked. The repository is read only; nothing of it is run.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from backend_lint.config import Settings
from backend_lint.engine import judge
from backend_lint.engine.result import Result
from backend_lint.engine.run import run
from backend_lint.engine.session import Session
from backend_lint.registry import Registry


class Checkout:
    """A work tree of a repository, with an index of its own."""

    def __init__(self, repository: Path, folder: Path) -> None:
        self.repository = repository
        self.tree = folder / "tree"
        self.tree.mkdir()
        self._index = folder / "index"

    def git(self, *arguments: str) -> bytes:
        options = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")
        where = ("--work-tree", str(self.tree)) if "read-tree" in arguments else ()
        directory = self.repository / ".git" if (self.repository / ".git").is_dir() else self.repository
        command = ["git", *options, "--git-dir", str(directory), *where, *arguments]
        return subprocess.run(command, check=True, capture_output=True, env={**os.environ, "GIT_INDEX_FILE": str(self._index)}).stdout

    def at(self, commit: str) -> None:
        """Writes the files of a commit, those that differ alone."""
        self.git("read-tree", "--reset", "-u", commit)

    def of_one_file(self, among: int) -> Iterator[tuple[str, str]]:
        """Of the last `among` commits those that change one Python file: commit and path, the latest first."""
        log = self.git("log", "--no-merges", f"-n{among}", "--format=%x00%H", "--name-status", "--no-renames").decode("utf-8", "replace")
        for entry in log.split("\0")[1:]:
            commit, *changes = [line for line in entry.splitlines() if line]
            if len(changes) == 1 and changes[0].startswith("M\t") and changes[0].endswith(".py"):
                yield commit, changes[0][2:]


def shown(result: Result) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(result, notes=()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--commits", type=int, default=30, help="how many are drawn")
    parser.add_argument("--among", type=int, default=2000, help="of the last commits")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", default="default")
    parser.add_argument("--no-compare", action="store_true", help="only measure")
    args = parser.parse_args()

    asked: list[int] = []
    real = judge._ask

    def spy(readings: judge.Readings, asking: list[judge.ProjectRule], *rest: object) -> judge.Judged:
        asked.append(len(asking))
        return real(readings, asking, *rest)  # type: ignore[arg-type]

    judge._ask = spy  # type: ignore[assignment]
    registry = Registry.load(entry_points=False)
    costs: dict[bool, list[float]] = {True: [], False: []}
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="backend-lint-edits-") as scratch:
        checkout = Checkout(args.repository, Path(scratch))
        commits = list(checkout.of_one_file(args.among))
        random.Random(args.seed).shuffle(commits)
        settings = Settings(root=checkout.tree, profile=args.profile, cache_dir=Path(scratch) / "cache")
        session = Session(settings, registry)
        for commit, path in commits[: args.commits]:
            try:
                checkout.at(f"{commit}^")
                session.check()
                session.rest()
                checkout.at(commit)
            except subprocess.CalledProcessError as error:
                sys.stdout.write(f"{commit[:10]} cannot be laid out: {error.stderr.decode('utf-8', 'replace').strip()[:200]}\n")
                continue
            asked.clear()
            started = time.process_time()
            result = session.check([path])
            cost = time.process_time() - started
            seen = bool(asked)
            costs[seen].append(cost)
            session.rest()
            same = args.no_compare or shown(result) == shown(run(msgspec.structs.replace(settings, cache=False), registry))
            wrong += not same
            sys.stdout.write(f"{commit[:10]} {'seen' if seen else 'not seen':8} {cost:6.3f} s {'' if same else 'ANOTHER ANSWER '}{path}\n")
            sys.stdout.flush()
    for kind, found in costs.items():
        if found:
            middle = statistics.median(found)
            sys.stdout.write(f"{'seen' if kind else 'not seen'}: {len(found)} edits, median {middle:.3f} s of CPU, largest {max(found):.3f} s\n")
    sys.stdout.write(f"{wrong} answers differ from a fresh run\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
