"""Code that production never runs: settings for development, branches for debugging."""

from __future__ import annotations

import re

from backend_lint.facts.python import BlockKind, Body
from backend_lint.project.blocks import around

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_DEVELOPMENT = frozenset(
    "dev devel develop development local localhost test tests testing unittest ci sandbox example examples demo demos mock mocks fake stub "
    "stubs playground debug fixtures dummy docs tutorial tutorials benchmark benchmarks e2e devserver runserver devcontainer".split()
)
_ONLY_WHILE = re.compile(
    r"debug|develop|\bdev\b|is_dev|_dev\b|is_local|local_mode|\btest(?:ing|s)?\b|is_test|pytest|sys\.argv|__main__|'(?:dev|local|test|ci)'", re.IGNORECASE
)


def for_development(path: str) -> bool:
    """Whether a path says that its file is not for production.

    >>> for_development("shop/settings/local.py"), for_development("shop/settings/base.py"), for_development("shop/devices.py")
    (True, False, False)
    """
    return named_for_development(path.removesuffix(".py"))


def named_for_development(name: str) -> bool:
    """Whether a name says so: ``DevelopmentConfig``, ``test_settings``."""
    return any(word.lower() in _DEVELOPMENT for word in _WORD.findall(name))


def only_while_developing(body: Body, block: int) -> bool:
    """Whether it stands in a branch for debugging, testing or running the file by hand."""
    return any(found.kind in (BlockKind.IF, BlockKind.ORELSE) and _ONLY_WHILE.search(found.subject) is not None for _, found in around(body, block))
