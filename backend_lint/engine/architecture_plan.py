"""Joins what the configuration says of layers and contracts into a plan, and holds it against the modules that there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from backend_lint.config import ConfigError, Settings, nearest
from backend_lint.facts.architecture import Plan

if TYPE_CHECKING:
    from backend_lint.project import Project


def plan_of(settings: Settings) -> Plan:
    """The declared layers and contracts."""
    place = settings.config_file.name if settings.config_file is not None else "configuration"
    return Plan(settings.layers, (), place)


def verify_plan(project: Project, plan: Plan) -> None:
    """Raises ConfigError for layers that name no module of the project, or one module twice."""
    names = project.architecture.graph.names.values()
    known = _with_packages(names)
    seen: dict[str, str] = {}
    for layer, members in plan.layers:
        for member in members:
            if member not in known:
                raise ConfigError(f"{plan.place}: layers.{layer}: no module {member!r} in this project{nearest(member, known)}")
            if member in seen:
                raise ConfigError(f"{plan.place}: layers.{layer}: {member!r} is in layer {seen[member]!r} as well: a module belongs to one layer")
            seen[member] = layer


def _with_packages(names: Iterable[str]) -> set[str]:
    known = set(names)
    for name in list(known):
        while "." in name:
            name = name.rpartition(".")[0]
            known.add(name)
    return known
