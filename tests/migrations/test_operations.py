"""What the rules report of Django's and Alembic's operations is what blocks a real PostgreSQL while they run, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import postgres_server
import pytest
import samples
from measure import Probe
from operations import (
    ALEMBIC,
    ALEMBIC_FILL,
    ALEMBIC_INITIAL,
    DJANGO,
    DJANGO_BARE,
    DJANGO_INITIAL,
    ROWS,
)

from backend_lint.engine.run import run
from backend_lint.sql.locks import Lock

RULES = ("migration-index-not-concurrent", "migration-constraint-validates-inline", "migration-type-rewrite")
HERE = Path(__file__).resolve().parent
EXPLAINED: dict[str, str] = {}
"""Operations of which something else is said than the server does, and why."""


def reported(root: Path) -> dict[str, bool]:
    """The files in which the rules find something that blocks others for as long as all rows take, and whether it blocks readers too."""
    result = run(samples.settings(root, select=RULES), samples.registry())
    assert not result.unchecked
    found: dict[str, bool] = {}
    for one in result.findings:
        reads = "reads or writes" in one.finding.message or "written anew" in one.finding.message
        found[one.finding.path] = found.get(one.finding.path, False) or reads
    return found


def django_project(root: Path) -> dict[str, str]:
    """A project with an application a case; the case by its application."""
    cases = {}
    (root / "config").mkdir()
    (root / "config" / "settings.py").write_text('DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}\nUSE_TZ = True\n')
    for number, operation in enumerate([*DJANGO, *DJANGO_BARE]):
        app = f"c{number:03}"
        bare = "    atomic = False\n" if number >= len(DJANGO) else ""
        folder = root / app / "migrations"
        folder.mkdir(parents=True)
        (root / app / "__init__.py").write_text("")
        (folder / "__init__.py").write_text("")
        (folder / "0001_initial.py").write_text(DJANGO_INITIAL.replace("{app}", app))
        (folder / "0002_change.py").write_text(
            f"from django.contrib.postgres.operations import {OPERATIONS}\n"
            "from django.contrib.postgres.functions import RandomUUID\nfrom django.db import migrations, models\nimport django.db.models.functions\n\n\n"
            "class Migration(migrations.Migration):\n"
            f'{bare}    dependencies = [("{app}", "0001_initial")]\n    operations = [{operation.replace("{app}", app)}]\n'
        )
        cases[app] = ("atomic = False: " if bare else "") + operation
    return cases


def test_django(tmp_path: Path) -> None:
    pytest.importorskip("django")
    cases = django_project(tmp_path)
    postgres_server.database("operations").close()
    command = [sys.executable, str(HERE / "django_runs.py"), str(tmp_path), postgres_server.uri_of("operations"), str(ROWS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = reported(tmp_path)
    wrong = []
    for app, seen in json.loads(done.stdout).items():
        blocks = (seen["read"] or seen["rewritten"]) and max(seen["locks"].values(), default=0) >= Lock.SHARE
        reads = blocks and max(seen["locks"].values()) == Lock.ACCESS_EXCLUSIVE
        path = f"{app}/migrations/0002_change.py"
        if (blocks, reads) != (path in found, found.get(path, False)) and cases[app] not in EXPLAINED:
            wrong.append(f"{cases[app]}: blocks {blocks}, readers {reads}; said {found.get(path)}; {seen}")
    assert not wrong, "\n".join(wrong)
    assert len(EXPLAINED) <= len(cases) * 0.03


OPERATIONS = "AddConstraintNotValid, AddIndexConcurrently, RemoveIndexConcurrently, ValidateConstraint"
HEAD = "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects import postgresql\n"


def test_alembic(tmp_path: Path) -> None:
    alembic = pytest.importorskip("alembic")
    assert alembic
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    first = postgres_server.database("alembic_operations")
    first.execute(ALEMBIC_INITIAL)
    first.execute(ALEMBIC_FILL % {"rows": ROWS})
    first.execute("ANALYZE")
    uri = postgres_server.uri_of("alembic_operations")
    probe = Probe(uri, {"item": "UPDATE item SET size = size WHERE id = -1", "maker": "UPDATE maker SET name = name WHERE id = -1"}, ROWS)
    raw = probe.main
    engine = create_engine("postgresql+psycopg://", creator=lambda: raw, poolclass=StaticPool, isolation_level="AUTOCOMMIT")
    versions = tmp_path / "stock" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "stock" / "env.py").write_text('from alembic import context\nURL = "postgresql://localhost/stock"\n')
    statements = "\n".join(f"    op.execute({one!r})" for one in ALEMBIC_INITIAL.split(";\n") if one.strip())
    (versions / "first.py").write_text(f'{HEAD}revision = "first"\ndown_revision = None\n\n\ndef upgrade():\n{statements}\n')
    wrong = []
    seen = {}
    for number, operation in enumerate(ALEMBIC):
        (versions / f"r{number}.py").write_text(f'{HEAD}revision = "r{number}"\ndown_revision = "first"\n\n\ndef upgrade():\n    {operation}\n')
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"as_sql": False})
            text: list[str] = []
            with Operations.context(context):
                connection.exec_driver_sql("BEGIN")
                captured = Captured(connection, text)
                exec(f"{HEAD}{operation}", {})
                captured.stop()
                connection.exec_driver_sql("ROLLBACK")
        seen[number] = probe.in_transaction(text)
    alone = {}
    for number in range(len(ALEMBIC)):
        root = tmp_path / f"only{number}"
        (root / "stock" / "versions").mkdir(parents=True)
        for name in ("env.py", "versions/first.py", f"versions/r{number}.py"):
            (root / "stock" / name).write_text((tmp_path / "stock" / name).read_text())
        alone[number] = reported(root).get(f"stock/versions/r{number}.py")
    for number, operation in enumerate(ALEMBIC):
        blocks, reads = any(one.blocks_writes for one in seen[number].values()), any(one.blocks_reads for one in seen[number].values())
        if (reads if blocks else None) != alone[number] and operation not in EXPLAINED:
            wrong.append(f"{operation}: blocks writers {blocks}, readers {reads}; said {alone[number]}; {seen[number]}")
    assert not wrong, "\n".join(wrong)


class Captured:
    """The statements that a connection executes."""

    def __init__(self, connection: object, text: list[str]) -> None:
        from sqlalchemy import event

        self.connection = connection
        self.text = text
        event.listen(connection, "before_cursor_execute", self.note)

    def note(self, connection: object, cursor: object, statement: str, *rest: object) -> None:
        self.text.append(statement)

    def stop(self) -> None:
        from sqlalchemy import event

        event.remove(self.connection, "before_cursor_execute", self.note)
