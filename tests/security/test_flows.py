"""Values from outside: where they come in, what they pass, and what is known to be harmless."""

from __future__ import annotations

import pytest

from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.project import Project
from backend_lint.project.taint import Danger
from backend_lint.project.taint.values import Piece, formatted
from backend_lint.readers.python import read

HEAD = "import os, re, uuid, subprocess, requests, json\nfrom urllib.parse import urlparse\n"


def project(**files: str) -> Project:
    readings = {}
    for name, source in files.items():
        file = SourceFile(f"{name}.py", Kind.PYTHON, Role.TEST if name.startswith("test_") else Role.APPLICATION, len(source))
        readings[file.path] = (file, read(source.encode(), file, ()))
    return Project.link(readings)


def arrivals(source: str, danger: Danger = Danger.COMMAND, **others: str) -> list[str]:
    """What arrives at the sinks of a module, as the source is shown."""
    return [one.trail.source.shown for one in project(app=HEAD + source, **others).taint.arrivals(danger)]


class TestWays:
    @pytest.mark.parametrize(
        "body",
        [
            "os.system(request.GET['x'])",
            "value = request.GET.get('x')\n    os.system('ls ' + value)",
            "os.system(f'ls {request.POST[\"x\"].strip()}')",
            "os.system('ls %s' % request.headers['X'])",
            "os.system('ls {}'.format(request.COOKIES['x']))",
            "parts = ['ls']\n    parts.append(request.GET['x'])\n    os.system(' '.join(parts))",
            "held = {}\n    held['x'] = request.GET['x']\n    os.system(held['x'])",
            "for name, value in request.data.items():\n        os.system(value)",
            "value = json.loads(request.body)['x']\n    os.system(value)",
            "value = request.GET['x'] if request.user else 'x'\n    os.system(value)",
            "if request.user:\n        value = request.GET['x']\n    else:\n        value = 'x'\n    os.system(value)",
            "os.system(str(request.GET['x'])[:9])",
        ],
    )
    def test_value_is_followed_inside_a_function(self, body: str) -> None:
        assert len(arrivals(f"def view(request):\n    {body}\n")) == 1

    def test_value_is_followed_through_the_result_of_a_function(self) -> None:
        assert arrivals("def line(host):\n    return 'ping ' + host\ndef view(request):\n    os.system(line(request.GET['h']))\n") == ["request.GET['h']"]

    def test_only_parameters_that_reach_the_result_count(self) -> None:
        assert not arrivals("def line(host, note):\n    return 'ping ' + host\ndef view(request):\n    os.system(line('localhost', request.GET['h']))\n")

    def test_value_is_followed_from_callers_of_other_modules(self) -> None:
        found = project(app=HEAD + "def run(line):\n    os.system(line)\n", views="from app import run\ndef view(request):\n    run(request.GET['x'])\n")
        (arrival,) = found.taint.arrivals(Danger.COMMAND)
        assert [(step.path, step.line) for step in arrival.trail.steps] == [("views.py", 3), ("views.py", 3)]

    def test_callers_in_tests_do_not_count(self) -> None:
        assert not arrivals("def run(line):\n    os.system(line)\n", test_app="from app import run\ndef test(request):\n    run(request.GET['x'])\n")

    def test_value_is_followed_through_an_attribute_of_self(self) -> None:
        code = "class Job:\n    def __init__(self, line):\n        self.line = line\n    def run(self):\n        os.system(self.line)\n"
        assert arrivals(code + "def view(request):\n    Job(request.GET['x']).run()\n") == ["request.GET['x']"]

    def test_functions_that_call_each_other_end(self) -> None:
        code = "def a(x, n):\n    return b(x, n)\ndef b(x, n):\n    return a(x, n) if n else x\n"
        assert arrivals(code + "def view(request):\n    os.system(a(request.GET['x'], 3))\n") in ([], ["request.GET['x']"])

    def test_a_long_chain_of_functions_ends(self) -> None:
        code = "".join(f"def f{n}(x):\n    return f{n + 1}(x)\n" for n in range(300)) + "def f300(x):\n    return x\n"
        assert arrivals(code + "def view(request):\n    os.system(f0(request.GET['x']))\n") in ([], ["request.GET['x']"])


class TestHarmless:
    @pytest.mark.parametrize(
        "body",
        [
            "os.system('ls')",
            "os.system(f'ls {int(request.GET[\"x\"])}')",
            "os.system(f'ls {uuid.UUID(request.GET[\"x\"])}')",
            "os.system(f'ls {len(request.GET[\"x\"])}')",
            "value = request.GET['x']\n    if value in ('a', 'b'):\n        os.system(value)",
            "value = request.GET['x']\n    if value not in NAMES:\n        raise ValueError\n    os.system(value)",
            "value = request.GET['x']\n    if not re.fullmatch('[a-z]+', value):\n        raise ValueError\n    os.system(value)",
            "value = request.GET['x']\n    validate_name(value)\n    os.system(value)",
            "os.system(re.sub('[^a-z]', '', request.GET['x']))",
            "os.system('a' if request.GET['x'] == 'a' else 'b')",
            "os.system(request.META['REMOTE_ADDR'])",
            "os.system(request.method)",
            "os.system(unknown(request.GET['x']))",
        ],
    )
    def test_value_is_left_alone(self, body: str) -> None:
        assert not arrivals(f"def view(request):\n    {body}\n")

    def test_a_check_that_raises_inside_a_called_function_counts(self) -> None:
        code = "def known(name):\n    if name not in NAMES:\n        raise ValueError\n"
        assert not arrivals(code + "def view(request):\n    value = request.GET['x']\n    known(value)\n    os.system(value)\n")

    def test_a_list_of_arguments_without_a_shell_is_no_command(self) -> None:
        assert not arrivals("def view(request):\n    subprocess.run(['ls', request.GET['x']])\n")

    def test_a_name_that_only_sounds_like_a_check_is_none(self) -> None:
        assert arrivals("def view(request):\n    subprocess.check_output(request.GET['x'], shell=True)\n") == ["request.GET['x']"]


class TestItemsOfTuples:
    CODE = "def both(request):\n    return {'a': 1}, request.GET['x']\n"

    def test_the_item_that_is_from_outside_is_followed(self) -> None:
        assert arrivals(self.CODE + "def view(request):\n    _, line = both(request)\n    os.system(line)\n") == ["request.GET['x']"]

    def test_the_others_are_left_alone(self) -> None:
        assert not arrivals(self.CODE + "def view(request):\n    known, _ = both(request)\n    os.system(known['a'])\n")


class TestHosts:
    @pytest.mark.parametrize(
        ("value", "found"),
        [
            ("request.GET['u']", True),
            ("f'https://{request.GET[\"h\"]}/x'", True),
            ("request.GET['u'] + '/feed'", True),
            ("f'https://api.example/{request.GET[\"x\"]}'", False),
            ("'https://api.example?q=' + request.GET['x']", False),
            ("f'{BASE}/{request.GET[\"x\"]}'", False),
            ("'https://api.example/%s' % request.GET['x']", False),
        ],
    )
    def test_only_the_host_counts(self, value: str, found: bool) -> None:
        assert bool(arrivals(f"def view(request):\n    requests.get({value})\n", Danger.URL)) is found

    def test_only_the_host_counts_through_a_function(self) -> None:
        code = "def fetch(url):\n    return requests.get(url)\ndef view(request):\n    fetch(f'https://api.example/{request.GET[\"x\"]}')\n"
        assert not arrivals(code, Danger.URL)

    def test_a_host_that_is_compared_is_left_alone(self) -> None:
        code = "def view(request):\n    url = request.GET['u']\n    if urlparse(url).hostname not in HOSTS:\n        raise ValueError\n    requests.get(url)\n"
        assert not arrivals(code, Danger.URL)

    def test_a_scheme_that_is_compared_does_not_help(self) -> None:
        code = "def view(request):\n    url = request.GET['u']\n    if urlparse(url).scheme != 'https':\n        raise ValueError\n    requests.get(url)\n"
        assert arrivals(code, Danger.URL) == ["request.GET['u']"]


FASTAPI = """
import enum, os
from typing import Annotated, Literal, Optional
from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel, field_validator
app = FastAPI()
class Kind(enum.Enum):
    A = "a"
class Inner(BaseModel):
    name: str
class Model(BaseModel):
    name: str
    number: int
    checked: str
    inner: Inner
    @field_validator("checked")
    def check(cls, value):
        return value
def provide():
    return "x"
"""


class TestParameters:
    @pytest.mark.parametrize(
        ("parameter", "value", "found"),
        [
            ("x: str", "x", True),
            ("x: Optional[str] = None", "x", True),
            ("x: Annotated[str, Query()]", "x", True),
            ("x: list[str] = Query()", "x[0]", True),
            ("x: int", "f'{x}'", False),
            ("x: Kind", "x", False),
            ("x: Literal['a', 'b']", "x", False),
            ("x: str = Query(pattern='^a$')", "x", False),
            ("x: Annotated[str, Query(pattern='^a$')]", "x", False),
            ("x: str = Depends(provide)", "x", False),
            ("x: Model", "x.name", True),
            ("x: Model", "x.inner.name", True),
            ("x: Model", "f'{x.number}'", False),
            ("x: Model", "x.checked", False),
        ],
    )
    def test_parameters_of_fastapi_by_their_types(self, parameter: str, value: str, found: bool) -> None:
        code = FASTAPI + f"@app.post('/run')\ndef run({parameter}):\n    os.system({value})\n"
        assert bool(list(project(app=code).taint.arrivals(Danger.COMMAND))) is found

    @pytest.mark.parametrize(("path", "found"), [("<x>", True), ("<path:x>", True), ("<int:x>", False), ("<uuid:x>", False)])
    def test_parts_of_paths_of_flask_by_their_converters(self, path: str, found: bool) -> None:
        code = f"import os\nfrom flask import Flask\napp = Flask(__name__)\n@app.route('/run/{path}')\ndef run(x):\n    os.system(x)\n"
        assert bool(list(project(app=code).taint.arrivals(Danger.COMMAND))) is found

    def test_a_segment_of_a_path_does_not_leave_a_folder(self) -> None:
        code = "from flask import Flask\napp = Flask(__name__)\n@app.route('/file/<x>')\ndef file(x):\n    open('/srv/' + x)\n"
        assert not list(project(app=code).taint.arrivals(Danger.PATH))


@pytest.mark.parametrize(
    "text", ["os.system(", "os.system(*request.GET)", "os.system(request.GET[", "os.system(**request.GET)", "os.system(lambda: request.GET['x'])"]
)
def test_odd_input_is_no_error(text: str) -> None:
    assert arrivals(f"def view(request):\n    {text}\n") == []


def test_places_of_a_format_that_no_number_names_are_unknown() -> None:
    """``int("9" * 6000)`` and ``int("²")`` raise: a string of the checked code must not."""
    subject = [Piece(False, "a {} {1} {" + "9" * 6000 + "} {²}")]
    assert [piece.text for piece in formatted(subject, ["%p", "%q"]) if piece.is_value] == ["%p", "%q", "?", "?"]


class TestPages:
    HEAD = "from flask import Flask, request\napp = Flask(__name__)\n@app.route('/a')\ndef view():\n    return "

    @pytest.mark.parametrize(
        ("value", "found"),
        [
            ("f'<p>{request.args[\"x\"]}</p>'", True),
            ("'no ' + request.args['x'], 404", True),
            ("{'x': request.args['x']}", False),
            ("[]", False),
            ("'<p>fixed</p>'", False),
        ],
    )
    def test_only_text_that_is_put_together_is_a_page(self, value: str, found: bool) -> None:
        assert bool(arrivals(f"{self.HEAD}{value}\n", Danger.HTML)) is found
