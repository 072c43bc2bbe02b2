"""Terms made of terms: what an expression over columns, constants and parameters is."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lint.facts.query import Term, TermKind
from backend_lint.project.queries.sqlalchemy_draft import relations_of
from backend_lint.project.value_text import constant_string
from backend_lint.sql import text as sql

PARAMETER = Term(TermKind.PARAMETER)
NULL = Term(TermKind.CONSTANT, text="null")
UNKNOWN = Term(TermKind.UNKNOWN)


def constant_term(text: str) -> Term | None:
    """The constant that a value text is."""
    if text == "None":
        return NULL
    if text in ("True", "False"):
        return Term(TermKind.CONSTANT, text=text.lower(), type="boolean")
    if text[:1] in "'\"":
        value = constant_string(text)
        return Term(TermKind.CONSTANT, text=sql.literal(value)) if value is not None and not text.endswith("...'") else Term(TermKind.PARAMETER)
    if text[:1].isdigit() or (text[:1] == "-" and text[1:2].isdigit()):
        return Term(TermKind.CONSTANT, text=text.replace("_", ""))
    return None


def shown(term: Term) -> str:
    """A term inside an expression; what is not known, or belongs to the query around, is ``?``."""
    if term.kind is TermKind.COLUMN:
        name = sql.identifier(term.column)
        return sql.cast(name, term.cast) if term.cast else name
    if term.kind in (TermKind.EXPRESSION, TermKind.CONSTANT, TermKind.MIXED) or (term.kind is TermKind.PARAMETER and term.text):
        return term.text or "?"
    return "?"


def combined(text: str, terms: Sequence[Term], function: bool = False) -> Term:
    """An expression made of terms."""
    if any(term.kind in (TermKind.UNKNOWN, TermKind.SUBQUERY) for term in terms):
        return unknown(terms)
    rows = [term for term in terms if term.kind in (TermKind.COLUMN, TermKind.EXPRESSION)]
    if any(term.kind is TermKind.MIXED for term in terms) or len({term.relation for term in rows}) > 1:
        return Term(TermKind.MIXED, text=text)
    if not rows:
        return Term(TermKind.PARAMETER, text=text if function else "")
    columns = sorted({column for term in rows for column in (term.columns or (term.column,))})
    return Term(TermKind.EXPRESSION, rows[0].relation, text=text, columns=tuple(columns))


def unknown(terms: Sequence[Term]) -> Term:
    """Something made of terms that is not understood; the relation it reads, if that is one."""
    found = relations_of(terms)
    return Term(TermKind.UNKNOWN if len(found) < 2 else TermKind.MIXED, found[0] if len(found) == 1 else -1)
