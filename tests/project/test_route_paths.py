"""Which routes a path in a test means: the most exact one, whatever of it is not known."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lint.project.route_paths import GAP, RoutePaths, declared, has_pieces

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


@given(st.text("ab7\1\2", max_size=7), st.text("ab7", max_size=7))
def test_parameters_in_a_segment_fit_what_a_regular_expression_would(sign: str, part: str) -> None:
    expression = "".join({"\1": ".+", "\2": "[0-9]+"}.get(letter, letter) for letter in sign)
    route = "/" + sign.replace("\1", "{?}").replace("\2", "<int:n>")
    assert bool(RoutePaths([route]).called(f"/{part}")[0]) == bool(sign and part and re.fullmatch(expression, part)) or not (sign and part)


@given(st.lists(st.text("ab", max_size=3), min_size=2, max_size=5), st.text("ab", max_size=9))
def test_pieces_with_gaps_between_them_are_what_a_regular_expression_would_find(pieces: list[str], name: str) -> None:
    assert has_pieces(name, pieces) == bool(re.fullmatch(".*".join(pieces), name))


def _cost(route: str, text: str) -> float:
    start = time.process_time()
    for _ in range(20):
        assert RoutePaths([route]).called(text) == (frozenset(), frozenset())
    return time.process_time() - start


@pytest.mark.parametrize("gaps", [False, True])
def test_many_parameters_or_gaps_in_a_segment_cost_no_more_than_its_length(gaps: bool) -> None:
    """A regular expression with wildcards in a row costs a hundred times as much with two more of them."""
    costs = [
        _cost("/" + "a" * 120, "/" + GAP.join("a" * count) + "b") if gaps else _cost("/" + "{?}" * count + "whoami", "/" + "a" * 120)
        for count in (4, 6, 8)
    ]  # fmt: skip
    assert costs[1] < 30 * max(costs[0], 0.01) and costs[2] < 30 * max(costs[0], 0.01)
