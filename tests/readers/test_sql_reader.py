"""What files of SQL and Prisma say, statement by statement."""

from __future__ import annotations

import msgspec
import pytest

from backend_lint.engine.roles import role_of
from backend_lint.facts import ddl
from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.facts.query import Verb
from backend_lint.facts.sql_file import SqlFile
from backend_lint.readers import wanted
from backend_lint.readers.sql import read


def facts(text: str | bytes, path: str = "db/queries.sql") -> SqlFile:
    data = text if isinstance(text, bytes) else text.encode()
    kind = wanted(path)
    assert kind is not None
    reading = read(data, SourceFile(path, kind, role_of(path, data), len(data)))
    assert reading.unchecked == ()
    return msgspec.msgpack.decode(reading.facts, type=SqlFile)


def test_named_queries_of_four_libraries() -> None:
    found = facts(
        """-- name: get_user^
select * from users where id = :id;
-- name: CreateUser :one
INSERT INTO users (email) VALUES ($1) RETURNING id;
-- name: delete-user!
delete from users where id = %(id)s;
-- :name all-users :many
SELECT * FROM users;
--! count_users
SELECT count(*) FROM users;
"""
    )
    assert [(one.name, one.marker, one.query.verb if one.query else None) for one in found.statements] == [
        ("get_user", "^", Verb.SELECT),
        ("CreateUser", ":one", Verb.INSERT),
        ("delete-user", "!", Verb.DELETE),
        ("all-users", ":many", Verb.SELECT),
        ("count_users", "", Verb.SELECT),
    ]
    assert [one.line for one in found.statements] == [2, 4, 6, 8, 10]


def test_queries_in_a_migration_are_none_of_the_application() -> None:
    found = facts("CREATE TABLE t (a int);\nUPDATE t SET a = 1;\nSELECT 1;\nINSERT INTO t VALUES (1), (2);", "migrations/001_t.sql")
    assert [type(change).__name__ for one in found.statements for change in one.changes] == ["CreateTable", "Seed"]
    assert all(one.query is None for one in found.statements)
    assert [one.changes for one in found.statements if one.changes][1] == (ddl.Seed("t", 2),)


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("-- migrate:up", "-- migrate:down"),
        ("-- +goose Up\n-- +goose StatementBegin", "-- +goose StatementEnd\n-- +goose Down"),
        ("-- +migrate Up", "-- +migrate Down"),
        ("-- Up Migration", "-- Down Migration"),
        ("", "-- //@UNDO"),
    ],
)
def test_the_way_down_is_not_read(up: str, down: str) -> None:
    found = facts(f"{up}\nCREATE TABLE t (a int);\n{down}\nDROP TABLE t;\n", "db/migrations/20200101_t.sql")
    assert [type(change).__name__ for one in found.statements for change in one.changes] == ["CreateTable"]
    assert found.down == 3 + up.count("\n") + down.count("\n") - (1 if not up else 0) + (0 if up else 1)


@pytest.mark.parametrize(
    ("text", "path", "dialect"),
    [
        ("CREATE TABLE t (id BIGSERIAL PRIMARY KEY)", "schema.sql", "postgresql"),
        ("CREATE TABLE t (id int AUTO_INCREMENT) ENGINE=InnoDB", "schema.sql", "mysql"),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)", "schema.sql", "sqlite"),
        ("CREATE TABLE [dbo].[t] ([id] int IDENTITY(1,1))", "schema.sql", "mssql"),
        ("CREATE TABLE t (id int)", "schema.sql", ""),
        ("CREATE TABLE t (id int)", "migrations/mysql/001.sql", "mysql"),
        ("CREATE TABLE t (id int)", "schema.postgres.sql", "postgresql"),
    ],
)
def test_the_dialect_is_told_by_words_or_by_place(text: str, path: str, dialect: str) -> None:
    assert facts(text, path).dialect == dialect


def test_what_is_not_understood_is_said_and_forgotten() -> None:
    found = facts("CREATE TABLE t (a int);\nALTER TABLE t FROBNICATE a;\nCREATE TABLE u (a int FROB);\nFROBNICATE;", "migrations/1_x.sql")
    assert [bool(one.not_understood) for one in found.statements] == [False, True, True, True]
    assert isinstance(found.statements[1].changes[0], ddl.Forget) and found.statements[1].changes[0].table == "t"
    created = found.statements[2].changes[0]
    assert isinstance(created, ddl.CreateTable) and created.table.name == "u" and created.table.unknown


def test_files_of_products_that_are_not_known_say_nothing() -> None:
    assert facts("CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a", "schema.sql").statements == ()
    assert facts("CREATE TABLE t (a int)", "clickhouse/001.sql").statements == ()


@pytest.mark.parametrize(
    "data", [b"\xff\xfeC\x00", b"CREATE TABLE t (a int)\x00;", b"\xe9t\xe9; CREATE TABLE t (a int);", b"\xef\xbb\xbfCREATE TABLE t (a int);\r\n", b""]
)
def test_bytes_of_any_kind_are_read_or_refused(data: bytes) -> None:
    reading = read(data, SourceFile("migrations/1.sql", Kind.SQL, Role.MIGRATION, len(data)))
    assert bool(reading.facts) != bool(reading.unchecked)


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE t (a int CHECK " + "(" * 3000 + "a > 0" + ")" * 3000 + ");",
        "CREATE INDEX i ON t (" + "lower(" * 3000 + "a" + ")" * 3000 + ");",
        "CREATE TABLE t (" + ", ".join(f"c{number} int" for number in range(20_000)) + ");",
        "ALTER TABLE t " + ", ".join(f"ADD c{number} int" for number in range(8_000)) + ";",
        "CREATE INDEX i ON t (a) WHERE " + " OR ".join(f"a = {number}" for number in range(10_000)) + ";",
        "INSERT INTO t VALUES " + "(1, 'x')," * 100_000 + "(2, 'y');",
        "DO $$ " + "BEGIN " * 10_000 + "CREATE TABLE t (a int); " + "END;" * 10_000 + " $$;",
    ],
)
def test_hostile_statements_cost_themselves_alone(text: str) -> None:
    found = facts(text + "\nCREATE TABLE last (a int);", "migrations/1.sql")
    assert any(isinstance(change, ddl.CreateTable) and change.table.name == "last" for one in found.statements for change in one.changes)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{{" * 100_000 + "\nCREATE TABLE t (a int);", "migrations/1.sql"),
        ("${" * 100_000 + "\n", "migrations/1.sql"),
        ("DO $$ BEGIN EXECUTE 'x" + " alter table" * 20_000 + "'; END $$;", "migrations/1.sql"),
        ("DO $$ BEGIN " + "IF a THEN " * 20_000 + " CREATE TABLE t (a int); END $$;", "migrations/1.sql"),
        ("CREATE " + "OR REPLACE TEMP " * 20_000, "migrations/1.sql"),
        ("-- name: " * 20_000 + "\nSELECT 1;", "queries.sql"),
        ("model a {\n" * 30_000, "schema.prisma"),
        ("model a {\n" + "x Int " + "@a(" * 30_000 + "\n}", "schema.prisma"),
        ("model a {\n" + " x Int @default(" + "(" * 900 + "\n}", "schema.prisma"),
    ],
)
def test_hostile_text_costs_no_more_than_its_length(text: str, path: str) -> None:
    assert facts(text, path).statements is not None


def test_prisma() -> None:
    found = facts(
        """
datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}
enum Role { USER }
enum Kind {
  A
  B
}
// a comment with { braces }
model User {
  id        Int      @id @default(autoincrement())
  email     String   @unique @db.VarChar(200)
  kind      Kind     @default(A)
  createdAt DateTime @default(now()) @map("created_at") @db.Timestamptz(3)
  tags      String[]
  bio       String?  @default("a } b") // it's
  posts     Post[]
  groups    Group[]
  @@index([createdAt(sort: Desc), email], map: "recent")
  @@unique([email, kind])
  @@map("users")
}
model Post {
  userId Int
  slug   String
  body   Json
  user   User @relation(fields: [userId], references: [id], onDelete: Cascade)
  @@id([userId, slug])
  @@index([body(ops: JsonbPathOps)], type: Gin)
}
model Group {
  id    String @id @default(cuid())
  users User[]
}
""",
        "prisma/schema.prisma",
    )
    tables = {change.table.name: change.table for one in found.statements for change in one.changes if isinstance(change, ddl.CreateTable)}
    assert found.dialect == "postgresql" and list(tables) == ["users", "Post", "Group", "_GroupToUser"]
    users, post = tables["users"], tables["Post"]
    assert [(column.name, column.type, column.nullable, column.auto, column.closed) for column in users.columns] == [
        ("id", "integer", False, True, False),
        ("email", "varchar(200)", False, False, False),
        ("kind", "Kind", False, False, True),
        ("created_at", "timestamptz(3)", False, False, False),
        ("tags", "text[]", False, False, False),
        ("bio", "text", True, False, False),
    ]
    assert {index.name: [key.column for key in index.keys] for index in users.indexes} == {
        "users_pkey": ["id"],
        "users_email_key": ["email"],
        "recent": ["created_at", "email"],
        "users_email_kind_key": ["email", "kind"],
    }
    assert post.primary_key == ("userId", "slug") and post.indexes[1].method == "gin" and post.indexes[1].keys[0].opclass == "jsonb_path_ops"
    (key,) = post.foreign_keys
    assert (key.name, key.columns, key.table, key.to_columns, key.on_delete) == ("Post_userId_fkey", ("userId",), "users", ("id",), "cascade")
    assert tables["_GroupToUser"].primary_key == ("A", "B")


@pytest.mark.parametrize(
    ("path", "data", "role"),
    [
        ("db/migrations/001_a.sql", b"", Role.MIGRATION),
        ("db/structure.sql", b"", Role.MIGRATION),
        ("src/main/resources/db/V1__a.sql", b"", Role.MIGRATION),
        ("app/queries/users.sql", b"SELECT 1", Role.APPLICATION),
        ("app/sql/tables_of_shop.sql", b"create table shop (id int)", Role.MIGRATION),
        ("tests/fixtures/schema.sql", b"create table shop (id int)", Role.TEST),
        ("examples/schema.sql", b"create table shop (id int)", Role.SCRIPT),
        ("scripts/migrations/001.sql", b"", Role.MIGRATION),
        ("prisma/schema.prisma", b"", Role.MIGRATION),
    ],
)
def test_roles_of_sql_files(path: str, data: bytes, role: Role) -> None:
    assert role_of(path, data) is role
