"""Queries as short texts, so that a test reads as one line."""

from __future__ import annotations

from backend_lint.facts.query import And, Comparison, Exists, Not, Opaque, Or, Predicate, Query, Rows, Term, TermKind
from backend_lint.facts.schema import Dialect
from backend_lint.sql.parse import parse


def shown_term(term: Term) -> str:
    """``0.email``, ``0.email::text``, ``<lower(email)>0``, ``'a'``, ``?``, ``^0.id`` (of the outer query), ``S0``, ``!..`` for what is not known."""
    kind = term.kind
    if kind is TermKind.COLUMN:
        return f"{term.relation}.{term.column}{'::' + term.cast if term.cast else ''}{'@' + term.collation if term.collation else ''}"
    if kind is TermKind.EXPRESSION:
        return f"<{term.text}>{term.relation}"
    if kind is TermKind.CONSTANT:
        return term.text
    if kind is TermKind.PARAMETER:
        return "?" + (f"[{term.text}]" if term.text else "") + (f":{term.type}" if term.type else "")
    if kind is TermKind.OUTER:
        return f"^{term.relation}.{term.column}"
    if kind is TermKind.SUBQUERY:
        return f"S{term.relation}"
    return f"mixed<{term.text}>" if kind is TermKind.MIXED else f"!{term.text}"


def shown(predicate: Predicate | None) -> str:
    if predicate is None:
        return ""
    if isinstance(predicate, Comparison):
        right = "" if predicate.operator.startswith("is ") and not predicate.operator.endswith("from") else " " + shown_term(predicate.right)
        return f"{shown_term(predicate.left)} {predicate.operator}{right}{f' ({predicate.values})' if predicate.values >= 0 else ''}"
    if isinstance(predicate, And):
        return " & ".join(f"({shown(part)})" if isinstance(part, Or) else shown(part) for part in predicate.parts)
    if isinstance(predicate, Or):
        return " | ".join(f"({shown(part)})" if isinstance(part, And) else shown(part) for part in predicate.parts)
    if isinstance(predicate, Not):
        return f"not ({shown(predicate.part)})"
    if isinstance(predicate, Exists):
        return f"{'no ' * predicate.negated}S{predicate.subquery}"
    assert isinstance(predicate, Opaque)
    return f"opaque{list(predicate.relations)}"


def shown_query(query: Query) -> str:
    """``select users u, left orders o on (...) where ... order ... limit ...; {subqueries}``."""
    relations = ", ".join(
        " ".join(
            part
            for part in (
                one.join,
                "lateral" if one.lateral else "",
                one.table or (f"S{one.subquery}" if one.subquery >= 0 else "?"),
                one.alias,
                f"on ({shown(one.on)})" if one.on is not None else "",
            )
            if part
        )
        for one in query.relations
    )
    parts = [f"{query.verb} {relations}".rstrip()]
    if query.where is not None:
        parts.append(f"where {shown(query.where)}")
    if query.group:
        parts.append("group " + ", ".join(map(shown_term, query.group)))
    if query.order:
        parts.append("order " + ", ".join(shown_term(key.term) + " desc" * key.descending for key in query.order))
    if query.limit is not None:
        parts.append(f"limit {query.limit}")
    parts += [name for name in ("offset", "distinct", "grouped", "aggregate", "having", "locks", "combined") if getattr(query, name)]
    parts += [f"{name} {','.join(getattr(query, name))}" for name in ("written", "conflict", "unknown") if getattr(query, name)]
    if query.rows is not Rows.UNKNOWN:
        parts.append(f"rows {query.rows}")
    if query.subqueries:
        parts.append("{" + " / ".join(shown_query(inner) for inner in query.subqueries) + "}")
    return " ".join(parts)


def asked(sql: str, dialect: Dialect = Dialect.POSTGRESQL) -> str:
    """The one query of a text."""
    parsed = parse(sql, dialect)
    assert not parsed.not_understood, parsed.not_understood
    assert len(parsed.queries) == 1
    return shown_query(parsed.queries[0])


def condition(where: str, tables: str = "t", dialect: Dialect = Dialect.POSTGRESQL) -> str:
    """The condition of a query over `tables`."""
    parsed = parse(f"SELECT 1 FROM {tables} WHERE {where}", dialect)
    assert not parsed.not_understood, parsed.not_understood
    return shown(parsed.queries[0].where)
