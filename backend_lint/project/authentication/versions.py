"""Old versions of routes that are still served, and ask for less than the new ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from backend_lint.project import Project

_VERSION = lazy_regex(r"(?<=/)v(\d+)(?:[._]\d+)?(?=/|$)", re.IGNORECASE)
_PARAMETER = lazy_regex(r"\(\?P<\w+>[^)]*\)|<[^>]*>|\{[^}]*\}|:\w+")


class OldVersion(NamedTuple):
    """A route, the same one of a later version, and what the old one lacks: ``guard`` or ``limit``."""

    old: Route
    new: Route
    lacks: str


def old_versions(project: Project) -> Iterator[OldVersion]:
    """Each old handler once, with the latest version of the same route."""
    families: dict[tuple[str, str], list[tuple[int, Route]]] = {}
    for route in project.routes:
        found = _VERSION.search(route.path)
        if found is None or (route.module and project.modules[route.module].role is not Role.APPLICATION):
            continue
        path = _PARAMETER.sub("{}", route.path[: found.start()] + "v" + route.path[found.end() :]).strip("/$?")
        families.setdefault((route.method, path), []).append((int(found.group(1)), route))
    reported: set[tuple[str, int, str]] = set()
    for versions in families.values():
        number, new = max(versions, key=lambda one: one[0])
        for older, old in versions:
            lacks = _lacks(old, new) if older < number else ""
            key = (old.module or old.declared_in, old.function if old.function >= 0 else old.line, lacks)
            if lacks and key not in reported:
                reported.add(key)
                yield OldVersion(old, new, lacks)


def _lacks(old: Route, new: Route) -> str:
    if old.authenticated is False and new.authenticated is True:
        return "guard"
    return "limit" if new.limits and not old.limits and old.authenticated is not True else ""
