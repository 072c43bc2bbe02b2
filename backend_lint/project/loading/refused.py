"""Relations that a query names to be loaded and that Django refuses: columns, and for ``select_related`` what leads to many rows."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call
from backend_lint.project.calls import FunctionKey
from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import ClassKey, Field, Mapped, Relationship
from backend_lint.project.value_text import alternatives, parse

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.queries.django_frames import Chain

_NO_OBJECTS = frozenset(
    "values values_list count exists aggregate update delete dates datetimes acount aexists aaggregate aupdate adelete Exists Subquery".split()
)
"""Also what takes a query into another one, which drops what it loads."""
_HOOKS = frozenset({"get_queryset", "queryset", "get_object", "get_list", "list_items", "items", "get_search_results"})
"""Frameworks call these."""
_CONDITIONS = ("__in", "_in")
_LOADERS = ("select_related", "prefetch_related")


class Why(enum.StrEnum):
    """What is wrong with a name."""

    COLUMN = "column"
    NONE = "none"
    """The model has no such field."""
    MANY = "many"
    ANY_MODEL = "any-model"
    """A generic foreign key, which no join can follow."""


class Refused(msgspec.Struct, frozen=True):
    """`call` names `lookup`, whose part `name`, of `model`, Django refuses. `before`: the parts of the lookup that it takes. `line`: of the field."""

    key: FunctionKey
    call: Call
    lookup: str
    name: str
    before: str
    model: Mapped
    line: int
    why: Why
    also: tuple[str, ...] = ()
    """The other lookups of the call that are refused."""


def refused_loads(project: Project) -> Iterator[Refused]:
    """In order of path and line."""
    for key, numbers in project.named_calls.functions(_LOADERS).items():
        if project.modules[key[0]].role not in (Role.APPLICATION, Role.COMMAND):
            continue
        for number in numbers:
            yield from _of_call(project, key, number)


def _of_call(project: Project, key: FunctionKey, number: int) -> Iterator[Refused]:
    call = project.modules[key[0]].bodies[key[1]].calls[number]
    method = call.callee.rpartition(".")[2]
    lookups = [name for text in call.args if (name := project.loads.constant(*key, text)) is not None]
    if not lookups or "." not in call.callee or not _loads_objects(project, key, number):
        return
    django = project.loads.django
    chains = django.evaluate(django.frame(*key), f"#{number}")
    if not chains or any(_is_own(project, chain, method) for chain in chains):
        return
    told: list[Refused] = []
    for lookup in lookups:
        found = [_refused(project, key, call, chain, lookup, method) for chain in chains]
        if found[0] is not None and None not in found:
            told.append(found[0])
    if told:
        yield msgspec.structs.replace(told[0], also=tuple(one.lookup for one in told[1:]))


def _loads_objects(project: Project, key: FunctionKey, number: int) -> bool:
    """No call behind, here or in a function that calls this one, asks for something else than objects, and no condition takes the query."""
    body = project.modules[key[0]].bodies[key[1]]
    chain = {f"#{number}"}
    for index in range(number, len(body.calls)):
        call = body.calls[index]
        parsed = parse(call.callee)
        if index > number and parsed is not None:
            if any(name.endswith(_CONDITIONS) and not chain.isdisjoint(alternatives(value)) for name, value in call.keywords):
                return False
            if parsed.root in chain or any(not chain.isdisjoint(alternatives(value)) for value in (*call.args, *(value for _, value in call.keywords))):
                chain.add(f"#{index}")
                if call.callee.rpartition(".")[2] in _NO_OBJECTS:
                    return False
        chain |= {assign.target for assign in body.assigns if assign.value == f"#{index}" and f"#{index}" in chain}
    if key[1] and any(not chain.isdisjoint(alternatives(one.value)) for one in body.returns):
        callers = project.calls.callers(key)
        if not callers and project.calls.head(key).name.rpartition(".")[2] not in _HOOKS:
            return False
        return not any(
            call.callee.rpartition(".")[2] in _NO_OBJECTS or any(name.endswith(_CONDITIONS) for name, _ in call.keywords)
            for (path, function), _ in callers
            for call in project.modules[path].bodies[function].calls
        )
    return True


def _is_own(project: Project, chain: Chain, method: str) -> bool:
    """The project's own queryset has another method of the name, or the rows are no objects."""
    if any(step.method in ("values", "values_list") for step in chain.steps):
        return True
    return project.loads.django.managers.method(chain.classes, method) is not None


def _refused(project: Project, key: FunctionKey, call: Call, chain: Chain, lookup: str, method: str) -> Refused | None:
    mapped: Mapped | None = project.schema.mapped.get(chain.model)
    annotated = {name for step in chain.steps if step.method in ("annotate", "alias") for name, _ in step.keywords}
    parts = lookup.split("__")
    if parts[0] in annotated:
        return None
    for position, name in enumerate(parts):
        if mapped is None or mapped.abstract:
            return None
        why, line, target = _part(project, mapped, name, method)
        if why is not None and method == "prefetch_related" and position < len(parts) - 1:
            return None  # what lies behind a column is not looked at
        if why is not None:
            return Refused(key, call, lookup, name, "__".join(parts[:position]), mapped, line, why)
        mapped = project.schema.mapped.get(target) if target is not None else None
    return None


def _part(project: Project, mapped: Mapped, name: str, method: str) -> tuple[Why | None, int, ClassKey | None]:
    """Why a name is refused, if it is; the line of the field; the model that it leads to, if it is known."""
    relation: Relationship | None = mapped.by_query_name(name) if method == "select_related" else mapped.relationships.get(name)
    if relation is not None:
        if method == "select_related" and relation.generic and not relation.reverse and not relation.many:
            return Why.ANY_MODEL, relation.line, None
        if method == "select_related" and relation.many and not relation.unique:
            return Why.MANY, relation.line, None
        return None, 0, relation.target
    field: Field | None = mapped.fields.get(name)
    if field is not None and field.type and name not in mapped.primary_key:
        return Why.COLUMN, field.line, None
    key = mapped.relationships.get(name.removesuffix("_id"))
    if field is None and key is None and method == "select_related" and _is_whole(project, mapped) and name.isidentifier():
        return Why.NONE, mapped.line, None
    if field is None and key is not None and name.endswith("_id") and not key.many and not key.reverse and not key.generic:
        return Why.COLUMN, key.line, None
    return None, 0, None


def _is_whole(project: Project, mapped: Mapped) -> bool:
    """All fields of a model are known: nothing of it was not understood, and no package is known to add to it, as they add to users."""
    classes = {mapped.key, *(base.function for base in project.resolver.classes.ancestors(*mapped.key) if base.kind is RefKind.CLASS)}
    if mapped.unknown or mapped.key == project.loads.django.objects.user_model:
        return False
    if any(other.parent in classes or other.proxy for other in project.schema.mapped.values() if other.parent is not None and other.parent in classes):
        return False
    outside = [base.name for base in project.resolver.classes.ancestors(*mapped.key) if base.kind is RefKind.EXTERNAL]
    return all(name.startswith(("django.db.models", "builtins.", "object", "typing.", "abc.")) for name in outside)
