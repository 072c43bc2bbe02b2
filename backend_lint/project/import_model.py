"""What imports alone say of a project: its graph, layers, shape and contracts, without resolver and call graph."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import msgspec

from backend_lint.facts.architecture import Plan
from backend_lint.facts.file import Kind, SourceFile
from backend_lint.facts.python import Module
from backend_lint.facts.reading import Reading
from backend_lint.project.architecture import Architecture
from backend_lint.project.modules import ModuleIndex, SourceModule

_MODULES = msgspec.msgpack.Decoder(Module)


class ImportModel:
    """The part of `Project` that `architecture` stands on. Modules may have no facts but their imports."""

    def __init__(self, files: Mapping[str, SourceFile], readings: Mapping[str, Reading], plan: Plan) -> None:
        self.files = files
        self.modules = {
            path: SourceModule(path, files[path].role, _MODULES.decode(readings[path].facts))
            for path in sorted(readings)
            if files[path].kind is Kind.PYTHON and readings[path].facts
        }
        self.plan = plan

    @functools.cached_property
    def index(self) -> ModuleIndex:
        """Which file an import means."""
        return ModuleIndex(self.modules)

    @functools.cached_property
    def architecture(self) -> Architecture:
        """Which module imports which, the layers, and what contracts say."""
        return Architecture(self, self.plan)
