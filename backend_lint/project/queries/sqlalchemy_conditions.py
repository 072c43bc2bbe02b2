"""Conditions of SQLAlchemy as predicates. What is not understood is `Opaque`, with the relations it may restrict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.python import Call
from backend_lint.facts.query import Comparison, Exists, Opaque, Predicate, Term, TermKind
from backend_lint.facts.schema import Dialect
from backend_lint.project.queries.sqlalchemy_chains import Chain
from backend_lint.project.queries.sqlalchemy_draft import Draft, relations_of
from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.queries.sqlalchemy_names import OPERATORS, of_library
from backend_lint.project.queries.sqlalchemy_operators import Operators
from backend_lint.project.queries.sqlalchemy_sources import Attribute, Source
from backend_lint.project.queries.sqlalchemy_terms import NULL, PARAMETER
from backend_lint.project.queries.sqlalchemy_text import operation
from backend_lint.project.value_text import constant_string, split
from backend_lint.sql.conditions import TRUE, comparison, conjunction, disjunction, negate, test

if TYPE_CHECKING:
    from backend_lint.project.queries.sqlalchemy_compile import Compiler
    from backend_lint.project.queries.sqlalchemy_expressions import Expressions
    from backend_lint.project.queries.sqlalchemy_relations import Relations
    from backend_lint.project.queries.sqlalchemy_sources import Sources

TRUTH = Opaque("true")
FALSEHOOD = Opaque("false")
"""What is known to hold for no row; the planner reads nothing then."""
_COMPARISONS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_MAX_DEPTH = 40


class Conditions:
    """Turns value texts into conditions of a statement."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.expressions: Expressions = compiler.expressions
        self.relations: Relations = compiler.relations
        self.sources: Sources = compiler.sources
        self.project = compiler.project
        self.operators = Operators(self)
        self._depth = 0

    def is_operator(self, method: str) -> bool:
        """Whether a method of an expression gives a condition."""
        return method in OPERATORS

    @property
    def dialect(self) -> Dialect:
        """The database product."""
        return self.project.schema.dialect

    def opaque(self, draft: Draft, frame: Frame, text: str, *terms: Term) -> Predicate:
        """What is not understood."""
        return Opaque(self.compiler.written(frame, text), relations_of(terms) or tuple(range(len(draft.relations))))

    # -- lists -------------------------------------------------------------------------------------

    def all_of(self, draft: Draft, frame: Frame, args: tuple[str, ...]) -> Predicate | None:
        """The conjunction of arguments."""
        return conjunction(self.predicate(draft, where, text) for where, text in self.compiler.lists.arguments(frame, args))

    def predicate(self, draft: Draft, frame: Frame, text: str) -> Predicate | None:
        """The condition that a value text is; None for one that always holds."""
        if self._depth > _MAX_DEPTH or text in ("?", ""):
            return self.opaque(draft, frame, text)
        self._depth += 1
        try:
            return self._predicate(draft, frame, text)
        finally:
            self._depth -= 1

    def _predicate(self, draft: Draft, frame: Frame, text: str) -> Predicate | None:
        if text == "True":
            return None
        if text.startswith("lambda:"):
            return self.predicate(draft, frame, text[7:])
        if text[0] == "*":
            return self.all_of(draft, frame, (text,))
        operated = operation(text)
        if operated is not None:
            return self._operated(draft, frame, text)
        if text[0] == "#" and text[1:].isdigit():
            return self._called(draft, frame, int(text[1:]))
        if text[0] == "[":
            return self.opaque(draft, frame, text)
        attribute = self.sources.attribute(frame, text)
        if attribute is not None:
            return self._truth(draft, frame, text, self.compiler.rebound(attribute))
        if text == "False":
            return FALSEHOOD
        if text[0] == "%" and (given := self.compiler.given(frame, text)) is not None:
            return self.predicate(draft, *given)
        if text.isidentifier() and (kind := self.project.modules[frame.path].names.get(text, ("", 0)))[0] == "assign":
            return self.predicate(draft, Frame(frame.path, 0), self.project.modules[frame.path].bodies[0].assigns[kind[1]].value)
        if text[0] in "'\"" and (value := constant_string(text)) is not None:
            return self.compiler.fragment(draft, value)
        return self.opaque(draft, frame, text)

    def _truth(self, draft: Draft, frame: Frame, text: str, attribute: Attribute) -> Predicate:
        """A bare boolean column, or a hybrid that is a condition."""
        field = attribute.source.mapped.fields.get(attribute.name) if attribute.source.mapped is not None else None
        if field is None and not attribute.core and (hybrid := self.expressions.hybrid(attribute)) is not None:
            with self.compiler.binding(attribute.source):
                return self.predicate(draft, *hybrid) or TRUTH
        return self.is_true(draft, frame, text, self.expressions.attribute(draft, frame, attribute))

    def is_true(self, draft: Draft, frame: Frame, text: str, term: Term) -> Predicate:
        """A term that stands as a condition."""
        if term.kind in (TermKind.COLUMN, TermKind.EXPRESSION, TermKind.OUTER):
            return Comparison(term, "=", TRUE)
        return self.opaque(draft, frame, text, term)

    def _operated(self, draft: Draft, frame: Frame, text: str) -> Predicate | None:
        found = operation(text)
        if found is None:
            return self.opaque(draft, frame, text)
        sign = found.operator
        if sign == "~":
            inner = self.predicate(draft, frame, found.right)
            return negate(inner) if inner is not None else self.opaque(draft, frame, text)
        if sign == "&":
            return conjunction((self.predicate(draft, frame, found.left), self.predicate(draft, frame, found.right)))
        if sign == "||":
            return self.any_of(draft, frame, [(frame, found.left), (frame, found.right)])
        if sign == "|":
            return self._alternatives(draft, frame, text)
        if sign in _COMPARISONS:
            if operation(f"({found.right})") is not None and operation(f"({found.right})").operator in _COMPARISONS:  # type: ignore[union-attr]
                return self.opaque(draft, frame, text)
            return self.compare(draft, frame, text, found.left, _COMPARISONS[sign], found.right)
        if sign in ("is", "is not") and found.right == "None" and self.sources.attribute(frame, found.left) is not None:
            return FALSEHOOD if sign == "is" else None  # Python asks, not the database: an attribute is never None
        return self.opaque(draft, frame, text, *(self.expressions.term(draft, frame, one) for one in (found.left, found.right) if one))

    def _alternatives(self, draft: Draft, frame: Frame, text: str) -> Predicate | None:
        """``a if x else b``: which one is asked differs from call to call."""
        options = [part for part in split(text[1:-1], "|") if part]
        return self.predicate(draft, frame, self.compiler.lists.choose(options))

    def any_of(self, draft: Draft, frame: Frame, parts: list[tuple[Frame, str]]) -> Predicate | None:
        """A disjunction; if one part always holds, so does the whole."""
        found = [self.predicate(draft, where, part) for where, part in parts]
        if any(one is None for one in found):
            return None
        return disjunction(one for one in found if one is not FALSEHOOD) or FALSEHOOD

    # -- comparisons -------------------------------------------------------------------------------

    def compare(self, draft: Draft, frame: Frame, text: str, left: str, operator: str, right: str) -> Predicate:
        """``left operator right`` of two value texts."""
        for own, other in ((left, right), (right, left)):
            attribute = self.sources.attribute(frame, own)
            if attribute is not None and (relationship := attribute.relationship) is not None:
                return self.operators.relationship(draft, frame, text, self.compiler.rebound(attribute), relationship, operator, other)
        first = self.expressions.term(draft, frame, left)
        second = self.expressions.term(draft, frame, right)
        return self.compared(draft, frame, text, first, operator, second)

    def compared(self, draft: Draft, frame: Frame, text: str, left: Term, operator: str, right: Term) -> Predicate:
        """The same for terms."""
        rows = (TermKind.COLUMN, TermKind.EXPRESSION, TermKind.MIXED, TermKind.OUTER, TermKind.SUBQUERY)
        if left.kind not in rows and right.kind in rows:
            left, right = right, left
            operator = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(operator, operator)
        if left.kind not in rows:
            return self.opaque(draft, frame, text, left, right)
        if right.kind is TermKind.UNKNOWN:
            if right.text != "?" or right.relation >= 0:
                return self.opaque(draft, frame, text, left, right)
            right = PARAMETER
        if right == NULL and operator in ("=", "<>"):
            return test(left, "is null" if operator == "=" else "is not null")
        if left.type and right.kind is TermKind.PARAMETER and not right.type:
            right = Term(TermKind.PARAMETER, text=right.text, type=left.type)
        return comparison(left, operator, right)

    # -- calls -------------------------------------------------------------------------------------

    def _called(self, draft: Draft, frame: Frame, number: int) -> Predicate | None:
        text = f"#{number}"
        call = self.project.modules[frame.path].bodies[frame.function].calls[number]
        base, method = self.compiler.chains.callee(frame.path, call.callee)
        if call.callee[:1] == "#" and call.callee[1:].isdigit():
            return self.operators.custom(draft, frame, text, call)
        chains = [chain for chain in self.compiler.chains.at(frame, text) if _is_exists(chain)]
        if chains:
            return Exists(self.compiler.subquery(draft, chains))
        if method in ("and_", "or_", "not_", "exists", "text", "true", "false", "between", "literal", "with_parent", "literal_column", "type_coerce", "col"):
            callee = self.compiler.frames.ref(frame, call.callee)
            if (callee is not None and of_library(callee.name) and "()" not in callee.name) or (callee is None and method in ("and_", "or_", "not_")):
                return self._library(draft, frame, text, method, call)
        if base and method in OPERATORS and (found := self.operators.method(draft, frame, text, base, method, call)) is not None:
            return found
        if base and method in ("bindparams", "params", "columns"):
            return self.predicate(draft, frame, base)
        if base and method in ("self_group", "label", "where", "filter", "correlate", "select_from", "correlate_except"):
            return self._of_exists(draft, frame, text, base, call)
        followed = self.compiler.followed(frame, call, number)
        if followed is not None:
            return self.predicate(draft, *followed)
        return self.is_true(draft, frame, text, self.expressions.term(draft, frame, text))

    def _of_exists(self, draft: Draft, frame: Frame, text: str, base: str, call: Call) -> Predicate | None:
        return self.predicate(draft, frame, base) if call.callee.endswith(("self_group", "label")) else self.opaque(draft, frame, text)

    def _library(self, draft: Draft, frame: Frame, text: str, name: str, call: Call) -> Predicate | None:
        args = call.args
        if name == "and_":
            return self.all_of(draft, frame, args)
        if name == "or_":
            parts = list(self.compiler.lists.arguments(frame, args))
            return self.any_of(draft, frame, parts) if parts else None
        if name == "not_" and args:
            inner = self.predicate(draft, frame, args[0])
            return negate(inner) if inner is not None else self.opaque(draft, frame, text)
        if name in ("type_coerce", "col") and args:
            return self.predicate(draft, frame, args[0])
        if name == "true":
            return None
        if name == "false":
            return FALSEHOOD
        if name == "literal" and args[:1] == ("True",):
            return None
        if name == "between" and len(args) == 3:
            return self.operators.between(draft, frame, text, *args)
        if name in ("text", "literal_column") and args:
            value = constant_string(args[0])
            return self.compiler.fragment(draft, value) if value is not None else self.opaque(draft, frame, text)
        if (
            name == "with_parent"
            and len(args) == 2
            and (attribute := self.sources.attribute(frame, args[1])) is not None
            and attribute.relationship is not None
        ):
            return self.operators.with_parent(draft, frame, text, attribute, attribute.relationship)
        return self.opaque(draft, frame, text)

    # -- filter_by ---------------------------------------------------------------------------------

    def filter_by(self, draft: Draft, frame: Frame, keywords: tuple[tuple[str, str], ...]) -> Iterator[Predicate | None]:
        """``filter_by(name=value)``: attributes of what was joined last, else of the first entity."""
        for name, where, value in self.compiler.lists.keywords(frame, keywords):
            if name == "**":
                yield Opaque(f"**{self.compiler.written(where, value)}", tuple(range(len(draft.relations))))
                continue
            candidates = [draft.joined[-1]] if draft.joined else []
            candidates += [source for source in draft.entities if source is not None]
            candidates += draft.sources
            yield self._by_name(draft, where, candidates, name, value)

    def _by_name(self, draft: Draft, frame: Frame, candidates: list[Source], name: str, value: str) -> Predicate:
        for source in candidates:
            attribute = Attribute(source, name, (), source.mapped is None)
            if (relationship := attribute.relationship) is not None:
                return self.operators.relationship(draft, frame, f"({name}=={value})", attribute, relationship, "=", value)
            if source.mapped is not None and name not in source.mapped.fields and self.expressions.hybrid(attribute) is None:
                continue
            left = self.expressions.attribute(draft, frame, attribute)
            return self.compared(draft, frame, f"({name}=={value})", left, "=", self.expressions.term(draft, frame, value))
        return Opaque(f"{name} = {self.compiler.written(frame, value)}", tuple(range(len(draft.relations))))


def _is_exists(chain: Chain) -> bool:
    """``select(...).exists()``, ``exists().where(...)``."""
    return "exists" in (chain.steps[0].method, chain.steps[-1].method) and chain.fetched in ("part", "statement", "query")
