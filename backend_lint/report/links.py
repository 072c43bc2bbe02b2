"""Where the page of a rule lies on this machine. Addresses are made of our own names only, never of what was checked."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import quote

import backend_lint

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@cache
def rule_page(rule: str) -> str:
    """A ``file:`` address of the rule's page, or of the rule, whose docstring is its page; empty for rules that are not ours."""
    if not _NAME.fullmatch(rule):
        return ""
    package = Path(backend_lint.__file__).resolve().parent
    module = f"rules/*/{rule.replace('-', '_')}.py"
    places = (package.parent / "docs" / "rules" / f"{rule}.md", *package.glob(module), *package.parent.glob(module))
    return next((f"file://{quote(place.as_posix())}" for place in places if place.is_file()), "")
