"""A lost count is reported by default where code reads it, and for `strict` where none does."""

from __future__ import annotations

from pathlib import Path

import pytest
import samples

from backend_lint.config import Settings
from backend_lint.engine.run import run

MODELS = """
from django.db import models


class Ticket(models.Model):
    uses = models.PositiveIntegerField(default=0)
    holder = models.CharField(max_length=40)
"""
SETTINGS = """
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}
INSTALLED_APPS = ["fair"]
ROOT_URLCONF = "fair.urls"
"""
VIEWS = """
from django.http import HttpResponse
from django.urls import path

from fair.models import Ticket


def enter(request, pk):
    ticket = Ticket.objects.get(pk=pk)
    ticket.uses += 1
    ticket.save()
    return HttpResponse()


urlpatterns = [path("enter/<int:pk>/", enter)]
"""
LIMIT = "\n\ndef is_used_up(ticket):\n    return ticket.uses > 3\n"
ADMIN = '\n\nclass TicketAdmin:\n    list_display = ("holder", "uses")\n'
FORM = '\n\nclass TicketForm:\n    class Meta:\n        model = Ticket\n        fields = "__all__"\n'


def races(root: Path, more: str, profile: str) -> list[str]:
    folder = root / "fair"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "models.py").write_text(MODELS)
    (folder / "urls.py").write_text(VIEWS + more)
    (root / "settings.py").write_text(SETTINGS)
    result = run(Settings(root=root, cache=False, jobs=1, profile=profile), samples.registry())
    return [one.finding.severity.value for one in result.findings if one.finding.rule == "read-modify-write-race"]


@pytest.mark.parametrize("more", [LIMIT, ADMIN, FORM])
def test_a_count_that_is_read(more: str, tmp_path: Path) -> None:
    assert races(tmp_path, more, "default") == ["warning"]


def test_a_count_that_nobody_reads(tmp_path: Path) -> None:
    assert races(tmp_path / "default", "", "default") == []
    assert races(tmp_path / "strict", "", "strict") == ["info"]
