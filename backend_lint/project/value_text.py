"""Value texts (see `facts.python`) taken apart."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from backend_lint.lazy_regex import lazy_regex

_OPEN = {"(": ")", "[": "]", "{": "}"}
_NAME = lazy_regex(r"[%#]?\w+")
_CALL_IDS = lazy_regex(r"#(\d+)")
_THIS_MACHINE = lazy_regex(r"localhost|127\.0\.0\.1|\[::1\]")
_STRING = r"'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\""
STRING = lazy_regex(_STRING, re.DOTALL)
"""A whole string."""
_BRACKETS = lazy_regex(rf"{_STRING}|['\"()\[\]{{}}]", re.DOTALL)
"""Whole strings, brackets, and a quote where a string begins that does not end."""
_STRINGS = lazy_regex(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


class Parsed(NamedTuple):
    """A value as root and steps. `root` is ``#n``, ``%name``, a name, or a bracketed text; steps are ``.attr``, ``[key]``, ``(args)``."""

    root: str
    steps: tuple[str, ...]


@functools.lru_cache(maxsize=65536)
def parse(text: str) -> Parsed | None:
    """The parts of a value; None for constants, ``?`` and what is malformed.

    >>> parse("#0.__enter__().execute")
    Parsed(root='#0', steps=('.__enter__', '()', '.execute'))
    >>> parse("'text'") is None
    True
    """
    if not text or text[0] in "'\"?-*" or text[0].isdigit():
        return None
    if text[0] in _OPEN:
        end = closing(text, 0)
        root = text[:end]
    else:
        match = _NAME.match(text)
        if match is None:
            return None
        end = match.end()
        root = match.group()
        if end < len(text) and text[end] in "'\"":
            return None
    steps = []
    while end < len(text):
        sign = text[end]
        if sign == ".":
            match = _NAME.match(text, end + 1)
            if match is None:
                return None
            steps.append("." + match.group())
            end = match.end()
        elif sign in "[(":
            close = closing(text, end)
            steps.append(text[end:close])
            end = close
        else:
            return None
    return Parsed(root, tuple(steps))


def closing(text: str, start: int) -> int:
    """Behind the bracket that closes the one at `start`; the end of the text if none does."""
    depth = 0
    for match in _BRACKETS.finditer(text, start):
        sign = text[match.start()]
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if not depth:
                return match.end()
        elif match.end() - match.start() == 1:
            break  # a string that does not end
    return len(text)


def split(text: str, separator: str = ",") -> list[str]:
    """The parts between separators outside of brackets and strings.

    >>> split("a,f(b,c),'x,y'")
    ['a', 'f(b,c)', "'x,y'"]
    """
    if separator not in text:
        return [text] if text else []
    parts = []
    depth = start = 0
    for match in _separators(separator).finditer(text):
        sign = text[match.start()]
        if sign == separator:
            if not depth:
                parts.append(text[start : match.start()])
                start = match.end()
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif match.end() - match.start() == 1:
            break  # a string that does not end
    if start < len(text):
        parts.append(text[start:])
    return parts


@functools.cache
def _separators(separator: str) -> re.Pattern[str]:
    return re.compile(rf"{_STRING}|['\"()\[\]{{}}{re.escape(separator)}]", re.DOTALL)


def alternatives(text: str) -> list[str]:
    """The values that a ``(a|b)`` stands for; the text itself if it is none.

    >>> alternatives("(#1|%session)")
    ['#1', '%session']
    """
    if text[:1] == "(" and text[-1:] == ")" and "|" in text and closing(text, 0) == len(text):
        parts = split(text[1:-1], "|")
        if len(parts) > 1:
            return [part for part in parts if part]
    return [text]


def call_ids(text: str) -> list[int]:
    """The calls whose results a value mentions.

    >>> call_ids("str(#3.text)")
    [3]
    """
    return [int(number) for number in _CALL_IDS.findall(text)] if "#" in text else []


def without_strings(text: str) -> str:
    """The value with constant strings emptied, so that names can be looked for. F-strings keep what they interpolate."""
    return _STRINGS.sub(lambda match: "''" if text[match.start() - 1 : match.start()] != "f" or not match.start() else match.group(), text)


def constant_string(text: str) -> str | None:
    """The string that a constant stands for, None if the value is not a constant string."""
    if len(text) >= 2 and text[0] in "'\"" and text[-1] == text[0]:
        body = text[1:-1]
        return body.encode("latin-1", "backslashreplace").decode("unicode_escape", "replace") if "\\" in body else body
    return None


def entries(text: str) -> list[tuple[str, str]]:
    """What the display of a mapping has under constant keys, in order; nothing for any other value.

    >>> entries("{'a':1,**%more,'b:c':{'d':2}}"), entries("#0")
    ([('a', '1'), ('b:c', "{'d':2}")], [])
    """
    found = []
    for item in split(text[1:-1]) if text[:1] == "{" and text[-1:] == "}" else ():
        key = split(item, ":")[0]
        if (name := constant_string(key)) is not None and len(key) < len(item):
            found.append((name, item[len(key) + 1 :]))
    return found


def names_this_machine(*texts: str) -> bool:
    """Whether an address of the same machine is written in one of the values: what listens there is the project's own.

    >>> names_this_machine("%path", "'http://localhost:8000'"), names_this_machine("'https://api.example'")
    (True, False)
    """
    return any(_THIS_MACHINE.search(text) for text in texts)


def constant_number(text: str) -> float | None:
    """The number a constant stands for.

    >>> constant_number("-2.5"), constant_number("x")
    (-2.5, None)
    """
    try:
        return float(text)
    except ValueError:
        return None
