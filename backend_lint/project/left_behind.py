"""Copies of modules that were left behind: files such as ``orders_backup.py`` beside ``orders.py`` that nobody imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from backend_lint.project import Project

_COPY = lazy_regex(r"^(.+?)[_.-](?:backup|bak|old|orig|original|copy)\d*\.py$")


def is_left_behind(project: Project, path: str) -> bool:
    """The file is called like a copy of the one beside it, and no import names it."""
    folder, _, name = path.rpartition("/")
    match = _COPY.match(name)
    if match is None or f"{folder}/{match[1]}.py".lstrip("/") not in project.modules:
        return False
    stem = name.removesuffix(".py")
    return not any(stem in (fact.member, fact.module.rpartition(".")[2]) for module in project.modules.values() for fact in module.facts.imports)
