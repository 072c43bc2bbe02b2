"""SQL that is printed or sent to a server says one thing only, whatever checked code calls its tables, functions, types and collations."""

from __future__ import annotations

import postgres_server
import pytest

from backend_lint.engine.verify import Outcome, Server
from backend_lint.facts.access import Candidate
from backend_lint.facts.schema import Dialect, IndexKey
from backend_lint.sql import text
from backend_lint.sql.index_text import statement
from backend_lint.sql.parse import parse
from backend_lint.sql.render import render

EVIL = 'x"); DROP TABLE shop; COMMIT; --'
IN_QUOTES = '"x""); DROP TABLE shop; COMMIT; --"'


@pytest.mark.parametrize(
    "written",
    [
        text.call(EVIL, "name"),
        text.cast("name", EVIL),
        text.collate("name", EVIL),
        text.extract(EVIL, "name"),
        text.column(EVIL),
    ],
)
def test_names_do_not_end_before_their_quotes(written: str) -> None:
    assert IN_QUOTES.lower() in written.lower()


@pytest.mark.parametrize("type_", ["varchar(10)", "timestamp(3) with time zone", "numeric(10, 2)", "shop.money[]", "double precision"])
def test_types_that_are_types_stay_bare(type_: str) -> None:
    assert '"' not in text.cast("name", type_)


@pytest.mark.parametrize(
    "condition",
    [f"{IN_QUOTES}(name) = $1", f"name::{IN_QUOTES} = $1", f"name COLLATE {IN_QUOTES} = $1", f"{IN_QUOTES} = $1", "name = 'x''; DROP TABLE shop; --'"],
)
def test_a_query_that_is_written_again_is_one_statement(condition: str) -> None:
    (query,) = parse(f"SELECT * FROM shop WHERE {condition}").queries
    again = parse(render(query))
    assert len(again.queries) == 1 and not again.not_understood, render(query)


def test_a_backslash_takes_no_quote_along_in_mysql() -> None:
    candidate = Candidate("shop", (IndexKey("", expression="'x\\''; DROP TABLE shop; -- ' || name"),))
    assert "'x\\\\''; DROP" in statement(candidate, "i", Dialect.MYSQL)


def test_a_collation_is_one_name_in_sqlite() -> None:
    candidate = Candidate("shop", (IndexKey("name", collation=EVIL),))
    assert IN_QUOTES in statement(candidate, "i", Dialect.SQLITE)


def test_the_server_runs_one_statement_and_no_other() -> None:
    connection = postgres_server.database("injected")
    connection.execute("create table shop (id int, name text)")
    connection.execute("insert into shop select number, number::text from generate_series(1, 5000) number")
    connection.execute("analyze shop")
    server = Server(connection.info.dsn)
    try:
        plain, evil = server.check(
            "create index shop_name on shop (name)", "shop_name", "shop", ["select * from shop where name = $1", "select 1; drop table shop; commit; select 1"]
        )
        made = server.check("create index shop_id on shop (id); drop table shop; commit", "shop_id", "shop", ["select * from shop where id = $1"])
    finally:
        server.close()
    assert plain.outcome is Outcome.USED
    assert evil.outcome is Outcome.FAILED
    assert [plan.outcome for plan in made] == [Outcome.FAILED]
    assert connection.execute("select count(*) from shop").fetchone() == (5000,)
    assert connection.execute("select count(*) from pg_indexes where tablename = 'shop'").fetchone() == (0,)
