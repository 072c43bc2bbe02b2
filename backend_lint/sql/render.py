"""A query as PostgreSQL's SQL with numbered parameters, so that a real planner can be asked about queries that an ORM would write."""

from __future__ import annotations

from backend_lint.facts.query import And, Comparison, Exists, Not, Opaque, Or, OrderKey, Predicate, Query, Term, TermKind, Verb
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.text import identifier, is_type
from backend_lint.sql.text import quoted as in_quotes

_WORDS = lazy_regex(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[A-Za-z_][A-Za-z0-9_$]*")
_POSTFIX = frozenset(
    {"is null", "is not null", "is true", "is false", "is not true", "is not false"},
)


class NotRenderableError(ValueError):
    """The query holds something that was not understood, so that no SQL says the same."""


class _Renderer:
    """Renders one statement; parameters are numbered over all of its subqueries."""

    def __init__(self) -> None:
        self.parameters = 0
        self.depth = 0

    def statement(self, query: Query, outer: tuple[str, ...] = ()) -> str:
        if query.unknown or query.combined or not query.relations or self.depth > 20:
            raise NotRenderableError("; ".join(query.unknown) or "a combined statement")
        self.depth += 1
        names = tuple(f"{relation.alias or relation.table.rpartition('.')[2] or 't'}_{self.depth}{number}" for number, relation in enumerate(query.relations))
        quoted = tuple(identifier(name[:60]) for name in names)
        sources = []
        for number, relation in enumerate(query.relations):
            if relation.subquery >= 0:
                source = f"({self.statement(query.subqueries[relation.subquery], quoted)})"
            elif relation.table:
                source = ".".join(identifier(part) for part in relation.table.split("."))
            else:
                raise NotRenderableError("a relation that is no table")
            on = f" on {self.predicate(relation.on, query, quoted, outer)}" if relation.on is not None else ""
            lateral = "lateral " if relation.lateral else ""
            join = "" if not number else f" {relation.join} join " if relation.join and (relation.on is not None or relation.join == "cross") else ", "
            sources.append(f"{join}{lateral}{source} as {quoted[number]}{on}")
        where = f" where {self.predicate(query.where, query, quoted, outer)}" if query.where is not None else ""
        self.depth -= 1
        if query.verb in (Verb.UPDATE, Verb.DELETE):
            if len(query.relations) > 1:
                raise NotRenderableError("a write over several tables")
            return self._write(query, "".join(sources), where)
        if query.verb is not Verb.SELECT:
            raise NotRenderableError("an insert looks nothing up")
        plain = [term for term in query.selected if term.kind in (TermKind.COLUMN, TermKind.EXPRESSION, TermKind.CONSTANT)]
        selected = ", ".join(self.term(term, query, quoted, outer) for term in plain) or f"{quoted[0]}.*"
        if query.aggregate and not query.grouped:
            selected = "count(*)"
        group = ""
        if query.grouped:
            if not query.group:
                raise NotRenderableError("groups that are not known")
            keys = ", ".join(self.term(term, query, quoted, outer) for term in query.group)
            selected, group = f"{keys}, count(*)", f" group by {keys}"
        order = ", ".join(self._order(key, query, quoted, outer) for key in query.order)
        text = f"select {'distinct ' if query.distinct else ''}{selected} from {''.join(sources)}{where}{group}{f' order by {order}' if order else ''}"
        if query.limit is not None:
            text += f" limit {query.limit if query.limit >= 0 else 20}"
        return text + (" for update" if query.locks and not query.grouped and not query.distinct and not query.aggregate else "")

    def _write(self, query: Query, source: str, where: str) -> str:
        if query.verb is Verb.DELETE:
            return f"delete from {source}{where}"
        if not query.written:
            raise NotRenderableError("an update of columns that are not known")
        name = identifier(query.written[0])
        return f"update {source} set {name} = {name}{where}"

    def predicate(self, predicate: Predicate, query: Query, names: tuple[str, ...], outer: tuple[str, ...]) -> str:
        if isinstance(predicate, (And, Or)):
            word = " and " if isinstance(predicate, And) else " or "
            return "(" + word.join(self.predicate(part, query, names, outer) for part in predicate.parts) + ")"
        if isinstance(predicate, Not):
            return f"not ({self.predicate(predicate.part, query, names, outer)})"
        if isinstance(predicate, Exists):
            return f"{'not ' if predicate.negated else ''}exists ({self.statement(query.subqueries[predicate.subquery], names)})"
        if isinstance(predicate, Opaque):
            raise NotRenderableError(predicate.text)
        return self._comparison(predicate, query, names, outer)

    def _comparison(self, one: Comparison, query: Query, names: tuple[str, ...], outer: tuple[str, ...]) -> str:
        left = self.term(one.left, query, names, outer)
        if one.operator in _POSTFIX:
            return f"{left} {one.operator}"
        if one.operator in ("in", "not in"):
            if one.right.kind is TermKind.SUBQUERY:
                return f"{left} {one.operator} {self.term(one.right, query, names, outer)}"
            if one.right.kind is TermKind.CONSTANT:
                return f"{left} {one.operator} {one.right.text if one.right.text.startswith('(') else f'({one.right.text})'}"
            values = ", ".join(self._parameter(one.right) for _ in range(min(max(one.values, 2), 10)))
            return f"{left} {one.operator} ({values})"
        return f"{left} {one.operator} {self.term(one.right, query, names, outer)}"

    def term(self, term: Term, query: Query, names: tuple[str, ...], outer: tuple[str, ...]) -> str:
        if term.kind is TermKind.COLUMN:
            if not 0 <= term.relation < len(names):
                raise NotRenderableError(f"column {term.column} of a table that is not known")
            text = f"{names[term.relation]}.{identifier(term.column)}"
            text += f"::{_type(term.cast)}" if term.cast else ""
            return text + (f" collate {in_quotes(term.collation)}" if term.collation else "")
        if term.kind is TermKind.EXPRESSION:
            if not 0 <= term.relation < len(names):
                raise NotRenderableError(f"{term.text} of a table that is not known")
            return f"({_qualified(term.text, term.columns, names[term.relation])})"
        if term.kind is TermKind.CONSTANT:
            return term.text
        if term.kind is TermKind.PARAMETER:
            return self._parameter(term)
        if term.kind is TermKind.OUTER and 0 <= term.relation < len(outer):
            return f"{outer[term.relation]}.{identifier(term.column)}"
        if term.kind is TermKind.SUBQUERY:
            return f"({self.statement(query.subqueries[term.relation], names)})"
        raise NotRenderableError(term.text or "a value that was not understood")

    def _parameter(self, term: Term) -> str:
        if term.text and "?" in term.text and term.text.strip("?%"):
            return "'" + term.text.strip("'").replace("'", "''").replace("?", "x") + "'"
        self.parameters += 1
        return f"${self.parameters}" + (f"::{_type(term.type)}" if term.type else "")

    def _order(self, key: OrderKey, query: Query, names: tuple[str, ...], outer: tuple[str, ...]) -> str:
        nulls = "" if key.nulls_first is None else " nulls first" if key.nulls_first else " nulls last"
        return f"{self.term(key.term, query, names, outer)}{' desc' if key.descending else ''}{nulls}"


def _type(name: str) -> str:
    return name if is_type(name) else in_quotes(name)


def _qualified(text: str, columns: tuple[str, ...], relation: str) -> str:
    """A canonical expression with its relation's name before each column."""
    spelled = {identifier(column) for column in columns}
    return _WORDS.sub(lambda word: f"{relation}.{word.group()}" if word.group() in spelled else word.group(), text)


def render(query: Query) -> str:
    """The statement, with ``$1`` for the first value that is known only at run time. Raises NotRenderableError.

    What a query selects is left away where it does not matter for how rows are found.
    """
    return _Renderer().statement(query)
