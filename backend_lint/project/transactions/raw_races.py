"""Lost updates in plain SQL: a column is selected, a new value computed from it in Python, and written back by UPDATE."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import Body, Call
from backend_lint.facts.query import QuerySource, Rows, Site, TermKind, Verb
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.reach import is_aside
from backend_lint.project.transactions.locks import Locks
from backend_lint.project.uniqueness import results_of
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project

_FETCHES = frozenset({"fetchone", "fetchval", "fetch", "fetchall", "first", "one", "scalar", "scalar_one"})
_CALCULATES = frozenset({"Decimal", "int", "float", "round", "max", "min", "abs"})
_PLAIN = (QuerySource.SQL, QuerySource.FILE)


class RawRace(msgspec.Struct, frozen=True):
    """Column `column` of `table` is read at `read` and written at `write`."""

    key: FunctionKey
    read: Site
    write: Site
    table: str
    column: str


def raw_races(project: Project, locks: Locks) -> Iterator[RawRace]:
    """The first write after each read, in order of path and line."""
    if locks.is_serializable:
        return
    for site in project.queries.sites:
        if site.source not in _PLAIN or site.query.verb is not Verb.SELECT or site.function <= 0 or site.call < 0 or site.query.locks or site.variant:
            continue
        key = site.path, site.function
        if project.modules[site.path].role is not Role.APPLICATION or site.query.rows is Rows.MANY or len(site.query.relations) != 1:
            continue
        found = _after(project, key, site)
        if found is not None and not locks.held(key, site.call) and not is_aside(project, key) and project.entries.may_run_at_once(key):
            yield found


def _after(project: Project, key: FunctionKey, read: Site) -> RawRace | None:
    body = project.calls.body(key)
    read_columns = {term.column for term in read.query.selected if term.kind is TermKind.COLUMN}
    table = read.query.relations[0].table
    values = _values(body, read.call)
    for write in project.queries.at(*key):
        if write.source not in _PLAIN or write.query.verb is not Verb.UPDATE or write.call <= read.call or not write.query.relations:
            continue
        columns = [name for name in write.query.written if name in read_columns]
        if write.query.relations[0].table != table or not columns:
            continue
        call = body.calls[write.call]
        if any(_computed(body, text, values) for text in (*call.args[1:], *(text for _, text in call.keywords))):
            return RawRace(key, read, write, table, columns[0])
    return None


def _values(body: Body, number: int) -> frozenset[str]:
    """The calls that give the row: the statement's own, what is called on it, and what fetches from its cursor."""
    found = results_of(body, number)
    cursor = body.calls[number].callee.rpartition(".")[0]
    for index in range(number + 1, len(body.calls)):
        receiver, _, method = body.calls[index].callee.rpartition(".")
        if receiver == cursor and method in _FETCHES:
            found.add(index)
        elif receiver == cursor:
            break
    return frozenset(f"#{index}" for index in found)


def _computed(body: Body, text: str, values: frozenset[str], depth: int = 0) -> bool:
    for value in values:
        if value in text and re.search(rf"(?:[(+\-*/]{value}(?:\[[^\]]*\]|\.\w+)*[+\-*/]|[+\-*/]{value}(?![\d]))", text):
            return True
    for number in call_ids(text) if depth < 2 else ():
        call: Call | None = body.calls[number] if number < len(body.calls) else None
        if call is None or call.callee.rpartition(".")[2] not in _CALCULATES:
            continue
        if any(_computed(body, argument, values, depth + 1) for argument in call.args):
            return True
        taken = any(argument.startswith(value) and not argument[len(value) : len(value) + 1].isdigit() for argument in call.args for value in values)
        if taken and re.search(rf"(?:[(+\-*/]#{number}[+\-*/]|[+\-*/]#{number}(?!\d))", text):
            return True
    return False
