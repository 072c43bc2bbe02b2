"""Where the items of a loop come from."""

from __future__ import annotations

import pytest

from backend_lint.facts.python import BlockKind
from backend_lint.project.loading.origins import is_field_of_input
from tests.project.test_model import key, link

_MODULE = """
from dataclasses import dataclass
from pydantic import BaseModel

class Mount(BaseModel):
    names: list[str]

class Spec(BaseModel):
    mounts: list[Mount]

class Group:
    def __init__(self, names):
        self.names = names

def asked(spec: Spec, group: Group, form, names, request, path):
{body}
"""


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ("for one in spec.mounts:\n    print(one)", True),
        ("for mount in spec.mounts:\n    for one in mount.names:\n        print(one)", True),
        ("mounts = None\nif names:\n    mounts = spec.mounts\nfor one in mounts:\n    print(one)", True),
        ("for one in form.cleaned_data['cases']:\n    print(one)", True),
        ("for one in request.data.get('ids', []):\n    print(one)", True),
        ("data = request.get_json()\nfor one in data['ids']:\n    print(one)", True),
        ("for one in group.names:\n    print(one)", False),
        ("for one in names:\n    print(one)", False),
        ("for one in spec:\n    print(one)", False),
        ("for one in open(path).readlines():\n    print(one)", False),
    ],
)
def test_one_field_of_an_input_is_told_from_lists_of_unknown_length(body: str, written: bool) -> None:
    text = _MODULE.replace("{body}", "\n".join(f"    {line}" for line in body.splitlines()))
    project = link({"app.py": text})
    place = key(project, "app.py", "asked")
    loop = next(block for block in reversed(project.calls.body(place).blocks) if block.kind is BlockKind.FOR)
    assert is_field_of_input(project, place, loop.subject) is written
