"""What is shown beside a query that no index serves: the columns, the indexes that exist and why none serves, who asks, and who else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.api import Evidence
from backend_lint.facts.route import EntryKind
from backend_lint.project.answers import Lack

if TYPE_CHECKING:
    from backend_lint.facts.access import Access
    from backend_lint.facts.schema import Table
    from backend_lint.project import Project
    from backend_lint.project.answers import Answer, Missing

_MAX_INDEXES = 6
_MAX_OTHERS = 8
_MAX_TEXT = 110


def of_missing(project: Project, missing: Missing) -> list[Evidence]:
    """The evidence for a missing index, beginning with its first query's columns."""
    first = missing.answers[0]
    wanted = {key.column for candidate in (missing.candidate, *first.access.further) for key in candidate.keys}
    columns = columns_of(project, missing.table, tuple(name for name in missing.columns if name in wanted) or missing.columns)
    go = project.places.indexes_go(missing.table)
    made = [project.answers.declaration(missing.table, one) for one in (missing.candidate, *first.access.further)]
    here = [Evidence(go.path, go.line, f"put it here: {text}") for text in made]
    return [*columns, *reached(project, first), *reasons(project, missing.table, first.access), *others(missing), *here]


def named_keys(missing: Missing) -> str:
    """The columns of the index that is missing, for a message."""
    keys = missing.candidate.keys
    if missing.lack is Lack.FILTER:  # one that an index begins with is beside the point: it leaves too many rows
        led = {index.keys[0].column for index in missing.table.indexes if index.keys and index.keys[0].column and not index.where_text}
        keys = tuple(key for key in keys if key.column not in led) or keys
    names = [f"`{key.column or key.expression}`" for key in keys]
    return names[0] if len(names) == 1 else f"any of {', '.join(names)}" if missing.lack is Lack.FILTER else ", ".join(names)


def columns_of(project: Project, table: Table, columns: tuple[str, ...]) -> list[Evidence]:
    """Where the columns are declared."""
    found = []
    for name in dict.fromkeys(columns):
        if table.column(name) is not None:
            place = project.places.column(table, name)
            found.append(Evidence(place.path, place.line, f"`{table.name}.{name}` is declared here"))
    return found


def reasons(project: Project, table: Table, access: Access) -> list[Evidence]:
    """The table's indexes, and why each of them does not serve."""
    found = []
    held = {index.name for index in table.indexes if any(key.column in access.columns for key in index.keys)}
    for reason in sorted(access.reasons, key=lambda one: one.index not in held)[:_MAX_INDEXES]:
        index = next((one for one in table.indexes if one.name == reason.index), None)
        place = project.places.index(table, index) if index is not None else project.places.table(table)
        found.append(Evidence(place.path, place.line, f"index {reason.index}: {reason.why}"))
    return found


def reached(project: Project, answer: Answer) -> list[Evidence]:
    """The entry point that leads to the query."""
    entry = project.answers.reached_from(answer.site)
    if entry is None:
        return []
    route = next((one for one in project.routes if (one.module, one.function) == (entry.module, entry.function)), None)
    if route is not None:
        return [Evidence(route.declared_in, route.line, f"reached from {route.method} {route.path}")]
    if entry.kind in (EntryKind.ROUTE, EntryKind.WEBSOCKET):
        return []  # a hook of a view's class: what it is registered as stands elsewhere
    return [Evidence(entry.module, project.calls.head((entry.module, entry.function)).line, f"reached from {entry.said}")]


def others(missing: Missing) -> list[Evidence]:
    """Further queries that want the same index."""
    rest = missing.answers[1:]
    found = [Evidence(one.site.path, one.site.line, f"so does {shortened(one.site.text)}") for one in rest[:_MAX_OTHERS]]
    if len(rest) > _MAX_OTHERS:
        last = rest[_MAX_OTHERS].site
        found.append(Evidence(last.path, last.line, f"and {len(rest) - _MAX_OTHERS} more queries, the first of them here"))
    return found


def shortened(text: str) -> str:
    """The text of a query, as long as a message can bear.

    >>> shortened("select 1")
    '`select 1`'
    """
    return f"`{text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + '...'}`"
