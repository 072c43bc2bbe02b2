"""Random changes of a schema: whatever the server accepts leaves the same tables there and here."""

from __future__ import annotations

import random
import sqlite3
from typing import Any

import postgres_catalog
import postgres_server
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from backend_lint.facts.schema import Dialect
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.ddl import changes

TABLES = ("a", "b", "other_table")
COLUMNS = ("id", "x", "y", "kind", "a_column_of_which_the_name_is_so_long_that_names_must_be_cut")
SEEDS = st.integers(min_value=0, max_value=1 << 32)
FEW = settings(max_examples=60, deadline=None, derandomize=True, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def connection() -> Any:
    with postgres_server.database("random_ddl") as connection:
        yield connection


class Writer:
    """Draws statements; names of indexes and constraints are those of the catalog as it stands."""

    def __init__(self, seed: int, catalog: Catalog) -> None:
        self.random = random.Random(seed)
        self.catalog = catalog

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def some(self, choices: list[str], most: int) -> list[str]:
        return self.random.sample(choices, self.random.randint(1, min(most, len(choices))))

    def table(self) -> str:
        return self.one(*(self.catalog.tables or TABLES))

    def column(self, table: str) -> str:
        known = self.catalog.tables.get(table)
        return self.one(*([column.name for column in known.columns] if known is not None and known.columns else COLUMNS))

    def columns(self, table: str, most: int = 3) -> str:
        known = self.catalog.tables.get(table)
        names = [column.name for column in known.columns] if known is not None and known.columns else list(COLUMNS)
        return ", ".join(self.some(names, most))

    def declaration(self, name: str) -> str:
        limit = self.one("", "", "", "NOT NULL", "UNIQUE", "PRIMARY KEY", f"CHECK ({name} IS NOT NULL)", f"REFERENCES {self.table()}", "DEFAULT NULL")
        return f"{name} {self.one('int', 'bigint', 'text', 'varchar(20)')} {limit}"

    def create(self) -> str:
        names = self.some(list(COLUMNS), 4)
        parts = [self.declaration(name) for name in names]
        own = ", ".join(names[:2])
        more = [f"UNIQUE ({own})", f"PRIMARY KEY ({own})", f"CONSTRAINT u UNIQUE ({names[-1]})", "CHECK (1 > 0)"]
        parts += self.some(more, 2) if self.random.random() < 0.6 else []
        return f"CREATE TABLE {self.one('', 'IF NOT EXISTS ')}{self.one(*TABLES)} ({', '.join(parts)})"

    def index(self) -> str:
        table = self.table()
        column = self.column(table)
        keys = self.one(self.columns(table), f"{column} DESC", f"{column} NULLS FIRST", f"lower({column}::text)", f"({column} IS NULL)")
        behind = self.one("", "", f" WHERE {self.column(table)} IS NOT NULL", f" WHERE {column} IS NULL AND {self.column(table)} IS NOT NULL")
        include = self.one("", "", f" INCLUDE ({self.column(table)})")
        name = self.one("", "", "IF NOT EXISTS mine", "mine")
        return f"CREATE {self.one('', '', 'UNIQUE ')}INDEX {name} ON {table} ({keys}){include}{behind}"

    def alter(self) -> str:
        table = self.table()
        column = self.column(table)
        known = self.catalog.tables.get(table)
        constraints = [index.name for index in known.indexes if index.constraint] if known is not None else []
        constraints += [key.name for key in known.foreign_keys] + list(self.catalog.check_names(table)) if known is not None else []
        constraint = self.one(*(constraints or ["none"]))
        action = self.one(
            f"ADD COLUMN {self.declaration(self.one(*COLUMNS))}",
            f"ADD COLUMN IF NOT EXISTS {self.one(*COLUMNS)} int",
            f"DROP COLUMN {column}",
            f"DROP COLUMN {column} CASCADE",
            f"RENAME COLUMN {column} TO {self.one('id', 'z', 'renamed')}",
            f"ALTER COLUMN {column} SET NOT NULL",
            f"ALTER COLUMN {column} DROP NOT NULL",
            f"ALTER COLUMN {column} SET DEFAULT NULL",
            f"ALTER COLUMN {column} TYPE text",
            f"ADD UNIQUE ({self.columns(table)})",
            f"ADD PRIMARY KEY ({self.columns(table)})",
            f"ADD FOREIGN KEY ({column}) REFERENCES {self.table()}",
            f"ADD CHECK ({column} IS NOT NULL)",
            f"DROP CONSTRAINT {constraint}",
            f"DROP CONSTRAINT {constraint} CASCADE",
            f"RENAME CONSTRAINT {constraint} TO {self.one('p', 'q')}",
            f"RENAME TO {self.one(*TABLES, 'moved')}",
        )
        return f"ALTER TABLE {table} {action}"

    def drop(self) -> str:
        names = [index.name for table in self.catalog.tables.values() for index in table.indexes]
        index = self.one(*(names or ["none"]))
        table = self.table()
        return self.one(f"DROP TABLE {table}", f"DROP TABLE {table} CASCADE", f"DROP INDEX {index}", f"ALTER INDEX {index} RENAME TO renamed_index")

    def statement(self) -> str:
        return self.random.choice((self.create, self.alter, self.alter, self.alter, self.index, self.index, self.drop))()


@FEW
@given(seed=SEEDS)
def test_what_the_server_accepts_leaves_the_same_tables(connection: Any, seed: int) -> None:
    import psycopg

    connection.execute("DROP SCHEMA IF EXISTS public CASCADE")
    connection.execute("CREATE SCHEMA public")
    catalog = Catalog(Dialect.POSTGRESQL)
    writer = Writer(seed, catalog)
    accepted = []
    for _ in range(25):
        statement = writer.statement()
        try:
            connection.execute(statement)
        except psycopg.Error:
            continue
        accepted.append(statement)
        found, missed = changes(statement)
        assert not missed, statement
        catalog.apply_all(found)
    form = postgres_catalog.ours(catalog.tables.values())
    for name in form:
        form[name]["checks"] = sorted(catalog.check_names(name))
    different = postgres_catalog.differences(postgres_catalog.theirs(connection), form)
    assert not different, ";\n".join(accepted) + "\n" + "\n".join(different)
    assert not catalog.missed, ";\n".join(accepted)


def sqlite_tables(connection: sqlite3.Connection) -> dict[str, Any]:
    found = {}
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
        columns = [(row[1], bool(row[3]), row[5]) for row in connection.execute(f'PRAGMA table_xinfo("{name}")')]
        indexes: list[Any] = []
        for _, index, unique, _, _ in connection.execute(f'PRAGMA index_list("{name}")').fetchall():
            keys = [row[2] for row in connection.execute(f'PRAGMA index_xinfo("{index}")') if row[5]]
            own = "" if index.startswith("sqlite_autoindex") else index
            indexes.append((own, bool(unique), [key if key is not None else "" for key in keys]))
        keys = sorted((row[3], row[2], row[4] or "") for row in connection.execute(f'PRAGMA foreign_key_list("{name}")'))
        primary = [name for name, _, position in sorted(columns, key=lambda column: column[2]) if position]
        found[name] = {"columns": [name for name, _, _ in columns], "primary": primary, "indexes": sorted(indexes), "references": keys}
    return found


# SQLite forgets the names of constraints; we keep them, as those who drop them do.
def our_sqlite_tables(catalog: Catalog) -> dict[str, Any]:
    return {
        table.name: {
            "columns": [column.name for column in table.columns],
            "primary": list(table.primary_key),
            "indexes": sorted(
                ("" if index.constraint else index.name, index.unique, [key.column for key in index.keys]) for index in table.indexes if index.method != "rowid"
            ),
            "references": sorted((own, key.table, far) for key in table.foreign_keys for own, far in zip(key.columns, key.to_columns or ("",), strict=False)),
        }
        for table in catalog.tables.values()
    }


@FEW
@given(seed=SEEDS)
def test_what_sqlite_accepts_leaves_the_same_tables(seed: int) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    catalog = Catalog(Dialect.SQLITE)
    writer = Writer(seed, catalog)
    accepted = []
    for _ in range(25):
        statement = writer.statement()
        if "::" in statement or "REFERENCES" in statement or "INCLUDE" in statement:
            continue
        try:
            connection.execute(statement)
        except sqlite3.Error:
            continue
        accepted.append(statement)
        found, missed = changes(statement, Dialect.SQLITE)
        assert not missed, statement
        catalog.apply_all(found)
    assert our_sqlite_tables(catalog) == sqlite_tables(connection), ";\n".join(accepted)
