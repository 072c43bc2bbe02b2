"""Rows that are saved whole although others count on one of their columns meanwhile.

``save()`` without ``update_fields`` writes every column back as it was loaded: what ``F("hits") + 1`` has added since then is gone.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import Body, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey, Framework
from backend_lint.project.schema.stamped import is_stamped
from backend_lint.project.transactions.indexed import Indexed
from backend_lint.project.transactions.locks import Locks
from backend_lint.project.transactions.rows import Origin, Row, RowsAtHand, written_fields
from backend_lint.project.transactions.scopes import LEFT_OUT
from backend_lint.project.value_text import alternatives, call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project

OF_ONE = lazy_regex(r"job|task|run$|progress|import|export|scan|batch", re.IGNORECASE)
"""Rows of work under way: the worker that counts is the one that saves."""
_FEW = 4
_DEEP = 2
"""Calls behind the first that a row is followed through."""


class Counter(msgspec.Struct, frozen=True):
    """A column that the database itself adds to, in line `line` of the file at `path`."""

    name: str
    path: str
    line: int
    key: FunctionKey


class Overwrite(msgspec.Struct, frozen=True):
    """`save` writes all columns of `row` back, `counter` among them. `fields`: what is changed; empty if others, whom the row is handed to, change it too."""

    key: FunctionKey
    row: Row
    save: Call
    counter: Counter
    fields: tuple[str, ...]
    at_once: bool = False
    """Hardly anything lies between loading and saving."""


class Overwrites:
    """Answers for one project."""

    def __init__(self, project: Project, locks: Locks, rows: RowsAtHand) -> None:
        self._project = project
        self._locks = locks
        self._rows = rows

    def all(self) -> Iterator[Overwrite]:
        """In order of path and line."""
        if not self.counters or self._locks.is_serializable:
            return
        for key in self._project.named_calls.functions(("save", "asave")):
            if self._project.modules[key[0]].role is Role.APPLICATION and key[1]:
                yield from self._in_function(key, self._project.calls.body(key))

    @functools.cached_property
    def counters(self) -> Mapping[ClassKey, Counter]:
        """For each model the first column of it that is added to by ``F()``."""
        found: dict[ClassKey, Counter] = {}
        if not self._project.loads.uses_django:
            return found
        for key, numbers in self._project.named_calls.functions(("F",)).items():
            if self._project.modules[key[0]].role not in LEFT_OUT and key[1]:
                for model, name, line in self._added(key, self._project.calls.body(key), set(numbers)):
                    found.setdefault(model, Counter(name, key[0], line, key))
        return found

    def _added(self, key: FunctionKey, body: Body, expressions: set[int]) -> Iterator[tuple[ClassKey, str, int]]:
        for assign in body.assigns:
            base, _, name = assign.target.rpartition(".")
            if base and self._adds(body, assign.value, name, expressions) and (row := self._rows.row(key, base)) is not None and name in row.model.fields:
                yield row.model.key, name, assign.line
        for number, call in enumerate(body.calls):
            if call.callee.endswith((".update", ".aupdate")):
                names = [name for name, text in call.keywords if self._adds(body, text, name, expressions)]
                for chain in self._project.loads.django.ended(*key, number) if names else ():
                    mapped = self._project.schema.mapped.get(chain.model)
                    if mapped is not None and names[0] in mapped.fields:
                        yield chain.model, names[0], call.line

    @staticmethod
    def _adds(body: Body, text: str, name: str, expressions: set[int]) -> bool:
        return text[:1] == "(" and any(body.calls[number].args[:1] == (f"'{name}'",) for number in expressions.intersection(call_ids(text)))

    def _in_function(self, key: FunctionKey, body: Body) -> Iterator[Overwrite]:
        told: set[ClassKey] = set()
        for assign in body.assigns:
            base, _, name = assign.target.rpartition(".")
            if not base or base[0] not in "%#(":
                continue
            row = self._rows.row(key, base)
            counter = self.counters.get(row.model.key) if row is not None and row.model.framework is Framework.DJANGO else None
            if row is None or counter is None or row.model.key in told or OF_ONE.search(row.model.name):
                continue
            if row.origin is not Origin.LOADED or name not in row.model.fields or name == counter.name:
                continue
            indexed = self._project.transactions.indexed(key)
            before = indexed.before(assign.line)
            save = next((call for _, call in indexed.saved_after(base, before) if written_fields(call) is None), None)
            if save is None or counter.key == key or self._locks.held(key, before):
                continue
            changed = _changed(indexed, row.text, row)
            fields = fields_to_save(self._project, key, row)
            # what the function sets itself it means to write
            if counter.name not in (*changed, *fields) and (fields or (changed and indexed.set_by_name.isdisjoint(alternatives(row.text)))):
                told.add(row.model.key)
                at_once = row.loaded is not None and sum(row.loaded.line <= call.line <= save.line for call in body.calls) <= _FEW
                yield Overwrite(key, row, save, counter, fields, at_once)


def fields_to_save(project: Project, key: FunctionKey, row: Row) -> tuple[str, ...]:
    """What ``update_fields`` must name: the fields that a function has changed of a row, and those that saving sets; empty if any may have been changed."""
    indexed = project.transactions.indexed(key)
    if not indexed.set_by_name.isdisjoint(alternatives(row.text)) or _is_changed_elsewhere(project, key, set(alternatives(row.text)), _DEEP):
        return ()
    fields = _changed(indexed, row.text, row)
    return (*fields, *_set_on_save(project, row, fields))


def _is_changed_elsewhere(project: Project, key: FunctionKey, texts: set[str], depth: int) -> bool:
    """The row is handed to a function that sets attributes of what it is given, or to a method of its own that is not known."""
    edges, indexed = project.calls.numbered(key), project.transactions.indexed(key)
    for number in sorted({number for text in texts for number in indexed.passed.get(text, ())}):
        edge, call = edges.get(number), indexed.body.calls[number]
        if edge is None:
            if any(call.callee.startswith(f"{text}.") for text in texts):
                return True
        elif edge.target.kind is RefKind.FUNCTION and edge.target.function != key:
            inner = edge.target.function
            given = {f"%{one.name}" for one in project.calls.head(inner).parameters} - {"%self", "%cls"}
            if any(assign.target.rpartition(".")[0] in given for assign in project.calls.body(inner).assigns):
                return True
            if depth and _is_changed_elsewhere(project, inner, given, depth - 1):
                return True
    return False


def _set_on_save(project: Project, row: Row, fields: tuple[str, ...]) -> Iterator[str]:
    """Columns that `save` fills in itself, which ``update_fields`` would leave out: ``auto_now``, and what the model's own ``save`` assigns."""
    ref = Ref(RefKind.CLASS, row.model.name, *row.model.key)
    methods, _ = project.resolver.classes.members(*row.model.key)
    own = project.modules[row.model.key[0]].bodies[methods["save"]].assigns if "save" in methods else ()
    assigned = {assign.target.removeprefix("%self.") for assign in own if assign.target.startswith("%self.")}
    for name, field in row.model.fields.items():
        if name not in fields and (name in assigned or (field.kind.endswith(("DateTimeField", "DateField")) and is_stamped(project, ref, name))):
            yield name


def _changed(indexed: Indexed, base: str, row: Row) -> tuple[str, ...]:
    names = [name for option in alternatives(base) for name in indexed.names.get(option, ())]
    return tuple(dict.fromkeys(name for name in names if name in row.model.fields or name in row.model.relationships))
