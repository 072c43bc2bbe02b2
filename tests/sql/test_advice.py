"""The smallest set of indexes for many queries, and how it is written down."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from backend_lint.facts.access import Access, Candidate, Path
from backend_lint.facts.query import Query
from backend_lint.facts.schema import Dialect, IndexKey, Table
from backend_lint.sql.advice import Advised, advise, name_of
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.ddl import changes
from backend_lint.sql.index_text import django, preparations, sqlalchemy, statement
from backend_lint.sql.parse import parse
from backend_lint.sql.serve import accesses

DDL = """
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, number varchar(20) NOT NULL, state varchar(10) NOT NULL,
    placed_at timestamptz NOT NULL, note text, body text, labels text[], data jsonb, paid boolean NOT NULL);
CREATE TABLE lines (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders (id), sku varchar(20) NOT NULL);
"""


def schema(ddl: str) -> dict[str, Table]:
    catalog = Catalog(Dialect.POSTGRESQL)
    found, missed = changes(ddl, Dialect.POSTGRESQL)
    assert not missed
    catalog.apply_all(found)
    return dict(catalog.tables)


def questions(tables: dict[str, Table], *statements: str) -> list[tuple[Query, Access]]:
    asked = []
    for text in statements:
        (query,) = parse(text).queries
        asked += [(query, access) for access in accesses(query, tables.get)]
    return asked


def advice(*statements: str, indexes: str = "") -> tuple[Advised, ...]:
    tables = schema(DDL + indexes)
    return advise(questions(tables, *statements), tables.get, names={index.name for table in tables.values() for index in table.indexes})


def texts(*statements: str, indexes: str = "") -> list[str]:
    return [statement(one.candidate, one.name, concurrently=False) for one in advice(*statements, indexes=indexes)]


def test_a_prefix_is_not_made_twice() -> None:
    found = advice(
        "SELECT * FROM orders WHERE customer_id = %s",
        "SELECT * FROM orders WHERE customer_id = %s ORDER BY placed_at DESC LIMIT 10",
    )
    assert [statement(one.candidate, one.name, concurrently=False) for one in found] == [
        "CREATE INDEX orders_customer_id_placed_at_idx ON orders (customer_id, placed_at);"
    ]
    assert found[0].serves == (0, 1)


def test_equality_columns_are_put_in_the_order_that_serves_most() -> None:
    found = texts("SELECT * FROM orders WHERE customer_id = %s AND number = %s", "SELECT * FROM orders WHERE number = %s")
    assert found == ["CREATE INDEX orders_number_customer_id_idx ON orders (number, customer_id);"]


def test_what_a_present_index_covers_is_not_advised() -> None:
    present = "CREATE INDEX here ON orders (customer_id);"
    assert not texts("SELECT * FROM orders WHERE customer_id = %s AND note = 'x'", indexes=present)
    assert not texts("SELECT * FROM orders WHERE id = %s AND number = %s")


def test_the_same_question_counts_once() -> None:
    found = advice(*["SELECT * FROM orders WHERE number = %s"] * 5)
    assert len(found) == 1 and found[0].serves == (0, 1, 2, 3, 4)


def test_each_way_of_an_or_gets_its_index() -> None:
    assert texts("SELECT * FROM orders WHERE number = %s OR customer_id = %s") == [
        "CREATE INDEX orders_number_idx ON orders (number);",
        "CREATE INDEX orders_customer_id_idx ON orders (customer_id);",
    ]
    assert texts("SELECT * FROM orders WHERE number = %s OR customer_id = %s", indexes="CREATE INDEX n ON orders (number);") == [
        "CREATE INDEX orders_customer_id_idx ON orders (customer_id);"
    ]


def test_joins_get_an_index_for_the_other_side() -> None:
    assert texts("SELECT * FROM lines l JOIN orders o ON o.id = l.order_id WHERE o.number = %s") == [
        "CREATE INDEX lines_order_id_idx ON lines (order_id);",
        "CREATE INDEX orders_number_idx ON orders (number);",
    ]


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("labels @> ARRAY['a']", "orders_labels_idx ON orders USING gin (labels)"),
        ("data @> '{}'", "orders_data_idx ON orders USING gin (data jsonb_path_ops)"),
        ("data ? 'k'", "orders_data_idx ON orders USING gin (data)"),
        ("note ILIKE '%%abc%%'", "orders_note_idx ON orders USING gin (note gin_trgm_ops)"),
        ("note LIKE 'abc%%'", "orders_note_idx ON orders (note text_pattern_ops)"),
        ("lower(number) = %s", "orders_lower_number_idx ON orders (lower(number))"),
        ("data ->> 'k' = 'v'", "orders_data_k_idx ON orders ((data ->> 'k'))"),
        ("body = %s", "orders_body_idx ON orders USING hash (body)"),
        ("body IN (%s, %s) AND paid", "orders_body_idx ON orders USING hash (body)"),
        ("body = %s AND number = %s", "orders_number_idx ON orders (number)"),
        ("data = %s AND number = %s", "orders_number_idx ON orders (number)"),
        ("data = %s", "orders_data_idx ON orders USING hash (data)"),
        ("body LIKE 'abc%%'", "orders_body_idx ON orders USING gin (body gin_trgm_ops)"),
        ("placed_at BETWEEN %s AND %s", "orders_placed_at_idx ON orders (placed_at)"),
        ("customer_id = %s AND placed_at > %s", "orders_customer_id_placed_at_idx ON orders (customer_id, placed_at)"),
    ],
)
def test_the_right_kind_of_index(condition: str, wanted: str) -> None:
    assert texts(f"SELECT * FROM orders WHERE {condition}") == [f"CREATE INDEX {wanted};"]


@pytest.mark.parametrize(
    "condition",
    [
        "paid",  # half of the table
        "state = 'open'",  # few values
        "note IS NULL",
        "placed_at > %s",  # nobody knows how many
        "placed_at::date = %s",  # depends on the time zone: no index may hold it
        "to_char(placed_at, 'YYYY') = '2020'",
        "number <> %s",
        "body > %s",  # long texts are not sorted by
        "customer_id IS NOT NULL ORDER BY body LIMIT 10",
    ],
)
def test_nothing_is_advised_for_what_no_index_would_help(condition: str) -> None:
    assert not texts(f"SELECT * FROM orders WHERE {condition}")


def test_an_order_with_a_limit_gets_flags_in_front() -> None:
    assert texts("SELECT * FROM orders WHERE paid ORDER BY placed_at LIMIT 10") == ["CREATE INDEX orders_paid_placed_at_idx ON orders (paid, placed_at);"]


def test_trigrams_do_not_take_over_equality() -> None:
    found = texts("SELECT * FROM orders WHERE note ILIKE '%%abc%%'", "SELECT * FROM orders WHERE note = %s")
    assert len(found) == 2


def test_what_is_advised_serves_and_is_needed() -> None:
    statements = [
        "SELECT * FROM orders WHERE customer_id = %s",
        "SELECT * FROM orders WHERE customer_id = %s AND state = 'open' ORDER BY placed_at DESC LIMIT 5",
        "SELECT * FROM orders WHERE number = %s AND customer_id = %s",
        "SELECT * FROM orders WHERE number IN ('a', 'b')",
        "SELECT * FROM orders WHERE number = 'a' OR note = 'b'",
        "SELECT * FROM lines WHERE sku = %s AND order_id = %s",
        "DELETE FROM lines WHERE order_id = %s",
    ]
    found = advice(*statements)
    made = "".join(statement(one.candidate, one.name, concurrently=False) for one in found)
    after = questions(schema(DDL + made), *statements)
    assert all(access.path is Path.INDEX for _, access in after)
    used = {name for _, access in after for name in access.index.split(" + ")}
    assert {one.name for one in found} <= used
    assert len(found) <= 5


def test_names_are_short_and_free() -> None:
    long = Candidate("a_table_with_quite_a_long_name_indeed", tuple(IndexKey(f"a_column_with_a_long_name_{number}") for number in range(3)))
    first = name_of(long, set())
    assert len(first) <= 63 and first.endswith("_idx") and first.startswith("a_table_with")
    second = name_of(long, {first})
    assert second != first and len(second) <= 63
    assert len(name_of(long, set(), 30)) <= 30
    other = replace(long, keys=long.keys[:2])
    assert name_of(other, set(), 30) != name_of(long, set(), 30)


CANDIDATES = {
    "plain": Candidate("orders", (IndexKey("customer_id"), IndexKey("placed_at", descending=True))),
    "nulls": Candidate("orders", (IndexKey("placed_at", descending=True, nulls_first=False),)),
    "expression": Candidate("orders", (IndexKey("", "lower(number)"),)),
    "operator": Candidate("orders", (IndexKey("", "data ->> 'k'"), IndexKey("id"))),
    "gin": Candidate("orders", (IndexKey("data", opclass="jsonb_path_ops"),), "gin"),
    "trigrams": Candidate("orders", (IndexKey("note", opclass="gin_trgm_ops"),), "gin"),
    "prefix": Candidate("orders", (IndexKey("customer_id"), IndexKey("note", opclass="text_pattern_ops"))),
    "quoted": Candidate("Order", (IndexKey("customerId"),)),
    "partial": Candidate("orders", (IndexKey("placed_at"),), where="not paid"),
}
WRITTEN = {
    "plain": (
        "CREATE INDEX CONCURRENTLY n ON orders (customer_id, placed_at DESC);",
        'models.Index(fields=["customer", "-placed_at"], name="n")',
        'Index("n", "customer_id", text("placed_at DESC"))',
    ),
    "nulls": (
        "CREATE INDEX CONCURRENTLY n ON orders (placed_at DESC NULLS LAST);",
        'models.Index(F("placed_at").desc(nulls_last=True), name="n")',
        'Index("n", text("placed_at DESC NULLS LAST"))',
    ),
    "expression": (
        "CREATE INDEX CONCURRENTLY n ON orders (lower(number));",
        'models.Index(Lower("number"), name="n")',
        'Index("n", text("lower(number)"))',
    ),
    "operator": (
        "CREATE INDEX CONCURRENTLY n ON orders ((data ->> 'k'), id);",
        'models.Index(RawSQL("data ->> \'k\'", ()), F("id"), name="n")',
        'Index("n", text("(data ->> \'k\')"), "id")',
    ),
    "gin": (
        "CREATE INDEX CONCURRENTLY n ON orders USING gin (data jsonb_path_ops);",
        'GinIndex(fields=["data"], opclasses=["jsonb_path_ops"], name="n")',
        'Index("n", "data", postgresql_using="gin", postgresql_ops={"data": "jsonb_path_ops"})',
    ),
    "trigrams": (
        "CREATE INDEX CONCURRENTLY n ON orders USING gin (note gin_trgm_ops);",
        'GinIndex(fields=["note"], opclasses=["gin_trgm_ops"], name="n")',
        'Index("n", "note", postgresql_using="gin", postgresql_ops={"note": "gin_trgm_ops"})',
    ),
    "prefix": (
        "CREATE INDEX CONCURRENTLY n ON orders (customer_id, note text_pattern_ops);",
        'models.Index(F("customer"), OpClass(F("note"), name="text_pattern_ops"), name="n")',
        'Index("n", "customer_id", "note", postgresql_ops={"note": "text_pattern_ops"})',
    ),
    "quoted": (
        'CREATE INDEX CONCURRENTLY n ON "Order" ("customerId");',
        'models.Index(fields=["customerId"], name="n")',
        'Index("n", "customerId")',
    ),
    "partial": (
        "CREATE INDEX CONCURRENTLY n ON orders (placed_at) WHERE not paid;",
        'models.Index(fields=["placed_at"], name="n", condition=Q(RawSQL("not paid", (), output_field=models.BooleanField())))',
        'Index("n", "placed_at", postgresql_where=text("not paid"))',
    ),
}


@pytest.mark.parametrize("kind", sorted(CANDIDATES))
def test_an_index_written_down(kind: str) -> None:
    candidate = CANDIDATES[kind]
    fields = {"customer_id": "customer"}
    assert (statement(candidate, "n"), django(candidate, "n", fields), sqlalchemy(candidate, "n")) == WRITTEN[kind]


def test_other_databases_have_their_own_quotes() -> None:
    assert statement(CANDIDATES["plain"], "n", Dialect.MYSQL) == "CREATE INDEX `n` ON `orders` (`customer_id`, `placed_at` DESC);"
    assert statement(CANDIDATES["expression"], "n", Dialect.MYSQL) == "CREATE INDEX `n` ON `orders` ((lower(number)));"
    assert statement(CANDIDATES["plain"], "n", Dialect.SQLITE) == "CREATE INDEX n ON orders (customer_id, placed_at DESC);"


def test_trigrams_need_their_extension() -> None:
    assert preparations(CANDIDATES["trigrams"]) == ("CREATE EXTENSION IF NOT EXISTS pg_trgm;",)
    assert not preparations(CANDIDATES["plain"])


@pytest.mark.parametrize("kind", sorted(set(CANDIDATES) - {"quoted"}))
def test_sqlalchemy_makes_the_same_index(kind: str) -> None:
    """What SQLAlchemy prints for the line is, as our own reader sees it, the index that our statement makes."""
    library = pytest.importorskip("sqlalchemy")
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateIndex

    candidate = CANDIDATES[kind]
    columns = [library.Column(column.name, library.Text) for column in schema(DDL)["orders"].columns]
    index = eval(sqlalchemy(candidate, "n"), {"Index": library.Index, "text": library.text})
    library.Table("orders", library.MetaData(), *columns, index)
    printed = str(CreateIndex(index).compile(dialect=postgresql.dialect()))
    theirs = schema(DDL + printed + ";")["orders"].indexes[-1]
    ours = schema(DDL + statement(candidate, "n", concurrently=False))["orders"].indexes[-1]
    assert (theirs.keys, theirs.method, theirs.where) == (ours.keys, ours.method, ours.where)


@pytest.mark.parametrize("kind", sorted(CANDIDATES))
def test_django_takes_the_line(kind: str) -> None:
    pytest.importorskip("django")
    from django.contrib.postgres.indexes import GinIndex, OpClass
    from django.db import models
    from django.db.models import F, Q
    from django.db.models.expressions import RawSQL
    from django.db.models.functions import Lower

    line = django(CANDIDATES[kind], "n")
    index = eval(line, {"models": models, "GinIndex": GinIndex, "OpClass": OpClass, "F": F, "Q": Q, "RawSQL": RawSQL, "Lower": Lower})
    assert index.name == "n"


def test_an_address_is_left_out_beside_another_key() -> None:
    """A sorted index over addresses is as large as the table, and tells no more rows apart than the number does."""
    tables = schema("CREATE TABLE files (id bigint PRIMARY KEY, message_id bigint NOT NULL, url varchar NOT NULL, file_name varchar NOT NULL)")
    asked = questions(tables, "SELECT * FROM files WHERE url = %s AND file_name = %s AND message_id = %s")
    (found,) = advise(asked, tables.get)
    assert [key.column for key in found.candidate.keys] == ["message_id"]
    (alone,) = advise(questions(tables, "SELECT * FROM files WHERE url = %s"), tables.get)
    assert [key.column for key in alone.candidate.keys] == ["url"], "where nothing else is asked it is all there is"
