"""INSERT, UPDATE and DELETE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.query import Verb
from backend_lint.project.queries.sqlalchemy_chains import ChainStep
from backend_lint.project.queries.sqlalchemy_draft import Draft
from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.queries.sqlalchemy_sources import Source
from backend_lint.project.queries.sqlalchemy_terms import PARAMETER
from backend_lint.project.queries.sqlalchemy_text import arguments
from backend_lint.project.value_text import constant_string
from backend_lint.sql.conditions import comparison

if TYPE_CHECKING:
    from backend_lint.project.queries.sqlalchemy_compile import Compiler

_VERBS = {"insert": Verb.INSERT, "update": Verb.UPDATE, "delete": Verb.DELETE}


class Writes:
    """What writing statements write."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.sources = compiler.sources

    def begin(self, draft: Draft, step: ChainStep, receiver: str | None) -> None:
        """``insert(User)``, ``users.update()``."""
        draft.verb = _VERBS[step.method]
        text = receiver or (step.args[0] if step.args else dict(step.keywords).get("table", ""))
        source = self.sources.source(step.frame, text) if text else None
        if source is None:
            draft.unknown.append(f"what is written: {self.compiler.written(step.frame, text)}")
            source = Source(("value", step.frame, text))
            draft.unknown_sources[step.frame, text] = source
            draft.add(source)
        else:
            self.compiler.relations.place(draft, source)
        draft.entities.append(source)

    def _target(self, draft: Draft) -> Source | None:
        return draft.sources[0] if draft.sources else None

    def column(self, draft: Draft, frame: Frame, name: str) -> str:
        """The column that a key of ``values`` means: an attribute's name, an attribute, a column's name."""
        source = self._target(draft)
        if name[:1] == "(":
            attribute = self.sources.attribute(frame, name[1:-1])
            if attribute is None:
                return ""
            name, source = attribute.name, attribute.source
        if source is not None and source.mapped is not None and name in source.mapped.fields:
            return source.mapped.fields[name].column
        return name

    def values(self, draft: Draft, step: ChainStep) -> None:
        """``values(name=value)``, ``values({...})``, ``values([{...}])``."""
        for name, frame, value in self._given(step):
            if name == "**":
                continue
            column = self.column(draft, frame, name)
            if column:
                draft.written.append(column)
            if draft.verb is Verb.UPDATE and value and value[:1] not in "'\"":
                self.compiler.expressions.term(draft, frame, value)

    def _given(self, step: ChainStep) -> Iterator[tuple[str, Frame, str]]:
        yield from self.compiler.lists.keywords(step.frame, step.keywords)
        for frame, text in self.compiler.lists.arguments(step.frame, step.args[:1]):
            if text[:1] == "[":
                items = arguments(text)
                text = items[0].removeprefix("*") if items else "?"
            yield from self.compiler.lists.pairs(frame, text)

    def update(self, draft: Draft, step: ChainStep) -> None:
        """``query.update({...})``."""
        draft.verb = Verb.UPDATE
        draft.wide = False
        kept = tuple((name, value) for name, value in step.keywords if name == "values")
        args = step.args or tuple(value for _, value in kept)
        self.values(draft, ChainStep("values", args, (), step.path, step.function, step.call, step.frame))

    def delete(self, draft: Draft, step: ChainStep) -> None:
        """``query.delete()``."""
        draft.verb = Verb.DELETE
        draft.wide = False
        draft.selected.clear()

    def conflict(self, draft: Draft, step: ChainStep) -> None:
        """``on_conflict_do_update(index_elements=[...])``."""
        draft.verb = Verb.UPSERT
        keywords = dict(step.keywords)
        elements = keywords.get("index_elements", "")
        found = []
        for frame, text in self.compiler.lists.items(step.frame, elements) if elements else ():
            name = constant_string(text)
            found.append(self.column(draft, frame, name if name is not None else f"({text})"))
        constraint = constant_string(keywords.get("constraint", ""))
        table = self.sources.table(draft.sources[0].table) if constraint and draft.sources and draft.sources[0].table else None
        if table is not None:
            found += [key.column for index in table.indexes if index.name == constraint for key in index.keys]
        draft.conflict = tuple(name for name in found if name)
        if keywords.get("set_"):
            for name, frame, _ in self.compiler.lists.pairs(step.frame, keywords["set_"]):
                if name != "**" and (column := self.column(draft, frame, name)):
                    draft.written.append(column)

    def from_select(self, draft: Draft, step: ChainStep) -> None:
        """``insert(A).from_select(names, select)``."""
        if len(step.args) < 2:
            return
        for frame, text in self.compiler.lists.items(step.frame, step.args[0]):
            name = constant_string(text)
            column = self.column(draft, frame, name if name is not None else f"({text})") if text != "?" else ""
            if column:
                draft.written.append(column)
        chains = self.compiler.chains.at(step.frame, step.args[1])
        if chains:
            self.compiler.derived(draft, Source(("selected", step.frame, step.args[1]), chains=chains))
        else:
            draft.unknown.append("what is inserted")

    def executed(self, draft: Draft, step: ChainStep) -> None:
        """``execute(insert(User), [{...}])``: the keys of the parameters are written."""
        if draft.verb is Verb.SELECT or len(step.args) < 2 or step.args[1][:1] not in "[{%":
            return
        text = step.args[1]
        source = self._target(draft)
        if draft.verb is Verb.UPDATE and not draft.conditions and source is not None and source.mapped is not None:
            # rows by their primary keys, as the unit of work writes them
            for name in source.mapped.primary_key:
                field = source.mapped.fields.get(name)
                left = self.compiler.relations.column(draft, source, field.column if field is not None else name, field)
                draft.restrict(comparison(left, "=", PARAMETER))
        if text[:1] == "[":
            items = arguments(text)
            text = items[0].removeprefix("*") if items else ""
        if text[:1] == "{":
            for name, frame, _ in self.compiler.lists.pairs(step.frame, text):
                if name != "**" and (column := self.column(draft, frame, name)):
                    draft.written.append(column)
