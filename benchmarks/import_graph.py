"""Compares our import graph with the one that grimp builds of the same packages: modules, arrows, CPU time.

    python benchmarks/import_graph.py --grimp PYTHON [--rounds N] [--save] FOLDER:PACKAGE [FOLDER:PACKAGE ...]

PYTHON is an interpreter that has grimp; FOLDER is what PACKAGE is imported from. grimp sees the imports below ``if TYPE_CHECKING`` as we do. Modules in folders
without ``__init__.py`` are in our graph and not in grimp's: they are counted apart (`more`), with their arrows; files that are too new for the
interpreter that runs this are left out of both (`unread`). Times are CPU seconds of whole processes, the
start of Python included, the best of the rounds, in which all take turns: grimp without its cache, ours reading every file (`cold`), and ours with the files
in the cache (`warm`). Exit status 1 if a share is below ``--goal``, or a cold run costs more than ``--most`` times what grimp does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from results import save

_THEIRS = """
import json, sys, time
import grimp
graph = grimp.build_graph(sys.argv[1], include_external_packages=False, cache_dir=None)
seconds = time.process_time()
arrows = [[one, other] for one in sorted(graph.modules) for other in sorted(graph.find_modules_directly_imported_by(one))]
print(json.dumps({"seconds": seconds, "modules": sorted(graph.modules), "arrows": arrows}))
"""
_OURS = """
import json, sys, time
from pathlib import Path
from backend_lint.config import Settings
from backend_lint.engine.import_model import read_import_model
root, package, cache = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
settings = Settings(root=root, exclude=("*", f"!/{package}", f"!/{package}/**"), jobs=1, cache=bool(cache), cache_dir=Path(cache) if cache else None)
project, unchecked = read_import_model(settings)
graph = project.architecture.graph
seconds = time.process_time()
arrows = sorted([graph.names[one], graph.names[other]] for one, found in graph.arrows.items() for other in found)
print(json.dumps({"seconds": seconds, "modules": sorted(graph.paths), "arrows": arrows, "unread": [[one.path, one.reason] for one in unchecked]}))
"""


def _answer(python: str, code: str, *arguments: str, cwd: Path) -> Any:
    outcome = subprocess.run([python, "-c", code, *arguments], cwd=cwd, capture_output=True, text=True)
    if outcome.returncode:
        raise SystemExit(f"{python}: {outcome.stderr[-2000:]}")
    return json.loads(outcome.stdout)


def _share(part: set[Any], whole: set[Any]) -> float:
    return len(part & whole) / len(whole) if whole else 1.0


def _is_regular(folder: Path, name: str) -> bool:
    """Whether every folder from the top package to the module holds an ``__init__.py``."""
    parts = name.split(".")
    if not folder.joinpath(*parts, "__init__.py").is_file():
        parts = parts[:-1]
    return all(folder.joinpath(*parts[:depth], "__init__.py").is_file() for depth in range(1, len(parts) + 1))


def compare(grimp: str, folder: Path, package: str, show: bool, rounds: int = 1) -> Mapping[str, float]:
    """A row of the table: shares both ways and seconds."""
    best = {"grimp": float("inf"), "cold": float("inf"), "warm": float("inf")}
    with tempfile.TemporaryDirectory() as cache:
        _answer(sys.executable, _OURS, str(folder), package, cache, cwd=Path(__file__).parent)
        for _ in range(rounds):
            theirs = _answer(grimp, _THEIRS, package, cwd=folder)
            cold = _answer(sys.executable, _OURS, str(folder), package, "", cwd=Path(__file__).parent)
            warm = _answer(sys.executable, _OURS, str(folder), package, cache, cwd=Path(__file__).parent)
            best = {name: min(best[name], one["seconds"]) for name, one in (("grimp", theirs), ("cold", cold), ("warm", warm))}
    unread = {path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path, _ in cold["unread"]}
    theirs["modules"] = [name for name in theirs["modules"] if name not in unread]
    theirs["arrows"] = [arrow for arrow in theirs["arrows"] if not unread & set(arrow)]
    regular = {name for name in cold["modules"] if _is_regular(folder, name)}
    ours = {"modules": regular, "arrows": {(one, to) for one, to in cold["arrows"] if one in regular and to in regular}}
    row: dict[str, float] = {"modules": len(theirs["modules"]), "arrows": len(theirs["arrows"]), "unread": len(unread)}
    row["more"] = len(cold["modules"]) - len(regular)
    for key in ("modules", "arrows"):
        mine, other = ours[key], {one if isinstance(one, str) else tuple(one) for one in theirs[key]}
        row |= {f"{key} found": _share(mine, other), f"{key} real": _share(other, mine)}
        if show:
            for one in sorted(other - mine):
                sys.stdout.write(f"missing {one}\n")
            for one in sorted(mine - other):
                sys.stdout.write(f"added {one}\n")
    return row | best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grimp", required=True, help="an interpreter that has grimp")
    parser.add_argument("--goal", type=float, default=0.99)
    parser.add_argument("--most", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/import_graph.json")
    parser.add_argument("--show", action="store_true", help="print every difference")
    parser.add_argument("packages", nargs="+", metavar="FOLDER:PACKAGE")
    given = parser.parse_args()
    heads = ("package", "more", "unread", "modules", "found", "real", "arrows", "found", "real", "grimp s", "cold s", "warm s")
    sys.stdout.write(f"| {' | '.join(heads)} |\n|---{'|---:' * (len(heads) - 1)}|\n")
    worst, most = 1.0, 0.0
    measured: dict[str, Any] = {}
    for one in given.packages:
        folder, _, package = one.rpartition(":")
        row = compare(given.grimp, Path(folder).resolve(), package, given.show, given.rounds)
        measured[package] = {name: round(value, 4) for name, value in row.items()}
        most = max(most, row["cold"] / row["grimp"])
        shares = [row[f"{key} {way}"] for key in ("modules", "arrows") for way in ("found", "real")]
        worst = min(worst, *shares)
        cells = [package, *(f"{row[key]:.0f}" for key in ("more", "unread", "modules")), *(f"{share:.2%}" for share in shares[:2]), f"{row['arrows']:.0f}"]
        cells += [*(f"{share:.2%}" for share in shares[2:]), *(f"{row[key]:.2f}" for key in ("grimp", "cold", "warm"))]
        sys.stdout.write(f"| {' | '.join(cells)} |\n")
        sys.stdout.flush()
    if given.save:
        save("import_graph", measured)
    return int(worst < given.goal or most > given.most)


if __name__ == "__main__":
    sys.exit(main())
