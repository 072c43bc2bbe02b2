"""Where a function runs the querysets that it puts together, and where it only hands them on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from backend_lint.facts.python import LOOPS, BlockKind, Body, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around
from backend_lint.project.queries.django_names import CHAINING, INSIDE, WRAPPERS
from backend_lint.project.queries.django_operations import operation
from backend_lint.project.value_text import alternatives, parse, split

_IDS = lazy_regex(r"#(\d+)")
_READS = frozenset({"len", "bool", "any", "all", "next", "sum", "max", "min", "enumerate", "zip", "map", "dict", "str", "repr", "isinstance"})
"""Builtins that read the rows of what they are given."""
_READING = frozenset({BlockKind.FOR, BlockKind.COMPREHENSION, BlockKind.IF})
_MOST_OPERANDS = 40
_EAGER = frozenset({"json.dumps", "list", "join", "extend", "update"})


class Used(NamedTuple):
    """A queryset's text where it is used. `evaluated`: its rows are read there. `taken`: one of them is taken, by this text (``[0]``). `block`: of the use."""

    text: str
    evaluated: bool
    taken: str
    block: int


def uses(body: Body, candidates: frozenset[int], onward: frozenset[int]) -> Iterator[Used]:
    """The uses of the results of calls `candidates`; loops over the result of any call are given too. The calls `onward` give querysets themselves."""
    for block in body.blocks:
        if not block.subject:
            continue
        if block.kind in LOOPS and block.kind is not BlockKind.WHILE:
            yield from _of_text(block.subject, True, max(block.parent, 0), None)
        elif block.kind in (BlockKind.IF, BlockKind.WHILE, BlockKind.CASE, BlockKind.FOR) and "#" in block.subject:
            yield from _of_text(block.subject, True, max(block.parent, 0), candidates)
    if not candidates:
        return
    for number, call in enumerate(body.calls):
        if "#" in call.callee or any("#" in text for text in call.args) or any("#" in text for _, text in call.keywords):
            yield from _of_call(call, candidates, number in onward)
    for returned in body.returns:
        if "#" in returned.value:
            yield from _of_text(returned.value, False, returned.block, candidates)
    for yielded in body.yields:
        if "#" in yielded.value:
            yield from _of_text(yielded.value, yielded.value[:1] == "*", yielded.block, candidates)
    for assign in body.assigns:
        if "#" in assign.value:
            # where a local is read, its value stands
            is_local = assign.target[:1] == "%" and assign.target[1:].isidentifier() and assign.value[0] in "#("
            yield from (one for one in _of_text(assign.value, False, assign.block, candidates) if one.taken or one.evaluated or not is_local)
    for _, text, block_index in body.conditions:
        if "#" in text:
            yield from _of_text(text, True, block_index, candidates)
    for _, _, text, block_index in body.reads:
        if "#" in text:
            yield from _of_text(text, True, block_index, candidates)


def is_at_hand(body: Body, call: Call) -> bool:
    """It counts rows of a queryset that a loop or a test has read before, on every way to the call: the queryset keeps them, and asks nothing."""
    base, _, method = call.callee.rpartition(".")
    if method not in ("count", "exists") or base[:1] != "#" or not base[1:].isdigit():
        return False
    enclosing = {index for index, _ in around(body, call.block)}
    return any(
        block.subject == base and block.kind in _READING and block.line < call.line and (block.parent in enclosing or index in enclosing)
        for index, block in enumerate(body.blocks)
    )


def _of_call(call: Call, candidates: frozenset[int], onward: bool) -> Iterator[Used]:
    base, _, method = call.callee.rpartition(".")
    if base and "#" in base and method not in CHAINING and not onward:
        yield from _of_text(base, True, call.block, candidates)
    elif base and "#" in base and "[" in base:
        yield from (one for one in _of_text(base, True, call.block, candidates) if one.taken)
    chains = method in CHAINING or method in INSIDE
    eager = method in _EAGER or call.callee in _EAGER
    for text in (*call.args, *(value for _, value in call.keywords)):
        if "#" not in text:
            continue
        for one in _of_text(text, eager or text[:1] == "*", call.block, candidates):
            if not chains or one.taken or one.evaluated:
                yield one


def _of_text(text: str, evaluated: bool, block: int, candidates: frozenset[int] | None, depth: int = 0) -> Iterator[Used]:
    """`candidates` is None where any call may give a queryset."""
    if depth > 8:
        return
    text = text.lstrip("*")
    parsed = parse(text)
    if parsed is None:
        if text[:1] == "{" or text[:2] in ("f'", 'f"'):
            for part in _IDS.findall(text):
                yield from _of_text(f"#{part}", evaluated, block, candidates, depth + 1)
        elif text[:1] in "'\"" and ".join(" in text and text[-1] == ")":
            yield from _of_text(text.partition(".join(")[2][:-1], True, block, candidates, depth + 1)
        return
    root, steps = parsed
    if root[:1] in "[{":
        for part in split(root[1:-1]):
            value = part.partition(":")[2] if root[0] == "{" and part[:1] in "'\"" else part
            yield from _of_text(value, evaluated or part[:1] == "*", block, candidates, depth + 1)
        return
    if steps and steps[0][:1] == "(" and (root in WRAPPERS or root in _READS):
        for part in split(steps[0][1:-1]):
            yield from _of_text(part, True, block, candidates, depth + 1)
        return
    if root[:1] == "(":
        yield from _of_brackets(root, steps, text, evaluated, block, candidates, depth)
        return
    if root[:1] != "#" and not (candidates is None and root[:1] == "%"):
        return
    if root[:1] == "#" and candidates is not None and int(root[1:]) not in candidates:
        return
    yield from _cut(text, root, steps, evaluated, block)


def _of_brackets(root: str, steps: tuple[str, ...], text: str, evaluated: bool, block: int, candidates: frozenset[int] | None, depth: int) -> Iterator[Used]:
    options = alternatives(root)
    inner = "&" in root or "||" in root
    if evaluated and not inner and len(options) > 1 and any(option[:1] == "(" for option in options):
        for option in options:  # `not a or b` is no queryset, but reads some
            yield from _of_text(option, True, block, candidates, depth + 1)
        return
    if len(options) > 1 or inner:
        if candidates is None or any(int(number) in candidates for number in _IDS.findall(root)):
            yield from _cut(text, root, steps, evaluated, block)
        return
    rest = root
    for _ in range(_MOST_OPERANDS):
        parts = operation(rest)
        if parts is None:
            return
        left, sign, right = parts
        reads = sign not in ("is", "is not")
        rest = f"({right})"
        last = operation(rest) is None
        for piece in (left, right) if last else (left,):
            if piece:
                yield from _of_text(piece, reads, block, candidates, depth + 1)
        if last:
            return


def _cut(text: str, root: str, steps: tuple[str, ...], evaluated: bool, block: int) -> Iterator[Used]:
    """The queryset at the start of a value: its slices belong to it, a row taken by number ends it."""
    kept = root
    for step in steps:
        if step[:1] == "[" and ":" in step and step[1:2] not in "'\"":
            kept += step
            continue
        if step[:1] == "[" and step != "[]" and step[1:2] not in "'\"":
            yield Used(kept, True, step, block)
        elif step[:1] == ".":
            yield Used(kept, evaluated, "", block)
        return
    yield Used(kept, evaluated, "", block)
