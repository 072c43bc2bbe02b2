"""Routes that Connexion binds from OpenAPI files: each operation names the function that answers it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from backend_lint.facts.deployment import Manifest, Operation
from backend_lint.facts.route import Guard, Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import constant_string
from backend_lint.project.web.decorators import Decorators
from backend_lint.project.web.flask import join
from backend_lint.project.web.guards import Guards, authenticated
from backend_lint.project.web.routing import Before
from backend_lint.project.web.values import UNKNOWN, Place, Values, keyword

_BINDING = ("add_api", "FlaskApi", "AsyncApi", "Api")
_MANIFESTS = msgspec.msgpack.Decoder(Manifest)
_PARAMETER = lazy_regex(r"\{([^{}]+)\}")


class _Binding(NamedTuple):
    """A file that is bound in `module` to the path `base`, None if that is not known; `words` are the parts of its name that are written there."""

    file: str
    words: frozenset[str]
    module: str
    base: str | None

    def nearness(self, path: str) -> tuple[int, int]:
        """How well a path fits: by the folders that are named, then by how far it lies from the module."""
        return len(self.words.intersection(path.split("/"))), len(posixpath.commonpath([path, self.module]))


class Operations:
    """Finds the files that Connexion is told to read, and their operations."""

    def __init__(self, values: Values, guards: Guards, manifests: Mapping[str, msgspec.Raw]) -> None:
        self.values = values
        self.guards = guards
        self.manifests = manifests
        self.decorators = Decorators(values, guards).of

    def routes(self) -> Iterator[Route]:
        """Every operation whose function is known, below the path that its file is bound to."""
        bindings = list(self._bindings())
        for path in sorted(self.manifests):
            manifest = _MANIFESTS.decode(self.manifests[path])
            if manifest.form != "openapi":
                continue
            bound = [one for one in bindings if one.file == posixpath.basename(path)]
            base = max(bound, key=lambda one: one.nearness(path)).base if bound else manifest.base
            for operation in manifest.operations:
                yield from self._operation(path, UNKNOWN if base is None else base, operation)

    def _operation(self, path: str, base: str, operation: Operation) -> Iterator[Route]:
        ref = self.values.dotted(operation.handler, path)
        kinds = dict(operation.kinds)
        shown = _PARAMETER.sub(lambda match: f"<{f'{kinds[match[1]]}:' if match[1] in kinds else ''}{match[1].replace('-', '_')}>", operation.path)
        if ref is None or ref.kind is not RefKind.FUNCTION:
            self.values.unread[path, operation.line, f"{operation.method} {operation.path}: {operation.handler} is not found"] = None
            return
        head = self.values.modules[ref.path].functions[ref.index]
        before = self.decorators(ref.path, head.scope, head.decorators, head.line)
        if operation.secured:
            before = before + Before((Guard("security", True, path, operation.line),))
        verdict = authenticated(before.guards, checks_itself=self.guards.checks_itself(ref.function))
        yield Route(
            operation.method,
            join(base, shown),
            ref.path,
            ref.index,
            head.name,
            "connexion",
            path,
            operation.line,
            before.guards,
            dependencies=before.functions,
            authenticated=verdict,
            limits=before.limits,
        )

    def _bindings(self) -> Iterator[_Binding]:
        for module, function, _, call in self.values.calls_named(*_BINDING):
            given = keyword(call, "base_path")
            if not given:
                continue
            base = self.values.string(Place(module.path, function, given))
            for other in module.bodies[function].calls:
                names = [name for text in other.args if (name := constant_string(text))]
                if names and names[-1].endswith((".yaml", ".yml")):
                    yield _Binding(posixpath.basename(names[-1]), frozenset("/".join(names).split("/")), module.path, base)
