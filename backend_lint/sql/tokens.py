"""The words and signs of a statement, and a cursor that walks them."""

from __future__ import annotations

import re
from typing import NamedTuple

from backend_lint.facts.schema import Dialect
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.names import clip


class NotUnderstoodError(Exception):
    """A statement that cannot be read; the text says what stood where."""


class Token(NamedTuple):
    """`kind`: ``word`` (with `lower`), ``name`` (quoted; `text` without its quotes), ``string``, ``number`` or ``sign``. `start`, `end` in the statement."""

    kind: str
    text: str
    lower: str
    start: int
    end: int


MOST_TOKENS = 50_000
_TOKEN = lazy_regex(
    r"""(?P<blank>\s+|--[^\n]*|/\*(?![!])(?:[^*]|\*(?!/))*\*/|/\*!\d*|\*/)"""
    r"""|(?P<string>[eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'|[nNbBxX]?'[^']*(?:''[^']*)*')"""
    r"""|(?P<dollar>\$(?:[A-Za-z_]\w*)?\$)"""
    r"""|(?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`)"""
    r"""|(?P<word>[A-Za-z_\x80-\U0010ffff@][\w$\x80-\U0010ffff@]*)"""
    r"""|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)"""
    r"""|(?P<sign>::|:=|[-+*/<>=~!@\#%^&|?]+|.)""",
    re.DOTALL,
)
_MYSQL_STRING = lazy_regex(r"'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'", re.DOTALL)


def tokens(text: str, dialect: Dialect) -> list[Token]:
    """The tokens of one statement without blanks and comments; MySQL's conditional comments are read."""
    out: list[Token] = []
    at, size = 0, len(text)
    brackets = dialect in (Dialect.MSSQL, Dialect.SQLITE)
    mysql = dialect is Dialect.MYSQL
    while at < size:
        if mysql and (text[at] == "#" or text[at] == "'"):
            if text[at] == "#":
                at = (text.find("\n", at) + 1) or size
                continue
            string = _MYSQL_STRING.match(text, at)
            if string is None:
                raise NotUnderstoodError("a string is not closed")
            out.append(Token("string", string.group(), "", at, string.end()))
            at = string.end()
            continue
        if brackets and text[at] == "[" and (stop := text.find("]", at)) > at:
            out.append(Token("name", text[at + 1 : stop], "", at, stop + 1))
            at = stop + 1
            continue
        found = _TOKEN.match(text, at)
        assert found is not None
        kind, piece, end = found.lastgroup or "sign", found.group(), found.end()
        if kind == "dollar":
            stop = text.find(piece, end)
            if stop < 0:
                raise NotUnderstoodError("a dollar quote is not closed")
            out.append(Token("string", text[at : stop + len(piece)], "", at, stop + len(piece)))
            at = stop + len(piece)
            continue
        if kind == "name":
            piece = piece[1:-1].replace(piece[0] * 2, piece[0])
        if kind != "blank":
            out.append(Token(kind, piece, piece.lower() if kind == "word" else piece if kind == "sign" else "", at, end))
            if len(out) > MOST_TOKENS:
                raise NotUnderstoodError("the statement is too long")
        at = end
    return out


_END = Token("end", "", "", 0, 0)
_OPEN = {"(": 1, "[": 1, ")": -1, "]": -1}


class Cursor:
    """Walks the tokens of a statement. Names are folded as the dialect folds them."""

    def __init__(self, text: str, dialect: Dialect, schema: str = "", line: int = 1) -> None:
        self.text = text
        self.dialect = dialect
        self.schema = schema
        """What stands in front of names without a schema; empty for the default one."""
        self.line = line
        self.tokens = tokens(text, dialect)
        self.at = 0
        self._counted = (0, 0)

    @property
    def token(self) -> Token:
        """The next token; its kind is ``end`` behind the last."""
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def peek(self, ahead: int = 1) -> Token:
        """The token that many behind the next one."""
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else _END

    def done(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.tokens)

    def is_next(self, *words: str) -> bool:
        """Whether these words or signs come next."""
        at, tokens = self.at, self.tokens
        if at + len(words) > len(tokens):
            return False
        for word in words:
            if tokens[at].lower != word:
                return False
            at += 1
        return True

    def take(self, *words: str) -> bool:
        """Takes these words if they come next."""
        if not self.is_next(*words):
            return False
        self.at += len(words)
        return True

    def take_any(self, *choices: str) -> str:
        """Takes one of these words; empty if none comes next."""
        word = self.token.lower
        if word and word in choices:
            self.at += 1
            return word
        return ""

    def expect(self, word: str) -> None:
        """Takes that word or gives up."""
        if not self.take(word):
            raise NotUnderstoodError(f"{word} expected, not {self.token.text or 'the end'}")

    def line_here(self) -> int:
        """The line of the next token."""
        here = self.token.start if self.at < len(self.tokens) else len(self.text)
        known, lines = self._counted if self._counted[0] <= here else (0, 0)
        self._counted = here, lines + self.text.count("\n", known, here)
        return self.line + self._counted[1]

    def name(self) -> str:
        """One name, folded, and cut where the dialect cuts it."""
        name = self._name()
        return clip(name) if len(name) > 15 and self.dialect is Dialect.POSTGRESQL else name

    def _name(self) -> str:
        token = self.token
        if token.kind == "word":
            self.at += 1
            return token.lower if self.dialect is Dialect.POSTGRESQL else token.text
        if token.kind == "name" or (token.kind == "string" and self.dialect is not Dialect.POSTGRESQL):
            self.at += 1
            return token.text if token.kind == "name" else token.text.strip("'")
        raise NotUnderstoodError(f"a name expected, not {token.text or 'the end'}")

    def qualified(self) -> str:
        """A name with or without a schema; that of the statement's surroundings is put in front of one without. The default schema is left out."""
        parts = [self.name()]
        while self.is_next(".") and self.peek().kind in ("word", "name"):
            self.at += 1
            parts.append(self.name())
        if len(parts) == 1:
            return f"{self.schema}.{parts[0]}" if self.schema else parts[0]
        schema, name = parts[-2:]
        return name if schema.lower() in DEFAULTS[self.dialect] else f"{schema}.{name}"

    def collation(self) -> str:
        """The name behind ``collate``, bare; empty for the one that every column has unless told otherwise: ``"pg_catalog"."default"``."""
        name = self.qualified().rpartition(".")[2]
        return "" if name.lower() == "default" else name

    def names(self) -> tuple[str, ...]:
        """``(a, b, c)`` of plain names; lengths and orders behind them are passed over."""
        self.expect("(")
        found = [self.name()]
        while not self.is_next(")"):
            if self.take(","):
                found.append(self.name())
            elif self.is_next("("):
                self.group()
            elif not self.take_any("asc", "desc"):
                raise NotUnderstoodError(f"a column expected, not {self.token.text or 'the end'}")
        self.at += 1
        return tuple(found)

    def group(self) -> str:
        """What stands in the brackets that open here, without them; the cursor is behind."""
        opening = self.token
        if opening.text not in ("(", "["):
            raise NotUnderstoodError(f"a bracket expected, not {opening.text or 'the end'}")
        depth = 0
        for position in range(self.at, len(self.tokens)):
            token = self.tokens[position]
            if token.kind == "sign":
                depth += _OPEN.get(token.text, 0)
                if depth == 0:
                    self.at = position + 1
                    return self.text[opening.end : token.start].strip()
        raise NotUnderstoodError("a bracket is not closed")

    def until(self, *stops: str) -> str:
        """The text up to one of these words or signs outside of brackets, or to the end, or to a bracket that closes; the cursor stands there."""
        first, depth = self.at, 0
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            change = _OPEN.get(token.text, 0) if token.kind == "sign" else 0
            if depth == 0 and (change < 0 or (token.lower in stops and token.lower)):
                break
            depth += change
            self.at += 1
        return self.text[self.tokens[first].start : self.tokens[self.at - 1].end] if self.at > first else ""

    def rest(self) -> str:
        """All that is left."""
        return self.until("\0")


DEFAULTS = {
    Dialect.POSTGRESQL: ("public",),
    Dialect.SQLITE: ("main",),
    Dialect.MSSQL: ("dbo",),
    Dialect.MYSQL: (),
    Dialect.ORACLE: (),
}
"""Schemas that need not be named."""


def literal(token: Token) -> str:
    """The value of a string token without quotes."""
    text = token.text
    if text[:1] == "$":
        tag = text[: text.index("$", 1) + 1]
        return text[len(tag) : -len(tag)]
    start = text.find("'")
    return text[start + 1 : -1].replace("''", "'")
