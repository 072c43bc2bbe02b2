"""Route tables against those that the frameworks build themselves: the samples are real projects, run in a process of their own."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest

from backend_lint.project import Project

HERE = pathlib.Path(__file__).parent
Table = set[tuple[str, str, str]]


def built(project: str, script: str, *arguments: str) -> Table:
    """What the framework says."""
    command = [sys.executable, "-I", str(HERE / script), *arguments]
    done = subprocess.run(command, cwd=HERE / "projects" / project, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return {(method, path, name) for method, path, name, _ in json.loads(done.stdout.splitlines()[-1])}


def understood(project: Project) -> Table:
    return {(route.method, route.path, route.name) for route in project.routes}


@pytest.mark.parametrize(("name", "module"), [("fast", "shop.main"), ("starlette_app", "main")])
def test_asgi_tables_are_those_of_the_framework(sample: Callable[[str], Project], name: str, module: str) -> None:
    pytest.importorskip("fastapi")
    assert understood(sample(name)) == built(name, "dump_fast.py", module)


def test_flask_table_is_that_of_the_framework(sample: Callable[[str], Project]) -> None:
    pytest.importorskip("flask")
    assert understood(sample("flask_app")) == built("flask_app", "dump_flask.py")


def test_django_table_is_that_of_the_framework(sample: Callable[[str], Project]) -> None:
    pytest.importorskip("rest_framework")
    asked = understood(sample("django_app"))
    # the framework does not say which methods a decorated function answers
    narrowed = {("*" if name in ("ping", "feed") else method, path, name) for method, path, name in asked}
    assert narrowed == built("django_app", "dump_django.py")
