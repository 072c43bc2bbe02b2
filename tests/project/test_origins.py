"""Where the items of a loop come from."""

from __future__ import annotations

import pytest

from backend_lint.facts.python import BlockKind
from backend_lint.project.loading.origins import Source, origin_of
from tests.project.test_model import key, link

_MODULE = """
from django.db import models
from pydantic import BaseModel

class Mount(models.Model):
    name = models.CharField(max_length=20)

class Spec(BaseModel):
    mounts: list[str]

def asked(spec: Spec, names, request):
{body}
"""


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ("for one in Mount.objects.filter(name='x'):\n    print(one)", Source.QUERY),
        ("found = list(Mount.objects.all())\nfor one in found:\n    print(one)", Source.QUERY),
        ("for one in request.data:\n    print(one)", Source.REQUEST),
        ("for one in request.data.get('ids', []):\n    print(one)", Source.REQUEST),
        ("for one in spec.mounts:\n    print(one)", None),
        ("for one in names:\n    print(one)", None),
    ],
)
def test_says_who_decides_how_many_items_there_are(body: str, source: Source | None) -> None:
    module = _MODULE.format(body="\n".join("    " + line for line in body.splitlines()))
    project = link({"app/x.py": module})
    place = key(project, "app/x.py", "asked")
    loop = next(block for block in project.calls.body(place).blocks if block.kind is BlockKind.FOR)
    origin = origin_of(project, place, loop.subject)
    assert (origin.source if origin is not None else None) == source
