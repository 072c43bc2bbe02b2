"""Migrations that change the rows of a whole table at once: in SQL, with SQLAlchemy, or with models in ``RunPython``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from backend_lint.facts import ddl
from backend_lint.facts.act import Act, ActKind
from backend_lint.facts.python import Assign, BlockKind, Body, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around, loop_depth
from backend_lint.project.migrating.model import Migration, Runner
from backend_lint.project.references import RefKind
from backend_lint.project.schema.django import django_project
from backend_lint.project.schema.django_graph import attribute
from backend_lint.project.schema.django_values import Made, Named, Scope, ValueReader
from backend_lint.project.value_text import parse

if TYPE_CHECKING:
    from backend_lint.project import Project

_NEVER_FALSE = ("timestamp", "date", "uuid")
_LONGEST = 30
"""Calls of one chain."""
_BOUND = lazy_regex(r"(?:^|_)(?:id|pk|uuid|key|code|slug|name|email)(?:__(?:in|gt|gte|lt|lte|range|exact))?$|__range$|__in$")
_OPEN = lazy_regex(r"__(?:isnull|ne)$")


class Backfill(NamedTuple):
    """Rows of `table` are changed at a place. `way`: ``statement`` (for all), ``delete``, ``loop`` (one each, in one transaction). `model`: Django's names."""

    path: str
    line: int
    table: str
    way: str
    mixed: bool
    model: tuple[str, str] | tuple[()] = ()


def backfills(project: Project, migration: Migration) -> Iterator[Backfill]:
    """What a migration does to the rows of whole tables that may be large."""
    new = {(step.done.table, step.done.change.column.name) for step in migration.steps if isinstance(step.done.change, ddl.AddColumn)}
    mixed = migration.transaction is True and any(_locks(step.done.change) for step in migration.steps)
    for step in migration.steps:
        act = step.done.change
        if not isinstance(act, Act) or act.kind not in (ActKind.UPDATE, ActKind.DELETE) or act.bounded:
            continue
        if step.done.doubted or not project.migrations.waits(step):
            continue
        fills = any((step.done.table, column) in new for column in act.columns)
        if fills or not act.selective:
            yield Backfill(step.done.path, step.done.line, step.done.table, "delete" if act.kind is ActKind.DELETE else "statement", mixed)
    if migration.runner is Runner.DJANGO:
        made = {step.done.table for step in migration.steps if step.fresh}
        for found in _of_models(project, migration, mixed):
            if found.table not in made and project.migrations.has_rows(found.table, migration.beside):
                yield found


def _locks(change: ddl.Change | Act) -> bool:
    return not isinstance(change, Act | ddl.Seed | ddl.Forget | ddl.CreateTable)


# -- RunPython


def _of_models(project: Project, migration: Migration, mixed: bool) -> Iterator[Backfill]:
    reader = django_project(project).values
    for operation in attribute(reader, migration.path, migration.node.owner, "operations"):
        if not isinstance(operation, Made) or operation.last != "RunPython":
            continue
        code = operation.get("code", 0)
        if isinstance(code, Made) and code.last == "partial":
            code = code.get("func", 0)
        ref = code.ref if isinstance(code, Named) else None
        if ref is None or ref.kind is not RefKind.FUNCTION:
            continue
        wrapped = migration.transaction is not False and operation.get("atomic") is not False
        added = [step.done.change.column for step in migration.steps if isinstance(step.done.change, ddl.AddColumn)]
        filled = {column.name: column.type.startswith(_NEVER_FALSE) for column in added if column.nullable is False}
        yield from _Function(project, reader, ref.path, ref.index).found(wrapped, mixed, filled)


class _Function:
    """A function of a migration, as far as it changes rows of models."""

    def __init__(self, project: Project, reader: ValueReader, path: str, index: int) -> None:
        self.project = project
        self.reader = reader
        self.path = path
        self.index = index
        self.body: Body = project.modules[path].bodies[index]
        self.labels: dict[str, tuple[str, str]] = {}

    def found(self, wrapped: bool, mixed: bool, filled: Mapping[str, bool]) -> Iterator[Backfill]:
        """`filled`: columns that have a value in each row before the function runs, and whether it is true."""
        for call in self.body.calls:
            base, _, method = call.callee.rpartition(".")
            if method == "update" and not self._is_in_batches(call):
                table = self._whole(base)
                if table:
                    yield Backfill(self.path, call.line, table, "statement", mixed, self.labels.get(table, ()))
            elif method == "save" and wrapped and base.endswith("[]") and not self._is_in_batches(call) and not self._never_changes(base, filled):
                table = self._whole(base.removesuffix("[]"))
                if table:
                    yield Backfill(self.path, call.line, table, "loop", mixed, self.labels.get(table, ()))
            elif method == "bulk_update" and wrapped and not any(loop_depth(self.body, one.block) for one in self.body.calls if one.callee == call.callee):
                table = self._whole(base)
                if table and any(block.kind is BlockKind.FOR and self._whole(block.subject) == table for block in self.body.blocks):
                    yield Backfill(self.path, call.line, table, "statement", mixed, self.labels.get(table, ()))

    def _never_changes(self, row: str, filled: Mapping[str, bool]) -> bool:
        """All that is set of a row is set where it is empty, which it never is."""
        assigned = [one for one in self.body.assigns if one.target.rpartition(".")[0] == row]
        return bool(assigned) and all(self._is_guarded(one, filled) for one in assigned)

    def _is_guarded(self, assign: Assign, filled: Mapping[str, bool]) -> bool:
        name, block = assign.target.rpartition(".")[2], self.body.blocks[assign.block]
        if name not in filled or block.kind is not BlockKind.IF:
            return False
        return block.subject.strip("()") in (f"{assign.target} is None", *([f"not {assign.target}"] if filled[name] else []))

    def _is_in_batches(self, call: Call) -> bool:
        """A loop around it that is not over the rows themselves: it takes them in pieces, or tries again until none is left."""
        return any(
            one.kind is BlockKind.WHILE or (one.kind is BlockKind.FOR and not self._whole(one.subject)) for _, one in around(self.body, call.block)
        )

    def _whole(self, text: str) -> str:
        """The table of a queryset that may be all of its rows; empty if it is another, or limited."""
        for _ in range(_LONGEST):
            parsed = parse(text)
            if parsed is None or any("[" in str(step) for step in parsed.steps):
                return ""
            if not parsed.root.startswith("#") or not parsed.root[1:].isdigit():
                return ""
            call = self.body.calls[int(parsed.root[1:])]
            method = call.callee.rpartition(".")[2]
            if method == "get_model":
                return self._table(call)
            if method in ("filter", "exclude", "get", "select_for_update", "using", "order_by", "only", "defer", "iterator", "all", "annotate"):
                if method == "get" or (method in ("filter", "exclude") and self._limits(call, method)):
                    return ""
                text = call.callee.rpartition(".")[0]
                continue
            return ""
        return ""

    def _limits(self, call: Call, method: str) -> bool:
        """A condition that may leave few rows. That something is null, or is not something, leaves most."""
        if call.args:
            return True
        for name, value in call.keywords:
            if name == "**" or _BOUND.search(name):
                return True
            if not (_OPEN.search(name) or value == "None" or (method == "exclude" and not name.endswith("__in"))):
                return True
        return False

    def _table(self, call: Call) -> str:
        """The table of ``apps.get_model("shop", "Order")``."""
        parts: list[Any] = [self.reader.through(self.reader.value(Scope(self.path, self.index), text)) for text in call.args[:2]]
        written = ".".join(part for part in parts if isinstance(part, str))
        label = written.lower()
        if label.count(".") != 1:
            return ""
        state = django_project(self.project).states.get(label)
        mapped = self.project.schema.mapped.get(state.key) if state is not None and state.key is not None else None
        table = mapped.table if mapped is not None and mapped.table else label.replace(".", "_")
        app, _, name = written.partition(".")
        if app.isidentifier() and name.isidentifier():
            self.labels[table] = app, name
        return table
