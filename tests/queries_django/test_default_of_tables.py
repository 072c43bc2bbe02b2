"""What the default profile says of tables once, softly, or not at all: a second call of one file, what is cached, the few rows of one object, short lists."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from backend_lint.api import Finding, Severity
from backend_lint.engine.run import run
from backend_lint.facts.access import Candidate
from backend_lint.facts.schema import Index, IndexKey, Table
from backend_lint.project.answer_evidence import named_keys
from backend_lint.project.answers import Lack, Missing
from tests import samples

_MODELS = """
from django.db import models


class Person(models.Model):
    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=40)


class Parcel(models.Model):
    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(Person, on_delete=models.CASCADE)
    driver = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=40)
    label = models.CharField(max_length=40)
    weighed = models.DateTimeField(db_index=True)


class Letter(models.Model):
    id = models.BigAutoField(primary_key=True)
    parcel = models.ForeignKey(Parcel, on_delete=models.CASCADE)
    driver = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")


class Badge(models.Model):
    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=40)


class PressSetting(models.Model):
    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=40)
"""
_VIEWS = """
from functools import lru_cache

from django.db.models import Q
from django.http import JsonResponse
from django.shortcuts import get_object_or_404

from app.models import Badge, Letter, Parcel, Person, PressSetting


def make(request):
    Parcel.objects.create(code=request.POST["code"], owner_id=1, driver_id=1)
    Letter.objects.create(parcel_id=1, driver_id=1)
    Person.objects.create(name=request.POST["code"])
    return JsonResponse({})

"""
_URLS = "from django.urls import path\n\nfrom app import views\n\nurlpatterns = [path('make/', views.make), path('show/<code>', views.show)]\n"
_SETTINGS = "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\nINSTALLED_APPS = ['app']\n"


def told(tmp_path: Path, rule: str, code: str, profile: str = "default") -> list[Finding]:
    texts = {"__init__.py": "", "models.py": _MODELS, "views.py": _VIEWS + code, "settings.py": _SETTINGS, "urls.py": _URLS}
    (tmp_path / "app").mkdir(parents=True)
    for path, text in texts.items():
        (tmp_path / "app" / path).write_text(text)
    settings = msgspec.structs.replace(samples.settings(tmp_path), profile=profile)
    return [one.finding for one in run(settings, samples.registry()).findings if one.finding.rule == rule]


def _twice(model: str) -> str:
    call = f"{model}.objects.get_or_create(code={{}})"
    return f"\ndef show(request, code):\n    {call.format('code')}\n    {call.format('request.GET[{}]'.format(repr('other')))}\n    return JsonResponse({{}})\n"


def test_one_key_is_missed_once(tmp_path: Path) -> None:
    """One constraint mends both calls: who reads the second finding has nothing more to do."""
    assert len(told(tmp_path / "default", "get-or-create-without-unique", _twice("Badge"))) == 1
    assert len(told(tmp_path / "strict", "get-or-create-without-unique", _twice("Badge"), "strict")) == 2


def test_settings_are_made_once(tmp_path: Path) -> None:
    """No two requests make the row of a setting at once, but on the day it is new."""
    assert not told(tmp_path, "get-or-create-without-unique", _twice("PressSetting"))


@pytest.mark.parametrize(("decorator", "number"), [("", 1), ("@lru_cache\n", 0), ("@lru_cache(maxsize=9)\n", 0)])
def test_what_is_cached_is_asked_seldom(tmp_path: Path, decorator: str, number: int) -> None:
    """An index serves nobody where the answer is kept."""
    code = f"\n{decorator}def _named(code):\n    return Parcel.objects.get(code=code)\n"
    code += "\n\ndef show(request, code):\n    return JsonResponse({'': _named(code).pk})\n"
    assert len(told(tmp_path, "unindexed-filter", code)) == number


def test_a_range_that_an_index_leads_is_not_said_to_have_none() -> None:
    """The index on the time exists; it is the other column that no index begins with."""
    candidate = Candidate("parcel", (IndexKey("code"), IndexKey("weighed")))
    table = Table("parcel", (), indexes=(Index("parcel_weighed", (IndexKey("weighed"),)),))
    assert named_keys(Missing(Lack.FILTER, table, ("code", "weighed"), candidate, (), False, False, False)) == "`code`"
    bare = Table("parcel", ())
    assert named_keys(Missing(Lack.FILTER, bare, ("code", "weighed"), candidate, (), False, False, False)) == "any of `code`, `weighed`"


@pytest.mark.parametrize(
    ("rows", "severity"),
    [
        ("get_object_or_404(Person, name=code).parcel_set.all()", Severity.INFO),
        ("get_object_or_404(Person, name=code).parcel_set.filter(label='a')", Severity.INFO),
        ("Parcel.objects.filter(Q(owner=request.GET['owner']) & Q(label='a'))", Severity.INFO),
        ("Parcel.objects.filter(Q(owner=request.GET['owner']) | Q(label='a'))", Severity.WARNING),
        ("Letter.objects.filter(parcel__owner=request.GET['owner'])", Severity.INFO),
        ("Parcel.objects.all()", Severity.WARNING),
    ],
)
def test_the_rows_of_one_object_are_some(tmp_path: Path, rows: str, severity: Severity) -> None:
    """A person has some parcels, and the page waits a little; all parcels are many."""
    code = f"\ndef show(request, code):\n    return JsonResponse({{'': [one.driver.name for one in {rows}]}})\n"
    (found,) = told(tmp_path, "lazy-load-in-loop", code)
    assert found.severity is severity
