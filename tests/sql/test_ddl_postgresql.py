"""Our catalog after a corpus of DDL is what a real PostgreSQL's is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import postgres_catalog
import postgres_server
import pytest

from backend_lint.facts.schema import Dialect
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.ddl import changes
from backend_lint.sql.split import statements

CORPUS = (Path(__file__).parent / "ddl" / "postgresql.sql").read_text(encoding="utf-8")
CASES: dict[str, str] = dict(re.findall(r"^-- case: (.*)\n((?:(?!-- case:).*\n)*)", CORPUS, re.MULTILINE))


@pytest.fixture(scope="module")
def connection() -> Any:
    with postgres_server.database("ddl") as connection:
        yield connection


def emptied(connection: Any) -> None:
    for (schema,) in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'").fetchall():
        connection.execute(f'DROP SCHEMA "{schema}" CASCADE')
    connection.execute("DISCARD TEMP")
    connection.execute("RESET ALL")
    connection.execute("CREATE SCHEMA public")


def replayed(text: str) -> tuple[Catalog, list[str]]:
    found, missed = changes(text)
    catalog = Catalog(Dialect.POSTGRESQL)
    catalog.apply_all(found)
    return catalog, [f"{one.text}: {one.why}" for one in missed] + [f"{one.change}: {one.why}" for one in catalog.missed]


@pytest.mark.parametrize("name", CASES)
def test_catalog_is_the_servers(name: str, connection: Any) -> None:
    emptied(connection)
    for statement in statements(CASES[name], Dialect.POSTGRESQL):
        connection.execute(statement.text)
    catalog, missed = replayed(CASES[name])
    server = postgres_catalog.theirs(connection)
    form = postgres_catalog.ours(catalog.tables.values())
    for table in form:
        form[table]["checks"] = sorted(catalog.check_names(table))
    assert missed == []
    assert "\n".join(postgres_catalog.differences(server, form)) == ""
    assert [table.name for table in catalog.tables.values() if table.unknown and table.kind == "table"] == []
