"""What statements do beside changing the schema, and what MySQL copies."""

from __future__ import annotations

import time

import pytest

from backend_lint.facts.act import ActKind
from backend_lint.facts.schema import Dialect
from backend_lint.sql.acts import acts
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.ddl import changes
from backend_lint.sql.locks import costs
from backend_lint.sql.retyping import is_volatile, rewrites


@pytest.mark.parametrize(
    ("text", "kind", "table"),
    [
        ("UPDATE shop SET a = 1", ActKind.UPDATE, "shop"),
        ("update only public.Shop set a = 1", ActKind.UPDATE, "shop"),
        ('UPDATE "Shop" SET a = 1', ActKind.UPDATE, "Shop"),
        ("WITH x AS (SELECT 1) UPDATE shop s SET a = 1", ActKind.UPDATE, "shop"),
        ("DELETE FROM shop", ActKind.DELETE, "shop"),
        ("INSERT INTO shop (a) SELECT a FROM old", ActKind.INSERT, "shop"),
        ("TRUNCATE TABLE shop", ActKind.TRUNCATE, "shop"),
        ("VACUUM FULL shop", ActKind.REWRITE, "shop"),
        ("VACUUM (FULL, ANALYZE) shop", ActKind.REWRITE, "shop"),
        ("CLUSTER shop USING i", ActKind.REWRITE, "shop"),
        ("ALTER TABLE shop SET TABLESPACE fast", ActKind.REWRITE, "shop"),
        ("ALTER TABLE shop VALIDATE CONSTRAINT c", ActKind.VALIDATE, "shop"),
        ("REINDEX TABLE CONCURRENTLY shop", ActKind.REINDEX, "shop"),
        ("REFRESH MATERIALIZED VIEW shop", ActKind.REFRESH, "shop"),
        ("LOCK TABLE shop IN EXCLUSIVE MODE", ActKind.LOCK, "shop"),
        ("/* why */ UPDATE /* x */ shop -- y\nSET a = 1", ActKind.UPDATE, "shop"),
    ],
)
def test_acts_by_kind_and_table(text: str, kind: ActKind, table: str) -> None:
    assert [(act.kind, act.table) for act in acts(text)] == [(kind, table)]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("SET lock_timeout = '5s'", "lock_timeout", "5s"),
        ("SET LOCAL lock_timeout TO 500", "lock_timeout", "500"),
        ("SELECT set_config('statement_timeout', '1s', false)", "statement_timeout", "1s"),
    ],
)
def test_settings(text: str, name: str, value: str) -> None:
    assert [(act.kind, act.name, act.value) for act in acts(text)] == [(ActKind.SET, name, value)]


@pytest.mark.parametrize(
    "text", ["SELECT 1", "INSERT INTO t VALUES (1)", "CREATE TABLE t (a int)", "ROLLBACK TO s", "GRANT SELECT ON t TO a", "", ";;", "update", "set", "with"]
)
def test_what_is_no_act(text: str) -> None:
    assert acts(text) == ()


@pytest.mark.parametrize(
    ("text", "bounded", "selective"),
    [
        ("UPDATE t SET a = 1", False, False),
        ("UPDATE t SET a = 1 WHERE b IS NULL", False, False),
        ("UPDATE t SET a = u.a FROM u WHERE u.id = t.u_id", False, False),
        ("UPDATE t SET a = 1 WHERE id = 5", True, True),
        ("UPDATE t SET a = 1 WHERE id IN (1, 2)", True, True),
        ("UPDATE t SET a = 1 WHERE id BETWEEN :a AND :b", True, False),
        ("UPDATE t SET a = 1 WHERE id IN (SELECT id FROM t LIMIT 100)", True, False),
        ("UPDATE t SET a = 1 WHERE state = 'x'", False, True),
        ("UPDATE t SET a = 'where id = 1'", False, False),
        ("UPDATE t SET a = 1 WHERE state <> 'x'", False, True),
    ],
)
def test_which_rows_are_written(text: str, bounded: bool, selective: bool) -> None:
    assert [(act.bounded, act.selective) for act in acts(text)] == [(bounded, selective)]


def test_columns_that_are_set() -> None:
    assert acts("UPDATE t AS x SET a = 1, b = (c = d), e = f(g, h)")[0].columns == ("a", "b", "e")


def test_long_statements_are_bounded_by_their_values_and_read_in_no_time() -> None:
    started = time.process_time()
    assert acts("UPDATE t SET a = CASE id " + "WHEN 1 THEN 'x' " * 20_000 + "END")[0].bounded
    for piece in ("/*", "/* a* ", "--", "'", "(", "update t set ", "= ", "\n \n", '"'):
        acts("UPDATE t SET a = 1 WHERE " + piece * 50_000)
        acts(piece * 50_000)
    assert time.process_time() - started < 5


@pytest.mark.parametrize("type_", ["", "varchar(", "x(1,2,3)", "integer[]", "VARCHAR(10)", "numeric(1,-2)", "a b c d", "(((" * 100])
def test_odd_types_are_no_matter(type_: str) -> None:
    assert rewrites(type_, type_) is False
    rewrites(type_, "integer")
    rewrites("varchar(10)", type_)
    assert not is_volatile(type_)


MYSQL = "CREATE TABLE t (id int PRIMARY KEY, a int, b varchar(40), c varchar(60), d text);"


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("CREATE INDEX i ON t (a)", False),
        ("CREATE UNIQUE INDEX i ON t (a)", False),
        ("CREATE FULLTEXT INDEX i ON t (d)", True),
        ("ALTER TABLE t ADD COLUMN e int NOT NULL DEFAULT 0", False),
        ("ALTER TABLE t MODIFY a bigint", True),
        ("ALTER TABLE t MODIFY b varchar(50)", False),
        ("ALTER TABLE t MODIFY b varchar(20)", True),
        ("ALTER TABLE t MODIFY c varchar(200)", True),
        ("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES t (id)", True),
        ("ALTER TABLE t DROP PRIMARY KEY", True),
        ("ALTER TABLE t DROP COLUMN a", False),
    ],
)
def test_what_mysql_cannot_do_online(text: str, waits: bool) -> None:
    catalog = Catalog(Dialect.MYSQL)
    catalog.apply_all(changes(MYSQL, Dialect.MYSQL)[0])
    found = [cost for change in changes(text, Dialect.MYSQL)[0] for cost in costs(change, catalog)]
    assert any(cost.blocks_writes for cost in found) is waits
    assert not any(cost.blocks_reads for cost in found)


def test_nothing_is_said_of_sqlite() -> None:
    catalog = Catalog(Dialect.SQLITE)
    assert not [cost for change in changes("CREATE TABLE t (a int); CREATE INDEX i ON t (a);", Dialect.SQLITE)[0] for cost in costs(change, catalog)]
