"""Branches of a function that wait for a parameter which no call in the project hands in: under ``if token`` of ``find(email, token=None)`` nothing runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body, ParameterKind
from backend_lint.project.blocks import around
from backend_lint.project.chosen_branches import asked

if TYPE_CHECKING:
    from backend_lint.facts.python import Call, Function
    from backend_lint.facts.query import Site
    from backend_lint.project import Project
    from backend_lint.project.calls import FunctionKey

_FALSE = frozenset({"None", "False", "''", '""', "0"})
_OUT = (Role.TEST, Role.MIGRATION)
_BY_HAND = (*_OUT, Role.COMMAND, Role.SCRIPT)


class LeftDefaults:
    """Answers for one project, each function's worked out once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[FunctionKey, frozenset[int]] = {}

    def is_dead(self, site: Site) -> bool:
        """Whether a query, or a part of what it asks, is put together where no call of the project comes."""
        if site.function <= 0 or site.call < 0:
            return False
        body = self._project.modules[site.path].bodies[site.function]
        dead = self._dead((site.path, site.function), body)
        if not dead or site.call >= len(body.calls):
            return False
        if _stands_in(body, body.calls[site.call].block, dead):
            return True
        parts = {text for call in body.calls if _stands_in(body, call.block, dead) for text in _conditions(call)}
        parts -= {text for call in body.calls if not _stands_in(body, call.block, dead) for text in _conditions(call)}
        return any(part in site.text for part in parts)

    def _dead(self, key: FunctionKey, body: Body) -> frozenset[int]:
        """The blocks that wait for such a parameter."""
        if key not in self._known:
            module = self._project.modules[key[0]]
            head = module.functions[key[1]]
            names = {f"%{one.name}": one.default for one in head.parameters if one.default in _FALSE}
            waiting = {number: asked(block.subject) for number, block in enumerate(body.blocks) if block.kind is BlockKind.IF} if names else {}
            wanted = {name for name, truth, of_none in waiting.values() if truth != of_none or not truth}
            wanted = {name for name in wanted & names.keys() if not module.assigns_to(key[1], name)}
            left = self._left(key, head, wanted) if wanted and head.owner < 0 and "." not in head.name and not head.decorators else set()
            self._known[key] = frozenset(
                number for number, (name, truth, of_none) in waiting.items() if name in left and ((names[name] == "None") if of_none else False) != truth
            )
        return self._known[key]

    def _left(self, key: FunctionKey, head: Function, wanted: set[str]) -> set[str]:
        """Those parameters that every call leaves as they are; none of a function that is handed on, or that nobody is known to call."""
        callers = [caller for caller, _ in self._project.calls.callers(key) if self._project.modules[caller[0]].role not in _OUT]
        if not callers or self._is_handed_on(head.name):
            return set()
        places = [f"%{one.name}" if one.kind <= ParameterKind.POSITIONAL_OR_KEYWORD else "" for one in head.parameters]
        left = set(wanted)
        for module, _, _, call in self._project.named_calls.calls(head.name):
            if module.role in _OUT:
                continue
            names = {f"%{name}" for name, _ in call.keywords}
            if "%**" in names or any(text[:1] == "*" for text in call.args):
                return set()
            left -= names | set(places[: len(call.args)])
        return left

    def _is_handed_on(self, name: str) -> bool:
        """Some code of the service names the function without calling it; a shell or a script that offers it is for somebody's hands."""
        word, whole = name.encode(), re.compile(rf"\b{re.escape(name)}\b")
        modules = [one for one in self._project.modules.values() if one.role not in _BY_HAND and word in bytes(one.facts.bodies)]
        return any(name in text and whole.search(text) for one in modules for body in one.bodies for text in _held(body))


def _held(body: Body) -> Iterator[str]:
    for call in body.calls:
        yield from call.args
        yield from (value for _, value in call.keywords)
    for assign in body.assigns:
        if assign.target != "__all__":
            yield assign.value
    for found in body.returns:
        yield found.value


def _stands_in(body: Body, block: int, dead: frozenset[int]) -> bool:
    return any(number in dead for number, _ in around(body, block))


def _conditions(call: Call) -> Iterator[str]:
    """What a call asks, as the text of a query shows it."""
    for text in call.args:
        shown = text.replace("%", "").strip("()")
        if "=" in shown or "<" in shown or ">" in shown:
            yield shown
    for name, value in call.keywords:
        yield f"{name}={value.replace('%', '')}"
