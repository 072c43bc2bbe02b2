"""References to rows that serializers take from callers without asking whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Place, Profile
from backend_lint.facts.file import Role
from backend_lint.facts.python import Attribute
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.reached import speaks_of, texts
from backend_lint.project.calls import FunctionKey
from backend_lint.project.ownership.effects import Effect
from backend_lint.project.ownership.keys import Strength
from backend_lint.project.ownership.words import ASKS
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import call_ids, without_strings

if TYPE_CHECKING:
    from backend_lint.project.ownership.unscoped import Finder, Unscoped

_SERIALIZERS = ("rest_framework.serializers.Serializer", "rest_framework.serializers.ModelSerializer", "rest_framework.serializers.BaseSerializer")
_FIELDS = frozenset({"PrimaryKeyRelatedField", "SlugRelatedField", "HyperlinkedRelatedField"})
_LOOKS = lazy_regex(r"context|\buser\b|request|queryset")
"""Words of methods that may narrow what a field accepts, or judge what it was given."""


def references(finder: Finder) -> Iterator[Unscoped]:
    """Fields of serializers that any row of an owned table is accepted for."""
    from backend_lint.project.ownership.unscoped import Unscoped

    project = finder.project
    for path, module in project.modules.items():
        if module.role is not Role.APPLICATION or not any(found.module.startswith("rest_framework") for found in module.facts.imports):
            continue
        for index, fact in enumerate(module.classes):
            fields = [one for one in fact.attributes if one.value[:1] == "#" and one.value[1:].isdigit()]
            taken = [(one, table) for one in fields if (table := _accepts(finder, (path, index), one))]
            if not taken or not _is_serializer(finder, (path, index)) or _narrows(finder, (path, index), [one.name for one, _ in taken]):
                continue
            served = next(_served(finder, (path, index), fact.name), None)
            for attribute, table in taken if served is not None else ():
                key = finder.key(table)
                if key is None or served is None:
                    continue
                call = module.bodies[attribute.function].calls[int(attribute.value[1:])]
                at = Place(attribute.line, attribute.column, call.end_line, call.end_column)
                shown = f"{fact.name}.{attribute.name}"
                handler = (served.module, served.function) if served.function >= 0 else None
                yield Unscoped(path, at, fact.name, shown, table, served, handler, key, Effect.TAKEN, finder.siblings(table), Profile.STRICT)


def _accepts(finder: Finder, owner: tuple[str, int], attribute: Attribute) -> str:
    """The owned table any row of which a field accepts; empty if it does not."""
    body = finder.project.modules[owner[0]].bodies[attribute.function]
    call = body.calls[int(attribute.value[1:])]
    keywords = dict(call.keywords)
    if call.callee.rpartition(".")[2] not in _FIELDS or "queryset" not in keywords or keywords.get("read_only") == "True":
        return ""
    kind = finder.project.value(owner[0], attribute.function, call.callee)
    if kind is None or not kind.is_external:
        return ""
    made = [body.calls[number].callee for number in call_ids(keywords["queryset"])]
    if any(callee.endswith(".none") for callee in made):
        return ""
    # the manager of a library's model may not be known, the model is
    held = finder.project.value(owner[0], attribute.function, (made[0] if made else keywords["queryset"]).partition(".objects")[0])
    mapped = finder.project.schema.of(held) if held is not None and held.kind is RefKind.CLASS else None
    known = finder.project.schema.table(mapped.table) if mapped is not None else None
    key = finder.key(known.name) if known is not None and known.name not in finder.keys.users else None
    return known.name if known is not None and key is not None and key.strength is Strength.STRONG and not key.tenant else ""


def _is_serializer(finder: Finder, owner: tuple[str, int]) -> bool:
    return any(name in _SERIALIZERS for name in finder.project.resolver.classes.external_names(Ref(RefKind.CLASS, "", *owner)))


def _narrows(finder: Finder, owner: tuple[str, int], names: list[str]) -> bool:
    """Whether a method of the serializer, or of one that it derives from, may look at the caller for one of its fields."""
    project = finder.project
    for base in project.resolver.classes.ancestors(*owner):
        if base.kind is not RefKind.CLASS:
            continue
        for number in project.modules[base.path].classes[base.index].methods:
            key = (base.path, number)
            last = project.calls.head(key).name.rpartition(".")[2]
            if last in (*(f"validate_{name}" for name in names), "get_fields", "get_extra_kwargs", "to_internal_value", "validate"):
                return True
            if last == "__init__" and any(_LOOKS.search(text) and any(f"'{name}'" in text for name in names) for text in texts(project.calls.body(key))):
                return True
            if base.function == owner and last == "__init__" and speaks_of(project, key, _LOOKS) and "fields" in " ".join(texts(project.calls.body(key))):
                return True
    return False


def _served(finder: Finder, owner: tuple[str, int], name: str) -> Iterator[Route]:
    """The routes that read what a caller sends with a serializer and do not ask for rights themselves."""
    project = finder.project
    for route in project.routes:
        if route.request == name and route.method in ("POST", "PUT", "PATCH") and _is_open(finder, route):
            key: FunctionKey = (route.module, route.function)
            if route.function < 0 or not _asks(finder, key):
                yield route
    for module, function, _, call in project.guards.values.calls_named(name):
        ref = project.value(module.path, function, call.callee)
        if ref is None or ref.kind is not RefKind.CLASS or ref.function != owner or not any(one == "data" for one, _ in call.keywords):
            continue
        if not _asks(finder, (module.path, function)):
            yield from (route for route in project.routes.by_handler((module.path, function)) if _is_open(finder, route))


def _is_open(finder: Finder, route: Route) -> bool:
    """Whether a route lets in everybody who is known."""
    return finder.ought_to_ask(route) and not finder.checks.asked_before(route) and (route.owner is None or not finder.checks.asked_by_class(route.owner))


def _asks(finder: Finder, key: FunctionKey) -> bool:
    """Whether a handler itself, or a function that it calls by name, asks for rights."""
    return any(ASKS.search(without_strings(text)) for text in texts(finder.frames.body(key)))
