"""What the configuration says of guards: it decides whether a route is open, and the map says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from backend_lint.project import Project
from backend_lint.report.maps import render

Linked = Callable[[dict[str, str]], Project]

FASTAPI = (
    "from fastapi import Depends, FastAPI\nfrom company import gate\napp = FastAPI()\ndef notes(): ...\n"
    "@app.get('/a', dependencies=[Depends(gate), Depends(notes)])\ndef a(): ...\n"
)
FLASK = "from flask import Flask\nfrom company.web import gated\napp = Flask(__name__)\n@app.get('/a')\n@gated('orders')\ndef a(): ...\n"
DJANGO = (
    "from django.urls import path\nfrom django.views import View\nfrom company.web import TeamView\n"
    "class A(TeamView, View):\n    def get(self, request): ...\nurlpatterns = [path('a', A.as_view())]\n"
)
LOGIN = (
    "from flask import Flask\nfrom flask_login import login_required\napp = Flask(__name__)\n@app.get('/a')\n@login_required\ndef a(): ...\n"
)


def route(linked: Linked, code: str, worths: dict[str, str]) -> dict[str, Any]:
    project = linked({"app.py": code})
    project.worths = worths
    found: dict[str, Any] = json.loads(render("routes", project, "json"))["routes"][0]
    return found


@pytest.mark.parametrize(
    ("code", "worths", "authenticated"),
    [
        (FASTAPI, {"gate": "identity"}, True),
        (FASTAPI, {"company.*": "role"}, True),
        (FASTAPI, {"gate": "none"}, False),
        (FASTAPI, {"notes": "scope"}, True),
        (FLASK, {"gated": "object"}, True),
        (FLASK, {"company.web.gated": "none"}, False),
        (DJANGO, {"TeamView": "role"}, True),
        (LOGIN, {"login_required": "none"}, False),
        (LOGIN, {"logged_in": "none"}, True),
    ],
)
def test_the_configuration_decides_whether_a_route_is_open(linked: Linked, code: str, worths: dict[str, str], authenticated: bool) -> None:
    found = route(linked, code, worths)
    assert found["authenticated"] is authenticated, f"what the project says of its own guards does not count: {worths}, {found['guards']}"


def test_the_map_says_what_a_guard_is_worth_and_who_says_so(linked: Linked) -> None:
    configured = route(linked, FASTAPI, {"gate": "object"})["guards"][0]
    assert (configured["worth"], configured["origin"]) == ("object", "configuration"), "nobody sees that the configuration overruled the code"
    read = route(linked, LOGIN, {})["guards"][0]
    assert (read["worth"], read["origin"]) == ("identity", "code")


def test_the_first_pattern_that_fits_counts(linked: Linked) -> None:
    assert route(linked, FASTAPI, {"gate": "none", "ga*": "role"})["authenticated"] is False
