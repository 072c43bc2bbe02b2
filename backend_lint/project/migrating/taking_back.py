"""Whether nothing is lost when a migration of Django is taken back without undoing what its ``RunPython`` did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backend_lint.facts.python import Body
from backend_lint.project.references import RefKind
from backend_lint.project.schema.django import django_project
from backend_lint.project.schema.django_graph import attribute
from backend_lint.project.schema.django_values import Made, Named
from backend_lint.project.schema.history import Node

if TYPE_CHECKING:
    from backend_lint.project import Project

_REPEATABLE = frozenset({"create_permissions", "create_contenttypes", "get_or_create", "update_or_create"})
_WRITES = frozenset({"save", "update", "bulk_update"})
_READS = frozenset(
    "get_model filter exclude get all first last exists count values values_list order_by iterator only defer using annotate select_related prefetch_related "
    "distinct get_app_configs get_app_config now len str int list dict set print info debug warning format join split strip lower upper range enumerate "
    "zip items keys uuid4 slugify Q F".split()
)


def needs_no_way_back(project: Project, node: Node, operation: Made) -> bool:
    """The function only makes what may be there anyway, or only fills columns that go when the migration is taken back."""
    code = operation.get("code", 0)
    ref = code.ref if isinstance(code, Named) else None
    if ref is None:
        return isinstance(code, Named) and code.name.endswith("RunPython.noop")
    if ref.kind is not RefKind.FUNCTION:
        return False
    body = project.modules[ref.path].bodies[ref.index]
    names = {call.callee.rpartition(".")[2] for call in body.calls}
    if names - _REPEATABLE - _WRITES - _READS:
        return False
    writes = names & _WRITES
    if not writes:
        return bool(names & _REPEATABLE)
    added = _added(project, node)
    return not names & _REPEATABLE and bool(added) and _written(body) <= added


def _added(project: Project, node: Node) -> set[Any]:
    """Names of the fields that the migration adds."""
    operations = attribute(django_project(project).values, node.path, node.owner, "operations")
    return {one.get("name", 1) for one in operations if isinstance(one, Made) and one.last == "AddField"}


def _written(body: Body) -> set[str]:
    """Names of the attributes and columns that a function writes."""
    given = {name for call in body.calls if call.callee.endswith(".update") for name, _ in call.keywords}
    return given | {assign.target.rpartition(".")[2] for assign in body.assigns if "." in assign.target or "[" in assign.target}
