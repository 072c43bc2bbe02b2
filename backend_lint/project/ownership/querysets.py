"""The rows that a class-based view answers for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.reached import texts
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project.ownership.unscoped import Finder

_ALL = frozenset("all select_related prefetch_related order_by only defer annotate distinct".split())
_CHOOSES = lazy_regex(r"request|kwargs|user|super|self\.(?!queryset\b|model\b)", re.IGNORECASE)


class Answered(NamedTuple):
    """All rows of a table that a view answers for. `owner`: the class that says so, in its attribute or method `name`."""

    table: str
    owner: Ref
    name: str
    line: int
    column: int


def queryset_of(finder: Finder, ref: Ref) -> Answered | None:
    """Which table a view answers for all rows of; None if that is not known, or if it chooses among them."""
    project = finder.project
    member = project.resolver.classes.find(ref, "get_queryset")
    if member is not None and isinstance(member[1], int):
        return _returned(finder, member[0], member[1])
    for name in ("queryset", "model"):
        member = project.resolver.classes.find(ref, name)
        if member is None or isinstance(member[1], int):
            continue
        where, attribute = member[0], member[1]
        value = project.value(where.path, attribute.function, attribute.value)
        mapped = project.schema.of(value.item if value is not None and value.item is not None else value)
        known = project.schema.table(mapped.table) if mapped is not None else None
        return Answered(known.name, where, name, attribute.line, attribute.column) if known is not None else None
    return None


def _returned(finder: Finder, owner: Ref, method: int) -> Answered | None:
    """A ``get_queryset`` that gives all rows, whoever asks."""
    key = (owner.path, method)
    body = finder.frames.body(key)
    if len(body.returns) != 1 or any(_CHOOSES.search(text) for text in texts(body) if text):
        return None
    made = [body.calls[number].callee for number in call_ids(body.returns[0].value)]
    if not made or any(call.callee.rpartition(".")[2] not in _ALL for call in body.calls):
        return None
    first = next((call.callee for call in body.calls if ".objects." in call.callee), "")
    held = finder.project.value(*key, first.partition(".objects")[0]) if first else None
    mapped = finder.project.schema.of(held) if held is not None and held.kind is RefKind.CLASS else None
    known = finder.project.schema.table(mapped.table) if mapped is not None else None
    head = finder.frames.head(key)
    return Answered(known.name, owner, "get_queryset", head.line, head.column) if known is not None else None
