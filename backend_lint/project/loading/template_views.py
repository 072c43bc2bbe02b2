"""Which view hands which queries and objects to which template: ``render``, Flask's ``render_template``, and Django's generic views."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import Body, Call, Class
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.lazy import is_owner_known
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string, entries, split

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading import Rows

_RENDERS = frozenset({"render", "TemplateResponse", "SimpleTemplateResponse", "render_to_string"})
_NAMED = "render_template"
"""Flask: the context are the keywords."""
_ONE = frozenset({"get", "first", "last", "latest", "earliest"})
_OR_404 = frozenset({"get_object_or_404", "aget_object_or_404"})
_GENERIC = frozenset({"TemplateView", "ListView", "DetailView", "FormView", "CreateView", "UpdateView", "DeleteView", "TemplateResponseMixin"})
_SUFFIXES = {"ListView": "_list", "DetailView": "_detail", "CreateView": "_form", "UpdateView": "_form", "DeleteView": "_confirm_delete"}
_KEY = lazy_regex(r"(.+)\['(\w+)'\]")
_FEW = 3


class View(msgspec.Struct, frozen=True):
    """A template and what it is given: rows by name, and single objects."""

    path: str
    function: int
    symbol: str
    at: Call | Class
    template: str
    rows: Mapping[str, Rows]
    ones: Mapping[str, Rows]


class Views:
    """The views of one project. `named`: the paths of its templates, by the names that views give them; empty where two have the name."""

    def __init__(self, project: Project, named: Mapping[str, str]) -> None:
        self._project = project
        self._classes = project.resolver.classes
        self._named = named

    def all(self, roles: frozenset[Role]) -> Iterator[View]:
        prefetching = self._project.named_calls.functions(("prefetch_related_objects",))
        for key, numbers in self._project.named_calls.functions((_NAMED, *_RENDERS)).items():
            module = self._project.modules[key[0]]
            if module.role not in roles or not key[1] or key in prefetching:
                continue
            body = module.bodies[key[1]]
            for number in numbers:
                if (found := self._rendered(key, body, body.calls[number])) is not None:
                    template, rows, ones = found
                    yield View(*key, module.functions[key[1]].name, body.calls[number], template, rows, ones)
        for path, module in self._project.modules.items():
            if module.role in roles:
                for index, fact in enumerate(module.classes):
                    yield from self._listed(path, index, fact)

    def _rendered(self, key: FunctionKey, body: Body, call: Call) -> tuple[str, dict[str, Rows], dict[str, Rows]] | None:
        """``render(request, "books.html", {"books": books})``."""
        method = call.callee.rpartition(".")[2]
        position = next((number for number, text in enumerate(call.args[:2]) if (constant_string(text) or "").endswith((".html", ".jinja", ".j2"))), -1)
        template = self._named.get(constant_string(call.args[position]) or "", "") if position >= 0 else ""
        if not template:
            return None
        if method == _NAMED:
            given = dict(call.keywords)
        elif method in _RENDERS:
            text = call.args[position + 1] if len(call.args) > position + 1 else dict(call.keywords).get("context", "")
            given = _context(self._project, key, body, text)
        else:
            return None
        return template, *self._rows_of(key, body, given)

    def _rows_of(self, key: FunctionKey, body: Body, given: Mapping[str, str]) -> tuple[dict[str, Rows], dict[str, Rows]]:
        """The lists and the single objects of a context."""
        found, ones = {}, {}
        for name, text in given.items():
            rows = self._project.loads.rows(*key, text) if text[:1] in "#(%l" or "." in text else ()
            if len(rows) == 1 and _is_list(rows[0]) and is_owner_known(self._project, rows[0]):
                found[name] = rows[0]
            elif not rows and (one := self._one(key, body, text)) is not None:
                ones[name] = one
        return found, ones

    def _one(self, key: FunctionKey, body: Body, text: str) -> Rows | None:
        """The query of the single object that a value is."""
        if text[:1] != "#" or not text[1:].isdigit():
            return None
        call = body.calls[int(text[1:])]
        method = call.callee.rpartition(".")[2]
        loads, django = self._project.loads, self._project.loads.django
        if method in _ONE:
            chains = django.ended(*key, int(text[1:]))
        elif method in _OR_404 and call.args:
            frame = django.frame(*key)
            model = django.objects.model(frame, call.args[0])
            chains = django.evaluate(frame, call.args[0]) if model is None else django.expanded(django.managers.default(model))
        else:
            return None
        if len(chains) != 1 or not chains[0].complete:
            return None
        rows = loads.of_chain(chains[0])
        if rows.loaded.plain or rows.loaded.unknown or rows.related is not None:
            return None
        return msgspec.structs.replace(rows, path=key[0], function=key[1], call=call, most=1)

    def _listed(self, path: str, index: int, fact: Class) -> Iterator[View]:
        """A generic view of Django with its template: the list of a ``ListView``, and what ``get_context_data`` adds."""
        ref = Ref(RefKind.CLASS, fact.name, path, index)
        bases = {name.rpartition(".")[2] for name in self._classes.external_names(ref) if name.startswith("django.views.")}
        if not bases & _GENERIC:
            return
        template = self._template_of(ref, bases)
        if not template:
            return
        rows = self._project.loads.serializer_uses.rows_of((path, index)) if "ListView" in bases else ()
        if len(rows) == 1 and _is_list(rows[0]) and is_owner_known(self._project, rows[0]):
            model = self._project.schema.mapped.get(rows[0].model)
            names = {"object_list", self._text(ref, "context_object_name"), f"{model.name.lower()}_list" if model is not None else ""}
            yield View(path, 0, fact.name, fact, template, {name: rows[0] for name in names if name}, {})
        for base, methods, _ in self._classes.line(ref):
            number = methods.get("get_context_data")
            if number is not None:
                key = base.path, number
                body = self._project.modules[base.path].bodies[number]
                yield View(*key, fact.name, fact, template, *self._rows_of(key, body, added_context(body)))

    def _template_of(self, ref: Ref, bases: set[str]) -> str:
        """The template that a view names, or the one that Django takes for its model."""
        if name := self._text(ref, "template_name"):
            return self._named.get(name, "")
        suffix = next((suffix for base, suffix in _SUFFIXES.items() if base in bases), "")
        held = self._project.loads.django.objects.holders.held_model(ref.function) if suffix else None
        model = self._project.schema.mapped.get(held) if held is not None else None
        if model is None:
            return ""
        ending = f"/{model.name.lower()}{self._text(ref, 'template_name_suffix') or suffix}.html"
        found = [path for name, path in self._named.items() if path and name.endswith(ending)]
        return found[0] if len(found) == 1 else ""

    def _text(self, ref: Ref, name: str) -> str:
        found = self._classes.find(ref, name)
        return constant_string(found[1].value) or "" if found is not None and not isinstance(found[1], int) else ""


def _is_list(rows: Rows) -> bool:
    return not (rows.loaded.plain or rows.loaded.unknown or rows.is_async) and rows.most > _FEW


def added_context(body: Body) -> dict[str, str]:
    """What a ``get_context_data`` adds to the context of its base, by name; a name that is given twice is left out."""
    pairs: list[tuple[str, str]] = []
    bases = {f"#{number}" for number, call in enumerate(body.calls) if call.callee.endswith(".get_context_data")} | {"%kwargs", "%context", "%ctx"}
    for assign in body.assigns:
        if (match := _KEY.fullmatch(assign.target)) is not None and match.group(1) in bases:
            pairs.append((match.group(2), assign.value))
        elif assign.target in bases:
            pairs += entries(assign.value)
    for call in body.calls:
        base, _, method = call.callee.rpartition(".")
        if method == "get_context_data" or (method == "update" and base in bases):
            pairs += [(name, value) for name, value in call.keywords if name != "**"]
            pairs += entries(call.args[0]) if call.args else []
    for given in body.returns:
        text = given.value
        if text.startswith("dict(") and text.endswith(")"):
            pairs += [(name, value) for name, _, value in (part.partition("=") for part in split(text[5:-1])) if name.isidentifier() and value]
        pairs += entries(text)
    counts = collections.Counter(name for name, _ in pairs)
    return {name: value for name, value in pairs if counts[name] == 1}


def _context(project: Project, key: FunctionKey, body: Body, text: str) -> dict[str, str]:
    """The names of a context with their values, as far as they are written down; a name that is given twice is left out."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    displays = [text]
    if text[:1] == "%" and text[1:].isidentifier():
        displays = [assign.value for assign in project.modules[key[0]].assigns_to(key[1], text)]
        pairs = [(match.group(2), assign.value) for assign in body.assigns if (match := _KEY.fullmatch(assign.target)) and match.group(1) == text]
    else:
        pairs = []
    for display in displays:
        pairs += entries(display)
    for name, value in pairs:
        if name in found:
            twice.add(name)
        found[name] = value
    return {name: value for name, value in found.items() if name and name not in twice}
