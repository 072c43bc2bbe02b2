"""Write the pages of the rules: ``docs/rules/NAME.md`` and the list of them, out of the docstrings and cards.

usage: python docs/generate.py [--check]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TREE))

from backend_lint.card import Card  # noqa: E402 - this tree's package, whatever is installed
from backend_lint.registry import Registry  # noqa: E402

PAGES = TREE / "docs" / "rules"
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
        ("Precision", card.precision),
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


def listing(cards: list[Card]) -> str:
    """The list of all rules by family, as Markdown."""
    parts = [_NOTE, "# Rules", f"{sum(card.kind != 'engine' for card in cards)} rules, and what the engine itself reports."]
    for family in sorted({card.family for card in cards}, key=lambda name: (name == "engine", name)):
        rows = [
            f"| [{card.name}]({card.name}.md) | {card.summary} | {card.severity} | {card.profile} | {card.fix} |"
            for card in cards
            if card.family == family
        ]
        parts.append(f"## {family}\n\n| rule | what it reports | severity | profile | fix |\n| --- | --- | --- | --- | --- |\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def pages() -> dict[Path, str]:
    """Every generated page by where it belongs."""
    cards = sorted(Registry.load(entry_points=False).cards.values(), key=lambda card: card.name)
    return {**{PAGES / f"{card.name}.md": page(card) for card in cards}, PAGES / "README.md": listing(cards)}


def stale() -> list[Path]:
    """Pages that are missing, old, or of a rule that is gone."""
    wanted = pages()
    found = [path for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    return sorted(found + [path for path in PAGES.glob("*.md") if path not in wanted])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is stale")
    if parser.parse_args().check:
        old = stale()
        sys.stderr.write("".join(f"stale: {path.relative_to(TREE)}\n" for path in old))
        return 1 if old else 0
    PAGES.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for path in stale():
        if path in wanted:
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
