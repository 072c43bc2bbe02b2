"""Values of unknown source: what counts as constant, as checked, as open, and what callers say about it."""

from __future__ import annotations

import pytest

from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.project import Project
from backend_lint.project.taint.unchecked import unchecked
from backend_lint.readers.python import read

HEAD = "import os, sys, shlex, subprocess, pickle, requests\nTABLES = ('orders', 'bills')\n"


def shown(source: str) -> list[str]:
    """What is said to be unchecked in a module."""
    file = SourceFile("app.py", Kind.PYTHON, Role.APPLICATION, len(source))
    project = Project.link({file.path: (file, read((HEAD + source).encode(), file, ()))})
    return [one.shown for one in unchecked(project)]


class TestOpen:
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("os.system(x)", "parameter `x`"),
            ("os.system('ls ' + x.strip())", "parameter `x`"),
            ("line = f'ls {x}'\n    os.system(line)", "parameter `x`"),
            ("os.system(sys.argv[1])", "what the command line holds"),
            ("os.system(os.environ['X'])", "what the environment holds"),
            ("os.system(os.getenv('X'))", "what the environment holds"),
            ("os.system(requests.get('https://a.example').text)", "what `requests.get` answers"),
            ("os.system(input())", "what `input` returns"),
            ("subprocess.run(['sh', '-c', x])", "parameter `x`"),
            ("__import__('os').system(x)", "parameter `x`"),
            ("subprocess.run('ls ' + x)", "parameter `x`"),  # one text without a shell: POSIX finds no such program
            ("subprocess.run(sys.argv[1])", "what the command line holds"),
            ("os.system(b64decode(x))", "parameter `x`"),
        ],
    )
    def test_value_is_named(self, body: str, said: str) -> None:
        assert shown(f"def run(x):\n    {body}\n") == [said]

    @pytest.mark.parametrize(
        "body",
        [
            "os.system('ls')",
            "os.system(f'ls {int(x)}')",
            "os.system('ls ' + shlex.quote(x))",
            "if x not in TABLES:\n        raise ValueError\n    os.system(x)",
            "subprocess.run(x)",
            "subprocess.run(['ls', x])",
            "subprocess.run('ls ' + x, **options)",
            "subprocess.run(sys.argv[1:])",
            "subprocess.run('/opt/tools/' + x)",
            "os.system(b64decode('bHM='))",
            "os.system(f'ls {len(x)}')",
            "for name in TABLES:\n        os.system(name)",
            "pickle.loads(pickle.dumps(x))",
        ],
    )
    def test_value_is_left_alone(self, body: str) -> None:
        assert not shown(f"def run(x):\n    {body}\n")

    @pytest.mark.parametrize("annotation", ["int", "bool", "float", "datetime.date", "Color"])
    def test_a_parameter_that_holds_no_text_is_left_alone(self, annotation: str) -> None:
        assert not shown(f"def run(x: {annotation}):\n    os.system(f'ls {{x}}')\n")


class TestCallers:
    def test_a_parameter_that_only_gets_constants_is_left_alone(self) -> None:
        assert not shown("def run(x):\n    os.system(x)\ndef a():\n    run('ls')\ndef b():\n    run('df')\n")

    def test_one_careless_caller_is_enough(self) -> None:
        assert shown("def run(x):\n    os.system(x)\ndef a():\n    run('ls')\ndef b(y):\n    run('df ' + y)\n") == ["parameter `x`"]

    def test_functions_that_call_each_other_end(self) -> None:
        assert shown("def a(x):\n    os.system(x)\n    b(x)\ndef b(x):\n    a(x)\n") in ([], ["parameter `x`"])


class TestStatements:
    def test_a_value_between_quotation_marks_of_a_statement_that_is_returned_is_reported(self) -> None:
        assert shown("def find(x):\n    return f\"SELECT id FROM orders WHERE name = '{x}'\"\n") == ["parameter `x`"]

    def test_a_statement_that_is_run_is_reported_once(self) -> None:
        assert shown("def find(db, x):\n    q = f\"SELECT id FROM orders WHERE name = '{x}'\"\n    db.execute(q)\n") == ["parameter `x`"]

    def test_a_value_of_a_request_is_not_said_to_be_of_unknown_source(self) -> None:
        assert not shown("def view(request):\n    os.system(request.GET['x'])\n")


class TestPaths:
    @pytest.mark.parametrize(
        ("address", "found"),
        [
            ("f'https://a.example/{request.GET[\"x\"]}'", True),
            ("f'https://a.example/find?q={request.GET[\"x\"]}'", False),
            ("f'https://a.example/{int(request.GET[\"x\"])}'", False),
        ],
    )
    def test_only_the_path_of_an_address_counts(self, address: str, found: bool) -> None:
        assert bool(shown(f"def view(request):\n    requests.get({address})\n")) is found
