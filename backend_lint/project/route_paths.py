"""Which routes a path means that a test or a client writes, where either may have parts that are not known."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator

from backend_lint.lazy_regex import lazy_regex

GAP = "\0"
"""A part of a written path that is not known: some characters, or none."""
_ONE, _NUMBER, _REST = "\1", "\2", "\3"
"""Parameters of routes: one segment or a part of it, digits, any number of segments."""
_PARAMETER = lazy_regex(r"<(?:([^<>:]*(?:\([^<>]*\))?):)?\w+>|\{\w*(?::(\w+))?\}|\{\?\}")
_GROUP = lazy_regex(r"\(\?P<\w+>|\(\?:|\(")
_ODD = lazy_regex(r"[\[\]()*+?|\\^$]")
_HOST = lazy_regex(r"(?:https?|wss?)://[^/?#]*")
_KINDS = {"int": _NUMBER, "float": _ONE, "path": _REST}
_SIGNS = (_ONE, _NUMBER, _REST)
_MOST_SEGMENTS = 40
_MOST_WAYS = 400


def written(text: str) -> tuple[str, ...]:
    """The segments of a written path, without host, query and slash at the end.

    >>> written("http://testserver/orders/7/?page=2"), written("/")
    (('orders', '7'), ())
    """
    path = re.split(r"[?#]", _HOST.sub("", text, count=1), maxsplit=1)[0]
    return tuple(part for part in path.split("/") if part)


def declared(path: str) -> tuple[str, ...]:
    r"""The segments of a route, its parameters as signs.

    >>> declared("/orders/<int:pk>/{name}.<fmt>/"), declared(r"/a/(?P<rest>.*)$")
    (('orders', '\x02', '\x01.\x01'), ('a', '\x03'))
    """

    def sign(match: re.Match[str]) -> str:
        return _KINDS.get((match[1] or match[2] or "").partition("(")[0], _ONE)

    plain = _PARAMETER.sub(sign, _without_groups(path))
    return tuple(_ONE if _ODD.search(part) else part for part in plain.split("/") if part.strip("^$"))


def _without_groups(path: str) -> str:
    """Groups of regular expressions as signs."""
    out, position = "", 0
    while match := _GROUP.search(path, position):
        if match.start() and path[match.start() - 1].isalnum() and "<" in path[position : match.start()]:
            out += path[position : match.end()]  # a converter with arguments: <any(a,b):name>
            position = match.end()
            continue
        out += path[position : match.start()]
        depth, end = 0, match.start()
        while end < len(path):
            depth += {"(": 1, ")": -1}.get(path[end], 0) if path[end - 1] != "\\" else 0
            end += 1
            if not depth:
                break
        inside = path[match.end() : end]
        out += _REST if "/" in inside.replace("[^/]", "") or inside.startswith((".*", ".+")) else _ONE
        position = end
    return (out + path[position:]).replace("\\Z", "").replace("\\-", "-").replace("\\.", ".").replace("^", "").replace("$", "")


@dataclasses.dataclass(slots=True)
class _Node:
    literal: dict[str, _Node] = dataclasses.field(default_factory=dict)
    parameter: dict[str, _Node] = dataclasses.field(default_factory=dict)
    ends: list[int] = dataclasses.field(default_factory=list)

    def below(self) -> Iterator[int]:
        yield from self.ends
        for child in (*self.literal.values(), *self.parameter.values()):
            yield from child.below()


class RoutePaths:
    """Routes by the segments of their paths, for look-ups of written paths."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._root, self._back = _Node(), _Node()
        self._count = 0
        for number, path in enumerate(paths):
            segments = declared(path)[:_MOST_SEGMENTS]
            _insert(self._root, segments, number)
            _insert(self._back, segments[::-1], number)
            self._count += 1

    def called(self, text: str) -> tuple[frozenset[int], frozenset[int]]:
        """The routes that a written path means, and those that it may mean; the second is empty if the first is not."""
        segments = written(text)
        if len(segments) > _MOST_SEGMENTS:
            return frozenset(), frozenset()
        if not segments:
            return frozenset(self._root.ends if "/" in text else ()), frozenset()
        below = text.startswith(GAP) and segments[0] == GAP  # of an address that is not known
        known = segments[1:] if below else segments
        if not below and (sure := _best([*_walk(self._root, segments, 0, (0, 0), [_MOST_WAYS])])):
            return sure, frozenset()
        if any(GAP not in part for part in known):
            behind = [way for way in _walk(self._back, known[::-1], 0, (0, 0), [_MOST_WAYS], inner=True) if way[1][0]]
            if found := _best(behind):
                return found, frozenset()
        if segments[-1].endswith(GAP):
            head = segments[-1][: -len(GAP)]
            before = [node for node, _ in _walk(self._root, segments[:-1], 0, (0, 0), [_MOST_WAYS], inner=True)]
            inside = {number for node in before for name, child in node.literal.items() if not head or name.startswith(head) for number in child.below()}
            inside |= {number for node in before for child in node.parameter.values() for number in child.below()} if not head else set()
            return frozenset(), frozenset(inside)
        return frozenset(), frozenset()


Way = tuple[_Node, tuple[int, int]]


def _insert(root: _Node, segments: Iterable[str], number: int) -> None:
    node = root
    for part in segments:
        kind = node.parameter if any(sign in part for sign in _SIGNS) else node.literal
        node = kind.setdefault(part, _Node())
    node.ends.append(number)


def _best(ways: list[Way]) -> frozenset[int]:
    """Where most is said in so many words, and least is taken for it."""
    if not ways:
        return frozenset()
    best = max((-guessed, same) for _, (same, guessed) in ways)
    return frozenset(number for node, (same, guessed) in ways if (-guessed, same) == best for number in node.ends or node.below())


def _walk(node: _Node, segments: tuple[str, ...], at: int, score: tuple[int, int], left: list[int], inner: bool = False) -> Iterator[Way]:
    """Ends of ways through the tree that fit, each with the segments that are the same and the gaps that stand for a name; `inner`: before a route ends too."""
    left[0] -= 1
    if left[0] < 0:
        return
    same, guessed = score
    if at == len(segments):
        if node.ends or inner:
            yield node, score
        return
    part = segments[at]
    if part in node.literal:
        yield from _walk(node.literal[part], segments, at + 1, (same + 1, guessed), left, inner)
    if GAP in part:
        pieces = part.split(GAP)
        for name, child in node.literal.items():
            if has_pieces(name, pieces):
                yield from _walk(child, segments, at + 1, (same, guessed + 1), left, inner)
    for sign, child in node.parameter.items():
        if sign == _REST:
            for end in range(len(segments), at, -1):
                yield from _walk(child, segments, end, (same, guessed), left, inner)
        elif _fits(sign, part):
            yield from _walk(child, segments, at + 1, (same, guessed), left, inner)


def has_pieces(name: str, pieces: list[str]) -> bool:
    """The name begins with the first piece, ends with the last, and has the others between them in their order."""
    at, end = len(pieces[0]), len(name) - len(pieces[-1])
    if at > end or not name.startswith(pieces[0]) or not name.endswith(pieces[-1]):
        return False
    for piece in pieces[1:-1]:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _fits(sign: str, part: str) -> bool:
    """Whether a segment of a route, with its parameters, may be `part`. All ways are followed at once: a route may have many parameters in one segment."""
    ends = {0}
    for letter in sign:
        if letter == _NUMBER:
            after: set[int] = set()
            for begin in sorted(ends):
                at = begin
                while at < len(part) and at + 1 not in after and (part[at].isdecimal() or part[at] == GAP):
                    at += 1
                    after.add(at)
            ends = after
        elif letter in _SIGNS:
            ends = set(range(min(ends) + 1, len(part) + 1))
        else:
            ends = {at + 1 for at in ends if part[at : at + 1] == letter}
        if not ends:
            return False
    return len(part) in ends
