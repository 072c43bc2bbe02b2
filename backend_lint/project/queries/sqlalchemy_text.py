"""Value texts that hold operations of expressions: taken apart, and written out for readers."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import NamedTuple

from backend_lint.facts.python import Body
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.modules import SourceModule
from backend_lint.project.value_text import split

_OPERATOR = lazy_regex(r"==|!=|<=|>=|<<|>>|\|\||\*\*|//| is not | not in | is | in | and |[<>&^+\-*/@|]|%")
_NUMBER = lazy_regex(r"-?\d[\d_]*(?:\.\d*)?(?:e[+-]?\d+)?")
_CALL = lazy_regex(r"#(\d+)")
_LOCAL = lazy_regex(r"(?<!f)'(?:[^'\\]|\\.)*'|(?<!f)\"(?:[^\"\\]|\\.)*\"|%(?=[A-Za-z_])")
"""The sign of a local; strings are matched to be left alone."""
_MAX_TEXT = 500


class Operation(NamedTuple):
    """``(left operator right)``; `left` is empty for ``~`` and ``not``."""

    operator: str
    left: str
    right: str


@functools.lru_cache(maxsize=16384)
def operation(text: str) -> Operation | None:
    """The outermost operation of a text; None if it is none. Alternatives have the operator ``|``, their left side holds the first.

    >>> operation("(User.id==%x)"), operation("(~#3)"), operation("(#1||#2)").operator, operation("(%a%%b)").left
    (Operation(operator='==', left='User.id', right='%x'), Operation(operator='~', left='', right='#3'), '||', '%a')
    """
    if text[:1] != "(" or text[-1:] != ")":
        return None
    inner = text[1:-1]
    if inner[:1] == "~":
        return Operation("~", "", inner[1:])
    if inner.startswith("not "):
        return Operation("not", "", inner[4:])
    position = _after_operand(inner)
    if position >= len(inner):
        return None
    match = _OPERATOR.match(inner, position)
    if match is None:
        return None
    return Operation(match.group().strip(), inner[:position], inner[match.end() :])


def _after_operand(text: str) -> int:
    """The end of the operand that a text begins with."""
    match = _NUMBER.match(text)
    position = match.end() if match else 0
    if not match and text[:1] in "%-":
        position = 1
    depth = 0
    quote = ""
    while position < len(text):
        sign = text[position]
        if quote:
            if sign == "\\":
                position += 1
            elif sign == quote:
                quote = ""
        elif sign in "'\"":
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            if not depth:
                return len(text)
            depth -= 1
        elif not depth and (sign in "=!<>&^+-*/@|% "):
            return position
        position += 1
    return position


def arguments(text: str) -> list[str]:
    """The items of a display or of an argument list in brackets."""
    return split(text[1:-1])


class Writer:
    """Value texts as somebody would write them: results of calls as the calls, locals without their sign; at most 500 characters each."""

    def __init__(self, modules: Mapping[str, SourceModule]) -> None:
        self.modules = modules
        self._calls: dict[tuple[str, int, int], str] = {}

    def value(self, path: str, function: int, text: str) -> str:
        """A value text in a function of the module at `path`."""
        found = self._value(self.modules[path].bodies[function], path, function, text)
        return cut(found[1:-1] if found[:1] == "(" and (one := operation(text)) is not None and one.left else found)

    def arguments(self, path: str, function: int, number: int) -> str:
        """The arguments of a call."""
        body = self.modules[path].bodies[function]
        call = body.calls[number]
        given = []
        for text in call.args:
            found = self._value(body, path, function, text)
            given.append(found[1:-1] if found[:1] == "(" and (one := operation(text)) is not None and one.left else found)
        given += [f"{'' if name == '**' else name}{'**' if name == '**' else '='}{self._value(body, path, function, one)}" for name, one in call.keywords]
        return cut(", ".join(given))

    def _value(self, body: Body, path: str, function: int, text: str) -> str:
        operated = operation(text)
        if operated is not None and operated.operator != "|":
            sign = {"||": "|", "not": "not "}.get(operated.operator, operated.operator)
            right = self._value(body, path, function, operated.right)
            return cut(f"({self._value(body, path, function, operated.left)} {sign} {right})" if operated.left else f"{sign}{right}")
        if "#" in text:
            text = _CALL.sub(lambda match: self._call(body, path, function, int(match.group(1))), cut(text))
        return _LOCAL.sub(lambda match: "" if match.group() == "%" else match.group(), cut(text)) if "%" in text else cut(text)

    def _call(self, body: Body, path: str, function: int, number: int) -> str:
        key = (path, function, number)
        if key not in self._calls:
            self._calls[key] = "..."
            if number < len(body.calls):
                callee = self._value(body, path, function, body.calls[number].callee)
                self._calls[key] = cut(f"{callee}({self.arguments(path, function, number)})")
        return self._calls[key]


def cut(text: str) -> str:
    """The beginning of a text that is too long for a message."""
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."
