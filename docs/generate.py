"""Write what the documentation takes from the program: the pages of the rules out of their docstrings and cards, and the output below every command shown.

usage: python docs/generate.py [--check]
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tomllib
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TREE), str(TREE / "docs")]

from console import executed  # noqa: E402 - beside this file
from measured_tables import filled  # noqa: E402

from backend_lint import rule_index  # noqa: E402 - this tree's package, whatever is installed
from backend_lint.card import ENGINE_FAMILY, Card  # noqa: E402
from backend_lint.cli.rules import measured  # noqa: E402
from backend_lint.config_keys import KEYS  # noqa: E402
from backend_lint.registry import Registry, own_rules  # noqa: E402

PAGES = TREE / "docs" / "rules"
_NAMES = ("adopting", "architecture", "configuration", "database", "suppression-and-baseline", "targets", "writing-a-rule")
SHOWN = (TREE / "README.md", *(TREE / "docs" / f"{name}.md" for name in _NAMES))
"""Pages that take something from the program."""
_KEYS = re.compile(r"(\| --- \| --- \|\n)(?:\| `.*\n)*(<!-- end keys -->)")
_PACKAGES = re.compile(r"(<!-- packages -->\n).*?(<!-- end packages -->)", re.DOTALL)
_FIXES = {
    "none": "none",
    "safe": "`backend-lint fix`",
    "unsafe": "`backend-lint fix --unsafe`: it may change what the program does, read the diff",
    "patch": "printed with the finding, never applied",
}
_NOTE = "<!-- made by docs/generate.py: edit the docstring of the rule -->"


def page(card: Card) -> str:
    """The page of one rule, as Markdown."""
    summary, _, rest = card.help.partition("\n")
    facts = [
        ("Family", card.family),
        ("Severity", card.severity),
        ("Profile", card.profile),
        ("Precision", card.precision + _measured(card.name)),
        ("Fix", _FIXES[card.fix]),
        ("Since", card.since),
        *([("Tags", ", ".join(f"`{tag}`" for tag in card.tags))] if card.tags else []),
    ]
    rows = "\n".join(f"| {name} | {value} |" for name, value in facts)
    silence = f"## How to silence it\n\n```python\n...  # backend-lint: ignore[{card.name}] why this is right here\n```"
    parts = [_NOTE, f"# {card.name}", summary, f"| | |\n| --- | --- |\n{rows}", rest.strip()]
    if card.kind != "engine":
        parts.append(silence)
    return "\n\n".join(parts) + "\n"


def _measured(rule: str) -> str:
    counts = measured(rule)
    if counts is None:
        return ""
    return f"; of {counts['judged']} findings that were judged against the code, {counts['right']} right in every detail, {counts['true']} true in their core"


def listing(cards: list[Card]) -> str:
    """The list of all rules by family, as Markdown."""
    parts = [_NOTE, "# Rules", f"{sum(card.kind != 'engine' for card in cards)} rules, and what the engine itself reports."]
    for family in sorted({card.family for card in cards}, key=lambda name: (name == "engine", name)):
        rows = [
            f"| [{card.name}]({card.name}.md) | {card.summary} | {card.severity} | {card.profile} | {card.fix} |"
            for card in cards
            if card.family == family
        ]
        package = own_rules() / family.replace("-", "_") / "__init__.py"
        about = "What the engine itself reports." if family == ENGINE_FAMILY else ast.get_docstring(ast.parse(package.read_bytes())) or ""
        parts.append(f"## {family}\n\n{about}\n\n| rule | what it reports | severity | profile | fix |\n| --- | --- | --- | --- | --- |\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def rule_pages() -> dict[Path, str]:
    """The pages of the rules, their list and their index, by where they belong."""
    registry = Registry.load(entry_points=False, index=False)
    cards = sorted(registry.cards.values(), key=lambda card: card.name)
    files = [(own_rules() / card.family.replace("-", "_") / f"{card.name.replace('-', '_')}.py", card) for card in cards if card.family != ENGINE_FAMILY]
    made = {rule_index.FILE: rule_index.written(files).decode()}
    return {**{PAGES / f"{card.name}.md": page(card) for card in cards}, PAGES / "README.md": listing(cards), **made}


def completed(text: str) -> str:
    """A page with the output of its commands and, between their marks, the table of configuration keys, the list of packages and what was measured."""
    keys = "".join(f"| `{name}` | {key.about} |\n" for name, key in KEYS.items())
    text = _KEYS.sub(lambda match: match[1] + keys + match[2], text)
    if _PACKAGES.search(text):
        text = _PACKAGES.sub(lambda match: match[1] + packages() + match[2], text)
    return executed(filled(text))


def packages() -> str:
    """Every package, and every module beside them, with the first line of its docstring, by floor, the highest first."""
    layers: dict[str, list[str]] = tomllib.loads((TREE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["backend-lint"]["layers"]
    package = TREE / "backend_lint"
    paths = {*package.glob("*.py"), *package.rglob("__init__.py"), TREE / "rules" / "__init__.py"}
    lines = []
    for floor, (name, members) in reversed(list(enumerate(layers.items()))):
        lines.append(f"- **{floor} {name}**\n")
        for path in sorted(paths):
            dotted = "backend_lint." * (path.parent.name == "rules") + ".".join(path.relative_to(TREE).with_suffix("").parts).removesuffix(".__init__")
            about = (ast.get_docstring(ast.parse(path.read_bytes())) or "").partition("\n")[0].replace("``", "`")
            if any(dotted == member or dotted.startswith(f"{member}.") for member in members):
                lines.append(f"  - `{dotted.removeprefix('backend_lint.')}`: {about}\n")
    return "".join(lines)


def stale(wanted: dict[Path, str]) -> list[Path]:
    """Pages that are missing, old, or of a rule that is gone."""
    found = [path for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    return sorted(found + [path for path in PAGES.glob("*.md") if path not in wanted])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is stale")
    check = parser.parse_args().check
    wanted = rule_pages() | {path: completed(path.read_text(encoding="utf-8")) for path in SHOWN}
    old = stale(wanted)
    if check:
        sys.stderr.write("".join(f"stale: {path.relative_to(TREE)}\n" for path in old))
        return 1 if old else 0
    PAGES.mkdir(parents=True, exist_ok=True)
    for path in old:
        if path in wanted:
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
