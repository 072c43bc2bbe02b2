"""Does `backend-lint map layers` recognise the architecture that public backends say they have?

`architecture_truth.toml` holds what their own documents say: a quotation, the shapes that agree with it, and paths with the layer that it calls them.
Reads trees called ``OWNER+REPOSITORY`` below the folders given, checks that each quotation stands in the document of that tree, and compares:

    python benchmarks/architecture_truth.py FOLDER... --write

A backend agrees if its shape is one of those, and of the modules that each path stands for nine in ten have the layer. Exit status 1 if fewer than
``--goal`` of those found agree, or a quotation is not there.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

TREE = Path(__file__).resolve().parent.parent
TRUTH = TREE / "benchmarks" / "architecture_truth.toml"
RESULTS = TREE / "benchmarks" / "results" / "architecture.json"
PAGE = TREE / "docs" / "maps.md"
MARK = "<!-- architecture truth -->"
ENOUGH = 0.9


class Outcome(NamedTuple):
    """What became of one backend. `layers`: path -> modules that have the layer, of how many; `quoted`: None where the document lies outside of the tree."""

    shape: str
    agrees: bool
    layers: Mapping[str, tuple[int, int]]
    quoted: bool | None


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    found = {}
    for name, truth in tomllib.loads(TRUTH.read_text(encoding="utf-8")).items():
        tree = next((folder / name.replace("/", "+") for folder in options.folders if (folder / name.replace("/", "+")).is_dir()), None)
        if tree is None:
            _say(f"{name}: no such tree")
            continue
        one = compared(truth, _map(tree), quoted(tree, truth))
        found[name] = {**one._asdict(), "said": " or ".join(truth["shapes"]), "document": truth["document"], "quote": truth["quote"]}
        verdict = "agrees" if one.agrees else f"said: {' or '.join(truth['shapes'])}"
        _say(f"{name}: {one.shape}, {verdict}; {dict(one.layers)}{'; the document does not say so' if one.quoted is False else ''}")
    agreeing = len([one for one in found.values() if one["agrees"]])
    _say(f"{agreeing} of {len(found)} agree")
    if options.write:
        RESULTS.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        page = PAGE.read_text(encoding="utf-8")
        start, end = page.index(MARK) + len(MARK), page.index("<!-- end -->", page.index(MARK))
        PAGE.write_text(f"{page[:start]}\n{table(found)}{page[end:]}", encoding="utf-8")
    return int(not found or agreeing < options.goal * len(found) or any(one["quoted"] is False for one in found.values()))


def compared(truth: Mapping[str, Any], seen: Mapping[str, Any], there: bool | None) -> Outcome:
    """What the map has `seen`, held against what the documentation says. A path that stands for no module does not agree."""
    layers = {}
    for pattern, layer in truth["layers"].items():
        fits = re.compile("[^/]*".join(map(re.escape, pattern.split("*"))))
        members = [one for one in seen["modules"] if fits.fullmatch(one["path"]) and not one["path"].endswith("__init__.py")]
        layers[pattern] = (len([one for one in members if one["layer"] == layer]), len(members))
    agrees = seen["shape"] in truth["shapes"] and all(size and right >= ENOUGH * size for right, size in layers.values())
    return Outcome(seen["shape"], agrees, layers, there)


def quoted(tree: Path, truth: Mapping[str, Any]) -> bool | None:
    """Whether the document of the tree holds the quotation, however its lines are broken."""
    if "://" in truth["document"]:
        return None
    text = (tree / truth["document"]).read_text(encoding="utf-8") if (tree / truth["document"]).is_file() else ""
    return _words(truth["quote"]) in _words(text)


def table(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The outcome as Markdown."""
    lines = ["| backend | its documentation | shape | modules in the layer that is said | agrees |", "|---|---|---|---|---|"]
    for name, one in found.items():
        document = one["document"] if "://" in one["document"] else f"https://github.com/{name}/blob/HEAD/{one['document']}"
        layers = ", ".join(f"`{path}` {right} of {size}" for path, (right, size) in one["layers"].items())
        quote = one["quote"].replace("|", "\\|").replace("[", "").replace("]", "")
        shape = one["shape"] if one["shape"] in one["said"] else f"{one['shape']}, not {one['said']}"
        lines.append(f"| {name} | [“{quote}”]({document}) | {shape} | {layers} | {'yes' if one['agrees'] else 'no'} |")
    return "\n".join(lines) + "\n"


def _map(tree: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "backend_lint", "map", "layers", str(tree), "--format", "json", "--isolated", "--no-cache", "-q"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=TREE)
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+", help="folders that hold trees called OWNER+REPOSITORY")
    parser.add_argument("--goal", type=float, default=0.875, help="the share that must agree")
    parser.add_argument("--write", action="store_true", help=f"keep the outcome in {RESULTS.relative_to(TREE)} and the table in {PAGE.relative_to(TREE)}")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
