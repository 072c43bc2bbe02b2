"""A call that comes last in a transaction, and whose failure is caught around it, takes the rows back on purpose: by default nothing is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import run
from tests import samples

MODELS = """
from django.db import models


class Area(models.Model):
    state = models.CharField(max_length=9)

    class Meta:
        app_label = "areas"
"""
CODE = """
import requests
from django.db import transaction

from models import Area


def assign(ids):
    failed = []
    for one in ids:
        try:
            with transaction.atomic():
                Area.objects.filter(pk=one).update(state="given")
                requests.post("https://hq.example/areas", json=one, timeout=5)
                {last}
        except requests.RequestException:
            {handled}
    return failed
"""


@pytest.mark.parametrize(
    ("last", "handled", "default"),
    [
        ("pass", "failed.append(one)", False),
        ("pass", "raise", True),
        ('Area.objects.filter(pk=one).update(state="told")', "failed.append(one)", True),
    ],
)
def test_only_what_nothing_takes_back_is_told_by_default(last: str, handled: str, default: bool, tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(MODELS)
    (tmp_path / "areas.py").write_text(CODE.format(last=last, handled=handled))
    for profile, told in (("default", default), ("strict", True)):
        result = run(Settings(root=tmp_path, cache=False, jobs=1, profile=profile), samples.registry())
        assert any(one.finding.rule == "external-call-in-transaction" for one in result.findings) == told, profile
