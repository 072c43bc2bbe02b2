"""What squawk and django-migration-linter document as bad is reported by the matching rule, and what they document as good by none of the family."""

from __future__ import annotations

from pathlib import Path

import pytest
import samples
from documented import BAD, DJANGO_FIRST, DJANGO_HEAD, GOOD, MODEL, MODELS, READER, SQL_FIRST

from backend_lint.engine.run import run

_TIMEOUT = '"OPTIONS": {"options": "-c lock_timeout=2s"}'


def found(root: Path, migration: str, timeout: bool) -> set[str]:
    """The rules of the family that report the migration."""
    files = _django(migration.removeprefix("django: "), timeout) if migration.startswith("django: ") else _sql(migration)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    result = run(samples.settings(root, select=("migrations",)), samples.registry())
    assert not result.unchecked
    judged = {path for path in files if "0002" in path}
    return {one.finding.rule for one in result.findings if one.finding.path in judged}


def _sql(migration: str) -> dict[str, str]:
    return {"db/migrations/0001_first.sql": SQL_FIRST, "db/migrations/0002_change.sql": migration.replace("; ", ";\n"), "kitchen/report.py": READER}


def _django(operation: str, timeout: bool) -> dict[str, str]:
    bare = operation.startswith("atomic = False: ")
    head = DJANGO_HEAD if "with_import" in operation else DJANGO_HEAD.replace("    Recipe.objects.filter(pk=1).update(edits=1)", "    pass")
    body = f"{'    atomic = False' if bare else ''}\n    operations = [{operation.removeprefix('atomic = False: ')}]\n"
    settings = f'DATABASES = {{"default": {{"ENGINE": "django.db.backends.postgresql", {_TIMEOUT if timeout else ""}}}}}\nINSTALLED_APPS = ["kitchen"]\n'
    return {
        "config/settings.py": settings,
        "kitchen/__init__.py": "",
        "kitchen/models.py": MODELS,
        "kitchen/migrations/__init__.py": "",
        "kitchen/migrations/0001_initial.py": DJANGO_FIRST,
        "kitchen/migrations/0002_change.py": head + body,
    }


@pytest.mark.parametrize(("name", "rule", "migration"), BAD, ids=[f"{number}-{name}" for number, (name, _, _) in enumerate(BAD)])
def test_bad_example_is_reported_by_its_rule(name: str, rule: str, migration: str, tmp_path: Path) -> None:
    assert rule in found(tmp_path, migration, timeout=False), migration


@pytest.mark.parametrize(("name", "migration"), GOOD, ids=[f"{number}-{name}" for number, (name, _) in enumerate(GOOD)])
def test_good_example_is_left_alone(name: str, migration: str, tmp_path: Path) -> None:
    assert found(tmp_path, migration, timeout=True) == set(), migration


def test_the_rule_about_models_needs_the_model(tmp_path: Path) -> None:
    assert MODEL not in found(tmp_path, "django: migrations.RunPython(forwards, migrations.RunPython.noop)", timeout=True)
