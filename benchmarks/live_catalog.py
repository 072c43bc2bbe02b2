"""Reads the catalog of a PostgreSQL database as tables of `facts.schema`, and says where two sets of tables differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.query import Term
from backend_lint.facts.schema import Column, Dialect, ForeignKey, Index, Table
from backend_lint.sql.conditions import mapped, predicate_text
from backend_lint.sql.ddl import changes
from backend_lint.sql.types import canonical_type

if TYPE_CHECKING:
    import psycopg

_TABLES = """
select c.oid, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p') order by c.relname
"""
_COLUMNS = """
select attrelid, attname,
       format_type(case when t.typtype = 'd' then t.typbasetype else atttypid end, case when t.typtype = 'd' then t.typtypmod else atttypmod end), attnotnull,
       attidentity <> '' or coalesce(pg_get_expr(d.adbin, d.adrelid), '') like 'nextval%%',
       pg_get_expr(d.adbin, d.adrelid), attgenerated <> ''
from pg_attribute a join pg_type t on t.oid = atttypid left join pg_attrdef d on d.adrelid = attrelid and d.adnum = attnum
where attnum > 0 and not attisdropped and attrelid = any(%s) order by attrelid, attnum
"""
_INDEXES = """
select i.indrelid, c.relname, pg_get_indexdef(i.indexrelid), i.indisunique, i.indisprimary, k.contype
from pg_index i join pg_class c on c.oid = i.indexrelid left join pg_constraint k on k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
where i.indrelid = any(%s) order by i.indrelid, c.relname
"""
_KEYS = """
select k.conrelid, k.conname, t.relname,
  (select array_agg(attname order by ord) from unnest(k.conkey) with ordinality u(n, ord) join pg_attribute a on attrelid = k.conrelid and attnum = n),
  (select array_agg(attname order by ord) from unnest(k.confkey) with ordinality u(n, ord) join pg_attribute a on attrelid = k.confrelid and attnum = n)
from pg_constraint k join pg_class t on t.oid = k.confrelid where k.contype = 'f' and k.conrelid = any(%s) order by k.conrelid, k.conname
"""


class Difference(NamedTuple):
    """One difference: `kind` is ``table``, ``column``, ``primary key``, ``index``, ``index name``, ``foreign key``; `ours` and `real` are texts, empty if it is
    not there."""

    kind: str
    table: str
    name: str
    ours: str
    real: str

    @property
    def untold(self) -> bool:
        """The map says that it does not know: a type or a length is open."""
        return self.kind == "column" and bool(self.ours) and (self.ours.startswith(" ") or "?" in self.ours)


class Count(NamedTuple):
    """How many there are really, and how many of them are told exactly."""

    real: int
    equal: int


def read(connection: psycopg.Connection[Any]) -> dict[str, Table]:
    """The tables of the schema ``public`` by name."""
    tables = {oid: name for oid, name in connection.execute(_TABLES).fetchall()}  # noqa: C416
    oids = list(tables)
    columns: dict[int, list[Column]] = {oid: [] for oid in oids}
    for oid, name, type_, required, auto, default, generated in connection.execute(_COLUMNS, (oids,)).fetchall():
        columns[oid].append(Column(name, canonical_type(type_), not required, None if auto else default, bool(auto), generated=bool(generated)))
    indexes: dict[int, list[Index]] = {oid: [] for oid in oids}
    primary: dict[int, tuple[str, ...]] = {}
    for oid, name, definition, unique, is_primary, constraint in connection.execute(_INDEXES, (oids,)).fetchall():
        index = _index(definition, tables[oid])
        if index is None:
            raise ValueError(f"an index definition that is not understood: {definition}")
        indexes[oid].append(replace(index, name=name, unique=unique, constraint=bool(constraint)))
        if is_primary:
            primary[oid] = tuple(key.column for key in index.keys)
    keys: dict[int, list[ForeignKey]] = {oid: [] for oid in oids}
    for oid, name, target, own, other in connection.execute(_KEYS, (oids,)).fetchall():
        keys[oid].append(ForeignKey(name, tuple(own), target, tuple(other)))
    return {
        name: Table(name, tuple(columns[oid]), primary.get(oid, ()), tuple(indexes[oid]), tuple(keys[oid]), source="postgresql") for oid, name in tables.items()
    }


def _index(definition: str, table: str) -> Index | None:
    found, _ = changes(re.sub(r"\bpublic\.", "", definition), Dialect.POSTGRESQL)
    return next((change.index for change in found if isinstance(change, ddl.AddIndex)), None)


def index_text(index: Index) -> str:
    """An index without its name, for comparison."""
    keys = []
    for key in index.keys:
        text = key.column or key.expression
        nulls = "" if key.nulls_first is None or key.nulls_first == key.descending else f" nulls {'first' if key.nulls_first else 'last'}"
        keys.append(f"{text}{f' {key.opclass}' if key.opclass else ''}{' desc' if key.descending else ''}{nulls}")
    where = f" where {index.where_text}" if index.where_text else ""
    include = f" include ({', '.join(index.include)})" if index.include else ""
    distinct = "" if index.nulls_distinct else " nulls not distinct"
    return f"{'unique ' if index.unique else ''}{index.method} ({', '.join(keys)}){include}{distinct}{where}"


def column_text(column: Column, numbered: bool = True) -> str:
    """A column without its name; `numbered`: with what the database does to number it."""
    null = {True: "null", False: "not null", None: "?"}[column.nullable]
    return f"{column.type} {null}{' auto' if column.auto and numbered else ''}"


def _where(index: Index) -> str:
    """The condition without the casts to text that PostgreSQL writes."""

    def plain(term: Term) -> Term:
        return replace(term, cast="" if term.cast in ("text", "varchar") else term.cast, type="", text=term.text.replace("::text", ""))

    return predicate_text(mapped(index.where, plain)) if index.where is not None else index.where_text


def differences(ours: Mapping[str, Table], real: Mapping[str, Table], numbered: bool = True) -> Iterator[Difference]:
    """Where tables differ. Tables that are only real are differences too: hand in what is to be compared. `numbered` as for `column_text`."""
    for name in sorted({*ours, *real}):
        if name not in ours or name not in real:
            yield Difference("table", name, "", "table" if name in ours else "", "table" if name in real else "")
            continue
        yield from _columns(ours[name], real[name], numbered)
        if ours[name].primary_key != real[name].primary_key:
            yield Difference("primary key", name, "", ", ".join(ours[name].primary_key), ", ".join(real[name].primary_key))
        yield from _indexes(ours[name], real[name])
        yield from _foreign_keys(ours[name], real[name])


def _columns(ours: Table, real: Table, numbered: bool) -> Iterator[Difference]:
    mine, theirs = ({one.name: column_text(one, numbered) for one in table.columns} for table in (ours, real))
    for name in sorted({*mine, *theirs}):
        if mine.get(name) != theirs.get(name):
            yield Difference("column", ours.name, name, mine.get(name, ""), theirs.get(name, ""))


def _indexes(ours: Table, real: Table) -> Iterator[Difference]:
    left, right = list(ours.indexes), list(real.indexes)
    for index in list(left):
        twin = next((one for one in right if one.name == index.name and _same(index, one)), None)
        if twin is not None:
            left.remove(index)
            right.remove(twin)
    for index in list(left):
        twin = next((one for one in right if _same(index, one)), None)
        if twin is not None:
            left.remove(index)
            right.remove(twin)
            yield Difference("index name", ours.name, index_text(index), index.name, twin.name)
    for index in left:
        yield Difference("index", ours.name, index.name, index_text(index), "")
    for index in right:
        yield Difference("index", ours.name, index.name, "", index_text(index))


def _same(one: Index, other: Index) -> bool:
    if (one.where is None) != (other.where is None) or not one.usable:
        return False
    plain = Index("", one.keys, one.unique, None, "", one.include, one.method, nulls_distinct=one.nulls_distinct)
    twin = Index("", other.keys, other.unique, None, "", other.include, other.method, nulls_distinct=other.nulls_distinct)
    return index_text(plain) == index_text(twin) and (one.where_text == other.where_text or _where(one) == _where(other))


def _foreign_keys(ours: Table, real: Table) -> Iterator[Difference]:
    mine = {(one.name, one.columns, one.table, one.to_columns) for one in ours.foreign_keys if one.enforced}
    theirs = {(one.name, one.columns, one.table, one.to_columns) for one in real.foreign_keys}
    for key in sorted(mine ^ theirs):
        text = f"{key[0]} ({', '.join(key[1])}) -> {key[2]} ({', '.join(key[3])})"
        yield Difference("foreign key", ours.name, key[0], text if key in mine else "", text if key in theirs else "")


def counts(real: Mapping[str, Table], found: list[Difference]) -> dict[str, Count]:
    """How many tables, columns, indexes and foreign keys there are, and how many are told exactly. An index counts with its name."""
    missing = {one.table for one in found if one.kind == "table" and one.real}
    totals = {}
    for name, attribute, kinds in (
        ("columns", "columns", ("column",)),
        ("indexes", "indexes", ("index", "index name")),
        ("foreign keys", "foreign_keys", ("foreign key",)),
    ):
        total = sum(len(getattr(table, attribute)) for table in real.values())
        lost = sum(len(getattr(real[table], attribute)) for table in missing)
        totals[name] = total, lost + sum(1 for one in found if one.kind in kinds and one.real)
    totals = {"tables": (len(real), len(missing)), **totals}
    return {name: Count(total, total - wrong) for name, (total, wrong) in totals.items()}
