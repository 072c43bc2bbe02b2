"""Which code makes the rows of a table: what a service does all day, or only what somebody enters in the admin or runs as a command."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.query import Verb
from backend_lint.facts.route import EntryKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import Mapped

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.modules import SourceModule

_BY_HAND = lazy_regex(r"(?:^|/)(?:\w*admin|panels|wagtail_hooks|fixtures|seeds?|\w*factor(?:y|ies)|demo\w*)(?:\.py$|/)")
_ADMIN = lazy_regex(r"(?:^|/)\w*admin(?:\.py$|/)")
_MAKES = lazy_regex(r"create|insert|upsert|add|record|log|import|copy|register|issue|generate|start")
_TAKES_MODEL = frozenset({"insert", "pg_insert", "bulk_insert_mappings", "bulk_save_objects", "get_or_create", "update_or_create"})
_FILLED = lazy_regex(r"Serializer\b|Form\b|FormMixin")
_MAKERS = lazy_regex(r"Create|ViewSet|Viewset|ModelView|Mutation|Resource|Importer")
_ENTERED = lazy_regex(r"Serializer\b|Form\b|CreateView|CreateAPIView|Mutation")
_READ_ONLY = lazy_regex(r"ReadOnly|Filter|List|Retrieve|Detail|Update")
_CHOSEN = ("form_class", "serializer_class", "form")
_CHOOSERS = ("get_form_class", "get_serializer_class")
_REQUESTED = frozenset({EntryKind.ROUTE, EntryKind.WEBSOCKET, EntryKind.MIDDLEWARE, EntryKind.CONSUMER, EntryKind.TASK})
_DEEPEST = 8


class Growth(enum.StrEnum):
    """How a table comes to its rows. `COUNTED`: somebody said how many there are. `SERVED`: code of the service makes them, or the project has no models.

    `ENTERED`: somebody sends a form, or the like by an API. `BY_HAND`: only the admin makes them, and commands. `UNKNOWN`: nothing was found that does.
    """

    COUNTED = "counted"
    SERVED = "served"
    ENTERED = "entered"
    BY_HAND = "by hand"
    UNKNOWN = "unknown"

    @property
    def is_fast(self) -> bool:
        """There may be so many rows that it matters how long each takes."""
        return self in (Growth.COUNTED, Growth.SERVED)


class Made(NamedTuple):
    """A place that makes rows. `function`: index in its module, -1 for a class that a framework fills from a request."""

    path: str
    line: int
    function: int


class Makers:
    """Answers for one project, table by table."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[str, Made | None] = {}

    def growth(self, table: str) -> Growth:
        """How a table comes to its rows."""
        if not self.models(table):
            return Growth.UNKNOWN if self._project.schema.mapped else Growth.SERVED
        made = self.of(table)
        if made is not None:
            return Growth.ENTERED if made.function < 0 or self._is_filled(made) else Growth.SERVED
        return Growth.BY_HAND if self._is_registered(table) else Growth.UNKNOWN

    def of(self, table: str) -> Made | None:
        """A place of the application that makes rows of a table, rather one that requests or tasks reach; None if only hands and commands do."""
        if table not in self._known:
            self._known[table] = self._find(table)
        return self._known[table]

    def _is_filled(self, made: Made) -> bool:
        """The place is a method of a form, a serializer or a view that makes one object of what somebody sent."""
        module = self._project.modules[made.path]
        owner = module.functions[made.function].owner
        return owner >= 0 and bool(_ENTERED.search(" ".join((module.classes[owner].name, *module.classes[owner].bases))))

    def models(self, table: str) -> Sequence[Mapped]:
        """The models whose objects are rows of a table."""
        return self._models.get(table, ())

    def _is_registered(self, table: str) -> bool:
        """A module of the admin names a model of the table."""
        names = [re.compile(rb"(?<![A-Za-z0-9_])%b(?![A-Za-z0-9_])" % model.name.encode()) for model in self.models(table)]
        modules = [module for path, module in self._project.modules.items() if _ADMIN.search(path)]
        return any(name.search(bytes(module.facts.bodies)) or _attributes(module, name) for name in names for module in modules)

    def _find(self, table: str) -> Made | None:
        found: list[Made] = []
        for made in (made for model in self.models(table) for made in self._of_model(model)):
            reached = self._project.reached_from((made.path, made.function)) if made.function > 0 else None
            if reached is not None and reached[0].kind in _REQUESTED:
                return made
            if reached is None:
                found.append(made)
        if found:
            return max(found, key=lambda made: made.function >= 0)
        for site in self._project.queries.of_table(table):
            module = self._project.modules.get(site.path)
            if site.query.verb in (Verb.INSERT, Verb.UPSERT) and module is not None and _is_service(module):
                return Made(site.path, site.line, site.function)
        return None

    @functools.cached_property
    def _models(self) -> dict[str, list[Mapped]]:
        """By table the models whose objects are rows of it; those of a child in a table of its own are rows of the parent's as well."""
        found: dict[str, list[Mapped]] = {}
        mapped = self._project.schema.mapped
        for model in mapped.values():
            one: Mapped | None = model
            for _ in range(_DEEPEST):
                if one is None:
                    break
                if one.table:
                    found.setdefault(one.table, []).append(model)
                one = mapped.get(one.parent) if one.parent is not None else None
        return found

    def _of_model(self, model: Mapped) -> Iterator[Made]:
        name = model.name
        sign = name.encode()
        for path, module in self._project.modules.items():
            if not _is_service(module):
                continue
            if sign in bytes(module.facts.bodies):
                for index, body in enumerate(module.bodies):
                    for call in body.calls:
                        parts = call.callee.split(".")
                        makes = _is_made(name, parts) or (parts[-1] in _TAKES_MODEL and name in call.args[:1])
                        if makes and self._means(path, index, ".".join(parts[: parts.index(name) + 1]) if name in parts else name, model):
                            yield Made(path, call.line, index)
            yield from self._filled(path, module, model)

    def _filled(self, path: str, module: SourceModule, model: Mapped) -> Iterator[Made]:
        """Views that a framework makes objects with, and serializers and forms that such a view or a call has."""
        bases = {one.name: " ".join((one.name, *one.bases)) for one in module.classes}
        for one in module.classes:
            outer = one.name.removesuffix(".Meta")
            text = bases.get(outer, "")
            makes = outer.rpartition(".")[2] in self._given if _FILLED.search(text) else _makes_objects(text)
            for attribute in one.attributes if makes else ():
                named = attribute.name in ("model", "queryset") and attribute.value.split(".")[-1] == model.name
                if named and self._means(path, attribute.function, attribute.value, model):
                    yield Made(path, attribute.line, -1)

    @functools.cached_property
    def _given(self) -> frozenset[str]:
        """Names of forms and serializers that code of the service gives something to make objects of."""
        found: set[str] = set()
        for module in self._project.modules.values():
            if not _is_service(module):
                continue
            for one in module.classes:
                if _makes_objects(" ".join((one.name, *one.bases))) or any("FormView" in base for base in one.bases):
                    found.update(attribute.value.rpartition(".")[2] for attribute in one.attributes if attribute.name in _CHOSEN)
            data = bytes(module.facts.bodies)
            if b"Form" not in data and b"Serializer" not in data:
                continue
            for head, body in zip(module.functions, module.bodies, strict=True):
                if head.name.endswith(_CHOOSERS):
                    found.update(one.value.rpartition(".")[2] for one in body.returns)
                for call in body.calls:
                    last = call.callee.rpartition(".")[2]
                    given = call.args if last.endswith("Form") else not call.args and any(key == "data" for key, _ in call.keywords)
                    if given and last.endswith(("Form", "Serializer")):
                        found.add(last)
        return frozenset(found)

    def _means(self, path: str, function: int, text: str, model: Mapped) -> bool:
        found = self._project.value(path, max(function, 0), text)
        return found is None or found.kind is not RefKind.CLASS or found.function == model.key


def _attributes(module: SourceModule, name: re.Pattern[bytes]) -> bool:
    texts = [text for one in module.classes for text in (*one.decorators, *one.bases, *(attribute.value for attribute in one.attributes))]
    return bool(name.search(" ".join(texts).encode()))


def _makes_objects(text: str) -> bool:
    return bool(_MAKERS.search(text)) and not _READ_ONLY.search(text)


def _is_made(name: str, parts: list[str]) -> bool:
    """``Order(...)`` or ``Order.objects.create(...)``."""
    return name in parts and (parts[-1] == name or bool(_MAKES.search(parts[-1])))


def _is_service(module: SourceModule) -> bool:
    return module.role is Role.APPLICATION and not _BY_HAND.search(module.path)
