"""Why an index that exists does not serve: half a sentence for a message."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lint.facts.access import Reason
from backend_lint.facts.schema import Dialect, Index, IndexKey, Table
from backend_lint.sql.clauses import Clause, Conjunct, all_clauses
from backend_lint.sql.fits import fitting
from backend_lint.sql.implication import implied
from backend_lint.sql.match import Demand
from backend_lint.sql.selectivity import implicit_indexes

MOST = 12
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def index_name(index: Index) -> str:
    """Its name, or its keys in brackets."""
    return index.name or f"({', '.join(key_name(key) for key in index.keys)})"


def key_name(key: IndexKey) -> str:
    """The column or the expression."""
    return key.column or key.expression


def reasons(demand: Demand) -> tuple[Reason, ...]:
    """A reason for each index of the table, at most `MOST`."""
    clauses = list(all_clauses(demand.available))
    found = [Reason(index_name(index), _why(index, clauses, demand)) for index in implicit_indexes(demand.table, demand.dialect)]
    return tuple(found[:MOST])


def leads_elsewhere(demand: Demand) -> str:
    """The first index that holds an asked column, though not in front; empty if none does."""
    keys = {clause.column for clause in all_clauses(demand.available) if clause.column}
    for index in implicit_indexes(demand.table, demand.dialect):
        if index.method in ("btree", "") and index.where is None and any(key.column in keys for key in index.keys[1:]):
            return index_name(index)
    return ""


def _why(index: Index, clauses: Sequence[Clause], demand: Demand) -> str:
    if not index.usable:
        return "its condition or its keys were not understood"
    if index.where is not None or index.where_text:
        known = [one.predicate for one in demand.proofs if one.predicate is not None]
        if index.where is None or not implied(index.where, known, demand.dialect is not Dialect.SQLITE):
            return f"its condition {index.where_text} does not follow from the query"
    ways = [one for one in demand.available if one.arms]
    for position, key in enumerate(index.keys):
        for clause in clauses:
            found = fitting(index, key, clause, demand.table, demand.dialect)
            if found.why:
                return found.why
            if found.fit:
                if position and index.method in ("btree", ""):
                    first = key_name(index.keys[0])
                    ordinal = _ORDINALS[position] if position < len(_ORDINALS) else "last"
                    return f"{key_name(key)} is its {ordinal} column, and {first}, its first, is not asked for"
                if ways and not any(clause is one.clause for one in demand.available):
                    return f"it serves {key_name(key)}, but another way of the OR has no index"
                return "it leaves too many rows" if found.sure else "that depends on the value"
    return _about_other_things(index, clauses, demand.table, demand)


def _about_other_things(index: Index, clauses: Sequence[Clause], table: Table, demand: Demand) -> str:
    first = index.keys[0] if index.keys else None
    if first is None:
        return "it has no keys"
    for clause in clauses:
        if clause.column and first.expression and _holds(first.expression, clause.column):
            return f"it indexes {first.expression}, the query compares {clause.column}"
        if not clause.column and first.column and first.column in (clause.term.columns or (clause.term.column,)):
            return f"it indexes {first.column}, the query compares {clause.key}"
        if not clause.column and first.expression and set(clause.term.columns) & _words(first.expression):
            return f"it indexes {first.expression}, the query compares {clause.key}"
        if clause.column and clause.column in index.include:
            return f"{clause.column} is only carried along in it (INCLUDE)"
    if demand.order:
        wanted = demand.order[0].term
        text = wanted.column or wanted.text
        if any(key_name(key) == text for key in index.keys):
            return f"it does not deliver the order by {text}: directions, nulls or columns in front differ"
        if not clauses:
            return f"it is not ordered by {text}"
    asked = _listed([clause.key for clause in clauses])
    return f"it does not hold {asked}" if asked else "nothing it holds is asked for"


def _words(expression: str) -> set[str]:
    return set("".join(sign if sign.isalnum() or sign == "_" else " " for sign in expression).split())


def _holds(expression: str, column: str) -> bool:
    return column in _words(expression)


def _listed(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(name for name in names if name))
    if len(unique) > 3:
        unique = [*unique[:3], "..."]
    return " or ".join(unique)


def conjunct_columns(conjuncts: Sequence[Conjunct]) -> tuple[str, ...]:
    """Columns and expressions whose conditions are to be served: equality first."""
    clauses = list(all_clauses(conjuncts))
    equal = [clause.key for clause in clauses if clause.single or clause.operator == "in"]
    return tuple(dict.fromkeys([*equal, *(clause.key for clause in clauses)]))


def dialect_name(dialect: Dialect) -> str:
    """For messages."""
    return {Dialect.POSTGRESQL: "PostgreSQL", Dialect.MYSQL: "MySQL", Dialect.SQLITE: "SQLite", Dialect.ORACLE: "Oracle", Dialect.MSSQL: "SQL Server"}[dialect]
