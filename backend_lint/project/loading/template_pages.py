"""Pages that loop over rows: which view hands which query to which template, and what the template reads of each row."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Evidence, Severity
from backend_lint.facts.file import Role
from backend_lint.facts.python import Body, Call, Class
from backend_lint.facts.template import Template, TemplateRead
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.advice import cure_of, query_of
from backend_lint.project.loading.eager import Path
from backend_lint.project.loading.lazy import Missing, is_owner_known, missing_of
from backend_lint.project.loading.places import Place, Read
from backend_lint.project.loading.reach import is_aside, is_for_staff, reached_from
from backend_lint.project.loading.row_work import OwnQuery, RowWork
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.value_text import constant_string, entries, split

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading import Rows

_DECODED = msgspec.msgpack.Decoder(Template)
_RENDERS = frozenset({"render", "TemplateResponse", "SimpleTemplateResponse", "render_to_string"})
_NAMED = "render_template"
"""Flask: the context are the keywords."""
_GENERIC = frozenset({"TemplateView", "ListView", "DetailView", "FormView", "CreateView", "UpdateView", "DeleteView", "TemplateResponseMixin"})
_SUFFIXES = {"ListView": "_list", "DetailView": "_detail", "CreateView": "_form", "UpdateView": "_form", "DeleteView": "_confirm_delete"}
_KEY = lazy_regex(r"(.+)\['(\w+)'\]")
_FOLDER = lazy_regex(r"(?:^|/)(?:templates|jinja2)/")
_MOST_INCLUDES = 4
_MOST_READS = 400
_MOST_PATHS = 3000
_MOST_TEMPLATES = 40
"""Put in by one page, each as often as it is."""
_FEW = 3


class Page(msgspec.Struct, frozen=True):
    """A page that asks once a row. `place`: the query, or the view if it stands elsewhere; `suggestion`: what is to be added to the query at `place`.

    `severity` is None unless only somebody at a terminal waits for it.
    """

    key: FunctionKey
    symbol: str
    place: Place | Call
    message: str
    evidence: tuple[Evidence, ...]
    suggestion: str
    severity: Severity | None
    rows: Rows
    missing: tuple[Missing, ...]


class _Row(msgspec.Struct, frozen=True):
    """What a loop of a template goes through: rows of a query, or of a relation `prefix` away from them, of class `model`."""

    rows: Rows
    prefix: Path
    model: ClassKey


class _View(msgspec.Struct, frozen=True):
    """A template and what it is given: rows by name."""

    path: str
    function: int
    symbol: str
    at: Call | Class
    template: str
    rows: Mapping[str, Rows]


class Pages:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._work = RowWork(project)
        self._classes = project.resolver.classes
        self._decoded: dict[str, Template] = {}
        self._left = 0
        self._named: dict[str, str] = {}
        for path in project.templates:
            if (found := _FOLDER.search(path)) is not None:
                name = path[found.end() :]
                self._named[name] = path if name not in self._named else ""

    def all(self, roles: frozenset[Role], queries_too: bool = True) -> Iterator[Page]:
        """All of them, in order of path and line; what several pages show of one query is said once. `queries_too`: also queries of the rows' own methods."""
        told: set[tuple[str, int, Path]] = set()
        asked: set[Place] = set()
        for view in self._views(roles) if self._project.templates else ():
            if is_aside(self._project, (view.path, view.function)):
                continue
            for rows, reads, queries in self._shown(view):
                missing = [one for one in missing_of(self._project, [rows], reads) if (rows.path, rows.line, one.path) not in told]
                own = [one for one in queries if one.trail[-1] not in asked and one.trail[-1] not in {found.read.trail[-1] for found in missing}]
                told.update((rows.path, rows.line, one.path) for one in missing)
                asked.update(one.trail[-1] for one in own)
                if missing or (own and queries_too):
                    yield self._page(view, rows, missing, own if queries_too else [])

    def _page(self, view: _View, rows: Rows, missing: list[Missing], queries: list[OwnQuery]) -> Page:
        model = self._project.schema.mapped[rows.model].name
        calls, cure = cure_of(self._project, rows, missing) if missing else ("", "annotate the query with the answer, or ask once for all rows")
        told = [f"`{'.'.join(one.path)}`" for one in missing] + [f"the query in `{one.trail[-1].text}`" for one in queries]
        names = list(dict.fromkeys(told))
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        here = rows.call is not None and rows.path == view.path
        place = rows.call if here and rows.call is not None else Place(view.path, view.at.line, view.at.column, view.symbol, view.symbol)
        evidence: dict[Evidence, None] = {}
        trails = [(one.read.trail, f"reads {'.'.join(one.path)} of each row") for one in missing]
        trails += [(one.trail, f"runs a query ({one.method}) for each row") for one in queries]
        for trail, text in trails[:4]:
            evidence.update({Evidence(step.path, step.line, f"{step.text} {text}"): None for step in (trail[0], trail[-1])})
        evidence.update(dict.fromkeys(query_of(self._project, rows, view.path)))
        message = f"the page `{view.template.rpartition('/')[2]}` lists `{model}` with one query per row for {shown}; {cure}"
        key = view.path, view.function
        entry, soft = reached_from(self._project, key)
        severity = Severity.INFO if soft or rows.own or self._project.loads.sure.of_one(rows) or is_for_staff(self._project, key) else None
        return Page(key, view.symbol, place, message, (*evidence, *entry), calls if here else "", severity, rows, tuple(missing))

    # -- views -------------------------------------------------------------------------------------

    def _views(self, roles: frozenset[Role]) -> Iterator[_View]:
        prefetching = self._project.named_calls.functions(("prefetch_related_objects",))
        for key, numbers in self._project.named_calls.functions((_NAMED, *_RENDERS)).items():
            module = self._project.modules[key[0]]
            if module.role not in roles or not key[1] or key in prefetching:
                continue
            body = module.bodies[key[1]]
            for number in numbers:
                if (found := self._rendered(key, body, body.calls[number])) is not None:
                    yield _View(*key, module.functions[key[1]].name, body.calls[number], *found)
        for path, module in self._project.modules.items():
            if module.role in roles:
                for index, fact in enumerate(module.classes):
                    yield from self._listed(path, index, fact)

    def _rendered(self, key: FunctionKey, body: Body, call: Call) -> tuple[str, dict[str, Rows]] | None:
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
        return template, self._rows_of(key, body, given)

    def _rows_of(self, key: FunctionKey, body: Body, given: Mapping[str, str]) -> dict[str, Rows]:
        found = {}
        for name, text in given.items():
            rows = self._project.loads.rows(*key, text) if text[:1] in "#(%l" or "." in text else ()
            if len(rows) == 1 and _is_list(rows[0]) and is_owner_known(self._project, rows[0]):
                found[name] = rows[0]
        return found

    def _listed(self, path: str, index: int, fact: Class) -> Iterator[_View]:
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
            yield _View(path, 0, fact.name, fact, template, {name: rows[0] for name in names if name})
        for base, methods, _ in self._classes.line(ref):
            number = methods.get("get_context_data")
            if number is not None:
                key = base.path, number
                body = self._project.modules[base.path].bodies[number]
                yield _View(*key, fact.name, fact, template, self._rows_of(key, body, added_context(body)))

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

    # -- templates ---------------------------------------------------------------------------------

    def _shown(self, view: _View) -> Iterator[tuple[Rows, list[Read], list[OwnQuery]]]:
        """What a page reads of the rows of each query."""
        given = self._given(view)
        found: dict[int, tuple[Rows, list[Read], list[OwnQuery]]] = {}
        names = {name: _Row(rows, (), rows.model) for name, rows in view.rows.items()}
        self._left = _MOST_TEMPLATES
        for row, read, path in itertools.islice(self._walk(view.template, names, {}, 0), _MOST_PATHS) if names else ():
            if path[0] in given or path[0] in row.rows.loaded.annotated:
                continue
            _, reads, queries = found.setdefault(id(row.rows), (row.rows, [], []))
            if len(reads) > _MOST_READS:
                break
            place = Place(read[0], read[1].line, read[1].column, "", f"row.{'.'.join(path)}")
            got, asked = self._work.of_source(row.model, path, place)
            conditional = read[1].conditional
            reads += [
                msgspec.structs.replace(one, path=(*row.prefix, *one.path), conditional=one.conditional or (conditional and len(one.trail) > 1)) for one in got
            ]
            queries += [] if conditional else asked[:1]
        yield from found.values()

    def _given(self, view: _View) -> set[str]:
        """The attributes that the view itself sets on something: what it sets on the rows is there."""
        body = self._project.modules[view.path].bodies[view.function]
        return {assign.target.rpartition(".")[2] for assign in body.assigns if "." in assign.target} if view.function else set()

    def _walk(
        self, path: str, lists: Mapping[str, _Row], items: Mapping[str, _Row], depth: int
    ) -> Iterator[tuple[_Row, tuple[str, TemplateRead], tuple[str, ...]]]:
        """The reads of a template and those it includes: the row, the place, the names behind it. `lists`: names of lists; `items`: of single rows."""
        self._left -= 1
        template = self._template(path)
        loops: dict[str, _Row] = {}
        for number, loop in enumerate(template.loops):
            if (row := lists.get(loop.items) or self._related(loop.items, loops, items)) is not None:
                loops[f"%{number}"] = row
        for read in template.reads:
            root, _, rest = read.path.partition(".")
            row = loops.get(root) or items.get(root)
            if row is not None and rest:
                yield row, (path, read), tuple(rest.split("."))
        for one in template.includes if depth < _MOST_INCLUDES else ():
            target = self._named.get(one.name, "")
            if not target or target == path or not self._left:
                continue
            inner = {name: loops[value] for name, value in one.names if value in loops} | {name: items[value] for name, value in one.names if value in items}
            named = {name for name, _ in one.names}
            passed = {} if one.only else {name: row for name, row in lists.items() if name not in named}
            passed |= {name: lists[value] for name, value in one.names if value in lists}
            kept = {} if one.only else {name: row for name, row in items.items() if name not in named}
            if passed or inner or kept:
                yield from self._walk(target, passed, kept | inner, depth + 1)

    def _template(self, path: str) -> Template:
        if path not in self._decoded:
            self._decoded[path] = _DECODED.decode(self._project.templates[path])
        return self._decoded[path]

    def _related(self, path: str, loops: Mapping[str, _Row], items: Mapping[str, _Row]) -> _Row | None:
        """``{% for tag in book.tags.all %}``."""
        root, _, rest = path.partition(".")
        row = loops.get(root) or items.get(root)
        steps = rest.removesuffix(".all").split(".")
        if row is None or not rest:
            return None
        at, prefix = row.model, row.prefix
        for name in steps:
            mapped = self._project.schema.mapped.get(at)
            relation = mapped.relationships.get(name) if mapped is not None else None
            if relation is None or relation.target is None:
                return None
            at, prefix = relation.target, (*prefix, name)
        return _Row(row.rows, prefix, at)


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
