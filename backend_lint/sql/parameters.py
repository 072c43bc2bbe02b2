"""SQL text made ready for the parser: parameters of every style under one name, statements apart, comments gone, long lists of literals counted.

Three signs stand for what the code puts in at run time: `HOLE` for any piece of text (an f-string's ``{...}``), `LIST` for a list of parameters of unknown
length (``",".join(["%s"] * n)``); `CUT` says that more followed. All expressions of this module are linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from backend_lint.facts.schema import Dialect
from backend_lint.lazy_regex import lazy_regex

HOLE = "\ufdd0"
LIST = "\ufdd1"
CUT = "\ufdd2"
MARK = "__bl_"
"""Begins every name that stands for something else."""
PARAMETER = f"{MARK}p__"
PARAMETER_LIST = f"{MARK}l__"
HOLE_NAME = f"{MARK}h__"
CLAUSE = f"{MARK}c__"
"""A hole where a whole condition or more may be put in."""
OPERATOR = f"{MARK}o__"
LITERALS = f"{MARK}n"
"""``__bl_n1200__``: a list of so many literals."""
MAX_LITERALS = 100
MAX_STRING = 2000
MAX_TOKENS = 150_000
MAX_BYTES = 4 << 20

_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_TOKEN = rf"""
(?P<space>\s+|--[^\n]*)
|(?P<comment>/\*)
|(?P<string>{{string}})
|(?P<dollar>\$(?:[^\W\d]\w*)?\$)
|(?P<quoted>"[^"]*(?:""[^"]*)*"|`[^`]*`)
|(?P<percent>%\([\w.]+\)[sdb]|%[sd](?!\w)|%%)
|(?P<brace>\$?\{{{{+[^{{{{}}}}\n]*\}}}}+)
|(?P<named>[$?]\d+|(?<![:\w\])]):[^\W\d]\w*|(?<![@<\w])@[^\W\d]\w*|\$[^\W\d]\w*)
|(?P<number>{_NUMBER})
|(?P<word>[^\W\d][\w$]*)
|(?P<hole>[{HOLE}{CUT}])
|(?P<list>{LIST})
|(?P<cast>::)
|(?P<escaped>\\:)
|(?P<sign><@|@>|@@|@\?|->>?|\#>>?|\#-|<=>|<->|<=|>=|<>|!=|!~~?\*?|~~?\*|~~|\|\||&&|<<|>>|\?[|&]|:=|[-+*/<>=~!\#%^&|?@()\[\],;.:])
|(?P<other>.)
"""
_PLAIN = r"[nNbBxX]?'[^']*(?:''[^']*)*'|[eE]'(?:[^'\\]|\\.|'')*'|[uU]&'[^']*(?:''[^']*)*'"
_BACKSLASH = r"""[nNbBxX_]?'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*\""""
_LEXERS = {
    False: lazy_regex(_TOKEN.format(string=_PLAIN), re.VERBOSE | re.DOTALL),
    True: lazy_regex(_TOKEN.format(string=_BACKSLASH).replace("--[^\\n]*", "--[^\\n]*|\\#[^\\n]*"), re.VERBOSE | re.DOTALL),
}


class Token(NamedTuple):
    """`kind`: ``string``, ``quoted``, ``number``, ``word`` (upper case in `upper`), ``sign``, ``parameter``, ``hole``, ``list``. `glued`: no space before."""

    kind: str
    text: str
    upper: str
    glued: bool


class Statement(NamedTuple):
    """A statement for sqlglot. `first`: its first word in capitals. `notes`: what was left out, for `Query.unknown`; `depth`: of brackets; `line`: from 0."""

    text: str
    first: str
    depth: int
    notes: tuple[str, ...]
    tokens: int
    line: int = 0
    end_line: int = 0
    raw: str = ""


class UnreadableError(Exception):
    """The text ends within a string or a comment, or is too long."""


def is_marked(name: str) -> bool:
    """The name, or a part of it, stands for something put in at run time."""
    return MARK in name


def statements(text: str, dialect: Dialect = Dialect.POSTGRESQL) -> Iterator[Statement]:
    """The statements of a text. Raises UnreadableError where it cannot be told where they end."""
    if len(text) > MAX_BYTES:
        raise UnreadableError("the text is too long")
    tokens: list[Token] = []
    start = depth = line = last = 0
    for token, position, end in _tokens(text, dialect):
        if token.kind == "sign":
            if token.text == "(":
                depth += 1
            elif token.text == ")":
                depth -= 1
            elif token.text == ";" and depth <= 0:
                if tokens:
                    yield _statement(tokens, text, start, last, line, dialect)
                    tokens = []
                line += text.count("\n", start, end)
                start, depth = end, 0
                continue
        if not tokens:
            line += text.count("\n", start, position)
            start = position
        last = end
        tokens.append(token)
    if tokens:
        yield _statement(tokens, text, start, last, line, dialect)


def _statement(tokens: list[Token], text: str, start: int, end: int, line: int, dialect: Dialect) -> Statement:
    from backend_lint.sql.parameters_alternatives import shortened
    from backend_lint.sql.parameters_holes import placed

    depth = _depth(tokens)
    first = next((token.upper for token in tokens if token.kind == "word"), "")
    notes: list[str] = []
    if CUT in text[start:end]:
        notes.append("the text is cut off")
    tokens = _typed(shortened(_collapsed(tokens)))
    if dialect is Dialect.POSTGRESQL:
        from backend_lint.sql.parameters_operators import spelled

        tokens = spelled(tokens)
    if any(token.kind in ("hole", "list") for token in tokens):
        tokens = placed(tokens, notes)
    pieces: list[str] = []
    for token in tokens:
        if not token.glued or (pieces and _LETTER(pieces[-1][-1:]) and _LETTER(token.text[:1])):
            pieces.append(" ")
        pieces.append(token.text)
    return Statement("".join(pieces).strip(), first, depth, tuple(notes), len(tokens), line, line + text.count("\n", start, end), text[start:end])


def _typed(tokens: list[Token]) -> list[Token]:
    """Without the types in front of parameters (``date %s``), and a number in ``TABLESAMPLE SYSTEM (%s)``: the parser takes only literals there."""
    if not any(token.upper in _BEFORE_LITERALS for token in tokens):
        return tokens
    kept: list[Token] = []
    for token in tokens:
        if token.kind in ("parameter", "hole") and kept:
            if kept[-1].upper in _BEFORE_LITERALS and (len(kept) < 2 or (kept[-2].text not in ("::", ".") and kept[-2].upper != "AS")):
                kept.pop()
            elif kept[-1].text == "(" and len(kept) > 2 and kept[-2].upper in _BEFORE_LITERALS and kept[-3].upper == "TABLESAMPLE":
                token = Token("number", "1", "", token.glued)
        kept.append(token)
    return kept


def _depth(tokens: list[Token]) -> int:
    deepest = depth = 0
    for token in tokens:
        if token.text in ("(", "[", "CASE", "case"):
            depth += 1
            deepest = max(deepest, depth)
        elif token.text in (")", "]", "END", "end"):
            depth -= 1
    return deepest


def _tokens(text: str, dialect: Dialect) -> Iterator[tuple[Token, int, int]]:
    """Each token with its place; comments and spaces are only seen in `Token.glued`."""
    lexer = _LEXERS[dialect is Dialect.MYSQL]
    match = lexer.match
    position, size = 0, len(text)
    glued = False
    before = ""  # what the last token was: an operand, or something that waits for one
    while position < size:
        found = match(text, position)
        assert found is not None
        kind = found.lastgroup or "other"
        piece = found.group()
        start, position = position, found.end()
        if kind == "space":
            glued = False
            continue
        if kind == "comment":
            position = text.find("*/", position) + 2
            if position < 2:
                raise UnreadableError("a comment does not end")
            glued = False
            continue
        if kind == "dollar":
            close = text.find(piece, position)
            if close < 0:
                raise UnreadableError("a string does not end")
            kind, piece, position = "string", _quoted(text[position:close]), close + len(piece)
        elif kind == "string":
            piece = _string(piece)
        elif kind == "quoted" and piece[0] == "`" and dialect is not Dialect.MYSQL:
            piece = '"' + piece[1:-1].replace('"', '""') + '"'
        token = _token(kind, piece, glued, before)
        if token is None:
            continue
        glued = True
        before = "operand" if token.kind != "sign" or token.text in (")", "]") else ""
        if token.kind == "word" and token.upper in _KEYWORDS:
            before = ""
        yield token, start, position


def _token(kind: str, piece: str, glued: bool, before: str) -> Token | None:
    if kind == "word":
        return Token(kind, piece, piece.upper(), glued)
    if kind in ("string", "number"):
        return Token(kind, piece, "", glued)
    if kind == "quoted":
        return Token(kind, piece.replace(HOLE, HOLE_NAME), "", glued)
    if kind == "percent":
        return Token("sign", "%", "", glued) if piece == "%%" else Token("parameter", PARAMETER, "", glued)
    if kind == "named":
        return Token("parameter", PARAMETER, "", glued)
    if kind in ("hole", "brace"):
        return Token("hole", HOLE_NAME, "", glued)
    if kind == "list":
        return Token("list", PARAMETER_LIST, "", glued)
    if kind == "cast":
        return Token("sign", "::", "", True)
    if kind == "escaped":
        return Token("sign", ":", "", glued)
    if kind == "sign":
        if piece == "?" and before != "operand":
            return Token("parameter", PARAMETER, "", glued)
        return Token("sign", piece, "", glued)
    if piece in "'\"`":
        raise UnreadableError("a string does not end")
    return Token("sign", piece, "", glued)


def _string(piece: str) -> str:
    """A string in standard quotes; of a very long one its beginning."""
    head, _, _ = piece.partition(piece[-1])
    body = piece[len(head) + 1 : -1]
    if head in ("e", "E") or "\\" in body:
        body = body.replace("\\'", "''").replace("\\\\", "\\") if head in ("e", "E") or piece[-1] == '"' else body
    if "%%" in body:
        body = body.replace("%%", "%")
    if HOLE in body or LIST in body or CUT in body:
        body = body.replace(HOLE, HOLE_NAME).replace(LIST, HOLE_NAME).replace(CUT, HOLE_NAME)
    if piece[-1] == '"':
        body = body.replace('""', '"').replace("'", "''")
    if len(body) > MAX_STRING:
        body = _quoted(body[:MAX_STRING].replace("''", "").replace("'", ""))[1:-1]
    return f"{head if head in 'bBxX' else ''}'{body}'"


def _quoted(body: str) -> str:
    return "'" + body[:MAX_STRING].replace("'", "''").replace(HOLE, HOLE_NAME) + "'"


def _collapsed(tokens: list[Token]) -> list[Token]:
    """Lists of more than `MAX_LITERALS` literals as one name that tells their number, and of the rows of VALUES the first ones. Raises UnreadableError."""
    if len(tokens) > MAX_LITERALS:
        kept: list[Token] = []
        position = 0
        while position < len(tokens):
            token = tokens[position]
            kept.append(token)
            position += 1
            if token.text in ("(", "["):
                end, count = _literals(tokens, position)
                if count > MAX_LITERALS:
                    kept.append(Token("word", f"{LITERALS}{count}__", "", False))
                    position = end
            elif token.upper == "VALUES":
                position = _rows(tokens, position, kept)
        tokens = kept
    if len(tokens) > MAX_TOKENS:
        raise UnreadableError("the statement is too long")
    return tokens


def _literals(tokens: list[Token], position: int) -> tuple[int, int]:
    """Where the literals from `position` on end (at a closing bracket), and how many there are; 0 if something else stands among them."""
    count = 0
    while position + 1 < len(tokens):
        if tokens[position].text in ("-", "+"):
            position += 1
        if tokens[position].kind not in ("string", "number", "parameter") and tokens[position].upper not in ("NULL", "TRUE", "FALSE"):
            return position, 0
        count += 1
        closing = tokens[position + 1].text
        if closing in (")", "]"):
            return position + 1, count
        if closing != ",":
            return position, 0
        position += 2
    return position, 0


def _rows(tokens: list[Token], position: int, kept: list[Token]) -> int:
    """Copies the first rows of a long VALUES; gives the place behind the last row."""
    rows = depth = 0
    while position < len(tokens):
        token = tokens[position]
        if not depth and token.text not in ("(", ","):
            break
        if not depth and token.text == "," and (position + 1 >= len(tokens) or tokens[position + 1].text != "("):
            break
        if token.text == "(":
            depth += 1
        elif token.text == ")":
            depth -= 1
            rows += not depth
        if rows < _MAX_ROWS or (rows == _MAX_ROWS and token.text == ")" and not depth):
            kept.append(token)
        position += 1
    return position


_MAX_ROWS = 20
_LETTER = re.compile(r"\w").match
_BEFORE_LITERALS = frozenset({"DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "DATETIME", "SYSTEM", "BERNOULLI"})
_KEYWORDS = frozenset(
    "SELECT FROM WHERE AND OR NOT ON USING JOIN INNER LEFT RIGHT FULL CROSS OUTER NATURAL LATERAL IN IS LIKE ILIKE SIMILAR TO BETWEEN ANY ALL SOME EXISTS "
    "CASE WHEN THEN ELSE GROUP ORDER BY HAVING LIMIT OFFSET FETCH UNION INTERSECT EXCEPT VALUES INSERT INTO UPDATE SET DELETE RETURNING WITH AS DISTINCT "
    "INTERVAL ESCAPE DESC ASC NULLS FOR OVER PARTITION FILTER COLLATE RECURSIVE ONLY SYMMETRIC RLIKE REGEXP".split()
)
KEYWORDS = _KEYWORDS
