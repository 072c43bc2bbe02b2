"""Expressions of SQLAlchemy as terms: columns, functions, casts, JSON keys, arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backend_lint.facts.python import Call
from backend_lint.facts.query import Term, TermKind
from backend_lint.project.queries.sqlalchemy_draft import Draft, has_opaque, relations_of
from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.queries.sqlalchemy_names import AGGREGATES, SQL_FUNCTIONS, of_library
from backend_lint.project.queries.sqlalchemy_sources import Attribute
from backend_lint.project.queries.sqlalchemy_terms import PARAMETER, UNKNOWN, combined, constant_term, shown, unknown
from backend_lint.project.queries.sqlalchemy_text import arguments, operation
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import call_ids, constant_string, parse, split
from backend_lint.sql import text as sql
from backend_lint.sql.conditions import comparisons, predicate_text

if TYPE_CHECKING:
    from backend_lint.project.queries.sqlalchemy_compile import Compiler

_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "//"})
_SAME_VALUE = frozenset({"label", "self_group", "asc", "desc", "nullslast", "nullsfirst", "nulls_last", "nulls_first", "distinct", "filter", "expression"})
_JSON_TEXT = frozenset({"as_string", "astext"})
_JSON_CASTS = {"as_integer": "integer", "as_float": "double precision", "as_boolean": "boolean", "as_numeric": "numeric"}
_MAX_DEPTH = 40


class Expressions:
    """Turns value texts into terms of a statement."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.sources = compiler.sources
        self.frames = compiler.sources.frames
        self.relations = compiler.relations
        self.project = compiler.project
        self._depth = 0

    def term(self, draft: Draft, frame: Frame, text: str) -> Term:
        """The term that a value text is; a value of Python is a parameter."""
        if self._depth > _MAX_DEPTH:
            return UNKNOWN
        self._depth += 1
        try:
            return self._term(draft, frame, text)
        finally:
            self._depth -= 1

    def _term(self, draft: Draft, frame: Frame, text: str) -> Term:
        constant = constant_term(text)
        if constant is not None:
            return constant
        if text == "?":
            return Term(TermKind.UNKNOWN, text="?")
        if text[:2] in ("f'", 'f"', "b'") or text[0] in "{[":
            return PARAMETER
        if text.startswith("lambda:"):
            return self.term(draft, frame, text[7:])
        operated = operation(text)
        if operated is not None:
            return self._operated(draft, frame, text)
        if text[0] == "-":
            inner = self.term(draft, frame, text[1:])
            return combined(sql.prefix("-", shown(inner)), [inner])
        if text[0] == "#" and text[1:].isdigit():
            return self._called(draft, frame, int(text[1:]))
        attribute = self.sources.attribute(frame, text)
        if attribute is not None:
            return self.attribute(draft, frame, self.compiler.rebound(attribute))
        return self._value(draft, frame, text)

    def _value(self, draft: Draft, frame: Frame, text: str) -> Term:
        """A name, or an attribute of something that is no table."""
        if text[0] == "%":
            name, _, rest = text[1:].partition(".")
            given = self.frames.argument(frame, name)
            if given is not None and given[1] != text:
                value = given[1] if not rest else f"{given[1]}.{rest}"
                return self.term(draft, given[0], value) if value[:1] not in "'\"" or not rest else PARAMETER
            labelled = draft.unknown_sources.get((frame, "%" + name)) if rest else None
            if labelled is not None:
                return Term(TermKind.COLUMN, self.relations.place(draft, labelled)[1], rest.partition(".")[0]) if rest.isidentifier() else UNKNOWN
            if not rest and (assigned := self._assigned(frame, text)) is not None:
                return self.term(draft, frame, assigned)
            if "%self" in text and (held := self._held(frame, text)) is not None:
                return self.term(draft, *held)
        elif text.isidentifier():
            kind, number = self.project.modules[frame.path].names.get(text, ("", 0))
            if kind == "assign":
                value = self.project.modules[frame.path].bodies[0].assigns[number].value
                return constant_term(value) or (self.term(draft, Frame(frame.path, 0), value) if value[:1] == "#" else PARAMETER)
        parsed = parse(text)
        if parsed is not None and parsed.root[:1] == "#" and parsed.steps:
            inner = self.term(draft, frame, parsed.root)
            if inner.kind in (TermKind.COLUMN, TermKind.EXPRESSION):
                return self._asked(inner, parsed.steps, "")
            if inner.kind is TermKind.UNKNOWN and inner.relation >= 0:
                return inner
        return PARAMETER

    def _assigned(self, frame: Frame, text: str) -> str | None:
        """The only value of a local that the reader did not write in line because it is long."""
        assigns = [one for one in self.project.modules[frame.path].assigns_to(frame.function, text) if one.value != text]
        if len(assigns) == 1 and not assigns[0].augmented and assigns[0].value[:1] in "(#" and len(assigns[0].value) > 100:
            return assigns[0].value
        return None

    def _held(self, frame: Frame, text: str) -> tuple[Frame, str] | None:
        """What a class or an object of the project keeps in an attribute, if that is an expression."""
        stem, _, name = text.rpartition(".")
        ref = self.frames.ref(frame, stem)
        if ref is None or ref.kind not in (RefKind.CLASS, RefKind.INSTANCE):
            return None
        member = self.project.resolver.classes.find(ref, name)
        if member is None or isinstance(member[1], int) or member[1].function or not member[1].value or member[1].value[:1] in "'\"[{":
            return None
        return Frame(member[0].path, member[1].function), member[1].value

    def _operated(self, draft: Draft, frame: Frame, text: str) -> Term:
        operated = operation(text)
        if operated is None:
            return UNKNOWN
        if operated.operator in _ARITHMETIC:
            left, right = self.term(draft, frame, operated.left), self.term(draft, frame, operated.right)
            if left.kind is TermKind.PARAMETER and right.kind in (TermKind.PARAMETER, TermKind.CONSTANT):
                return PARAMETER
            if left.kind is TermKind.CONSTANT and right.kind in (TermKind.PARAMETER, TermKind.CONSTANT):
                return PARAMETER
            sign = "||" if operated.operator == "+" and self._is_string(left, right, operated.left, operated.right) else operated.operator
            return combined(sql.binary(shown(left), "/" if sign == "//" else sign, shown(right)), [left, right])
        if operated.operator == "|":
            options = split(text[1:-1], "|")
            terms = [self.term(draft, frame, option) for option in options]
            if terms and all(term == terms[0] for term in terms):
                return terms[0]
            return PARAMETER if terms and all(term.kind in (TermKind.PARAMETER, TermKind.CONSTANT) for term in terms) else unknown(terms)
        if not self.mentions_column(frame, text):
            return PARAMETER
        predicate = self.compiler.conditions.predicate(draft, frame, text)
        return Term(TermKind.UNKNOWN, next(iter(relations_of((predicate,))), -1), text=text)

    def _is_string(self, left: Term, right: Term, *texts: str) -> bool:
        """``+`` of strings is ``||`` in SQL."""
        types = {term.type.partition("(")[0] for term in (left, right)}
        return bool(types & {"text", "varchar", "char", "citext"}) or any(text[:1] in "'\"" or text[:2] == "f'" for text in texts)

    def mentions_column(self, frame: Frame, text: str, depth: int = 0) -> bool:
        """Whether an attribute of a table stands somewhere in a value."""
        if depth > 8:
            return False
        operated = operation(text)
        if operated is not None:
            return self.mentions_column(frame, operated.left, depth + 1) or self.mentions_column(frame, operated.right, depth + 1)
        if text[:1] in ("[", "{"):
            return any(self.mentions_column(frame, part.lstrip("*"), depth + 1) for part in arguments(text))
        for number in call_ids(text):
            call = self.project.modules[frame.path].bodies[frame.function].calls[number]
            parts = [*call.args, *(value for _, value in call.keywords), call.callee.rpartition(".")[0]]
            if any(part and self.mentions_column(frame, part.lstrip("*"), depth + 1) for part in parts):
                return True
        return bool(text) and "." in text and self.sources.attribute(frame, text) is not None

    # -- attributes --------------------------------------------------------------------------------

    def attribute(self, draft: Draft, frame: Frame, attribute: Attribute) -> Term:
        """A column, a hybrid property, a JSON key of a column."""
        found = self.relations.field(draft, attribute)
        if found is not None:
            field = attribute.source.mapped.fields.get(attribute.name) if attribute.source.mapped is not None else None
            return self._asked(found, attribute.steps, field.kind if field is not None else "")
        source = attribute.source
        if attribute.relationship is None and (hybrid := self.hybrid(attribute)) is not None:
            with self.compiler.binding(source):
                found = self.term(draft, *hybrid)
            return self._asked(found, attribute.steps, "")
        kind, number = self.relations.place(draft, source)
        return Term(TermKind.UNKNOWN, number if kind is TermKind.COLUMN else -1, text=attribute.name)

    def hybrid(self, attribute: Attribute) -> tuple[Frame, str] | None:
        """What a hybrid property returns for the class, if that is one expression."""
        mapped = attribute.source.mapped
        if mapped is None:
            return None
        ref = self.compiler.class_ref(mapped)
        for base in self.project.resolver.classes.ancestors(*mapped.key):
            if base.kind is not RefKind.CLASS:
                continue
            module = self.project.modules[base.path]
            owned = [number for number in module.classes[base.index].methods if module.functions[number].name.rpartition(".")[2] == attribute.name]
            wanted = (f"{attribute.name}.expression", f"{attribute.name}.inplace.expression")
            named = [number for number in module.classes[base.index].methods if any(text.endswith(wanted) for text in module.functions[number].decorators)]
            plain = [number for number in owned if any("hybrid" in text for text in self._decorators(base.path, number))]
            compared = (f"{attribute.name}.comparator", f"{attribute.name}.inplace.comparator")
            if any(text.endswith(compared) for number in module.classes[base.index].methods for text in module.functions[number].decorators):
                return None  # comparisons are whatever its class makes of them
            for number in named or plain:
                returns = [one.value for one in module.bodies[number].returns if one.value]
                return (Frame(base.path, number, ref), returns[0]) if len(returns) == 1 else None
        return None

    def _decorators(self, path: str, function: int) -> list[str]:
        head = self.project.modules[path].functions[function]
        found = [self.project.resolver.decorator(path, head.scope, text) for text in head.decorators]
        return [one.name for one in found if one is not None]

    def _asked(self, found: Term, steps: Sequence[str], kind: str) -> Term:
        """``column["key"].astext`` and its like."""
        for position, step in enumerate(steps):
            if step[0] == "[":
                key = constant_term(step[1:-1]) or PARAMETER
                as_text = steps[position + 1 : position + 2] == (".astext",)
                sign = "#>" if step[1:2] in "([" else "->"
                if found.type.endswith("[]") or kind == "ARRAY":
                    found = combined(f"{shown(found)}[{key.text or '?'}]", [found])
                else:
                    found = combined(sql.binary(shown(found), sign + ">" * as_text, key.text or "?"), [found])
            elif step[0] == "." and step[1:] in ("astext", "desc", "asc", "expression", "property", "comparator"):
                continue
            else:
                return Term(TermKind.UNKNOWN, found.relation if found.kind in (TermKind.COLUMN, TermKind.EXPRESSION) else -1)
        return found

    # -- calls -------------------------------------------------------------------------------------

    def _called(self, draft: Draft, frame: Frame, number: int) -> Term:
        call = self.project.modules[frame.path].bodies[frame.function].calls[number]
        base, method = self.compiler.chains.callee(frame.path, call.callee)
        if base == "func" or base.endswith(".func") or ".func." in call.callee or call.callee.startswith("func."):
            return self._function(draft, frame, method, call)
        if call.callee[:1] == "#" and call.callee[1:].isdigit():
            return self._custom(draft, frame, call)
        made = self.compiler.chains.at(frame, f"#{number}")
        chains = [chain for chain in made if chain.fetched in ("statement", "query", "part")]
        if made and not chains:
            return PARAMETER
        if chains and chains[0].steps[0].method == "text":
            return Term(TermKind.UNKNOWN, text=self.compiler.written(frame, f"#{number}"))
        if chains:
            return Term(TermKind.SUBQUERY, self.compiler.subquery(draft, chains))
        if base and (done := self._method(draft, frame, base, method, call)) is not None:
            return done
        if method in SQL_FUNCTIONS:
            callee = self.frames.ref(frame, call.callee)
            if callee is not None and of_library(callee.name):
                return self._library(draft, frame, method, call)
        followed = self.compiler.followed(frame, call, number)
        if followed is not None and self.mentions_column(*followed):
            return self.term(draft, *followed)
        if self.mentions_column(frame, f"#{number}"):
            return unknown([self.term(draft, frame, text.lstrip("*")) for text in call.args])
        return PARAMETER

    def _function(self, draft: Draft, frame: Frame, name: str, call: Call) -> Term:
        """``func.lower(User.email)``."""
        terms = [self.term(draft, frame, text) for text in call.args if text[:1] != "*"]
        if name.lower() in AGGREGATES:
            draft.aggregate = True
            found = unknown(terms)
            return Term(TermKind.UNKNOWN, found.relation, text=sql.call(name, *(shown(term) for term in terms)))
        made = sql.call(name, *(shown(term) for term in terms))
        if len(terms) == 1 and terms[0].kind is TermKind.COLUMN and not terms[0].cast and made.startswith(f"{sql.identifier(terms[0].column)}::"):
            return Term(TermKind.COLUMN, terms[0].relation, terms[0].column, cast=made.rpartition("::")[2])
        return combined(made, terms, function=True)

    def _custom(self, draft: Draft, frame: Frame, call: Call) -> Term:
        """``X.y.op("->")("key")``."""
        made = self.project.modules[frame.path].bodies[frame.function].calls[int(call.callee[1:])]
        base, _, method = made.callee.rpartition(".")
        sign = constant_string(made.args[0]) if made.args else None
        if method not in ("op", "bool_op") or sign is None or not call.args:
            return unknown([self.term(draft, frame, text) for text in call.args])
        left, right = self.term(draft, frame, base), self.term(draft, frame, call.args[0])
        return combined(sql.binary(shown(left), sign, shown(right)), [left, right])

    def _method(self, draft: Draft, frame: Frame, base: str, method: str, call: Call) -> Term | None:
        """A method of an expression that gives another one; None if `base` is no expression."""
        if base[:1] in "'\"" or (not self.mentions_column(frame, base) and "#" not in base):
            return None
        if method in _SAME_VALUE:
            if method == "filter" and call.args:
                for text in call.args:
                    self.compiler.conditions.predicate(draft, frame, text)
            return self.term(draft, frame, base)
        if method == "over":
            aggregate, term = draft.aggregate, self.term(draft, frame, base)
            draft.aggregate, draft.grouped = aggregate, True
            return unknown([term])
        if method in _JSON_TEXT or method in _JSON_CASTS or method == "as_json":
            inner = self.term(draft, frame, base)
            if inner.kind is not TermKind.EXPRESSION:
                return unknown([inner])
            if method == "as_json":
                return inner
            stem, arrow, key = inner.text.rpartition(" -> ")
            spelled = combined(f"{stem} ->> {key}" if arrow else inner.text, [inner])
            return spelled if method in _JSON_TEXT else combined(sql.cast(spelled.text, _JSON_CASTS[method]), [spelled])
        if method == "cast" and call.args:
            return self._cast(draft, frame, base, call.args[0])
        if method == "collate" and call.args:
            return self._collated(self.term(draft, frame, base), call.args[0])
        if method == "concat" and call.args:
            left, right = self.term(draft, frame, base), self.term(draft, frame, call.args[0])
            return combined(sql.binary(shown(left), "||", shown(right)), [left, right])
        if self.compiler.conditions.is_operator(method) and self.mentions_column(frame, base):
            predicate = self.compiler.conditions.predicate(draft, frame, f"#{self._number(frame, call)}")
            return Term(TermKind.UNKNOWN, next(iter(relations_of((predicate,))), -1), text=method)
        return None

    def _number(self, frame: Frame, call: Call) -> int:
        return self.project.modules[frame.path].bodies[frame.function].calls.index(call)

    def _collated(self, inner: Term, text: str) -> Term:
        name = constant_string(text)
        if name is None:
            return unknown([inner])
        if inner.kind is TermKind.COLUMN and not inner.cast:
            return Term(inner.kind, inner.relation, inner.column, type=inner.type, collation=name)
        return combined(sql.collate(shown(inner), name), [inner])

    def _cast(self, draft: Draft, frame: Frame, text: str, type_text: str) -> Term:
        inner = self.term(draft, frame, text)
        type_ = self.compiler.type_name(frame, type_text)
        if not type_:
            return unknown([inner]) if inner.kind is not TermKind.PARAMETER else inner
        if inner.kind is TermKind.COLUMN and not inner.cast:
            return Term(inner.kind, inner.relation, inner.column, cast=type_, collation=inner.collation)
        if inner.kind in (TermKind.PARAMETER, TermKind.CONSTANT):
            return Term(TermKind.PARAMETER, text=inner.text, type=type_)
        return combined(sql.cast(shown(inner), type_), [inner])

    def _library(self, draft: Draft, frame: Frame, name: str, call: Call) -> Term:
        """Functions of SQLAlchemy itself."""
        args = call.args
        if name in ("cast", "try_cast") and len(args) > 1:
            return self._cast(draft, frame, args[0], args[1])
        if name in ("type_coerce", "label", "distinct", "desc", "asc", "nulls_last", "nullslast", "nulls_first", "nullsfirst", "col") and args:
            return self.term(draft, frame, args[1] if name == "label" and len(args) > 1 else args[0])
        if name in ("literal", "bindparam"):
            return (constant_term(args[0]) or PARAMETER) if args and name == "literal" else PARAMETER
        if name in ("true", "false", "null"):
            return Term(TermKind.CONSTANT, text=name)
        if name == "extract" and len(args) > 1 and (part := constant_string(args[0])) is not None:
            inner = self.term(draft, frame, args[1])
            return combined(sql.extract(part, shown(inner)), [inner])
        if name == "collate" and len(args) > 1:
            return self._collated(self.term(draft, frame, args[0]), args[1])
        if name == "tuple_":
            return unknown([self.term(draft, frame, text) for text in args])
        if name in ("text", "literal_column", "column"):
            written = constant_string(args[0]) if args else None
            if written is not None and written.isidentifier() and len(draft.sources) == 1 and not draft.sources[0].chains:
                return Term(TermKind.COLUMN, 0, written)
            return Term(TermKind.UNKNOWN, text=written or "?")
        terms = [self.term(draft, frame, text.lstrip("*")) for text in args if text[:1] not in "[{"]
        if name == "case":
            return self._case(draft, frame, call)
        terms += [self.term(draft, frame, value) for key, value in call.keywords if key in ("else_", "whens", "value")]
        return unknown(terms)

    def _case(self, draft: Draft, frame: Frame, call: Call) -> Term:
        """``case((condition, value), else_=other)``, and the list of pairs of before SQLAlchemy 1.4."""
        texts = [part for text in call.args for part in (arguments(text) if text[:2] == "[[" else [text])]
        branches: list[tuple[str, str]] = []
        terms: list[Term] = []
        relations: set[int] = set()
        clear = all(key == "else_" for key, _ in call.keywords)
        for text in texts:
            pair = arguments(text) if text[:1] == "[" else []
            if len(pair) != 2:
                return unknown([self.term(draft, frame, text)])
            condition, value = self.compiler.conditions.predicate(draft, frame, pair[0]), self.term(draft, frame, pair[1])
            found = list(comparisons(condition))
            terms += [value, *(side for one in found for side in (one.left, one.right))]
            relations.update(relations_of((condition,)))
            clear &= bool(found) and not has_opaque(condition)
            branches.append((predicate_text(condition), shown(value)))
        other = dict(call.keywords).get("else_", "")
        default = self.term(draft, frame, other) if other else None
        terms += [default] if default is not None else []
        if not clear or not branches:
            return Term(TermKind.UNKNOWN, relations.pop()) if len(relations) == 1 else unknown(terms)
        return combined(sql.case(branches, shown(default) if default is not None else ""), terms)
