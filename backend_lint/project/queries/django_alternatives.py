"""The several things that a value may be, and how many of them are followed."""

from __future__ import annotations

from backend_lint.project.queries.django_frames import Chain
from backend_lint.project.value_text import split

MOST_VARIANTS = 8


def operands(text: str, sign: str) -> list[str]:
    """What stands between the signs ``||``, ``&`` or ``^`` of an operation in brackets.

    >>> operands("(#1||(#2&#3))", "||"), operands("(#1|#2)", "||")
    (['#1', '(#2&#3)'], ['(#1|#2)'])
    """
    if text[:1] != "(" or text[-1:] != ")":
        return [text]
    parts = split(text[1:-1], sign[0])
    if sign == "||":
        return [part for part in parts if part] if "" in parts else [text]
    return parts if len(parts) > 1 else [text]


def united(text: str) -> list[str]:
    """The alternatives of a value, operations of ``||`` kept together: ``(#1||#2|#3)`` is ``(#1||#2)`` or ``#3``."""
    if text[:1] != "(" or text[-1:] != ")":
        return [text]
    found: list[str] = []
    joins = False
    for part in split(text[1:-1], "|"):
        if not part:
            joins = True
        elif joins and found:
            found[-1] = f"({found[-1]}||{part})"
            joins = False
        else:
            found.append(part)
    return found if len(found) > 1 else [text]


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
