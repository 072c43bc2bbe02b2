"""Dangerous calls with a value of which nobody knows where it comes from, and those that are dangerous whatever they are given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call, Use
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.taint import Danger, Place
from backend_lint.project.taint.always import ENCODING, always, has_shell
from backend_lint.project.taint.flows import Step
from backend_lint.project.taint.library import KEEPING, PASSES
from backend_lint.project.taint.sources import Trait
from backend_lint.project.taint.statements import quoted_value
from backend_lint.project.taint.values import parts, pieces, root_and_rest
from backend_lint.project.value_text import alternatives, call_ids, constant_string, names_this_machine

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_FOLLOWED = frozenset({Danger.COMMAND, Danger.PROGRAM, Danger.WORDS, Danger.CODE, Danger.PICKLE, Danger.TEMPLATE})
_VERB = lazy_regex(r"\b(?:select|insert|update|delete|replace|merge|with)\b", re.IGNORECASE)
_SHORTEST = 20
_ARGUMENT = lazy_regex(r"sys\.argv\[\d+\]")
_TASKS = ("invoke.", "fabric.")
"""What those who develop run from their own command line."""
_MAKING = frozenset({"datetime", "time", "uuid", "random", "secrets", "math"})
_HANDS_ON = KEEPING | ENCODING | {name.rpartition(".")[2] for name in PASSES}
_LEVELS = 8
_HOPS = 3
_BY_NAME = frozenset({"importlib.import_module", "__import__", "compile", "django.utils.module_loading.import_string"})
_HARMLESS = frozenset({Trait.SEGMENT, Trait.NAME, Trait.BYTES, Trait.URL, Trait.ADDRESS, Trait.ADMIN})


class Unchecked(NamedTuple):
    """A dangerous call; `shown` says which value of it nobody checks, empty where that does not matter. `steps`: how the value gets there, if known."""

    danger: Danger
    key: FunctionKey
    call: Call
    shown: str
    steps: tuple[Step, ...]


def unchecked(project: Project) -> Iterator[Unchecked]:
    """Dangerous calls with values of unknown source."""
    for built in project.taint.statements:
        if built.trail is None:
            yield Unchecked(Danger.UNFILLED if built.is_dropped else Danger.SQL, built.key, built.call, built.value, built.run)
    yield from _written(project)
    for place in project.taint.others():
        if place.danger is Danger.URL:
            yield from _into_path(project, place)
        elif place.danger in _FOLLOWED:
            shown = _open(project, place)
            is_loader = place.danger is Danger.PICKLE and "full" not in place.name
            if shown or (is_loader and not _is_own(project, place) and not _is_made_here(project, place.key, place.value)):
                yield Unchecked(place.danger, place.key, place.call, shown, ())
    known = {(found.key, found.call.line) for found in project.taint.arrivals(Danger.PICKLE, Danger.COMMAND)}
    yield from (Unchecked(*found, "", ()) for found in always(project) if (found.key, found.call.line) not in known)


def _written(project: Project) -> Iterator[Unchecked]:
    """Statements with an open value between quotation marks that are bound or returned, and run by whoever gets them."""
    for path, module in project.modules.items():
        if module.role is not Role.APPLICATION:
            continue
        for function, body in enumerate(module.bodies):
            values = [(one.value, one.target if function == 0 else one.value, one.line, one.column) for one in body.assigns]
            values += [(one.value, one.value, one.line, one.column) for one in body.returns]
            seen: set[str] = set()
            for text, known_as, line, column in values:
                if len(text) < _SHORTEST or text[0] not in "(f'\"" or text in seen or not _VERB.search(text):
                    continue
                seen.add(text)
                if any(known_as in value for call in body.calls for value in (*call.args, *(given for _, given in call.keywords))):
                    continue  # it is judged where it is run
                if shown := quoted_value(project, (path, function), text):
                    call = Call(line, column, line, column + 1, "", (), (), 0, Use.OTHER, False)
                    yield Unchecked(Danger.SQL, (path, function), call, shown, ())


def _open(project: Project, place: Place) -> str:
    if place.danger is Danger.PROGRAM:
        whole = place.name.startswith("subprocess.") and place.value == next(iter(place.call.args), "") and not has_shell(place.call)
        if (whole and not _ARGUMENT.fullmatch(place.value)) or not pieces(place.value)[0].is_value:
            return ""  # whether it is a list, and what it begins with, is not known
    if place.name in _BY_NAME or place.name.startswith(_TASKS):
        return ""
    return project.taint.open_values.first(place.key, place.value)


def _is_own(project: Project, place: Place) -> bool:
    """What the function wrote itself, a copy, a file whose name is fixed, or the answer of a service on the same machine."""
    body = project.calls.body(place.key)
    root, _ = root_and_rest(place.value)
    values = [place.value, *(one.value for one in project.modules[place.key[0]].assigns_to(place.key[1], root))]
    for number in (number for value in values for number in call_ids(value)):
        call = body.calls[number] if number < len(body.calls) else None
        if call is not None and names_this_machine(*call.args):
            return True
        if call is not None and ("dump" in call.callee or (call.callee == "open" and call.args and constant_string(call.args[0]) is not None)):
            return True
    return False


def _is_made_here(project: Project, key: FunctionKey, text: str) -> bool:
    """Constants, clocks and random numbers, put together and encoded: nobody chooses them."""
    known: dict[str, bool] = {}

    def asked(text: str, level: int) -> bool:
        if text not in known:
            known[text] = True  # what only adds to itself adds nothing
            known[text] = level <= _LEVELS and _is_made_of(project, key, text, lambda one: asked(one, level + 1))
        return known[text]

    return asked(text, 0)


def _is_made_of(project: Project, key: FunctionKey, text: str, is_made: Callable[[str], bool]) -> bool:
    """One step of `_is_made_here`; `is_made` tells of what the value is put together of."""
    inner = parts(text)
    if inner is not None:
        return all(map(is_made, inner))
    root, rest = root_and_rest(text)
    if root[:1] == "#" and not rest:
        calls = project.calls.body(key).calls
        call = calls[int(root[1:])] if root[1:].isdigit() and int(root[1:]) < len(calls) else None
        if call is None:
            return False
        ref = project.value(*key, call.callee)
        if ref is not None and ref.name.partition(".")[0] in _MAKING:
            return True
        receiver, _, method = call.callee.rpartition(".")
        if method == "dumps":
            return True
        given = [*call.args, *(value for _, value in call.keywords), *([receiver] if receiver[:1] in "#%(\'\"" else [])]
        return bool(given) and method in _HANDS_ON and all(map(is_made, given))
    if root[:1] == "%" and not rest and not any(one.name == root[1:] for one in project.calls.head(key).parameters):
        bound = [one.value for one in project.modules[key[0]].assigns_to(key[1], root)]
        return bool(bound) and root not in bound and all(map(is_made, bound))
    return False


def _into_path(project: Project, place: Place) -> Iterator[Unchecked]:
    """A value of a request behind a fixed host, before what begins with a question mark."""
    for key, text, steps in _addresses(project, place.key, place.value, _HOPS):
        for piece in _before_query(text):
            for trail in project.taint.flows.trails(key, piece):
                if not trail.source.traits & _HARMLESS:
                    yield Unchecked(Danger.URL, place.key, place.call, f"`{trail.source.shown}` of the request", (*trail.steps, *steps))
                    return


def _addresses(project: Project, key: FunctionKey, text: str, hops: int) -> Iterator[tuple[FunctionKey, str, tuple[Step, ...]]]:
    """An address as it is put together: what a local is bound to, what callers hand over."""
    bound = [one.value for one in project.modules[key[0]].assigns_to(key[1], text) if one.value != "?"]
    for value in bound or [text]:
        if hops and any(value == f"%{one.name}" for one in project.calls.head(key).parameters):
            for caller, handed, step in project.taint.flows.handed(key, value[1:]):
                yield from ((at, one, (*steps, step)) for at, one, steps in _addresses(project, caller, handed, hops - 1))
        else:
            yield key, value, ()


def _before_query(text: str) -> Iterator[str]:
    found = pieces(text)
    if len(found) == 1 and text[:1] == "(":
        for part in parts(text) or ():
            yield from _before_query(part)
        return
    for piece in found:
        if not piece.is_value and "?" in piece.text:
            return
        options = alternatives(piece.text) if piece.is_value else []
        if len(options) > 1:
            yield from (value for option in options for value in _before_query(option))
            if any("?" in inner.text for option in options for inner in pieces(option) if not inner.is_value):
                return
        elif piece.is_value:
            yield piece.text
