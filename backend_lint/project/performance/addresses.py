"""What the names of requests in load reports say: method and path, and which template of a route a path fits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex

_METHOD = lazy_regex(r"\[?(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\]?[ :_-]{1,3}(?=\S)", re.IGNORECASE)
_ORIGIN = lazy_regex(r"[a-z][a-z0-9+.-]{1,20}://[^/?#]{0,255}", re.IGNORECASE)
_HOLE = lazy_regex(r"\{[^{}/]{0,100}\}|<[^<>/]{0,100}>|\[[^\[\]/]{0,100}\]|:[A-Za-z_]\w{0,60}|\$\{[^{}/]{0,100}\}|\*")
_PARAMETER = lazy_regex(r"\{[^{}]{0,200}\}|<[^<>]{0,200}>")
_REST = lazy_regex(r"\{\?\}|\{[^{}:]{0,100}:path\}|<path:[^<>]{0,100}>")
_ANY, _MAYBE = "any", "maybe"
_TYPES = {"int": frozenset("0123456789"), "uuid": frozenset("0123456789abcdefABCDEF-"), "float": frozenset("0123456789.")}
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


class Part(NamedTuple):
    """What stands between two slashes of a route: the literal texts around its parameters, one if it has none. `kind`: ``int``, ``uuid`` or ``float`` for a
    parameter that is alone and takes no other text, ``any`` for what takes any number of parts, ``maybe`` if a parameter may be empty."""

    pieces: tuple[str, ...]
    kind: str = ""

    def fits(self, text: str) -> bool:
        """Whether a part of a path is one of these. Patterns of the project are not run, for they may be made to take long."""
        if self.kind in _TYPES:
            return text == _HELD or (bool(text) and set(text) <= _TYPES[self.kind] and (self.kind != "uuid" or len(text) in (32, 36)))
        first, last = self.pieces[0], self.pieces[-1]
        if len(self.pieces) == 1:
            return text == first
        least = self.kind != _MAYBE
        at, end = len(first), len(text) - len(last)
        if not text.startswith(first) or not text.endswith(last) or at + least > end:
            return False
        for piece in self.pieces[1:-1]:
            found = text.find(piece, at + least, end)
            if found < 0 or found + len(piece) + least > end:
                return False
            at = found + len(piece)
        return True


class Template(NamedTuple):
    """A route with the parts of its path."""

    route: Route
    parts: tuple[Part, ...]

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Of several that fit, the one with the highest is meant: parts without parameters, then characters that are none, then parameters of a type."""
        fixed = sum(len(part.pieces) == 1 for part in self.parts)
        literal = sum(len(piece) for part in self.parts for piece in part.pieces)
        return fixed, literal, -sum(part.kind == _ANY for part in self.parts), sum(part.kind in _TYPES for part in self.parts)

    def fits(self, given: Sequence[str]) -> bool:
        """Whether the parts of a path are those of the route."""
        at = part = 0
        behind, begun = -1, 0
        while at < len(given):
            if part < len(self.parts) and self.parts[part].kind == _ANY:
                behind, begun, part = part + 1, at, part + 1
            elif part < len(self.parts) and self.parts[part].fits(given[at]):
                at, part = at + 1, part + 1
            elif behind >= 0:
                begun += 1
                at, part = begun, behind
            else:
                return False
        return all(rest.kind == _ANY for rest in self.parts[part:])


class Templates:
    """The templates of routes, by the first part of their paths: a large report has as many names as a large project has routes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_first: dict[str, list[Template]] = {}
        self._open: list[Template] = []
        for route in routes:
            made = Template(route, tuple(_parts(route.path.strip("^$").removesuffix("/?").strip("/"))))
            fixed = made.parts and len(made.parts[0].pieces) == 1
            (self._by_first.setdefault(made.parts[0].pieces[0], []) if fixed else self._open).append(made)

    def fitting(self, path: str) -> list[Template]:
        """Those that a path fits."""
        given = [part for part in path.split("/") if part]
        return [one for one in (*self._by_first.get(given[0] if given else "", ()), *self._open) if one.fits(given)]


def _parts(path: str) -> Iterator[Part]:
    pieces: list[str] = [""]
    kinds: list[str] = []
    at = 0
    while at <= len(path):
        if at == len(path) or path[at] == "/":
            if pieces != [""]:
                kind = _ANY if _ANY in kinds else _MAYBE if _MAYBE in kinds else kinds[0] if pieces == ["", ""] else ""
                yield Part(("", "") if kind == _ANY else tuple(pieces), kind)
            pieces, kinds = [""], []
            at += 1
        elif (found := _parameter(path, at)) is not None:
            kind, at = found
            kinds.append(kind)
            pieces.append("")
        else:
            pieces[-1] += path[at]
            at += 1


def _parameter(path: str, at: int) -> tuple[str, int] | None:
    """The kind of the parameter that begins here, and where it ends; a group of a pattern is one."""
    match = _PARAMETER.match(path, at)
    if match is not None:
        return _ANY if _REST.fullmatch(match[0]) else next((name for name in _TYPES if f"<{name}:" in match[0] or f":{name}}}" in match[0]), ""), match.end()
    if path[at] != "(":
        return None
    depth, end = 1, at + 1
    while end < len(path) and depth:
        depth += {"(": 1, ")": -1}.get(path[end], 0)
        end += 1
    group = path[at:end]
    inner = group.split(">", 1)[-1] if group.startswith("(?P<") else group
    optional = path[end : end + 1] == "?"
    return _ANY if "/" in inner or ".+" in inner or ".*" in inner else _MAYBE if optional else "", end + optional


def route_of(asked: Address, known: Templates) -> Route | None:
    """The route that answers: of those that fit, the one with the fewest parameters; None if none does, or two paths do equally.

    Where several handlers are registered for the same, nobody knows which of the programs was asked: the route then has no handler and no place. A name without
    a method is of GET where the path has it, as a tool asks that is not told otherwise.
    """
    fits = known.fitting(asked.path)
    if asked.method:
        fits = [one for one in fits if one.route.method in (asked.method, "*") or (asked.method == "HEAD" and one.route.method == "GET")]
    if not fits:
        return None
    best = max(one.rank for one in fits)
    fits = [one for one in fits if one.rank == best]
    fits = [one for one in fits if one.route.method == asked.method] or fits
    if not asked.method and len({one.route.method for one in fits}) > 1:
        fits = [one for one in fits if one.route.method in ("GET", "*")]
    if len({(one.route.method, one.route.path.rstrip("/")) for one in fits}) != 1:
        return None
    alone = len({(one.route.module, one.route.function) for one in fits}) == 1
    return fits[0].route if alone else replace(fits[0].route, module="", function=-1, declared_in="")
