"""The smallest index that would serve conditions that none serves: equality columns first, then one range or the order."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backend_lint.facts.access import Candidate
from backend_lint.facts.query import OrderKey
from backend_lint.facts.schema import Dialect, IndexKey, Table
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.clauses import EQUALITIES, RANGES, Clause, Conjunct
from backend_lint.sql.fits import PATTERNS, converted, same_key
from backend_lint.sql.long_texts import is_long_text, is_wide
from backend_lint.sql.match import MOST_ORS, Demand, beside, way_match
from backend_lint.sql.nearest import candidate, distance
from backend_lint.sql.patterns import pattern
from backend_lint.sql.selectivity import SEARCHES, Grade, grade, narrowed, rows_per_value
from backend_lint.sql.types import base, is_array, is_text

MOST_COLUMNS = 3
"""Of equality: a fourth narrows nothing down."""
_FEW_TO_SORT = 2
"""Rows that need no index to stand in an order."""
MOST_WAYS = 6
"""Of an OR, each of which would need an index of its own."""
_PASSWORD = lazy_regex(r"(?:^|_)passw(?:or)?d", re.IGNORECASE)
"""Compared beside a name, which finds the row: no index should hold it."""
_STABLE = lazy_regex(
    r"\b(?:to_char|now|age|concat|concat_ws|to_date|to_timestamp|unaccent|random|current_\w+|localtime\w*|to_tsvector\((?!'))\b|::(?:date|timestamptz?|time|regclass)\b"
)
_AMBIGUOUS = lazy_regex(r"\b(?:substring|length|power|ceil)\(")
"""Functions of several names under one spelling: an index on one of them does not serve the other."""
_ON_ZONE = lazy_regex(r"\b(?:date_trunc|extract|date_part)\(|::(?:date|text|varchar|timestamp|time)\b")
_ZONED = lazy_regex(r"\b(\w+) at time zone\b")
_TO_TEXT = lazy_regex(r"\b(\w+)::(?:text|varchar)\b")


def changes_by_session(condition: str) -> bool:
    """Whether the text of a condition holds what the session's settings decide, such as the day of a point in time: no index can hold that."""
    return _STABLE.search(condition) is not None


def candidates(demand: Demand) -> tuple[Candidate, ...]:
    """The indexes that are missing: one, or for an OR one for each way that has none. Empty if no index would serve, or none that we know how to make."""
    clauses = [one.clause for one in demand.available if one.clause is not None]
    if not clauses and (nearest := candidate(demand.table, demand.order)) is not None:
        return (nearest,) if demand.dialect is Dialect.POSTGRESQL else ()
    alone = _for_clauses(clauses, demand, demand.order)
    if alone is not None and not _worth(alone, clauses, demand):
        alone = None
    if alone is not None and _strength(alone, clauses, demand) >= Grade.EQUAL:
        return (alone,)
    strength = _strength(alone, clauses, demand) if alone is not None else Grade.FEW_VALUES
    for conjunct in [one for one in demand.available if one.arms][:MOST_ORS]:
        if narrowed([conjunct], demand.table)[0] > strength:
            ways = _for_ways(conjunct, demand)
            if ways:
                return ways
    return (alone,) if alone is not None else ()


def _worth(candidate: Candidate, clauses: Sequence[Clause], demand: Demand) -> bool:
    """An index on few values does not help a condition that is stronger, but cannot be indexed."""
    asked = max((grade(clause, demand.table) for clause in clauses), default=Grade.NONE)
    held = {key.column or key.expression for key in candidate.keys}
    ordered = any((key.term.column or key.term.text) in held for key in demand.order)
    return ordered or asked < Grade.BOUNDED or _strength(candidate, clauses, demand) >= Grade.RANGE


def _strength(candidate: Candidate, clauses: Sequence[Clause], demand: Demand) -> Grade:
    return max(
        (grade(clause, demand.table) for clause in clauses if any(same_key(key, clause, demand.table) for key in candidate.keys)),
        default=Grade.NONE,
    )


def _for_ways(conjunct: Conjunct, demand: Demand) -> tuple[Candidate, ...]:
    if len(conjunct.arms) > MOST_WAYS * 4:
        return ()
    others = beside(conjunct, demand.available)
    found: list[Candidate] = []
    for arm in conjunct.arms:
        own = tuple(one for one in arm if one.clause is None or not one.clause.others)
        if way_match(own, others, others, demand) is not None:
            continue
        made = _for_clauses([one.clause for one in own if one.clause is not None], demand, ())
        if made is None:
            return ()
        if made not in found:
            found.append(made)
    return tuple(found) if len(found) <= MOST_WAYS else ()


def _for_clauses(clauses: Sequence[Clause], demand: Demand, order: Sequence[OrderKey]) -> Candidate | None:
    table = demand.table
    indexable = [clause for clause in clauses if _indexable(clause, table, demand.dialect)]
    usable = [clause for clause in indexable if not is_long_text(table, clause.column) and not _PASSWORD.search(clause.column)]
    equal = _distinct([clause for clause in usable if clause.operator in EQUALITIES or clause.operator in ("is null", "is true", "is false")])
    strong = [clause for clause in equal if grade(clause, table) >= Grade.EQUAL]
    weak = [clause for clause in equal if clause not in strong and clause.single]
    strong = [clause for clause in strong if not is_wide(table, clause.column)] or strong
    keys = [_key(clause) for clause in strong[:MOST_COLUMNS]]
    held = {key.column or key.expression for key in keys}
    tail = (
        _order_keys(order, {clause.key for clause in equal if clause.single}, held, demand)
        if order and all(clause.single for clause in strong[:MOST_COLUMNS])
        else ()
    )
    if keys and tail and rows_per_value(demand.available, table) <= _FEW_TO_SORT:
        tail = ()
    ranges = _distinct([clause for clause in usable if clause.operator in RANGES and clause.key not in held])
    if not keys:
        special = _special(indexable, demand)
        if special is None:
            special = _hashed(indexable, demand)
        if special is not None and not tail:
            return special
        keys = [_key(clause) for clause in weak[:MOST_COLUMNS]] if tail or ranges or (weak and not order) else []
        held = {key.column or key.expression for key in keys}
    if tail:
        keys += [key for key in tail if (key.column or key.expression) not in held]
    elif ranges:
        keys += [_key(_best_range(ranges, usable))]
    elif not keys:
        return None
    else:
        keys += _prefix_key(usable, held, demand)
    return Candidate(table.name, tuple(keys)) if keys else None


def _hashed(clauses: Sequence[Clause], demand: Demand) -> Candidate | None:
    """For equality with a long text: its hash is short."""
    if demand.dialect is not Dialect.POSTGRESQL:
        return None
    wanted = next((one for one in clauses if one.operator in EQUALITIES and is_long_text(demand.table, one.column)), None)
    return Candidate(demand.table.name, (_key(wanted),), "hash") if wanted is not None and grade(wanted, demand.table) >= Grade.EQUAL else None


def _best_range(ranges: Sequence[Clause], usable: Sequence[Clause]) -> Clause:
    """A range with both ends before one with one end."""
    return max(ranges, key=lambda clause: sum(other.key == clause.key and other.operator in RANGES for other in usable))


def _special(usable: Sequence[Clause], demand: Demand) -> Candidate | None:
    """For conditions that no order serves: patterns, containment, full text."""
    for clause in usable:
        if clause.operator in PATTERNS:
            prefix = _prefix_key([clause], set(), demand)
            if prefix:
                return Candidate(demand.table.name, tuple(prefix))
            if demand.dialect is Dialect.POSTGRESQL and pattern(clause.value, clause.operator).trigrams:
                return Candidate(demand.table.name, (_key(clause, "gin_trgm_ops"),), "gin")
        elif demand.dialect is Dialect.POSTGRESQL and clause.operator in ("@>", "<@", "&&", "?", "?|", "?&", "@@", "@?", "<<", ">>", "overlaps"):
            made = _containment(clause, demand.table)
            if made is not None:
                return made
    return None


def _containment(clause: Clause, table: Table) -> Candidate | None:
    column = table.column(clause.column) if clause.column else None
    type_ = column.type if column is not None else ""
    if base(type_) == "jsonb" or "->" in clause.key:
        if clause.operator in ("@>", "?", "?|", "?&", "@?", "@@"):
            return Candidate(table.name, (_key(clause, "jsonb_path_ops" if clause.operator in ("@>", "@?", "@@") else ""),), "gin")
        return None
    if is_array(type_):
        return Candidate(table.name, (_key(clause),), "gin") if clause.operator in ("@>", "&&") else None
    if clause.operator == "@@":
        return Candidate(table.name, (_key(clause),), "gin")
    return Candidate(table.name, (_key(clause),), "gist") if base(type_).endswith("range") else None


def _prefix_key(usable: Sequence[Clause], held: set[str], demand: Demand) -> list[IndexKey]:
    for clause in usable:
        if clause.operator not in PATTERNS or clause.key in held or pattern(clause.value, clause.operator).begins is not True:
            continue
        if is_long_text(demand.table, clause.column):
            continue
        if demand.dialect is Dialect.SQLITE:
            return [IndexKey(clause.column, "" if clause.column else clause.key, collation="NOCASE")]
        column = demand.table.column(clause.column) if clause.column else None
        opclass = "bpchar_pattern_ops" if column is not None and base(column.type) == "char" else "text_pattern_ops"
        return [_key(clause, opclass if demand.dialect is Dialect.POSTGRESQL else "")]
    return []


def _order_keys(order: Sequence[OrderKey], constant: set[str], held: set[str], demand: Demand) -> tuple[IndexKey, ...]:
    """The keys that deliver an order; reversed if that needs no directions. Empty if one of them cannot be held."""
    keys = []
    if any(distance(key) is not None for key in order):
        return ()
    for key in order:
        column = key.term.column if not key.term.cast else ""
        text = column or key.term.text
        if text in constant or text in held:
            continue
        if not text or (not column and not immutable(text, demand.table)) or is_long_text(demand.table, column):
            return ()
        default = key.descending
        nulls = key.nulls_first if demand.dialect is Dialect.POSTGRESQL and key.nulls_first is not None and key.nulls_first != default else None
        keys.append(IndexKey(column, "" if column else text, descending=key.descending, nulls_first=nulls))
        if column and demand.table.primary_key == (column,):
            break
    if keys and all(key.descending and key.nulls_first is None for key in keys):
        keys = [IndexKey(key.column, key.expression) for key in keys]
    return tuple(keys)


def _distinct(clauses: Sequence[Clause]) -> list[Clause]:
    return list({clause.key: clause for clause in reversed(clauses)}.values())[::-1]


def _key(clause: Clause, opclass: str = "") -> IndexKey:
    return IndexKey(clause.column, "" if clause.column else clause.key, opclass=opclass, collation=clause.term.collation)


def _indexable(clause: Clause, table: Table, dialect: Dialect) -> bool:
    if clause.column:
        column = table.column(clause.column)
        if column is None and table.columns:
            return False
        if column is not None and converted(column, clause, dialect):
            return False
        if column is not None and clause.operator in EQUALITIES | RANGES and base(column.type) in ("json", "xml", "point", "blob"):
            return False
        return not (dialect is Dialect.MYSQL and column is not None and is_text(column.type) and "text" in base(column.type))
    return dialect is not Dialect.MSSQL and not clause.key.startswith(SEARCHES) and immutable(clause.key, table)


def immutable(text: str, table: Table) -> bool:
    """Whether an expression may be indexed: its value does not depend on settings such as the time zone."""
    if _STABLE.search(text) and not (_only_dates(text, table) and not re.search(r"\b(?:now|to_char|random|current_\w+|concat\w*|unaccent)\b", text)):
        return False
    if _ON_ZONE.search(text):
        for column in table.columns:
            moments = ("timestamptz", "timetz", "date") if "date_trunc(" in text else ("timestamptz", "timetz")  # of a date it makes a moment first
            if re.search(rf"\b{re.escape(column.name)}\b", text) and base(column.type) in moments:
                return False
    for name in _TO_TEXT.findall(text):
        found = table.column(name)
        if found is not None and base(found.type) in ("timestamptz", "timestamp", "date", "time", "jsonb", "json", "real", "double precision"):
            return False
        if found is not None and found.closed:
            return False
    for name in _ZONED.findall(text):
        found = table.column(name)
        if _ON_ZONE.search(text) and found is not None and base(found.type) == "timestamp":
            return False  # it has become a moment, whose day depends on the session
    if _AMBIGUOUS.search(text):
        return False
    return "?" not in re.sub(r"'[^']*'", "", text)


def _only_dates(text: str, table: Table) -> bool:
    """What is cast to a date is a timestamp without a zone."""
    touched = [column for column in table.columns if re.search(rf"\b{re.escape(column.name)}\b", text)]
    return bool(touched) and all(base(column.type) in ("timestamp", "date") for column in touched)
