"""One missing index for queries that ask for the same columns: it serves all of them."""

from __future__ import annotations

import pytest

from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.project import Project
from backend_lint.readers.python import read

MODEL = """
from django.db import models

class Parcel(models.Model):
    slug = models.CharField(max_length=30)
    depot = models.BigIntegerField()
    sent = models.DateTimeField()
    class Meta:
        app_label = "shop"

"""


def keys(*conditions: str) -> list[list[str]]:
    """The columns of each missing index."""
    text = MODEL + "".join(f"def f{number}(a, b):\n    return list(Parcel.objects.filter({one}))\n" for number, one in enumerate(conditions))
    file = SourceFile("shop/models.py", Kind.PYTHON, Role.APPLICATION, len(text))
    project = Project.link({file.path: (file, read(text.encode(), file))})
    return [[key.column for key in missing.candidate.keys] for missing in project.answers.missing]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (("slug=a, depot=b", "depot=b"), [["depot", "slug"]]),
        (("slug=a, depot=b", "slug=b"), [["slug", "depot"]]),
        (("slug=a, sent__gte=b", "slug=a"), [["slug", "sent"]]),
    ],
)
def test_one_index_serves_the_narrower_question_too(conditions: tuple[str, ...], expected: list[list[str]]) -> None:
    assert keys(*conditions) == expected
