"""What other services answer, where it does harm: unpickled, run, made a command, a template or a statement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Body, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.modules import SourceModule
from backend_lint.project.taint.library import LAST_NAMES, SINKS, Danger
from backend_lint.project.value_text import constant_string, names_this_machine

if TYPE_CHECKING:
    from backend_lint.project import Project

_CLIENTS = lazy_regex(r"^(?:requests|httpx)(?:\.(?:api|sessions|Session|Client|AsyncClient))*\.(?:get|post|put|patch|request|send)$|^urllib\.request\.urlopen$")
_HARM = frozenset({Danger.PICKLE, Danger.CODE, Danger.COMMAND, Danger.TEMPLATE})
_STATEMENTS = ("execute", "executemany", "raw", "executescript")
_SAFE = frozenset({"SafeLoader", "CSafeLoader", "BaseLoader"})
_TAKES = frozenset({"json", "read", "text", "content", "aread", "decode"})
_ASKS = frozenset({"get", "post", "put", "patch", "request", "send", "urlopen"})
_RESULT = lazy_regex(r"#(\d+)(?!\d)(\.(?:text|content)\b)?")


class UpstreamUse(NamedTuple):
    """An answer at a call that does harm with it. `asked`: the call that asks; `name`: what it calls."""

    module: SourceModule
    function: int
    call: Call
    asked: Call
    name: str
    danger: Danger


def upstream_uses(project: Project) -> Iterator[UpstreamUse]:
    """All of them within one function, in order of path and line."""
    for module in project.modules.values():
        if module.role is not Role.APPLICATION or not any(one.module.partition(".")[0] in ("requests", "httpx", "urllib") for one in module.facts.imports):
            continue
        for function, body in enumerate(module.bodies):
            answers = _answers(project, module, function, body)
            for call in body.calls if answers else ():
                danger = _danger(project, module, function, call)
                for value in _values(call, danger) if danger is not None else ():
                    asked = _asked(value, answers)
                    if asked is not None and danger is not None:
                        target = project.value(module.path, function, body.calls[asked].callee)
                        yield UpstreamUse(module, function, call, body.calls[asked], target.name if target is not None else "", danger)
                        break


def _answers(project: Project, module: SourceModule, function: int, body: Body) -> dict[int, int]:
    """Calls whose results are, or are taken out of, an answer, with the call that asked for it."""
    found: dict[int, int] = {}
    for number, call in enumerate(body.calls):
        receiver, _, method = call.callee.rpartition(".")
        if method in _TAKES:
            match = _RESULT.match(receiver)
            if match is not None and int(match.group(1)) in found:
                found[number] = found[int(match.group(1))]
        elif method in _ASKS and not names_this_machine(*call.args):
            target = project.value(module.path, function, call.callee)
            if target is not None and target.is_external and _CLIENTS.match(target.name):
                found[number] = number
    return found


def _asked(value: str, answers: dict[int, int]) -> int | None:
    """The call that asked for what a value holds: what was taken out of an answer, or its text, not the answer itself."""
    for match in _RESULT.finditer(value):
        number = int(match.group(1))
        if number in answers and (answers[number] != number or match.group(2)):
            return answers[number]
    return None


def _danger(project: Project, module: SourceModule, function: int, call: Call) -> Danger | None:
    method = call.callee.rpartition(".")[2]
    if method in _STATEMENTS:
        return Danger.SQL
    if method not in LAST_NAMES and method != "load":
        return None
    target = project.value(module.path, function, call.callee)
    name = target.name if target is not None and target.is_external else call.callee if "." not in call.callee else ""
    if name in ("yaml.load", "yaml.load_all"):
        loaders = [value for keyword, value in call.keywords if keyword == "Loader"] + list(call.args[1:2])
        return None if loaders and loaders[0].rpartition(".")[2] in _SAFE else Danger.PICKLE
    sink = SINKS.get(name)
    if sink is None or sink.danger not in _HARM or (sink.needs[0] and sink.needs not in call.keywords):
        return None
    return sink.danger


def _values(call: Call, danger: Danger | None) -> tuple[str, ...]:
    """What does harm: the first argument; of a statement only what stands in its text."""
    if danger is not Danger.SQL:
        return call.args[:1]
    text = call.args[0] if call.args else ""
    return (text,) if text[:2] in ("f'", 'f"') or (text[:1] == "(" and constant_string(text) is None) else ()
