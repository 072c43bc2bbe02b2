"""What the rules say of real projects: drawn at random to be read one by one, or compared with what an earlier revision said.

usage: python benchmarks/findings.py draw [--number 30] [--seed 1] [--rule NAME]... [--profile default] [TREE]...
       python benchmarks/findings.py difference --base REVISION [--profile all] [TREE]...

Without TREEs the pinned public packages are downloaded and taken. A draw shows each finding with its source and
its evidence; judge it before you look at the rule.
"""

from __future__ import annotations

import argparse
import collections
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import packages

HERE = Path(__file__).resolve().parent
AROUND = 6
"""Lines of source shown before and after a finding."""

Findings = list[dict[str, Any]]


def findings(package: Path, tree: Path, profile: str) -> Findings:
    """What the backend-lint that lies in `package` says of `tree`. Raises RuntimeError if it could not judge."""
    command = [sys.executable, "-m", "backend_lint", "check", "--isolated", "--no-cache", "--format", "json", "--profile", profile, "."]
    outcome = subprocess.run(command, cwd=tree, env={**os.environ, "PYTHONPATH": str(package)}, capture_output=True)
    if outcome.returncode not in (0, 1):
        raise RuntimeError(f"{tree.name}: exit {outcome.returncode}: {outcome.stderr.decode('utf-8', 'replace')[-400:]}")
    said: Findings = json.loads(outcome.stdout)["findings"]
    return said


def show(tree: Path, finding: dict[str, Any]) -> str:
    """A finding with its source, for a reader."""
    lines = [f"{tree.name}/{finding['path']}:{finding['line']} {finding['rule']}", f"  {finding['message']}"]
    lines += [f"  {at['path']}:{at['line']} {at['message']}" for at in finding["evidence"]]
    text = (tree / finding["path"]).read_text(encoding="utf-8", errors="replace").splitlines()
    for number in range(max(1, finding["line"] - AROUND), min(len(text), finding["line"] + AROUND) + 1):
        lines.append(f"  {'>' if number == finding['line'] else ' '} {number:5} {text[number - 1]}")
    return "\n".join(lines) + "\n"


def draw(trees: Iterable[Path], number: int, seed: int, rules: list[str], profile: str) -> None:
    """Print `number` findings drawn with a fixed seed, and how many there are by rule."""
    found = [(tree, one) for tree in trees for one in findings(HERE.parent, tree, profile) if not rules or one["rule"] in rules]
    chosen = random.Random(seed).sample(found, min(number, len(found)))
    for index, (tree, one) in enumerate(chosen, 1):
        sys.stdout.write(f"--- {index} ---\n{show(tree, one)}\n")
    for rule, count in collections.Counter(one["rule"] for _, one in found).most_common():
        sys.stdout.write(f"{count:6} {rule}\n")


def difference(trees: Iterable[Path], base: str, profile: str) -> None:
    """Print what this tree reports and the revision `base` did not, and the other way round."""
    with tempfile.TemporaryDirectory(prefix="backend-lint-base-") as folder:
        command = ["git", "archive", "--format=tar", base, "backend_lint", "rules", "pyproject.toml"]
        archive = subprocess.run(command, cwd=HERE.parent, check=True, capture_output=True)
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(folder, filter="data")
        for tree in trees:
            before, after = (
                {(one["rule"], one["path"], one["line"], one["message"]) for one in findings(package, tree, profile)} for package in (Path(folder), HERE.parent)
            )
            sys.stdout.write(f"{tree.name}: {len(before)} before, {len(after)} now\n")
            signed = [("-", one) for one in before - after] + [("+", one) for one in after - before]
            for sign, (rule, path, line, message) in sorted(signed, key=lambda item: (item[1], item[0])):
                sys.stdout.write(f"{sign} {path}:{line} {rule}: {message}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    drawing, comparing = commands.add_parser("draw"), commands.add_parser("difference")
    drawing.add_argument("--number", type=int, default=30)
    drawing.add_argument("--seed", type=int, default=1)
    drawing.add_argument("--rule", action="append", default=[])
    drawing.add_argument("--profile", default="default")
    comparing.add_argument("--base", required=True)
    comparing.add_argument("--profile", default="all")
    for one in (drawing, comparing):
        one.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "backend-lint-benchmarks")
        one.add_argument("trees", nargs="*", type=Path, metavar="TREE")
    args = parser.parse_args()

    trees = [tree.resolve() for tree in args.trees] or list(packages.fetch(args.cache).values())
    if args.command == "draw":
        draw(trees, args.number, args.seed, args.rule, args.profile)
    else:
        difference(trees, args.base, args.profile)
    return 0


if __name__ == "__main__":
    sys.exit(main())
