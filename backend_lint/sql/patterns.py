"""What a pattern of LIKE or a regular expression begins with: that alone can be looked up in an ordered index."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backend_lint.facts.query import Term, TermKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.clauses import unquoted

_SPECIAL_REGEX = frozenset(".[]()*+?{}|^$\\")
_SPECIAL_SIMILAR = frozenset("%_|*+?{}()[]")
_LETTERS = lazy_regex(r"[^\W_]+")
_WILD = lazy_regex(r"[%_]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """`begins`: the pattern has a fixed beginning; None if it is not known. `exact`: nothing in it is open, it is an equality."""

    begins: bool | None
    exact: bool = False
    trigrams: bool = True
    """Three letters in a row are known, so that an index over trigrams narrows it down."""


def pattern(value: Term, operator: str) -> Pattern:
    """What is known of the pattern on the right of `operator`."""
    if operator == "^@":
        return Pattern(True, trigrams=False)
    text = unquoted(value.text)
    if value.kind is TermKind.PARAMETER:
        text = value.text if text is None else text
        if not text or text in ("?", "%s"):
            return Pattern(False if operator in ("ilike", "~*") else None)
    elif text is None:
        return Pattern(None)
    known = value.kind is TermKind.CONSTANT
    if operator in ("like", "ilike"):
        return _like(text, known, folded=operator == "ilike")
    return _regex(text, known, folded=operator == "~*", similar=operator == "similar to")


def _like(text: str, known: bool, folded: bool) -> Pattern:
    start, position = "", 0
    while position < len(text):
        sign = text[position]
        if sign in "%_":
            break
        if sign == "\\" and position + 1 < len(text):
            position += 1
            sign = text[position]
        start += sign
        position += 1
    else:
        exact = known and not (folded and _cased(start))
        return Pattern(bool(start) and not (folded and _cased(start)), exact, not known or _like_trigrams(text))
    begins = bool(start) and not (folded and _cased(start[0] if known else start))
    return Pattern(begins, False, not known or _like_trigrams(text))


def _regex(text: str, known: bool, folded: bool, similar: bool) -> Pattern:
    special = _SPECIAL_SIMILAR if similar else _SPECIAL_REGEX
    body = text
    anchored = similar
    if not similar and text.startswith("^"):
        anchored, body = True, text[1:]
    start = ""
    for sign in body:
        if sign in special and not (sign == "?" and not known):
            break
        start += sign
    if not similar and len(start) < len(body) and body[len(start)] in "*?{" and start:
        start = start[:-1]
    if not similar and "|" in body and "(" not in body:
        start = ""
    if known and anchored and body.startswith("(") and "|" in body:
        return Pattern(None)  # the ways may begin alike
    if known and anchored and not folded and start and body in (start, start + "$") and (similar or body.endswith("$")):
        return Pattern(True, True, _like_trigrams(start))
    begins = anchored and bool(start) and not (folded and _cased(start[0] if known else start))
    letters = re.sub(r"\\.|[.*+?{}\[\]()|^$%_]", " ", text)
    return Pattern(begins, False, not known or any(len(word) >= 3 for word in _LETTERS.findall(letters)))


def _cased(text: str) -> bool:
    return any(sign.isalpha() or sign == "?" for sign in text)


def _like_trigrams(text: str) -> bool:
    """pg_trgm pads each word with two blanks in front and one behind: a word whose beginning is known needs one letter, one whose end is known two."""
    chunks = _WILD.split(re.sub(r"\\.", " ", text))
    for number, chunk in enumerate(chunks):
        for word in _LETTERS.finditer(chunk):
            starts = word.start() > 0 or number == 0
            ends = word.end() < len(chunk) or number == len(chunks) - 1
            length = word.end() - word.start()
            if length >= 3 or starts or (ends and length >= 2):
                return True
    return False
