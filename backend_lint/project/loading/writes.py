"""Rows that are written one at a time in a loop, where one statement could write them all."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import Assign, BlockKind, Body, Call
from backend_lint.project.blocks import around, inside
from backend_lint.project.calls import FunctionKey
from backend_lint.project.libraries import Effect
from backend_lint.project.loading.loops import Dependence, Loop, leaves_at_once, loop_of, loops_around
from backend_lint.project.loading.repeats import Repeat
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey, Framework
from backend_lint.project.schema.stamped import is_stamped
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project

_REMOTE = Effect.HTTP | Effect.MAIL | Effect.QUEUE | Effect.SUBPROCESS | Effect.SLEEP | Effect.FILE
_SIGNALS = frozenset({"pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed"})
_KEPT_HISTORY = ("HistoricalRecords", "AuditlogHistoryField", "FieldTracker", "MonitorField")
_LISTENING = ("mptt.", "treebeard.", "wagtail.", "polymorphic.", "simple_history.", "reversion.", "django_lifecycle.", "django_fsm")
"""Libraries whose models do something when they are saved."""
_CURES = {"create": "bulk_create([...])", "save": ".update(...)", "update": ".filter(pk__in=...)", "delete": ".delete()"}


class How(enum.StrEnum):
    """What is done for each item, and what would do it for all."""

    CREATE = "create"
    SAVE = "save"
    UPDATE = "update"
    DELETE = "delete"
    COMMIT = "commit"
    ASSIGN = "assign"


class Write(msgspec.Struct, frozen=True):
    """A write once an item. `at`: the call, or the assignment of an attribute. `cure`: what writes all, if the loop does no more than that."""

    path: str
    function: int
    loop: Loop
    how: How
    model: str
    at: Call | Assign
    cure: str = ""


class Writes:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def all(self, roles: frozenset[Role]) -> Iterator[Write]:
        """Each loop once, in order of path and line."""
        told: set[tuple[str, int, int]] = set()
        for found in self._found(roles):
            state = found.path, found.function, found.loop.number
            if state not in told:
                told.add(state)
                yield found

    def _found(self, roles: frozenset[Role]) -> Iterator[Write]:
        for repeat in self._project.loads.repeats.all(Effect.DATABASE_WRITE, roles, hops=0):
            if (write := self._django(repeat)) is not None:
                yield write
        committing = self._project.named_calls.functions(("commit",))
        for module, index, _, body in self._project.functions():
            if module.role in roles and index:
                if (module.path, index) in committing:
                    yield from self._committed(module.path, index, body)
                yield from self._assigned(module.path, index, body)

    # -- Django ------------------------------------------------------------------------------------

    def _django(self, repeat: Repeat) -> Write | None:
        body = self._project.calls.body(repeat.key)
        method = repeat.call.callee.rpartition(".")[2]
        if method not in ("save", "create", "update", "delete") or not self._alone(repeat.key, body, repeat.call, repeat.loop):
            return None
        number = repeat.way[0].edge.number
        model = self._model(repeat, number, method)
        if model is None or not self._may_be_bulk(model):
            return None
        if any(_is_used(body, one, repeat.loop) for one in _creates(body, repeat.loop)):
            return None  # each row needs another one's key
        if method in ("update", "delete") and self._is_one_of_several(repeat, body):
            return None
        if method == "update" and self._is_related(repeat.path, repeat.function, number):
            return None
        if method == "save" and _is_used_later(body, number, repeat.call.callee.rpartition(".")[0], repeat.loop):
            return None
        cure = _CURES[method] if not self._is_nested(repeat.path, repeat.function, repeat.loop) else ""
        fields, ref = self._project.schema.mapped[model].fields, Ref(RefKind.CLASS, "", *model)
        if cure and method == "save" and any(is_stamped(self._project, ref, name) for name in fields):
            cure = ""  # the queryset's `update` leaves the time of the last change as it was
        return Write(repeat.path, repeat.function, repeat.loop, How(method), self._project.schema.mapped[model].name, repeat.call, cure)

    def _is_nested(self, path: str, function: int, loop: Loop) -> bool:
        """The loop runs in another one, which would go on writing its portions one by one."""
        around_it = self._project.modules[path].bodies[function].blocks[loop.number].parent
        return any(True for _ in loops_around(self._project.modules[path], function, around_it))

    def _is_one_of_several(self, repeat: Repeat, body: Body) -> bool:
        """The items are told apart: some are written in this way, the others in another."""
        writes = self._project.loads.repeats.direct(repeat.key, Effect.DATABASE_WRITE)
        return any(edge.call.block != repeat.call.block and inside(body, edge.call.block, repeat.loop.number) for edge, _ in writes)

    def _is_related(self, path: str, function: int, number: int) -> bool:
        """It writes the rows that belong to the item, not the item."""
        django = self._project.loads.django
        return any(step.relation is not None for chain in django.ended(path, function, number) for step in chain.steps)

    def _model(self, repeat: Repeat, number: int, method: str) -> ClassKey | None:
        django = self._project.loads.django
        if not self._project.loads.uses_django:
            return None
        if method != "save":
            chains = django.ended(repeat.path, repeat.function, number)
            if chains:
                return chains[0].model
        if method in ("save", "delete"):
            return django.instance(repeat.path, repeat.function, repeat.call.callee.rpartition(".")[0])
        return None

    def _may_be_bulk(self, model: ClassKey) -> bool:
        """Nothing of the model happens in ``save`` or in a signal, which bulk operations leave out."""
        mapped = self._project.schema.mapped.get(model)
        if mapped is None or mapped.framework is not Framework.DJANGO or mapped.parent is not None or "*" in self._signalled or mapped.name in self._signalled:
            return False
        ref = Ref(RefKind.CLASS, "", *model)
        classes = self._project.resolver.classes
        if any((found := classes.find(ref, name)) is not None and isinstance(found[1], int) for name in ("save", "delete")):
            return False
        for base in classes.ancestors(*model):
            if base.kind is RefKind.EXTERNAL:
                if base.name.startswith(_LISTENING):
                    return False
                continue
            module = self._project.modules[base.path]
            for attribute in module.classes[base.index].attributes:
                for number in call_ids(attribute.value):
                    if module.bodies[attribute.function].calls[number].callee.endswith(_KEPT_HISTORY):
                        return False
        return True

    @functools.cached_property
    def _signalled(self) -> frozenset[str]:
        """The names of models whose saves somebody is told of; ``*`` if somebody is told of all."""
        names: set[str] = set()
        for _, _, _, call in self._project.named_calls.calls("connect", "receiver", without=(Role.TEST,)):
            receiver, _, last = call.callee.rpartition(".")
            signal = receiver if last == "connect" else call.args[0] if call.args else ""
            if signal and any(signal.rstrip("]").endswith(name) for name in _SIGNALS):
                sender = next((text for key, text in call.keywords if key == "sender"), "*")
                names.add(sender.strip("'\"").rpartition(".")[2] if sender != "*" else "*")
        return frozenset(names)

    def _alone(self, key: FunctionKey, body: Body, call: Call, loop: Loop) -> bool:
        """Nothing else in the loop takes longer, and no item's failure is kept from the others."""
        for number, block in around(body, call.block):
            if number == loop.number:
                break
            if block.kind in (BlockKind.TRY, BlockKind.HANDLER, BlockKind.WITH):
                return False
        return not self._project.loads.repeats.effects(key, loop) & _REMOTE

    # -- SQLAlchemy --------------------------------------------------------------------------------

    def _committed(self, path: str, function: int, body: Body) -> Iterator[Write]:
        """``session.add(x)`` and ``session.commit()`` for each item."""
        module = self._project.modules[path]
        for call in body.calls:
            receiver, _, method = call.callee.rpartition(".")
            if method != "commit" or not receiver or body.blocks[call.block].kind is not BlockKind.FOR:
                continue
            loop = next(loops_around(module, function, call.block), None)
            if loop is None or loop.number != call.block or leaves_at_once(body, loop) or not self._is_session(path, function, receiver, method):
                continue
            changes = {f"{receiver}.{name}" for name in ("add", "merge", "delete")}
            added = [one for one in body.calls if one.callee in changes and inside(body, one.block, loop.number)]
            dependence = Dependence.on_item(body, loop)
            if any(dependence.of(arg) for one in added for arg in one.args) and self._alone((path, function), body, call, loop):
                cure = f"{receiver.lstrip('%')}.commit()" if not self._is_nested(path, function, loop) else ""
                yield Write(path, function, loop, How.COMMIT, "", call, cure)

    def _is_session(self, path: str, function: int, receiver: str, method: str) -> bool:
        ref = self._project.value(path, function, f"{receiver}.{method}")
        return ref is not None and ref.is_external and ref.name.startswith(("sqlalchemy.", "sqlmodel.", "flask_sqlalchemy."))

    def _assigned(self, path: str, function: int, body: Body) -> Iterator[Write]:
        """All that a loop does with its rows is to give them the same values."""
        for number, block in enumerate(body.blocks):
            if block.kind is not BlockKind.FOR or not block.subject or block.subject[0] in "[{'\"":
                continue
            inner = [assign for assign in body.assigns if assign.block == number]
            elements = (f"{block.subject}[].", f"%{block.target}.") if block.target else (f"{block.subject}[].",)
            if not inner or not all(assign.target.startswith(elements) for assign in inner) or any(other.parent == number for other in body.blocks):
                continue
            loop = loop_of(number, block)
            dependence = Dependence.on_item(body, loop)
            if any(assign.augmented or dependence.of(assign.value) or "(" in assign.value for assign in inner) or not _only_adds(body, number):
                continue
            if _is_needed(body, number, block.subject):
                continue
            rows = self._project.loads.rows(path, function, block.subject)
            if rows and all(one.framework is Framework.SQLALCHEMY and not one.loaded.plain for one in rows) and self._are_columns(rows[0].model, inner):
                name = self._project.schema.mapped[rows[0].model].name
                yield Write(path, function, loop, How.ASSIGN, name, inner[0])

    def _are_columns(self, model: ClassKey, assigns: list[Assign]) -> bool:
        mapped = self._project.schema.mapped[model]
        names = [assign.target.rpartition(".")[2] for assign in assigns]
        return all(name in mapped.fields or (name in mapped.relationships and not mapped.relationships[name].many) for name in names)


def _is_needed(body: Body, number: int, rows: str) -> bool:
    """The rows are wanted for more than to be changed: the function returns them, goes through them again or hands them on."""
    mentions = re.compile(re.escape(rows) + r"(?![\w\[])")
    texts = [one.value for one in body.returns] + [one.subject for index, one in enumerate(body.blocks) if index != number]
    texts += [text for call in body.calls if not call.callee.endswith(("add_all", "len", ".info", ".debug")) for text in call.args if text[:4] != "len("]
    return any(mentions.search(text) for text in texts)


def _only_adds(body: Body, block: int) -> bool:
    return all(call.callee.rpartition(".")[2] in ("add", "now", "utcnow", "utc_now") for call in body.calls if call.block == block)


def _creates(body: Body, loop: Loop) -> list[int]:
    return [number for number, call in enumerate(body.calls) if call.callee.endswith((".create", ".acreate")) and inside(body, call.block, loop.number)]


def _is_used_later(body: Body, number: int, value: str, loop: Loop) -> bool:
    """What was saved is needed with its key in the rest of the round."""
    later = [call for call in body.calls[number + 1 :] if inside(body, call.block, loop.number)]
    texts = [text for call in later for text in (*call.args, *(text for _, text in call.keywords))]
    pattern = re.compile(re.escape(value) + r"(?!\w)")
    made = value[:1] == "#" and value[1:].isdigit() and inside(body, body.calls[int(value[1:])].block, loop.number)
    return (made or value[:1] == "%") and any(pattern.search(text) for text in texts)


def _is_used(body: Body, number: int, loop: Loop) -> bool:
    """The loop goes on with what was created."""
    value = f"#{number}"
    texts = [
        text
        for index, call in enumerate(body.calls)
        if index != number and inside(body, call.block, loop.number)
        for text in (call.callee, *call.args, *(text for _, text in call.keywords))
    ]
    texts += [assign.value for assign in body.assigns if inside(body, assign.block, loop.number) and not assign.target.startswith("%")]
    texts += [assign.target for assign in body.assigns if inside(body, assign.block, loop.number)]
    texts += [one.value for one in body.yields] + [one.value for one in body.returns]
    return any(number in call_ids(text) for text in texts) or any(value + "[" in text for text in texts)
