"""A column that the same migration adds has no readers under its first name: renaming it breaks nobody. Another column's new name still does."""

from __future__ import annotations

from pathlib import Path

import pytest
from migrations.test_profiles import found

ADDED = (
    'migrations.AddField("account", "state_new", models.CharField(max_length=9, null=True)),\n'
    '        migrations.RenameField("account", "state_new", "condition")'
)
OLD = 'migrations.RenameField("account", "name", "title")'


@pytest.mark.parametrize(("operation", "count"), [(ADDED, 0), (OLD, 1)])
def test_only_names_that_running_code_knows_count(operation: str, count: int, tmp_path: Path) -> None:
    renamed = [one for one in found(tmp_path, operation, "all", views=True) if one.startswith("migration-rename:")]
    assert len(renamed) == count
