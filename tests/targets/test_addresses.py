"""Names of requests find the route that answers them, and no other."""

from __future__ import annotations

import time

import pytest

from backend_lint.facts.route import Route
from backend_lint.project.performance.addresses import Address, Templates, address, route_of


def route(method: str, path: str, function: int = 1, module: str = "app.py") -> Route:
    return Route(method, path, module, function, "view", "fastapi", module, 1)


KNOWN = Templates(
    [
        route("GET", "/orders"),
        route("POST", "/orders", 2),
        route("GET", "/orders/{number}", 3),
        route("GET", "/orders/open", 4),
        route("GET", "/orders/<int:pk>/", 5),
        route("GET", "/files/{path:path}", 6),
        route("GET", "/files/<name>.json", 7),
        route("*", "/reports/(?P<year>[0-9]{4})/(?P<kind>daily|weekly)/?", 8),
        route("POST", "/import", 9),
        route("GET", "/", 10),
        route("GET", "/both", 11),
        route("GET", "/both", 12, "other.py"),
    ]
)


@pytest.mark.parametrize(
    ("name", "method", "function"),
    [
        ("/orders", "GET", 1),
        ("/orders", "POST", 2),
        ("POST /orders", "", 2),
        ("[POST] /orders/", "", 2),
        ("get_/orders", "", 1),
        ("/orders", "", 1),
        ("http://127.0.0.1:8000/orders?page=2#top", "", 1),
        ("https://shop.example", "GET", 10),
        ("/orders/open", "GET", 4),
        ("/orders/A-17", "GET", 3),
        ("/orders/17", "GET", 5),
        ("/orders/[number]", "GET", 5),
        ("/orders/:id", "GET", 5),
        ("/orders/{id}", "GET", 5),
        ("/orders/${id}", "GET", 5),
        ("/files/a/b/c.txt", "GET", 6),
        ("/files/a.json", "GET", 7),
        ("/reports/2026/daily", "GET", 8),
        ("/import", "", 9),
        ("/orders/17", "HEAD", 5),
    ],
)
def test_route_of_a_name(name: str, method: str, function: int) -> None:
    found = route_of(address(name, method), KNOWN)
    assert found is not None
    assert found.function == function


@pytest.mark.parametrize(
    ("name", "method"), [("/orders", "DELETE"), ("/nowhere", "GET"), ("/orders/17/lines", "GET"), ("Login", ""), ("", ""), ("open the page", "GET")]
)
def test_name_that_is_no_route(name: str, method: str) -> None:
    asked = address(name, method)
    assert not asked.path or route_of(asked, KNOWN) is None


def test_two_programs_with_the_same_route_have_no_place() -> None:
    found = route_of(address("GET /both"), KNOWN)
    assert found is not None
    assert (found.path, found.function, found.declared_in) == ("/both", -1, "")


@pytest.mark.parametrize(
    "path",
    ["/" + "(a+)+" * 30, "/(?P<x>" + "(" * 60 + ")" * 60 + ")", "/" + "<path:a>/a/" * 30 + "end", "/" + "{a}-" * 60 + "end", "/" + "(a*)?/" * 40 + "end"],
)
def test_pattern_of_a_project_is_not_run(path: str) -> None:
    known = Templates([route("GET", path)])
    started = time.process_time()
    for asked in ("/" + "a" * 500, "/" + "a-" * 250, "/" + "a/" * 250):
        route_of(Address("GET", asked + "!"), known)
    assert time.process_time() - started < 1.0
