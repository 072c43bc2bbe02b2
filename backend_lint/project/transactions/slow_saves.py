"""Rows that are loaded, then wait for another service, and are saved whole: what others have written to them meanwhile is undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import Body, Call
from backend_lint.project.calls import FunctionKey
from backend_lint.project.libraries import Effect
from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import ClassKey, Framework
from backend_lint.project.transactions.locks import Locks
from backend_lint.project.transactions.overwrites import fields_to_save
from backend_lint.project.transactions.rows import Origin, Row, RowsAtHand, written_fields
from backend_lint.project.transactions.units import in_exclusive_branch

if TYPE_CHECKING:
    from backend_lint.project import Project

_FARTHEST = 3
"""Calls to the other service: what is further away is not seen as one piece of work."""


class Writer(msgspec.Struct, frozen=True):
    """Column `name` is set in line `line` of a function, which saves it."""

    key: FunctionKey
    name: str
    line: int


class SlowSave(msgspec.Struct, frozen=True):
    """`save` writes all of `row` back, after `call` has waited for another service; `writer` sets another column. `fields`: what is changed here."""

    key: FunctionKey
    row: Row
    call: Call
    save: Call
    writer: Writer
    fields: tuple[str, ...]

    @property
    def places(self) -> tuple[tuple[str, int, str], ...]:
        """Path, line and what is there: loaded, waited for, written by somebody else."""
        loaded = ((self.key[0], self.row.loaded.line, "the row is loaded here, without a lock"),) if self.row.loaded is not None else ()
        other = (self.writer.key[0], self.writer.line, f"`{self.row.model.name}.{self.writer.name}` is set here")
        return (*loaded, (self.key[0], self.call.line, "another service is waited for here"), other)

    def message(self, waited: str) -> str:
        """What is lost, and the smallest change. `waited`: the call, as it is shown."""
        fields = ", ".join(f"'{field}'" for field in self.fields)
        what = f"save() writes every column of {self.row.model.name} back as it was before `{waited}` was waited for, {self.writer.name} too"
        return f"{what}, which others set meanwhile; say update_fields=[{fields}]"


class SlowSaves:
    """Answers for one project."""

    def __init__(self, project: Project, locks: Locks, rows: RowsAtHand) -> None:
        self._project = project
        self._locks = locks
        self._rows = rows
        self._writers: dict[ClassKey, list[Writer]] | None = None

    def all(self) -> Iterator[SlowSave]:
        """One a function and model, in order of path and line."""
        if not self._project.loads.uses_django or self._locks.is_serializable:
            return
        for key in self._project.named_calls.functions(("save", "asave")):
            if self._project.modules[key[0]].role is Role.APPLICATION and key[1]:
                yield from self._in_function(key, self._project.calls.body(key))

    def _in_function(self, key: FunctionKey, body: Body) -> Iterator[SlowSave]:
        waits: list[Call] | None = None
        told: set[ClassKey] = set()
        for assign in body.assigns:
            base, _, name = assign.target.rpartition(".")
            if not base or base[0] not in "%#(":
                continue
            row = self._rows.row(key, base)
            if row is None or row.model.framework is not Framework.DJANGO or row.model.key in told or name not in row.model.fields:
                continue
            if row.origin is not Origin.LOADED or row.loaded is None or not row.is_whole:
                continue
            waits = self._waits(key) if waits is None else waits
            indexed = self._project.transactions.indexed(key)
            before = indexed.before(assign.line)
            save = next((call for _, call in indexed.saved_after(base, before) if written_fields(call) is None), None)
            if save is None or self._locks.held(key, before):
                continue
            call = next((one for one in waits if row.loaded.line < one.line < save.line and not in_exclusive_branch(body, one.block, save.block)), None)
            fields = fields_to_save(self._project, key, row) if call is not None else ()
            if call is None or not fields:
                continue
            writer = next((one for one in self.writers.get(row.model.key, ()) if one.key != key and one.name not in fields), None)
            if writer is not None:
                told.add(row.model.key)
                yield SlowSave(key, row, call, save, writer, fields)

    def _waits(self, key: FunctionKey) -> list[Call]:
        """The calls that lead to another service, in order."""
        found = []
        for edge in self._project.calls.edges(key):
            if edge.target.is_external:
                waits = bool(self._project.calls.effect(edge.target) & Effect.HTTP)
            else:
                way = self._project.calls.reaches(key, Effect.HTTP, first=(edge,)) if edge.target.kind is RefKind.FUNCTION else ()
                waits = 0 < len(way) <= _FARTHEST
            if waits:
                found.append(edge.call)
        return sorted(found, key=lambda call: call.line)

    @property
    def writers(self) -> dict[ClassKey, list[Writer]]:
        """Who sets columns of loaded rows that are saved then, by model, in order of path and line."""
        if self._writers is None:
            self._writers = {}
            for key in self._project.named_calls.functions(("save", "asave")):
                if self._project.modules[key[0]].role is not Role.APPLICATION or not key[1]:
                    continue
                for assign in self._project.calls.body(key).assigns:
                    base, _, name = assign.target.rpartition(".")
                    row = self._rows.row(key, base) if base and base[0] in "%#(" else None
                    if row is None or name not in row.model.fields or row.origin is Origin.FRESH:
                        continue
                    if self._project.transactions.indexed(key).saved_after(base, -1):
                        self._writers.setdefault(row.model.key, []).append(Writer(key, name, assign.line))
        return self._writers
