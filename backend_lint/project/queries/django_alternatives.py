"""The several things that a value may be, and how many of them are followed."""

from __future__ import annotations

from backend_lint.project.queries.django_frames import Chain
from backend_lint.project.queries.django_names import QUERYSETS

MOST_VARIANTS = 8


def is_queryset(chain: Chain) -> bool:
    """The last call on it is known to give a queryset, not a row or a number."""
    return not chain.steps or chain.steps[-1].method in QUERYSETS


def distinct(chains: list[Chain]) -> tuple[Chain, ...]:
    """Each chain once, without those that ask for nothing; of too many the shortest, and the longest."""
    seen: dict[object, Chain] = {}
    for chain in chains:
        if chain.steps and chain.steps[-1].method == "none":
            continue
        seen.setdefault((chain.model, tuple((step.path, step.function, step.call, step.args) for step in chain.steps)), chain)
    found = list(seen.values())
    if len(found) > MOST_VARIANTS:
        found.sort(key=lambda chain: len(chain.steps))
        found = [*found[: MOST_VARIANTS - 1], found[-1]]
    return tuple(found)
