"""What the names of requests in load reports say: method and path, and which template of a route a path fits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex

_METHOD = lazy_regex(r"\[?(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\]?[ :_-]{1,3}(?=\S)", re.IGNORECASE)
_ORIGIN = lazy_regex(r"[a-z][a-z0-9+.-]{1,20}://[^/?#]{0,255}", re.IGNORECASE)
_HOLE = lazy_regex(r"\{[^{}/]{0,100}\}|<[^<>/]{0,100}>|\[[^\[\]/]{0,100}\]|:[A-Za-z_]\w{0,60}|\$\{[^{}/]{0,100}\}|\*")
_PARAMETER = lazy_regex(r"\{[^{}]{0,200}\}|<[^<>]{0,200}>|\(\?P<\w{1,60}>[^()]{0,200}\)")
_REST = lazy_regex(r"\{\?\}|\{[^{}:]{0,100}:path\}|<path:[^<>]{0,100}>")
_HELD = "\0"
"""Stands in a path for a part that the name itself calls a parameter."""


class Address(NamedTuple):
    """A request as its name says: the method, empty if it says none, and the path without query; `path` is empty for a name that is none."""

    method: str
    path: str


def address(name: str, method: str = "") -> Address:
    """What a name says.

    >>> address("GET http://shop.example/orders/7?page=2"), address("Login").path
    (Address(method='GET', path='/orders/7'), '')
    """
    text = name.strip()
    if (match := _METHOD.match(text)) is not None:
        method, text = match[1], text[match.end() :]
    text = _ORIGIN.sub("", text, count=1) if (origin := _ORIGIN.match(text)) is not None else text
    if origin is not None and not text.startswith("/"):
        text = "/" + text
    if not text.startswith("/") or " " in text.strip():
        return Address(method.upper(), "")
    path = re.split(r"[?#]", text, maxsplit=1)[0].rstrip("/") or "/"
    # `/orders/{id}?` keeps its braces: a name's own parameters are no query
    return Address(method.upper(), "/".join(_HELD if _HOLE.fullmatch(part) else part for part in path.split("/")))


class Template(NamedTuple):
    """A route with what its path fits. `literal`: characters that are no parameter, `parts`: how many of its parts have none."""

    route: Route
    pattern: re.Pattern[str]
    parts: int
    literal: int


def templates(routes: Iterable[Route]) -> list[Template]:
    """The templates of routes; websockets are none that a load test of requests meets."""
    made = []
    for route in routes:
        path = "/" + route.path.strip("^$").strip("/")
        parts = [part for part in path.split("/") if part]
        pattern, at = [], 0
        for match in _PARAMETER.finditer(path):
            pattern.append(re.escape(path[at : match.start()]))
            pattern.append(".{0,400}" if _REST.fullmatch(match[0]) else "[^/]{1,400}")
            at = match.end()
        pattern.append(re.escape(path[at:]))
        fixed = [part for part in parts if not _PARAMETER.search(part)]
        made.append(Template(route, re.compile("".join(pattern) or "/"), len(fixed), sum(map(len, fixed))))
    return made


def route_of(asked: Address, known: Iterable[Template]) -> Route | None:
    """The route that answers: of those that fit, the one with the fewest parameters; None if none does, or two do equally.

    A name without a method is of GET where the path has it, as a tool asks that is not told otherwise.
    """
    fits = [one for one in known if one.pattern.fullmatch(asked.path) and not one.route.is_websocket]
    if asked.method:
        fits = [one for one in fits if one.route.method in (asked.method, "*")] or [
            one for one in fits if asked.method == "HEAD" and one.route.method == "GET"
        ]
    if not fits:
        return None
    best = max((one.parts, one.literal) for one in fits)
    fits = [one for one in fits if (one.parts, one.literal) == best]
    if not asked.method and len({one.route.method for one in fits}) > 1:
        fits = [one for one in fits if one.route.method == "GET"]
    handlers = {(one.route.method, one.route.module, one.route.function, one.route.path) for one in fits}
    return fits[0].route if len(handlers) == 1 or (fits and len({one.route.path for one in fits}) == 1 and asked.method) else None
