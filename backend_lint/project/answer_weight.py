"""How much one query's want of an index counts: what tells its rows apart, and what an index that exists does for it already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.query import Or, TermKind, Verb
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.asked_columns import asked_columns
from backend_lint.sql.conditions import comparisons, required
from backend_lint.sql.selectivity import few_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backend_lint.facts.query import Query, Site
    from backend_lint.facts.schema import Table
    from backend_lint.project import Project
    from backend_lint.project.answers import Answer

_SHARED = lazy_regex(r"(?:^|_)(?:action|event|method|year|month|gender|country|language|locale|version)s?$")
"""Names of columns in which many rows have the same value, though it is no closed list."""
_CACHES = lazy_regex(r"(?:^|[._])(?:\w+_)?(?:cached?|memoized?)(?:_\w+)?(?:$|\W)")
_MOST_KEYS = 3
"""Columns of an index that one would make for a query or two."""


def tests_strongly(answer: Answer, table: Table) -> bool:
    """What is tested row by row is an equality with a value of many, known only at run time, which the missing index begins with."""
    keys = {key.column for key in answer.access.candidate.keys} if answer.access.candidate is not None else set()
    for one in required(answer.query.where):
        column = table.column(one.left.column) if one.left.kind is TermKind.COLUMN and one.left.relation == answer.access.relation else None
        if column is not None and column.name in keys and one.operator in ("=", "in") and one.right.kind is not TermKind.CONSTANT and not few_values(column):
            return True
    return False


def is_followed(project: Project, answer: Answer) -> bool:
    """All that the query asks is seen, one index serves it, and it is a search: for a value of many, or a range with two ends, known only at run time."""
    site, access = answer.site, answer.access
    if answer.query.verb is Verb.DELETE or access.further or access.range_only or answer.table is None or _is_cached(project, site):
        return False
    if not site.evaluated and not _is_answer_of_view(project, site):
        return False
    if not _is_asked_every_time(project, answer):
        return False
    keys = {key.column for key in access.candidate.keys} if access.candidate is not None else set()
    asked = list(comparisons(answer.query.where))
    for one in asked:
        column = answer.table.column(one.left.column) if one.left.kind is TermKind.COLUMN and one.left.relation == access.relation else None
        if column is not None and column.name in keys and one.right.kind is not TermKind.CONSTANT and not few_values(column):
            return _SHARED.search(column.name) is None
    return access.joined and (bool(asked) or answer.query.limit is not None)  # else all rows of both tables are wanted


def _is_asked_every_time(project: Project, answer: Answer) -> bool:
    """No other way of the query leaves out all that the missing index is about, and none has parts that are not seen: callers choose among filters.

    Nor does the function read the whole table where it does not ask.
    """
    if any(_is_whole(one.query, answer.access.table) for one in project.queries.at(answer.site.path, answer.site.function)):
        return False
    mine = set(_conditions(answer.query))
    keys = {(answer.access.table, key.column) for key in answer.access.candidate.keys} if answer.access.candidate is not None else set()
    for other in project.queries.ways_of(answer.site):
        if other.query.unknown or ((theirs := set(_conditions(other.query))) < mine and keys.isdisjoint(theirs)):
            return False
    return True


def _is_whole(query: Query, table: str) -> bool:
    asks = query.where is not None or query.limit is not None or query.aggregate or query.grouped or query.unknown
    return not asks and query.verb is Verb.SELECT and [one.table for one in query.relations] == [table]


def _conditions(query: Query) -> Iterator[tuple[str, str]]:
    """Tables and columns of what a query and its subqueries compare."""
    for one in comparisons(query.where):
        for term in (one.left, one.right):
            if term.kind is TermKind.COLUMN and 0 <= term.relation < len(query.relations):
                yield query.relations[term.relation].table, term.column
    for inner in query.subqueries:
        yield from _conditions(inner)


def _is_cached(project: Project, site: Site) -> bool:
    """What the function answers is kept for a while: the query runs seldom."""
    if site.function < 0:
        return False
    head = project.modules[site.path].functions[site.function]
    outer = project.modules[site.path].bodies[head.scope].calls
    names = (outer[int(text[1:])].callee if text[:1] == "#" and text[1:].isdigit() else text for text in head.decorators)
    return any(map(_CACHES.search, names))


def _is_answer_of_view(project: Project, site: Site) -> bool:
    """``get_queryset`` of a view makes it, and adds nothing to it through an attribute."""
    if site.function < 0 or not site.symbol.endswith(".get_queryset"):
        return False
    results = {f"#{site.call}"}
    return not any(one.value in results and "." in one.target for one in project.modules[site.path].bodies[site.function].assigns)


def is_consumed(project: Project, site: Site) -> bool:
    """The function deletes the row that the query finds: those that wait are few."""
    if site.function < 0 or site.call < 0:
        return False
    body = project.modules[site.path].bodies[site.function]
    names = {f"#{site.call}"}
    names |= {one.target for one in body.assigns if one.value in names}
    if any(call.callee == f"{name}.delete" for call in body.calls for name in names):
        return True
    return any(call.callee.endswith(("session.delete", "db.delete")) and call.args and call.args[0] in names for call in body.calls)


def is_weak(answer: Answer, asks_on: bool) -> bool:
    """It depends on the rows whether an index pays. `asks_on`: the program asks again and again."""
    access = answer.access
    keys = access.candidate.keys if access.candidate is not None else ()
    wide = len(keys) > 1
    if (wide and any(key.expression for key in keys)) or len(keys) > _MOST_KEYS:
        return True
    if (access.partly and not _of_few(answer)) or (wide and any("another way of the OR" in reason.why for reason in access.reasons)):
        return True
    walked = is_walked(answer) and answer.table is not None and not tests_strongly(answer, answer.table)
    return not asks_on and (access.range_only or walked or _asks_for_most(answer))


def _asks_for_most(answer: Answer) -> bool:
    """All that is asked of the columns is null or not, a flag, or a range with one end."""
    access, ends = answer.access, dict[str, set[str]]()
    if access.joined or access.order or answer.query.order or isinstance(answer.query.where, Or):
        return False
    if access.candidate is None or access.candidate.method != "btree":
        return False
    names = {key.column for key in access.candidate.keys}
    for one in required(answer.query.where):
        for term in (one.left, one.right):
            column = answer.table.column(term.column) if answer.table is not None and term.relation == access.relation and term.column in names else None
            if column is None or few_values(column) or one.operator.startswith(("is ", "<>", "not ")):
                continue
            ends.setdefault(column.name, set()).add(one.operator[0])
            if one.operator[0] not in "<>" or len(ends[column.name]) > 1:
                return False
    return bool(ends) or all(key.column for key in access.candidate.keys)


def _of_few(answer: Answer) -> bool:
    """The index that leads to a part holds one of a few values, such as the kind of what a generic key refers to."""
    assert answer.table is not None
    used = [index for index in answer.table.indexes if index.name == answer.access.index]
    return bool(used) and all((column := answer.table.column(key.column)) is not None and few_values(column) for index in used for key in index.keys)


def tells_better(answer: Answer) -> bool:
    """It asks for equality on a column of many values that is no foreign key, and for which an index should be made."""
    table = answer.table
    assert table is not None
    keys = {name for key in table.foreign_keys for name in key.columns}
    written = {one.left.column for one in comparisons(answer.query.where) if one.right.kind is TermKind.CONSTANT}  # zero, or another kind of row
    columns = map(table.column, compared(answer) & set(answer.access.columns) - keys - written)
    return any(column is not None and not few_values(column) for column in columns)


def is_walked(answer: Answer) -> bool:
    """An index has the order that a limit cuts: the rows are walked in it, and those that do not match are stepped over."""
    query, table = answer.query, answer.table
    if query.limit is None or not query.order or table is None or query.distinct or query.grouped:
        return False
    wanted = [(key.term.column, key.descending) for key in query.order]
    against = [(name, not descending) for name, descending in wanted]
    for index in table.indexes:
        held = [(key.column, key.descending) for key in index.keys[: len(wanted)]]
        if index.method == "btree" and not index.where_text and wanted[0][0] and held in (wanted, against):
            return True
    return False


def compared(answer: Answer) -> set[str]:
    """The columns of an answer's table that its query compares for equality."""
    return {column for table, column in asked_columns(answer.query) if table == answer.access.table}
