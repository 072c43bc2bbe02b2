"""Chains of Django's ORM, and the calls of functions through which a chain is put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from backend_lint.facts.python import Body, Call, ParameterKind
from backend_lint.project.queries.django_names import UNMISTAKABLE
from backend_lint.project.schema.mapping import ClassKey

if TYPE_CHECKING:
    from backend_lint.project.modules import SourceModule


class ChainStep(NamedTuple):
    """One call on a queryset or manager. `args` and `keywords` are value texts of function `function` in the module at `path`; `call` is the call's number.

    `method`: Django's name, without the ``a`` of the async twin; ``related`` for a related manager (`relation`: the model whose attribute it is, and its
    name; `call` is -1, `args` has the text of the instance); ``[:]`` for a slice (one argument: ``[:10]``); a library's own method as it is written.
    `frame`: the call through which the function was entered, for what its parameters stand for.
    """

    method: str
    args: tuple[str, ...]
    keywords: tuple[tuple[str, str], ...]
    path: str
    function: int
    call: int
    frame: Frame
    relation: tuple[ClassKey, str] | None = None


class Chain(NamedTuple):
    """A queryset or manager: its model and the calls on it, first to last. `complete`: all that happened to it is known.

    `classes`: the project's manager and queryset classes whose methods it has.
    """

    model: ClassKey
    steps: tuple[ChainStep, ...] = ()
    complete: bool = True
    classes: tuple[ClassKey, ...] = ()
    offered: str = ""
    """The filter or order that a client may ask for, where this is the list with it: nobody is known to ask."""

    def then(self, step: ChainStep, *, complete: bool = True) -> Chain:
        """The chain with one more call."""
        return self._replace(steps=(*self.steps, step), complete=self.complete and complete)


class Frame(msgspec.Struct, frozen=True, eq=False):
    """A function, entered by call `call` of `caller`; both are None where nobody looks from a caller.

    `receiver`: what the first parameter is, if that is a manager or queryset. `owner`: the class that ``self`` is an instance of, where it is a subclass of
    the one that defines the method. `bound`: the first parameter is not among the arguments of the call.
    """

    path: str
    function: int
    owner: ClassKey | None = None
    receiver: tuple[Chain, ...] = ()
    caller: Frame | None = None
    call: Call | None = None
    bound: bool = False
    depth: int = 0


def handed_in(frame: Frame, module: SourceModule, name: str) -> tuple[Frame, str] | None:
    """What the caller gave for a parameter, or its default; None if it is not known or `name` is no parameter.

    A default of ``None`` is not known either: code asks for it before it uses the parameter.
    """
    if frame.call is None or frame.caller is None:
        return None
    head = module.functions[frame.function]
    call = frame.call
    for position, parameter in enumerate(head.parameters):
        if parameter.name != name:
            continue
        if parameter.kind in (ParameterKind.VAR_POSITIONAL, ParameterKind.VAR_KEYWORD):
            return None
        for key, value in call.keywords:
            if key == name:
                return frame.caller, value
        index = position - frame.bound
        if 0 <= index < len(call.args) and not any(arg.startswith("*") for arg in call.args[: index + 1]):
            return frame.caller, call.args[index]
        open_ended = any(arg.startswith("*") for arg in call.args) or any(key == "**" for key, _ in call.keywords)
        if parameter.default and parameter.default != "None" and not open_ended:
            return Frame(frame.path, head.scope), parameter.default
        return None
    return None


def other_keywords(frame: Frame, module: SourceModule, name: str) -> tuple[Frame, tuple[tuple[str, str], ...]] | None:
    """What ``**name`` holds: the keywords of the call that no parameter takes; None if that is not known."""
    if frame.call is None or frame.caller is None:
        return None
    head = module.functions[frame.function]
    if not any(parameter.name == name and parameter.kind is ParameterKind.VAR_KEYWORD for parameter in head.parameters):
        return None
    named = {parameter.name for parameter in head.parameters}
    return frame.caller, tuple((key, value) for key, value in frame.call.keywords if key not in named)


def other_arguments(frame: Frame, module: SourceModule, name: str) -> tuple[Frame, tuple[str, ...]] | None:
    """What ``*name`` holds: the arguments of the call that no parameter takes; None if that is not known."""
    if frame.call is None or frame.caller is None:
        return None
    for position, parameter in enumerate(module.functions[frame.function].parameters):
        if parameter.name == name and parameter.kind is ParameterKind.VAR_POSITIONAL:
            return frame.caller, frame.call.args[max(position - frame.bound, 0) :]
    return None


def looks_like_a_queryset(body: Body, name: str) -> bool:
    """A loop runs over the parameter, or it has a method that only querysets have: a ``get`` alone is one of a dictionary."""
    start = f"%{name}."
    if any(call.callee.startswith(start) and call.callee[len(start) :] in UNMISTAKABLE for call in body.calls):
        return True
    return any(block.subject == start[:-1] for block in body.blocks)
