"""Apply every fix that rules offer in real code, in several spellings of the same files, and look at what comes out. Nothing is written.

usage: python benchmarks/fixes.py [--profile all] [--seeded] [--write RESULTS.json] [--until HH:MM] TREE...
       python benchmarks/fixes.py --save real=RESULTS.json[,...] seeded=RESULTS.json[,...]

An application is one fix of one finding. Each file is mended, all at once and finding by finding, as it is, with CRLF line ends, and with a comment of
its own behind every line, in both line ends: what comes out must parse and hold every comment that was there. Then the mended tree is checked:
`backend-lint fix` takes back a file in which a fix did not take or brings a finding, which is counted here; and mending once more must change nothing.

With ``--seeded`` real code is first made worse (`fix_seeds.py`: a timeout is dropped, a savepoint, a `select_related`), and only what was found because of
that is mended and counted: each place in the four spellings, and once by itself. Both kinds are counted apart. Trees are many, and runs
may be stopped in between: ``--save`` adds up what several have written, and keeps it in ``results/fixes.json``.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import io
import json
import sys
import tokenize
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from fix_seeds import seeded
from results import save

from backend_lint.api import Finding, Mends
from backend_lint.config import Settings
from backend_lint.config_load import Request, load, settle
from backend_lint.engine.discover import discover, read_regular
from backend_lint.engine.mend_file import CannotMendError, mend_file
from backend_lint.engine.run import check_contents
from backend_lint.registry import Registry


def variants(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The file in several spellings in which every place keeps its line and column."""
    yield "as it is", data
    if b"\r" not in data:
        yield "crlf", data.replace(b"\n", b"\r\n")
        commented = with_comments(data)
        yield "commented", commented
        yield "commented crlf", commented.replace(b"\n", b"\r\n")


def with_comments(data: bytes) -> bytes:
    """The file with a comment of its own behind every line that takes one: not inside a string, not behind a backslash."""
    lines = data.split(b"\n")
    for token in tokenize.tokenize(io.BytesIO(data).readline):
        if token.type in (tokenize.NEWLINE, tokenize.NL) and token.string:
            line = token.start[0] - 1
            if line < len(lines) - 1 and b"#" not in lines[line] and b"\f" not in lines[line]:
                lines[line] += b"  # remark %d" % line
    return b"\n".join(lines)


def comments(data: bytes) -> Counter[str]:
    """Every comment of a file, as often as it is there."""
    return Counter(token.string.rstrip() for token in tokenize.tokenize(io.BytesIO(data).readline) if token.type == tokenize.COMMENT)


def flaws(before: bytes, after: bytes) -> list[str]:
    """What is wrong with a file that was mended; empty if nothing is."""
    found = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(after)
    except (SyntaxError, ValueError) as error:
        return [f"does not parse: {error}"]
    if lost := comments(before) - comments(after):
        found.append(f"lost comments: {sorted(lost)[:3]}")
    if (b"\r\n" in before) and b"\n" in after.replace(b"\r\n", b""):
        found.append("mixes line ends")
    return found


class Tree:
    """One tree with what its rules say."""

    def __init__(self, root: Path, profile: str) -> None:
        loaded = load(Request(cwd=root, isolated=True, options={"profile": profile, "cache": False, "jobs": 1}))
        self.registry = Registry.load(())
        self.settings: Settings = settle(loaded, self.registry)
        rules = self.registry.instantiate(self.settings)
        self.rules = {rule.name: rule for rule in rules if isinstance(rule, Mends) and self.registry.cards[rule.name].fix in ("safe", "unsafe")}
        self.contents: dict[str, bytes] = {}
        for candidate in discover(self.settings).candidates:
            try:
                self.contents[candidate.name] = read_regular(root / candidate.name, self.settings.max_file_size)
            except OSError:
                continue

    def findings(self, contents: dict[str, bytes]) -> dict[str, list[Finding]]:
        """All findings by file."""
        found: dict[str, list[Finding]] = defaultdict(list)
        for finding in check_contents(self.settings, self.registry, contents)[1].findings:
            found[finding.path].append(finding)
        return found

    def fixable(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those that a fix may cure."""
        return [one for one in findings if one.rule in self.rules and one.path.endswith(".py")]


class Outcome:
    """What was applied, taken back and wrong over all trees."""

    def __init__(self) -> None:
        self.applied: Counter[str] = Counter()
        self.places: Counter[str] = Counter()
        """Findings that were mended, each once, whatever the spellings."""
        self.seeds = False
        self.refused: Counter[str] = Counter()
        self.taken_back: Counter[str] = Counter()
        self.wrong: list[str] = []

    def play(self, root: Path, tree: Tree, seeds: bool = False) -> None:
        """Mends every file with a finding in every spelling, then checks the tree as it is mended, and mends it again."""
        before = tree.findings(tree.contents)
        known: set[tuple[str, str, int]] = set()
        if seeds:
            known = {(one.rule, one.path, one.line) for found in before.values() for one in found}
            tree.contents = {name: seeded(data) if name.endswith(".py") else data for name, data in tree.contents.items()}
            before = tree.findings(tree.contents)
        self.seeds = seeds
        mended: dict[str, tuple[bytes, Counter[str]]] = {}
        for path in sorted(before):
            if findings := [one for one in tree.fixable(before[path]) if (one.rule, one.path, one.line) not in known]:
                self._spellings(f"{root.name}/{path}", path, findings, tree, mended)
        if not mended:
            return
        now = {**tree.contents, **{path: data for path, (data, _) in mended.items()}}
        after = tree.findings(now)
        for path, (data, done) in mended.items():
            old, new = (Counter(one.rule for one in found.get(path, ())) for found in (before, after))
            for rule, times in done.items():
                if new[rule] > old[rule] - times:
                    self.taken_back[f"{rule}: did not take"] += 1
            for rule in new:
                if new[rule] > old[rule]:
                    self.taken_back[f"{', '.join(sorted(done))}: would bring {rule}"] += 1
            again, still = mend_file(data, tree.fixable(after.get(path, ())), tree.rules) if tree.fixable(after.get(path, ())) else (data, [])
            fresh = [one for one in still if new[one.rule] <= old[one.rule] - done[one.rule]]
            fresh = [one for one in fresh if (one.rule, path) not in {(rule, place) for rule, place, _ in known}]
            if again != data and fresh and not any(one.rule not in done for one in still):
                self.wrong.append(f"{root.name}/{path}: mended again, it changes again: {sorted({one.rule for one in fresh})}")

    def _spellings(self, where: str, path: str, findings: list[Finding], tree: Tree, mended: dict[str, tuple[bytes, Counter[str]]]) -> None:
        for name, data in variants(tree.contents[path]):
            try:
                after, done = mend_file(data, findings, tree.rules)
            except CannotMendError as error:
                self.refused[str(error)[:60]] += 1
                continue
            self.applied.update(finding.rule for finding in done)
            self.wrong += [f"{where} ({name}): {flaw}" for flaw in flaws(data, after)]
            if name == "as it is":
                self.places.update(finding.rule for finding in done)
            if len(findings) > 1 and (name == "as it is" or not self.seeds):
                self._alone(f"{where} ({name})", data, findings, tree)
            if name == "as it is" and after != data:
                mended[path] = after, Counter(finding.rule for finding in done)

    def _alone(self, where: str, data: bytes, findings: list[Finding], tree: Tree) -> None:
        """Each fix by itself, as an editor applies it."""
        for finding in findings:
            try:
                after, done = mend_file(data, [finding], tree.rules)
            except CannotMendError as error:
                self.refused[str(error)[:60]] += 1
                continue
            self.applied.update(one.rule for one in done)
            self.wrong += [f"{where}, line {finding.line} alone: {flaw}" for flaw in flaws(data, after)]


def _minutes(time: datetime.time) -> int:
    return time.hour * 60 + time.minute


def joined(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The results of several runs over different trees as those of one."""
    total: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            if isinstance(value, dict):
                total[key] = dict((Counter(total.get(key, {})) + Counter(value)).most_common())
            else:
                total[key] = total[key] + value if key in total else value
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("trees", nargs="*", type=Path)
    parser.add_argument("--save", nargs="+", metavar="KIND=RESULTS.json")
    parser.add_argument("--profile", default="all")
    parser.add_argument("--seeded", action="store_true")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--until", type=datetime.time.fromisoformat, help="start no further tree after this time of the day")
    arguments = parser.parse_args()
    found: dict[str, Any] = {}
    if arguments.save:
        kinds = dict(one.split("=", 1) for one in arguments.save)
        found = {kind: joined(json.loads(Path(name).read_text("utf-8")) for name in names.split(",")) for kind, names in kinds.items()}
        print(save("fixes", found))  # noqa: T201
        return 0
    outcome = Outcome()
    for number, root in enumerate(arguments.trees, 1):
        if arguments.until is not None and 0 <= _minutes(datetime.datetime.now().time()) - _minutes(arguments.until) < 12 * 60:
            break
        outcome.play(root, Tree(root, arguments.profile), arguments.seeded)
        print(f"{root.name}: {sum(outcome.applied.values())} applications, {len(outcome.wrong)} wrong", file=sys.stderr, flush=True)  # noqa: T201
        found = {
            "trees": number,
            "places": sum(outcome.places.values()),
            "applications": sum(outcome.applied.values()),
            "places by rule": dict(outcome.places.most_common()),
            "by rule": dict(outcome.applied.most_common()),
            "refused": dict(outcome.refused.most_common()),
            "taken back": dict(outcome.taken_back.most_common()),
            "wrong": outcome.wrong,
        }
        if arguments.write is not None:
            arguments.write.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))  # noqa: T201
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
