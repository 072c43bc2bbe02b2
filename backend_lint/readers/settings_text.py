"""TOML and INI of a project that nobody trusts: what the standard library's parsers take more than linear time for is refused before they see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backend_lint.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from configparser import RawConfigParser

__all__ = ["ini", "toml"]

_LONGEST_TOML = 200_000
_LONGEST_INI = 1_000_000
_MOST_DOTS = 100
"""In one line of TOML: the parser's work grows with the square of the parts of a dotted key."""
_MOST_NAMELESS = 5_000
"""Lines of INI that name nothing: each may be an error, for which the parser copies what it said of those before."""
_GAP = lazy_regex(r"\S\s{100}")
"""Inside a line of INI: the parser's work grows with the square of the blanks."""


def toml(text: str) -> dict[str, Any]:
    """The tables of a TOML file. Raises ValueError, also for what is longer or more deeply nested than any project needs."""
    import tomllib

    if len(text) > _LONGEST_TOML or any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
        raise ValueError("is longer than what any project needs, or a line of it is")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def ini(text: str) -> RawConfigParser:
    """The sections of an INI file, nothing in them expanded. Raises ValueError, also for what is longer than any project needs."""
    import configparser

    lines = text.split("\n")
    if len(text) > _LONGEST_INI or sum(map(_is_nameless, lines)) > _MOST_NAMELESS or any(_GAP.search(line.strip()) for line in lines):
        raise ValueError("is longer than what any project needs, or a line of it is")
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(str(error).replace("\n", " ")[:200]) from None
    return parser


def _is_nameless(line: str) -> bool:
    bare = line.strip()
    if bare[:1] in ("", "#", ";") or (bare[:1] == "[" and "]" in bare[2:]):
        return False
    return bare[0] in "=:" or not ("=" in bare or ":" in bare)
