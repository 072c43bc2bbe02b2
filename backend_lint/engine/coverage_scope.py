"""Which files the configuration of coverage.py keeps out of its reports."""

from __future__ import annotations

import re
from collections.abc import Callable

from backend_lint.engine.bounded_regex import STAR, part
from backend_lint.facts.coverage_config import CoverageConfig

_TOKENS = re.compile(r"\*\*/|/\*+$|^\*+/|\*+|\?|\[[^\]/]*\]|/|[^*?\[/]+|\[")

_MOST_STARS = 4
"""In a glob; the patterns come from the checked project."""


_REFUSED = re.compile(r"[^/\\]\*\*|\*\*[^/\\]")
"""coverage.py stops at such a pattern: ``**`` stands for whole folders."""


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
            if pattern.count("*") <= _MOST_STARS and not _REFUSED.search(pattern):
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
    groups: list[str] = []
    current: list[str] = []
    done = ""
    for token in _TOKENS.findall(plain):
        if token.endswith("/") and token.startswith("*"):
            if done or current or groups:
                groups.append(done + part(current))
                done, current = "", []
            else:
                groups.append("")
        elif token == "/" or token.startswith("/*"):
            done, current = f"{done}{part(current)}/{'.*' if token != '/' else ''}", []
        elif token.startswith("*"):
            current.append(".*" if token == "**" else STAR)
        elif token == "?":
            current.append("[^/]")
        elif token.startswith("[") and token.endswith("]"):
            current.append(f"(?!/){token}")
        else:
            current += map(re.escape, token)
    groups.append(done + part(current))
    first, *others = groups
    return first + "".join([f"(?>(?:.*?/)??{one})" for one in others[:-1]]) + "".join(f"(?:.*/)?{one}" for one in others[-1:])
