"""Run the default profile over public backends at pinned commits (corpus.toml), and compare with the verdicts of those who read its findings.

usage: python benchmarks/corpus.py precision [--repos DIR] [--clone] [--project OWNER/NAME]... [--save]
       python benchmarks/corpus.py difference --base REVISION [--profile all] [--repos DIR] [--clone] [--project OWNER/NAME]...
       python benchmarks/corpus.py list [--repos DIR] [--clone]

DIR holds clones, bare or not, as OWNER+NAME, OWNER+NAME/repo or OWNER/NAME; --clone fetches those that are missing. Nothing of a clone is checked out or
run. verdicts.jsonl holds a line for each finding that somebody judged against the code: project, commit, rule, path, line, the digest of what was said, verdict
("right": true, it matters at that severity, the advice works there; "close": true in its core, a detail is not; "wrong"), reason. A verdict counts while the
finding is still reported and says the same.
--save writes results/corpus.json and the numbers that `backend-lint rules` and the rules' pages show.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from accuracy import Clone, find_clone
from findings import difference, findings
from results import save

HERE = Path(__file__).resolve().parent
MEASURED = HERE.parent / "backend_lint" / "measured_precision.json"
VERDICTS = ("right", "close", "wrong")


class Project(NamedTuple):
    name: str
    commit: str
    frameworks: tuple[str, ...]


class Verdict(NamedTuple):
    project: str
    rule: str
    path: str
    line: int
    said: str
    verdict: str


def projects() -> list[Project]:
    """The pinned projects. Raises ValueError for an entry that is none."""
    found = [Project(one["name"], one["commit"], tuple(one["frameworks"])) for one in tomllib.loads((HERE / "corpus.toml").read_text())["project"]]
    for one in found:
        if len(one.commit) != 40 or one.name.count("/") != 1:
            raise ValueError(f"corpus.toml: {one.name}: it takes OWNER/NAME and a commit of 40 digits")
    return found


def verdicts(pinned: Mapping[str, str]) -> list[Verdict]:
    """All verdicts. Raises ValueError for one on another commit than the pinned one, or of an unknown kind."""
    found = []
    for number, text in enumerate((HERE / "verdicts.jsonl").read_text().splitlines(), 1):
        one = json.loads(text)
        if pinned.get(one["project"]) != one["commit"] or one["verdict"] not in VERDICTS or not one["reason"]:
            raise ValueError(f"verdicts.jsonl:{number}: of a commit that is not pinned, of an unknown verdict or without a reason")
        found.append(Verdict(one["project"], one["rule"], one["path"], one["line"], one["said"], one["verdict"]))
    return found


def digest(finding: Mapping[str, Any]) -> str:
    """Names what a finding says: its severity, message, advice and evidence, without the numbers of lines."""
    evidence = [(one["path"], one["message"]) for one in finding.get("evidence") or ()]
    return hashlib.sha256(repr((finding["severity"], finding["message"], finding.get("suggestion") or "", evidence)).encode()).hexdigest()[:12]


def still(judged: Sequence[Verdict], reported: Mapping[str, set[tuple[str, str, int, str]]]) -> dict[str, collections.Counter[str]]:
    """By rule: how many verdicts of each kind stand on findings that are still reported, and ``gone``. `reported`: (rule, path, line, digest) by project."""
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for one in judged:
        if one.project in reported:
            counts[one.rule][one.verdict if (one.rule, one.path, one.line, one.said) in reported[one.project] else f"gone {one.verdict}"] += 1
    return dict(counts)


def clones(chosen: Sequence[Project], repos: Path, fetch: bool) -> Iterator[tuple[Project, Clone]]:
    """The clones that are there; the missing ones are named on standard error."""
    for one in chosen:
        clone = find_clone(repos, one.name)
        if clone is None and fetch:
            clone = _fetched(repos / one.name.replace("/", "+"), one)
        if clone is None:
            sys.stderr.write(f"{one.name}: no clone in {repos}; --clone fetches it\n")
        else:
            yield one, clone


def _fetched(target: Path, project: Project) -> Clone | None:
    """A bare repository with the pinned commit and nothing else."""
    target.mkdir(parents=True, exist_ok=True)
    address = f"https://github.com/{project.name}"
    for command in (["init", "-q", "--bare"], ["fetch", "-q", "--depth", "1", address, project.commit]):
        done = subprocess.run(["git", *command], cwd=target, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.stderr.write(f"{project.name}: {done.stderr.strip()[-200:]}\n")
            return None
    return Clone(target)


def laid_out(chosen: Sequence[Project], repos: Path, fetch: bool) -> Iterator[tuple[Project, Path]]:
    """Each project's files in a folder of their own that is gone when the next one is asked for."""
    for one, clone in clones(chosen, repos, fetch):
        with tempfile.TemporaryDirectory(prefix="backend-lint-corpus-") as folder:
            tree = Path(folder) / one.name.replace("/", "+")
            tree.mkdir()
            clone.lay_out(one.commit, tree)
            yield one, tree


def table(counts: Mapping[str, collections.Counter[str]], reported: Mapping[str, int]) -> str:
    """By rule: what was judged, what of it is still said and how it was judged, and how many findings there are in all."""
    lines = [f"{'rule':34} {'findings':>8} {'judged':>7} {'gone':>5} {'right':>6} {'close':>6} {'wrong':>6} {'right %':>8} {'core %':>7}"]
    total: collections.Counter[str] = collections.Counter()
    for rule in sorted({*counts, *reported}, key=lambda one: (-reported.get(one, 0), one)):
        count = counts.get(rule, collections.Counter())
        total += count
        lines.append(_row(rule, reported.get(rule, 0), count))
    lines.append(_row("all", sum(reported.values()), total))
    return "\n".join(lines) + "\n"


def _row(name: str, reported: int, count: Mapping[str, int]) -> str:
    right, close, wrong = (count.get(kind, 0) for kind in VERDICTS)
    judged = right + close + wrong
    gone = sum(number for kind, number in count.items() if kind.startswith("gone"))
    shares = f"{100 * right / judged:8.1f} {100 * (right + close) / judged:7.1f}" if judged else f"{'-':>8} {'-':>7}"
    return f"{name:34} {reported:8} {judged + gone:7} {gone:5} {right:6} {close:6} {wrong:6} {shares}"


def precision(chosen: Sequence[Project], repos: Path, fetch: bool, keep: bool) -> None:
    judged = verdicts({one.name: one.commit for one in projects()})
    reported: dict[str, set[tuple[str, str, int, str]]] = {}
    numbers: collections.Counter[str] = collections.Counter()
    for one, tree in laid_out(chosen, repos, fetch):
        said = findings(HERE.parent, tree, "default")
        reported[one.name] = {(finding["rule"], finding["path"], finding["line"], digest(finding)) for finding in said}
        numbers.update(finding["rule"] for finding in said)
    counts = still(judged, reported)
    sys.stdout.write(table(counts, numbers))
    sys.stdout.write(f"{len(reported)} projects\n")
    if keep:
        save("corpus", {"projects": sorted(reported), "rules": {rule: {"findings": numbers[rule], **count} for rule, count in sorted(counts.items())}})
        kept = {rule: {kind: count[kind] for kind in VERDICTS} for rule, count in sorted(counts.items()) if any(count[kind] for kind in VERDICTS)}
        MEASURED.write_text(json.dumps(kept, indent=1) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    asked = {name: commands.add_parser(name) for name in ("precision", "difference", "list")}
    asked["precision"].add_argument("--save", action="store_true")
    asked["difference"].add_argument("--base", required=True)
    asked["difference"].add_argument("--profile", default="all")
    for one in asked.values():
        one.add_argument("--repos", type=Path, default=Path.home() / ".cache" / "backend-lint-benchmarks" / "repositories")
        one.add_argument("--clone", action="store_true")
        one.add_argument("--project", action="append", default=[])
    args = parser.parse_args()
    chosen = [one for one in projects() if not args.project or one.name in args.project]
    if args.command == "precision":
        precision(chosen, args.repos, args.clone, args.save)
    elif args.command == "difference":
        for _, tree in laid_out(chosen, args.repos, args.clone):
            difference([tree], args.base, args.profile)
    else:
        for one, tree in laid_out(chosen, args.repos, args.clone):
            lines = sum(path.read_bytes().count(b"\n") for path in tree.rglob("*.py"))
            sys.stdout.write(f"{one.name:50} {one.commit[:12]} {lines:9,} lines  {', '.join(one.frameworks)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
