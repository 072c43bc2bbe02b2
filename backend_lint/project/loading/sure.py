"""Which loads of single rows nobody doubts: of a request or a job that is known to run, of a table that grows, with advice that is complete."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING

from backend_lint.api import Role
from backend_lint.facts.route import EntryKind
from backend_lint.project.blocks import inside
from backend_lint.project.calls import FunctionKey
from backend_lint.project.libraries import Effect
from backend_lint.project.loading.elements import items_of
from backend_lint.project.loading.lazy import is_slight
from backend_lint.project.loading.loops import loop_of
from backend_lint.project.loading.reach import is_aside, is_for_staff, is_seldom
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey, Framework
from backend_lint.project.schema.sizes import is_of_people, is_set_up, may_be_small, owns_all_else

if TYPE_CHECKING:
    from backend_lint.facts.python import Call
    from backend_lint.facts.schema import Index, Table
    from backend_lint.project import Project
    from backend_lint.project.loading import Rows
    from backend_lint.project.loading.lazy import Lazy, Missing
    from backend_lint.project.loading.serialized import Serialized
    from backend_lint.project.loading.template_pages import Page

_MOST_STEPS = 3
"""How many functions away a read is that a reviewer still follows."""
_ONE_PAGE = 20
"""Rows that are so few that the queries for each are not what makes it slow."""
_SAVES = frozenset("save asave delete adelete create acreate get_or_create update_or_create bulk_create bulk_update".split())
_UPDATES = frozenset({"update", "aupdate"})
_OF_OBJECT = frozenset({"pk", "id"})


class Sure:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def loop(self, found: Lazy) -> bool:
        """A loop of a request, or of a job that something starts, that writes nothing for each row."""
        if all(one.read.key for one in found.missing):
            return False  # whether its rows go anywhere else, and what is read of them there, decides what to do
        if found.rows.call is None or not self._is_plain(found.rows, found.missing) or not self._is_run(found.key) or is_slight(self._project, found):
            return False
        loop = loop_of(found.block, self._project.calls.body(found.key).blocks[found.block])
        body = self._project.calls.body(found.key)
        items = items_of(body, found.block)
        writes = self._project.loads.repeats.effects(found.key, loop) & Effect.DATABASE_WRITE or any(
            (_saves(call) or self._row_writes(call, items, found.rows.model)) and inside(body, call.block, found.block) for call in body.calls
        )
        one_parent = "**" in found.rows.fixed  # perhaps, nobody knows what is asked for
        sought = any(inside(body, block, found.block) for _, block in body.breaks) or any(inside(body, one.block, found.block) for one in body.returns)
        if writes or one_parent or sought or is_for_staff(self._project, found.key):
            return False
        return not self._is_handful(found.rows) and self.grows(found.rows.model)

    def _row_writes(self, call: Call, items: tuple[str, ...], model: ClassKey) -> bool:
        """A method of the row itself, which writes."""
        receiver, _, method = call.callee.rpartition(".")
        member = self._project.resolver.classes.find(Ref(RefKind.CLASS, "", *model), method) if receiver in items else None
        if member is None or not isinstance(member[1], int):
            return False
        return bool(self._project.calls.summary((member[0].path, member[1])) & Effect.DATABASE_WRITE)

    def page(self, page: Page) -> bool:
        """A template that a view shows."""
        # what a function puts together may be less, or more, than one query
        plain = bool(page.missing) and page.rows.ran is None and self._is_plain(page.rows, page.missing)
        plain = plain and not page.rows.own and not is_for_staff(self._project, page.key)
        return plain and self.grows(page.rows.model) and self._is_run(page.key)

    def listed(self, found: Serialized) -> bool:
        """A list that a known route answers with."""
        if not found.missing or not found.routes or not found.alone or not self._is_plain(found.rows, found.missing):
            return False
        if len(found.queries) > len(found.missing):  # they are what makes it slow, and no join helps them
            return False
        if is_for_staff(self._project, found.key, found.view) or self._is_handful(found.rows):
            return False
        return (found.is_view or (self._is_run(found.key) and not is_aside(self._project, found.key))) and self.grows(found.rows.model)

    def is_slight_list(self, found: Serialized) -> bool:
        """Staff alone asks for it, or all rows belong to one other object, which has no more than some of them as a rule."""
        return found.rows.own or self.of_one(found.rows) or is_for_staff(self._project, found.key, found.view)

    def is_slight_loop(self, found: Lazy) -> bool:
        """The same of a loop, or nothing is known to run it, or each of its rounds does something that takes longer."""
        aside = is_seldom(self._project, found.key) or is_for_staff(self._project, found.key)
        return aside or self.of_one(found.rows) or is_slight(self._project, found)

    def of_one(self, rows: Rows) -> bool:
        """All rows belong to one other object, which has no more than some of them as a rule."""
        mapped = self._project.schema.mapped.get(rows.model)
        return mapped is not None and any(name in mapped.relationships or self._leads_to_person(rows.model, name) for name in rows.fixed)

    def _leads_to_person(self, model: ClassKey, name: str) -> bool:
        """A condition through other tables names one person: ``order__user__user=user``."""
        at: ClassKey | None = model
        relation = None
        for part in name.split("__"):
            mapped = self._project.schema.mapped.get(at) if at is not None else None
            relation = mapped.relationships.get(part) if mapped is not None else None
            at = relation.target if relation is not None and not relation.many else None
        found = self._project.schema.mapped.get(at) if at is not None else None
        return relation is not None and not relation.many and is_of_people(found.table if found is not None else relation.name)

    def _is_handful(self, rows: Rows) -> bool:
        """The rows of one object, of which there are no more than rows of a table that somebody sets up: its values of fields that an administrator thought of.

        A unique key over both says so; or both are all that the row refers to, it has no time of its own, and nothing at work adds to the other table.
        """
        mapped = self._project.schema.mapped.get(rows.model)
        table = self._project.schema.table(mapped.table) if mapped is not None and mapped.framework is Framework.DJANGO else None
        if mapped is None or table is None:
            return False
        keys = [one for one in mapped.relationships.values() if one.columns and not (one.many or one.reverse or one.generic)]
        fixed = {column for one in keys if one.name in rows.fixed for column in one.columns}
        others = [one for one in keys if one.name not in rows.fixed]
        if not fixed or not others:
            return False
        own = rows.own and any(_is_of_person(table, column) for column in fixed)
        few = [one for one in others if one.target is not None and (not self.grows(one.target) or (own and self._owns_all(one.target)))]
        set_up = {column for one in few for column in one.columns}
        for index in table.indexes:
            columns = {key.column for key in index.keys}
            if index.unique and index.where is None and columns & fixed and columns & set_up and columns <= fixed | set_up:
                return True
        dated = any(column.type.startswith(("timestamp", "date", "time")) for column in table.columns)
        return not dated and set_up == {column for one in others for column in one.columns}

    def _owns_all(self, model: ClassKey) -> bool:
        """Organisations, projects and the like: one person has to do with a few."""
        mapped = self._project.schema.mapped.get(model)
        return mapped is not None and owns_all_else(mapped.table)

    def grows(self, model: ClassKey) -> bool:
        """Requests, jobs or consumers add rows to its table, and it is none that somebody keeps by hand."""
        mapped = self._project.schema.mapped.get(model)
        table = self._project.schema.table(mapped.table) if mapped is not None else None
        if mapped is None or table is None or may_be_small(table, mapped.name) or is_set_up(table) or _is_bounded(table):
            return False
        return table.rows is not None or table.name in self._project.growing.requested or model in self._posted

    def _is_run(self, key: FunctionKey) -> bool:
        found = self._project.reached_from(key)
        if found is None or self._project.modules[key[0]].role is not Role.APPLICATION or is_seldom(self._project, key):
            return False
        entry, _ = found
        if entry.kind is EntryKind.TASK:
            return (entry.module, entry.function) in self._started
        return entry.kind in (EntryKind.ROUTE, EntryKind.WEBSOCKET, EntryKind.CONSUMER)

    @functools.cached_property
    def _started(self) -> frozenset[FunctionKey]:
        """The tasks that some code of the application hands to their queue."""
        dispatches = self._project.transactions.dispatches
        return frozenset(one.task for key in dispatches.functions for one in dispatches.of(key) if one.task is not None)

    @functools.cached_property
    def _posted(self) -> frozenset[ClassKey]:
        """The models of which generic views make rows for who sends them."""
        posted = [one for one in self._project.routes if one.method == "POST" and one.framework == "drf" and one.name.endswith((".create", ".post"))]
        views = dict.fromkeys(one.owner for one in posted if one.owner is not None)
        return frozenset(rows.model for view in views for rows in self._project.loads.serializer_uses.rows_of(view))

    def _is_plain(self, rows: Rows, missing: Iterable[Missing]) -> bool:
        """What is read is read of every row, near by, and is all that the object is asked for; the query can load it as it stands."""
        if rows.most <= _ONE_PAGE or rows.locked or (rows.streamed and any(one.many or one.behind_many for one in missing)):
            return False
        found = list(missing)
        if 2 * sum(self._is_fixed(rows, one) for one in found) >= len(found):
            return False
        return all(not one.read.conditional and len(one.read.trail) <= _MOST_STEPS and not self._goes_on(one) for one in found)

    @staticmethod
    def _is_fixed(rows: Rows, one: Missing) -> bool:
        """All rows have the same: one look-up before the loop is enough, and there are other ways than the query's to it."""
        return rows.framework is Framework.DJANGO and one.path[0] in rows.fixed

    def _goes_on(self, one: Missing) -> bool:
        """A method of the related object is called: what that reads may be more than is known."""
        relation, name = one.read.relation, one.read.relation.name
        parts = one.read.trail[-1].text.partition("(")[0].split(".")
        if one.many or relation.target is None or name not in parts:
            return False
        behind = parts[parts.index(name) + 1 :][:1]
        target = self._project.schema.mapped.get(relation.target)
        onward = target.relationships.get(behind[0]) if target is not None and behind else None
        known = target is not None and (not behind or behind[0] in target.fields or (onward is not None and not onward.generic))
        return not known and bool(behind) and behind[0] not in _OF_OBJECT and not behind[0].endswith("_id")


def _saves(call: Call) -> bool:
    """It looks like a write, whatever it is called on."""
    method = call.callee.rpartition(".")[2]
    return method in _SAVES or (method in _UPDATES and bool(call.keywords))


def _is_of_person(table: Table, column: str) -> bool:
    return any(is_of_people(key.table) and key.columns == (column,) for key in table.foreign_keys)


def _is_bounded(table: Table) -> bool:
    """A unique key of few possible values and one parent: each has no more rows than there are such values."""
    return any(_bounds(table, index) for index in table.indexes if index.unique and index.where is None)


def _bounds(table: Table, index: Index) -> bool:
    columns = [table.column(key.column) for key in index.keys]
    closed = [column for column in columns if column is not None and column.closed]
    return bool(closed) and len(closed) >= len(columns) - 1 and None not in columns
