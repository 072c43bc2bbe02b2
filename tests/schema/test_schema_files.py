"""Files of SQL as one database: which belong together, in which order, and what the project takes for its schema."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from backend_lint.engine.read_file import read_file
from backend_lint.engine.roles import role_of
from backend_lint.facts.database import KnownDatabase
from backend_lint.facts.file import SourceFile
from backend_lint.facts.schema import Dialect
from backend_lint.project import Project
from backend_lint.project.schema import Schema
from backend_lint.project.schema.files import chains
from backend_lint.readers import wanted


def project(files: Mapping[str, str], database: KnownDatabase | None = None) -> Project:
    readings = {}
    for path, text in files.items():
        kind = wanted(path)
        assert kind is not None, path
        file = SourceFile(path, kind, role_of(path, text.encode()), len(text))
        readings[path] = (file, read_file(file, text.encode(), ()))
    return Project.link(readings, database)


def schema(files: Mapping[str, str]) -> Schema:
    return project(files).schema


def columns(found: Schema, table: str) -> list[str]:
    known = found.table(table)
    return [column.name for column in known.columns] if known is not None else []


@pytest.mark.parametrize(
    "names",
    [
        ("001_a.sql", "002_b.sql", "010_c.sql"),
        ("20200101000000_a.sql", "20200102000000_b.sql", "20210101000000_c.sql"),
        ("V1__a.sql", "V1_1__b.sql", "V10__c.sql"),
        ("000001_a.up.sql", "000002_b.up.sql", "000010_c.up.sql"),
        ("1-a.sql", "2-b.sql", "10-c.sql"),
        ("20200101_a/migration.sql", "20200102_b/migration.sql", "20210101_c/migration.sql"),
        ("2020-01-01-000000_a/up.sql", "2020-01-02-000000_b/up.sql", "2021-01-01-000000_c/up.sql"),
        ("1/x.sql", "2/x.sql", "10/x.sql"),
        ("0.9.0/x.sql", "0.10.0/a.sql", "1.0.0/x.sql"),
    ],
)
def test_migrations_run_in_the_order_of_their_versions(names: tuple[str, ...]) -> None:
    steps = ("CREATE TABLE t (a int);", "ALTER TABLE t RENAME COLUMN a TO b;", "ALTER TABLE t RENAME COLUMN b TO c;")
    files = {f"db/migrations/{name}": text for name, text in reversed(list(zip(names, steps, strict=True)))}
    found = schema(files)
    assert columns(found, "t") == ["c"] and found.tables["t"].unknown == ()
    assert [chain.paths for chain in chains(project(files).sql_files)] == [tuple(f"db/migrations/{name}" for name in names)]


def test_ways_down_are_left_out() -> None:
    found = schema(
        {
            "migrations/1_t.up.sql": "CREATE TABLE t (a int);",
            "migrations/1_t.down.sql": "DROP TABLE t;",
            "other/V1__u.sql": "CREATE TABLE u (a int);",
            "other/U1__u.sql": "DROP TABLE u;",
            "third/2020-01-01_v/up.sql": "CREATE TABLE v (a int);",
            "third/2020-01-01_v/down.sql": "DROP TABLE v;",
            "sql/init.sql": "CREATE TABLE w (a int);",
            "sql/destroy.sql": "DROP TABLE w;",
        }
    )
    assert sorted(found.tables) == ["t", "u", "v", "w"]


def test_what_flyway_repeats_comes_last() -> None:
    found = schema({"db/R__index.sql": "CREATE INDEX i ON t (a);", "db/V1__t.sql": "CREATE TABLE t (a int);"})
    assert [index.name for index in found.tables["t"].indexes] == ["i"] and found.tables["t"].unknown == ()


def test_files_without_numbers_go_by_need() -> None:
    files = {"alter.sql": "ALTER TABLE t ADD b int;", "tables.sql": "CREATE TABLE t (a int);", "a_index.sql": "CREATE INDEX i ON t (b);"}
    found = schema({f"schema/{name}": text for name, text in files.items()})
    assert columns(found, "t") == ["a", "b"] and found.tables["t"].unknown == ()


def test_migrations_on_top_of_a_snapshot() -> None:
    files = {
        "schema.sql": "CREATE TABLE t (a int, b text); CREATE INDEX i ON t (a);",
        "migrations/1_b.sql": "ALTER TABLE t ADD COLUMN b text;",
        "migrations/2_c.sql": "ALTER TABLE t ADD COLUMN c text; CREATE INDEX j ON t (c); ALTER TABLE t DROP COLUMN gone;",
    }
    found = schema(files)
    assert columns(found, "t") == ["a", "b", "c"] and found.tables["t"].unknown == ()
    assert [index.name for index in found.tables["t"].indexes] == ["i", "j"]


def test_a_snapshot_beside_the_migrations_that_it_was_made_of_says_nothing_new() -> None:
    migrations = {"db/migrations/1.sql": "CREATE TABLE t (a int);", "db/migrations/2.sql": "ALTER TABLE t ADD b int;"}
    found = schema({"db/schema.sql": "CREATE TABLE t (a int, old int);", **migrations})
    assert columns(found, "t") == ["a", "b"] and found.tables["t"].unknown == ()


def test_two_databases_with_a_table_of_one_name_make_it_doubtful() -> None:
    more = " ".join(f"CREATE TABLE %s{number} (a int);" for number in range(6))
    found = schema(
        {
            "billing/migrations/1.sql": "CREATE TABLE users (id int, balance int);" + more.replace("%s", "bill"),
            "shop/migrations/1.sql": "CREATE TABLE users (id int, email text);" + more.replace("%s", "shop"),
            "shop/views.py": "def view(request):\n    pass\n",
        }
    )
    assert columns(found, "users") == ["id", "email"]
    assert found.tables["users"].unknown and not found.tables["shop1"].unknown


def test_the_same_migrations_for_several_products_are_read_for_one() -> None:
    files = {
        "migrations/postgres/1.sql": "CREATE TABLE t (id BIGSERIAL PRIMARY KEY);",
        "migrations/mysql/1.sql": "CREATE TABLE t (id bigint AUTO_INCREMENT PRIMARY KEY, only_mysql int);",
        "migrations/sqlite/1.sql": "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT);",
        "app.py": "import pymysql\n",
    }
    found = schema(files)
    assert found.dialect is Dialect.MYSQL and columns(found, "t") == ["id", "only_mysql"] and not found.tables["t"].unknown


def test_fixtures_samples_and_files_beside_python_migrations_are_no_schema() -> None:
    found = schema(
        {
            "tests/fixtures/a.sql": "CREATE TABLE a (a int);",
            "examples/b.sql": "CREATE TABLE b (a int);",
            "app/migrations/0001_initial.sql": "CREATE TABLE c (a int);",
            "app/migrations/0001_initial.py": "x = 1\n",
            "db/init.sql": "CREATE TABLE d (a int);",
        }
    )
    assert list(found.tables) == ["d"]


def test_what_was_not_understood_is_named_with_its_place() -> None:
    found = schema({"db/migrations/1.sql": "CREATE TABLE t (a int);\nALTER TABLE t FROBNICATE x;\nDO $$ BEGIN EXECUTE 'ALTER TABLE ' || x; END $$;"})
    assert [(one.path, one.line) for one in found.unread] == [("db/migrations/1.sql", 2)]
    assert len(found.tables["t"].unknown) == 2


def test_names_are_found_as_they_are_written() -> None:
    found = schema({"db/init.sql": 'CREATE TABLE users (a int); CREATE TABLE audit.event (a int); CREATE TABLE "Order" (a int);'})
    for written, name in (("public.users", "users"), ("USERS", "users"), ("audit.event", "audit.event"), ("event", "audit.event"), ("order", "Order")):
        table = found.table(written)
        assert table is not None and table.name == name
    assert found.table("nothing") is None and found.table("") is None


@pytest.mark.parametrize(
    ("files", "dialect", "known"),
    [
        ({"a.py": "x = 1\n"}, Dialect.POSTGRESQL, False),
        ({"a.py": "import psycopg2\n"}, Dialect.POSTGRESQL, True),
        ({"a.py": "import sqlite3\n"}, Dialect.SQLITE, True),
        ({"a.py": "import aiosqlite\n", "b.py": "import asyncpg\n"}, Dialect.POSTGRESQL, True),
        ({"shop/settings.py": "DATABASES = {'default': {'ENGINE': 'django.db.backends.mysql'}}\n"}, Dialect.MYSQL, True),
        (
            {
                "shop/settings.py": "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\n",
                "docker-compose.yml": "services:\n  db:\n    image: postgres:16\n  web:\n    build: .\n",
            },
            Dialect.POSTGRESQL,
            True,
        ),
        ({"shop/settings.py": "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\n"}, Dialect.SQLITE, True),
        ({"app/config.py": "import os\nURL = os.environ.get('DATABASE_URL', 'mysql+pymysql://localhost/x')\n"}, Dialect.MYSQL, True),
        ({"app/config.py": "class Settings:\n    url: str = 'postgresql+asyncpg://localhost/x'\n", "app/db.py": "import sqlite3\n"}, Dialect.POSTGRESQL, True),
        ({"app/db.py": "from sqlalchemy.dialects.mysql import LONGTEXT\n"}, Dialect.MYSQL, True),
        ({"tests/conftest.py": "import pymysql\n", "app/db.py": "import psycopg\n"}, Dialect.POSTGRESQL, True),
        ({"schema.sql": "CREATE TABLE t (id int AUTO_INCREMENT) ENGINE=InnoDB;"}, Dialect.MYSQL, True),
    ],
)
def test_the_product_is_told_by_settings_drivers_containers_and_files(files: Mapping[str, str], dialect: Dialect, known: bool) -> None:
    found = schema(files)
    assert (found.dialect, found.dialect_known) == (dialect, known)


def test_the_configuration_decides_the_product() -> None:
    found = project({"a.py": "import psycopg2\n"}, KnownDatabase("mysql")).schema
    assert (found.dialect, found.dialect_known) == (Dialect.MYSQL, True)


def test_migrations_of_sql_win_over_models_and_keep_what_only_models_know() -> None:
    found = schema(
        {
            "app/models.py": (
                "from sqlalchemy import Boolean, Column, Integer, String\nfrom sqlalchemy.orm import declarative_base\nBase = declarative_base()\n\n\n"
                "class User(Base):\n    __tablename__ = 'users'\n    id = Column(Integer, primary_key=True)\n    email = Column(String, index=True)\n"
            ),
            "migrations/1.sql": "CREATE TABLE users (id serial PRIMARY KEY, email varchar(200));",
            "migrations/2.sql": "CREATE TABLE other (id serial PRIMARY KEY);",
        }
    )
    users = found.tables["users"]
    assert users.source == "ddl" and [index.name for index in users.indexes] == ["users_pkey"]
    assert users.model is not None and users.model[0] == "app/models.py"
    assert [index.keys[0].column for index in found.declared["users"].indexes] == ["id", "email"]
    assert found.tables["other"].model is None
