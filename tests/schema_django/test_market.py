"""A Django project of many shapes against the database that Django itself makes of it: every table, column, index, name and key must be equal."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from urllib.parse import parse_qs, unquote, urlsplit

import postgres_server
import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import read_project
from backend_lint.facts.schema import Implicit, Table, TableKind
from backend_lint.project import Project
from backend_lint.project.schema.django import declared
from backend_lint.project.schema.django_migrations import replay
from backend_lint.project.schema.source import Declared, Replayed

MARKET = Path(__file__).resolve().parent / "projects" / "market"
TREE = MARKET.parent.parent.parent.parent
BY_HAND = {"legacy_log", "legacy_paint", "legacy_brush", "content_comment", "content_article"}
"""Tables that SQL of migrations made or changed, so that the models alone do not say all."""


def live_catalog() -> ModuleType:
    spec = importlib.util.spec_from_file_location("live_catalog", TREE / "benchmarks" / "live_catalog.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["live_catalog"] = module
    spec.loader.exec_module(module)
    return module


@functools.cache
def market() -> Project:
    return Project.link(read_project(Settings(root=MARKET, cache=False, jobs=1)))


@functools.cache
def ours() -> tuple[Declared, Replayed]:
    models = declared(market())
    return models, replay(market(), models)


@functools.cache
def made(how: str) -> dict[str, Table]:
    """What Django makes of the project: by its migrations, or by its models alone."""
    pytest.importorskip("django")
    connection = postgres_server.database(f"market_{how}")
    parts = urlsplit(postgres_server.uri_of(f"market_{how}"))
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    names = {"MARKET_NAME": f"market_{how}", "MARKET_USER": unquote(parts.username or ""), "MARKET_HOST": unquote(host), "MARKET_PORT": str(parts.port or "")}
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", *(["--run-syncdb"] if how == "models" else [])]
    environment = {**os.environ, **names, "MARKET_MODELS": "1" if how == "models" else ""}
    done = subprocess.run(command, cwd=MARKET, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    with connection:
        found: dict[str, Table] = live_catalog().read(connection)
    return {name: table for name, table in found.items() if not name.startswith(("django_", "auth_"))}


def shown(mine: Mapping[str, Table], real: Mapping[str, Table]) -> str:
    return "\n".join(f"{one.kind} {one.table} {one.name}: ours {one.ours!r}, real {one.real!r}" for one in live_catalog().differences(mine, real))


def test_migrations_leave_what_django_leaves() -> None:
    real = made("migrations")
    assert len(real) > 100
    mine = {name: table for name, table in ours()[1].tables.items() if table.managed}
    assert shown(mine, real) == ""


def test_models_declare_what_django_makes_of_them() -> None:
    real = made("models")
    mine = {name: table for name, table in ours()[0].tables.items() if table.managed and table.kind is TableKind.TABLE}
    assert shown(mine, real) == ""


def test_models_and_migrations_agree_where_no_sql_was_written() -> None:
    models, migrations = ours()
    names = [name for name, table in models.tables.items() if table.managed and name not in BY_HAND and not name.startswith("transitions_")]
    mine, other = ({name: side[name] for name in names} for side in (models.tables, migrations.tables))
    differences = [one for one in live_catalog().differences(mine, other) if one.kind not in ("index name", "foreign key")]
    # Django leaves the key of a view alone when the primary key of its page becomes another field
    assert {(one.kind, one.table) for one in differences if one.kind != "column" or one.name != "id"} == {("column", "content_view"), ("index", "content_view")}


def test_nothing_of_the_project_is_unknown() -> None:
    models, migrations = ours()
    assert [one for one in (*models.unread, *migrations.unread) if "legacy_never" not in one.what] == []
    assert {name: table.unknown for name, table in migrations.tables.items() if table.unknown} == {}
    assert migrations.covers == {name for name, table in migrations.tables.items() if table.managed}


def test_rows_that_migrations_write_mark_their_tables() -> None:
    tables = ours()[1].tables
    assert {name for name, table in tables.items() if table.seeded} == {"content_language", "content_step"}


def test_the_project_covers_what_it_is_to_cover() -> None:
    """A sample from which an operation was lost would no longer show that it is replayed."""
    text = "\n".join(path.read_text() for path in MARKET.rglob("migrations/0*.py"))
    used = set(re.findall(r"\b(?:migrations\.)?([A-Z]\w+)\(", text))
    wanted = (
        "CreateModel DeleteModel RenameModel AlterModelTable AlterUniqueTogether AlterIndexTogether RenameIndex AddField RemoveField AlterField RenameField "
        "AddIndex RemoveIndex AddConstraint RemoveConstraint AlterModelOptions AlterOrderWithRespectTo AddIndexConcurrently RemoveIndexConcurrently RunSQL "
        "RunPython SeparateDatabaseAndState AddConstraintNotValid ValidateConstraint CreateIfMissing"
    )
    assert set(wanted.split()) <= used
    assert len(list(MARKET.rglob("migrations/0*.py"))) >= 60
    models = sum(len(re.findall(r"^class \w+\(", path.read_text(), re.MULTILINE)) for path in MARKET.rglob("models*.py")) + len(
        list(MARKET.glob("catalog/models/*.py"))
    )
    assert models >= 40


def test_indexes_that_nobody_wrote_say_why_they_are_there() -> None:
    tables = ours()[1].tables
    keys = {index.name: index.implicit for index in tables["orders_line"].indexes}
    assert sorted(set(keys.values())) == [Implicit.FOREIGN_KEY, Implicit.PRIMARY_KEY, Implicit.UNIQUE]
    assert all(implicit is Implicit.NO for name, implicit in ((one.name, one.implicit) for one in tables["search_document"].indexes) if "pkey" not in name)


def test_tables_know_their_models() -> None:
    tables = ours()[1].tables
    assert tables["catalog_tags"].model is not None and tables["catalog_tags"].path == "catalog/models/product.py"
    assert tables["stock_house"].model is not None and tables["legacy_log"].model is None
