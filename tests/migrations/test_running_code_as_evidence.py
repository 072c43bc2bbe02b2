"""Who says that running code breaks has to show code that breaks: a query that names the column, an insert that is made."""

from __future__ import annotations

from pathlib import Path

import pytest
import samples
from migrations.test_rows_made_by import FIRST, MODELS, lay_out

from backend_lint.config import Settings
from backend_lint.engine.run import run

RENAME = """from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RenameField("visit", "page", "address")]
"""
FILLED = """from django.db import migrations, models


def shorten(apps, schema_editor):
    for visit in apps.get_model("shop", "Visit").objects.all():
        visit.address = visit.address[1:]
        visit.save()


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RenameField("visit", "page", "address"), migrations.RunPython(shorten, migrations.RunPython.noop)]
"""
ADD = """from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.AddField("visit", "seconds", models.IntegerField(default=0))]
"""
VIEWS = """from django.http import HttpResponse
from django.urls import path

from shop.models import Visit


def show(request):
    return HttpResponse(QUERY)


urlpatterns = [path("show/", show)]
"""
KEPT = 'def clean_all(data):\n    Visit(**data).full_clean()\n\n\ndef show(request):\n    return Visit.objects.create(page="a")\n'
BUILT = "from shop.models import Visit\n\n\nclass Listed:\n    model = Visit()\n\n\n"


def told(root: Path, rule: str, files: dict[str, str]) -> list[tuple[str, str, int, str]]:
    lay_out(root, files)
    settings = 'ROOT_URLCONF = "shop.views"\nINSTALLED_APPS = ["shop"]\nDATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}\n'
    (root / "config/settings.py").write_text(settings)
    if "RenameField" in files["shop/migrations/0002_change.py"]:
        (root / "shop/models.py").write_text(MODELS.replace("page", "address"))
    asked = Settings(root=root, cache=False, jobs=1, profile="default")
    results = [one.finding for one in run(asked, samples.registry()).findings if one.finding.rule == rule]
    return [
        (str(one.severity), one.evidence[0].path if one.evidence else "", one.evidence[0].line if one.evidence else 0, str(one.suggestion or ""))
        for one in results
    ]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("list(Visit.objects.filter(pk=1))", 1),
        ("Visit.objects.get(pk=1)", 1),
        ("Visit.objects.filter(address='a').exists()", 1),
        ("Visit.objects.filter(pk=1).exists()", 0),
        ("Visit.objects.filter(pk=1).count()", 0),
        ("list(Visit.objects.values_list('pk', flat=True))", 0),
    ],
)
def test_a_query_that_does_not_name_the_column_is_no_evidence(query: str, count: int, tmp_path: Path) -> None:
    files = {"shop/migrations/0002_change.py": RENAME, "shop/views.py": VIEWS.replace("QUERY", query)}
    assert len(told(tmp_path, "migration-rename", files)) == count


@pytest.mark.parametrize(("change", "advised"), [(RENAME, True), (FILLED, False)], ids=["renamed", "filled"])
def test_a_column_whose_values_change_too_cannot_keep_its_name(change: str, advised: bool, tmp_path: Path) -> None:
    files = {"shop/migrations/0002_change.py": change, "shop/views.py": VIEWS.replace("QUERY", "Visit.objects.get(pk=1)")}
    (found,) = told(tmp_path, "migration-rename", files)
    assert ("db_column" in found[3]) is advised


def test_an_object_that_a_class_holds_or_that_is_only_validated_is_no_row(tmp_path: Path) -> None:
    files = {"shop/migrations/0002_change.py": ADD, "shop/views.py": BUILT + KEPT, "shop/migrations/0001_initial.py": FIRST}
    (found,) = told(tmp_path, "migration-add-required-column", files)
    made = (BUILT + KEPT).splitlines().index('    return Visit.objects.create(page="a")') + 1
    assert found[1:3] == ("shop/views.py", made)
