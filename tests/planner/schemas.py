"""Schemas for the planner to judge: tables of all types with indexes of all kinds, their rows, and the same schema as the matcher sees it.

schema = generate(seed)             # nothing but texts
create(connection, schema)          # tables, rows, indexes, statistics; about two seconds a table
tables = read(schema.ddl)           # name -> facts.schema.Table, through our own DDL reader
rows = sample(connection, table)    # real rows, to take values for conditions from
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg

from backend_lint.facts.schema import Dialect, Table
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.ddl import changes

ROWS = 50_000


@dataclass(frozen=True)
class Col:
    """`fill` is the SQL that makes the value of row ``i``. `kind` says what conditions make sense: ``word``, ``few``, ``number``, ``day``, ``moment``,
    ``flag``, ``key``, ``uuid``, ``json``, ``list``, ``search``, ``money``, ``filler``. `nulls`: the part of nulls."""

    name: str
    type: str
    kind: str
    fill: str
    nulls: float = 0.0
    options: str = ""

    @property
    def value(self) -> str:
        return self.fill if not self.nulls else f"CASE WHEN random() < {self.nulls} THEN NULL ELSE {self.fill} END"


@dataclass
class Tab:
    """A table. `refers`: column to the table whose id it holds. `indexes`: CREATE INDEX statements."""

    name: str
    cols: list[Col]
    rows: int = ROWS
    indexes: list[str] = field(default_factory=list)
    refers: dict[str, str] = field(default_factory=dict)
    uniques: list[str] = field(default_factory=list)

    def col(self, name: str) -> Col:
        return next(col for col in self.cols if col.name == name)

    def of(self, *kinds: str) -> list[Col]:
        return [col for col in self.cols if col.kind in kinds]


@dataclass
class Made:
    """A schema: `types` first, then tables."""

    tables: list[Tab]
    types: list[str] = field(default_factory=list)

    @property
    def ddl(self) -> str:
        return ";\n".join([*self.types, *(create_table(table) for table in self.tables), *self._later()]) + ";"

    def _later(self) -> Iterator[str]:
        for table in self.tables:
            yield from table.indexes
            for column, target in table.refers.items():
                yield f'ALTER TABLE "{table.name}" ADD FOREIGN KEY ("{column}") REFERENCES "{target}" (id)'

    def tab(self, name: str) -> Tab:
        return next(table for table in self.tables if table.name == name)


def create_table(table: Tab) -> str:
    """CREATE TABLE, without what slows filling down."""
    lines = [f'"{col.name}" {col.type}{" " + col.options if col.options else ""}' for col in table.cols]
    return f'CREATE TABLE "{table.name}" ({", ".join(lines)})'


def create(connection: psycopg.Connection[Any], schema: Made) -> None:
    """Makes the tables, fills them, then makes their indexes and keys and gathers statistics."""
    for statement in schema.types:
        connection.execute(statement)
    connection.execute("SELECT setseed(0.42)")
    for table in schema.tables:
        connection.execute(create_table(table))
        names = ", ".join(f'"{col.name}"' for col in table.cols)
        values = ", ".join(col.value for col in table.cols)
        connection.execute(f'INSERT INTO "{table.name}" ({names}) SELECT {values} FROM generate_series(1, {table.rows}) AS i')
        for statement in table.indexes:
            connection.execute(statement)
    for table in schema.tables:
        for column, target in table.refers.items():
            connection.execute(f'ALTER TABLE "{table.name}" ADD FOREIGN KEY ("{column}") REFERENCES "{target}" (id)')
        connection.execute(f'VACUUM ANALYZE "{table.name}"')


def read(ddl: str) -> dict[str, Table]:
    """The tables as the linter reads them."""
    catalog = Catalog(Dialect.POSTGRESQL)
    found, missed = changes(ddl, Dialect.POSTGRESQL)
    assert not missed, missed
    catalog.apply_all(found)
    return dict(catalog.tables)


def sample(connection: psycopg.Connection[Any], table: Tab, count: int = 150) -> list[dict[str, Any]]:
    """Rows of the table, the same every time."""
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(f'SELECT * FROM "{table.name}" ORDER BY md5(id::text) LIMIT {count}').fetchall()


def primary_key(rng: random.Random) -> Col:
    kind = rng.choice(["bigint", "integer"])
    return Col("id", kind, "key", "i", options="PRIMARY KEY")


_COLUMNS: list[Callable[[random.Random, str], Col]] = [
    lambda rng, name: Col(f"code{name}", "varchar(40)", "word", "md5(random()::text)", rng.choice([0, 0, 0.3])),
    lambda rng, name: Col(
        f"label{name}", "text", "word", "'" + rng.choice(["ab", "Kx", "po"]) + f"' || md5((random() * {rng.choice([800, 20000])})::int::text)"
    ),
    lambda rng, name: Col(f"token{name}", "uuid", "uuid", "md5(random()::text)::uuid"),
    lambda rng, name: Col(f"amount{name}", "integer", "number", f"(random() * {rng.choice([900, 9000, 100000])})::int", rng.choice([0, 0, 0.2])),
    lambda rng, name: Col(f"serial{name}", "bigint", "number", f"i * {rng.choice([3, 10])}"),
    lambda rng, name: Col(f"price{name}", "numeric(10,2)", "money", "round((random() * 5000)::numeric, 2)"),
    lambda rng, name: Col(f"due{name}", "date", "day", "date '2020-01-01' + (random() * 1500)::int", rng.choice([0, 0.2])),
    lambda rng, name: Col(f"made_at{name}", "timestamptz", "moment", "timestamptz '2020-01-01 00:00+00' + i * interval '20 minutes'"),
    lambda rng, name: Col(
        f"seen_at{name}", "timestamptz", "moment", "timestamptz '2021-01-01 00:00+00' + random() * interval '700 days'", rng.choice([0, 0.4, 0.97])
    ),
    lambda rng, name: Col(f"flag{name}", "boolean", "flag", f"random() < {rng.choice([0.01, 0.08, 0.5, 0.92])}", options="NOT NULL"),
    lambda rng, name: Col(f"open{name}", "boolean", "flag", f"random() < {rng.choice([0.05, 0.3, 0.8])}", 0.05),
    lambda rng, name: Col(
        f"status{name}", "varchar(10)", "few", "(ARRAY['new','paid','sent','done','done','done','done','lost'])[1 + (random() * 7.99)::int % 8]"
    ),
    lambda rng, name: Col(f"stage{name}", "stage_t", "few", "(ARRAY['draft','live','old'])[1 + (random() * 2.99)::int % 3]::stage_t"),
    lambda rng, name: Col(f"data{name}", "jsonb", "json", "jsonb_build_object('k', (random() * 5000)::int, 't', 'v' || (random() * 9000)::int)"),
    lambda rng, name: Col(f"tags{name}", "integer[]", "list", "ARRAY[(random() * 3000)::int, (random() * 3000)::int, (random() * 3000)::int]"),
    lambda rng, name: Col(f"words{name}", "tsvector", "search", "to_tsvector('simple', 'w' || (random() * 4000)::int || ' w' || (random() * 4000)::int)"),
    lambda rng, name: Col(f"ratio{name}", "double precision", "real", "random() * 1000"),
]


def generate(seed: int, tables: int = 3, citext: bool = False, trigrams: bool = False) -> Made:
    """A schema of `tables` tables, each but the first referring to earlier ones. `citext`, `trigrams`: the extensions are there."""
    rng = random.Random(seed)
    made = Made([], ["CREATE TYPE stage_t AS ENUM ('draft', 'live', 'old')"])
    for number in range(tables):
        name = f"{rng.choice(['item', 'entry', 'person', 'visit', 'parcel', 'note'])}{number}"
        cols = [primary_key(rng)]
        table = Tab(name, cols, ROWS + rng.randrange(0, 8000))
        for target in made.tables[-2:]:
            column = f"{target.name}_id"
            type_ = target.cols[0].type
            spread = rng.choice([target.rows, target.rows, target.rows, target.rows, 2000])
            nulls = rng.choice([0, 0, 0.3])
            cols.append(Col(column, type_, "ref", f"1 + (random() * {spread - 1})::int", nulls, "" if nulls else "NOT NULL"))
            table.refers[column] = target.name
        makers = rng.sample(_COLUMNS, 11)
        cols += [make(rng, rng.choice(["", "", "2"])) for make in makers]
        if citext:
            cols.append(Col("login", "citext", "ciword", "'U' || md5(random()::text)"))
        cols.append(Col("filler", "text", "filler", f"repeat('x', {rng.choice([10, 60, 200])})"))
        table.indexes = _indexes(rng, table, trigrams)
        made.tables.append(table)
    return made


def _indexes(rng: random.Random, table: Tab, trigrams: bool) -> list[str]:
    plain = [col for col in table.cols if col.kind in ("ref", "word", "uuid", "number", "money", "day", "moment", "few", "flag", "ciword", "real")]
    found: list[str] = []

    def add(keys: str, method: str = "", where: str = "", include: str = "", unique: bool = False) -> None:
        name = f"{table.name}_ix{len(found)}"
        found.append(
            f'CREATE {"UNIQUE " if unique else ""}INDEX "{name}" ON "{table.name}" {f"USING {method} " if method else ""}({keys})'
            f"{f' INCLUDE ({include})' if include else ''}{f' WHERE {where}' if where else ''}"
        )

    for col in table.of("ref"):
        if rng.random() < 0.6:
            add(col.name)
    for _ in range(rng.randint(3, 5)):
        chosen = rng.sample(plain, rng.choice([1, 1, 2, 2, 3]))
        keys = ", ".join(
            col.name + rng.choice(["", "", "", " DESC", " DESC NULLS LAST"] if number else ["", "", "", " DESC"]) for number, col in enumerate(chosen)
        )
        others = [col.name for col in plain if col not in chosen]
        add(keys, include=rng.choice(others) if rng.random() < 0.1 else "")
    for _ in range(rng.randint(1, 3)):
        add(rng.choice(plain).name, where=rng.choice(list(conditions(rng, table)) or ["id > 10"]))
    words = table.of("word")
    if words:
        word = rng.choice(words)
        form = rng.randrange(5 if trigrams else 4)
        if form == 0:
            add(f"lower({word.name})")
        elif form == 1:
            add(f"{word.name} {'varchar' if word.type.startswith('varchar') else 'text'}_pattern_ops")
        elif form == 2:
            add(f'{word.name} COLLATE "C"')
        elif form == 3:
            add(f"upper({word.name})")
        else:
            add(f"{word.name} gin_trgm_ops", "gin")
    for col in table.of("json"):
        if rng.random() < 0.6:
            add(rng.choice([col.name, f"{col.name} jsonb_path_ops"]), "gin")
        if rng.random() < 0.4:
            add(f"({col.name} ->> 't')")
    for col in table.of("list", "search"):
        if rng.random() < 0.6:
            add(col.name, "gin")
    if rng.random() < 0.4:
        add(rng.choice(table.of("number", "uuid", "ref", "word") or plain).name, "hash")
    for col in table.of("moment"):
        if col.name.startswith("made_at") and rng.random() < 0.3:
            add(col.name, "brin")
    for col in table.of("number"):
        if rng.random() < 0.15:
            add(f"({col.name} % 1000)")
    unique = [col for col in plain if col.kind == "uuid" or col.name.startswith("serial")]
    if unique and rng.random() < 0.5:
        add(rng.choice(unique).name, unique=True)
    return found


def conditions(rng: random.Random, table: Tab) -> Iterator[str]:
    """Conditions of partial indexes."""
    for col in table.cols:
        if col.kind == "flag":
            yield rng.choice([col.name, f"NOT {col.name}", f"{col.name} = true", f"{col.name} IS TRUE"])
        elif col.kind == "few" and col.type.startswith("varchar"):
            yield rng.choice([f"{col.name} = 'lost'", f"{col.name} IN ('new', 'paid')", f"{col.name} <> 'done'"])
        elif col.kind == "few":
            yield f"{col.name} = 'live'"
        elif col.nulls:
            yield rng.choice([f"{col.name} IS NOT NULL", f"{col.name} IS NULL"])
        elif col.kind == "number":
            yield f"{col.name} > 800"
