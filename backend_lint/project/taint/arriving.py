"""Whether a value that arrives at a sink does harm there: where in the text it stands, and what is known of it."""

from __future__ import annotations

from backend_lint.project import FunctionKey
from backend_lint.project.taint.flows import Flows, Mode, Trail
from backend_lint.project.taint.library import Danger
from backend_lint.project.taint.sources import Trait

_HARMLESS: dict[Danger, frozenset[Trait]] = {
    Danger.PATH: frozenset({Trait.SEGMENT, Trait.NAME, Trait.URL, Trait.BYTES}),
    Danger.URL: frozenset({Trait.SEGMENT, Trait.NAME, Trait.HEADER, Trait.BYTES}),
    Danger.REDIRECT: frozenset({Trait.SEGMENT, Trait.NAME, Trait.HEADER, Trait.BYTES}),
    Danger.COMMAND: frozenset({Trait.URL}),
    Danger.SQL: frozenset({Trait.URL}),
}


def arriving(flows: Flows, key: FunctionKey, text: str, danger: Danger) -> Trail | None:
    """The first harmful way on which a value from outside reaches a sink."""
    for trail in flows.trails(key, text, Mode.HOST if danger in (Danger.URL, Danger.REDIRECT) else Mode.ANY):
        if not trail.source.traits & _HARMLESS.get(danger, frozenset()):
            return trail
    return None
