"""Whether what a function does with an object it does each time, or only for some objects."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backend_lint.facts.python import LOOPS, BlockKind, Body, Call, Function
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around, inside
from backend_lint.project.value_text import alternatives

_BRANCHES = frozenset({BlockKind.IF, BlockKind.ORELSE, BlockKind.CASE})
_TAKES_KEYS = lazy_regex(r"\.objects\.a?(?:create|get|filter|exclude)$")
_TEST_LINES = 6
"""How far a test may stand above the first line that it guards."""
_OPEN = lazy_regex(r"[%#a-zA-Z_]")
_CONSTANTS = frozenset({"True", "False", "None"})
_PARAMETER = lazy_regex(r"(?:\(not (%\w+)\)|(%\w+))")


def is_conditional(body: Body, block: int, region: int, line: int, chosen: frozenset[str] = frozenset(), picked: int = 1, text: str = "") -> bool:
    """It is done in a branch of the function, behind a way out of it, or in a branch within a branch of a loop (one is how a loop picks its items).

    `picked`: how many branches of a loop are none. Region 0 is the whole function. A branch that one of the parameters `chosen` decides is no
    condition: the caller has made it the same for all objects; nor is one that asks whether there is what is read (`text`): ``if row.author: row.author.name``.
    """
    if region == 0 and any(one.line < line and one.block and not inside(body, block, one.block) for one in body.returns):
        return True
    count = 0
    for number, found in around(body, block):
        if number == region:
            break
        count += found.kind in _BRANCHES and not _is_chosen(found.subject, chosen) and not _asks_for_it(found.subject, text)
    return count > (picked if region else 0)


def is_behind_match(body: Body, block: int, line: int, text: str, elements: Sequence[str]) -> bool:
    """``if row.name == name and row.author == author``: the second is read of the few rows only whose name fits."""
    for found in body.blocks:
        if found.kind is BlockKind.IF and found.parent == block and 0 <= found.line - line <= _TEST_LINES and " and " in found.subject:
            parts = found.subject[1:-1].split(" and ")
            at = next((number for number, part in enumerate(parts) if text in part), 0)
            if any("==" in part and any(element in part for element in elements) for part in parts[:at]):
                return True
    return False


def is_short_circuited(body: Body, text: str) -> bool:
    """``self.is_open or self.orders.exists()`` asks for the second of some objects only: the answer of a function, or a test of it, has it behind another."""
    values = [one.value for one in body.returns] + [found.subject for found in body.blocks if found.kind is BlockKind.IF]
    mentions = re.compile(rf"(?<![\w.]){re.escape(text)}(?!\w)")
    behind = False
    for value in values:
        value = value.removeprefix("(not ").removesuffix(")") if value.startswith("(not (") else value
        parts = alternatives(value) if value[:1] == "(" else ()
        if len(parts) < 2:
            if mentions.search(value):
                return False
        elif mentions.search(parts[0]):
            return False
        else:
            behind = behind or any(mentions.search(part) for part in parts[1:])
    return behind


def is_only_compared(body: Body, block: int, text: str) -> bool:
    """``if row.author == author:``, ``if row.author is None:``, and nothing else is done with it: the key says as much."""
    if body.blocks[block].kind is BlockKind.LAMBDA or sum(one == text for _, _, one, _ in body.reads) != 1:
        return False
    mentions = re.compile(rf"(?<![\w.]){re.escape(text)}(?![\w.\[(])")
    others = [value for call in body.calls for value in (*call.args, *(given for _, given in call.keywords))]
    others += [one.value for one in body.assigns] + [one.value for one in body.yields]
    others += [value for _, value, _ in body.conditions] + [one.value for one in body.returns if one.value == text]
    if any(value == text or not _is_compared(value, match) for value in others for match in mentions.finditer(value)):
        return False
    written = [found.subject for found in body.blocks] + [one.value for one in body.returns] + others
    tests = [value for value in written if mentions.search(value)]
    return bool(tests) and all(_is_compared(test, match) for test in tests for match in mentions.finditer(test))


def is_only_handed_on(body: Body, text: str) -> bool:
    """``Loan.objects.create(reader=row.reader)``, and nothing else is done with it: the key will do."""
    if sum(one == text for _, _, one, _ in body.reads) != 1:
        return False
    mentions = re.compile(rf"(?<![\w.]){re.escape(text)}(?!\w)")
    given = [(call, value) for call in body.calls for name, value in call.keywords if value == text and name.isidentifier()]
    others = [value for call in body.calls for value in (call.callee, *call.args, *(value for _, value in call.keywords if value != text))]
    others += [one.value for one in body.assigns] + [one.value for one in body.yields] + [one.value for one in body.returns]
    others += [value for _, value, _ in body.conditions] + [found.subject for found in body.blocks]
    if any(mentions.search(value) for value in others):
        return False
    return bool(given) and all(_TAKES_KEYS.search(call.callee) for call, _ in given)


def _is_compared(test: str, found: re.Match[str]) -> bool:
    before, after = test[: found.start()], test[found.end() :]
    if not (before or after):
        return True
    return after.startswith(("==", "!=", " is None", " is not None")) or before.endswith(("==", "!=", "(not "))


class Exits:
    """Where a function leaves its loops."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._all = {one.block for one in body.returns if one.block} | {one.block for one in body.raises if one.block}
        self._innermost = {block for _, block in body.breaks}

    def leave(self, block: int, region: int) -> bool:
        """Whether what runs in `block`, inside the loop `region`, ends the loop: ``if row.name == name: return row.author``."""
        if not region or not (self._all or self._innermost):
            return False
        ends = False
        for number, found in around(self._body, block):
            if number == region:
                return ends
            if number in self._all:
                return True
            ends = (ends or number in self._innermost) and found.kind not in LOOPS
        return ends


def _asks_for_it(test: str, text: str) -> bool:
    """``row.author`` or ``row.author is not None`` before ``row.author.name``."""
    asked = test.strip("()").removesuffix(" is not None")
    return bool(text) and "." in asked and (text == asked or text.startswith(f"{asked}."))


def _is_chosen(test: str, chosen: frozenset[str]) -> bool:
    match = _PARAMETER.fullmatch(test)
    return match is not None and (match.group(1) or match.group(2)) in chosen


def chosen_by(call: Call, head: Function, bound: bool, elements: Sequence[str]) -> frozenset[str]:
    """The parameters of a function for which a call gives a value that neither the code fixes nor the object decides."""
    names = [parameter.name for parameter in head.parameters]
    given = [*zip(names[1 if bound else 0 :], call.args, strict=False), *((name, text) for name, text in call.keywords if name in names)]
    return frozenset(
        f"%{name}" for name, text in given if _OPEN.match(text) and text not in _CONSTANTS and not any(one in text for one in elements)
    )
