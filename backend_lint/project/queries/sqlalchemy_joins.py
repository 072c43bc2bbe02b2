"""Joins: by relationship, by foreign key, by condition; and those that eager loading adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.query import Opaque, Predicate, TermKind
from backend_lint.project.queries.sqlalchemy_chains import ChainStep
from backend_lint.project.queries.sqlalchemy_draft import Draft, relations_of
from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.queries.sqlalchemy_sources import Attribute, Source
from backend_lint.project.schema.mapping import Relationship
from backend_lint.project.value_text import constant_string
from backend_lint.sql.conditions import conjunction

if TYPE_CHECKING:
    from backend_lint.project.queries.sqlalchemy_compile import Compiler

_EAGER = frozenset({"joinedload", "joinedload_all", "eagerload"})


class Way:
    """A relationship as it is written in a join: ``A.b``, ``A.b.of_type(C)``, ``A.b.and_(condition)``."""

    def __init__(self, left: Source, relationship: Relationship) -> None:
        self.left = left
        self.relationship = relationship
        self.target: Source | None = None
        self.extra: tuple[str, ...] = ()


class Joins:
    """Adds joins to a statement."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.sources = compiler.sources
        self.relations = compiler.relations
        self.conditions = compiler.conditions

    def way(self, frame: Frame, text: str) -> Way | None:
        """The relationship that a value is; None if it is none."""
        if text[:1] == "#" and text[1:].isdigit():
            call = self.compiler.project.modules[frame.path].bodies[frame.function].calls[int(text[1:])]
            base, _, method = call.callee.rpartition(".")
            if method in ("of_type", "and_") and base and (found := self.way(frame, base)) is not None:
                if method == "and_":
                    found.extra += call.args
                elif call.args:
                    found.target = self.sources.source(frame, call.args[0])
                return found
            return None
        attribute = self.sources.attribute(frame, text)
        if attribute is None:
            return None
        attribute = self.compiler.rebound(attribute)
        relationship = attribute.relationship
        return Way(attribute.source, relationship) if relationship is not None and not attribute.steps else None

    def step(self, draft: Draft, step: ChainStep) -> None:
        """``join``, ``outerjoin``, ``join_from``."""
        args = list(step.args)
        keywords = dict(step.keywords)
        frame = step.frame
        full = keywords.get("full") == "True"
        outer = step.method.startswith("outer") or keywords.get("isouter") == "True" or keywords.get("outer") == "True"
        join = "full" if full else "left" if outer else "inner"
        target = keywords.get("target", keywords.get("right"))
        if target is not None:
            args.append(target)
        left = self.sources.source(frame, args.pop(0)) if step.method.endswith("_from") and args else None
        if left is not None:
            self.relations.place(draft, left)
        onclause = keywords.get("onclause", "")
        if len(args) > 1 and not onclause and (len(args) == 2 or args[2] in ("True", "False")):
            if self.way(frame, args[0]) is None:
                onclause = args[1]
                args = args[:1]
            elif args[1] in ("True", "False"):
                join = "left" if args[1] == "True" else join
                args = args[:1]
        for text in args:
            self.one(draft, frame, text, onclause, join, left)

    def one(self, draft: Draft, frame: Frame, text: str, onclause: str, join: str, left: Source | None = None) -> None:
        """Join one thing, to `left` if that is given."""
        if text[:1] in "'\"":
            self._named(draft, constant_string(text) or "", join)
            return
        way = self.way(frame, text)
        if way is not None:
            self._along(draft, frame, way, way.target, join, onclause)
            return
        target = self.sources.source(frame, text)
        if target is None:
            draft.unknown.append(f"what is joined: {self.compiler.written(frame, text)}")
            source = Source(("joined", frame, text))
            draft.add(source, join, Opaque(self.compiler.written(frame, onclause or text)), 0 if draft.relations else -1)
            draft.unknown_sources[frame, text.partition(".")[0]] = source
            return
        if onclause and (way := self.way(frame, onclause)) is not None:
            self._along(draft, frame, way, target, join, "")
            return
        self._build(draft, target)
        if onclause:
            on = self._condition(draft, frame, target, onclause)
            self._add(draft, target, join, on, self._beside(draft, target, left, on))
        else:
            self._by_key(draft, target, join, left)
        draft.joined.append(target)

    def _condition(self, draft: Draft, frame: Frame, target: Source, text: str) -> Predicate | None:
        """The condition of a join; its target is there already."""
        self.relations.place(draft, target)
        return self.conditions.predicate(draft, frame, text)

    def _beside(self, draft: Draft, target: Source, left: Source | None, on: Predicate | None = None) -> int:
        """The relation that the target is joined to: the given one, one of the condition, else the first."""
        if left is not None and left.key in draft.numbers:
            return draft.numbers[left.key]
        own = draft.numbers.get(target.key, -1)
        named = [number for number in relations_of((on,)) if number != own] if on is not None else []
        return named[0] if named else next((number for number, source in enumerate(draft.sources) if source.key != target.key), -1)

    def _build(self, draft: Draft, target: Source) -> None:
        if target.chains and target.key not in draft.placed:
            draft.placed[target.key] = self.compiler.derived(draft, target)

    def _add(self, draft: Draft, target: Source, join: str, on: Predicate | None, beside: int) -> int:
        number = draft.add(target, join if beside >= 0 else "", on, beside)
        self.relations.parents(draft, target, number)
        return number

    def _set(self, draft: Draft, number: int, on: Predicate | None) -> None:
        draft.relations[number] = msgspec.structs.replace(draft.relations[number], on=on)

    def _by_key(self, draft: Draft, target: Source, join: str, left: Source | None) -> None:
        """A join without a condition: by the only foreign key, or the relationship's twin."""
        self.relations.place(draft, target)
        candidates = [left] if left is not None else [source for source in draft.sources if source.key != target.key]
        found = self.relations.keys_between(draft, target, candidates)
        for source in candidates:
            found = found or self._related(draft, source, target)
        on = found[1] if found is not None else Opaque("join", (draft.numbers[target.key],))
        self._add(draft, target, join, on, self._beside(draft, target, found[0] if found is not None else left))

    def _related(self, draft: Draft, source: Source, target: Source) -> tuple[Source, Predicate] | None:
        """Models whose tables are not known well: a relationship between them tells the columns."""
        if source.key == target.key or source.mapped is None or target.mapped is None:
            return None
        for one, other in ((source, target), (target, source)):
            assert one.mapped is not None and other.mapped is not None
            for relationship in one.mapped.relationships.values():
                if relationship.target == other.mapped.key and not relationship.through and relationship.columns:
                    return source, self.relations.pairs(draft, one, relationship.columns, other, relationship.to_columns, "join")
        return None

    def _named(self, draft: Draft, name: str, join: str) -> None:
        """``join("items")`` of the first releases."""
        for source in [*reversed(draft.joined), *(one for one in draft.entities if one is not None)]:
            attribute = Attribute(source, name, ())
            if (relationship := attribute.relationship) is not None:
                self._along(draft, Frame("", 0), Way(source, relationship), None, join, "")
                return
        draft.unknown.append(f"what is joined: {name}")

    def _along(self, draft: Draft, frame: Frame, way: Way, given: Source | None, join: str, onclause: str) -> Source | None:
        """Join along a relationship, through the table in between if there is one."""
        relationship = way.relationship
        kind, left = self.relations.place(draft, way.left)
        target = given or self.relations.target(relationship)
        if target is None or kind is not TermKind.COLUMN:
            draft.unknown.append(f"the target of {relationship.name}")
            draft.add(Source(("joined", way.left.key, relationship.name)), join, Opaque(relationship.name, (left,) if left >= 0 else ()), left)
            return None
        if target.key == way.left.key:
            target = Source(("self", way.left.key, relationship.name), target.table, "", target.mapped)
        self._build(draft, target)
        beside = left
        if relationship.through:
            middle = self.relations.secondary(relationship, (way.left.key, relationship.name) if ("table", relationship.through) in draft.numbers else None)
            beside = draft.add(middle, join, None, left)
            self._set(draft, beside, self.relations.pairs(draft, way.left, relationship.columns, middle, relationship.through_columns, relationship.name))
            number = self._add(draft, target, join, None, beside)
            on = self.relations.pairs(draft, middle, relationship.through_to, target, relationship.to_columns, relationship.name)
        else:
            number = self._add(draft, target, join, None, beside)
            on = self.relations.pairs(draft, way.left, relationship.columns, target, relationship.to_columns, relationship.name)
        extra = [on]
        with self.compiler.binding(target):
            for text in (*way.extra, *([onclause] if onclause else ())):
                part = self.conditions.predicate(draft, frame, text)
                if part is not None:
                    extra.append(part)
        self._set(draft, number, conjunction(extra))
        draft.joined.append(target)
        return target

    # -- select_from -------------------------------------------------------------------------------

    def placed(self, draft: Draft, frame: Frame, text: str) -> None:
        """An argument of ``select_from``: a table, or ``join(a, b, condition)``."""
        if text[:1] == "#" and text[1:].isdigit():
            call = self.compiler.project.modules[frame.path].bodies[frame.function].calls[int(text[1:])]
            base, method = self.compiler.chains.callee(frame.path, call.callee)
            if method in ("join", "outerjoin"):
                left = call.args[0] if call.args else ""
                rest = call.args[1:]
                if (base and self.sources.source(frame, base) is not None) or (base[:1] == "#" and not self._is_module(frame, base)):
                    left, rest = base, call.args
                if left:
                    self.placed(draft, frame, left)
                    self.step(draft, ChainStep(method, rest, call.keywords, frame.path, frame.function, int(text[1:]), frame))
                    return
        source = self.sources.source(frame, text)
        if source is not None:
            self.relations.place(draft, source)
            draft.entities.insert(0, source)
            return
        draft.unknown.append(f"what is selected from: {self.compiler.written(frame, text)}")

    def _is_module(self, frame: Frame, text: str) -> bool:
        ref = self.compiler.frames.ref(frame, text)
        return ref is not None and ref.name in ("sqlalchemy", "sqlalchemy.orm")

    # -- eager loading -----------------------------------------------------------------------------

    def options(self, draft: Draft, step: ChainStep) -> None:
        """``options(joinedload(A.b).joinedload(B.c))``: outer joins that nothing is asked of."""
        for frame, text in self.compiler.lists.arguments(step.frame, step.args):
            self._loaded(draft, frame, text, 0)

    def _loaded(self, draft: Draft, frame: Frame, text: str, depth: int) -> Source | None:
        """The source that an option ends at; None if it is loaded by a query of its own."""
        if text[:1] != "#" or not text[1:].isdigit() or depth > 8:
            return None
        call = self.compiler.project.modules[frame.path].bodies[frame.function].calls[int(text[1:])]
        base, method = self.compiler.chains.callee(frame.path, call.callee)
        if method == "options":
            at = self._loaded(draft, frame, base, depth + 1)
            for one in call.args:
                self._loaded(draft, frame, one, depth + 1)
            return at
        before: Source | None = None
        if base[:1] == "#":
            before = self._loaded(draft, frame, base, depth + 1)
            if before is None:
                return None
        if method not in _EAGER:
            return None
        join = "inner" if ("innerjoin", "True") in call.keywords else "left"
        found = before
        for one in call.args:
            way = self.way(frame, one)
            if way is None or (way.left.key not in draft.numbers and found is None):
                return None
            if found is not None:
                way.left = found
            target = self.relations.target(way.relationship)
            if target is None:
                return None
            apart = Source(("eager", way.left.key, way.relationship.name), target.table, "", target.mapped)
            if apart.key in draft.numbers:
                found = apart
                continue
            kept = list(draft.joined)
            found = self._along(draft, frame, way, apart, join, "")
            draft.joined[:] = kept
        return found
