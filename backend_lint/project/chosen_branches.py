"""Which branches of a function a call rules out by a constant that it hands in: ``run(rows, later=True)`` never comes to the ``else`` of ``if later``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from backend_lint.facts.python import BlockKind
from backend_lint.project.blocks import around
from backend_lint.project.calls import Edge
from backend_lint.project.held_sessions import passed

if TYPE_CHECKING:
    from backend_lint.project import Project

_TRUTHS = {"True": True, "False": False, "None": False}


def rules_out(project: Project, edge: Edge, block: int, outer: Mapping[str, str] | None = None) -> bool:
    """Whether the function that `edge` calls does not come to its block `block` by this call. `outer`: `constants` of the caller's own parameters."""
    if not block:
        return False
    path, function = edge.target.function
    module = project.modules[path]
    tests = [found for _, found in around(module.bodies[function], block) if found.kind in (BlockKind.IF, BlockKind.ORELSE)]
    if not tests:
        return False
    given = constants(project, edge, outer)
    for found in tests:
        name, wanted, of_none = asked(found.subject)
        value = given.get(name)
        if value is None or module.assigns_to(function, name):
            continue
        truth = (value == "None") if of_none else _TRUTHS[value]
        if truth != (wanted == (found.kind is BlockKind.IF)):
            return True
    return False


def constants(project: Project, edge: Edge, outer: Mapping[str, str] | None = None) -> dict[str, str]:
    """The constants that the parameters have, those of defaults too where nothing is unpacked into the call."""
    said = {name: (outer or {}).get(value, value) for name, value in passed(project, edge)}
    open_ended = "**" in said or any(text[:1] == "*" for text in edge.call.args)
    found = {} if open_ended else {one.name: one.default for one in project.calls.head(edge.target.function).parameters if one.default}
    return {f"%{name}": value for name, value in {**found, **said}.items() if value in _TRUTHS}


def asked(subject: str) -> tuple[str, bool, bool]:
    """The parameter that a test asks for, the outcome that it wants, and whether it asks for None: ``x``, ``not x``, ``x is None``, ``x is not None``."""
    text = subject.removeprefix("(").removesuffix(")")
    for sign, wanted in ((" is not None", False), (" is None", True)):
        if text.endswith(sign):
            return text.removesuffix(sign), wanted, True
    return (text.removeprefix("not "), False, False) if text.startswith("not ") else (text, True, False)
