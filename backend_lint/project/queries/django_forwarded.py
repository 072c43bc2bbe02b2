"""Own methods of managers that run a query with the lookups they are given: ``find(isbn=x)`` where that is ``self.get(**lookups)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.project.queries.django_frames import Chain, Frame
from backend_lint.project.queries.django_names import ENDING, ENDING_ASYNC

if TYPE_CHECKING:
    from backend_lint.project.queries.django_chains import DjangoChains

_MAX_DEPTH = 4


def forwarded(chains: DjangoChains, frame: Frame, number: int, depth: int = 0) -> list[Chain]:
    """The chains that a call of such a method ends; empty if it is none."""
    fact = chains.modules[frame.path].bodies[frame.function].calls[number]
    base, _, method = fact.callee.rpartition(".")
    found: list[Chain] = []
    if depth > _MAX_DEPTH or not base:
        return found
    for chain in chains.evaluate(frame, base):
        custom = chains.managers.method(chain.classes, method)
        if custom is None:
            ending = ENDING_ASYNC.get(method, method)
            if depth and ending in ENDING and any(key == "**" for key, _ in fact.keywords):
                found.append(chain.then(chains.step(frame, number, fact, ending)))
            continue
        path, index = custom[0][0], custom[1]
        inner = Frame(path, index, None, (chain,), frame, fact, True, frame.depth + 1)
        for returned in chains.modules[path].bodies[index].returns:
            if returned.value[:1] == "#" and returned.value[1:].isdigit():
                found += forwarded(chains, inner, int(returned.value[1:]), depth + 1)
    return found
