"""Which files the configuration of coverage.py keeps out of its reports."""

from __future__ import annotations

import re
from collections.abc import Callable

from backend_lint.facts.coverage_config import CoverageConfig

_TOKENS = re.compile(r"\*\*/|/\*+$|^\*+/|\*+|\?|\[[^\]/]*\]|/|[^*?\[/]+|\[")

_MOST_STARS = 4
"""In a glob: `re` goes back for each, and the patterns come from the checked project."""


def left_out(config: CoverageConfig) -> Callable[[str], str]:
    """Asks of a path, relative to the root, which key keeps the file out: ``omit``, ``include`` or ``source``; empty if none does."""
    omitted, included = _any(config.omit), _any(config.include)
    # coverage.py takes folders and packages there; what it makes of a glob is nobody's guess
    sources = [] if any(sign in one for one in config.source for sign in "*?[") else [folder for one in config.source for folder in _folders(one)]

    def asked(path: str) -> str:
        if omitted is not None and omitted(path):
            return "omit"
        if sources:
            # coverage.py does not look at `include` where `source` is set
            return "" if any(not folder or path == f"{folder}.py" or path.startswith(folder + "/") for folder in sources) else "source"
        return "include" if included is not None and not included(path) else ""

    return asked


def _folders(source: str) -> tuple[str, ...]:
    plain = source.strip().replace("\\", "/").removeprefix("./").rstrip("/")
    if plain in ("", "."):
        return ("",)
    dotted = plain.replace(".", "/") if "/" not in plain else plain
    return (plain, dotted, f"src/{dotted}")


def _any(patterns: tuple[str, ...]) -> Callable[[str], bool] | None:
    if not patterns:
        return None
    compiled = []
    for pattern in patterns:
        try:
            if pattern.count("*") <= _MOST_STARS:
                compiled.append(re.compile(expression(pattern)))
        except re.error:
            continue
    return lambda path: any(one.fullmatch(path) for one in compiled)


def expression(glob: str) -> str:
    """A glob of coverage.py as a regular expression over paths relative to the root.

    >>> expression("*/migrations/*"), expression("shop/*.py")
    ('(?:.*/)?migrations/.*', 'shop/[^/]*\\\\.py')
    """
    plain = glob.strip().replace("\\", "/").removeprefix("./")
    parts = []
    for token in _TOKENS.findall(plain):
        if token.endswith("/") and token.startswith("*"):
            parts.append("(?:.*/)?")
        elif token.startswith("/*"):
            parts.append("/.*")
        elif token.startswith("*"):
            parts.append(".*" if token == "**" else "[^/]*")
        elif token == "?":
            parts.append("[^/]")
        elif token.startswith("[") and token.endswith("]"):
            parts.append(token)
        else:
            parts.append(re.escape(token))
    return "".join(parts)
