"""The rows that a class-based view answers for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.python import Attribute
from backend_lint.project.references import Ref

if TYPE_CHECKING:
    from backend_lint.project.ownership.unscoped import Finder


def queryset_of(finder: Finder, ref: Ref) -> tuple[tuple[Ref, Attribute] | None, str]:
    """The class attribute that says which rows a view answers for, and their table; None and nothing if that is not known."""
    project = finder.project
    for name in ("queryset", "model"):
        member = project.resolver.classes.find(ref, name)
        if member is None or isinstance(member[1], int):
            continue
        where, attribute = member[0], member[1]
        value = project.value(where.path, attribute.function, attribute.value)
        mapped = project.schema.of(value.item if value is not None and value.item is not None else value)
        known = project.schema.table(mapped.table) if mapped is not None else None
        return ((where, attribute), known.name) if known is not None else (None, "")
    return None, ""
