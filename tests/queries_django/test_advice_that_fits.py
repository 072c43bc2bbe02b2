"""The advice fits what is asked of the rows: a yes or no is annotated, a generic key is prefetched, a handful is left to `strict`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from backend_lint.engine.run import run
from tests import samples

_MODELS = """
from django.contrib.auth.models import User
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Label(models.Model):
    kind = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    number = models.PositiveIntegerField()
    thing = GenericForeignKey("kind", "number")


class Question(models.Model):
    text = models.CharField(max_length=40)


class Batch(models.Model):
    label = models.ForeignKey(Label, on_delete=models.CASCADE)


class Ticket(models.Model):
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="tickets")


class Reply(models.Model):
    owner = models.ForeignKey(User, on_delete=models.CASCADE)
    question = models.ForeignKey(Question, on_delete=models.CASCADE)
    words = models.CharField(max_length=40)
"""
_UNIQUE = "\n    class Meta:\n        unique_together = [('owner', 'question')]\n"
_VIEWS = """
from django.http import JsonResponse

from app.models import Batch, Reply


def make(request):
    Batch.objects.create(label_id=1)
    Reply.objects.create(owner=request.user, question_id=1, words="")
    return JsonResponse({})


def show(request, owner):
    return JsonResponse({"all": ANSWER})
"""
_URLS = "from django.urls import path\n\nfrom app import views\n\nurlpatterns = [path('make/', views.make), path('show/<owner>', views.show)]\n"
_SETTINGS = "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\nINSTALLED_APPS = ['app', 'django.contrib.admin']\n"
_ADMIN = """
from django.contrib import admin

from app.models import Batch


@admin.register(Batch)
class BatchAdmin(admin.ModelAdmin):
    list_display = ("number_of", "has_tickets")

    def number_of(self, obj):
        return obj.label.number

    def has_tickets(self, obj):
        return obj.tickets.exists()
"""


def told(tmp_path: Path, answer: str = "[]", profile: str = "default", models: str = _MODELS, admin: str = "") -> list[str]:
    texts = {"__init__.py": "", "models.py": models, "views.py": _VIEWS.replace("ANSWER", answer), "settings.py": _SETTINGS}
    texts |= {"urls.py": _URLS, "admin.py": admin}
    (tmp_path / "app").mkdir(parents=True)
    for path, text in texts.items():
        (tmp_path / "app" / path).write_text(text)
    settings = msgspec.structs.replace(samples.settings(tmp_path), profile=profile)
    return [one.finding.message for one in run(settings, samples.registry()).findings if one.finding.rule == "lazy-load-in-loop"]


def test_a_list_of_the_admin_annotates_a_yes_or_no(tmp_path: Path) -> None:
    """A prefetch would load every ticket of a hundred batches to say whether there is one."""
    (message,) = told(tmp_path, profile="strict", admin=_ADMIN)
    assert 'list_select_related = ["label"]` and annotate `Exists(Ticket.objects.filter(batch=OuterRef("pk")))` in `get_queryset`' in message
    assert "prefetch_related" not in message


def test_a_generic_key_behind_a_relation_is_prefetched(tmp_path: Path) -> None:
    """No join leads through a generic key: after ``select_related`` there would be a query for each row still."""
    answer = "[str(one.label.thing) for one in Batch.objects.filter(pk__gt=owner)]"
    (message,) = told(tmp_path / "strict", answer, "strict")
    assert message.endswith('add `.prefetch_related("label__thing")`')
    assert not told(tmp_path / "default", answer)
    assert not told(tmp_path / "loaded", answer.replace("filter(", 'prefetch_related("label__thing").filter('), "strict")


def test_one_users_values_of_what_is_set_up_are_left_to_strict(tmp_path: Path) -> None:
    """There are no more of them than questions, and nobody but an administrator adds one of those."""
    answer = "[one.question.text for one in Reply.objects.filter(owner=owner)]"
    assert not told(tmp_path / "default", answer)
    assert not told(tmp_path / "unique", answer, models=_MODELS + _UNIQUE)
    assert len(told(tmp_path / "strict", answer, "strict")) == 1


def test_the_values_of_all_users_are_told_by_default(tmp_path: Path) -> None:
    """The same rows without the one user: as many queries as there are replies."""
    assert len(told(tmp_path, "[one.question.text for one in Reply.objects.exclude(words='')]")) == 1


def test_a_relation_that_is_only_compared_within_an_any_is_read_by_its_key(tmp_path: Path) -> None:
    """A join is no cure where the key in the row says as much."""
    (message,) = told(tmp_path, "any([one.question == owner for one in Reply.objects.all()])", "strict")
    assert "read `question_id` instead" in message


def test_the_key_of_a_librarys_model_is_read_from_the_row(tmp_path: Path) -> None:
    """Of a model that is not in the project no more is known than that its key stands in the row."""
    models = _MODELS.replace("from django.contrib.auth.models import User", "from ledger.accounts.models import EmailUser as User")
    (message,) = told(tmp_path, "[one.owner.id if one.owner else None for one in Reply.objects.all()]", "strict", models)
    assert "read `owner_id` instead" in message
