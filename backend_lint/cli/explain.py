"""``backend-lint explain RULE``: the page of a rule."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from backend_lint.card import Card
from backend_lint.cli.options import complete_rules
from backend_lint.cli.streams import write_report


@click.command("explain", short_help="Say what a rule looks for, why, and when it is wrong.")
@click.argument("selectors", shell_complete=complete_rules, metavar="RULE...", nargs=-1, required=True)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--rules-dir", type=click.Path(file_okay=False, path_type=Path), multiple=True, help="A folder with rules of your own; its code is run.")
def command(selectors: tuple[str, ...], format_: str, rules_dir: tuple[Path, ...]) -> int:
    """Print the page of each RULE; a family, a tag or ALL stands for all of its rules."""
    from backend_lint.cli.rules import described, registry_for_user

    registry = registry_for_user(rules_dir)
    names: list[str] = []
    for selector in selectors:
        names += sorted(registry.resolve(selector))
    cards = [registry.card(name) for name in dict.fromkeys(names)]
    if format_ == "json":
        import json

        pages = [{**described(card, registry), "help": card.help} for card in cards]
        write_report(json.dumps(pages[0] if len(selectors) == 1 and len(pages) == 1 else pages, indent=2) + "\n")
    else:
        write_report("\n\n".join(page(card, registry.rules[card.name].options if card.name in registry.rules else {}) for card in cards) + "\n")
    return 0


def page(card: Card, options: Mapping[str, Any]) -> str:
    """The page as Markdown: title, card, docstring."""
    facts = [f"family {card.family}", f"severity {card.severity}", f"precision {card.precision}", f"profile {card.profile}", f"since {card.since}"]
    if card.fix != "none":
        facts.append(f"fix {card.fix}")
    facts += card.tags
    lines = [f"# {card.name}", "", " | ".join(facts), "", card.help]
    if options:
        lines += ["", "Options and their defaults:", ""]
        lines += [f"    [rules.{card.name}]", *(f"    {key.replace('_', '-')} = {_toml(value)}" for key, value in options.items())]
    return "\n".join(lines)


def _toml(value: object) -> str:
    import json

    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(sorted(value) if isinstance(value, frozenset) else value)
