"""Whether a task loads the row whose key it is handed. One that only passes the key on does not care whether the row is committed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import Edge, FunctionKey
from backend_lint.project.held_sessions import passed
from backend_lint.project.libraries import Effect
from backend_lint.project.references import RefKind
from backend_lint.project.transactions.dispatch import Dispatch
from backend_lint.project.value_text import call_ids, split

if TYPE_CHECKING:
    from backend_lint.facts.python import Body, Call
    from backend_lint.project import Project
    from backend_lint.project.schema.mapping import ClassKey

_MOST_HOPS = 2
_SIGNATURE = ("args", "kwargs")
_TELLS = lazy_regex(r"(?:^|\.)(?:debug|info|warning|error|exception|critical|log|print|format|len|str|int|list|set|tuple|sorted|isinstance|append|split)$")
"""Calls that ask nobody; what some of them return is the value again."""
_LOOKS = lazy_regex(r"(?:^|[._])(?:get|find|load|fetch|filter|query|select|exists|lookup|retrieve|one|first|scalar|execute)(?:_\w+)?$", re.IGNORECASE)
_KEY = lazy_regex(r"(?:pk|id|uuid|slug|public_id|external_id)(?:__in|__exact)?")


def tables_of(project: Project, model: ClassKey | None) -> frozenset[str]:
    """The tables that hold a row of a model: its own, and those of the models that it extends; none if it is unknown."""
    found: set[str] = set()
    while model is not None and (mapped := project.schema.mapped.get(model)) is not None and mapped.table not in found:
        found.add(mapped.table)
        model = mapped.parent
    return frozenset(found)


def looks_up(project: Project, dispatch: Dispatch, text: str, tables: frozenset[str], *, own: bool = False) -> bool | None:
    """Whether the task asks one of `tables`, or any if there are none, with what it is handed as `text`; None if that cannot be seen.

    With `own`, only a look for a row by its own key counts, not one for the rows that refer to it.
    """
    if dispatch.task is None:
        return None
    name = _parameter(project, dispatch, dispatch.task, text)
    if not name:
        return None
    found = _Asked(project, tables, own).by(dispatch.task, name, 0)
    idle = not project.calls.summary(dispatch.task) & Effect.DATABASE and not project.queries.at(*dispatch.task)
    return False if found is None and idle and _asks_nobody(project, dispatch.task) else found


def _asks_nobody(project: Project, key: FunctionKey) -> bool:
    """The task does something, and none of its calls has a name that says that it looks for something."""
    calls = [call for call in project.calls.body(key).calls if not _TELLS.search(call.callee)]
    return bool(calls) and not any(_LOOKS.search(call.callee) and _given(call) for call in calls)


def _parameter(project: Project, dispatch: Dispatch, task: FunctionKey, text: str) -> str:
    """The name under which the task gets the value, for calls such as ``task.delay(x)`` and ``task.apply_async(args=[x])``."""
    call, body = dispatch.call, project.calls.body(dispatch.key)
    parameters = [one.name for one in project.calls.head(task).parameters]
    if parameters[:1] in (["self"], ["cls"]):
        parameters = parameters[1:]
    keywords = dict(call.keywords)
    if call.callee.endswith("apply_async"):
        positional = keywords.get("args", call.args[0] if call.args else "")
        named = re.search(rf"'(\w+)':{re.escape(text)}", keywords.get("kwargs", ""))
        if named is not None:
            return named.group(1)
        given = list(zip(parameters, split(positional.strip("[]()")), strict=False))
    else:
        given = [*((name, value) for name, value in call.keywords if name not in _SIGNATURE), *zip(parameters, call.args, strict=False)]
    return next((name for name, value in given if _holds(body, value, text, 0)), "")


def _holds(body: Body, value: str, text: str, depth: int) -> bool:
    """A value is made of another one."""
    if text in value:
        return True
    calls = [body.calls[number] for number in call_ids(value) if number < len(body.calls)] if depth < _MOST_HOPS else []
    return any(_holds(body, part, text, depth + 1) for call in calls for part in (call.callee, *_given(call)))


def _names(name: str) -> re.Pattern[str]:
    quoted = re.escape(name)
    return re.compile(rf"%{quoted}\b|\['{quoted}'\]|#\d+\.{quoted}\b") if name[:1] != "#" else re.compile(rf"{quoted}(?!\d)")


def _given(call: Call) -> tuple[str, ...]:
    return (*call.args, *(value for _, value in call.keywords))


class _Asked:
    """What functions ask with one of their parameters."""

    def __init__(self, project: Project, tables: frozenset[str], own: bool) -> None:
        self._project = project
        self._tables = tables
        self._own = own

    def by(self, key: FunctionKey, parameter: str, depth: int) -> bool | None:
        """True if rows of the tables are asked for, False if only others are; None if the value goes where nobody sees, or nowhere."""
        body = self._project.calls.body(key)
        edges = self._project.calls.numbered(key)
        wanted = [_names(parameter)]
        answers: list[bool | None] = []
        for number, call in enumerate(body.calls):
            if not any(one.search(text) for one in wanted for text in _given(call)):
                continue
            answer = self._one(key, number, call, edges.get(number), wanted, depth)
            if answer:
                return True
            if _TELLS.search(call.callee) is not None:
                wanted.append(_names(f"#{number}"))
            else:
                answers.append(answer)
        return None if None in answers or not answers else False

    def _one(self, key: FunctionKey, number: int, call: Call, edge: Edge | None, wanted: list[re.Pattern[str]], depth: int) -> bool | None:
        asked = _model(self._project, key, number)
        if asked is not None:
            names = [name for name, value in call.keywords if any(one.search(value) for one in wanted)]
            if self._own and not call.args and not any(_KEY.fullmatch(name) for name in names):
                return False
            return not self._tables or not self._tables.isdisjoint(tables_of(self._project, asked))
        if edge is not None and edge.target.kind is RefKind.FUNCTION and depth < _MOST_HOPS:
            names = [name for name, text in passed(self._project, edge) if any(one.search(text) for one in wanted)]
            found = [self.by(edge.target.function, name, depth + 1) for name in names]
            return True if True in found else None if None in found or not found else False
        if edge is None or not edge.target.is_external or _LOOKS.search(call.callee):
            return None
        return None if self._project.calls.effect(edge.target) & Effect.DATABASE else False


def _model(project: Project, key: FunctionKey, number: int) -> ClassKey | None:
    if not project.loads.uses_django:
        return None
    found = project.loads.django.instance(*key, f"#{number}")
    if found is not None:
        return found
    chain = next(iter(project.loads.django.of(*key, f"#{number}")), None)
    return chain.model if chain is not None else None
