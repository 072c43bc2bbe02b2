"""What a module needs an imported name for: nothing, annotations, its functions when they run, or its own loading."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator

from backend_lint.facts.python import Body
from backend_lint.project.modules import SourceModule


class Use(enum.IntEnum):
    """From the import that is the easiest to delay to the one that cannot wait."""

    NOTHING = 0
    ANNOTATIONS = 1
    FUNCTIONS = 2
    LOADING = 3


def names_of(module: SourceModule, line: int) -> tuple[str, ...]:
    """The names that the imports of a line bind on module level."""
    return tuple(fact.name for fact in module.facts.imports if fact.line == line and fact.function == 0)


def is_used(module: SourceModule, name: str) -> bool:
    """The module itself uses a name that it imports, and does not only hand it on."""
    word = re.compile(rf"(?<![\w.'\"]){re.escape(name)}(?!\w)")
    heads = (text for one in module.functions for text in (one.returns, *(each.annotation for each in one.parameters)))
    return any(word.search(text) for text in (*_while_loading(module), *heads)) or any(word.search(text) for one in module.bodies[1:] for text in _texts(one))


def use_of(module: SourceModule, line: int) -> Use:
    """How early the module needs what it imports in a line. Annotations of classes count as loading: models and data classes read them."""
    names = names_of(module, line)
    if not names:
        return Use.LOADING
    any_of = re.compile(rf"(?<![\w.'\"])(?:{'|'.join(map(re.escape, names))})(?!\w)")
    if any(any_of.search(text) for text in _while_loading(module)):
        return Use.LOADING
    used = any(any_of.search(text) for body in module.bodies[1:] for text in _texts(body))
    annotated = any(any_of.search(text) for one in module.functions for text in (one.returns, *(each.annotation for each in one.parameters)))
    if used:
        return Use.FUNCTIONS
    return Use.ANNOTATIONS if annotated else Use.LOADING  # what nobody uses is imported for what loading it does, or handed on


def _while_loading(module: SourceModule) -> Iterator[str]:
    for function in module.functions:
        yield from function.decorators
        yield from (one.default for one in function.parameters)
    for class_ in module.classes:
        yield from (*class_.bases, *class_.decorators)
        for attribute in class_.attributes:
            if attribute.function == class_.scope:
                yield from (attribute.value, attribute.annotation)
    yield from _texts(module.bodies[0])


def _texts(body: Body) -> Iterator[str]:
    for call in body.calls:
        yield from (call.callee, *call.args, *(value for _, value in call.keywords))
    yield from (one.value for one in body.assigns)
    yield from (one.value for one in body.returns)
    yield from (text for _, text, _ in body.conditions)
    yield from (block.subject for block in body.blocks)
