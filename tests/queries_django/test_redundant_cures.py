"""What is advised of an index that another one makes needless says where it comes from: the field, or a line of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from queries_django.test_loading_advice import findings

MODELS = """
from django.db import models


class Variant(models.Model):
    slug = models.{field}
    number = models.IntegerField()

    class Meta:
        unique_together = [("slug", "number")]
        {indexes}
"""
SETTINGS = "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\nINSTALLED_APPS = ['app']\n"
BY_FIELD = "set db_index=False on the field"


@pytest.mark.parametrize(
    ("field", "indexes", "advice"),
    [
        ("SlugField()", "", f"{BY_FIELD}, which drops its `_like` index for searches by prefix too"),
        ("IntegerField(db_index=True)", "", BY_FIELD),
        ("IntegerField()", 'indexes = [models.Index(fields=["slug"], name="by_slug")]', "drop it"),
    ],
)
def test_the_cure_names_what_makes_the_index(field: str, indexes: str, advice: str, tmp_path: Path) -> None:
    text = MODELS.replace("{field}", field).replace("{indexes}", indexes)
    others = {"app/base.py": "", "app/models.py": text, "app/settings.py": SETTINGS}
    (found,) = findings(tmp_path, "", "redundant-index", others)
    assert found.message.endswith(f"; {advice}")
