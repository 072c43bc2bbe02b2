"""An external call is one thing to change, from however many transactions it is reached."""

from __future__ import annotations

from pathlib import Path

import pytest
import samples

from backend_lint.config import Settings
from backend_lint.engine.run import run

CODE = """import requests
from django.db import models, transaction


class Page(models.Model):
    title = models.CharField(max_length=10)

    class Meta:
        app_label = "wiki"


def push():
    {push}


@transaction.atomic
def change(number):
    Page.objects.filter(pk=number).update(title="a")
    push()


@transaction.atomic
def remove(number):
    Page.objects.filter(pk=number).delete()
    push()
"""
CALL = 'requests.post("https://copy.example/pages", timeout=60)'


@pytest.mark.parametrize(
    ("push", "default", "strict"),
    [(CALL, 1, 1), (f"try:\n        {CALL}\n    except requests.RequestException as error:\n        raise ValueError('not copied') from error", 0, 1)],
    ids=["plain", "its failure takes the rows back"],
)
def test_a_call_is_told_of_once(tmp_path: Path, push: str, default: int, strict: int) -> None:
    (tmp_path / "pages.py").write_text(CODE.format(push=push))
    for profile, told in (("default", default), ("strict", strict)):
        found = run(Settings(root=tmp_path, cache=False, jobs=1, profile=profile), samples.registry()).findings
        assert sum(one.finding.rule == "external-call-in-transaction" for one in found) == told, profile
