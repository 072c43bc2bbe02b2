"""Expressions of Django that write what they are given into the text of a statement: the template of a ``Func``, and what fills its places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.python import Attribute, Call, ParameterKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import constant_string

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_PLACES = lazy_regex(r"%\((\w+)\)s")
_MADE_BY_DJANGO = frozenset({"function", "expressions", "distinct", "filter", "field", "arg_joiner", "subquery", "order_by", "connector"})
"""Places that Django fills itself, with parameters where there are values."""
_EXPRESSION = lazy_regex(r"django\.(?:contrib\.gis\.)?(?:db\.models|contrib\.postgres)\.(?:\w+\.)*(?:Func|Aggregate|Subquery|Cast|Transform)(?:\.__init__)?$")
_TAKEN = lazy_regex(r"%(\w+)(?:\.(?:pop|get|setdefault)$|\[('\w+')\]$)")


def expression_names(project: Project) -> set[str]:
    """What the classes are called in the project: their own names, and those that imports give them."""
    renamed = (names for member, names in project.named_calls.renamed.items() if _EXPRESSION.match(member))
    return {"Func", "Aggregate", *(name for names in renamed for name in names)}


def written(project: Project, key: FunctionKey, call: Call) -> Iterator[str]:
    """The values that a call writes into a statement as they are: what fills a place of the class's template, or the template itself.

    For ``super().__init__(expression, unit=unit)`` in a class with ``template = "... %(unit)s"``, and for ``Func(value, template=...)``.
    """
    ref = project.value(*key, call.callee)
    if ref is None or ref.kind is not RefKind.EXTERNAL or not _EXPRESSION.match(ref.name):
        return
    given = dict(call.keywords)
    if not call.callee.endswith(".__init__"):
        yield from (given[name] for name in ("template", "function") if name in given)
        return
    places = _places_of(project, key)
    yield from (value for name, value in call.keywords if name in places)
    if "**" in given:
        body = project.calls.body(key)
        for name in sorted(places):
            yield from (one.value for one in body.assigns if one.target == f"{given['**']}['{name}']" or one.target == f"%self.extra['{name}']")


def option(project: Project, key: FunctionKey, text: str) -> tuple[str, str]:
    """The parameter that takes all named values, and the name of the one that is read of it: ``extra.pop('unit')``; empty for other values."""
    body = project.calls.body(key)
    calls = [body.calls[int(number)] for number in re.findall(r"#(\d+)", text) if int(number) < len(body.calls)]
    for callee, args in [(text, ())] + [(call.callee, call.args) for call in calls]:
        match = _TAKEN.match(callee)
        name = constant_string(match.group(2) or next(iter(args), "")) if match is not None else None
        if match is not None and name:
            taken = [one for one in project.calls.head(key).parameters if one.name == match.group(1) and one.kind is ParameterKind.VAR_KEYWORD]
            if taken:
                return match.group(1), name
        if callee is not text and callee[:1] == "#" and (found := option(project, key, callee.rpartition(".")[0])) != ("", ""):
            return found
    return "", ""


def _places_of(project: Project, key: FunctionKey) -> set[str]:
    ref = project.value(*key, "%self")
    held = project.resolver.classes.find(ref, "template") if ref is not None and ref.kind is RefKind.INSTANCE else None
    template = constant_string(held[1].value) if held is not None and isinstance(held[1], Attribute) else None
    return set(_PLACES.findall(template or "")) - _MADE_BY_DJANGO
