"""Names that are looked up among all that the code sees: ``globals()[name]``, ``globals().get(name)``, ``function.__globals__[name]``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call, Use
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.value_text import closing

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_NAMESPACES = ("globals", "locals")
_ATTRIBUTE = lazy_regex(r"\.__globals__(?=\[)")
_GETTING = frozenset({"get", "pop", "__getitem__"})


class Member(NamedTuple):
    """A look-up: where, and the value that says which name."""

    key: FunctionKey
    call: Call
    value: str


def members(project: Project) -> Iterator[Member]:
    """Look-ups of names that are not constant."""
    for (path, function), numbers in sorted(project.named_calls.functions(_NAMESPACES).items()):
        module = project.modules[path]
        body = module.bodies[function]
        if module.role is not Role.APPLICATION:
            continue
        roots = [f"#{number}" for number in numbers if body.calls[number].callee in _NAMESPACES and not body.calls[number].args]
        begin = re.compile("(?:" + "|".join(roots) + r")(?=\[)") if roots else _ATTRIBUTE
        for call in body.calls:
            receiver, _, method = call.callee.rpartition(".")
            if receiver in roots and method in _GETTING and call.args and _is_open(call.args[0]):
                yield Member((path, function), call, call.args[0])
        yield from _subscripts(project, (path, function), begin)
    for path, module in project.modules.items():
        if module.role is Role.APPLICATION and b"__globals__[" in bytes(module.facts.bodies):
            for function, body in enumerate(module.bodies):
                if any("__globals__[" in one.value for one in body.assigns) or any("__globals__[" in one.callee for one in body.calls):
                    yield from _subscripts(project, (path, function), _ATTRIBUTE)


def _subscripts(project: Project, key: FunctionKey, begin: re.Pattern[str]) -> Iterator[Member]:
    body = project.calls.body(key)
    seen: set[str] = set()
    texts = [(one.callee, one.line, one.column) for one in body.calls]
    texts += [(text, one.line, one.column) for one in body.calls for text in one.args]
    texts += [(one.value, one.line, one.column) for one in body.assigns] + [(one.value, one.line, one.column) for one in body.returns]
    for text, line, column in sorted(texts, key=lambda one: one[1:]):
        for match in begin.finditer(text):
            value = text[match.end() + 1 : closing(text, match.end()) - 1]
            if _is_open(value) and value not in seen:
                seen.add(value)
                yield Member(key, Call(line, column, line, column + 1, "", (), (), 0, Use.OTHER, False), value)


def _is_open(value: str) -> bool:
    return value[:1] not in ('', "'", '"') and not value[:1].isdigit()
