"""The default profile reports of migrations only what is sure: where code of the service makes rows, and where nothing needs to be undone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import samples

from backend_lint.config import Settings
from backend_lint.engine.run import run

MODELS = """
from django.db import models


class Account(models.Model):
    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=40)
"""
FIRST = """
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel("Account", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=40))]),
    ]
"""
SECOND = """
from django.db import migrations, models
from django.utils import timezone


def fill(apps, schema_editor):
    Account = apps.get_model("shop", "Account")
    Account.objects.filter(name="").update({column}="x")


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        {operation},
    ]
"""
VIEW = """
from django.http import HttpResponse
from django.urls import path

from shop.models import Account


def sign_up(request):
    Account.objects.create(name=request.POST["name"])
    return HttpResponse()


urlpatterns = [path("accounts/", sign_up)]
"""
SETTINGS = """
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "OPTIONS": {"options": "-c lock_timeout=5s"}}}
INSTALLED_APPS = ["shop"]
ROOT_URLCONF = "shop.urls"
"""
INDEX = 'migrations.AddIndex("account", models.Index(fields=["name"], name="account_name"))'
COLUMN = 'migrations.AddField("account", "state", models.CharField(max_length=9, default="new"))'
STAMP = 'migrations.AddField("account", "made", models.DateTimeField(auto_now_add=True, default=timezone.now), preserve_default=False)'
CODE = "migrations.RunPython(fill)"


def found(
    root: Path, operation: str, profile: str, column: str = "name", views: bool = False, named: tuple[Path, ...] = (), judged: str = "", head: str = "",
    engine: str = "postgresql",
) -> list[str]:  # fmt: skip
    folder = root / "shop" / "migrations"
    folder.mkdir(parents=True, exist_ok=True)
    for place in (folder.parent, folder):
        (place / "__init__.py").write_text("")
    (root / "settings.py").write_text(SETTINGS.replace("backends.postgresql", f"backends.{engine}"))
    (folder.parent / "models.py").write_text(MODELS)
    (folder.parent / "urls.py").write_text(VIEW if views else "urlpatterns = []\n")
    (folder / "0001_initial.py").write_text(FIRST)
    (folder / "0002_change.py").write_text(head + SECOND.replace("{operation}", operation).replace("{column}", column))
    paths = tuple(os.path.relpath(one, root) for one in named)
    known = {"paths": paths, "explicit_paths": True} if paths else {}
    result = run(Settings(root=root, cache=False, jobs=1, profile=profile, database={"migrations": judged or "heads"}, **known), samples.registry())
    return [f"{one.finding.rule}: {one.finding.suggestion}" for one in result.findings if one.finding.rule.startswith("migration-")]


@pytest.mark.parametrize("operation", [INDEX, COLUMN])
def test_tables_that_nothing_fills_are_for_strict(operation: str, tmp_path: Path) -> None:
    assert not found(tmp_path / "default", operation, "default")
    assert found(tmp_path / "strict", operation, "strict")
    new = tmp_path / "served" / "shop" / "migrations" / "0002_change.py"
    assert found(tmp_path / "served", operation, "default", views=True, named=(new,))


def test_without_a_base_nobody_says_that_an_index_is_not_long_built(tmp_path: Path) -> None:
    assert not found(tmp_path / "default", INDEX, "default", views=True)
    assert found(tmp_path / "all", INDEX, "default", views=True, judged="all"), "somebody asked for all of them"


def test_noop_is_offered_where_nothing_needs_to_be_undone(tmp_path: Path) -> None:
    assert not found(tmp_path / "in_place", CODE, "default")
    (in_place,) = (one for one in found(tmp_path / "strict", CODE, "strict") if "irreversible" in one)
    assert "noop" not in in_place
    added = 'migrations.AddField("account", "state", models.TextField(null=True)), migrations.RunPython(fill)'
    assert "migration-irreversible: reverse_code=migrations.RunPython.noop" in found(tmp_path / "fills", added, "default", column="state")


def test_a_time_is_filled_by_the_database(tmp_path: Path) -> None:
    (stamped,) = found(tmp_path / "any", STAMP, "default", views=True)
    kept = 'migrations.RunSQL("ALTER TABLE shop_account ALTER COLUMN made SET DEFAULT now()", migrations.RunSQL.noop)'
    assert stamped == f"migration-add-required-column: {kept}", "what works whatever the version is"
    (tmp_path / "modern").mkdir()
    (tmp_path / "modern" / "requirements.txt").write_text("django~=5.2.0\n")
    (stamped,) = found(tmp_path / "modern", STAMP, "default", views=True)
    assert stamped == "migration-add-required-column: db_default=Now()  # from django.db.models.functions import Now", "the project's Django has it"


def test_where_nothing_is_pinned_migrations_tell_which_django_wrote_them(tmp_path: Path) -> None:
    for name, pinned, head, advised in (
        ("written", "", "# Generated by Django 5.2.1 on 2025-03-01 10:00\n", "db_default='new'"),
        ("old", "", "# Generated by Django 3.2 on 2021-03-01 10:00\n", "RunSQL"),
        ("pinned", "django==4.2.3\n", "# Generated by Django 5.2.1 on 2025-03-01 10:00\n", "RunSQL"),
        ("odd", "", "# Generated by Django " + "9" * 40 + "\n", "RunSQL"),
    ):
        (tmp_path / name / "shop" / "migrations").mkdir(parents=True)
        (tmp_path / name / "requirements.txt").write_text(pinned)
        (advice,) = found(tmp_path / name, COLUMN, "default", views=True, head=head)
        assert advised in advice, f"{name}: {advice}"


@pytest.mark.parametrize(
    ("pinned", "advised"),
    [
        ("Django==4.2.20", 'migrations.RunSQL("ALTER TABLE shop_account ALTER COLUMN state SET DEFAULT \'new\'", migrations.RunSQL.noop)'),
        ("Django>=5.2,<5.3", "db_default='new'"),
    ],
)
def test_the_advice_is_for_the_pinned_version(pinned: str, advised: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(f"{pinned}\n")
    assert found(tmp_path, COLUMN, "default", views=True) == [f"migration-add-required-column: {advised}"]


def test_no_operation_is_advised_that_the_pinned_version_lacks(tmp_path: Path) -> None:
    for name, pinned, said in (("old", "2.2.1", "RunSQL"), ("older", "1.8.19", ""), ("new", "3.2", "AddIndexConcurrently")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "requirements.txt").write_text(f"Django=={pinned}\n")
        (advice,) = found(tmp_path / name, INDEX, "default", views=True, judged="all")
        assert (said in advice) and ("AddIndexConcurrently" in advice) == (name == "new"), f"{pinned}: {advice}"


def test_a_column_that_is_made_anew_is_known_to_the_running_code(tmp_path: Path) -> None:
    anew = 'migrations.RemoveField("account", "name"), migrations.AddField("account", "name", models.TextField(default=""))'
    assert not [one for one in found(tmp_path / "anew", anew, "strict", views=True) if "required" in one]


def test_an_insert_that_fails_anyway_needs_no_default(tmp_path: Path) -> None:
    both = f'migrations.RemoveField("account", "name"), {COLUMN}'
    assert not [one for one in found(tmp_path / "default", both, "default", views=True) if "required" in one]
    assert [one for one in found(tmp_path / "strict", both, "strict", views=True) if "required" in one]


def test_no_default_in_sql_where_the_database_takes_none(tmp_path: Path) -> None:
    text = 'migrations.AddField("account", "state", models.TextField(default="new"))'
    cases = (("mysql", text, "mysql", "null=True"), ("short", COLUMN, "mysql", "RunSQL"), ("text", text, "postgresql", "RunSQL"))
    for name, operation, engine, advised in cases:
        (tmp_path / name).mkdir()
        (tmp_path / name / "requirements.txt").write_text("Django==4.2.20\n")
        (advice,) = (one for one in found(tmp_path / name, operation, "default", views=True, engine=engine) if "required" in one)
        assert advised in advice, f"{name}: {advice}"
    (tmp_path / "both").mkdir()
    (tmp_path / "both" / "requirements.txt").write_text("Django==4.2.20\n")
    (tmp_path / "both" / "settings_development.py").write_text('DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}}\n')
    (advice,) = (one for one in found(tmp_path / "both", COLUMN, "default", views=True) if "required" in one)
    assert "null=True" in advice, "SQLite knows no ALTER COLUMN"


def test_another_django_is_seen_by_a_run_with_a_cache(tmp_path: Path) -> None:
    """The facts are the same, so the last answer would be said again if it did not rest on the manifests too."""
    found(tmp_path, STAMP, "default", views=True)
    known = {"cache": True, "cache_dir": tmp_path.parent / "cache", "jobs": 1, "database": {"migrations": "heads"}}

    def said() -> str:
        result = run(Settings(root=tmp_path, **known), samples.registry())
        return next(one.finding.suggestion or "" for one in result.findings if one.finding.rule == "migration-add-required-column")

    (tmp_path / "requirements.txt").write_text("django==4.2\n")
    assert "db_default" not in said()
    (tmp_path / "requirements.txt").write_text("django==5.2\n")
    assert "db_default=Now()" in said()
    (tmp_path / "requirements.txt").unlink()
    (tmp_path / "uv.lock").write_text('[[package]]\nname = "django"\nversion = "4.2"\n')
    assert "db_default" not in said()


@pytest.mark.parametrize(
    ("classifiers", "advised"),
    [("", "db_default"), ("Framework :: Django", "RunSQL"), ("Framework :: Django :: 4.2\n    Framework :: Django :: 5.2", "RunSQL"),
     ("Framework :: Django :: 5.0\n    Framework :: Django :: 5.2", "db_default")],
)  # fmt: skip
def test_a_package_runs_under_the_django_of_its_users(tmp_path: Path, classifiers: str, advised: str) -> None:
    (tmp_path / "setup.cfg").write_text(f"[metadata]\nname = shop\nclassifiers =\n    {classifiers}\n")
    (advice,) = found(tmp_path, COLUMN, "default", views=True, head="# Generated by Django 5.2.1 on 2025-03-01 10:00\n")
    assert advised in advice


def test_the_columns_that_a_migration_adds_to_a_table_are_one_finding(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("Django==4.2.20\n")
    (advice,) = found(tmp_path, f"{COLUMN}, {COLUMN.replace('state', 'kind')}", "default", views=True)
    assert "COLUMN state SET DEFAULT" in advice and "COLUMN kind SET DEFAULT" in advice
