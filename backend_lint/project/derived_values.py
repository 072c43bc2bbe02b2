"""Whether a value is made of others and of nothing else: who starts with the same ones gets the same."""

from __future__ import annotations

import re
from collections.abc import Collection

from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.modules import SourceModule
from backend_lint.project.value_text import call_ids

_LOCAL = lazy_regex(r"%\w+")
_ALONE = lazy_regex(r"f'[^{}]*\{(%[\w.]+)\}[^{}]*'")
"""A text with one value in it: who has the text has the value."""
_MOST_HOPS = 4


def follows(module: SourceModule, function: int, text: str, known: Collection[str], depth: int = 0) -> bool:
    """Whether the value `text` of a function is put together of the values `known` and of constants; a call that is given none of them may give anything.

    `known` holds value texts such as ``%user`` and ``%order.number``.
    """
    if depth > _MOST_HOPS:
        return False
    if text in known:
        return True
    for one in sorted(known, key=len, reverse=True):
        text = re.sub(rf"{re.escape(one)}(?!\w)", "", text)
    for local in set(_LOCAL.findall(text)):
        assigned = module.assigns_to(function, local)
        if len(assigned) != 1 or assigned[0].augmented or not follows(module, function, assigned[0].value, known, depth + 1):
            return False
    calls = module.bodies[function].calls
    for number in call_ids(text):
        call = calls[number] if number < len(calls) else None
        if call is None or not all(follows(module, function, one, known, depth + 1) for one in (*call.args, *(value for _, value in call.keywords))):
            return False
        parts = (call.callee, *call.args, *(value for _, value in call.keywords))
        if not any(one in part for part in parts for one in known) and not any(_LOCAL.search(part) or call_ids(part) for part in parts):
            return False
        if call.callee[:1] in "%#" and not follows(module, function, call.callee.rpartition(".")[0], known, depth + 1):
            return False
    return True


def told_by(module: SourceModule, function: int, text: str) -> frozenset[str]:
    """The value itself, and the one that it was made of by putting something before and behind it."""
    assigned = module.assigns_to(function, text) if text[:1] == "%" else []
    made = assigned[0].value if len(assigned) == 1 and not assigned[0].augmented else text
    match = _ALONE.fullmatch(made)
    return frozenset({text} if match is None else {text, match.group(1)})
