"""A text of SQL is cut where the database's own client would cut it."""

from __future__ import annotations

import pytest

from backend_lint.facts.schema import Dialect
from backend_lint.sql.split import statements

POSTGRESQL, MYSQL, SQLITE, MSSQL = Dialect.POSTGRESQL, Dialect.MYSQL, Dialect.SQLITE, Dialect.MSSQL


def cut(text: str, dialect: Dialect | None = POSTGRESQL) -> list[str]:
    return [" ".join(statement.text.split()) for statement in statements(text, dialect)]


@pytest.mark.parametrize(
    ("text", "dialect", "expected"),
    [
        ("a; b;c", POSTGRESQL, ["a", "b", "c"]),
        ("a 'x;y''z;'; b", POSTGRESQL, ["a 'x;y''z;'", "b"]),
        ("a E'it\\'s; x'; b", POSTGRESQL, ["a E'it\\'s; x'", "b"]),
        ("a 'C:\\'; b", POSTGRESQL, ["a 'C:\\'", "b"]),
        ("a 'it\\'s; x'; b", MYSQL, ["a 'it\\'s; x'", "b"]),
        ('a "x;y"; b `c;d`; e', MYSQL, ['a "x;y"', "b `c;d`", "e"]),
        ("a $$x;y$$; b $t$ $$;$$ $t$; c", POSTGRESQL, ["a $$x;y$$", "b $t$ $$;$$ $t$", "c"]),
        ("-- one; two\na -- it's; x\n; /* b; */ c", POSTGRESQL, ["a -- it's; x", "c"]),
        ("# it's; x\na; b # y;\n", MYSQL, ["a", "b # y;"]),
        ("\\connect db\na;\n\\set x 1\nb;\n\\restrict abc\nc", POSTGRESQL, ["a", "b", "c"]),
        ("a\nGO\nb\ngo\n", MSSQL, ["a", "b"]),
        ("CREATE TABLE [a;b] (x int); c", MSSQL, ["CREATE TABLE [a;b] (x int)", "c"]),
        ("DELIMITER //\nCREATE PROCEDURE p() BEGIN a; b; END//\nDELIMITER ;\nc;", MYSQL, ["CREATE PROCEDURE p() BEGIN a; b; END", "c"]),
        ("DELIMITER $$\nx;y $$\nz $$\nDELIMITER ;\nc;", MYSQL, ["x;y", "z", "c"]),
        ("DELIMITER ;;\nx; y ;;\nDELIMITER ;\nc;", MYSQL, ["x; y", "c"]),
        ("/*!40101 SET NAMES utf8 */;\na;", MYSQL, ["/*!40101 SET NAMES utf8 */", "a"]),
        ("CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET x = 1; SELECT CASE WHEN 1 THEN 2 END; END; c;", SQLITE, 2),
        ("CREATE TRIGGER t AFTER INSERT ON a WHEN (CASE WHEN 1 THEN 2 END) BEGIN x; END; c;", SQLITE, 2),
        ("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; c", POSTGRESQL, 2),
        ("CREATE FUNCTION f() RETURNS int AS $$ BEGIN x; END $$ LANGUAGE plpgsql; c", POSTGRESQL, 2),
        ("CREATE PROCEDURE p() BEGIN IF a THEN b; END IF; WHILE c DO d; END WHILE; END; c", MYSQL, 2),
        ("CREATE TRIGGER t BEFORE UPDATE ON a FOR EACH ROW EXECUTE FUNCTION f(); c", POSTGRESQL, 2),
        ("CREATE OR REPLACE PROCEDURE p IS x NUMBER; BEGIN a; END;\n/\nc;", Dialect.ORACLE, 2),
        ("", POSTGRESQL, []),
        (";;; \n ;", POSTGRESQL, []),
        ("a 'never closed; b", POSTGRESQL, 1),
        ("/* never closed; b", POSTGRESQL, 0),
        ("a $$ never closed; b", POSTGRESQL, 1),
        ("SELECT $1; SELECT a$b;", POSTGRESQL, ["SELECT $1", "SELECT a$b"]),
    ],
)
def test_statements_end_where_they_end(text: str, dialect: Dialect, expected: list[str] | int) -> None:
    found = cut(text, dialect)
    assert found == expected if isinstance(expected, list) else len(found) == expected


def test_lines_and_comments_are_told() -> None:
    text = "-- name: first\nSELECT 1;\n\n-- name: second\n-- more\nSELECT\n  2;"
    found = list(statements(text, POSTGRESQL))
    assert [(one.line, one.end_line, one.comments.strip()) for one in found] == [(2, 2, "-- name: first"), (6, 7, "-- name: second\n-- more")]


def test_data_of_copy_is_passed_over() -> None:
    text = "COPY public.t (a, b) FROM stdin;\n1\tit's; x\n2\ty\n\\.\n\nCREATE TABLE u (a int);"
    copy, create = statements(text, POSTGRESQL)
    assert (copy.rows, create.text, create.line) == (2, "CREATE TABLE u (a int)", 6)


def test_lines_of_inserts_are_one_statement() -> None:
    text = "CREATE TABLE t (a int);\n" + "INSERT INTO t VALUES (1, 'it''s; x');\n" * 200_000 + "CREATE TABLE u (b int);\n"
    found = list(statements(text, POSTGRESQL))
    assert [(one.text[:8], one.rows, one.line) for one in found] == [("CREATE T", 0, 1), ("INSERT I", 199_999, 2), ("CREATE T", 0, 200_002)]


@pytest.mark.parametrize(
    "text",
    ["'" * 20_001, "/*" * 50_000, "(" * 100_000, "$a$" * 30_001, "-- x\n" * 50_000, "BEGIN " * 30_000, ";" * 100_000, "\n/\n" * 30_000],
)
def test_hostile_text_ends(text: str) -> None:
    assert len(list(statements(text, POSTGRESQL))) <= 30_001
    assert len(list(statements("CREATE FUNCTION " + text, None))) <= 30_001
