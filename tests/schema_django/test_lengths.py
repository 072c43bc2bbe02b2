"""A length that a migration takes from settings is not known, and is said to be so."""

from __future__ import annotations

from pathlib import Path

from backend_lint.config import Settings
from backend_lint.engine.run import read_project
from backend_lint.project import Project

MIGRATION = """
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel(
            "Account",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("uid", models.CharField(max_length=settings.UID_LENGTH)),
                ("name", models.CharField(max_length=40)),
            ],
        ),
    ]
"""


def test_a_length_from_settings_is_not_known(tmp_path: Path) -> None:
    folder = tmp_path / "shop" / "migrations"
    folder.mkdir(parents=True)
    for place in (folder.parent, folder):
        (place / "__init__.py").write_text("")
    (folder / "0001_initial.py").write_text(MIGRATION)
    table = Project.link(read_project(Settings(root=tmp_path, cache=False, jobs=1))).schema.tables["shop_account"]
    assert {column.name: column.type for column in table.columns} == {"id": "bigint", "uid": "varchar(?)", "name": "varchar(40)"}
