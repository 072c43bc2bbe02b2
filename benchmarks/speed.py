"""Compare the cost of backend-lint with ruff and bandit on public packages, in turn, in one run on one machine.

usage: python benchmarks/speed.py [--cache DIR] [--package NAME]... [--size LINES]... [--rounds N] [--write docs/benchmarks.md]

Downloads pinned wheels from PyPI once. ruff and bandit must be installed beside this interpreter (`pip install ruff bandit`).
Times are CPU seconds, user and system, children included, the best of the rounds; only their ratios say something on another machine.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Iterable
from pathlib import Path

import growth
import measure
import packages
from results import FOLDER, save

HERE = Path(__file__).resolve().parent
SIZES = (50_000, 200_000, 500_000, 1_000_000)
BANDIT_UP_TO = 210_000
"""Lines; bandit needs minutes beyond."""


class Tools:
    """The commands to compare, all of this interpreter's environment."""

    def __init__(self) -> None:
        self.ruff = str(Path(sys.executable).parent / "ruff")
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # installed packages have their bytecode
        self.environment = {**kept, "PYTHONPATH": str(HERE.parent), "NO_COLOR": "1"}

    def backend_lint(self, *options: str) -> list[str]:
        return [sys.executable, "-m", "backend_lint", "check", *options, "."]

    def ruff_check(self, *options: str) -> list[str]:
        return [self.ruff, "check", "--isolated", "--select", "ALL", *options, "."]

    def bandit(self) -> list[str]:
        return [sys.executable, "-m", "bandit", "-r", "-q", "."]


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def compare(name: str, tree: Path, tools: Tools, rounds: int, scratch: Path) -> dict[str, measure.Cost]:
    """Every tool on one tree, as it lies: cold, warm and with one file changed."""
    cache = scratch / "cache"
    files = list(packages.python_files(tree))
    costs = {}

    def cold() -> measure.Cost:
        shutil.rmtree(cache, ignore_errors=True)
        return measure.run(tools.backend_lint("--cache-dir", str(cache)), tree, env=tools.environment)

    def changed() -> measure.Cost:
        victim = files[len(files) // 2]
        before = victim.read_bytes()
        try:
            victim.write_bytes(before + b"\nCHANGED_BY_THE_BENCHMARK = 1\n")
            return measure.run(tools.backend_lint("--cache-dir", str(cache)), tree, env=tools.environment)
        finally:
            victim.write_bytes(before)
            measure.run(tools.backend_lint("--cache-dir", str(cache)), tree, env=tools.environment)

    costs["ruff cold"] = measure.best(tools.ruff_check("--no-cache"), tree, rounds)
    costs["ruff concise"] = measure.best(tools.ruff_check("--no-cache", "--output-format", "concise"), tree, rounds)
    costs["cold"] = min((cold() for _ in range(rounds)), key=lambda cost: cost.cpu)
    measure.run(tools.ruff_check("--cache-dir", str(scratch / "ruff")), tree)
    costs["ruff warm"] = measure.best(tools.ruff_check("--cache-dir", str(scratch / "ruff")), tree, rounds)
    costs["warm"] = measure.best(tools.backend_lint("--cache-dir", str(cache)), tree, rounds, env=tools.environment)
    costs["changed"] = min((changed() for _ in range(rounds)), key=lambda cost: cost.cpu)
    costs["bandit"] = measure.run(tools.bandit(), tree)
    costs["memory"] = measure.run(tools.backend_lint("--no-cache"), tree, env=tools.environment, memory=True)
    sys.stderr.write(f"{name}: {', '.join(f'{key} {cost.cpu:.2f}' for key, cost in costs.items())}\n")
    return costs


def packages_table(trees: dict[str, Path], tools: Tools, rounds: int, scratch: Path) -> str:
    rows = []
    for name, tree in trees.items():
        work = scratch / name
        shutil.copytree(tree, work / "tree")
        costs = compare(name, work / "tree", tools, rounds, work)
        cold, ruff, bandit = costs["cold"], costs["ruff cold"], costs["bandit"]
        rows.append(
            [
                f"{name} {packages.PACKAGES[name]}",
                f"{sum(1 for _ in packages.python_files(tree)):,}",
                f"{packages.line_count(tree):,}",
                seconds(cold.cpu),
                f"{cold.cpu / ruff.cpu:.2f}",
                f"{cold.cpu / costs['ruff concise'].cpu:.2f}",
                f"{bandit.cpu / cold.cpu:.1f}",
                seconds(costs["warm"].wall),
                seconds(costs["ruff warm"].wall),
                seconds(costs["changed"].wall),
                f"{costs['memory'].memory / 1e6:.0f} MB",
            ]
        )
        shutil.rmtree(work)
    costs_of = ("cold CPU", "cold / ruff", "cold / ruff concise", "bandit / cold", "warm wall", "ruff warm wall", "one file changed, wall", "peak memory")
    head = ("package", "files", "lines", *costs_of)
    return table(head, rows)


def sizes_table(trees: dict[str, Path], tools: Tools, sizes: Iterable[int], rounds: int, scratch: Path) -> tuple[str, list[growth.Size]]:
    rows = []
    found = []
    for size in sizes:
        work = scratch / str(size)
        lines = packages.assemble(trees, size, work / "tree")
        cold = measure.best(tools.backend_lint("--no-cache"), work / "tree", rounds, env=tools.environment)
        ruff = measure.best(tools.ruff_check("--no-cache"), work / "tree", rounds)
        memory = measure.run(tools.backend_lint("--no-cache"), work / "tree", env=tools.environment, memory=True).memory
        bandit = f"{measure.run(tools.bandit(), work / 'tree').cpu / cold.cpu:.1f}" if lines <= BANDIT_UP_TO else "not run"
        rate = f"{lines / cold.cpu / 1000:.0f} k"
        part = work / "all.readings"
        read = measure.best(tools.backend_lint("--no-cache", "-q", "--shard", "1/1", "--shard-file", str(part)), work / "tree", rounds, env=tools.environment)
        found.append(growth.Size(lines, cold.cpu, read.cpu, memory, part.stat().st_size))
        rows.append([f"{lines:,}", seconds(cold.cpu), seconds(cold.wall), rate, f"{cold.cpu / ruff.cpu:.2f}", bandit, f"{memory / 1e6:.0f} MB"])
        sys.stderr.write(f"{lines} lines: cold {cold.cpu:.2f}, ruff {ruff.cpu:.2f}, {memory / 1e6:.0f} MB\n")
        shutil.rmtree(work)
    return table(("lines", "cold CPU", "cold wall", "lines per CPU second", "cold / ruff", "bandit / cold", "peak memory"), rows), found


def versions(tools: Tools) -> str:
    ruff = measure.run([tools.ruff, "--version"], HERE).output.decode().strip()
    bandit = measure.run([sys.executable, "-m", "bandit", "--version"], HERE).output.decode().splitlines()[0].replace("__main__.py", "bandit")
    ours = measure.run([sys.executable, "-m", "backend_lint", "--version"], HERE, env=tools.environment).output.decode().strip()
    return f"{ours}, {ruff}, {bandit}, CPython {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


PAGE = """# What a run costs

Made by `python benchmarks/speed.py --write docs/benchmarks.md`. The tools run in turn on the same files in one run on one machine: compare the ratios, not the
seconds. CPU is user and system time with all children, the best of the rounds. `cold / ruff` is backend-lint with an empty cache against
`ruff check --select ALL --no-cache`; `bandit / cold` is how many times the CPU time bandit needs. Warm is a second run with nothing changed, and beside it
ruff's own warm run. Peak memory sums the proportional set sizes of all processes.

{versions}; {date}.

{tables}"""
GROWTH = "## Growth\n\nTrees of whole files out of the same packages, repeated from about 700,000 lines on.\n\n"
SAVED = """
## A saved file

Made by `python benchmarks/saved_file.py NAME=PROJECT ... --save-results`: from didSave to the diagnostics of that file in a language client. `first` moves what
was found before with its lines and takes away what stood on edited ones; `whole` is the last answer of all rules.
After an edit that rules do not see no rule is asked. {date}, {machine}; wall time, with whatever else the machine did.

| project, edit | first, median | first, largest | whole, median |
| --- | ---: | ---: | ---: |
"""
PLOT = "\n![CPU seconds of a cold run over lines](benchmarks-growth.svg)\n\n"
LINES, WORKERS = 50_000_000, 32
"""Of the estimate on paper."""


def saved_file() -> str:
    """The last result of the benchmark of that name."""
    known = json.loads((FOLDER / "saved_file.json").read_text())
    rows = [f"| {name} | {one['first_ms']:.0f} ms | {one['largest_first_ms']:.0f} ms | {one['whole_ms']:.0f} ms |\n" for name, one in known["measured"].items()]
    return SAVED.format(**known) + "".join(rows)


def _rows(text: str) -> list[dict[str, str]]:
    """The tables of a page, a row each with the names of its columns."""
    found: list[dict[str, str]] = []
    head: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            head = []
        elif not head:
            head = cells
        elif not cells[0].startswith("---"):
            found.append(dict(zip(head, cells, strict=True)))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "backend-lint-benchmarks", help="where downloads stay")
    parser.add_argument("--package", action="append", choices=sorted(packages.PACKAGES), help="only these packages")
    parser.add_argument("--size", action="append", type=int, help="only these sizes, in lines; 0 for none")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=Path, help="write the page there as well")
    args = parser.parse_args()

    tools = Tools()
    trees = packages.fetch(args.cache)
    sizes = [size for size in (args.size or SIZES) if size]
    grown: list[growth.Size] = []
    with tempfile.TemporaryDirectory(prefix="backend-lint-speed-") as scratch:
        chosen = {name: tree for name, tree in trees.items() if not args.package or name in args.package}
        parts = ["## Packages\n\n" + packages_table(chosen, tools, args.rounds, Path(scratch))]
        if sizes:
            rows, grown = sizes_table(trees, tools, sizes, args.rounds, Path(scratch))
            told = PLOT + textwrap.fill(growth.estimate(grown, LINES, WORKERS), 160) + "\n" if len(grown) > 1 else ""
            parts.append(GROWTH + rows + told)
    text = PAGE.format(versions=versions(tools), date=datetime.date.today().isoformat(), tables="\n".join(parts)) + saved_file()
    sys.stdout.write(text)
    if args.write:
        args.write.write_text(text, encoding="utf-8")
        if len(grown) > 1:
            args.write.with_name("benchmarks-growth.svg").write_text(growth.picture(grown), encoding="utf-8")
        save("speed", {"tables": _rows(text), "growth": [one._asdict() for one in grown]})
    return 0


if __name__ == "__main__":
    sys.exit(main())
