"""Writes that the next call of the same code makes good: it finds the first row again, and writes the second one that is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body
from backend_lint.project.blocks import around
from backend_lint.project.calls import FunctionKey
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.transactions.indexed import Indexed
    from backend_lint.project.transactions.scattered import Write

_FINDS_OR_MAKES = ("get_or_create", "update_or_create")
_LOOKS_UP = (".first", ".last", ".exists", ".get", ".get_or_none", ".afirst", ".alast", ".aexists", ".aget", ".aget_or_none", ".count", ".acount")
_MOST_STEPS = 8
_MOST_CALLERS = 20


def heals(project: Project, key: FunctionKey, indexed: Indexed, first: Write, second: Write) -> bool:
    """The first row is found or made, and what is saved of it is not made of what it was; the second one is made if a look-up says that it is missing."""
    if not second.is_new or not _is_found_again(indexed, first):
        return False
    here = {index for index, _ in around(indexed.body, first.call.block)}
    tests = [block for index, block in around(indexed.body, second.call.block) if index not in here and block.kind not in (BlockKind.WITH, BlockKind.TRY)]
    if not tests:
        return _is_called_if_missing(project, key)
    return all(_says_missing(indexed.body, one.kind, one.subject, first, second) for one in tests)


def _is_found_again(indexed: Indexed, first: Write) -> bool:
    numbers = call_ids(first.row)[:1]
    if not numbers or numbers[0] >= len(indexed.body.calls) or not indexed.body.calls[numbers[0]].callee.endswith(_FINDS_OR_MAKES):
        return False
    for name in indexed.names.get(first.row, ()):
        for one in indexed.assigned.get(f"{first.row}.{name}", ()):
            if one.augmented or any(text.startswith(f"{first.row}.") for text in indexed.made_of(one.value)):
                return False
    return True


def _says_missing(body: Body, kind: BlockKind, subject: str, first: Write, second: Write) -> bool:
    model = second.call.callee.partition(".")[0]
    if kind is BlockKind.HANDLER:
        return subject.endswith(f"{model}.DoesNotExist")
    number = _missing(subject) if kind is BlockKind.IF else -1
    if not 0 <= number < len(body.calls):
        return False
    call = body.calls[number]
    if call.callee == "hasattr":
        return call.args[:1] == (first.row,)
    if not call.callee.endswith(_LOOKS_UP):
        return False
    for _ in range(_MOST_STEPS):
        numbers = call_ids(call.callee)[:1]
        if call.callee[:1] != "#" or not numbers or numbers[0] >= len(body.calls):
            break
        call = body.calls[numbers[0]]
    return call.callee.partition(".")[0] == model


def _missing(subject: str) -> int:
    """The call of which a test says that it has brought nothing: ``not found``, ``found is None``; -1 if it says something else."""
    text = subject.removeprefix("(").removesuffix(")")
    text = text.removeprefix("not ") if text.startswith("not ") else text.removesuffix(" is None") if text.endswith(" is None") else ""
    return int(text[1:]) if text[:1] == "#" and text[1:].isdigit() and len(text) < 9 else -1


def _is_called_if_missing(project: Project, key: FunctionKey) -> bool:
    """All who call the function have looked up before what it makes."""
    callers = [one for one in project.transactions.reach.callers(key) if project.modules[one[0][0]].role is not Role.TEST]
    if not callers or len(callers) > _MOST_CALLERS:
        return False
    return all(
        any(block.kind is BlockKind.IF and _missing(block.subject) >= 0 for _, block in around(project.calls.body(caller), edge.call.block))
        for caller, edge in callers
    )
