"""Whether anybody looks at the status of an HTTP response before its content is used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body, Call, Use
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.libraries.outbound import VERBS
from backend_lint.project.references import Ref, RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project

_CONTENT = frozenset({"json", "text", "content", "iter_content", "iter_lines", "iter_bytes", "raw", "read", "aread"})
_LIBRARIES = ("requests.", "httpx.", "aiohttp.ClientSession.")
_DECODING = lazy_regex(r"(?:^|\.)(?:Exception|BaseException|ValueError|JSONDecodeError|ContentTypeError|KeyError|TypeError)$")
_PARSERS = frozenset("loads model_validate_json parse_raw validate_json fromstring decode".split())
_TOKEN = lazy_regex(r"#\d+|%\w+")
_HOOKS = ("event_hooks", "raise_for_status", "hooks")


class Unchecked(msgspec.Struct, frozen=True):
    """A response whose content is used although nobody looked at its status. `used` is the line of the first use.

    `local`: the variable that is bound to the response itself; empty if there is none.
    """

    path: str
    function: int
    call: Call
    name: str
    used: int
    local: str = ""


def unchecked_responses(project: Project) -> Iterator[Unchecked]:
    """The responses of requests, httpx and aiohttp that are used unchecked, in the order of paths and lines; what leaves the function is left out."""
    hooked = _has_hooks(project)
    for module, index, _, body in project.functions():
        mentions: _Mentions | None = None
        for number, call in enumerate(body.calls):
            if call.callee.rpartition(".")[2] not in VERBS or call.use not in (Use.BOUND, Use.RECEIVER, Use.CONTEXT):
                continue
            target = project.value(module.path, index, call.callee)
            if target is None or target.kind is not RefKind.EXTERNAL or not _is_http(target) or hooked or _raises(project, target):
                continue
            mentions = mentions or _Mentions(body)
            used = _used(body, mentions, number, call)
            if used:
                yield Unchecked(module.path, index, call, target.name, used, _local(body, number, call))


def _is_http(target: Ref) -> bool:
    return (
        target.name.startswith(_LIBRARIES)
        and target.name.rpartition(".")[2] in VERBS
        and (target.receiver is None or target.receiver.kind is RefKind.EXTERNAL_INSTANCE)
    )


def _has_hooks(project: Project) -> bool:
    """Somebody hooks into responses of sessions; which ones cannot be told."""
    return any(
        ".hooks" in assign.target for module in project.modules.values() if module.role is not Role.TEST for body in module.bodies for assign in body.assigns
    )


def _raises(project: Project, target: Ref) -> bool:
    """The client was told to raise for a bad status, or it was not made here."""
    if target.receiver is None:
        return False
    if target.origin is None:
        return target.receiver.name != "requests.Session"
    made = project.modules[target.origin.path].bodies[target.origin.function].calls[target.origin.call]
    return any(keyword in _HOOKS or keyword == "**" for keyword, _ in made.keywords)


class _Mentions:
    """Which values of a function speak of which call or local, looked up once for all of its responses."""

    def __init__(self, body: Body) -> None:
        self.texts: dict[str, list[tuple[int, str]]] = {}
        """By ``#number`` or ``%name``, in the order of `_texts`."""
        for line, text in _texts(body):
            for token in dict.fromkeys(_TOKEN.findall(text)):
                self.texts.setdefault(token, []).append((line, text))
        self.users: dict[str, list[int]] = {}
        for position, call in enumerate(body.calls):
            for token in _TOKEN.findall(" ".join((call.callee, *call.args))):
                self.users.setdefault(token, []).append(position)
        subjects = [block.subject for block in body.blocks if block.kind in (BlockKind.IF, BlockKind.WHILE, BlockKind.CASE)]
        self.decisive = {token for subject in (*subjects, *(text for _, text, _ in body.conditions)) for token in _TOKEN.findall(subject)}

    def decides(self, number: int) -> bool:
        """A condition asks the call, or a call that is made on what it gave."""
        pending = [number]
        seen = {number}
        while pending:
            token = f"#{pending.pop()}"
            if token in self.decisive:
                return True
            following = [position for position in self.users.get(token, ()) if position not in seen]
            seen.update(following)
            pending += following
        return False


def _used(body: Body, mentions: _Mentions, number: int, call: Call) -> int:
    """The line where content is used; 0 if the status is looked at, the response goes elsewhere, or it cannot be told."""
    if call.target and not call.target.startswith("%"):
        return 0
    if call.target:
        lost = re.compile(rf"{re.escape(call.target)}(?!\w)")
        if any(lost.search(text) and text[0] != "=" for token in _TOKEN.findall(call.target)[:1] for _, text in mentions.texts.get(token, ())):
            return 0
    mention = re.compile(rf"#{number}(?!\d)(?:\.__a?enter__\(\))?(?:\.(\w+))?")
    used = 0
    for line, text in mentions.texts.get(f"#{number}", ()):
        for match in mention.finditer(text):
            attribute = match.group(1) or ""
            if attribute in _CONTENT:
                used = used or line
            elif text[0] not in "=@":
                return 0
    if mentions.decides(number):
        return 0  # the answer itself says whether it went well
    return 0 if not used or _expects_garbage(body, mentions, number) else used


def _local(body: Body, number: int, call: Call) -> str:
    if call.use is Use.BOUND:
        name = call.target.removeprefix("%")
    else:
        bound = (block.target for block in body.blocks if block.kind is BlockKind.WITH and block.subject == f"#{number}" and call.use is Use.CONTEXT)
        name = next(bound, "").removeprefix("%")
    return name if name.isidentifier() else ""


def _expects_garbage(body: Body, mentions: _Mentions, number: int) -> bool:
    """Somebody is ready for an answer that is no JSON, or other JSON: an error page is noticed after all."""
    spans = [body.blocks[found.protected] for found in body.handlers if not found.types or any(_DECODING.search(caught) for caught in found.types)]
    if not spans:
        return False
    read = re.compile(rf"#{number}(?:\.__a?enter__\(\))?\.(?:json|text|content)")
    answers = [number]
    lines = []
    for position in mentions.users.get(f"#{number}", ()):
        call = body.calls[position]
        if read.fullmatch(call.callee):
            answers.append(position)
        elif not (call.callee.rpartition(".")[2] in _PARSERS and any(read.match(text) for text in call.args)):
            continue
        lines.append(call.line)
    for answer in answers[1:]:
        lines += [line for line, text in mentions.texts.get(f"#{answer}", ()) if f"#{answer}[" in text]
    return any(block.line <= line <= block.end_line for line in lines for block in spans)


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
