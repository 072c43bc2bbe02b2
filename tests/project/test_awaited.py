"""Which findings of missing indexes and keys are certain enough for the default profile: who waits for the query, and whether the table grows."""

from __future__ import annotations

from pathlib import Path

import pytest
import samples

from backend_lint.config import Settings
from backend_lint.engine.run import run

MODELS = """
from django.db import models


class Account(models.Model):
    id = models.BigAutoField(primary_key=True)
    email = models.CharField(max_length=200)

    class Meta:
        app_label = "shop"


class Depot(models.Model):
    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=200)

    class Meta:
        app_label = "shop"
"""

JOBS = """
from celery import shared_task

from shop.models import Account


@shared_task
def sent(email):
    return Account.objects.get(email=email)


@shared_task
def nightly(email):
    return Account.objects.get(email=email)
"""

VIEWS = """
from django.http import JsonResponse

from shop.jobs import sent
from shop.models import Account, Depot


def sign_up(request):
    Account.objects.create(email=request.POST["email"])
    return JsonResponse({})


def view(request):
    BODY
    return JsonResponse({})
"""

URLS = """
from django.urls import path

from shop.views import sign_up, view

urlpatterns = [path("sign-up/", sign_up), path("view/", view)]
"""


def reported(root: Path, rule: str, body: str, profile: str, jobs: str = "") -> bool:
    files = {"models.py": MODELS, "jobs.py": jobs, "views.py": VIEWS.replace("BODY", body), "urls.py": URLS, "__init__.py": ""}
    (root / "shop").mkdir(exist_ok=True)
    for name, text in files.items():
        (root / "shop" / name).write_text(text)
    settings = Settings(root=root, profile=profile, cache=False, jobs=1)  # type: ignore[arg-type]
    return rule in {one.finding.rule for one in run(settings, samples.registry()).findings}


FILTERED = 'Account.objects.get(email=request.GET["email"])'
SENT = 'sent.delay(request.GET["email"])'


@pytest.mark.parametrize(
    ("body", "jobs", "shown"),
    [
        pytest.param(FILTERED, "", True, id="a request to a known route"),
        pytest.param(SENT, JOBS, True, id="a message that a request sends"),
        pytest.param("pass", JOBS, False, id="a task that nothing sends: a clock starts it, or nobody does"),
        pytest.param('Depot.objects.get(code=request.GET["code"])', "", False, id="a table of which nothing makes rows"),
        pytest.param('Account.objects.get(email="root@localhost")', "", False, id="a value written in the code"),
        pytest.param('Account.objects.filter(email=request.GET["email"]).delete()', "", False, id="rows are only deleted"),
    ],
)
def test_default_profile_speaks_of_filters_that_are_certain(tmp_path: Path, body: str, jobs: str, shown: bool) -> None:
    assert reported(tmp_path, "unindexed-filter", body, "default", jobs) is shown, "the default profile must hold back what a maintainer may dispute"
    assert reported(tmp_path, "unindexed-filter", body, "strict", jobs), "what is held back by default must still be found"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        pytest.param('Account.objects.get_or_create(email=request.POST["email"])', True, id="a request"),
        pytest.param(
            """Account.objects.get_or_create(email=request.POST["email"])


def double(request):
    try:
        found = Account.objects.get(email=request.POST["email"])
    except Account.MultipleObjectsReturned:
        found = Account.objects.filter(email=request.POST["email"]).order_by("id").first()""",
            False,
            id="other code is prepared to find several",
        ),
    ],
)
def test_default_profile_speaks_of_get_or_create_that_nothing_else_covers(tmp_path: Path, body: str, shown: bool) -> None:
    assert reported(tmp_path, "get-or-create-without-unique", body, "default") is shown
    assert reported(tmp_path, "get-or-create-without-unique", body, "strict")


@pytest.mark.parametrize(
    ("rule", "sample"),
    [
        pytest.param("redundant-index", "bad_inherited.py", id="an index that a shared base declares"),
        pytest.param("redundant-index", "bad_patterns.py", id="an index beside which patterns are searched"),
        pytest.param("unindexed-filter", "bad_either_way.py", id="an OR that needs two indexes"),
        pytest.param("unindexed-foreign-key", "bad.py", id="keys that no known route follows"),
        pytest.param("app-level-uniqueness", "bad_collision", id="a second insert that only fails"),
    ],
)
def test_default_profile_holds_back_what_a_maintainer_may_dispute(tmp_path: Path, rule: str, sample: str) -> None:
    samples.lay_out(samples.FIXTURES / "database" / rule / sample, tmp_path)
    settings = Settings(root=tmp_path, profile="default", cache=False, jobs=1)  # type: ignore[arg-type]
    assert rule not in {one.finding.rule for one in run(settings, samples.registry()).findings}
