"""Whether a value that arrives at a sink does harm there: where in the text it stands, and what is known of it."""

from __future__ import annotations

from backend_lint.lazy_regex import lazy_regex
from backend_lint.project import FunctionKey
from backend_lint.project.taint.flows import Flows, Mode, Trail
from backend_lint.project.taint.hosts import begins_with_scheme
from backend_lint.project.taint.library import Danger
from backend_lint.project.taint.sources import Trait
from backend_lint.project.taint.values import pieces
from backend_lint.project.value_text import entries

_HARMLESS: dict[Danger, frozenset[Trait]] = {
    Danger.PATH: frozenset({Trait.SEGMENT, Trait.NAME, Trait.URL, Trait.BYTES, Trait.ADMIN}),
    Danger.URL: frozenset({Trait.SEGMENT, Trait.NAME, Trait.HEADER, Trait.BYTES, Trait.ADDRESS, Trait.ADMIN}),
    Danger.REDIRECT: frozenset({Trait.SEGMENT, Trait.NAME, Trait.HEADER, Trait.BYTES, Trait.ADDRESS, Trait.BODY, Trait.ADMIN}),
    Danger.COMMAND: frozenset({Trait.URL}),
    Danger.PROGRAM: frozenset({Trait.URL}),
    Danger.SCRIPT: frozenset({Trait.URL}),
    Danger.HTML: frozenset({Trait.HEADER, Trait.BYTES, Trait.URL, Trait.BODY}),
    Danger.SQL: frozenset({Trait.URL}),
}
_MAY_BE_MAPPING = lazy_regex(r"json|\.data\b|body|event")
"""Sources whose values are not always text: a mapping takes the place of the value, and with it come operators."""


def arriving(flows: Flows, key: FunctionKey, text: str, danger: Danger) -> Trail | None:
    """The first harmful way on which a value from outside reaches a sink."""
    harmless = _HARMLESS.get(danger, frozenset())
    if danger is Danger.URL and begins_with_scheme(text):
        harmless -= {Trait.SEGMENT}
    if danger is Danger.NOSQL:
        if text[:1] == "{":
            for name, value in entries(text):
                # what stands under `$where` is run as JavaScript, text as well
                found = next(iter(flows.trails(key, value)), None) if name == "$where" else arriving(flows, key, value, danger)
                if found is not None:
                    return found
            return None
        if (text[:1] not in "%#" and not text[:1].isidentifier()) or text.startswith(("str(", "f'")):
            return None  # text, in which no operator can stand
    if danger is Danger.CODE and "repr(" in text:
        # a literal that was written by `repr` is one
        given = [piece.text for piece in pieces(text) if piece.is_value and not piece.text.startswith("repr(")]
        return next((found for one in given if one != text and (found := arriving(flows, key, one, danger)) is not None), None)
    for trail in flows.trails(key, text, Mode.HOST if danger in (Danger.URL, Danger.REDIRECT) else Mode.ANY):
        if not trail.source.traits & harmless and (danger is not Danger.NOSQL or _MAY_BE_MAPPING.search(trail.source.shown)):
            return trail
    return None
