"""Branches of a function that answer a request with a client error: returned responses, raised HTTP errors, ``abort``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.coverage import FileCoverage
from backend_lint.facts.python import BlockKind, Body, Call
from backend_lint.project.blocks import around
from backend_lint.project.responses import answer_of, is_http_error, refuses_request, status_of
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project, SourceModule

_BRANCHES = frozenset({BlockKind.IF, BlockKind.ORELSE, BlockKind.CASE})
_FIXED = {"Http404": 404, "NotFound": 404, "PermissionDenied": 403, "BadRequest": 400, "Forbidden": 403, "Conflict": 409, "NotAuthenticated": 401}
_STATUS_KEYS = ("status_code", "code", "status")


class Refusal(NamedTuple):
    """A branch that answers with `status`; `asked` is the line of its condition."""

    line: int
    column: int
    end_line: int
    end_column: int
    status: int
    asked: int


def unexecuted_refusals(project: Project, module: SourceModule, function: int, file: FileCoverage) -> Iterator[Refusal]:
    """The branches whose condition ran in a test, and that were never taken."""
    body = module.bodies[function]
    for block, line, column, end_line, end_column, status in _refusals(project, module, function, body):
        if not 400 <= status < 500 or file.lines.get(line) != 0:
            continue
        kinds = [found.kind for _, found in around(body, block)]
        if body.blocks[block].kind not in _BRANCHES or BlockKind.HANDLER in kinds:
            continue
        asked = _condition(body, block, file.lines)
        if asked and file.lines[asked]:
            yield Refusal(line, column, end_line, end_column, status, asked)


def _refusals(project: Project, module: SourceModule, function: int, body: Body) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Block, place and status of every answer that may be an error."""
    for returned in body.returns:
        if returned.block and returned.value:
            answer = answer_of(project, module, function, body, returned.value)
            if answer.is_response and answer.known:
                yield returned.block, returned.line, returned.column, returned.end_line, returned.end_column, answer.status
    for raised in body.raises:
        for number in call_ids(raised.value)[:1] if raised.block else ():
            if is_http_error(project, module.path, function, body.calls[number]):
                yield raised.block, raised.line, raised.column, raised.end_line, raised.end_column, _status(body.calls[number])
    for call in body.calls:
        if call.block and refuses_request(project, module.path, function, call):
            yield call.block, call.line, call.column, call.end_line, call.end_column, _status(call)


def _status(call: Call) -> int:
    given = next((value for key, value in call.keywords if key in _STATUS_KEYS), call.args[0] if call.args else "")
    return status_of(given) or _FIXED.get(call.callee.rpartition(".")[2], 0)


def _condition(body: Body, block: int, lines: Mapping[int, int]) -> int:
    """The line that decides whether a branch is taken: the last one that can run before it, for ``else`` that before the branch of its ``if``."""
    found = body.blocks[block]
    if found.kind is BlockKind.ORELSE:
        twins = [one for one in body.blocks if one.kind is BlockKind.IF and one.parent == found.parent and one.line < found.line]
        if not twins:
            return 0
        found = twins[-1]
    return max((line for line in lines if line < found.line), default=0)
