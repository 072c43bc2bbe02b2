"""What a value text is made of: the pieces of a string in their order, and the values that anything depends on."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import NamedTuple

from backend_lint.lazy_regex import lazy_regex
from backend_lint.placeholders import FIELD, PERCENT
from backend_lint.project.queries.sql_templates import end_of_string, f_string, keyword
from backend_lint.project.queries.sqlalchemy_text import operation
from backend_lint.project.value_text import alternatives, closing, constant_string, parse, split

_MAX_DEPTH = 8
_TESTS = frozenset({"==", "!=", "<", ">", "<=", ">=", "is", "is not", "in", "not in", "not"})
"""Operations whose result is a boolean."""
INLINE = frozenset("str repr bytes list tuple set frozenset dict sorted reversed min max next iter ascii format".split())
"""Builtins whose result holds what they are given."""
_BUILTIN = lazy_regex(r"([a-z]+)\(")


class Piece(NamedTuple):
    """A part of a string: constant text, or a value (`is_value`)."""

    is_value: bool
    text: str


def pieces(text: str, depth: int = 0) -> list[Piece]:
    """The parts of a string in their order; a value that is no composed string is one piece.

    >>> pieces("f'a{%b}c'")
    [Piece(is_value=False, text='a'), Piece(is_value=True, text='%b'), Piece(is_value=False, text='c')]
    >>> pieces("('x = %s'%%a)")
    [Piece(is_value=False, text='x = '), Piece(is_value=True, text='%a')]
    """
    if depth > _MAX_DEPTH or not text:
        return [Piece(True, text)]
    sign = text[0]
    if sign in "'\"":
        return _constant(text, depth)
    if text[:2] == "f'":
        return _interpolated(text, depth)
    if text[-1] == ")":
        if text.startswith("str(") and closing(text, 3) == len(text):
            return pieces(text[4:-1], depth + 1)
        if sign == "(" and len(alternatives(text)) == 1 and (found := operation(text)) is not None:
            if found.operator == "+":
                return pieces(found.left, depth + 1) + pieces(found.right, depth + 1)
            if found.operator == "%":
                return _percent(pieces(found.left, depth + 1), found.right, depth)
    return [Piece(True, text)]


def _constant(text: str, depth: int) -> list[Piece]:
    end = end_of_string(text)
    known = constant_string(text[:end]) or ""
    if end >= len(text):
        return [Piece(False, known)]
    method, _, given = text[end + 1 :].partition("(")
    if text[end] == "." and text.endswith(")"):
        items = split(given[:-1])
        if method == "format":
            return formatted([Piece(False, known)], items, depth)
        if method == "replace" and len(items) == 2 and (old := constant_string(items[0])) and old in known:
            before, _, after = known.partition(old)
            return [piece for piece in (Piece(False, before), *pieces(items[1], depth + 1), Piece(False, after)) if piece.text]
        if method == "join" and len(items) == 1 and items[0][:1] == "[" and closing(items[0], 0) == len(items[0]):
            found: list[Piece] = []
            for number, item in enumerate(split(items[0][1:-1])):
                found += ([Piece(False, known)] if number else []) + pieces(item, depth + 1)
            return found
    return [Piece(True, text)]


def _interpolated(text: str, depth: int) -> list[Piece]:
    parts, end = f_string(text)
    found: list[Piece] = []
    for is_value, part in parts:
        found += pieces(part, depth + 1) if is_value else [Piece(False, part)] if part else []
    return found if end >= len(text) else [Piece(True, text)]


def _filled(subject: list[Piece], places: re.Pattern[str], value: Callable[[re.Match[str]], list[Piece]]) -> list[Piece]:
    """The constant parts of a string with what stands at each of its places."""
    found: list[Piece] = []
    for piece in subject:
        if piece.is_value:
            found.append(piece)
            continue
        last = 0
        for match in places.finditer(piece.text):
            found += [Piece(False, piece.text[last : match.start()]), *value(match)]
            last = match.end()
        found.append(Piece(False, piece.text[last:]))
    return [piece for piece in found if piece.text]


def _percent(subject: list[Piece], right: str, depth: int) -> list[Piece]:
    named = {key[1:-1]: value for key, value in _entries(right)} if right[:1] == "{" else {}
    items = iter(split(right[1:-1]) if right[:1] == "[" else [right])

    def value(match: re.Match[str]) -> list[Piece]:
        if match.group() == "%%":
            return [Piece(False, "%")]
        given = named.get(match.group(1), f"{right}[]") if match.group(1) else next(items, "?")
        return pieces(given, depth + 1) if match.group()[-1] in "sr" else [Piece(True, "?")]

    return _filled(subject, PERCENT, value)


def formatted(subject: list[Piece], given: list[str], depth: int = 0) -> list[Piece]:
    """``subject.format(given)``; `given` are arguments as inlined calls write them."""
    values = {name: value for name, sign, value in map(keyword, given) if sign}
    values |= {str(number): item for number, item in enumerate(item for item in given if not keyword(item)[1])}
    numbers = itertools.count()

    def value(match: re.Match[str]) -> list[Piece]:
        if match.group() in ("{{", "}}"):
            return [Piece(False, match.group()[0])]
        name = re.split(r"[.\[]", match.group(1) or "")[0] or str(next(numbers))
        return pieces(values.get(name, "?"), depth + 1)

    return _filled(subject, FIELD, value)


def unfilled(text: str) -> tuple[str, list[str]]:
    """A template with ``%s`` that is handed to `format`, which fills none of it, and what it was to be filled with; empty for other values.

    >>> unfilled("'x = %s'.format(%a)"), unfilled("'x = {}'.format(%a)")
    (('x = %s', ['%a']), ('', []))
    """
    end = end_of_string(text) if text[:1] in ("'", '"') else 0
    method, _, given = text[end + 1 :].partition("(") if end else ("", "", "")
    known = constant_string(text[:end]) or ""
    is_so = text[end : end + 1] == "." and method == "format" and text.endswith(")") and closing(text, end + 7) == len(text)
    if not is_so or FIELD.search(known) or "%s" not in known:
        return "", []
    return known, [value for _, _, value in map(keyword, split(given[:-1]))]


def _entries(text: str) -> list[tuple[str, str]]:
    """The keys and values of a mapping's text."""
    found = []
    for item in split(text[1:-1]):
        key, *rest = split(item, ":")
        if rest:
            found.append((key, ":".join(rest)))
    return found


def parts(text: str) -> tuple[str, ...] | None:
    """What a composed value holds; empty for constants and tests, None for a name, a result or what hangs on one.

    >>> parts("(%a if %b else 'c')"), parts("[%a,'x']"), parts("#3.json"), parts("int(%a)")
    (('%a', "'c'"), ('%a', "'x'"), None, ())
    """
    sign = text[:1]
    if not sign or sign == "?" or sign.isdigit() or sign == "-":
        return ()
    if sign in "'\"" or text[:2] == "f'":
        found = pieces(text)
        if len(found) == 1 and found[0] == (True, text):
            bracket = text.find("(", end_of_string(text) if sign != "f" else f_string(text)[1])
            return tuple(split(text[bracket + 1 : -1])) if bracket > 0 else ()
        return tuple(piece.text for piece in found if piece.is_value)
    if sign == "*":
        return (text.lstrip("*"),)
    match = _BUILTIN.match(text)
    if match and closing(text, match.end() - 1) == len(text):
        if match.group(1) in INLINE:
            return tuple(item[2] for item in map(keyword, split(text[match.end() : -1])))
        return ()
    if sign in "([{" and closing(text, 0) == len(text):
        return _bracketed(text)
    return None


def _bracketed(text: str) -> tuple[str, ...]:
    if text[0] == "[":
        return tuple(split(text[1:-1]))
    if text[0] == "{":
        return tuple(value for _, value in _entries(text))
    options = alternatives(text)
    if len(options) > 1:
        return tuple(options)
    found = operation(text)
    if found is None:
        words = split(text[1:-1], " ")
        if "if" in words and "else" in words:
            return (" ".join(words[: words.index("if")]), " ".join(words[words.index("else") + 1 :]))
        return (text[1:-1],)
    if found.operator in _TESTS:
        return ()
    return tuple(one for one in (found.left, found.right) if one)


def root_and_rest(text: str) -> tuple[str, str]:
    """A value as its root and what hangs on it, as text; both empty for what is malformed."""
    parsed = parse(text)
    return (parsed.root, text[len(parsed.root) :]) if parsed is not None else ("", "")
