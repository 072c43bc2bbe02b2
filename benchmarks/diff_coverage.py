"""Is the coverage of a change the one that diff-cover counts?

    python benchmarks/diff_coverage.py --repository CLONE --report coverage.xml --count 20

Takes the report of the commit that is checked out, and compares it with `--count` older commits of the same branch, `--step` commits apart, by diff-cover
(`pip install diff-cover`) and by backend-lint. Equal are two diffs whose files have as many changed lines that can run, and as many of them that did not. What
differs is listed with its reason: a file that no report mentions, which diff-cover passes over and backend-lint counts as not executed; or as many changed
lines, of which git and backend-lint take different ones for the new ones, such as two lines that changed places. Exit status 1 if something differs for
another reason.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from backend_lint.config import Settings
from backend_lint.engine.run import run
from backend_lint.registry import Registry

Counted = tuple[frozenset[int], frozenset[int]]
"""The changed lines of a file that can run, and those of them that did not."""
Lines = dict[str, Counted]


class Compared(NamedTuple):
    """One diff, counted twice. `reasons`: what differs, by path. `same_lines`: the lines are the same ones too."""

    base: str
    ours: Lines
    theirs: Lines
    reasons: Mapping[str, str]
    same_lines: bool

    @property
    def equal(self) -> bool:
        return not self.reasons

    @property
    def explained(self) -> bool:
        return all(reason != "unknown" for reason in self.reasons.values())


def counted_by_us(root: Path, report: str, base: str) -> tuple[Lines, frozenset[str]]:
    """The lines, and the files that no report mentions."""
    settings = Settings(root=root, cache=False, jobs=1, select=("coverage-total-floor",), diff_base=base, gate={"coverage": {"diff": 85, "reports": [report]}})
    known = run(settings, Registry.load(entry_points=False)).coverage
    if known is None or known.changed is None:
        raise ValueError(f"{base}: {known.problem or known.change_problem}" if known is not None else base)
    found: Lines = {}
    for path, file in known.files.items():
        if lines := known.changed_lines(path):
            found[path] = frozenset(lines), frozenset(line for line in lines if not file.lines[line])
    return found, known.never_imported


def counted_by_diff_cover(root: Path, report: str, base: str) -> Lines:
    """What diff-cover says of the committed and uncommitted change since the merge base."""
    from diff_cover.diff_cover_tool import main

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(root), contextlib.redirect_stdout(io.StringIO()):
        out = Path(folder) / "diff.json"
        main(["diff-cover", report, "--compare-branch", base, "--include-untracked", "--format", f"json:{out}", "--quiet"])
        said = json.loads(out.read_text(encoding="utf-8"))["src_stats"]
    return {
        path.replace(os.sep, "/"): (frozenset(one["covered_lines"]) | frozenset(one["violation_lines"]), frozenset(one["violation_lines"]))
        for path, one in said.items()
        if one["covered_lines"] or one["violation_lines"]
    }


def compared(root: Path, report: str, base: str) -> Compared:
    """Both counts of one diff, and what they differ in."""
    ours, never = counted_by_us(root, report, base)
    theirs = counted_by_diff_cover(root, report, base)
    reasons = {path: _reason(root / path, path, ours.get(path), theirs.get(path), never) for path in sorted({*ours, *theirs})}
    return Compared(base, ours, theirs, {path: reason for path, reason in reasons.items() if reason}, ours == theirs)


def _reason(file: Path, path: str, ours: Counted | None, theirs: Counted | None, never: frozenset[str]) -> str:
    """Why the counts of a file differ; empty if they do not."""
    if path in never and theirs is None:
        return "no report mentions the file"
    if ours is None and b"\r\n" in file.read_bytes():
        return "only the ends of lines differ"
    if ours is None or theirs is None:
        return "unknown"
    if [len(lines) for lines in ours] == [len(lines) for lines in theirs]:
        return ""
    return "other lines of as many are taken for the new ones" if len(ours[0]) == len(theirs[0]) else "unknown"


def summary(of: Sequence[Compared]) -> dict[str, int]:
    counts = {"diffs": len(of), "equal": sum(one.equal for one in of), "explained": sum(not one.equal and one.explained for one in of)}
    return counts | {"same lines": sum(one.same_lines for one in of)}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repository", type=Path, required=True, help="a clone, checked out at the commit that the report was made of")
    parser.add_argument("--report", default="coverage.xml", help="relative to the clone")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--step", type=int, default=3, help="commits between one base and the next")
    options = parser.parse_args(arguments)
    root = options.repository.resolve()
    command = ["git", "rev-list", "--first-parent", f"--max-count={options.count * options.step + 1}", "HEAD"]
    commits = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split()
    found = []
    for base in commits[options.step :: options.step]:
        one = compared(root, options.report, base)
        found.append(one)
        ours, theirs = (sum(len(lines) for lines, _ in side.values()) for side in (one.ours, one.theirs))
        missed, missed_there = (sum(len(lines) for _, lines in side.values()) for side in (one.ours, one.theirs))
        counts = f"{ours - missed} of {ours} lines here, {theirs - missed_there} of {theirs} there"
        sys.stdout.write(f"{base[:12]} {'equal' if one.equal else 'differs'}: {counts}\n")
        for path, reason in one.reasons.items():
            sys.stdout.write(f"    {path}: {reason}\n")
    sys.stdout.write(f"{summary(found)}\n")
    return 0 if all(one.explained for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
