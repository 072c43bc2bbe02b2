"""How many weaknesses backend-lint, bandit, ruff's S rules and semgrep find on the test files of bandit and of semgrep, and how often each of them errs there.

usage: python benchmarks/security_peers.py --peers /tmp/peers/bin [--bandit TREE] [--semgrep-rules TREE] [--misses CLASS]... [--write]

    python -m venv /tmp/peers && /tmp/peers/bin/pip install bandit ruff semgrep

Both test suites are fetched at a pinned commit unless a tree is given; none of their files is committed here. A place is labelled bad or good:

- semgrep: the line below ``# ruleid:`` or ``# todoruleid:`` is bad, the one below ``# ok:`` or ``# todook:`` is good, in the class of the rule's CWE. The
  authors of the rules wrote these marks, so semgrep is judged by its own test there.
- bandit: its functional tests say how many findings each example file has. Where bandit reports exactly as many, the lines that it reports with medium or high
  severity (passwords: any) are bad; the other calls of such a file, of which it says nothing, are good. bandit is judged by itself there: it has no misses.

The fair rows for bandit are therefore semgrep's files, for semgrep bandit's; ruff's S rules are a translation of bandit's. A place is the statement of the
labelled line (a decorated function or class as a whole, of other blocks the head), or what semgrep's own rule matched from that line; if a name is bound there,
also the next statement of the block that reads it. A hit is a finding of the same class that begins within it.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import security_classes as classes

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "security_peers.json"
PAGE = HERE.parent / "docs" / "security-peers.md"
TEXT = """# Weaknesses found, beside bandit, ruff and semgrep

Made by `python benchmarks/security_peers.py --write`, which says how places are labelled; `benchmarks/results/security_peers.json` holds the numbers. A cell:
bad places found, good places reported. backend-lint runs with `--profile all --select security,auth,hardcoded-secret`, ruff with all of its S rules, semgrep
with its public Python rules of these classes.

bandit finds all of its own examples and semgrep all of its own tests because their authors labelled them by what the tools say: the fair row for bandit is
`semgrep`, for semgrep it is `bandit`. Many of those places are calls of what could be dangerous, whatever it is given (`eval("1+1")`, `import telnetlib`, a
class that derives from Django's `Func`); backend-lint asks for a value that somebody could choose, and so leaves them alone on purpose. Both suites were read
while the rules were extended, so that the numbers say what is covered, not what to expect of code never seen.

{circumstances}

{table}
## What is missed, and why

Read one by one, `--misses all` lists them. Where a place is no weakness it stays missed: nothing is reported for the sake of this table.

- SQL injection: 24 are `extra()` and `RawSQL` with constants or nothing, 9 are expressions of Django into whose text nothing from outside is written, 3 names
  that `quote_ident` has quoted, 1 a statement to which a constant is added. One is found some statements further down, one is handed to a call of which
  nothing is known.
- Command injection: 6 are constants, 3 single arguments that `sh` hands over without a shell, 2 call `subprocess.capture_output`, which does not exist.
  Two of the places reported although labelled good (one text without a shell, a script for an interpreter) are labelled bad in other files of the same suite.
- SSRF: 10 are links of pages whose host the caller chooses; they are reported as scripts in pages, which they are. 2 are a segment of the path, which holds
  no stroke and so no address. The false alarm is about the path behind the host, which another rule of the suite labels bad.
- JWT: claims that are a parameter, of which nothing is known.
- Deserialisation: 4 only write pickles, 4 load what the same function wrote or a constant, 2 are `torch.load` of a fixed file, 1 is the loader of ruamel that
  makes nothing but strings, 1 calls `shelve.loads`, which does not exist, 1 is reported where the connection is made.
- Code and templates: 10 run constants, or an `eval` that was imported from elsewhere; 8 hand `globals()` or `locals()` to a template of the code's own; 2 lose
  their value, because `format` fills no `%s`; 1 writes to annotations.
- XXE: none is one. Python's own parsers resolve no external entities
  ([since 3.7.1](https://docs.python.org/3/library/xml.html)), and an import parses nothing. lxml before version 5, and any parser that is told to resolve
  entities, are reported with input of a request.
"""
SOURCES = {
    "bandit": ("PyCQA/bandit", "92080542688902ad1eb6af74cf16939fad767d29"),
    "semgrep": ("semgrep/semgrep-rules", "157ae4706d7f54aa33647332f234dd68f30da195"),
}
TOOLS = ("backend-lint", "bandit", "ruff S", "semgrep")
_MARK = re.compile(r"#\s*(ruleid|ok|todoruleid|todook)\s*:\s*([\w.,\- ]+)")


class Place(NamedTuple):
    """A labelled statement."""

    suite: str
    path: str
    line: int
    end_line: int
    kind: str
    is_bad: bool
    label: str
    use: tuple[int, int] = (0, 0)
    """The lines of the first statement that reads what the place binds."""
    marked: int = 0
    """The line that is marked, which may stand inside of the statement."""


class Said(NamedTuple):
    """A finding of a tool: where, and of which classes it may be."""

    path: str
    line: int
    end_line: int
    kinds: frozenset[str]
    rule: str


class FailedError(Exception):
    """A tool or a download did not do its work."""


def fetch(suite: str, cache: Path) -> Path:
    """The tree of a test suite at its pinned commit; downloaded once."""
    repo, commit = SOURCES[suite]
    target = cache / f"{suite}-{commit}"
    if not target.is_dir():
        with urllib.request.urlopen(f"https://codeload.github.com/{repo}/tar.gz/{commit}", timeout=120) as answer:
            data = answer.read()
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            archive.extractall(cache / "partial", filter="data")
        (inner,) = (cache / "partial").iterdir()
        inner.rename(target)
    return target


# -- labels -------------------------------------------------------------------------------------------


def spans(text: str) -> dict[int, tuple[int, int]]:
    """The statement that each line belongs to: the innermost one. Of blocks only the head counts, functions and classes that begin on the line count whole."""
    found: dict[int, tuple[int, int]] = {}

    def walk(nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
                line = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]) if hasattr(node, "lineno") else 0
                end = getattr(node, "end_lineno", 0) or 0
                blocks = (getattr(node, name, []) for name in ("body", "orelse", "finalbody", "handlers", "cases"))
                inner = [child for block in blocks for child in block if isinstance(child, ast.AST)]
                if inner and line:
                    body = min(one.lineno for one in inner if hasattr(one, "lineno")) - 1
                    whole = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                    for number in range(line, max(body, line) + 1):
                        found[number] = (line, end if whole else max(body, line))
                elif line:
                    for number in range(line, end + 1):
                        found[number] = (line, end)
                walk(inner)

    walk(ast.parse(text).body)
    return found


def uses(text: str) -> dict[int, tuple[int, int]]:
    """For each line on which a name is bound, the next statement of the same block that reads the name."""
    found: dict[int, tuple[int, int]] = {}
    bodies = (getattr(node, name, None) for node in ast.walk(ast.parse(text)) for name in ("body", "orelse", "finalbody"))
    for block in (body for body in bodies if isinstance(body, list)):
        for number, node in enumerate(block):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else []
            names = {one.id for one in targets if isinstance(one, ast.Name)}
            reader = None
            for one in block[number + 1 :] if names else ():
                mentioned = [x for x in ast.walk(one) if isinstance(x, ast.Name) and x.id in names]
                if mentioned:
                    reader = one if any(isinstance(x.ctx, ast.Load) for x in mentioned) else None
                    break
            if reader is not None:
                lines = (reader.lineno, reader.end_lineno or reader.lineno)
                found.update((line, lines) for line in range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found


def semgrep_places(tree: Path, target: Path) -> tuple[list[Place], list[Path], dict[str, frozenset[str]]]:
    """The marked lines of semgrep's tests, the files with their rules, and the class of each rule. Copies the tests to `target`."""
    import yaml

    places, rules, kinds = [], [], {}
    for file in sorted((tree / "python").rglob("*.yaml")):
        test = file.with_suffix(".py")
        try:
            declared = {rule["id"]: rule for rule in yaml.safe_load(file.read_text()).get("rules", [])}
        except yaml.YAMLError:
            continue
        known = {name: kind for name, rule in declared.items() if (kind := classes.of_semgrep(name, file.relative_to(tree).as_posix(), rule))}
        kinds.update({name: frozenset({kind}) for name, kind in known.items()})
        if known:
            rules.append(file)
        if not known or not test.exists():
            continue
        text = test.read_text()
        try:
            statements, readers = spans(text), uses(text)
        except SyntaxError:
            continue
        path = "semgrep/" + test.relative_to(tree / "python").as_posix().replace("/", "_")
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text)
        lines = text.splitlines()
        labels: dict[tuple[int, str], tuple[bool, str]] = {}
        for number, line in enumerate(lines, 1):
            match = _MARK.search(line)
            if match is None:
                continue
            at = number + 1
            while at <= len(lines) and _MARK.search(lines[at - 1]):
                at += 1
            for name in re.split(r"[,\s]+", match.group(2)):
                kind = known.get(name.rpartition(".")[2])
                if kind and at in statements:
                    is_bad = match.group(1).endswith("ruleid") or labels.get((at, kind), (False, ""))[0]
                    labels[at, kind] = (is_bad, name)
        marked = [(statements[at], kind) for at, kind in labels]
        for (at, kind), (is_bad, name) in labels.items():
            begin = statements[at][0] if marked.count((statements[at], kind)) == 1 else at  # several marks in one statement: each has its own line
            places.append(Place("semgrep", path, begin, statements[at][1], kind, is_bad, name, readers.get(at, (0, 0)), at))
    return places, rules, kinds


def expected_counts(tree: Path) -> dict[str, int]:
    """How many findings bandit's functional tests expect of each example."""
    text = (tree / "tests" / "functional" / "test_functional.py").read_text()
    counts: dict[str, int] = {}
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
            expected = 0
            for node in ast.walk(function):
                if isinstance(node, ast.Dict):
                    for key, value in zip(node.keys, node.values, strict=True):
                        if isinstance(key, ast.Constant) and key.value == "SEVERITY" and isinstance(value, ast.Dict):
                            expected = sum(one.value for one in value.values if isinstance(one, ast.Constant) and isinstance(one.value, int))
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "self.check_example" and isinstance(node.args[0], ast.Constant):
                    counts[str(node.args[0].value)] = expected
    return counts


def bandit_places(tree: Path, target: Path, bandit: str) -> Iterator[Place]:
    """The lines of bandit's examples that its tests count, and the calls of the same files that they do not. Copies the examples to `target`."""
    examples = tree / "examples"
    counts = expected_counts(tree)
    by_file: dict[str, list[dict[str, Any]]] = {}
    for one in json.loads(run([bandit, "-q", "-f", "json", "-r", "."], examples))["results"]:
        by_file.setdefault(one["filename"].removeprefix("./"), []).append(one)
    for file in sorted(examples.glob("*.py")):
        text = file.read_text(encoding="utf-8", errors="replace")
        try:
            statements = spans(text)
        except SyntaxError:
            continue
        reported = by_file.get(file.name, [])
        if counts.get(file.name) != len(reported):
            continue
        path = f"bandit/bandit_{file.name}"  # an example must not hide the library that it is named after
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target / path)
        kinds: set[str] = set()
        bad: dict[tuple[int, str], Place] = {}
        said_of = {line for one in reported for line in one["line_range"]}
        for one in reported:
            kind = classes.of_bandit(one["test_id"])
            if not kind or one["test_id"] in classes.NO_LABELS or (one["issue_severity"] == "LOW" and kind != "hard-coded secrets"):
                continue
            line, end = statements.get(one["line_number"], (one["line_number"], one["line_number"]))
            kinds.add(kind)
            bad.setdefault((line, kind), Place("bandit", path, line, max(end, *one["line_range"]), kind, True, one["test_id"]))
        yield from bad.values()
        for line, end in sorted(set(_calls(text, statements))):
            if not said_of & set(range(line, end + 1)):
                yield from (Place("bandit", path, line, end, kind, False, "not counted") for kind in sorted(kinds))


def _calls(text: str, statements: dict[int, tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and node.lineno in statements:
            yield statements[node.lineno]


# -- tools --------------------------------------------------------------------------------------------


def run(command: list[str], cwd: Path, accept: tuple[int, ...] = (0, 1), **env: str) -> bytes:
    outcome = subprocess.run(command, cwd=cwd, capture_output=True, env={**os.environ, **env})
    if outcome.returncode not in accept:
        raise FailedError(f"{' '.join(command[:4])}: exit {outcome.returncode}: {outcome.stderr.decode('utf-8', 'replace')[-600:]}")
    return outcome.stdout


def backend_lint(target: Path) -> Iterator[Said]:
    options = ["--isolated", "--no-cache", "--exit-zero", "--format", "json", "--profile", "all", "--select", "security,auth,hardcoded-secret"]
    raw = run([sys.executable, "-m", "backend_lint", "check", *options, "."], target, PYTHONPATH=str(HERE.parent))
    for one in json.loads(raw)["findings"]:
        yield Said(one["path"], one["line"], one.get("end_line") or one["line"], classes.of_ours(one["rule"], one["message"]), one["rule"])


def bandit_run(target: Path, program: str) -> Iterator[Said]:
    for one in json.loads(run([program, "-q", "-r", "-f", "json", "."], target))["results"]:
        kind = classes.of_bandit(one["test_id"])
        if kind:
            yield Said(one["filename"].removeprefix("./"), one["line_number"], max(one["line_range"]), frozenset({kind}), one["test_id"])


def ruff_run(target: Path, program: str) -> Iterator[Said]:
    raw = run([program, "check", "--isolated", "--no-cache", "--ignore-noqa", "--preview", "--select", "S", "--output-format", "json", "."], target)
    for one in json.loads(raw):
        kind = classes.of_ruff(one["code"] or "")
        if kind:
            path = Path(one["filename"]).resolve().relative_to(target.resolve()).as_posix()
            yield Said(path, one["location"]["row"], one["end_location"]["row"], frozenset({kind}), one["code"])


def semgrep_run(target: Path, program: str, rules: list[Path], kinds: dict[str, frozenset[str]]) -> Iterator[Said]:
    options = ["--metrics", "off", "--disable-version-check", "--json", "--quiet", "--no-git-ignore", "--jobs", "2", "--max-target-bytes", "0"]
    for file in rules:
        options += ["--config", str(file)]
    raw = run([program, "scan", *options, "."], target, PATH=f"{Path(program).parent}{os.pathsep}{os.environ['PATH']}")
    for one in json.loads(raw)["results"]:
        rule = one["check_id"].rpartition(".")[2]
        if rule in kinds:
            yield Said(one["path"].removeprefix("./"), one["start"]["line"], one["end"]["line"], kinds[rule], rule)


# -- score --------------------------------------------------------------------------------------------


def widened(places: Iterable[Place], matches: Iterable[Said]) -> list[Place]:
    """Places with what semgrep's own rule matched from their line on."""
    ends: dict[tuple[str, int, str], int] = {}
    for one in matches:
        key = (one.path, one.line, one.rule)
        ends[key] = max(ends.get(key, 0), one.end_line)
    return [one._replace(end_line=max(one.end_line, *(ends.get((one.path, line, one.label), 0) for line in (one.line, one.marked)))) for one in places]


def is_hit(place: Place, said: dict[str, list[Said]]) -> bool:
    lines = (range(place.line, place.end_line + 1), range(place.use[0], place.use[1] + 1))
    return any(place.kind in one.kinds and any(one.line in span for span in lines) for one in said.get(place.path, ()))


def score(places: list[Place], said: dict[str, dict[str, list[Said]]]) -> dict[str, dict[str, dict[str, list[int]]]]:
    """By class, suite and tool: bad places found, bad places, good places reported, good places."""
    table: dict[str, dict[str, dict[str, list[int]]]] = {}
    for place in places:
        for suite in (place.suite, "both"):
            for tool in TOOLS:
                counts = table.setdefault(place.kind, {}).setdefault(suite, {}).setdefault(tool, [0, 0, 0, 0])
                counts[1 if place.is_bad else 3] += 1
                counts[0 if place.is_bad else 2] += is_hit(place, said[tool])
    return table


def markdown(table: dict[str, dict[str, dict[str, list[int]]]]) -> str:
    """One row a class and suite; each cell `found of bad, false of good`."""
    rows = ["| Weakness | Files of | " + " | ".join(TOOLS) + " |", "|---|---|" + "---:|" * len(TOOLS)]
    for kind in classes.NAMES:
        for suite in ("semgrep", "bandit", "both"):
            counts = table.get(kind, {}).get(suite)
            if counts and not (suite == "both" and len(table[kind]) < 3):
                rows.append(f"| {kind} | {suite} | " + " | ".join(_cell(counts[tool]) for tool in TOOLS) + " |")
    return "\n".join(rows) + "\n"


def _cell(counts: list[int]) -> str:
    found, bad, false, good = counts
    return f"{found}/{bad} found, {false}/{good} false"


def show(places: list[Place], said: dict[str, list[Said]], target: Path, kinds: list[str]) -> None:
    """Print what backend-lint misses and where it errs."""
    for place in places:
        if place.kind in kinds and is_hit(place, said) != place.is_bad:
            line = (target / place.path).read_text(encoding="utf-8", errors="replace").splitlines()[place.line - 1].strip()
            sys.stdout.write(f"{'MISSED' if place.is_bad else 'FALSE '} {place.kind}: {place.path}:{place.line} {place.label}: {line[:110]}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, required=True, help="folder with the programs bandit, ruff and semgrep")
    parser.add_argument("--bandit", type=Path, help="a tree of PyCQA/bandit instead of a download")
    parser.add_argument("--semgrep-rules", type=Path, help="a tree of semgrep/semgrep-rules instead of a download")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "backend-lint-benchmarks")
    parser.add_argument("--misses", action="append", default=[], metavar="CLASS", help="show what backend-lint misses and where it errs; `all` for every class")
    parser.add_argument("--keep", type=Path, help="folder for the labelled files and the peers' answers, to be used again")
    parser.add_argument("--write", action="store_true", help="write the results and the page that shows them")
    args = parser.parse_args()

    args.cache.mkdir(parents=True, exist_ok=True)
    bandit_tree = args.bandit or fetch("bandit", args.cache)
    semgrep_tree = args.semgrep_rules or fetch("semgrep", args.cache)
    with tempfile.TemporaryDirectory(prefix="security-peers-") as scratch:
        keep = args.keep or Path(scratch)
        target, answers = keep / "files", keep / "answers.json"
        program = {name: str(args.peers / name) for name in ("bandit", "ruff", "semgrep")}
        places, rules, kinds = semgrep_places(semgrep_tree, target)
        places += bandit_places(bandit_tree, target, program["bandit"])
        if answers.exists():
            peers = {tool: [Said(a, b, c, frozenset(d), e) for a, b, c, d, e in found] for tool, found in json.loads(answers.read_text()).items()}
        else:
            peers = {
                "bandit": list(bandit_run(target, program["bandit"])),
                "ruff S": list(ruff_run(target, program["ruff"])),
                "semgrep": list(semgrep_run(target, program["semgrep"], rules, kinds)),
            }
            answers.write_text(json.dumps({tool: [[*one[:3], sorted(one.kinds), one.rule] for one in found] for tool, found in peers.items()}))
        places = widened(places, peers["semgrep"])
        said: dict[str, dict[str, list[Said]]] = {}
        for tool, found in {"backend-lint": list(backend_lint(target)), **peers}.items():
            for one in found:
                said.setdefault(tool, {}).setdefault(one.path, []).append(one)
        for tool in TOOLS:
            said.setdefault(tool, {})
        table = score(places, said)
        sys.stdout.write(markdown(table))
        show(places, said["backend-lint"], target, list(classes.NAMES) if "all" in args.misses else args.misses)
        if args.write:
            held = _circumstances(program)
            RESULTS.write_text(json.dumps({**held, "classes": table}, indent=1, sort_keys=True) + "\n")
            said_of = f"{held['date']}, {held['machine']}; {', '.join(held['peers'].values())}."
            PAGE.write_text(TEXT.format(circumstances=said_of, table=markdown(table)))
    return 0


def _circumstances(program: dict[str, str]) -> dict[str, Any]:
    versions = {}
    for name, path in program.items():
        shown = run([path, "--version"], HERE).decode().split("\n")[0].strip()
        versions[name] = f"{name} {shown.rpartition(' ')[2]}"
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=HERE, capture_output=True, text=True).stdout.strip()
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "commit": commit,
        "peers": versions,
        "suites": {suite: {"repository": repo, "commit": pinned} for suite, (repo, pinned) in SOURCES.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
