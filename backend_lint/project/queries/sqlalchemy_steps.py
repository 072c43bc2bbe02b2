"""What each call of a chain does to the statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.query import Rows, TermKind, Verb
from backend_lint.project.queries.sqlalchemy_chains import Chain, ChainStep
from backend_lint.project.queries.sqlalchemy_draft import Draft
from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.queries.sqlalchemy_names import EXECUTORS, ONE, WRAPPERS
from backend_lint.project.queries.sqlalchemy_sources import Source
from backend_lint.project.queries.sqlalchemy_terms import PARAMETER
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.value_text import constant_string
from backend_lint.sql.conditions import comparison

if TYPE_CHECKING:
    from backend_lint.project.queries.sqlalchemy_compile import Compiler

Step = Callable[[Draft, ChainStep], None]
_SETS = frozenset({"union", "union_all", "intersect", "intersect_all", "except_", "except_all"})
_REPLACING = frozenset({"with_entities", "with_only_columns"})
_NOTHING = frozenset(
    "execution_options enable_eagerloads populate_existing autoflush prefix_with suffix_with with_hint returning reset_joinpoint with_labels "
    "set_label_style with_session with_statement_hint add_cte params inline enable_assertions return_defaults apply_labels correlate correlate_except "
    "select from_self self_group unique mappings partitions yield_per tuples freeze close cache_ok label lateral subquery cte alias scalar_subquery as_scalar "
    "all fetchall fetchmany keys rowcount columns scalars ordered_values relationship_loader merge iterate stream stream_scalars fetch_all".split()
)


class Steps:
    """Applies the calls of a chain in order."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.sources = compiler.sources
        self.relations = compiler.relations
        self.expressions = compiler.expressions
        self.conditions = compiler.conditions
        joins, writes, orders = compiler.joins, compiler.writes, compiler.orders
        self.table: dict[str, Step] = {
            "where": self._where,
            "filter": self._where,
            "filter_by": self._filter_by,
            "having": self._having,
            "order_by": orders.order_by,
            "group_by": orders.group_by,
            "limit": orders.limit,
            "fetch": orders.limit,
            "offset": orders.offset,
            "slice": orders.slice,
            "[]": orders.slice,
            "paginate": self._paginate,
            "distinct": self._distinct,
            "with_for_update": self._locks,
            "with_lockmode": self._locks,
            "select_from": self._select_from,
            "add_columns": self._select,
            "add_column": self._select,
            "column": self._select,
            "add_entity": self._select,
            "with_entities": self._nothing,
            "with_only_columns": self._nothing,
            "options": joins.options,
            "with_parent": self._with_parent,
            "count": self._count,
            "exists": self._exists,
            "first": self._first,
            "first_or_404": self._first,
            "get": self._get,
            "get_or_404": self._get,
            "values": writes.values,
            "update": writes.update,
            "delete": writes.delete,
            "on_conflict_do_update": writes.conflict,
            "on_conflict_do_nothing": writes.conflict,
            "on_duplicate_key_update": writes.conflict,
            "from_select": writes.from_select,
        }
        for name in ("join", "outerjoin", "join_from", "outerjoin_from"):
            self.table[name] = joins.step
        for name in _SETS:
            self.table[name] = self._combine
        for name in _NOTHING:
            self.table.setdefault(name, self._nothing)

    def all(self, draft: Draft, chain: Chain) -> None:
        """The whole chain."""
        first, rest = chain.steps[0], chain.steps[1:]
        replaced = next((step for step in reversed(rest) if step.method in _REPLACING and ("maintain_column_froms", "True") not in step.keywords), None)
        if replaced is not None and first.method in ("select", "query"):
            if first.method == "query" or any(step.method in ("join", "outerjoin") for step in rest):
                draft.base = next((source for text in first.args[:1] if (source := self.sources.source(first.frame, text)) is not None), None)
            first = ChainStep(first.method, replaced.args, first.keywords, replaced.path, replaced.function, -1, replaced.frame)
        draft.legacy = first.method == "query"
        self._begin(draft, first)
        run = False
        for step in rest:
            if not run and step.method in ("update", "delete") and draft.verb is not Verb.SELECT:
                continue
            if run:
                self._fetched(draft, step)
            elif step.method in EXECUTORS or (step.method == "scalar" and draft.verb is Verb.SELECT):
                run = True
                self._fetched(draft, step)
                self.compiler.writes.executed(draft, step)
            elif (act := self.table.get(step.method)) is not None:
                act(draft, step)
                self._rows(draft, step)
            elif step.method not in WRAPPERS:
                self._rows(draft, step)
                if step.method not in ("one", "one_or_none", "one_or_404"):
                    draft.unknown.append(f".{step.method}()")
        if not chain.complete and not draft.unknown:
            draft.unknown.append("a step of it may be repeated")
        self._settle(draft, chain)
        if run and first.method == "exists":
            draft.enclose()

    def _settle(self, draft: Draft, chain: Chain) -> None:
        if draft.verb is not Verb.SELECT or (draft.aggregate and not draft.grouped and not draft.wide):
            draft.rows = Rows.NONE
        elif draft.rows is Rows.UNKNOWN and chain.fetched in ("entities", "rows", "page") and len(chain.steps) > 1:
            draft.rows = Rows.MANY
        if draft.wide:
            draft.selected.clear()
            draft.names.clear()
        draft.aggregate = draft.aggregate and not draft.wide

    def _rows(self, draft: Draft, step: ChainStep) -> None:
        if step.method in ONE:
            draft.rows = Rows.ONE
        elif step.method in ("all", "paginate", "yield_per") or (step.method == "[]" and ":" in step.args[0]):
            draft.rows = Rows.MANY

    def _fetched(self, draft: Draft, step: ChainStep) -> None:
        if step.method in ONE:
            draft.rows = Rows.ONE
        elif step.method in ("all", "fetchall", "fetchmany", "scalars", "stream_scalars", "fetch_all", "iterate") and draft.rows is not Rows.ONE:
            draft.rows = Rows.MANY

    # -- the beginning -----------------------------------------------------------------------------

    def _begin(self, draft: Draft, step: ChainStep) -> None:
        method = step.method
        if method in ("select", "query"):
            receiver = self._receiver(step)
            if receiver is not None and method != "query":
                self._entity(draft, step.frame, receiver)
            else:
                self._select(draft, step)
        elif method in ("update", "delete", "insert"):
            self.compiler.writes.begin(draft, step, self._receiver(step))
        elif method in ("get", "get_one", "get_or_404"):
            source = self.sources.source(step.frame, step.args[0])
            if source is not None:
                self.relations.place(draft, source)
                draft.entities.append(source)
                self._by_key(draft, step, source, step.args[1] if len(step.args) > 1 else dict(step.keywords).get("ident", "?"))
            draft.rows = Rows.ONE
        elif method == "relationship":
            self._relationship(draft, step)
        elif method in _SETS:
            self._united(draft, step, step.args)
        elif method == "exists":
            for text in step.args:
                inner = [chain for chain in self.compiler.chains.at(step.frame, text) if chain.fetched in ("statement", "query", "part")]
                if inner:
                    self.all(draft, inner[-1])
                else:
                    self._entity(draft, step.frame, text)
            draft.selected.clear()
            draft.names.clear()
        else:
            draft.unknown.append(method)

    def _receiver(self, step: ChainStep) -> str | None:
        """The table of ``users.select()``."""
        if step.call < 0:
            return None
        base = self.compiler.project.modules[step.path].bodies[step.function].calls[step.call].callee.rpartition(".")[0]
        return base if base and self.sources.source(step.frame, base) is not None else None

    def _relationship(self, draft: Draft, step: ChainStep) -> None:
        """``user.orders`` where that is a query."""
        path, _, index = step.args[0].rpartition(":")
        owner = self.compiler.project.schema.mapped[path, int(index)]
        relationship = owner.relationships[step.args[1]]
        target = self.relations.target(relationship)
        if target is None:
            draft.unknown.append(f"the target of {relationship.name}")
            return
        self.relations.place(draft, target)
        draft.entities.append(target)
        draft.wide = True
        draft.restrict(self.conditions.operators.of_parent(draft, target, relationship))
        for frame, text in self._declared_order(owner.key, relationship.name):
            self.compiler.orders.key(draft, frame, text, False, None)

    def _declared_order(self, owner: ClassKey, name: str) -> Iterator[tuple[Frame, str]]:
        """``relationship(order_by=...)``, given as an expression or as text."""
        for base in self.compiler.project.resolver.classes.ancestors(*owner):
            _, attributes = self.compiler.project.resolver.classes.members(base.path, base.index) if base.path else ({}, {})
            found = attributes.get(name)
            if found is None or found.value[:1] != "#" or not found.value[1:].isdigit():
                continue
            call = self.compiler.project.modules[base.path].bodies[found.function].calls[int(found.value[1:])]
            text = dict(call.keywords).get("order_by", "")
            if text:
                yield from self.compiler.orders.declared(Frame(base.path, found.function), text)
            return

    def _by_key(self, draft: Draft, step: ChainStep, source: Source, value: str) -> None:
        mapped = source.mapped
        if mapped is None or not mapped.primary_key:
            draft.unknown.append("the primary key")
            return
        for name in mapped.primary_key:
            field = mapped.fields.get(name)
            left = self.relations.column(draft, source, field.column if field is not None else name, field)
            right = self.expressions.term(draft, step.frame, value) if len(mapped.primary_key) == 1 else PARAMETER
            draft.restrict(comparison(left, "=", right if right.kind in (TermKind.CONSTANT, TermKind.PARAMETER) else PARAMETER))

    # -- what is selected --------------------------------------------------------------------------

    def _select(self, draft: Draft, step: ChainStep) -> None:
        for frame, text in self.compiler.lists.arguments(step.frame, step.args):
            if text[:1] == "[":
                for inner_frame, part in self.compiler.lists.items(frame, text):
                    self._entity(draft, inner_frame, part)
            else:
                self._entity(draft, frame, text)
        if draft.base is not None and not draft.relations:
            self.relations.place(draft, draft.base)

    def _entity(self, draft: Draft, frame: Frame, text: str) -> None:
        """One thing that is selected: a class, an attribute, an expression."""
        if text == "?":
            draft.unknown.append("what is selected")
            return
        source = self.sources.source(frame, text.removesuffix(".c") if text.endswith(".c") else text)
        if source is not None:
            self.relations.place(draft, source)
            draft.entities.append(source)
            draft.wide = True
            return
        label, inner = self._labelled(frame, text)
        attribute = self.sources.attribute(frame, inner)
        if attribute is None and self._is_class_unknown(draft, frame, text):
            return
        term = self.expressions.term(draft, frame, inner)
        draft.entities.append(attribute.source if attribute is not None else None)
        draft.selected.append(term)
        draft.names.append(label or (term.column if attribute is not None else ""))
        if label or attribute is not None:
            draft.labels[label or (attribute.name if attribute is not None else "")] = term

    def _is_class_unknown(self, draft: Draft, frame: Frame, text: str) -> bool:
        """``select(self.model)`` where nobody knows the model."""
        if text[:1] != "%" or "(" in text or "[" in text:
            return False
        if self.compiler.frames.argument(frame, text[1:]) is not None:
            return False
        source = Source(("value", frame, text), mapped=None)
        draft.unknown_sources[frame, text] = source
        draft.add(source)
        draft.entities.append(source)
        draft.wide = True
        draft.unknown.append(f"what {text[1:]} is")
        return True

    def _labelled(self, frame: Frame, text: str) -> tuple[str, str]:
        if text[:1] == "#" and text[1:].isdigit():
            call = self.compiler.project.modules[frame.path].bodies[frame.function].calls[int(text[1:])]
            base, _, method = call.callee.rpartition(".")
            if method == "label" and base and call.args:
                return constant_string(call.args[0]) or "", base
        return "", text

    # -- conditions --------------------------------------------------------------------------------

    def _where(self, draft: Draft, step: ChainStep) -> None:
        draft.restrict(self.conditions.all_of(draft, step.frame, step.args))

    def _filter_by(self, draft: Draft, step: ChainStep) -> None:
        for condition in self.conditions.filter_by(draft, step.frame, step.keywords):
            draft.restrict(condition)

    def _having(self, draft: Draft, step: ChainStep) -> None:
        draft.having = True
        aggregate, draft.aggregate = draft.aggregate, False
        self.conditions.all_of(draft, step.frame, step.args)
        draft.aggregate = aggregate

    def _with_parent(self, draft: Draft, step: ChainStep) -> None:
        text = step.args[1] if len(step.args) > 1 else dict(step.keywords).get("property", "")
        attribute = self.sources.attribute(step.frame, text) if text else None
        if attribute is None or attribute.relationship is None:
            draft.unknown.append(".with_parent()")
            return
        draft.restrict(self.conditions.operators.with_parent(draft, step.frame, text, attribute, attribute.relationship))

    # -- what is done with the rows ----------------------------------------------------------------

    def _paginate(self, draft: Draft, step: ChainStep) -> None:
        draft.limit, draft.offset = -1, True

    def _first(self, draft: Draft, step: ChainStep) -> None:
        draft.limit = 1

    def _get(self, draft: Draft, step: ChainStep) -> None:
        source = draft.entities[0] if draft.entities else None
        if source is not None and step.args:
            self._by_key(draft, step, source, step.args[0])
            draft.conditions.reverse()
        else:
            draft.unknown.append(".get()")

    def _distinct(self, draft: Draft, step: ChainStep) -> None:
        draft.distinct = True
        for text in step.args:
            if text[:1] != "?":
                self.expressions.term(draft, step.frame, text)

    def _locks(self, draft: Draft, step: ChainStep) -> None:
        draft.locks = True

    def _count(self, draft: Draft, step: ChainStep) -> None:
        draft.aggregate, draft.wide = True, False
        draft.order.clear()
        draft.selected.clear()
        draft.names.clear()

    def _exists(self, draft: Draft, step: ChainStep) -> None:
        draft.rows = Rows.NONE

    def _select_from(self, draft: Draft, step: ChainStep) -> None:
        for text in step.args:
            self.compiler.joins.placed(draft, step.frame, text)

    def _nothing(self, draft: Draft, step: ChainStep) -> None:
        pass

    # -- sets --------------------------------------------------------------------------------------

    def _combine(self, draft: Draft, step: ChainStep) -> None:
        """``query.union(other)``: what was put together so far, and further members."""
        for frame, text in self.compiler.lists.arguments(step.frame, step.args):
            chains = self.compiler.chains.at(frame, text)
            if chains:
                self.compiler.derived(draft, Source(("member", frame, text), chains=chains))
            else:
                draft.unknown.append(f"a member of {step.method}")
        draft.combined = True
        draft.distinct = draft.distinct or not step.method.endswith("_all")
        if draft.legacy:
            draft.wrap()

    def _united(self, draft: Draft, step: ChainStep, members: tuple[str, ...]) -> None:
        """``union(a, b)``: the first member with the others beside it."""
        found = list(self.compiler.lists.arguments(step.frame, members))
        for position, (frame, text) in enumerate(found):
            chains = self.compiler.chains.at(frame, text)
            if not chains:
                draft.unknown.append(f"a member of {step.method}")
            elif not position:
                self.all(draft, chains[-1])
            else:
                self.compiler.derived(draft, Source(("member", frame, text), chains=chains))
        draft.combined = True
        draft.distinct = not step.method.endswith("_all")
