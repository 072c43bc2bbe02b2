"""What a handler does with a row that it has looked up."""

from __future__ import annotations

import enum
import re

from backend_lint.facts.python import Body
from backend_lint.facts.query import Verb
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.ownership.frames import Frames
from backend_lint.project.ownership.lookups import Lookup
from backend_lint.project.value_text import alternatives

_DELETES = frozenset({"delete", "adelete", "remove", "soft_delete", "destroy", "hard_delete"})
_WRITES = frozenset({*_DELETES, "save", "asave", "update", "sqlmodel_update", "archive"})
_SESSION = lazy_regex(r"session|\bdb\b|conn|transaction|uow", re.I)
_FETCHES = frozenset(
    "execute scalars scalar scalar_one scalar_one_or_none first one one_or_none first_or_404 one_or_404 get_or_404 unique mappings fetchone exec".split()
)
"""Calls that give the rows of a statement they get or are called on."""
_SECRET = lazy_regex(r"\.(?:\w*password|\w*secret\w*|\w*token|api_?key|private_key|credentials?)$", re.I)
"""Attributes whose use is worth as much as reading them."""
_BOOKKEEPING = frozenset({"last_seen", "last_used", "views", "view_count", "hits", "accessed_at"})
"""Columns that any look at the row changes."""
_COUNTS = frozenset({"count", "acount", "exists", "aexists"})
"""Calls of whose row nothing is seen in what they give."""


class Effect(enum.StrEnum):
    """What becomes of the row; empty if nothing comes of it that the caller sees."""

    TAKEN = "taken"
    """It is used for something that the caller asks for."""
    READ = "read"
    CHANGED = "changed"
    DELETED = "deleted"
    NONE = ""


def effect_of(frames: Frames, lookup: Lookup) -> Effect:
    """What becomes of the row: in the handler, in the function that looks it up, and in those between them."""
    if lookup.site.query.verb is Verb.DELETE:
        return Effect.DELETED
    if lookup.site.query.verb is Verb.UPDATE:
        return Effect.CHANGED
    found = Effect.NONE
    places: list[tuple[FunctionKey, int]] = [(lookup.handler, lookup.call)]
    if lookup.way:
        places.append(((lookup.site.path, lookup.site.function), lookup.site.call))
        places += [(caller, edge.number) for caller, edge in lookup.way[1:]]
    for key, number in places:
        one = _effect_in(frames, key, number)
        if one in (Effect.CHANGED, Effect.DELETED):
            return one
        if one is Effect.READ and key == lookup.handler:
            found = one
    return found


def _effect_in(frames: Frames, key: FunctionKey, number: int) -> Effect:
    return effect_on(frames, key, f"#{number}")


def effect_on(frames: Frames, key: FunctionKey, row: str) -> Effect:
    """What a function does with a row: the result of a call, ``#n``, or what it was handed, ``%name``."""
    body = frames.body(key)
    names = {row}
    for number, call in enumerate(body.calls):
        receiver, _, name = call.callee.rpartition(".")
        if name in _FETCHES and (receiver in names or not names.isdisjoint(call.args)):
            names.add(f"#{number}")
    names |= {one.target for one in body.assigns if one.value in names and one.target[:1] == "%" and "." not in one.target}

    def is_row(text: str) -> bool:
        return any(option in names for option in alternatives(text))

    for call in body.calls:
        receiver, _, name = call.callee.rpartition(".")
        if call.callee == "setattr" and call.args and is_row(call.args[0]):
            return Effect.CHANGED
        if name in _WRITES and (is_row(receiver) or (call.args and is_row(call.args[0]) and _SESSION.search(receiver))):
            return Effect.DELETED if name in _DELETES else Effect.CHANGED
    for assign in body.assigns:
        base, _, attribute = assign.target.rpartition(".")
        if base and is_row(base) and attribute not in _BOOKKEEPING:
            return Effect.CHANGED
    used = [one.value for one in body.assigns] + [text for call in body.calls for text in call.args]
    if any(text.startswith(f"{row}.") and _SECRET.search(text) for text in used):
        return Effect.READ
    return Effect.READ if is_answered(frames, key, row) else Effect.NONE


def is_answered(frames: Frames, key: FunctionKey, row: str) -> bool:
    """Whether something of a row is in what the function returns."""
    body = frames.body(key)
    addresses = _addresses(body) | frozenset(number for number, call in enumerate(body.calls) if call.callee.rpartition(".")[2] in _COUNTS)
    answers = [one.value for one in body.returns] + [one.value for one in body.yields]
    return any(row in frames.behind(key, text, closed=addresses) for text in answers if text)


def _addresses(body: Body) -> frozenset[int]:
    """Calls that answer with nothing but an address."""
    calls = enumerate(body.calls)
    return frozenset(number for number, call in calls if "redirect" in call.callee.lower() or call.callee.rpartition(".")[2] in ("reverse", "url_for"))
