"""Pages that loop over rows: what a template reads of each row of the queries that its view hands it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Evidence, Severity
from backend_lint.facts.file import Role
from backend_lint.facts.python import Call
from backend_lint.facts.template import Template, TemplateRead
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.advice import cure_of, query_of
from backend_lint.project.loading.eager import Path
from backend_lint.project.loading.lazy import Missing, missing_of
from backend_lint.project.loading.places import Place, Read
from backend_lint.project.loading.reach import is_aside, is_for_staff, reached_from
from backend_lint.project.loading.row_work import OwnQuery, RowWork
from backend_lint.project.loading.template_views import View, Views
from backend_lint.project.schema.mapping import ClassKey

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading import Rows

_DECODED = msgspec.msgpack.Decoder(Template)
_FOLDER = lazy_regex(r"(?:^|/)(?:templates|jinja2)/")
_MOST_INCLUDES = 4
_MOST_READS = 400
_MOST_PATHS = 3000
_MOST_TEMPLATES = 40
"""Put in by one page, each as often as it is."""


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
    """What a loop of a template goes through: rows of a query, or of a relation `prefix` away from them, of class `model`.

    `held`: what the managers of the relations on the way load by themselves.
    """

    rows: Rows
    prefix: Path
    model: ClassKey
    held: frozenset[Path] = frozenset()


class Pages:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._work = RowWork(project)
        self._classes = project.resolver.classes
        self._decoded: dict[str, Template] = {}
        self._left = 0
        self._managers: dict[ClassKey, frozenset[Path] | None] = {}
        self._named: dict[str, str] = {}
        for path in project.templates:
            if (found := _FOLDER.search(path)) is not None:
                name = path[found.end() :]
                self._named[name] = path if name not in self._named else ""
        self._views = Views(project, self._named)

    def all(self, roles: frozenset[Role], queries_too: bool = True) -> Iterator[Page]:
        """All of them, in order of path and line; what several pages show of one query is said once. `queries_too`: also queries of the rows' own methods."""
        told: set[tuple[str, int, Path]] = set()
        asked: set[Place] = set()
        for view in self._views.all(roles) if self._project.templates else ():
            if is_aside(self._project, (view.path, view.function)):
                continue
            for rows, reads, queries in self._shown(view):
                missing = [one for one in missing_of(self._project, [rows], reads) if (rows.path, rows.line, one.path) not in told]
                missing = [one for one in missing if rows.most > 1 or one.behind_many]
                own = [one for one in queries if one.trail[-1] not in asked and one.trail[-1] not in {found.read.trail[-1] for found in missing}]
                told.update((rows.path, rows.line, one.path) for one in missing)
                asked.update(one.trail[-1] for one in own)
                if missing or (own and queries_too):
                    yield self._page(view, rows, missing, own if queries_too else [])

    def _page(self, view: View, rows: Rows, missing: list[Missing], queries: list[OwnQuery]) -> Page:
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
        page = f"the page `{view.template.rpartition('/')[2]}`"
        message = f"{page} lists `{model}` with one query per row for {shown}; {cure}"
        if rows.most == 1:
            listed = {name for one in missing for name in [self._last_list(rows.model, one.path)]}
            message = f"{page} of one `{model}` lists {' and '.join(f'`{name}`' for name in sorted(listed))} with one query per row for {shown}; {cure}"
        key = view.path, view.function
        entry, soft = reached_from(self._project, key)
        severity = Severity.INFO if soft or rows.own or self._project.loads.sure.of_one(rows) or is_for_staff(self._project, key) else None
        return Page(key, view.symbol, place, message, (*evidence, *entry), calls if here else "", severity, rows, tuple(missing))

    def _last_list(self, model: ClassKey, path: Path) -> str:
        """The relation to many that a path leads through last before its end, by its path."""
        at: ClassKey | None = model
        last = 1
        for length, name in enumerate(path[:-1], 1):
            mapped = self._project.schema.mapped.get(at) if at is not None else None
            relation = mapped.relationships.get(name) if mapped is not None else None
            if relation is not None and relation.many:
                last = length
            at = relation.target if relation is not None else None
        return ".".join(path[:last])

    # -- templates ---------------------------------------------------------------------------------

    def _shown(self, view: View) -> Iterator[tuple[Rows, list[Read], list[OwnQuery]]]:
        """What a page reads of the rows of each query."""
        given = self._given(view)
        found: dict[int, tuple[Rows, list[Read], list[OwnQuery]]] = {}
        names = {name: _Row(rows, (), rows.model) for name, rows in view.rows.items()}
        ones = {name: _Row(rows, (), rows.model) for name, rows in view.ones.items()}
        self._left = _MOST_TEMPLATES
        for row, read, path in itertools.islice(self._walk(view.template, names, ones, 0), _MOST_PATHS) if names or ones else ():
            if path[0] in given or path[0] in row.rows.loaded.annotated or (row.rows.most == 1 and not row.prefix):
                continue
            _, reads, queries = found.setdefault(id(row.rows), (row.rows, [], []))
            if len(reads) > _MOST_READS:
                break
            place = Place(read[0], read[1].line, read[1].column, "", f"row.{'.'.join(path)}")
            got, asked = self._work.of_source(row.model, path, place)
            conditional = read[1].conditional
            reads += [
                msgspec.structs.replace(one, path=(*row.prefix, *one.path), conditional=one.conditional or (conditional and len(one.trail) > 1))
                for one in got
                if (*row.prefix, *one.path) not in row.held
            ]
            queries += [] if conditional else asked[:1]
        yield from found.values()

    def _given(self, view: View) -> set[str]:
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
        at, prefix, held = row.model, row.prefix, row.held
        for name in steps:
            mapped = self._project.schema.mapped.get(at)
            relation = mapped.relationships.get(name) if mapped is not None else None
            if relation is None or relation.target is None:
                return None
            at, prefix = relation.target, (*prefix, name)
            if relation.many:
                loaded = self._by_manager(at)
                if loaded is None:
                    return None
                held |= {(*prefix, *path) for path in loaded}
        return _Row(row.rows, prefix, at, held)

    def _by_manager(self, model: ClassKey) -> frozenset[Path] | None:
        """What the default manager of a model loads with its rows; None if that is not known."""
        if model not in self._managers:
            loads = self._project.loads
            found = [loads.django_eager.loaded(chain) for chain in loads.django.expanded(loads.django.managers.default(model))]
            self._managers[model] = None if any(one.unknown for one in found) else frozenset().union(*(one.paths for one in found))
        return self._managers[model]
