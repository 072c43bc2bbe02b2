"""One spelling for each type, so that declarations from four sources can be compared."""

from __future__ import annotations

import pytest

from backend_lint.facts.schema import Dialect
from backend_lint.sql import types
from backend_lint.sql.types import canonical_type


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("INT4", "integer"),
        ("bigserial", "bigint"),
        ("Character Varying(40)", "varchar(40)"),
        ("varchar ( 40 ) []", "varchar(40)[]"),
        ("timestamp (3) with time zone", "timestamptz(3)"),
        ("timestamp without time zone", "timestamp"),
        ("float(24)", "real"),
        ("float", "double precision"),
        ("decimal(10, 2)", "numeric(10,2)"),
        ("numeric(8)", "numeric(8,0)"),
        ("char", "char(1)"),
        ("int array[3]", "integer[]"),
        ("text[][]", "text[]"),
        ("interval day to second", "interval"),
        ("bit varying(5)", "varbit(5)"),
        ("public.mood", "mood"),
        ('audit."Mood"[]', "audit.Mood[]"),
        ("pg_catalog.int8", "bigint"),
        ("geometry(Point, 4326)", "geometry(point,4326)"),
        ("", ""),
        ("x" * 5000, ""),
    ],
)
def test_postgresql_types(written: str, expected: str) -> None:
    assert canonical_type(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("int(11) unsigned", "integer unsigned"),
        ("BIGINT(20) UNSIGNED ZEROFILL", "bigint unsigned"),
        ("tinyint(1)", "boolean"),
        ("tinyint(4)", "tinyint"),
        ("mediumint", "integer"),
        ("double", "double precision"),
        ("datetime(6)", "datetime(6)"),
        ("enum('a','b c')", "enum('a','b c')"),
        ("varbinary(16)", "varbinary(16)"),
        ("longtext", "longtext"),
    ],
)
def test_mysql_types(written: str, expected: str) -> None:
    assert canonical_type(written, Dialect.MYSQL) == expected


def test_questions_about_types() -> None:
    assert [one for one in ("varchar(3)", "text", "citext", "text[]", "jsonb", "bytea") if types.is_text(one)] == ["varchar(3)", "text", "citext"]
    assert [one for one in ("boolean", "enum('a')", "bit(1)", "smallint") if types.is_closed(one)] == ["boolean", "enum('a')", "bit(1)"]
    assert [one for one in ("integer", "integer unsigned", "bigint", "integer[]") if types.is_integer_32(one)] == ["integer", "integer unsigned"]
    assert types.is_timestamp_without_zone("timestamp(3)") and types.is_timestamp_without_zone("datetime", Dialect.MYSQL)
    assert not types.is_timestamp_without_zone("timestamptz") and not types.is_timestamp_without_zone("timestamp", Dialect.MYSQL)
    assert types.is_float("double precision") and not types.is_float("numeric(10,2)")
    assert types.length("varchar(40)") == 40 and types.length("text") is None
