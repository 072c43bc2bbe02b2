"""Score backend-lint on labelled places in public repositories.

usage: python benchmarks/accuracy.py --cases CASES.jsonl --classes CLASSES.json --repos DIR [--class NAME]... [--repo OWNER/NAME]... [--misses] [--save]

CASES holds one JSON object a line: id, repo (OWNER/NAME), commit, path, line and line_end (1-based), class, class_also_ok, kind ("vuln": must be reported;
"clean": must stay silent), difficulty ("easy", "medium", "hard"), pair, alt (other places of the same defect), why. CLASSES maps a class to the rules that
speak for it. DIR holds clones, bare or not, as OWNER+NAME, OWNER+NAME/repo or OWNER/NAME. Nothing of a clone is checked out or run: each commit's tree is
laid out in a temporary folder and checked whole.

A vuln case is found by a finding of its class within three lines of its place (near) or in the same function (inside). A clean case is a false alarm where a
finding of its class stands between its lines. A pair holds where the defect is found and its mended version is silent. A finding stands where it is reported
and where its evidence points.
"""

from __future__ import annotations

import argparse
import ast
import collections
import dataclasses
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from results import save

NEAR = 3
FOUND = ("near", "inside")
LARGEST = 2_000_000
"""Bytes of one file; a bigger one is data."""
SUFFIXES = frozenset(
    ".py .sql .toml .cfg .ini .json .yml .yaml .tf .env .sh .js .ts .go .java .graphql .html .jinja .jinja2".split()
)
NAMES = frozenset(["Procfile", "Pipfile", ".gitignore", ".env.example", ".dockerignore", ".coveragerc"])


@dataclasses.dataclass(frozen=True)
class Case:
    """A labelled place; `places` are (path, first line, last line)."""

    id: str
    repo: str
    commit: str
    places: tuple[tuple[str, int, int], ...]
    classes: frozenset[str]
    name: str
    bad: bool
    hard: bool
    pair: str
    why: str


class Clone:
    """A local copy of a repository, read through git plumbing that runs nothing the repository names."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Standard output of a git command. Raises CalledProcessError."""
        return subprocess.run(["git", f"--git-dir={self.directory}", *arguments], input=stdin, capture_output=True, check=True).stdout

    def lay_out(self, commit: str, target: Path) -> None:
        """Write the files of one commit that a linter of backends reads; objects that the clone lacks are passed over."""
        wanted = [(blob, path) for blob, path in self._listing(commit) if path.suffix in SUFFIXES or path.name in NAMES or path.name.startswith("Dockerfile")]
        stream = self.git("cat-file", "--batch", stdin=b"\n".join(blob for blob, _ in wanted))
        at = 0
        for _, path in wanted:
            end = stream.index(b"\n", at)
            header, at = stream[at:end].split(), end + 1
            if header[1] == b"missing":
                continue
            size = int(header[2])
            if size <= LARGEST:
                place = target / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(stream[at : at + size])
            at += size + 1

    def _listing(self, commit: str) -> Iterator[tuple[bytes, PurePosixPath]]:
        for entry in self.git("ls-tree", "-rz", commit).split(b"\0")[:-1]:
            meta, name = entry.split(b"\t", 1)
            mode, kind, blob = meta.split()
            path = PurePosixPath(os.fsdecode(name))
            if kind == b"blob" and mode != b"120000" and ".." not in path.parts:
                yield blob, path

    def enclosing_function(self, commit: str, path: str, line: int) -> tuple[int, int] | None:
        """First and last line of the innermost function around a place, decorators included; None outside of functions."""
        if not path.endswith(".py"):
            return None
        try:
            tree = ast.parse(self.git("cat-file", "blob", f"{commit}:{path}"))
        except (SyntaxError, ValueError, subprocess.CalledProcessError):
            return None
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        spans = [(min([node.lineno, *(d.lineno for d in node.decorator_list)]), node.end_lineno or node.lineno, node.lineno) for node in functions]
        return max(((start, end) for start, end, head in spans if head <= line <= end), default=None)


def find_clone(repos: Path, name: str) -> Clone | None:
    """The clone of OWNER/NAME below `repos`."""
    joined = name.replace("/", "+")
    for directory in (repos / joined / "repo" / ".git", repos / joined / "repo", repos / joined / ".git", repos / joined, repos / name / ".git", repos / name):
        if (directory / "objects").is_dir():
            return Clone(directory)
    return None


def read_cases(file: Path) -> list[Case]:
    """The cases of a JSON Lines file. Raises ValueError naming the line that is wrong."""
    cases = []
    for number, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not text.strip():
            continue
        try:
            raw = json.loads(text)
            spots = [raw, *raw.get("alt", [])]
            cases.append(
                Case(
                    id=raw["id"],
                    repo=raw["repo"],
                    commit=raw["commit"],
                    places=tuple((spot["path"], spot["line"], spot.get("line_end") or spot["line"]) for spot in spots),
                    classes=frozenset([raw["class"], *raw.get("class_also_ok", [])]),
                    name=raw["class"],
                    bad=raw["kind"] == "vuln",
                    hard=raw.get("difficulty") == "hard",
                    pair=raw.get("pair") or "",
                    why=raw.get("why", ""),
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{file.name}:{number}: not a case: {error!r}") from None
    return cases


def check(clone: Clone, commit: str, command: list[str], cache: str) -> list[dict[str, Any]]:
    """The findings of backend-lint on the tree of one commit. Raises RuntimeError if it could not judge."""
    with tempfile.TemporaryDirectory() as tree:
        clone.lay_out(commit, Path(tree))
        run = subprocess.run([*command, "check", "--format", "json", "--profile", "all", "--cache-dir", cache, "."], cwd=tree, capture_output=True)
        if run.returncode not in (0, 1):
            raise RuntimeError(f"exit {run.returncode} at {commit}: {run.stderr.decode('utf-8', 'replace')[-400:]}")
        found: list[dict[str, Any]] = json.loads(run.stdout)["findings"]
        return found


def judge(case: Case, findings: Iterable[Mapping[str, Any]], speaks: Mapping[str, set[str]], clone: Clone) -> str:
    """``near``, ``inside`` or ``missed`` for a defect, ``false alarm`` or ``silent`` for a clean place."""
    mine = [finding for finding in findings if speaks.get(finding["rule"], set()) & case.classes]
    said = {(at["path"], at["line"]) for finding in mine for at in (finding, *finding.get("evidence", []))}
    if not case.bad:
        return "false alarm" if any(path == where and first <= line <= last for path, line in said for where, first, last in case.places) else "silent"
    if any(path == where and first - NEAR <= line <= last + NEAR for path, line in said for where, first, last in case.places):
        return "near"
    for where, first, _ in case.places:
        span = clone.enclosing_function(case.commit, where, first)
        if span and any(path == where and span[0] <= line <= span[1] for path, line in said):
            return "inside"
    return "missed"


def score(cases: list[Case], speaks: Mapping[str, set[str]], repos: Path, command: list[str], cache: str) -> dict[str, str]:
    """The verdict of each case by its id; repositories that are not below `repos` are left out and named on stderr."""
    groups: dict[tuple[str, str], list[Case]] = collections.defaultdict(list)
    for case in cases:
        groups[case.repo, case.commit].append(case)
    verdicts = {}
    for (repo, commit), members in sorted(groups.items()):
        clone = find_clone(repos, repo)
        if clone is None:
            sys.stderr.write(f"left out: no clone of {repo}\n")
            continue
        findings = check(clone, commit, command, cache)
        verdicts.update({case.id: judge(case, findings, speaks, clone) for case in members})
    return verdicts


def counted(cases: list[Case], verdicts: Mapping[str, str]) -> dict[str, Any]:
    """By class how many defects were found, and how many of them near, and how many clean places were reported; and how many pairs hold."""
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    pairs: dict[str, dict[bool, str]] = collections.defaultdict(dict)
    for case in cases:
        if verdict := verdicts.get(case.id):
            for row in (case.name, "ALL", *(() if case.hard else ("ALL but hard",))):
                counts[row][verdict] += 1
            if case.pair:
                pairs[case.pair][case.bad] = verdict
    whole = [pair for pair in pairs.values() if len(pair) == 2]
    classes = {
        name: {
            "defects": count["near"] + count["inside"] + count["missed"],
            "found": count["near"] + count["inside"],
            "near": count["near"],
            "clean": count["silent"] + count["false alarm"],
            "false alarms": count["false alarm"],
        }
        for name, count in sorted(counts.items())
    }
    return {"classes": classes, "pairs": len(whole), "pairs that hold": sum(pair[True] in FOUND and pair[False] == "silent" for pair in whole)}


def summary(measured: Mapping[str, Any]) -> str:
    """The table of what was counted."""
    lines = [f"{'class':26} {'found':>9} {'near':>6} {'false alarms':>14}"]
    for name, one in measured["classes"].items():
        lines.append(f"{name:26} {one['found']:>4}/{one['defects']:<4} {one['near']:>6} {one['false alarms']:>9}/{one['clean']:<4}")
    lines.append(f"pairs that hold: {measured['pairs that hold']}/{measured['pairs']}")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--classes", type=Path, required=True)
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--command", default="backend-lint")
    parser.add_argument("--class", dest="only", action="append", default=[])
    parser.add_argument("--repo", action="append", default=[])
    parser.add_argument("--cache-dir", help="keep the cache of the runs there")
    parser.add_argument("--json", type=Path, help="every verdict by case")
    parser.add_argument("--save", action="store_true", help="keep the table in results/accuracy.json")
    parser.add_argument("--misses", action="store_true", help="name what was missed and what was a false alarm")
    args = parser.parse_args()

    try:
        cases = [case for case in read_cases(args.cases) if (not args.only or case.name in args.only) and (not args.repo or case.repo in args.repo)]
        classes = json.loads(args.classes.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    command = shlex.split(args.command)
    if not command or shutil.which(command[0]) is None:
        parser.error(f"--command {args.command!r}: there is no such program; install backend-lint, or name how to start it, such as 'python -m backend_lint'")
    speaks: dict[str, set[str]] = collections.defaultdict(set)
    for name, rules in classes.items():
        for rule in rules:
            speaks[rule].add(name)
    with tempfile.TemporaryDirectory() as scratch:
        verdicts = score(cases, speaks, args.repos, command, args.cache_dir or scratch)
    if args.misses:
        for case in cases:
            if verdicts.get(case.id) in ("missed", "false alarm"):
                path, line, _ = case.places[0]
                sys.stdout.write(f"{verdicts[case.id]}: {case.id} {case.name} {case.repo}@{case.commit[:10]} {path}:{line} {case.why}\n")
    measured = counted(cases, verdicts)
    sys.stdout.write(summary(measured))
    if args.save:
        save("accuracy", measured)
    if args.json:
        args.json.write_text(json.dumps(verdicts, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
