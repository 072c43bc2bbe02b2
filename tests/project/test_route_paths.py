"""Which routes a path in a test means: the most exact one, whatever of it is not known."""

from __future__ import annotations

import pytest

from backend_lint.project.route_paths import GAP, RoutePaths, declared

ROUTES = (
    "/",
    "/orders/",
    "/orders/<int:pk>/",
    "/orders/open/",
    "/orders/<int:pk>/lines/<int:line>/",
    "/api/v1/users/{user_id}",
    "/api/v1/users/me",
    "/files/{path:path}",
    "/badge/<slug:key>/<slug:name>.<slug:fmt>",
    r"/old/(?P<pk>[0-9]+(?:x|y))/edit/$",
)


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("/", ["/"]),
        ("/orders", ["/orders/"]),
        ("/orders/?page=2", ["/orders/"]),
        ("http://testserver/orders/#top", ["/orders/"]),
        ("/orders/7/", ["/orders/<int:pk>/"]),
        ("/orders/open/", ["/orders/open/"]),
        ("/orders/closed/", []),
        (f"/orders/{GAP}/", ["/orders/<int:pk>/"]),
        (f"/orders/{GAP}/lines/3/", ["/orders/<int:pk>/lines/<int:line>/"]),
        ("/api/v1/users/me", ["/api/v1/users/me"]),
        ("/api/v1/users/7", ["/api/v1/users/{user_id}"]),
        (f"/api/{GAP}/users/me", ["/api/v1/users/me"]),
        (f"/api/v{GAP}/users/me", ["/api/v1/users/me"]),
        (f"{GAP}/users/me", ["/api/v1/users/me"]),
        ("/users/me", ["/api/v1/users/me"]),
        ("/files/a/b/c.txt", ["/files/{path:path}"]),
        ("/badge/k/all.svg", ["/badge/<slug:key>/<slug:name>.<slug:fmt>"]),
        ("/old/12x/edit/", [r"/old/(?P<pk>[0-9]+(?:x|y))/edit/$"]),
        ("/nowhere/at/all", []),
        (GAP, []),
        ("", []),
    ],
)
def test_the_most_exact_route_is_meant(text: str, called: list[str]) -> None:
    sure, maybe = RoutePaths(ROUTES).called(text)
    assert [ROUTES[number] for number in sorted(sure)] == called
    assert not maybe or not sure


def test_what_is_below_a_gap_at_the_end_may_be_meant_and_is_not_called() -> None:
    for text in (f"/api/v1{GAP}", f"/api/v1/{GAP}", f"/api/{GAP}"):
        sure, maybe = RoutePaths(ROUTES).called(text)
        assert (sure, sorted(maybe)) == (frozenset(), [5, 6]), text


def test_many_segments_and_many_ways_end_soon() -> None:
    routes = RoutePaths(["/" + "/".join(f"<a{number}>" for number in range(30)), *(f"/{'<a>/' * count}" for count in range(30))])
    assert routes.called("/x" * 5000) == (frozenset(), frozenset())
    assert len(routes.called(f"/{GAP}" * 29)[0]) == 1


@pytest.mark.parametrize("path", ["(" * 500, "/(?P<a", "/<", "/{", "/a)b(c", "/\\", "<" * 500 + ">" * 500])
def test_a_path_that_is_cut_off_is_taken_as_it_is(path: str) -> None:
    assert isinstance(declared(path), tuple)
