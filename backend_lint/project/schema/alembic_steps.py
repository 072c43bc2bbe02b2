"""Runs the functions of migrations abstractly: in order, with branches decided where they can be and loops over constants unrolled."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from backend_lint.facts.python import Block, BlockKind, Body, Call, Use
from backend_lint.project.blocks import inside
from backend_lint.project.references import RefKind
from backend_lint.project.schema.alembic_conditions import CATALOG
from backend_lint.project.schema.alembic_locals import assign, frozen, is_mutation, made, mutate
from backend_lint.project.schema.alembic_plan import Event, Left, Loop, escapes, events_of, raises
from backend_lint.project.schema.sqlalchemy_evaluate import loop_names
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, Frame, Made, ModuleName, Value
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project.schema.alembic_conditions import MigrationValues

_MAX_STEPS = 20_000
"""Calls that one migration may make; what goes beyond is no migration any more."""
_MAX_DEPTH = 6
_DOUBT = "?"
"""The name under which it is kept that a function may have been left earlier, so that nobody knows what it returns."""
_FAILED = "try"
"""The key under which it is kept whether the last ``try`` failed."""
_PASSED = frozenset({BlockKind.BODY, BlockKind.TRY, BlockKind.FINALLY, BlockKind.WITH})
_EXISTENCE = ("exist", "inspect", "has_", "column", "index", "table", "constraint", "offline")
"""Words in a condition that say: only if it has not been done already."""


class Doer(Protocol):
    """Carries out what a migration calls."""

    failed: bool
    """The last call that was carried out raises when it is really made."""

    def concerns(self, call: Call) -> bool:
        """Whether a call may change the schema, told by its name."""

    def declares(self, call: Call) -> bool:
        """Whether a call changes the schema and no rows, told by its name."""

    def do(self, made: Made) -> bool:
        """Carry out a call; False if it is none that changes anything."""

    def doubt(self, why: str) -> None:
        """What is done until `trust` may not happen."""

    def trust(self) -> None:
        """The end of a `doubt`."""

    def autocommit(self, on: bool) -> None:
        """What is done from here on runs outside, or again inside, of the migration's transaction."""

    def skipped(self, why: str, path: str, line: int) -> None:
        """Something is not done because a fresh database has no rows that ask for it."""


class OperationFailedError(Exception):
    """A call that raises when it is really made."""


class Steps:
    """Runs functions. One budget of steps for each migration."""

    def __init__(self, values: MigrationValues, doer: Doer) -> None:
        self.values = values
        self.doer = doer
        self.steps = 0
        self.depth = 0
        self._plans: dict[tuple[str, int], dict[int, list[Event]]] = {}
        self._relevant: dict[tuple[str, int], bool] = {}
        self._asking: dict[tuple[str, int], bool] = {}
        self._tries = 0
        self._maybe_left = False
        """A condition that nobody knows may have ended the function or the turn of a loop: what follows is doubtful."""

    def migrate(self, path: str, function: int) -> bool:
        """Run an ``upgrade``; False if it does too much to be followed."""
        self.steps = self.depth = 0
        self.run(Frame(path, function))
        return self.steps <= _MAX_STEPS

    def call(self, frame: Frame, call: Call, key: tuple[str, int]) -> Value:
        """What a function of the project returns for a call, executed."""
        if self.depth > _MAX_DEPTH:
            return UNKNOWN
        return self.run(Frame(key[0], key[1], self.values.bound(frame, call, key)))

    def run(self, frame: Frame) -> Value:
        """Execute a function's body; gives what it returns."""
        body = self.values.project.modules[frame.path].bodies[frame.function]
        frame = Frame(frame.path, frame.function, dict(frame.names))
        self.depth += 1
        before, self._maybe_left = self._maybe_left, False
        try:
            left = self._block(frame, body, 0)
        finally:
            self.depth -= 1
            self._maybe_left = before
        if frame.names.get(_DOUBT):
            return UNKNOWN
        return left.value if left is not None else None

    # -- the order of a function -------------------------------------------------------------------

    def plan(self, frame: Frame, body: Body) -> dict[int, list[Event]]:
        """The events of each block in order."""
        key = (frame.path, frame.function)
        if key not in self._plans:
            self._plans[key] = events_of(body)
        return self._plans[key]

    def _block(self, frame: Frame, body: Body, number: int) -> Left | None:
        decided: dict[str, bool | None] = {}
        doubted = False
        try:
            for event in self.plan(frame, body).get(number, ()):
                if self._maybe_left and not doubted:
                    doubted = True
                    self.doer.doubt("a migration may have ended before it does it")
                left = self._event(frame, body, event, decided)
                if left is not None:
                    return left
        finally:
            if doubted:
                self.doer.trust()
        return None

    def _event(self, frame: Frame, body: Body, event: Event, decided: dict[str, bool | None]) -> Left | None:
        if self.steps > _MAX_STEPS:
            return Left(UNKNOWN)
        if event.leave is not None:
            return Left(self.values.evaluate(frame, event.leave.value) if event.leave.value else None)
        if event.raises and self._tries:
            raise OperationFailedError
        if event.raises or event.loop:
            return Left(UNKNOWN, event.loop)
        if event.assign is not None:
            assign(self.values, frame, _locals(frame), event.assign)
            return None
        return self._call(frame, body, event.call) if event.call >= 0 else self._inner(frame, body, event.block, decided)

    def _inner(self, frame: Frame, body: Body, number: int, decided: dict[str, bool | None]) -> Left | None:
        block = body.blocks[number]
        if block.kind is BlockKind.TRY:
            return self._try(frame, body, number, decided)
        if block.kind is BlockKind.WITH and any("autocommit_block" in body.calls[at].callee for at in call_ids(block.subject)):
            self.doer.autocommit(True)
            try:
                return self._block(frame, body, number)
            finally:
                self.doer.autocommit(False)
        if block.kind in _PASSED:
            return self._block(frame, body, number)
        if block.kind is BlockKind.IF:
            holds = self.values.decide(frame, block.subject) if block.subject else None
            if holds is not None and not self._tries and raises(body, self.plan(frame, body), number, holds):
                holds = not holds  # a migration that is kept ran through: it asked for rows that an earlier one had written
            decided[block.subject] = holds
            return self._branch(frame, body, number, holds)
        if block.kind is BlockKind.ORELSE:
            return self._branch(frame, body, number, None if (holds := decided.get(block.subject)) is None else not holds, other=True)
        if block.kind is BlockKind.ELSE:
            return self._block(frame, body, number) if not decided.pop(_FAILED, False) else None
        if block.kind in (BlockKind.FOR, BlockKind.COMPREHENSION):
            return self._loop(frame, body, number, block)
        if block.kind is BlockKind.WHILE and self._leaves(body, number):
            before = self._maybe_left
            left = self._block(frame, body, number)  # what is tried until it works
            if not any(inside(body, found.block, number) for found in body.returns):
                self._maybe_left = before
            return left if left is not None and left.loop is Loop.STAYS else None
        if block.kind in (BlockKind.WHILE, BlockKind.CASE) and self.matters(frame, body, number):
            self._doubtful(frame, body, number, "a migration does it in a loop or a case that is not followed")
        return None

    def _try(self, frame: Frame, body: Body, number: int, decided: dict[str, bool | None]) -> Left | None:
        """A ``try``: what certainly fails in it ends it, and its handler runs."""
        handlers = [handler for handler in body.handlers if handler.protected == number]
        decided[_FAILED] = False
        if not handlers:
            return self._block(frame, body, number)
        self._tries += 1
        try:
            return self._block(frame, body, number)
        except OperationFailedError:
            decided[_FAILED] = True
        finally:
            self._tries -= 1
        return self._block(frame, body, handlers[0].block)

    # -- branches and loops ------------------------------------------------------------------------

    def _branch(self, frame: Frame, body: Body, number: int, holds: bool | None, other: bool = False) -> Left | None:
        if holds is not None:
            return self._block(frame, body, number) if holds else None
        block = body.blocks[number]
        words = self._words(frame, body, block.subject).lower()
        existence = not other and any(word in words for word in _EXISTENCE)
        if self._leaves(body, number, continues=True):
            _locals(frame)[_DOUBT] = True
            self._maybe_left = self._maybe_left or not existence
        if not self.matters(frame, body, number):
            return None
        if existence:
            self._block(frame, body, number)
        else:
            self._doubtful(frame, body, number, "a migration does it under a condition that is not known")
        return None

    def _words(self, frame: Frame, body: Body, text: str, depth: int = 0) -> str:
        """A text with the calls and locals that it mentions, and those that they mention."""
        found = [text]
        if depth > 5:
            return text
        for at in call_ids(text):
            call = body.calls[at]
            found += [self._words(frame, body, part, depth + 1) for part in (call.callee, *call.args)]
        if text[:1] == "%":
            module = self.values.project.modules[frame.path]
            found += [self._words(frame, body, one.value, depth + 1) for one in module.assigns_to(frame.function, text)[:3] if one.value != text]
        return " ".join(found)

    def _doubtful(self, frame: Frame, body: Body, number: int, why: str) -> None:
        self.doer.doubt(why)
        try:
            self._block(frame, body, number)
        finally:
            self.doer.trust()

    def _loop(self, frame: Frame, body: Body, number: int, block: Block) -> Left | None:
        if not self._matters_locally(frame, body, number):
            return None
        items = self.values.evaluate(frame, block.subject) if block.subject else UNKNOWN
        names = _locals(frame)
        if isinstance(items, dict):
            items = tuple(items)
        if not isinstance(items, tuple):
            if self._leaves(body, number) and not self._fetched(frame, body, block.subject):
                names[_DOUBT] = True
            if self.matters(frame, body, number):
                if self._fetched(frame, body, block.subject):
                    if any(self.doer.declares(call) and inside(body, call.block, number) for call in body.calls):
                        self.doer.skipped("a migration changes the schema for each row of a query", frame.path, block.line)
                    return None
                with _bound(names, dict.fromkeys(loop_names(block, UNKNOWN), UNKNOWN)):
                    self._doubtful(frame, body, number, "a migration does it for what is only known at run time")
            return None
        for item in items:
            self.steps += 1
            if self.steps > _MAX_STEPS:
                return Left(UNKNOWN)
            before = self._maybe_left
            with _bound(names, loop_names(block, item)):
                left = self._block(frame, body, number)
            if not any(inside(body, found.block, number) for found in body.returns):
                self._maybe_left = before
            if left is not None and left.loop is Loop.BREAKS:
                return None
            if left is not None and left.loop is Loop.STAYS:
                return left
        return None

    def _fetched(self, frame: Frame, body: Body, text: str, depth: int = 0) -> bool:
        """Whether a text stands for rows of a query of data, or for a list made of them."""
        if text[:1] == "%" and depth < 4:
            assigns = self.values.project.modules[frame.path].assigns_to(frame.function, text.partition(".")[0].partition("[")[0])
            return any(self._fetched(frame, body, one.value, depth + 1) for one in assigns[:3] if one.value != text)
        for number in call_ids(text):
            call = body.calls[number]
            asked = self.values.query(frame, call)
            if asked is not None:
                return not CATALOG.search(asked)
            if depth < 4 and "#" in call.callee and self._fetched(frame, body, call.callee, depth + 1):
                return True
        return False

    def _matters_locally(self, frame: Frame, body: Body, number: int) -> bool:
        """Whether a loop changes the schema, is left for good inside, or fills a list."""
        if self.matters(frame, body, number) or self._leaves(body, number):
            return True
        return any(is_mutation(call) and inside(body, call.block, number) for call in body.calls) or any(
            one.augmented and inside(body, one.block, number) for one in body.assigns
        )

    # -- calls -------------------------------------------------------------------------------------

    def _call(self, frame: Frame, body: Body, index: int) -> Left | None:
        call = body.calls[index]
        self.steps += 1
        names = _locals(frame)
        names[made(index)] = True
        names.pop(f"#{index}", None)
        if is_mutation(call) and mutate(self.values, frame, names, call):
            return None
        if self.doer.concerns(call):
            done = Made(frame, call, self.values.dotted(frame, call.callee))
            if self.doer.do(done):
                if self.doer.failed and self._tries:
                    raise OperationFailedError
                return None
        if self.values.asks(call):
            names[f"#{index}"] = frozen(self.values.inspected(frame, call), names)
            return None
        key = self.function(frame, call)
        if key is None or self.depth > _MAX_DEPTH:
            return None
        if self.relevant(key):
            result = self.run(Frame(key[0], key[1], self.values.bound(frame, call, key)))
        elif call.use is not Use.DROPPED and self.asking(key):
            result = self.values.result(frame, index)
        else:
            return None
        names[f"#{index}"] = frozen(result, names)
        return None

    def function(self, frame: Frame, call: Call) -> tuple[str, int] | None:
        """The function of the project that a call runs."""
        callee = call.callee
        if callee[:1] in "#?'[({" or self.values.root(frame.path, frame.function, callee.partition(".")[0]) is not None:
            return None
        target = self.values.resolver.value(frame.path, frame.function, callee)
        if target is not None and target.kind is RefKind.FUNCTION:
            return target.function
        receiver, _, name = callee.rpartition(".")
        held = self.values.evaluate(frame, receiver) if receiver and (target is None or target.is_external) else None
        if isinstance(held, ModuleName) and (module := self.values.project.modules.get(held.path)) is not None:
            kind, number = module.names.get(name, ("", 0))
            return (held.path, number) if kind == "function" else None
        return None

    def relevant(self, key: tuple[str, int], depth: int = 0) -> bool:
        """Whether a function of the project changes the schema, itself or through others."""
        if key in self._relevant:
            return self._relevant[key]
        self._relevant[key] = False
        body = self.values.project.modules[key[0]].bodies[key[1]]
        frame = Frame(*key)
        found = any(self.doer.concerns(call) for call in body.calls)
        if not found and depth < 4:
            found = any((inner := self.function(frame, call)) is not None and self.relevant(inner, depth + 1) for call in body.calls)
        self._relevant[key] = found
        return found

    def asking(self, key: tuple[str, int], depth: int = 0) -> bool:
        """Whether a function of the project asks what is in the database."""
        if key in self._asking:
            return self._asking[key]
        self._asking[key] = False
        body = self.values.project.modules[key[0]].bodies[key[1]]
        frame = Frame(*key)
        found = any(self.values.asks(call) for call in body.calls)
        if not found and depth < 3:
            found = any((inner := self.function(frame, call)) is not None and self.asking(inner, depth + 1) for call in body.calls)
        self._asking[key] = found
        return found

    def matters(self, frame: Frame, body: Body, number: int) -> bool:
        """Whether something in a block may change the schema."""
        for call in body.calls:
            if not inside(body, call.block, number):
                continue
            if self.doer.concerns(call) or ((key := self.function(frame, call)) is not None and self.relevant(key)):
                return True
        return False

    @staticmethod
    def _leaves(body: Body, number: int, continues: bool = False) -> bool:
        """Whether a function, or the loop that a block lies in or is, is left inside it; with `continues` a turn of that loop too."""
        if any(inside(body, found.block, number) for found in body.returns):
            return True
        ways = (*body.breaks, *body.continues) if continues else body.breaks
        return any(escapes(body, block, number) for _, block in ways)


def _locals(frame: Frame) -> dict[str, Value]:
    """The locals of a function that runs; its frame was made with them."""
    assert isinstance(frame.names, dict)
    return frame.names


@contextlib.contextmanager
def _bound(names: dict[str, Value], bound: dict[str, Value]) -> Iterator[None]:
    """The variables of a loop while its body runs."""
    before = {name: names[name] for name in bound if name in names}
    names.update(bound)
    try:
        yield
    finally:
        for name in bound:
            names.pop(name, None)
        names.update(before)


def _mentioned(text: str) -> list[int]:
    return call_ids(text)
