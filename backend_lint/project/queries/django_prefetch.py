"""The further queries of ``prefetch_related``: for each relation on the way the rows whose key is among those that were loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.project.queries.django_frames import Chain, ChainStep, Frame
from backend_lint.project.queries.django_names import PREFETCHED
from backend_lint.project.queries.django_operands import Given, Items, Literal, Made, Operand, Querysets

if TYPE_CHECKING:
    from backend_lint.project.queries.django_compile import Compiler
    from backend_lint.project.schema.mapping import ClassKey

_MOST = 12


def prefetched(compiler: Compiler, chain: Chain) -> list[Chain]:
    """One chain for each relation that is loaded with the rows of a chain; at most `_MOST`."""
    found: dict[tuple[ClassKey, str], Chain] = {}
    for step in chain.steps:
        if step.method != "prefetch_related":
            continue
        for given in compiler.operands.arguments(step.frame, step.args, compiler.plain):
            for operand in _each(compiler, compiler.operands.read(given, compiler.plain)):
                _add(compiler, chain, step, operand, found)
    return list(found.values())[:_MOST]


def _each(compiler: Compiler, operand: Operand) -> list[Operand]:
    if isinstance(operand, Items):
        return [compiler.operands.read(item, compiler.plain) for item in operand.items]
    return [operand]


def _add(compiler: Compiler, chain: Chain, step: ChainStep, operand: Operand, found: dict[tuple[ClassKey, str], Chain]) -> None:
    path, queryset = "", None
    if isinstance(operand, Literal) and isinstance(operand.value, str):
        path = operand.value
    elif isinstance(operand, Made) and operand.name == "Prefetch":
        path, queryset = _of_prefetch(compiler, operand)
    owner = chain.model
    names = path.split("__") if path else []
    for number, name in enumerate(names):
        mapped = compiler.mapped.get(owner)
        relation = mapped.relationships.get(name) if mapped is not None else None
        if relation is None or relation.target is None or relation.target not in compiler.mapped:
            return
        if (owner, name) not in found or number == len(names) - 1:
            found[owner, name] = _loaded(compiler, step, owner, name, queryset if number == len(names) - 1 else None)
        owner = relation.target


def _of_prefetch(compiler: Compiler, made: Made) -> tuple[str, Chain | None]:
    keywords = dict(made.keywords)
    path = compiler.constant(Given(made.frame, made.args[0] if made.args else keywords.get("lookup", "")))
    text = made.args[1] if len(made.args) > 1 else keywords.get("queryset", "")
    operand = compiler.operands.read(Given(made.frame, text), compiler.plain) if text and text != "None" else None
    return path, operand.chains[0] if isinstance(operand, Querysets) else None


def _loaded(compiler: Compiler, step: ChainStep, owner: ClassKey, name: str, queryset: Chain | None) -> Chain:
    target = compiler.mapped[owner].relationships[name].target
    assert target is not None
    frame: Frame = step.frame
    first = ChainStep(PREFETCHED, ("",), (), step.path, step.function, step.call, frame, (owner, name))
    if queryset is not None and queryset.model == target:
        return queryset._replace(steps=(first, *queryset.steps))
    default = compiler.chains.expanded(compiler.chains.managers.default(target))[0]
    return default._replace(steps=(first, *default.steps))
