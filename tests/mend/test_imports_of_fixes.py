"""What a fix does to imports and comments: an import lands where they are sorted, a name that means something else is not used, no comment is lost."""

from __future__ import annotations

import ast

import libcst as cst
import pytest

from backend_lint.api import Finding, Mends, Severity
from backend_lint.engine.mend_file import CannotMendError, mend_file
from backend_lint.engine.mended_imports import is_taken, with_imports


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        ("import re\nimport sys\n", "os", "import os\nimport re\nimport sys\n"),
        ("import abc\nfrom re import sub\n", "os", "import abc\nimport os\nfrom re import sub\n"),
        ('"""Doc."""\n\nimport django\n', "os", '"""Doc."""\n\nimport os\n\nimport django\n'),
        ("import re\n\nfrom django.db import models\n", "django.db:transaction", "import re\n\nfrom django.db import models, transaction\n"),
        ("from a import (\n    F,\n    z,\n)\n", "a:b", "from a import (\n    F,\n    b,\n    z,\n)\n"),
        ("import os\n", "os", "import os\n"),
        ("import re\n\nimport flask\n\nimport shop.models\n", "sqlalchemy.orm:joinedload",
         "import re\n\nimport flask\nfrom sqlalchemy.orm import joinedload\n\nimport shop.models\n"),
        ("import re\n\n# ours\nimport shop\n", "os", "import os\nimport re\n\n# ours\nimport shop\n"),
    ],
)  # fmt: skip
def test_an_import_lands_where_they_are_sorted(before: str, wanted: str, after: str) -> None:
    assert with_imports(cst.parse_module(before), [wanted], [], frozenset({"shop"})).code == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import random\nimport string\n\nstring\n", "import string\n\nstring\n"),
        ("import random\n\nrandom.seed()\n", "import random\n\nrandom.seed()\n"),
        ("import random  # for plugins\n", "import random  # for plugins\n"),
        ("from random import choice, sample\n\nsample([1])\n", "from random import choice, sample\n\nsample([1])\n"),
        ('import random\n\n__all__ = ["random"]\n', 'import random\n\n__all__ = ["random"]\n'),
    ],
)
def test_an_import_goes_with_its_last_use_and_never_before(before: str, after: str) -> None:
    assert with_imports(cst.parse_module(before), [], ["random"]).code == after


@pytest.mark.parametrize(
    ("text", "line", "taken"),
    [
        ("def pay(transaction):\n    save(transaction)\n", 2, True),
        ("def pay(transaction):\n    pass\ndef other():\n    save()\n", 4, False),
        ("transaction = 1\ndef pay():\n    save()\n", 3, True),
        ("from django.db import transaction\ndef pay():\n    save()\n", 3, False),
        ("from bank import transaction\ndef pay():\n    save()\n", 3, True),
        ("def pay():\n    for transaction in rows:\n        save()\n", 3, True),
    ],
)
def test_a_name_that_means_something_else_is_taken(text: str, line: int, taken: bool) -> None:
    assert is_taken(ast.parse(text), line, ["django.db:transaction"]) is taken


class Replaced(Mends):
    """Replaces a call by a text."""

    mends = ("Call",)

    def __init__(self, text: str) -> None:
        self.text = text

    def mend(self, node: cst.CSTNode, finding: Finding) -> cst.CSTNode | None:
        return cst.parse_expression(self.text)


def replaced(source: str, text: str) -> str:
    finding = Finding("replaced", "app.py", 1, 1, 1, 1, "a call", Severity.INFO)
    return mend_file(source.encode(), [finding], {"replaced": Replaced(text)})[0].decode()


def test_a_fix_that_would_lose_a_comment_is_not_made() -> None:
    assert replaced("print(\n    1,  # why\n)\n", "print(2)") == "print(\n    1,  # why\n)\n"
    assert replaced("print(1)  # why\n", "print(2)") == "print(2)  # why\n"


def test_a_fix_that_would_use_a_name_the_file_does_not_have_is_refused() -> None:
    with pytest.raises(CannotMendError, match="the fix would use Book, which the file does not import"):
        replaced("print(1)\n", "print(Book)")
