"""Whether anybody looks at the status of an HTTP response before its content is used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import BlockKind, Body, Call, Use
from backend_lint.project.blocks import protecting_handlers
from backend_lint.project.libraries.outbound import VERBS
from backend_lint.project.references import Ref, RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project

_CONTENT = frozenset({"json", "text", "content", "iter_content", "iter_lines", "iter_bytes", "raw", "read", "aread"})
_LIBRARIES = ("requests.", "httpx.", "aiohttp.ClientSession.")
_DECODING = re.compile(r"(?:^|\.)(?:Exception|BaseException|ValueError|JSONDecodeError|ContentTypeError|KeyError|TypeError)$")
_LONGEST = 500
"""Calls of a function; each response in it asks about all the others, so a longer one is left out."""
_HOOKS = ("event_hooks", "raise_for_status", "hooks")


class Unchecked(msgspec.Struct, frozen=True):
    """A response whose content is used although nobody looked at its status. `used` is the line of the first use."""

    path: str
    function: int
    call: Call
    name: str
    used: int


def unchecked_responses(project: Project) -> Iterator[Unchecked]:
    """The responses of requests, httpx and aiohttp that are used unchecked, in the order of paths and lines; what leaves the function is left out."""
    hooked = _has_hooks(project)
    for module, index, _, body in project.functions():
        for number, call in enumerate(body.calls) if len(body.calls) <= _LONGEST else ():
            if call.callee.rpartition(".")[2] not in VERBS or call.use not in (Use.BOUND, Use.RECEIVER, Use.CONTEXT):
                continue
            target = project.value(module.path, index, call.callee)
            if target is None or target.kind is not RefKind.EXTERNAL or not _is_http(target) or hooked or _raises(project, target):
                continue
            used = _used(body, number, call)
            if used:
                yield Unchecked(module.path, index, call, target.name, used)


def _is_http(target: Ref) -> bool:
    return (
        target.name.startswith(_LIBRARIES)
        and target.name.rpartition(".")[2] in VERBS
        and (target.receiver is None or target.receiver.kind is RefKind.EXTERNAL_INSTANCE)
    )


def _has_hooks(project: Project) -> bool:
    """Somebody hooks into responses of sessions; which ones cannot be told."""
    return any(".hooks" in assign.target for module in project.modules.values() for body in module.bodies for assign in body.assigns)


def _raises(project: Project, target: Ref) -> bool:
    """The client was told to raise for a bad status, or it was not made here."""
    if target.receiver is None:
        return False
    if target.origin is None:
        return target.receiver.name != "requests.Session"
    made = project.modules[target.origin.path].bodies[target.origin.function].calls[target.origin.call]
    return any(keyword in _HOOKS or keyword == "**" for keyword, _ in made.keywords)


def _used(body: Body, number: int, call: Call) -> int:
    """The line where content is used; 0 if the status is looked at, the response goes elsewhere, or it cannot be told."""
    if call.target and not call.target.startswith("%"):
        return 0
    mention = re.compile(rf"#{number}(?!\d)(?:\.__a?enter__\(\))?(?:\.(\w+))?")
    lost = re.compile(rf"{re.escape(call.target)}(?!\w)") if call.target else None
    used = 0
    for line, text in _texts(body):
        if lost is not None and lost.search(text) and text[0] != "=":
            return 0
        for match in mention.finditer(text):
            attribute = match.group(1) or ""
            if attribute in _CONTENT:
                used = used or line
            elif text[0] not in "=@":
                return 0
    answers = _derived(body, number)
    subjects = [block.subject for block in body.blocks if block.kind in (BlockKind.IF, BlockKind.WHILE, BlockKind.CASE)] + [
        text for _, text, _ in body.conditions
    ]
    if any(int(found) in answers for subject in subjects for found in re.findall(r"#(\d+)", subject)):
        return 0  # the answer itself says whether it went well
    return 0 if _expects_garbage(body, number) else used


def _expects_garbage(body: Body, number: int) -> bool:
    """Somebody is ready for an answer that is no JSON: an error page is noticed after all."""
    parsed = re.compile(rf"#{number}(?:\.__a?enter__\(\))?\.json")
    for call in body.calls:
        if parsed.fullmatch(call.callee):
            for handler in protecting_handlers(body, call.block):
                if not handler.types or any(_DECODING.search(caught) for caught in handler.types):
                    return True
    return False


def _derived(body: Body, number: int) -> set[int]:
    """The call and all calls that are made on what it gave."""
    found = {number}
    for position, call in enumerate(body.calls):
        if any(int(text) in found for text in re.findall(r"#(\d+)", " ".join((call.callee, *call.args)))):
            found.add(position)
    return found


def _texts(body: Body) -> Iterator[tuple[int, str]]:
    """Every value in a function with its line; a binding is marked by ``=``, a ``with`` by ``@``."""
    for call in body.calls:
        yield call.line, call.callee
        for text in call.args:
            yield call.line, text
        for _, text in call.keywords:
            yield call.line, text
    for block in body.blocks:
        yield block.line, ("@" if block.kind is BlockKind.WITH else "") + block.subject
    for assign in body.assigns:
        yield assign.line, ("=" if assign.target[1:].isidentifier() else "") + assign.value
    for line, text, _ in body.conditions:
        yield line, text
    for found in body.returns:
        yield found.line, found.value
    for raised in body.raises:
        yield raised.line, raised.value
    for yielded in body.yields:
        yield yielded.line, yielded.value
