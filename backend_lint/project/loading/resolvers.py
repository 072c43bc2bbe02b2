"""Resolvers of GraphQL fields that ask the database once for each parent."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import Class, Function
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import Edge, FunctionKey
from backend_lint.project.libraries import Effect
from backend_lint.project.loading.loops import Dependence
from backend_lint.project.loading.repeats import is_conditional, is_left_before
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import Mapped

if TYPE_CHECKING:
    from backend_lint.project import Project

_ROOTS = lazy_regex(r"Query|Mutation|Subscription|Payload|Connection|Input|Edge|Mixin$|Success|Error", re.IGNORECASE)
_OPTIMIZERS = ("strawberry_django.optimizer", "graphene_django_optimizer", "query_optimizer", "strawberry_sqlalchemy_mapper", "django_graphene_optimizer")
_GRAPHENE = ("graphene.ObjectType", "graphene.Interface", "graphene_django.DjangoObjectType", "graphene_sqlalchemy.SQLAlchemyObjectType")
_PARENTS = frozenset({"self", "root", "parent", "source", "obj", "instance"})
_LOADS = lazy_regex(r"loader|dataloader|batch", re.IGNORECASE)


class Resolver(msgspec.Struct, frozen=True):
    """A resolver that runs a query by its parent. `query`: the call that does; `listed`: module path and line where a list of the parent's type is declared."""

    key: FunctionKey
    type: str
    query: Edge
    listed: tuple[str, int]


def resolvers(project: Project, roles: frozenset[Role]) -> Iterator[Resolver]:
    """Those of types that some field gives a list of, in order of path and line."""
    if _LIBRARIES.isdisjoint(project.imported) or _is_optimized(project):
        return
    listed = functools.cache(lambda: _listed(project))
    for path, module in project.modules.items():
        if module.role not in roles:
            continue
        for index, fact in enumerate(module.classes):
            numbers = [number for number in fact.methods if _is_resolver(module.functions[number])]
            # what a type derives from is the dearer question
            if not numbers or _ROOTS.search(fact.name.rpartition(".")[2]) or not _is_type(project, path, index, fact):
                continue
            for number in numbers:
                head = module.functions[number]
                query = _query(project, (path, number), head) or _of_relation(project, (path, number), head, _model(project, path, fact))
                if query is not None:
                    place = listed().get(fact.name.rpartition(".")[2])
                    if place is not None:
                        yield Resolver((path, number), fact.name, query, place)


_LIBRARIES = frozenset({"graphene", "graphene_django", "graphene_sqlalchemy", "strawberry"})


def _is_optimized(project: Project) -> bool:
    imports = (one for module in project.modules.values() for one in module.facts.imports)
    return any(one.module.startswith(_OPTIMIZERS) or "Optimizer" in one.member for one in imports)


def _is_type(project: Project, path: str, index: int, fact: Class) -> bool:
    names = [base.name for base in project.resolver.classes.ancestors(path, index) if base.kind is RefKind.EXTERNAL]
    if any(name.startswith(_GRAPHENE) for name in names):
        return True
    module = project.modules[path]
    for text in fact.decorators:
        target = project.resolver.decorator(path, fact.scope, text)
        if target is not None and target.name in ("strawberry.type", "strawberry.federation.type", "strawberry.interface"):
            return True
        if target is None and text.startswith("#") and module.bodies[fact.scope].calls[int(text[1:])].callee.endswith("strawberry.type"):
            return True
    return False


def _is_resolver(head: Function) -> bool:
    name = head.name.rpartition(".")[2]
    if not head.parameters or head.parameters[0].name not in _PARENTS:
        return False
    return name.startswith("resolve_") or any("field" in text or text.startswith("#") for text in head.decorators)


def _query(project: Project, key: FunctionKey, head: Function) -> Edge | None:
    """The query that the resolver runs itself each time, with what it knows of its parent."""
    body = project.calls.body(key)
    if any(_LOADS.search(call.callee) for call in body.calls):
        return None
    dependence = Dependence(body, frozenset({"%" + head.parameters[0].name}))
    for edge, _ in project.loads.repeats.direct(key, Effect.DATABASE_READ):
        if not is_conditional(body, edge.call.block) and not is_left_before(body, edge.call) and dependence.is_keyed(edge.number):
            return edge
    return None


def _model(project: Project, path: str, fact: Class) -> Mapped | None:
    """The model that ``Meta`` of a type names: the parent is an object of it."""
    module = project.modules[path]
    index = module.definitions[1].get(f"{fact.name}.Meta")
    held = [one for one in module.classes[index].attributes if one.name == "model"] if index is not None else []
    return project.schema.of(project.value(path, held[0].function, held[0].value)) if held else None


def _of_relation(project: Project, key: FunctionKey, head: Function, model: Mapped | None) -> Edge | None:
    """A query of the parent's related rows that no prefetch answers."""
    body = project.calls.body(key)
    if model is None or any(_LOADS.search(call.callee) for call in body.calls):
        return None
    parent = "%" + head.parameters[0].name
    for number, call in enumerate(body.calls):
        owner, _, method = call.callee.rpartition(".")
        name = owner.removeprefix(f"{parent}.")
        relation = model.relationships.get(name) if owner.startswith(f"{parent}.") else None
        if relation is None or not relation.many or is_conditional(body, call.block) or is_left_before(body, call):
            continue
        if method not in ("all", "count", "exists", "get_queryset"):
            return Edge(number, call, Ref(RefKind.EXTERNAL, f"django.{method}"))
    return None


def _listed(project: Project) -> dict[str, tuple[str, int]]:
    """The names of types of which a field, a parameter or a result is a list or a connection, with the first place."""
    pattern = re.compile(r"(?:[Ll]ist|Sequence|Iterable|Connection\w*|Paginated\w*|Page)\[[\"']?(?:\w+\.)*(\w+)")
    called = re.compile(r"List|ConnectionField|ConnectionsField|DjangoListField|Connection$")
    found: dict[str, tuple[str, int]] = {}
    for path, module in project.modules.items():
        for head in module.functions:
            for match in pattern.finditer(head.returns):
                found.setdefault(match.group(1), (path, head.line))
        for fact in module.classes:
            for attribute in fact.attributes:
                for match in pattern.finditer(attribute.annotation):
                    found.setdefault(match.group(1), (path, attribute.line))
        for body in module.bodies:
            for call in body.calls:
                if call.args and called.search(call.callee.rpartition(".")[2]):
                    name = call.args[0].strip("'\"").removeprefix("lambda:").rpartition(".")[2]
                    if name[:1].isupper():
                        found.setdefault(name, (path, call.line))
    return found
