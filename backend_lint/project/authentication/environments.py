"""Code that production never runs: settings for development, branches for debugging."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around
from backend_lint.project.modules import SourceModule

_WORD = lazy_regex(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_DEVELOPMENT = frozenset(
    "dev devel develop development local localhost test tests tester testing unittest ci sandbox example examples demo demos mock mocks fake stub "
    "stubs playground debug fixtures dummy docs tutorial tutorials benchmark benchmarks e2e devserver runserver devcontainer devstack".split()
)
_ONLY_WHILE = lazy_regex(
    r"debug|develop|\bdev\b|is_dev|_dev\b|is_local|local_mode|\btest(?:ing|s)?\b|is_test|pytest|sys\.argv|__main__|'(?:dev|local|test|ci)'", re.IGNORECASE
)

_TO_COPY = lazy_regex(
    r"(?:settings|config|secrets?|env)\w*[_.-](?:template|sample|dist|skeleton|tmpl)\b|(?<![a-z])(?:template|sample|skeleton)[_.-]\w*(?:settings|config|secrets?)",
    re.IGNORECASE,
)
"""Files of settings that an installation copies and fills in."""
_PRETENDED = lazy_regex(r"(?:^|[._])(?:fake|dummy|mock)_")
_REPLACING = lazy_regex(r"^exec$|^(?:vars|globals|locals)\(\)\.update$|^(?:load|include)_?(?:local_)?settings$")


def for_development(path: str) -> bool:
    """Whether a path says that its file is not for production.

    >>> for_development("shop/settings/local.py"), for_development("shop/settings/base.py"), for_development("shop/devices.py")
    (True, False, False)
    >>> for_development("shop/settings/secret_template.py"), for_development("shop/mail_template.py")
    (True, False)
    """
    return named_for_development(path.removesuffix(".py")) or _TO_COPY.search(path) is not None


def is_pretended(function: str) -> bool:
    """Whether a function says that it only stands in for another: ``fake_login``."""
    return _PRETENDED.search(function) is not None


@functools.lru_cache(maxsize=16384)
def named_for_development(name: str) -> bool:
    """Whether a name says so: ``DevelopmentConfig``, ``test_settings``."""
    return any(word.lower() in _DEVELOPMENT for word in _WORD.findall(name))


def only_while_developing(body: Body, block: int) -> bool:
    """Whether it stands in a branch for debugging, testing or running the file by hand."""
    return any(found.kind in (BlockKind.IF, BlockKind.ORELSE) and _ONLY_WHILE.search(found.subject) is not None for _, found in around(body, block))


def set_elsewhere(modules: Mapping[str, SourceModule], names: frozenset[str]) -> dict[str, set[str]]:
    """For each setting the last names of what modules import that set it as well; ``*`` if one of them imports everything of another."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for module in modules.values():
        if module.role is Role.TEST:
            continue
        body = module.bodies[0]
        set_here = names if replaces_everything(body) else {assign.target for assign in body.assigns} & names
        for name in set_here:
            for one in module.facts.imports:
                found[name].update((one.module.rpartition(".")[2], one.member))
    return found


def is_overridden(elsewhere: Mapping[str, set[str]], module: SourceModule, name: str, line: int = 0) -> bool:
    """Another settings module, or what this one reads behind `line`, may set it for production."""
    dotted = module.path.rpartition("/")[2].removesuffix(".py")
    own = any(found.member == "*" and found.line > line for found in module.facts.imports) or replaces_everything(module.bodies[0])
    return own or not elsewhere.get(name, set()).isdisjoint(("*", dotted))


def replaces_everything(body: Body) -> bool:
    """Whether a module takes names from a file that is not known: ``exec(...)``, ``vars().update(...)``."""
    spaces = {f"#{number}.update" for number, call in enumerate(body.calls) if call.callee in ("globals", "locals", "vars")}
    return any(call.callee in spaces or _REPLACING.search(call.callee) for call in body.calls)
