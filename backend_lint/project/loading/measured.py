"""Rows that are loaded, or counted, only to learn whether there are any or how many."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body, Use
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.queries.django_names import REFINING
from backend_lint.project.value_text import constant_string

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading import Loads

_SIZE = lazy_regex(r"(len|bool)\((#\d+)\)")
_COMPARED = lazy_regex(r"\((len\()?(#\d+)(\)?)(>|==|!=|>=|<)([01])\)")
_RESULT = lazy_regex(r"#\d+|len\(#\d+\)")
_ANY = {(">", "0"): True, ("!=", "0"): True, (">=", "1"): True, ("==", "0"): False, ("<", "1"): False}
"""What a comparison of a number with a constant asks: is there any (True), is there none."""
_LISTS = frozenset({"all", "fetchall"})


class Wanted(enum.StrEnum):
    """What the code needs to know, as the method that would tell it."""

    COUNT = "count"
    EXISTS = "exists"


class Misuse(msgspec.Struct, frozen=True):
    """A place where more is asked of the database than is used. `negated`: the test is for nothing; `call`: the call that loads or counts.

    `django`: a queryset's method answers it.
    """

    path: str
    function: int
    line: int
    column: int
    end_line: int
    end_column: int
    written: str
    wanted: Wanted
    negated: bool
    call: int
    django: bool


def misuses(project: Project, roles: frozenset[Role]) -> Iterator[Misuse]:
    """All of them, in order of path and line."""
    loads = project.loads
    for module, index, _, body in project.functions():
        if module.role not in roles or not index:
            continue
        for line, column, end_line, end_column, text, _ in body.sizes:
            place = line, column, end_line, end_column
            if match := _SIZE.fullmatch(text):
                if not any(other[4].startswith(f"({text}") for other in body.sizes):  # else the comparison tells what is asked
                    yield from _loaded(loads, module.path, index, body, place, match.group(1), int(match.group(2)[1:]))
            elif (match := _COMPARED.fullmatch(text)) and (match.group(4), match.group(5)) in _ANY:
                number, negated = int(match.group(2)[1:]), not _ANY[match.group(4), match.group(5)]
                if match.group(1):
                    yield from _loaded(loads, module.path, index, body, place, "len", number, f"{match.group(4)} {match.group(5)}", negated)
                elif (django := _counts(loads, module.path, index, body, number)) is not None and _mentions(body, f"#{number}") == 1:
                    shown = f".count() {match.group(4)} {match.group(5)}"
                    yield Misuse(module.path, index, *place, shown, Wanted.EXISTS, negated, number, django)
        for block in body.blocks:
            if block.kind is not BlockKind.IF:
                continue
            tested = block.subject[5:-1] if block.subject.startswith("(not ") else block.subject
            if tested[:1] != "#" or not tested[1:].isdigit() or body.calls[int(tested[1:])].use is not Use.OTHER:
                continue
            number = int(tested[1:])
            call = body.calls[number]
            place = call.line, call.column, call.end_line, call.end_column
            if (django := _counts(loads, module.path, index, body, number)) is not None:
                if not _mentions(body, tested, skip=block.subject):
                    yield Misuse(module.path, index, *place, ".count()", Wanted.EXISTS, False, number, django)
            else:
                yield from _loaded(loads, module.path, index, body, place, "bool", number)


def _counts(loads: Loads, path: str, function: int, body: Body, number: int) -> bool | None:
    """Whether a call is the ``count()`` of a queryset (True) or of SQLAlchemy's query (False); None for any other."""
    call = body.calls[number]
    receiver, _, method = call.callee.rpartition(".")
    if method != "count" or call.args or call.keywords or not receiver:
        return None
    if loads.uses_django and loads.django.of(path, function, receiver):
        return True
    return False if any(chain.fetched == "query" for chain in loads.sqlalchemy.of(path, function, receiver)) else None


def _loaded(
    loads: Loads,
    path: str,
    function: int,
    body: Body,
    place: tuple[int, int, int, int],
    asked: str,
    number: int,
    compared: str = "",
    negated: bool = False,
) -> Iterator[Misuse]:
    """``len(rows)`` and ``if rows:`` where nothing else is done with the rows. `compared`: the length is (``== 0``)."""
    call = body.calls[number]
    method = call.callee.rpartition(".")[2]
    value = f"#{number}"
    if sum(f"({value})" in text and text[:1] != "(" for *_, text, _ in body.sizes) > 1:
        return  # loaded once, asked for several times
    wanted = Wanted.COUNT if asked == "len" and not compared and not _is_truth(body, f"len({value})") else Wanted.EXISTS
    shown = f" {compared}" if compared else " as condition" if asked != "len" or wanted is Wanted.EXISTS else ""
    if method in REFINING and loads.uses_django and (chains := loads.django.of(path, function, value)):
        if any(not chain.complete or any(step.method in _KEEPS for step in chain.steps) for chain in chains):
            return
        if any(rows.related is not None for rows in loads.rows(path, function, value)):
            return  # prefetched, it costs nothing
        if not _mentions(body, value, asked):
            written = "len(queryset)" if asked == "len" else "a queryset"
            yield Misuse(path, function, *place, written + shown, wanted, negated, number, True)
        return
    rows = loads.sqlalchemy.of(path, function, value) if method in _LISTS else ()
    if rows and all(chain.complete and chain.fetched in ("entities", "rows") for chain in rows) and not _mentions(body, value, asked):
        written = f"len({method}())" if asked == "len" else f"{method}()"
        yield Misuse(path, function, *place, written + shown, wanted, negated, number, False)


def _is_truth(body: Body, length: str) -> bool:
    """A length is only tested for truth, or whether it is zero: ``if len(rows):``."""
    used = [block.subject for block in body.blocks if block.kind is BlockKind.IF and length in block.subject]
    tested = re.compile(rf"(?:^|[ (|]){re.escape(length)}(?:$|[|) ]|(?:==|!=|>)0\)|(?:<|>=)1\))")
    return bool(used) and len(used) == sum(length in text for text in _texts(body)) and all(tested.search(text) for text in used)
_KEEPS = frozenset({"select_for_update", "raw"})


def _mentions(body: Body, value: str, asked: str = "", skip: str = "") -> int:
    """How often a function uses a value other than to ask `asked` of it or to build on it."""
    pattern = re.compile(re.escape(value) + r"(?!\d)(\.?)")
    count = 0
    for text in _texts(body):
        if value not in text or text == skip or constant_string(text) is not None:
            continue
        for match in pattern.finditer(text):
            if match.group(1):
                continue
            if asked and (text in (value, f"(not {value})") or text[: match.start()].endswith(("len(", "bool("))):
                continue
            count += 1
    return count


def _texts(body: Body) -> Iterator[str]:
    """The values that a function hands to something, returns or tests; what it binds to a local stands where the local is used."""
    for call in body.calls:
        if "[" in call.callee:
            yield call.callee + ","
        for text in (*call.args, *(text for _, text in call.keywords)):
            yield text + ","
    for block in body.blocks:
        if block.kind is not BlockKind.ORELSE:
            yield block.subject + ("," if block.kind in (BlockKind.FOR, BlockKind.COMPREHENSION, BlockKind.WITH) else "")
    for assign in body.assigns:
        if assign.target[:1] != "%" or "." in assign.target or "[" in assign.target or not _RESULT.fullmatch(assign.value):
            yield assign.value + ","
    for returned in body.returns:
        yield returned.value + ","
    for yielded in body.yields:
        yield yielded.value + ","
    for _, text, _ in body.conditions:
        yield text
    for _, text, _ in body.awaits:
        yield text
