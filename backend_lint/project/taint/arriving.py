"""Whether a value that arrives at a sink does harm there: where in the text it stands, and what is known of it."""

from __future__ import annotations

from backend_lint.project import FunctionKey
from backend_lint.project.taint.flows import Flows, Mode, Trail
from backend_lint.project.taint.hosts import begins_with_scheme
from backend_lint.project.taint.library import Danger
from backend_lint.project.taint.sources import Trait

_HARMLESS: dict[Danger, frozenset[Trait]] = {
    Danger.PATH: frozenset({Trait.SEGMENT, Trait.NAME, Trait.URL, Trait.BYTES, Trait.ADMIN}),
    Danger.URL: frozenset({Trait.SEGMENT, Trait.NAME, Trait.HEADER, Trait.BYTES, Trait.ADDRESS, Trait.ADMIN}),
    Danger.REDIRECT: frozenset({Trait.SEGMENT, Trait.NAME, Trait.HEADER, Trait.BYTES, Trait.ADDRESS, Trait.BODY, Trait.ADMIN}),
    Danger.COMMAND: frozenset({Trait.URL}),
    Danger.PROGRAM: frozenset({Trait.URL}),
    Danger.HTML: frozenset({Trait.HEADER, Trait.BYTES, Trait.URL, Trait.BODY}),
    Danger.SQL: frozenset({Trait.URL}),
}


def arriving(flows: Flows, key: FunctionKey, text: str, danger: Danger) -> Trail | None:
    """The first harmful way on which a value from outside reaches a sink."""
    harmless = _HARMLESS.get(danger, frozenset())
    if danger is Danger.URL and begins_with_scheme(text):
        harmless -= {Trait.SEGMENT}
    for trail in flows.trails(key, text, Mode.HOST if danger in (Danger.URL, Danger.REDIRECT) else Mode.ANY):
        if not trail.source.traits & harmless:
            return trail
    return None
