"""A migration that waits for all rows is as bad as the table is long, and code tells who makes its rows."""

from __future__ import annotations

from pathlib import Path

import pytest
import samples

from backend_lint.config import Settings
from backend_lint.engine.run import run

SETTINGS = 'INSTALLED_APPS = ["shop"]\nDATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}\n'
MODELS = "from django.db import models\n\n\nclass Visit(models.Model):\n    page = models.CharField(max_length=40)\n"
FIRST = """from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [migrations.CreateModel("Visit", [("id", models.BigAutoField(primary_key=True)), ("page", models.CharField(max_length=40))])]
"""
CHANGE = """from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AddIndex("visit", models.Index(fields=["page"], name="visit_page")),
        migrations.AddField("visit", "seconds", models.IntegerField(default=0)),
        migrations.AddConstraint("visit", models.CheckConstraint(condition=models.Q(page__gt=""), name="visit_has_page")),
    ]
"""
CALL = "from shop.models import Visit\n\n\ndef show(request):\n    return Visit.objects.create(page='a')\n"
FORM = """from django.forms import ModelForm
from django.views.generic import CreateView

from shop.models import Visit


class VisitForm(ModelForm):
    class Meta:
        model = Visit


class New(CreateView):
    form_class = VisitForm
"""
ADMIN = "from django.contrib import admin\n\nfrom shop.models import Visit\n\nadmin.site.register(Visit)\n"
RULES = ("migration-index-not-concurrent", "migration-add-required-column", "migration-constraint-validates-inline")


def lay_out(root: Path, files: dict[str, str]) -> None:
    for name, text in {
        "config/settings.py": SETTINGS, "shop/__init__.py": "", "shop/models.py": MODELS, "shop/migrations/__init__.py": "",
        "shop/migrations/0001_initial.py": FIRST, "shop/migrations/0002_change.py": CHANGE, **files,
    }.items():  # fmt: skip
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("files", "index", "column", "check"),
    [
        ({"shop/views.py": CALL}, "warning", "error", "info"),
        ({"shop/views.py": FORM}, "info", "warning", ""),
        ({"shop/admin.py": ADMIN}, "", "warning", ""),
        ({}, "info", "warning", "info"),
    ],
    ids=["code", "form", "admin", "nobody"],
)
def test_who_makes_the_rows_decides_how_bad_it_is(tmp_path: Path, files: dict[str, str], index: str, column: str, check: str) -> None:
    lay_out(tmp_path, files)
    found = {one.finding.rule: str(one.finding.severity) for one in run(samples.settings(tmp_path, select=RULES), samples.registry()).findings}
    assert tuple(found.get(rule, "") for rule in RULES) == (index, column, check)


def test_the_reader_is_shown_the_code_that_waits_or_fails(tmp_path: Path) -> None:
    lay_out(tmp_path, {"shop/views.py": CALL})
    found = {one.finding.rule: one.finding.evidence for one in run(samples.settings(tmp_path, select=RULES), samples.registry()).findings}
    for rule in RULES[:2]:
        assert [(one.path, one.line) for one in found[rule]] == [("shop/views.py", 5)], rule


def test_rows_that_are_counted_matter_whoever_makes_them(tmp_path: Path) -> None:
    lay_out(tmp_path, {"shop/admin.py": ADMIN})
    settings = samples.settings(tmp_path, select=RULES, database={"rows": {"shop_visit": 5_000_000}})
    found = {one.finding.rule: str(one.finding.severity) for one in run(settings, samples.registry()).findings}
    assert (found[RULES[0]], found[RULES[2]]) == ("warning", "warning")


def test_no_patch_of_one_product_where_migrations_run_on_two(tmp_path: Path) -> None:
    two = SETTINGS + 'if DEBUG:\n    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3"}}\n'
    lay_out(tmp_path, {"shop/views.py": CALL, "config/settings.py": two})
    settings = samples.settings(tmp_path, select=RULES, database={"dialect": "postgresql"})
    found = {one.finding.rule: one.finding for one in run(settings, samples.registry()).findings}
    assert not found[RULES[0]].suggestion
    assert "vendor" in found[RULES[0]].message


def test_only_what_certainly_makes_rows_is_shown_as_doing_so(tmp_path: Path) -> None:
    asks = "from shop.models import Visit\n\n\ndef show(request):\n    return Visit.get_valid_records()\n"
    for name, views, shown in (("asks", asks, []), ("both", f"{asks}\n\ndef new(request):\n    Visit(page='b').save()\n", [9])):
        lay_out(tmp_path / name, {"shop/views.py": views})
        settings = Settings(root=tmp_path / name, cache=False, jobs=1)
        found = [one.finding for one in run(settings, samples.registry()).findings if one.finding.rule == RULES[1]]
        assert [at.line for one in found for at in one.evidence] == shown, f"{name}: the call for records makes none"


@pytest.mark.parametrize(("view", "severity"), [("", "warning"), ("\n\ndef start(request):\n    collect.delay()\n", "error")])
def test_what_a_clock_makes_is_made_with_the_next_run(tmp_path: Path, view: str, severity: str) -> None:
    task = "from celery import shared_task\n\nfrom shop.models import Visit\n\n\n@shared_task\ndef collect():\n    Visit.objects.create(page='a')\n"
    lay_out(tmp_path, {"shop/tasks.py": task, "shop/views.py": f"from shop.tasks import collect\n{view}"})
    found = {one.finding.rule: str(one.finding.severity) for one in run(samples.settings(tmp_path, select=RULES), samples.registry()).findings}
    assert found[RULES[1]] == severity
