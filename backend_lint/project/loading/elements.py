"""How a function writes an object that it has at hand, and the items of what it goes over."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lint.facts.python import LOOPS, Body
from backend_lint.project.loading.loops import unwrapped
from backend_lint.project.value_text import alternatives, parse


def steps_behind(text: str, elements: Sequence[str]) -> tuple[str, ...]:
    """The steps behind an element; none if the value does not begin with one."""
    for element in elements:
        if text.startswith(element) and text[len(element) : len(element) + 1] == ".":
            parsed = parse("x" + text[len(element) :])
            return parsed.steps if parsed is not None else ()
    return ()


def items_of(body: Body, block: int) -> tuple[str, ...]:
    """How a function writes the item of a loop."""
    found = body.blocks[block]
    inner = unwrapped(found.subject)
    elements = [f"{option}[]" for text in (found.subject, inner) for option in (*alternatives(text), text)]
    target = found.target or _second_target(body, block)
    return tuple(dict.fromkeys([*elements, *(["%" + target] if target else [])]))


def _second_target(body: Body, block: int) -> str:
    """The name that ``for number, item in enumerate(...)`` binds to the item."""
    found = body.blocks[block]
    if not found.subject.startswith("enumerate("):
        return ""
    bound = [assign.target for assign in body.assigns if assign.line == found.line and assign.block == found.parent and assign.target[:1] == "%"]
    return bound[1][1:] if len(bound) == 2 else ""


def is_gone_through(body: Body, value: str) -> bool:
    """The rows are loaded: counted, listed, iterated."""
    return any(unwrapped(block.subject) == value for block in body.blocks if block.kind in LOOPS) or any(
        f"({value})" in text or f"({value}," in text for call in body.calls for text in (*call.args, *(text for _, text in call.keywords))
    )


def shown(text: str) -> str:
    """A value for messages: ``%book.author`` as ``book.author``, what is read of an item as ``row.author``."""
    parsed = parse(text)
    if parsed is None:
        return text
    behind = max((number for number, step in enumerate(parsed.steps, 1) if step == "[]"), default=0)
    root = "row" if behind or parsed.root[0] in "#([" else parsed.root.removeprefix("%")
    return root + "".join(step for step in parsed.steps[behind:] if ":" not in step)
