"""What columns an index, an expression or a condition mentions, and the same under a column's new name."""

from __future__ import annotations

import re
from collections.abc import Collection

from msgspec.structs import replace

from backend_lint.facts.query import And, Comparison, Exists, Not, Opaque, Or, Predicate, Term
from backend_lint.facts.schema import Index, IndexKey
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.text import identifier

_TOKEN = lazy_regex(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|::\s*"?[A-Za-z_][\w$]*(?: [a-z]+)*|\.?[A-Za-z_][\w$]*\s*\(?""")


def mentioned(text: str, columns: Collection[str]) -> list[str]:
    """Those of `columns` that a canonical expression mentions, each once, in order."""
    found: dict[str, None] = {}
    for token in _TOKEN.findall(text):
        if (name := _name(token)) in columns:
            found[name] = None
    return list(found)


def _name(token: str) -> str:
    if token[0] == '"':
        return token[1:-1].replace('""', '"')
    if token[0] in "':." or token[-1] == "(":
        return ""
    return token.strip()


def renamed_text(text: str, old: str, new: str) -> str:
    """A canonical expression with the column `old` under its new name."""
    if old not in text:
        return text

    def swap(match: re.Match[str]) -> str:
        token = match.group()
        if _name(token) != old:
            return token
        return identifier(new) + token[len(token.rstrip()) :]

    return _TOKEN.sub(swap, text)


def renamed_term(term: Term, old: str, new: str) -> Term:
    """A term of the table under the new name."""
    return replace(
        term,
        column=new if term.column == old else term.column,
        text=renamed_text(term.text, old, new),
        columns=tuple(new if name == old else name for name in term.columns),
    )


def renamed_predicate(predicate: Predicate, old: str, new: str) -> Predicate:
    """A condition over the table alone under the new name."""
    if isinstance(predicate, And):
        return And(tuple(renamed_predicate(part, old, new) for part in predicate.parts))
    if isinstance(predicate, Or):
        return Or(tuple(renamed_predicate(part, old, new) for part in predicate.parts))
    if isinstance(predicate, Not):
        return Not(renamed_predicate(predicate.part, old, new))
    if isinstance(predicate, Comparison):
        return replace(predicate, left=renamed_term(predicate.left, old, new), right=renamed_term(predicate.right, old, new))
    if isinstance(predicate, Opaque):
        return replace(predicate, text=renamed_text(predicate.text, old, new))
    assert isinstance(predicate, Exists)
    return predicate


def renamed_index(index: Index, old: str, new: str) -> Index:
    """An index of the table under the new name of a column."""
    return replace(
        index,
        keys=tuple(_renamed_key(key, old, new) for key in index.keys),
        where=None if index.where is None else renamed_predicate(index.where, old, new),
        where_text=renamed_text(index.where_text, old, new),
        include=tuple(new if name == old else name for name in index.include),
    )


def _renamed_key(key: IndexKey, old: str, new: str) -> IndexKey:
    if key.column:
        return replace(key, column=new) if key.column == old else key
    return replace(key, expression=renamed_text(key.expression, old, new))


def holds(index: Index, column: str) -> bool:
    """Whether an index needs the column: as a key, in an expression, its condition or its payload."""
    for key in index.keys:
        if key.column == column or (key.expression and mentioned(key.expression, (column,))):
            return True
    return column in index.include or bool(index.where_text and mentioned(index.where_text, (column,)))
