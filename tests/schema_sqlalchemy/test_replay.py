"""What is replayed of Alembic's migrations equals what Alembic leaves when it runs them on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import chain
import postgres_catalog
import postgres_server
import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import read_project
from backend_lint.facts.schema import Dialect
from backend_lint.project import Project
from backend_lint.project.schema.alembic import replay
from backend_lint.project.schema.source import Declared, Replayed
from backend_lint.project.schema.sqlalchemy import declared

HEAD = 'import sqlalchemy as sa\nfrom alembic import op\nrevision = "{0}"\ndown_revision = {1!r}\n'


def replayed(root: Path, dialect: Dialect = Dialect.POSTGRESQL) -> Replayed:
    project = Project.link(read_project(Settings(root=root, cache=False, jobs=1)))
    return replay(project, declared(project, dialect), dialect)


def test_the_chain_leaves_what_alembic_leaves(tmp_path: Path) -> None:
    pytest.importorskip("alembic")
    count = chain.write(tmp_path)
    assert count >= 50
    connection = postgres_server.database("chain_alembic")
    uri = postgres_server.uri_of("chain_alembic").replace("postgresql://", "postgresql+psycopg://", 1)
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "heads"], cwd=tmp_path, env=os.environ | {"CHAIN_URI": uri}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = replayed(tmp_path)
    theirs, ours = postgres_catalog.theirs(connection), postgres_catalog.ours(found.tables.values())
    theirs.pop("alembic_version")
    for name, table in ours.items():
        if name in theirs:
            assert len(theirs[name]["checks"]) == len(found.tables[name].checks), name
            theirs[name]["checks"] = table["checks"]
    assert postgres_catalog.differences(theirs, ours) == []
    assert not [table.name for table in found.tables.values() if table.unknown]
    assert found.covers == found.tables.keys()
    assert found.dropped == {"ch_green", "ch_pairs"}
    assert found.tables["ch_kinds"].seeded
    assert not found.everything_unknown


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Replayed]:
    """Writes revisions, given as bodies of `upgrade`, and replays them."""

    def build(*bodies: str, dialect: Dialect = Dialect.POSTGRESQL, **files: str) -> Replayed:
        versions = tmp_path / "alembic" / "versions"
        versions.mkdir(parents=True, exist_ok=True)
        (tmp_path / "alembic" / "env.py").write_text("from alembic import context\n")
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        for number, body in enumerate(bodies):
            head = HEAD.format(f"r{number}", f"r{number - 1}" if number else None)
            lines = "\n".join("    " + line for line in body.splitlines())
            (versions / f"r{number}.py").write_text(f"{head}\n\ndef upgrade():\n{lines}\n")
        return replayed(tmp_path, dialect)

    return build


CREATE = 'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("a", sa.Integer()))'


def test_a_loop_over_what_nobody_knows_makes_its_table_unknown(project: Callable[..., Replayed]) -> None:
    found = project(CREATE, 'import os\nfor name in os.listdir("."):\n    op.create_index(name, "t", ["a"])')
    assert found.tables["t"].unknown
    assert not found.everything_unknown


def test_a_drop_of_a_table_that_nobody_knows_makes_everything_unknown(project: Callable[..., Replayed]) -> None:
    assert project(CREATE, 'import os\nop.drop_table(os.environ["TABLE"])').everything_unknown


def test_a_condition_that_nobody_knows_makes_its_table_unknown(project: Callable[..., Replayed]) -> None:
    found = project(CREATE, 'import os\nif os.path.isfile("x"):\n    op.create_index("ix", "t", ["a"])')
    assert found.tables["t"].unknown


def test_a_check_for_existence_that_cannot_be_decided_counts_as_not_yet(project: Callable[..., Replayed]) -> None:
    found = project(CREATE, 'from tools import column_exists\nif not column_exists("t", "b"):\n    op.add_column("t", sa.Column("b", sa.Integer()))')
    assert [column.name for column in found.tables["t"].columns] == ["id", "a", "b"]
    assert not found.tables["t"].unknown


def test_sql_that_is_put_together_at_run_time_makes_its_table_unknown(project: Callable[..., Replayed]) -> None:
    found = project(CREATE, "import os\nop.execute(f\"ALTER TABLE t ADD COLUMN {os.environ['NAME']} integer\")")
    assert found.tables["t"].unknown
    assert found.unread


def test_a_migration_that_refuses_a_database_without_its_rows_goes_on(project: Callable[..., Replayed]) -> None:
    body = 'row = op.get_bind().execute(sa.text("SELECT id FROM t")).first()\nif row is None:\n    raise RuntimeError("no row")\n'
    found = project(CREATE, body + 'op.add_column("t", sa.Column("b", sa.Integer()))')
    assert found.tables["t"].column("b") is not None, "what follows a check of rows that an earlier migration wrote is not applied"
    body = 'row = op.get_bind().execute(sa.text("SELECT id FROM t")).first()\n'
    body += 'if row:\n    op.add_column("t", sa.Column("b", sa.Integer()))\nelse:\n    raise RuntimeError("no row")'
    assert project(CREATE, body).tables["t"].column("b") is not None


def test_a_handler_that_raises_again_ends_no_more_than_its_migration(project: Callable[..., Replayed]) -> None:
    """The error of a handler once ended the reading of the whole schema."""
    body = 'try:\n    op.add_column("none", sa.Column("b", sa.Integer()))\n    raise RuntimeError("no table")\nexcept Exception as error:\n    raise error'
    found = project(CREATE, body, 'op.add_column("t", sa.Column("c", sa.Integer()))')
    assert [column.name for column in found.tables["t"].columns] == ["id", "a", "c"]


def test_a_constraint_that_is_dropped_by_a_name_of_run_time_may_be_the_unique_one(project: Callable[..., Replayed]) -> None:
    create = 'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("a", sa.Integer(), unique=True))'
    rows = 'for row in op.get_bind().execute(sa.text("SELECT conname FROM pg_constraint")):\n    op.execute(f\'ALTER TABLE t DROP CONSTRAINT "{row[0]}"\')'
    assert project(create, rows).tables["t"].unknown


def test_data_that_is_changed_at_run_time_changes_no_table(project: Callable[..., Replayed]) -> None:
    found = project(CREATE, 'import os\nop.execute(f"UPDATE t SET a = {os.getpid()}")')
    assert not found.tables["t"].unknown
    assert not found.everything_unknown


def test_tables_made_from_models_are_left_to_the_models(project: Callable[..., Replayed]) -> None:
    models = "import sqlalchemy as sa\nfrom sqlalchemy.orm import declarative_base\nBase = declarative_base()\n\n\nclass M(Base):\n"
    models += '    __tablename__ = "m"\n    id = sa.Column(sa.Integer, primary_key=True)\n    later = sa.Column(sa.Integer)\n'
    found = project("from models import Base\nBase.metadata.create_all(op.get_bind())", CREATE, models=models)
    assert found.covers == {"t"}


def test_the_branch_of_the_dialect_is_taken(project: Callable[..., Replayed]) -> None:
    body = 'if op.get_bind().dialect.name == "mysql":\n    op.add_column("t", sa.Column("b", sa.Integer()))'
    found = project(CREATE, body, dialect=Dialect.MYSQL)
    assert found.tables["t"].column("b") is not None


def test_a_project_without_migrations_leaves_nothing() -> None:
    assert replay(Project.link({}), Declared({}, {})) == Replayed({}, frozenset())
