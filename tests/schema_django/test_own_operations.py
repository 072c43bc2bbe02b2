"""Operations that a project wrote itself: one that only looks changes nothing, one that touches the database makes the application's tables unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import read_project
from backend_lint.project import Project

LOOKS = """
        worker = from_state.apps.get_model("shop", "Account")
        if worker.objects.filter(name=self.version).exists():
            raise RuntimeError("too old")
"""
WRITES = '\n        schema_editor.execute(f"ALTER TABLE shop_account DROP COLUMN {self.version}")\n'
OPERATION = """
from django.db.migrations.operations.base import Operation


class RequireVersion(Operation):
    def __init__(self, version):
        self.version = version

    def state_forwards(self, app_label, state):
        pass

    def database_forwards(self, app_label, schema_editor, from_state, to_state):{body}
"""
MIGRATION = """
from django.db import migrations, models

from shop.operations import RequireVersion


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Account", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=40))]),
        RequireVersion("3"),
    ]
"""


@pytest.mark.parametrize(("body", "known"), [(LOOKS, True), (WRITES, False)])
def test_an_operation_of_the_project(body: str, known: bool, tmp_path: Path) -> None:
    folder = tmp_path / "shop" / "migrations"
    folder.mkdir(parents=True)
    for place in (folder.parent, folder):
        (place / "__init__.py").write_text("")
    (folder.parent / "operations.py").write_text(OPERATION.replace("{body}", body))
    (folder / "0001_initial.py").write_text(MIGRATION)
    table = Project.link(read_project(Settings(root=tmp_path, cache=False, jobs=1))).schema.tables["shop_account"]
    assert (not table.unknown) is known
