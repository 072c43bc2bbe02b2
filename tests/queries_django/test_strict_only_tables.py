"""What a reviewer would wave through is left to the profile `strict`: a queue whose rows go as they are found, amounts with which nobody computes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from backend_lint.engine.run import run
from tests import samples

_MODELS = """
from django.db import models


class Invitation(models.Model):
    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=40)
    guest = models.CharField(max_length=40)


class Stay(models.Model):
    id = models.BigAutoField(primary_key=True)
    price = models.FloatField()
    income_usd = models.FloatField()
"""
_VIEWS = """
from django.db.models import Sum
from django.http import JsonResponse
from django.shortcuts import get_object_or_404

from app.models import Invitation, Stay


def make(request):
    Invitation.objects.create(code=request.POST["code"], guest=request.POST["guest"])
    return JsonResponse({})

"""
_URLS = "from django.urls import path\n\nfrom app import views\n\nurlpatterns = [path('make/', views.make), path('show/<code>', views.show)]\n"
_SETTINGS = "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\nINSTALLED_APPS = ['app']\n"
_CONSUMES = "\ndef show(request, code):\n    found = {find}\n    found.delete()\n    return JsonResponse({{}})\n"
_KEEPS = "\ndef show(request, code):\n    found = Invitation.objects.get(code=code)\n    return JsonResponse({'guest': found.guest})\n"


def told(tmp_path: Path, code: str, rule: str, profile: str = "default") -> list[str]:
    texts = {"__init__.py": "", "models.py": _MODELS, "views.py": _VIEWS + code, "settings.py": _SETTINGS, "urls.py": _URLS}
    (tmp_path / "app").mkdir(parents=True)
    for path, text in texts.items():
        (tmp_path / "app" / path).write_text(text)
    settings = msgspec.structs.replace(samples.settings(tmp_path), profile=profile)
    return [one.finding.message for one in run(settings, samples.registry()).findings if one.finding.rule == rule]


@pytest.mark.parametrize("find", ["Invitation.objects.get(code=code)", "get_object_or_404(Invitation, code=code)"])
def test_a_queue_whose_rows_go_as_they_are_found_stays_short(tmp_path: Path, find: str) -> None:
    """Few invitations wait at a time: an index is no matter of the default profile."""
    code = _CONSUMES.format(find=find)
    assert not told(tmp_path / "default", code, "unindexed-filter")
    assert len(told(tmp_path / "strict", code, "unindexed-filter", "strict")) == 1


def test_rows_that_stay_are_told_by_default(tmp_path: Path) -> None:
    """The same lookup in a table that keeps its rows reads more of them every day."""
    assert len(told(tmp_path, _KEEPS, "unindexed-filter")) == 1


@pytest.mark.parametrize(
    "answer", ["Stay.objects.aggregate(all=Sum('price'))", "{'all': sum(one.price for one in Stay.objects.all())}", "{'': Stay.objects.get(pk=code).price * 2}"]
)
def test_money_that_is_computed_with_is_told_by_default(tmp_path: Path, answer: str) -> None:
    """Sums drift where there are sums."""
    (message,) = told(tmp_path, f"\ndef show(request, code):\n    return JsonResponse({answer})\n", "float-for-money")
    assert ".price`" in message


def test_amounts_that_are_only_kept_are_left_to_strict(tmp_path: Path) -> None:
    """No sum can drift where nobody adds anything."""
    code = "\ndef show(request, code):\n    return JsonResponse({'price': Stay.objects.get(pk=code).price})\n"
    assert not told(tmp_path / "default", code, "float-for-money")
    assert len(told(tmp_path / "strict", code, "float-for-money", "strict")) == 2
