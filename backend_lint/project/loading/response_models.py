"""What Pydantic's response models read of each object of a list that a FastAPI handler returns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.places import Place, Read
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey, Framework

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading import Rows

_LIST = lazy_regex(r"^(?:typing\.|collections\.abc\.)?(?:[Ll]ist|Sequence|Iterable|Page|LimitOffsetPage|CursorPage)\[(?P<item>[\w.]+)\]$")
_NAME = lazy_regex(r"(?<![\w'\"])[A-Za-z_][\w.]*")
_MODELS = ("pydantic.", "sqlmodel.", "fastapi_camelcase.")
_MAX_DEPTH = 4


class Answer(msgspec.Struct, frozen=True):
    """A handler that returns rows as a list of `model`. `reads`: what the model reads of each."""

    key: FunctionKey
    model: str
    rows: tuple[Rows, ...]
    reads: tuple[Read, ...]
    place: Place


def answers(project: Project, roles: frozenset[Role]) -> Iterator[Answer]:
    """All of them, in order of path and line."""
    if not any(mapped.framework is Framework.SQLALCHEMY for mapped in project.schema.mapped.values()):
        return
    for path, module in project.modules.items():
        if module.role not in roles or not any(one.module.startswith("fastapi") for one in module.facts.imports):
            continue
        for index, head in enumerate(module.functions):
            item = _item(project, path, index) if head.decorators else None
            if item is None:
                continue
            for returned in module.bodies[index].returns:
                rows = project.loads.rows(path, index, returned.value) if returned.value[:1] in "#%(" else ()
                if rows and rows[0].framework is Framework.SQLALCHEMY and len({one.model for one in rows}) == 1:
                    fact = project.modules[item[0]].classes[item[1]]
                    reads = {read.path: read for read in _reads(project, item, rows[0].model, 0)}
                    place = Place(path, returned.line, returned.column, head.name, fact.name)
                    yield Answer((path, index), fact.name, rows, tuple(reads.values()), place)


def _item(project: Project, path: str, index: int) -> ClassKey | None:
    """The model of which a handler's ``response_model`` or annotation is a list."""
    module = project.modules[path]
    head = module.functions[index]
    for text in head.decorators:
        if text[:1] != "#" or not text[1:].isdigit():
            continue
        call = module.bodies[head.scope].calls[int(text[1:])]
        if call.callee.rpartition(".")[2] not in ("get", "post", "put", "patch", "api_route"):
            continue
        given = next((value for key, value in call.keywords if key == "response_model"), head.returns)
        match = _LIST.match(given)
        ref = project.value(path, head.scope, match["item"]) if match is not None else None
        return ref.function if ref is not None and ref.kind is RefKind.CLASS and _is_model(project, ref) else None
    return None


def _is_model(project: Project, ref: Ref) -> bool:
    return any(name.startswith(_MODELS) for name in project.resolver.classes.external_names(ref))


def _reads(project: Project, item: ClassKey, model: ClassKey, depth: int) -> Iterator[Read]:
    mapped = project.schema.mapped.get(model)
    if mapped is None or item == model:
        return
    for base in project.resolver.classes.ancestors(*item):
        if base.kind is not RefKind.CLASS:
            continue
        fact = project.modules[base.path].classes[base.index]
        for attribute in fact.attributes:
            if not attribute.annotation or attribute.name in mapped.fields:
                continue
            place = Place(base.path, attribute.line, attribute.column, fact.name, f"{fact.name}.{attribute.name}")
            yield from project.loads.reads.of_source(model, (attribute.name,), place)
            relation = mapped.relationships.get(attribute.name)
            inner = _nested(project, base.path, fact.scope, attribute.annotation) if relation is not None and depth < _MAX_DEPTH else None
            if relation is not None and relation.target is not None and inner is not None:
                for read in _reads(project, inner, relation.target, depth + 1):
                    yield msgspec.structs.replace(read, path=(attribute.name, *read.path), trail=(place, *read.trail))


def _nested(project: Project, path: str, scope: int, annotation: str) -> ClassKey | None:
    """The model that an annotation mentions."""
    for name in _NAME.findall(annotation.replace("'", " ").replace('"', " ")):
        ref = project.value(path, scope, name)
        if ref is not None and ref.kind is RefKind.CLASS and _is_model(project, ref):
            return ref.function
    return None
