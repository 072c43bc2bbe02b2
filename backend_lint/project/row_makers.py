"""The places that make rows of a table, whoever runs them: statements, calls of a model or its manager, forms and serializers."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.query import Verb
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import RefKind

if TYPE_CHECKING:
    from backend_lint.facts.python import Attribute, Call
    from backend_lint.facts.query import Site
    from backend_lint.project import Project
    from backend_lint.project.modules import SourceModule
    from backend_lint.project.named_calls import CallPlace
    from backend_lint.project.schema.mapping import Mapped

_MAKES = lazy_regex(r"create|from_|build|insert|upsert|add|record|log|import|copy|register|issue|generate|start")
_TAKES_MODEL = frozenset({"insert", "pg_insert", "bulk_insert_mappings", "bulk_save_objects", "get_or_create", "update_or_create"})
_HOLDS_MODEL = ("model", "queryset")


class Making(NamedTuple):
    """A call that may make an object of a model. `model`: the text that stands for the class."""

    module: SourceModule
    function: int
    call: Call
    model: str


class Filled(NamedTuple):
    """A class that names the model of its objects, itself or in its ``Meta``: a form, a serializer, a view. `number`: that of the class in its module."""

    module: SourceModule
    number: int
    in_meta: bool
    attribute: Attribute


class RowMakers:
    """Answers for one project; who runs the places is for others to judge."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @functools.cached_property
    def inserts(self) -> dict[str, list[Site]]:
        """The statements that insert rows, by table, in the order of the queries."""
        found: dict[str, list[Site]] = {}
        for site in self._project.queries.sites:
            if site.query.verb in (Verb.INSERT, Verb.UPSERT) and site.query.relations:
                found.setdefault(site.query.relations[0].table, []).append(site)
        return found

    def calls(self, mapped: Mapped) -> Iterator[Making]:
        """``Order(...)``, ``Order.objects.create(...)``, ``insert(Order)`` in order of path and line. What the name of the class means is not asked."""
        for path, function, number in sorted(self._calls.get(mapped.name, ())):
            module = self._project.modules[path]
            call = module.bodies[function].calls[number]
            parts = call.callee.split(".")
            yield Making(module, function, call, ".".join(parts[: parts.index(mapped.name) + 1]) if mapped.name in parts else mapped.name)

    @functools.cached_property
    def _calls(self) -> dict[str, list[CallPlace]]:
        """By the name of a model."""
        found: dict[str, list[CallPlace]] = {mapped.name: [] for mapped in self._project.schema.mapped.values()}
        for name, places in self._project.named_calls.by_name.items():
            if _MAKES.search(name) or name in _TAKES_MODEL:
                for place in places:
                    path, function, number = place
                    call = self._project.modules[path].bodies[function].calls[number]
                    named = call.callee.split(".") if _MAKES.search(name) else []
                    named += call.args[:1] if name in _TAKES_MODEL else ()
                    for one in {*named, name} & found.keys():
                        found[one].append(place)
            elif name in found:
                found[name] += places
        return found

    def filled(self, mapped: Mapped) -> Sequence[Filled]:
        """The classes that name a model, in order of path and line. What the name means is not asked."""
        return self._filled.get(mapped.name, ())

    @functools.cached_property
    def _filled(self) -> dict[str, list[Filled]]:
        """By the name of a model."""
        found: dict[str, list[Filled]] = {}
        for module in self._project.modules.values():
            numbers: dict[str, int] = {}
            for one in module.classes:
                for attribute in one.attributes:
                    if attribute.name in _HOLDS_MODEL:
                        numbers = numbers or {other.name: number for number, other in enumerate(module.classes)}
                        outer = one.name.removesuffix(".Meta")
                        if outer in numbers:
                            held = Filled(module, numbers[outer], outer != one.name, attribute)
                            found.setdefault(attribute.value.rpartition(".")[2], []).append(held)
        return found

    def is_meant(self, mapped: Mapped, path: str, function: int, text: str) -> bool | None:
        """Whether a text is the class of the model; None if nothing tells what it is."""
        ref = self._project.value(path, max(function, 0), text)
        return None if ref is None or ref.kind is not RefKind.CLASS else ref.function == mapped.key
