"""Whether the hash of a password is kept with its user, or compared with the one that was."""

from __future__ import annotations

import re

from backend_lint.facts.python import Body, Call, Function
from backend_lint.lazy_regex import lazy_regex

_FIELD = lazy_regex(r"passw|pwd|(?:^|_)hash(?:ed)?(?:$|_pass)", re.IGNORECASE)
_HASHER = lazy_regex(
    r"(?:hash|encrypt|encode|check|verify|set|make|create|get|is|valid)\w{0,40}(?:password|passwd|pwd)"
    r"|(?:password|passwd|pwd)_?(?:hash|check|verif)", re.IGNORECASE
)
_PASSING = frozenset("hexdigest digest b64encode hexlify decode encode str upper lower format".split())
_TEMPORARY = lazy_regex(r"cache|seen|checked|memo|key$", re.IGNORECASE)


def hash_is_kept(head: Function, body: Body, number: int) -> bool:
    """Whether the result of a call goes to a field or an argument named after a password, is compared, or is what a function that hashes passwords returns."""
    held = {f"#{number}"}
    names: set[str] = set()
    for index, call in enumerate(body.calls):
        if index == number or _passes(call, held):
            held.add(f"#{index}")
            names.add(call.target)
    for assign in body.assigns:
        if _holds(assign.value, held):
            names.add(assign.target)
    names.discard("")
    held |= {name for name in names if re.fullmatch(r"%?\w+", name)}
    if any(_TEMPORARY.search(name) for name in names):
        return False
    if any(("." in name or "['" in name) and _FIELD.search(name) for name in names):
        return True
    if any(_FIELD.search(name) and _holds(value, held) for call in body.calls for name, value in call.keywords):
        return True
    tests = [block.subject for block in body.blocks] + [found.value for found in body.returns] + [text for _, text, _ in body.conditions]
    if any("=" in text and " in " not in text and _holds(text, held) for text in tests):
        return True
    return _HASHER.search(head.name.rpartition(".")[2]) is not None and any(_holds(found.value, held) for found in body.returns)


def _passes(call: Call, held: set[str]) -> bool:
    return call.callee.rpartition(".")[2] in _PASSING and any(_holds(text, held) for text in (call.callee, *call.args))


def _holds(text: str, held: set[str]) -> bool:
    return any(one in text and re.search(rf"(?<![\w%.]){re.escape(one)}(?!\w)", text) is not None for one in held)
