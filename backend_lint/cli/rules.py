"""``backend-lint rules``: which rules there are."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from backend_lint.card import Card
from backend_lint.cli.options import complete_rules, working_directory
from backend_lint.cli.streams import write_report
from backend_lint.registry import Registry


@click.command("rules", short_help="List the rules.")
@click.argument("selectors", shell_complete=complete_rules, metavar="[RULE|FAMILY|TAG]...", nargs=-1)
@click.option(
    "--tag",
    "tags",
    metavar="TAG",
    multiple=True,
    shell_complete=complete_rules,
    help="List by tag: the rules of a tag, or of all tags of a kind such as `owasp-api`.",
)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--rules-dir", type=click.Path(file_okay=False, path_type=Path), multiple=True, help="A folder with rules of your own; its code is run.")
def command(selectors: tuple[str, ...], tags: tuple[str, ...], format_: str, rules_dir: tuple[Path, ...]) -> int:
    """List the rules that the arguments stand for (default: all), by family."""
    registry = registry_for_user(rules_dir)
    names: set[str] = set()
    for selector in selectors or tags or ("ALL",):
        names |= registry.resolve(selector)
    cards = sorted((registry.cards[name] for name in names), key=lambda card: (card.family, card.name))
    if format_ == "json":
        write_report(json.dumps([described(card, registry) for card in cards], indent=2) + "\n")
        return 0
    width = max(len(card.name) for card in cards)
    groups: dict[str, list[Card]] = {}
    for card in cards:
        for head in _tagged(card, tags) if tags else [card.family]:
            groups.setdefault(head, []).append(card)
    lines: list[str] = []
    for head in sorted(groups, key=_by_number) if tags else groups:
        lines += ["", head] if lines else [head]
        for card in groups[head]:
            fix = "" if card.fix == "none" else f" (fix: {card.fix})"
            lines.append(f"  {card.name:<{width}}  {card.severity:<7}  {card.profile:<7}  {card.summary}{fix}")
    write_report("\n".join(lines) + "\n")
    return 0


def _tagged(card: Card, tags: Iterable[str]) -> list[str]:
    """The tags of a rule that are asked for, by their name or by their kind."""
    return [tag for tag in card.tags if any(tag == asked or tag.startswith(f"{asked}:") for asked in tags)]


def _by_number(tag: str) -> tuple[str, int, str]:
    """Tags in the order in which people count: ``owasp-api:2`` before ``owasp-api:10``."""
    kind, _, number = tag.partition(":")
    return (kind, int(number) if number.isdigit() else 0, tag)


def described(card: Card, registry: Registry) -> dict[str, Any]:
    """A card as JSON has it."""
    rule = registry.rules.get(card.name)
    return {
        "name": card.name,
        "family": card.family,
        "kind": card.kind,
        "severity": str(card.severity),
        "precision": card.precision,
        "measured": measured(card.name),
        "profile": card.profile,
        "automatic": rule.automatic if rule is not None else False,
        "since": card.since,
        "fix": card.fix,
        "tags": list(card.tags),
        "roles": sorted(str(role) for role in rule.roles) if rule is not None else [],
        "options": {key.replace("_", "-"): _plain(value) for key, value in rule.options.items()} if rule is not None else {},
        "summary": card.summary,
    }


def measured(rule: str) -> dict[str, int] | None:
    """How people judged findings of a rule against the code of public backends (benchmarks/verdicts.jsonl): how many, how many were right, and how many
    were at least true in their core. None if nobody did."""
    counts = _precision().get(rule)
    if counts is None:
        return None
    return {"judged": sum(counts.values()), "right": counts["right"], "true": counts["right"] + counts["close"]}


@functools.cache
def _precision() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = json.loads((Path(__file__).parent.parent / "measured_precision.json").read_bytes())
    return found


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else list(value) if isinstance(value, tuple) else value


def registry_for_user(rules_dirs: Iterable[Path]) -> Registry:
    """The rules of backend-lint, of installed packs, of the user's own configuration and of `rules_dirs`."""
    from backend_lint.config_file import read_chain, user_file

    folders = [working_directory() / one for one in rules_dirs]
    own = user_file()
    if own is not None and not folders:
        for layer in read_chain(own, None):
            folders = [layer.folder / one for one in layer.values["rules-dir"]] if "rules-dir" in layer.values else folders
    return Registry.load(folders)
