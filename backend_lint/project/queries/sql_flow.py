"""Strings that grow statement by statement: ``query += " AND ..."`` under a condition gives one text with it and one without."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import LOOPS, Block, BlockKind
from backend_lint.project.blocks import around
from backend_lint.project.queries.sql_place import END, Place
from backend_lint.project.queries.sql_templates import MAX_VARIANTS
from backend_lint.project.value_text import split
from backend_lint.sql.parameters import HOLE

if TYPE_CHECKING:
    from backend_lint.project.queries.sql_templates import Texts
    from backend_lint.project.queries.sql_values import Strings

_BRANCHES = frozenset({BlockKind.IF, BlockKind.ORELSE, BlockKind.CASE, BlockKind.HANDLER})
_MAX_STEPS = 60
_ADDS = frozenset({"append", "extend", "insert"})
_UNKNOWN = (repr(f" {HOLE} "), END)


class _Step(NamedTuple):
    """A change of a local at a place: it gets a value, or grows by one."""

    line: int
    column: int
    block: int
    value: str
    grows: bool


class _Way(NamedTuple):
    """One way through the branches so far: what the local holds, and which branch of each condition was taken."""

    items: tuple[tuple[str, Place], ...]
    taken: tuple[tuple[tuple[int, str], bool], ...]
    known: bool = True


class Flow:
    """The locals of one function."""

    def __init__(self, strings: Strings, path: str, function: int) -> None:
        self._strings = strings
        self._path = path
        self._function = function
        module = strings.project.modules[path]
        self._body = module.bodies[function]
        self._module = module
        self._busy: set[str] = set()
        self._kept: dict[tuple[str, Place], Texts] = {}

    def grows(self, name: str) -> bool:
        """Whether something is added to a local."""
        return any(assign.augmented for assign in self._module.assigns_to(self._function, name))

    def texts(self, name: str, at: Place) -> Texts:
        """What a local (or a name of the module) may hold at a place."""
        key = (name, at)
        if key in self._kept:
            return self._kept[key]
        if name in self._busy:
            return ()
        self._busy.add(name)
        try:
            found = self._texts(name, at)
        finally:
            self._busy.discard(name)
        self._kept[key] = found
        return found

    def _texts(self, name: str, at: Place) -> Texts:
        steps = self._assignments(name, at)
        if not steps:
            return self._outer(name)
        found = [self._sum(way.items) for way in self._ways(name, steps, at, False) if way.known and way.items]
        return tuple(dict.fromkeys(text for texts in found for text in texts))

    def _outer(self, name: str) -> Texts:
        """A name of the function around this one."""
        head = self._module.functions[self._function]
        if self._function and not any("%" + one.name == name for one in head.parameters) and head.scope > 0:
            return self._strings.flow(self._path, head.scope).texts(name, END)
        return ()

    def joined(self, name: str, separator: str, at: Place) -> Texts:
        """``separator.join(name)`` for a list that grows."""
        key = f"{name}[]"
        steps = self._assignments(name, at)
        if key in self._busy or not steps:
            return (HOLE,)
        steps += self._additions(name, at)
        steps.sort(key=lambda step: (step.line, step.column))
        self._busy.add(key)
        try:
            found: list[str] = []
            for way in self._ways(name, steps, at, True):
                if not way.known:
                    return (HOLE,)
                parts = [self._strings.part(self._path, self._function, item, place) for item, place in way.items]
                found += self._strings.join_items(separator, parts)
        finally:
            self._busy.discard(key)
        return tuple(dict.fromkeys(found))[:MAX_VARIANTS] or (HOLE,)

    # -- steps --------------------------------------------------------------------------------------

    def _assignments(self, name: str, at: Place) -> list[_Step]:
        line, column = at.line, at.column
        found = [
            _Step(one.line, one.column, one.block, one.value, one.augmented)
            for one in reversed(self._module.assigns_to(self._function, name))
            if one.value and (one.line, one.column) < (line, column)
        ]
        return found if len(found) <= _MAX_STEPS else []

    def _additions(self, name: str, at: Place) -> list[_Step]:
        line, column = at.line, at.column
        found = []
        for call in self._body.calls:
            owner, _, method = call.callee.rpartition(".")
            if owner == name and method in _ADDS and call.args and (call.line, call.column) < (line, column):
                found.append(_Step(call.line, call.column, call.block, call.args[-1] if method != "extend" else "*" + call.args[0], True))
        return found

    # -- ways ---------------------------------------------------------------------------------------

    def _ways(self, name: str, steps: list[_Step], at: Place, is_list: bool) -> list[_Way]:
        block = at.block
        own = {index for index, _ in around(self._body, block)}
        start = tuple((key, taken) for index, _ in around(self._body, block) for key, taken in self._decision(index))
        ways = [_Way((), start)]
        for step in steps:
            decisions: list[tuple[tuple[int, str], bool]] = []
            repeated = False
            for index, found in around(self._body, step.block):
                if index in own:
                    continue
                decisions += self._decision(index)
                repeated |= found.kind in LOOPS
            after: list[_Way] = []
            for way in ways:
                after += self._stepped(name, way, step, decisions, repeated, is_list)
            ways = after if len(after) <= MAX_VARIANTS else [_Way((*way.items, _UNKNOWN) if step.grows else (_UNKNOWN,), way.taken) for way in ways]
        return ways

    def _decision(self, index: int) -> list[tuple[tuple[int, str], bool]]:
        """The condition under which a block runs, and whether it must hold."""
        block: Block = self._body.blocks[index]
        if block.kind is BlockKind.IF:
            return [((block.parent, block.subject), True)]
        if block.kind is BlockKind.ORELSE:
            return [((block.parent, block.subject), False)]
        return [((index, ""), True)] if block.kind in _BRANCHES else []

    def _stepped(self, name: str, way: _Way, step: _Step, decisions: list[tuple[tuple[int, str], bool]], repeated: bool, is_list: bool) -> list[_Way]:
        taken = dict(way.taken)
        if any(taken.get(key, wanted) is not wanted for key, wanted in decisions):
            return [way]
        open_ = [(key, wanted) for key, wanted in decisions if key not in taken]
        done = self._changed(name, way, step, repeated, is_list)
        if not open_:
            return [done]
        # a condition inside a condition: left out as a whole, or put in as a whole
        skipped = way._replace(taken=(*way.taken, (open_[0][0], not open_[0][1])) if len(open_) == 1 else way.taken)
        return [skipped, done._replace(taken=(*way.taken, *open_))]

    def _changed(self, name: str, way: _Way, step: _Step, repeated: bool, is_list: bool) -> _Way:
        if repeated:
            return way._replace(items=(*way.items, _UNKNOWN) if step.grows else (_UNKNOWN,))
        place = Place(step.line, step.column, step.block)
        if not is_list:
            return way._replace(items=(*way.items, (step.value, place)) if step.grows else self._own(name, way, step.value, place))
        if step.value[:1] == "[" or (step.grows and step.value[:2] == "*["):
            items = tuple((item, place) for item in split(step.value.lstrip("*")[1:-1]))
            known = way.known and not any(item == "..." or item[:1] == "*" for item, _ in items)
            return way._replace(items=(*way.items, *items) if step.grows else items, known=known)
        if step.grows and step.value[:1] != "*":
            return way._replace(items=(*way.items, (step.value, place)))
        return way._replace(known=False)

    def _own(self, name: str, way: _Way, value: str, place: Place) -> tuple[tuple[str, Place], ...]:
        """``query = query + "..."`` goes on with what the local holds."""
        if value.startswith(f"({name}+") and value.endswith(")"):
            return (*way.items, (value[len(name) + 2 : -1], place))
        return ((value, place),)

    def _sum(self, items: tuple[tuple[str, Place], ...]) -> Texts:
        from backend_lint.project.queries.sql_values import Strings

        found: list[Texts] = []
        for number, (item, place) in enumerate(items):
            texts = self._strings.texts(self._path, self._function, item, place)
            if not texts and not number:
                return ()
            found.append(texts or (HOLE,))
        return Strings.join_items("", found)
