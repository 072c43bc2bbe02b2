"""Which branches of a function a call rules out by a constant that it hands in: ``run(rows, later=True)`` never comes to the ``else`` of ``if later``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.python import BlockKind
from backend_lint.project.blocks import around
from backend_lint.project.calls import Edge
from backend_lint.project.held_sessions import passed

if TYPE_CHECKING:
    from backend_lint.project import Project

_TRUTHS = {"True": True, "False": False, "None": False}


def rules_out(project: Project, edge: Edge, block: int) -> bool:
    """Whether the function that `edge` calls does not come to its block `block` by this call."""
    if not block or not (edge.call.args or edge.call.keywords):
        return False
    given = {f"%{name}": _TRUTHS[value] for name, value in passed(project, edge) if value in _TRUTHS}
    if not given:
        return False
    path, function = edge.target.function
    module = project.modules[path]
    for _, found in around(module.bodies[function], block):
        if found.kind not in (BlockKind.IF, BlockKind.ORELSE):
            continue
        negated = found.subject.startswith("(not ")
        name = found.subject.removeprefix("(not ").rstrip(")") if negated else found.subject
        if name in given and not module.assigns_to(function, name) and given[name] == (negated == (found.kind is BlockKind.IF)):
            return True
    return False
