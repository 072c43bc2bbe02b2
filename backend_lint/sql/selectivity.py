"""How much a condition narrows a table down, guessed from the schema alone: nothing is known of the rows."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from backend_lint.facts.query import TermKind
from backend_lint.facts.schema import Column, Dialect, Index, IndexKey, Table
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.clauses import EQUALITIES, RANGES, Clause, Conjunct, clauses_of
from backend_lint.sql.fits import plain_column
from backend_lint.sql.types import base, is_closed, is_date, is_integer, is_text


class Grade(enum.IntEnum):
    """How few rows a condition leaves. From `EQUAL` on so few that other tables should be reached from them; below `RANGE` too many to ask for an index."""

    NONE = 0
    """Nearly all rows: ``<>``, NOT IN, IS NOT NULL."""
    FEW_VALUES = 1
    """One of a few values, or null."""
    RANGE = 2
    """A range with one end: nobody knows."""
    BOUNDED = 3
    """A range with two ends, a pattern, a containment."""
    EQUAL = 4
    """Equality on a column of many values."""
    UNIQUE = 5


FRACTION = {Grade.NONE: 1.0, Grade.FEW_VALUES: 0.25, Grade.RANGE: 0.3, Grade.BOUNDED: 0.02, Grade.EQUAL: 0.002, Grade.UNIQUE: 0.00001}
COMPUTED = 0.005
"""For a value that is computed of a column: nothing is known of how it is spread, and planners take a fixed share."""
SELECTIVE = 0.02
"""The share of a table below which its rows should be looked up."""
_FEW_NAMES = lazy_regex(
    r"(?:^|_)(?:status|state|type|kind|gender|sex|priority|severity|level|role|currency|country|country_code|language|lang|locale|mode|visibility|plan|tier|stage|phase|rating|stars)(?:_id|_name|_cd|_code|_col)?$|(?:^|_)(?:plugin|provider|backend)(?:_name)?$"
    r"|^(?:is|has|can|should|was|allow|allows|needs)_|(?:^|_)(?:active|enabled|disabled|deleted|archived|published|visible|hidden|public|private|verified|flag)$"
)
_FEW_TEXTS = lazy_regex(r"(?:^|_)(?:category|categories)(?:_cd|_code|_col|_name)?$")
"""Names of texts that are one of a few; a number of that name refers to a row."""
_NOT_FEW = lazy_regex(r"uuid|text|varchar|char")
_FEW_EXPRESSIONS = lazy_regex(
    r"^\(?(?:extract\((?!epoch)|date_part\(|case "
    r"|(?:octet_)?length\(|mod\(|sign\(|jsonb?_typeof\(|cardinality\(|array_length\(|year\(|month\(|day\(|hour\()|^[^'(]* % "
)
_HELD = lazy_regex(r"= any\(\w+\)$")
"""A value in a column of lists."""
_BOUNDED = frozenset("like ilike ~ ~* @> <@ && ? ?| ?& @@ % @? << >> overlaps <<= >>= ~= <% %> ^@".split()) | {"similar to"}
SEARCHES = ("strpos(", "instr(", "locate(", "position(")
"""Functions that tell where a text stands in another one."""
ASSUMED_ROWS = 100_000
_SMALL = lazy_regex(r"-\d+|\d|1\d|0\.0+")
"""Bounds beyond which nearly everything lies: ``quantity > 0``."""
_WHOLE = lazy_regex(r"-?\d{1,15}")
_CLOSE = 100
"""How far apart two whole numbers are between which there are as few as of one value."""
_FOREVER_SMALL = 500
"""A table of at most so many rows is read whole by any planner."""
_SHARED_NAMES = lazy_regex(
    r"(?:^|_)(?:city|town|region|province|district|area|zone|timezone|site|category|genre|topic|subject|brand|make|model|vendor|supplier|manufacturer|colou?r|size"
    r"|unit|department|team|group|section|block|floor|source|channel|campaign|platform|browser|os|version|label|season|grade|class|job|position|operator"
    r"|first_?name|last_?name|surname|reason|action|event|verb|method)$"
)
"""Texts that many rows share, though their values are no closed set."""


def small(table: Table) -> bool:
    """The table stays so small that reading it whole is right."""
    return table.seeded or (table.rows is not None and table.rows <= _FOREVER_SMALL)


def few_values(column: Column) -> bool:
    """Whether only few values occur in a column: by its type, or by what its name says."""
    if column.closed or is_closed(column.type):
        return True
    match = _FEW_NAMES.search(column.name.lower())
    if match is None and is_text(column.type):
        match = _FEW_TEXTS.search(column.name.lower())
    if match is None or base(column.type) == "uuid":
        return False
    # is_, has_ and adjectives are flags only as numbers; texts of that name are names
    return not (_NOT_FEW.search(column.type) and (match.start() == 0 and match.group().endswith("_"))) and not column.name.lower().endswith("token")


def share_of_few(columns: Iterable[Column | None]) -> float | None:
    """The share of a table that one value of each of these columns leaves, where all of them are closed sets; None if one of them is not.

    A flag is true or false; what else has few values has five of them.
    """
    share = 1.0
    for column in columns:
        if column is None or not few_values(column):
            return None
        share *= 0.5 if column.type in ("boolean", "bit(1)", "tinyint(1)") else 0.2
    return share


def unique_keys(index: Index, equal: frozenset[str]) -> bool:
    """Whether an index makes rows that are equal in `equal` one row."""
    return (
        index.unique and bool(index.keys) and all((key.column or key.expression) in equal for key in index.keys) and not any(key.length for key in index.keys)
    )


def grade(clause: Clause, table: Table | None) -> Grade:
    """What one condition does, on its own."""
    operator = clause.operator
    if operator in ("is null", "is true", "is false"):
        return Grade.FEW_VALUES
    if operator in EQUALITIES:
        return _equality(clause, table)
    if operator in RANGES:
        return Grade.BOUNDED if operator[0] == ">" and clause.key.startswith(SEARCHES) else Grade.RANGE
    if operator in _BOUNDED:
        return Grade.BOUNDED
    return Grade.NONE


def _equality(clause: Clause, table: Table | None) -> Grade:
    if not clause.column and _HELD.search(clause.key):
        return Grade.BOUNDED
    if clause.value.kind is TermKind.CONSTANT and clause.value.text in ("true", "false", "''"):
        return Grade.FEW_VALUES
    if not clause.column:
        inside = table.column(clause.term.columns[0]) if table is not None and len(clause.term.columns) == 1 else None
        few = (inside is not None and few_values(inside)) or _FEW_EXPRESSIONS.search(clause.key)
        return Grade.FEW_VALUES if few else _unique(clause.key, table, Grade.EQUAL)
    column = table.column(clause.column) if table is not None else None
    if column is not None and few_values(column):
        return _unique(clause.column, table, Grade.FEW_VALUES if clause.values < 3 else Grade.NONE)
    return _unique(clause.column, table, Grade.EQUAL)


def _unique(key: str, table: Table | None, otherwise: Grade) -> Grade:
    if table is None:
        return otherwise
    if table.primary_key == (key,):
        return Grade.UNIQUE
    equal = frozenset({key})
    return Grade.UNIQUE if any(unique_keys(index, equal) and index.where is None for index in table.indexes) else otherwise


def implicit_indexes(table: Table, dialect: Dialect) -> tuple[Index, ...]:
    """All indexes, with those that every such database makes by itself and the schema's source may not have said."""
    found = list(table.indexes)
    wanted = [(table.primary_key, True)] if table.primary_key else []
    if dialect is Dialect.MYSQL:
        wanted += [(foreign_key.columns, False) for foreign_key in table.foreign_keys if foreign_key.enforced]
    for columns, unique in wanted:
        if not any(index.where is None and not index.where_text and [key.column for key in index.keys[: len(columns)]] == list(columns) for index in found):
            found.append(Index("", tuple(IndexKey(column) for column in columns), unique=unique))
    return tuple(found)


def rows_per_value(available: Iterable[Conjunct], table: Table | None) -> float:
    """How many rows the conditions may leave, by the kind of the columns: one for a unique one, some for a reference, few for a text."""
    least = float(ASSUMED_ROWS)
    weak = 1.0
    for conjunct in available:
        clause = conjunct.clause
        if conjunct.arms:
            least = min(least, sum(rows_per_value(arm, table) for arm in conjunct.arms))
        if clause is None:
            continue
        found = grade(clause, table)
        if found < Grade.EQUAL:
            weak *= FRACTION[found]
            continue
        count = 1.0 if found is Grade.UNIQUE else usual_count(clause, table) if table is None or known(clause, table) else COMPUTED * ASSUMED_ROWS
        if clause.operator == "in":
            count *= clause.values if clause.values > 0 else 5
        least = min(least, count)
    return max(1.0, least * weak)


def usual_count(clause: Clause, table: Table | None) -> float:
    column = table.column(clause.column) if table is not None and clause.column else None
    if table is not None and any(clause.column in foreign_key.columns for foreign_key in table.foreign_keys):
        return 5.0
    if column is None or not column.type:
        return 10.0
    if is_date(column.type):
        return 50.0
    return 20.0 if is_integer(column.type) or base(column.type) in ("numeric", "decimal") else 2.0 if _SHARED_NAMES.search(column.name.lower()) else 1.0


def known(clause: Clause, table: Table) -> bool:
    """Whether the database keeps statistics of what is compared: a column, or what an index computes."""
    return bool(clause.column or plain_column(clause.key, table)) or any(key.expression == clause.key for index in table.indexes for key in index.keys)


def key_grades(clauses: Iterable[Clause], table: Table | None) -> dict[str, Grade]:
    """The grade of each key that is asked for: a range with both ends is one condition, ``quantity > 0`` is none."""
    grades: dict[str, Grade] = {}
    ends: dict[str, set[str]] = {}
    bounds: dict[str, list[int]] = {}
    for clause in clauses:
        found = grade(clause, table)
        if found is Grade.RANGE:
            if clause.value.kind is TermKind.CONSTANT and _WHOLE.fullmatch(clause.value.text):
                bounds.setdefault(clause.key, []).append(int(clause.value.text))
            ends.setdefault(clause.key, set()).add("all" if _beyond_small(clause) else clause.operator[0])
            continue
        grades[clause.key] = max(found, grades.get(clause.key, Grade.NONE))
    for key, found_ends in ends.items():
        found = Grade.NONE if found_ends == {"all"} else Grade.RANGE if len(found_ends) == 1 else Grade.BOUNDED
        if found is Grade.BOUNDED and len(inside := bounds.get(key, ())) == 2 and max(inside) - min(inside) <= _CLOSE:
            column = table.column(key) if table is not None else None
            found = Grade.EQUAL if column is not None and is_integer(column.type) and not few_values(column) else found
        grades[key] = max(found, grades.get(key, Grade.NONE))
    return grades


def _beyond_small(clause: Clause) -> bool:
    return clause.operator[0] == ">" and clause.value.kind is TermKind.CONSTANT and _SMALL.fullmatch(clause.value.text) is not None


def narrowed(available: Iterable[Conjunct], table: Table | None) -> tuple[Grade, float]:
    """The strongest of the conditions, and the share of the table that all of them leave."""
    available = tuple(available)
    equal = {clause.key for clause in clauses_of(available) if clause.single}
    grades = key_grades(clauses_of(available), table)
    best, share = Grade.NONE, 1.0
    for conjunct in available:
        if conjunct.arms:
            ways = [narrowed([one for one in arm if one.clause is None or not one.clause.others], table) for arm in conjunct.arms]
            best = max(best, min(way[0] for way in ways))
            share *= min(1.0, sum(way[1] for way in ways))
    computed = {clause.key for clause in clauses_of(available) if not clause.column}
    for key, found in grades.items():
        share *= COMPUTED if found is Grade.EQUAL and key in computed else FRACTION[found]
    best = max([best, *grades.values()])
    if table is not None and best < Grade.UNIQUE:
        keys = frozenset(equal)
        if any(unique_keys(index, keys) and index.where is None and not index.where_text for index in table.indexes):
            return Grade.UNIQUE, FRACTION[Grade.UNIQUE]
    return best, share
