"""How a project is built: which module imports which, what shape that is, and what its contracts say. One module a question."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from backend_lint.facts.architecture import Plan
from backend_lint.project.architecture.contracts import Breach, Contracts, Stale
from backend_lint.project.architecture.import_graph import Arrow, ImportGraph
from backend_lint.project.architecture.layers import Layers, Place, Violation, declared_layers, inferred_layers
from backend_lint.project.architecture.shape import Recognised, Shape, recognise

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from backend_lint.facts.file import SourceFile
    from backend_lint.project import Project
    from backend_lint.project.architecture.first_imports import HalfLoaded
    from backend_lint.project.modules import ModuleIndex, SourceModule

    class Modules(Protocol):
        """What is asked of a model: `project.Project`, or `project.import_model.ImportModel`."""

        @property
        def modules(self) -> Mapping[str, SourceModule]: ...
        @property
        def files(self) -> Mapping[str, SourceFile]: ...
        @property
        def index(self) -> ModuleIndex: ...


__all__ = ["Architecture", "Arrow", "Breach", "Contracts", "ImportGraph", "Layers", "Place", "Recognised", "Shape", "Stale", "Violation"]


class Architecture:
    """The layers and the shape of a project. `plan`: what its configuration declares of them."""

    def __init__(self, project: Modules, plan: Plan) -> None:
        self._project = project
        self.plan = plan
        self._half_loaded: list[HalfLoaded] | None = None
        self.graph = ImportGraph(project.modules, project.index)

    @functools.cached_property
    def layers(self) -> Layers:
        """The declared layers; without them what folders and files show."""
        if self.plan.layers:
            return declared_layers(self.plan.layers, self.graph)
        return inferred_layers(self._project.modules, self.graph)

    def half_loaded(self, project: Project) -> list[HalfLoaded]:
        """Circles of imports with modules that cannot be imported first; replayed once."""
        if self._half_loaded is None:
            from backend_lint.project.architecture.first_imports import half_loaded

            self._half_loaded = half_loaded(project)
        return self._half_loaded

    @functools.cached_property
    def contracts(self) -> Contracts:
        """What becomes of the declared contracts."""
        return Contracts(self.graph, self._project.modules, self.plan.contracts)

    @functools.cached_property
    def recognised(self) -> Recognised:
        """The shape, and what shows it."""
        layers = inferred_layers(self._project.modules, self.graph) if self.plan.layers else self.layers
        return recognise(self._project.modules, self._project.files, self.graph, layers)
