"""What calls hand over, and what hangs on a value."""

from __future__ import annotations

from backend_lint.facts.python import Call, Function, ParameterKind
from backend_lint.project.taint.library import CARRIES, KEEPING
from backend_lint.project.value_text import closing


def carries(rest: str) -> bool:
    """Whether what hangs on a value from outside is from outside as well."""
    position = 0
    while position < len(rest):
        sign = rest[position]
        if sign in "[(":
            position = closing(rest, position)
            continue
        end = position + 1
        while end < len(rest) and (rest[end].isalnum() or rest[end] == "_"):
            end += 1
        if rest[position + 1 : end] not in CARRIES and rest[position + 1 : end] not in KEEPING:
            return False
        position = end
    return True


def shift_of(head: Function, callee: str) -> int:
    """How many parameters the receiver of a call stands for."""
    return int(head.owner >= 0 and "staticmethod" not in head.decorators and "." in callee)


def argument(head: Function, call: Call, name: str, shift: int) -> str:
    """What a call hands over for a parameter; empty if that is nothing or unknown."""
    for keyword, value in call.keywords:
        if keyword == name:
            return value
    positional = [one for one in head.parameters if one.kind in (ParameterKind.POSITIONAL_ONLY, ParameterKind.POSITIONAL_OR_KEYWORD)]
    for position, parameter in enumerate(positional):
        if parameter.name == name:
            place = position - shift
            if 0 <= place < len(call.args) and not any(value.startswith("*") for value in call.args[: place + 1]):
                return call.args[place]
    return ""


