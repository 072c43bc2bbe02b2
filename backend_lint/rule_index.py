"""The cards of our own rules without importing the rules: most runs use only some of them.

``rule_index.json`` is made by ``docs/generate.py``. A rule file that has changed since is opened as if there were no index, so a card is never stale.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from backend_lint.card import Card

FILE = Path(__file__).with_name("rule_index.json")


class Indexed(msgspec.Struct, frozen=True):
    """A card without its page, and the checksum of the rule's file that it was made from."""

    checksum: int
    card: Card


def read() -> dict[str, Indexed]:
    """The index by ``family/name.py``; empty if there is none that can be read."""
    try:
        return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Indexed])
    except (OSError, msgspec.MsgspecError):
        return {}


def card(index: Mapping[str, Indexed], file: Path) -> Card | None:
    """The card of the rule in `file`; None if the index does not know the file as it is now."""
    found = index.get(_key(file))
    try:
        return found.card if found is not None and zlib.crc32(file.read_bytes()) == found.checksum else None
    except OSError:
        return None


def written(cards: Iterable[tuple[Path, Card]]) -> bytes:
    """The index of rule files and their cards, a line each."""
    lines = []
    for file, card in sorted(cards):
        indexed = Indexed(zlib.crc32(file.read_bytes()), msgspec.structs.replace(card, help=""))
        lines.append(f"{msgspec.json.encode(_key(file)).decode()}: {msgspec.json.encode(indexed).decode()}")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _key(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"
