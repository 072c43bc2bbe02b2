"""Relationships that are read of an object of an asynchronous session, which cannot load them on its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body, Call
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.eager import Loaded
from backend_lint.project.queries.sqlalchemy_results import Chain
from backend_lint.project.schema.mapping import ClassKey, Framework, Loading
from backend_lint.project.value_text import constant_string, split

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading.places import Read



class AsyncRead(msgspec.Struct, frozen=True):
    """A relationship that is read though no query has loaded it. `query`: the call that ran the statement."""

    key: FunctionKey
    model: ClassKey
    read: Read
    query: Call


class _Loaded(msgspec.Struct, frozen=True):
    """An object or the items of a loop: how the function writes it, and what came with it."""

    model: ClassKey
    loaded: Loaded
    query: Call
    element: str = ""
    block: int = -1


def async_reads(project: Project, roles: frozenset[Role]) -> Iterator[AsyncRead]:
    """All of them, in order of path and line; each relationship of a query's objects once."""
    if not any(mapped.framework is Framework.SQLALCHEMY for mapped in project.schema.mapped.values()):
        return
    for module, index, head, body in project.functions("async"):
        if module.role not in roles or not head.is_async:
            continue
        key = module.path, index
        objects = list(_objects(project, key, body))
        models = {one.model for one in objects} | _handed_in(project, key)
        told: set[tuple[int, tuple[str, ...]]] = set()
        for one in objects:
            reads = project.loads.reads
            found = reads.of_rows(key, one.block, one.model) if one.block >= 0 else reads.of_object(key, one.element, one.model)
            refreshed = _refreshed(body, one.element)
            for read in found:
                if read.conditional and len(read.trail) > 1:
                    continue
                if (one.query.line, read.path) not in told and _is_lazy(project, one, read, models) and read.path[0] not in refreshed:
                    told.add((one.query.line, read.path))
                    yield AsyncRead(key, one.model, read, one.query)


def _objects(project: Project, key: FunctionKey, body: Body) -> Iterator[_Loaded]:
    """The objects of awaited queries: single ones that are bound, and the items of loops."""
    loads = project.loads
    path, function = key
    for number, call in enumerate(body.calls):
        chains = loads.sqlalchemy.of(path, function, f"#{number}")
        if chains and all(chain.fetched == "entity" for chain in chains) and (found := _awaited(project, chains)) is not None and call.callee:
            yield _Loaded(*found, element=f"#{number}")
    for number, block in enumerate(body.blocks):
        if block.kind not in (BlockKind.FOR, BlockKind.COMPREHENSION) or not block.subject or block.subject[0] in "['\"{":
            continue
        chains = loads.sqlalchemy.of(path, function, block.subject)
        if chains and all(chain.fetched == "entities" for chain in chains) and (found := _awaited(project, chains)) is not None:
            yield _Loaded(*found, block=number)


def _awaited(project: Project, chains: Sequence[Chain]) -> tuple[ClassKey, Loaded, Call] | None:
    """The class of the objects, what all the statements load, and the awaited call that ran the first; None if one is not awaited or not understood."""
    loaded = [project.loads.sqlalchemy_eager.loaded(chain) for chain in chains]
    entities = {chain.entity for chain in chains}
    model = chains[0].entity
    if model is None or len(entities) != 1 or model not in project.schema.mapped or any(one.unknown for one in loaded):
        return None
    if any(len([entity for entity in chain.entities if entity is not None]) > 1 for chain in chains):
        return None
    calls = [project.modules[step.path].bodies[step.function].calls[step.call] for step in chains[0].steps if step.call >= 0]
    ran = next((call for call in calls if call.awaited), None)
    return (model, Loaded(frozenset().union(*(one.paths for one in loaded))), ran) if ran is not None else None


def _is_lazy(project: Project, one: _Loaded, read: Read, models: set[ClassKey]) -> bool:
    """Nothing has loaded it, and it is not the first of several that are missing on the way."""
    for length in range(1, len(read.path)):
        if not one.loaded.has(read.path[:length], False) and not _by_mapping(project, one.model, read.path[:length]):
            return False
    relation = read.relation
    if relation.loading is not Loading.LAZY or relation.target is None or one.loaded.has(read.path, read.many):
        return False
    # what a foreign key leads to may be in the session already, and then nothing is loaded
    return read.many or (relation.reverse and relation.target not in models)


def _by_mapping(project: Project, model: ClassKey, path: tuple[str, ...]) -> bool:
    at: ClassKey | None = model
    for name in path:
        mapped = project.schema.mapped.get(at) if at is not None else None
        relation = mapped.relationships.get(name) if mapped is not None else None
        if relation is None or relation.loading is not Loading.EAGER:
            return False
        at = relation.target
    return True


def _handed_in(project: Project, key: FunctionKey) -> set[ClassKey]:
    """The classes of objects that the function is given: the session may know them."""
    head = project.calls.head(key)
    found = {ref.function for one in head.parameters if (ref := project.value(*key, f"%{one.name}")) is not None and not ref.is_external}
    return found & set(project.schema.mapped)


def _refreshed(body: Body, element: str) -> set[str]:
    """The attributes that ``session.refresh(object, [...])`` loads."""
    names: set[str] = set()
    for call in body.calls:
        if call.callee.rpartition(".")[2] == "refresh" and call.args and (not element or call.args[0] == element or element.startswith(call.args[0])):
            given = call.args[1] if len(call.args) > 1 else next((text for key, text in call.keywords if key == "attribute_names"), "")
            names.update(name for item in split(given[1:-1]) if (name := constant_string(item)) is not None)
    return names
