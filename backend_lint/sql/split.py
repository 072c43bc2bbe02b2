"""A text of SQL cut into statements: quotes, dollar quotes, comments, routine bodies, psql and mysql commands, COPY data and dumps survive.

Nothing is parsed here and nothing raises; a text of millions of INSERT lines is passed over, not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from backend_lint.facts.schema import Dialect
from backend_lint.lazy_regex import lazy_regex


class Statement(NamedTuple):
    """One statement. `line`, `end_line` are 1-based. `comments`: the comments just in front of it. `rows`: data rows that were passed over behind COPY, or
    INSERT statements with constants that follow this one."""

    text: str
    line: int
    end_line: int
    comments: str = ""
    rows: int = 0


_NEXT = lazy_regex(
    r"""'|"|`|\$(?:[A-Za-z_\x80-\U0010ffff]\w*)?\$|--|/\*|[;#\[]"""
    r"""|\n(?=\\|[ \t]*(?:/|go|GO|Go|(?:delimiter|DELIMITER)\b[^\n]*)[ \t]*\r?(?:\n|\Z))"""
)
_PLAIN_TEXT = lazy_regex(r"(?:[^'\"`$;#\[/\n-]++|'[^'\\]*+'|-(?!-)|/(?!\*)|\n(?![ \t]*(?:\\|/|[gG][oO]|[dD][eE])))*+")
_BLANK = lazy_regex(r"(?:\s+|--[^\n]*|/\*(?![!+])[^*]*\*+(?:[^/*][^*]*\*+)*/)+")
_HASH = lazy_regex(r"(?:\s*#[^\n]*\n?)+")
_COMMAND = lazy_regex(r"[ \t]*(?:\\[^\n]*|(?:go|GO|Go|/)[ \t]*\r?(?=\n|\Z))")
_DELIMITER = lazy_regex(r"[ \t]*delimiter[ \t]+(\S+)[^\n]*", re.IGNORECASE)
_COPY = lazy_regex(r"copy\b[^;']*?\bfrom\s+stdin\b", re.IGNORECASE)
_COPY_END = lazy_regex(r"^\\\.[ \t]*\r?$", re.MULTILINE)
_INSERTS = lazy_regex(r"(?:\s*INSERT INTO [^\n;']{1,400}?VALUES ?\([^\n]*\);[ \t]*\r?(?=\n))+")
_SLASH = lazy_regex(r"^[ \t]*/[ \t]*$", re.MULTILINE)
_ROUTINE = lazy_regex(
    r"\s*(?:create|alter)\s+(?:or\s+(?:replace|alter)\s+)?(?:definer\s*=\s*\S+\s+)?(?:temp\s+|temporary\s+|constraint\s+|editionable\s+)*"
    r"(?:trigger|procedure|function|event|package)\b",
    re.IGNORECASE,
)
_BODY = lazy_regex(
    r"""'(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|(\$(?:[A-Za-z_]\w*)?\$)"""
    r"""|\b(begin|case|end)\b(?:\s+(if|loop|while|repeat|case|for)\b)?|;|\n[ \t]*go[ \t]*\r?(?=\n|\Z)""",
    re.IGNORECASE,
)
_ESCAPING = lazy_regex(r"[^'\\]*(?:(?:\\.|'')[^'\\]*)*'", re.DOTALL)
_PLAIN = lazy_regex(r"[^']*(?:''[^']*)*'")


def statements(text: str, dialect: Dialect | None = None, line: int = 1) -> Iterator[Statement]:
    """The statements of a text in order. `dialect` None: nobody knows; `line` is that of the text's start."""
    at, delimiter, size = 0, ";", len(text)
    counted = 0
    hashes = dialect in (Dialect.MYSQL, None) and "#" in text
    while True:
        start = _past_blanks(text, at, hashes)
        comments = text[at:start]
        if start >= size:
            return
        command = _COMMAND.match(text, start) if start == 0 or text[start - 1] in "\n \t" else None
        if command is not None and (command.group().strip()[:1] != "/" or dialect is not None):
            at = command.end()
            continue
        if text[start] in "dD" and (given := _DELIMITER.match(text, start)):
            delimiter, at = given.group(1), given.end()
            continue
        end, at = _end(text, start, delimiter, dialect)
        statement = text[start:end].rstrip()
        line += text.count("\n", counted, start)
        counted = start
        rows = 0
        if statement[:4].lower() == "copy" and _COPY.match(statement):
            finish = _COPY_END.search(text, at)
            stop = finish.start() if finish else size
            rows, at = max(text.count("\n", at, stop) - 1, 0), finish.end() if finish else size
        elif statement.startswith("INSERT INTO ") and (more := _INSERTS.match(text, at)):
            rows, at = text.count("\n", at, more.end()), more.end()
        if statement:
            yield Statement(statement, line, line + text.count("\n", start, start + len(statement)), comments, rows)


def _past_blanks(text: str, at: int, hashes: bool) -> int:
    while True:
        start = at
        if blank := _BLANK.match(text, at):
            at = blank.end()
        if hashes and (comment := _HASH.match(text, at)):
            at = comment.end()
        if at < len(text) and text[at] == ";":
            at += 1
        elif text.startswith("/*", at) and text.find("*/", at) < 0:
            return len(text)
        if at == start:
            return at


def _end(text: str, start: int, delimiter: str, dialect: Dialect | None) -> tuple[int, int]:
    """Where the statement at `start` ends, and where the next one may start."""
    if delimiter == ";" and _ROUTINE.match(text, start):
        if dialect is Dialect.ORACLE and (slash := _SLASH.search(text, start)):
            return slash.start(), slash.end()
        return _routine_end(text, start)
    at, size = start, len(text)
    plain = delimiter == ";"
    while True:
        if plain and (passed := _PLAIN_TEXT.match(text, at)) is not None:
            at = passed.end()
        found = _NEXT.search(text, at)
        if not plain:
            stop = text.find(delimiter, at, found.start() + len(delimiter) if found else size)
            if stop >= 0 and (found is None or stop <= found.start() or found.group() == ";"):
                return stop, stop + len(delimiter)
        if found is None:
            return size, size
        sign, here = found.group(), found.end()
        if sign == ";":
            if plain:
                return found.start(), here
            at = here
        elif sign == "\n":
            return found.start(), here
        else:
            at = _past(text, sign, found.start(), here, dialect)
            if at < 0:
                return size, size


def _past(text: str, sign: str, start: int, here: int, dialect: Dialect | None) -> int:
    """Behind what `sign` opens at `start`; -1 if it is never closed."""
    if sign == "'":
        escaping = dialect is Dialect.MYSQL or (start > 0 and text[start - 1] in "eE" and not text[start - 2 : start - 1].isalnum())
        closed = (_ESCAPING if escaping else _PLAIN).match(text, here)
        return closed.end() if closed else -1
    if sign == "--" or (sign == "#" and dialect is Dialect.MYSQL):
        stop = text.find("\n", here)
        return stop if stop >= 0 else len(text)
    if sign == "/*":
        if text[here : here + 1] in ("!", "+"):
            return here
        stop = text.find("*/", here)
        return stop + 2 if stop >= 0 else -1
    if sign in ('"', "`"):
        stop = text.find(sign, here)
        return stop + 1 if stop >= 0 else -1
    if sign == "[":
        stop = text.find("]", here) if dialect is Dialect.MSSQL else here
        return stop + 1 if stop > here else here
    if sign[0] == "$":
        stop = text.find(sign, here)
        return stop + len(sign) if stop >= 0 else -1
    return here


def _routine_end(text: str, start: int) -> tuple[int, int]:
    """The end of CREATE FUNCTION and its like: the first semicolon outside of its BEGIN ... END."""
    depth, at = 0, start
    while found := _BODY.search(text, at):
        at = found.end()
        word = (found.group(2) or "").lower()
        if tag := found.group(1):
            stop = text.find(tag, at)
            at = stop + len(tag) if stop >= 0 else len(text)
        elif found.group() == ";":
            if depth <= 0:
                return found.start(), at
        elif found.group()[0] == "\n":
            return found.start(), at
        elif word in ("begin", "case"):
            depth += 1
            at = found.end(2)
        elif word == "end" and (found.group(3) or "").lower() in ("", "case"):
            depth -= 1
        # END IF, END LOOP and their like close what was not counted
    return len(text), len(text)
