"""What the catalog does with changes that do not fit, and with what no server can be asked."""

from __future__ import annotations

import msgspec
import pytest

from backend_lint.facts import ddl
from backend_lint.facts.schema import Column, Dialect, ForeignKey, Implicit, Index, IndexKey, Table
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.ddl import changes
from backend_lint.sql.names import composed, expression_name


def replayed(text: str, dialect: Dialect = Dialect.POSTGRESQL) -> Catalog:
    catalog = Catalog(dialect)
    catalog.apply_all(changes(text, dialect)[0])
    return catalog


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ALTER TABLE t ADD COLUMN a int", "before it is created"),
        ("CREATE INDEX i ON t (a)", "before it is created"),
        ("CREATE TABLE t (a int); ALTER TABLE t DROP COLUMN b", "was never created"),
        ("CREATE TABLE t (a int); ALTER TABLE t RENAME COLUMN b TO c", "was never created"),
        ("CREATE TABLE t (a int); ALTER TABLE t ALTER COLUMN b SET NOT NULL", "before it is created"),
        ("CREATE TABLE t (a int); ALTER TABLE t DROP CONSTRAINT c", "was never created"),
        ("CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i", "was never created"),
        ("CREATE TABLE t (a int); ALTER TABLE t ADD COLUMN a text", "added twice"),
        ("CREATE TABLE t (a int); CREATE TABLE t (b int)", "created twice"),
        ("CREATE TABLE u (LIKE t INCLUDING ALL); ALTER TABLE u RENAME TO t", "not known"),
        ("CREATE TABLE t (a int) INHERITS (nothing)", "not known"),
        ("ALTER TABLE x RENAME TO t", "never created"),
        ("CREATE TABLE t AS SELECT 1 AS a", "those of a query"),
        ("CREATE TABLE t (a int); CREATE TABLE u (a int); ALTER TABLE u RENAME TO t", "while it exists"),
    ],
)
def test_a_change_that_does_not_fit_makes_its_table_unknown(text: str, why: str) -> None:
    catalog = replayed(text)
    assert why in " ".join(catalog.tables["t"].unknown)


@pytest.mark.parametrize("text", ["DROP TABLE t", "DROP INDEX i", "ALTER INDEX i RENAME TO j", "DROP TABLE t; DROP TABLE t"])
def test_a_change_of_what_is_not_there_is_noted(text: str) -> None:
    catalog = replayed(text)
    assert catalog.missed and not catalog.tables


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE t (a int); CREATE TABLE IF NOT EXISTS t (b text)",
        "CREATE TABLE t (a int); CREATE TABLE t (a int)",
        "CREATE TABLE t (a int); ALTER TABLE t ADD COLUMN IF NOT EXISTS a text",
        "CREATE TABLE t (a int); ALTER TABLE t DROP COLUMN IF EXISTS b, DROP CONSTRAINT IF EXISTS c; DROP INDEX IF EXISTS i; DROP TABLE IF EXISTS u",
        "CREATE TABLE t (b int); ALTER TABLE t RENAME COLUMN a TO b",
    ],
)
def test_what_is_done_already_changes_nothing(text: str) -> None:
    catalog = replayed(text)
    assert not catalog.missed and not catalog.tables["t"].unknown


def test_a_table_that_others_created_is_known_by_its_changes_alone() -> None:
    catalog = replayed("ALTER TABLE t ADD COLUMN a int; CREATE INDEX i ON t (a, b); ALTER TABLE t DROP COLUMN c;")
    assert catalog.uncreated == {"t"} and catalog.created == frozenset()
    assert [index.name for index in catalog.tables["t"].indexes] == ["i"]


def test_forgetting() -> None:
    catalog = replayed("CREATE TABLE t (a int)")
    catalog.apply(ddl.Forget("t", "all", "somebody", "x.sql", 3))
    catalog.apply(ddl.Forget("other", "all", "somebody else", "x.sql", 4))
    assert catalog.tables["t"].unknown == ("somebody",) and catalog.forgotten == {"other": "somebody else"} and not catalog.everything_unknown
    catalog.apply(ddl.Forget("", "all", "nobody knows", "x.sql", 5))
    assert catalog.everything_unknown == "nobody knows"


def test_seeds() -> None:
    tables = "CREATE TABLE t (a int); CREATE TABLE u (a int PRIMARY KEY); CREATE TABLE v (a int);"
    catalog = replayed(f"{tables} INSERT INTO t VALUES (1), (2); INSERT INTO u VALUES (1); INSERT INTO u SELECT a FROM t; INSERT INTO v VALUES (1)")
    assert catalog.tables["t"].seeded and not catalog.tables["u"].seeded
    assert catalog.tables["v"].seeded, "a row that nothing tells from another is a mark or a version"
    assert not any(table.seeded for table in replayed("-- PostgreSQL database dump\nCREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)").tables.values())


def test_an_index_by_its_columns_where_the_name_is_not_known() -> None:
    catalog = replayed("CREATE TABLE t (a int, b int, UNIQUE (a, b)); CREATE INDEX i ON t (a, b); CREATE INDEX j ON t (b, a);")
    catalog.apply(ddl.DropIndex("", "t", ("a", "b"), unique=False))
    assert [index.name for index in catalog.tables["t"].indexes] == ["t_a_b_key", "j"]
    catalog.apply(ddl.DropIndex("", "t", ("a", "b")))
    assert [index.name for index in catalog.tables["t"].indexes] == ["j"]


def test_a_reference_by_its_columns_where_the_name_is_not_known() -> None:
    catalog = replayed("CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE t (a int REFERENCES o, b int REFERENCES o)")
    catalog.apply(ddl.DropConstraint("t", "", ("a",)))
    assert [key.columns for key in catalog.tables["t"].foreign_keys] == [("b",)]


def test_a_primary_key_given_as_columns_gets_its_index() -> None:
    table = Table("t", (Column("id", "bigint"), Column("a", "text")), primary_key=("id",))
    for dialect, name in ((Dialect.POSTGRESQL, "t_pkey"), (Dialect.MYSQL, "PRIMARY"), (Dialect.SQLITE, "sqlite_autoindex_t_1")):
        catalog = Catalog(dialect)
        catalog.apply(ddl.CreateTable(table))
        (index,) = catalog.tables["t"].indexes
        assert (index.name, index.implicit, index.unique) == (name, Implicit.PRIMARY_KEY, True)
        assert catalog.tables["t"].column("id").nullable is (dialect is Dialect.SQLITE)  # type: ignore[union-attr]


def test_where_and_expressions_follow_a_rename() -> None:
    index = "CREATE INDEX i ON t ((a + 1)) WHERE state = 'state' AND a IS NOT NULL"
    catalog = replayed(f'CREATE TABLE t (a int, state text); {index}; ALTER TABLE t RENAME state TO "State";')
    (renamed,) = catalog.tables["t"].indexes
    assert renamed.where_text == "\"State\" = 'state' and a is not null"
    assert [part.left.column for part in renamed.where.parts] == ["State", "a"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("lower(email)", "lower"),
        ("a + b", "expr"),
        ("email::text", "email"),
        ("(data ->> 'n')::integer", "int4"),
        ("case when a then b end", "case"),
        ("created at time zone 'utc'", "timezone"),
        ("(lower(a))", "lower"),
        ("lower(a) || lower(b)", "expr"),
    ],
)
def test_names_of_expressions(text: str, name: str) -> None:
    assert expression_name(text) == name


def test_names_are_cut_by_bytes() -> None:
    assert composed("t" * 40, "ä" * 40, "idx") == f"{'t' * 29}_{'ä' * 14}_idx"
    assert len(composed("t" * 100, "c" * 100, "key").encode()) == 63


def test_changes_survive_the_cache() -> None:
    altered = "ALTER TABLE t ALTER a TYPE text, ADD FOREIGN KEY (a) REFERENCES u; CREATE INDEX ON t (a) WHERE a = 'x'"
    found = changes(f"CREATE TABLE t (a int UNIQUE CHECK (a > 0)); {altered}")[0]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=tuple[ddl.Change, ...]) == found


def test_mysql_indexes_the_references_of_models() -> None:
    catalog = Catalog(Dialect.MYSQL)
    key = ForeignKey("fk_x", ("o_id",), "o", ("id",))
    catalog.apply(ddl.CreateTable(Table("t", (Column("id", "bigint"), Column("o_id", "bigint")), ("id",), foreign_keys=(key,))))
    catalog.apply(ddl.AddIndex("t", Index("mine", (IndexKey("o_id"), IndexKey("id")))))
    assert [(index.name, index.implicit) for index in catalog.tables["t"].indexes] == [("PRIMARY", Implicit.PRIMARY_KEY), ("mine", Implicit.NO)]
