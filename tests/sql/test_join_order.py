"""Which of several tables without an index is read whole: decided by what each way of joining them costs, as PostgreSQL decides it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from backend_lint.facts.access import Path
from backend_lint.facts.schema import Dialect, Table
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.ddl import changes
from backend_lint.sql.parse import parse
from backend_lint.sql.serve import accesses

TABLES = """
CREATE TABLE owners (id bigint PRIMARY KEY, code varchar(40), name varchar(80), born date, active boolean, notes text);
CREATE TABLE boats (id bigint PRIMARY KEY, owner_id bigint REFERENCES owners (id), hull varchar(40), built date, length integer, marks text[]);
CREATE TABLE trips (id bigint PRIMARY KEY, boat_id bigint REFERENCES boats (id), port varchar(40), begun timestamptz);
CREATE INDEX boats_owner ON boats (owner_id);
CREATE INDEX trips_boat ON trips (boat_id);
"""
SCAN, INDEX, UNKNOWN, WHOLE = Path.SCAN, Path.INDEX, Path.UNKNOWN, Path.WHOLE


def tables(more: str = "", **rows: int) -> dict[str, Table]:
    catalog = Catalog(Dialect.POSTGRESQL)
    found, missed = changes(TABLES + more, Dialect.POSTGRESQL)
    assert not missed
    catalog.apply_all(found)
    return {name: replace(table, rows=rows.get(name)) for name, table in catalog.tables.items()}


def paths(sql: str, more: str = "", **rows: int) -> dict[str, Path]:
    (query,) = parse(sql, Dialect.POSTGRESQL).queries
    return {found.table: found.path for found in accesses(query, tables(more, **rows).get)}


BOTH = "SELECT * FROM boats b JOIN owners o ON o.id = b.owner_id WHERE b.hull = %s AND o.code = %s"


def test_of_two_tables_without_an_index_the_smaller_one_is_read() -> None:
    assert paths(BOTH, boats=50_000, owners=400_000) == {"boats": SCAN, "owners": INDEX}
    assert paths(BOTH, boats=400_000, owners=50_000) == {"boats": INDEX, "owners": SCAN}


def test_without_sizes_the_narrower_one_is_read() -> None:
    assert paths(BOTH, "ALTER TABLE owners ADD biography text, ADD letter text, ADD address text;") == {"boats": SCAN, "owners": INDEX}


def test_the_one_from_which_all_others_are_reached_is_read() -> None:
    sql = "SELECT * FROM trips t JOIN boats b ON b.id = t.boat_id JOIN owners o ON o.id = b.owner_id WHERE t.port = %s AND o.code = %s"
    without = "DROP INDEX boats_owner;"
    assert paths(sql, without) == {"trips": SCAN, "boats": INDEX, "owners": INDEX}


def test_a_range_that_is_served_may_lead_to_a_condition_that_is_not() -> None:
    sql = "SELECT * FROM boats b JOIN owners o ON o.id = b.owner_id WHERE b.built BETWEEN %s AND %s AND o.code = %s"
    assert paths(sql, "CREATE INDEX built ON boats (built);")["owners"] is not SCAN, "how wide the range is decides"
    assert paths(sql)["owners"] is SCAN, "all boats are read for their range otherwise"


def test_what_few_values_ask_is_tested_on_rows_that_are_there() -> None:
    sql = "SELECT * FROM boats b JOIN owners o ON o.id = b.owner_id WHERE b.hull = %s AND o.active"
    assert paths(sql) == {"boats": SCAN, "owners": INDEX}


def test_an_index_is_read_from_end_to_end_in_place_of_a_wide_table() -> None:
    wide = "ALTER TABLE boats ADD log text, ADD plan text;"
    assert paths(BOTH, wide) == {"boats": INDEX, "owners": SCAN}
    assert paths(BOTH, wide + "CREATE INDEX two ON boats (length, hull);") == {"boats": SCAN, "owners": INDEX}


def test_rows_that_are_not_there_are_looked_for_apart() -> None:
    missing = "SELECT * FROM owners o WHERE NOT EXISTS (SELECT 1 FROM boats b JOIN trips t ON t.boat_id = b.id WHERE b.owner_id = o.id AND t.port = 'x')"
    found = paths(missing, "CREATE INDEX port ON trips (port);")
    assert found == {"owners": WHOLE, "boats": INDEX, "trips": INDEX}


@pytest.mark.parametrize(("limit", "pattern", "path"), [(10, "'%%abcdef%%'", SCAN), (10, "%s", SCAN)])
def test_a_limit_does_not_make_an_order_cheap_whose_rows_are_sifted_elsewhere(limit: int, pattern: str, path: Path) -> None:
    sql = f"SELECT * FROM boats b JOIN owners o ON o.id = b.owner_id WHERE o.code LIKE {pattern} ORDER BY b.length LIMIT {limit}"
    assert paths(sql, "CREATE INDEX length ON boats (length);")["owners"] is path


def test_a_value_in_a_list_is_no_flag() -> None:
    (query,) = parse("SELECT * FROM boats b WHERE %s = ANY(b.marks)", Dialect.POSTGRESQL).queries
    (found,) = accesses(query, tables().get)
    assert (found.path, found.selective) == (SCAN, True)


def test_a_table_behind_few_rows_that_no_index_leads_to_is_read_whole() -> None:
    sql = "SELECT * FROM boats b JOIN trips t ON t.boat_id = b.id WHERE b.hull = %s"
    assert paths(sql, "DROP INDEX trips_boat; CREATE INDEX hull ON boats (hull);") == {"boats": INDEX, "trips": SCAN}


def test_many_tables_are_left_to_the_rules_of_thumb() -> None:
    joins = " ".join(f"JOIN trips t{number} ON t{number}.boat_id = b.id" for number in range(12))
    (query,) = parse(f"SELECT * FROM boats b {joins} WHERE b.hull = %s", Dialect.POSTGRESQL).queries
    found = accesses(query, tables().get)
    assert [one.path for one in found if one.table == "boats"] == [SCAN]
    assert {one.path for one in found if one.table == "trips"} == {INDEX}


def test_a_page_of_what_was_done_wants_an_index_in_its_order() -> None:
    sql = "SELECT * FROM boats b JOIN owners o ON o.id = b.owner_id WHERE b.built <= %s ORDER BY b.built, b.id LIMIT 50"
    (query,) = parse(sql, Dialect.POSTGRESQL).queries
    (found,) = (one for one in accesses(query, tables().get) if one.table == "boats")
    assert (found.path, found.order) == (SCAN, True)
