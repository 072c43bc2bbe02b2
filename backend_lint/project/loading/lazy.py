"""Relations that are loaded row by row: read of each row of a query that did not load them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Evidence
from backend_lint.facts.file import Role
from backend_lint.facts.query import Verb
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import inside
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.advice import query_of
from backend_lint.project.loading.eager import Path, eager_by_mapping
from backend_lint.project.loading.elements import items_of
from backend_lint.project.loading.loops import loop_of
from backend_lint.project.loading.places import declared
from backend_lint.project.loading.reads import ASKS_ANEW
from backend_lint.project.loading.repeats import DOES
from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import ClassKey, Framework, Loading, Relationship

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading import Rows
    from backend_lint.project.loading.places import Place, Read

_PREFETCHED = frozenset({"all", "count", "exists", "iterator", "aiterator", "get_queryset", "acount", "aexists"})
"""Methods of a related manager that a prefetch answers."""
_LOGS = lazy_regex(r"(?:^|[._%])log(?:ger|ging)?\.(?:debug|info|warning|warn|error|exception|critical|log)$|\bstd(?:out|err)\.write$|^print$")
_COUNTED = frozenset({"count", "exists", "acount", "aexists"})
"""Those that need none of its objects."""


class Missing(msgspec.Struct, frozen=True):
    """A relation that is read of each row and was not loaded with them. `many`: it leads to several; `behind_many`: so does one on the way to it.

    `counted`: it is asked only for how many there are (``count``), or whether there are any (``exists``); empty if its objects are needed.
    """

    path: Path
    many: bool
    behind_many: bool
    read: Read
    counted: str = ""


class Lazy(msgspec.Struct, frozen=True):
    """A loop over rows that loads relations one row at a time. `block`: the loop's number in the function; `rows`: the query, the first of several."""

    key: FunctionKey
    block: int
    rows: Rows
    missing: tuple[Missing, ...]

    @property
    def unit(self) -> str:
        """What each query is for: SQLAlchemy's session keeps parents, and rows that share one ask once. One whose key lies on its own side is nobody else's."""
        shared = not any(one.many or one.behind_many or one.read.relation.reverse for one in self.missing)
        parents = self.rows.framework is Framework.SQLALCHEMY and shared
        return "different parent" if parents else "row"


def lazy_loads(project: Project, roles: frozenset[Role]) -> Iterator[Lazy]:
    """All of them, in order of path and line, each query once a function: what one loop was told of its rows is not said again of the next."""
    merged: dict[tuple[object, ...], Lazy] = {}
    told: set[tuple[FunctionKey, str, int, Path]] = set()
    places: set[Place] = set()
    for loop in project.loads.row_loops:
        rows = loop.rows
        if project.modules[loop.key[0]].role not in roles or not all(is_owner_known(project, one) for one in rows):
            continue
        missing = [one for one in missing_of(project, rows, loop.reads) if (loop.key, rows[0].path, rows[0].line, one.path) not in told]
        missing = [one for one in missing if one.read.trail[-1] not in places or len(one.read.trail) > 1]
        told.update((loop.key, rows[0].path, rows[0].line, one.path) for one in missing)
        places.update(one.read.trail[-1] for one in missing)
        if missing:
            found = Lazy(loop.key, loop.block, one_of(rows), tuple(missing))
            call = found.rows.call
            at = (loop.key, found.rows.path, call.line, call.column) if call is not None else (loop.key, loop.block, loop.elements)
            if (before := merged.get(at)) is not None:
                found = msgspec.structs.replace(before, missing=(*before.missing, *found.missing))
            merged[at] = found
    yield from merged.values()


def evidence_of(project: Project, found: Lazy) -> tuple[Evidence, ...]:
    """Where the query stands, if not in the loop's function, and where each relation is read and declared."""
    evidence = list(query_of(project, found.rows, *found.key))
    for one in found.missing[:5]:
        last = one.read.trail[-1]
        evidence.append(Evidence(last.path, last.line, f"{last.text} reads {'.'.join(one.path)} of each row"))
        evidence += declared(project, one.read)
    return tuple(dict.fromkeys(evidence))


def is_slight(project: Project, found: Lazy) -> bool:
    """Each round of the loop does something that takes longer, the rows are one user's own, or what is read goes into a log only."""
    loop = loop_of(found.block, project.calls.body(found.key).blocks[found.block])
    return found.rows.own or project.loads.repeats.is_outweighed(found.key, loop) or _is_only_logged(project, found)


def _is_only_logged(project: Project, found: Lazy) -> bool:
    """All that is read goes into lines of the log: what is wanted there is the key, and the loop is no page."""
    body = project.calls.body(found.key)
    inner = [call for call in body.calls if inside(body, call.block, found.block)]
    logs = [text for call in inner if _LOGS.search(call.callee) for text in (*call.args, *(value for _, value in call.keywords))]
    rest = [text for call in inner if not _LOGS.search(call.callee) for text in (call.callee, *call.args, *(value for _, value in call.keywords))]
    rest += [block.subject for block in body.blocks] + [one.value for one in body.returns] + [one.value for one in body.yields]
    rest += [one.value for one in body.assigns if not one.target.startswith("%") or not one.target[1:].isidentifier()]
    for one in found.missing:
        names = [f"{element}.{'.'.join(one.path)}" for element in items_of(body, found.block)]
        if len(one.read.trail) > 1 or any(name in text for name in names for text in rest) or not any(name in text for name in names for text in logs):
            return False
    return True


class Deferred(msgspec.Struct, frozen=True):
    """A loop that reads columns which the query leaves out: each is loaded by a query of its own, row by row. `columns`: each with the way to its read."""

    key: FunctionKey
    rows: Rows
    columns: tuple[tuple[str, tuple[Place, ...]], ...]


def deferred_columns(project: Project, roles: frozenset[Role]) -> Iterator[Deferred]:
    """All of them, in order of path and line."""
    for loop in project.loads.row_loops:
        loaded = [one.loaded for one in loop.rows]
        if project.modules[loop.key[0]].role not in roles or not all(one.only is not None or one.deferred for one in loaded):
            continue
        mapped = project.schema.mapped.get(loop.rows[0].model)
        if mapped is None:
            continue  # a library's model
        keys = mapped.primary_key
        columns = project.loads.reads.columns_of_rows(loop.key, loop.block, loop.rows[0].model, loop.elements)
        missing = [(name, trail) for name, trail in columns.items() if name not in keys and all(one.leaves_out(name) for one in loaded)]
        if missing:
            yield Deferred(loop.key, loop.rows[0], tuple(missing))


class RowQuery(msgspec.Struct, frozen=True):
    """A query that a property, a method or a function runs for each row that a loop hands to it."""

    key: FunctionKey
    block: int
    read: Read


def row_queries(project: Project, roles: frozenset[Role]) -> Iterator[RowQuery]:
    """Queries of related rows that no prefetch answers, each loop once, in order of path and line."""
    run = {(site.path, site.line) for site in project.queries.sites if site.evaluated and site.query.verb is Verb.SELECT}
    for loop in project.loads.row_loops:
        if project.modules[loop.key[0]].role not in roles or loop.rows[0].framework is not Framework.DJANGO:
            continue
        for read in loop.reads:
            last = read.trail[-1]
            if not read.many or read.conditional or read.method in _PREFETCHED or len(read.trail) < 2:
                continue
            if any(DOES.match(place.symbol.rpartition(".")[2]) for place in read.trail[1:]):
                continue  # it is asked on the way to something else
            if read.method in ASKS_ANEW and (last.path, last.line) in run:
                yield RowQuery(loop.key, loop.block, read)
                break


def is_owner_known(project: Project, rows: Rows) -> bool:
    """The object whose related rows these are was loaded here and without them, or nobody ever loads them beforehand."""
    if rows.related is None:
        return True
    path, function, text, name = rows.related
    if name not in project.loads.prefetched_names:
        return not text.endswith("[]")
    if not text.startswith("#") or not text[1:].isdigit():
        return False
    chains = project.loads.django.ended(path, function, int(text[1:]))
    loaded = [project.loads.django_eager.loaded(chain) for chain in chains]
    return bool(loaded) and not any(one.unknown or one.has((name,), True) for one in loaded)


def one_of(rows: Sequence[Rows]) -> Rows:
    """The query to name for rows that may come from one of several: the first, without its place if the change belongs to all of them."""
    return rows[0] if len({(one.path, one.line) for one in rows}) == 1 else msgspec.structs.replace(rows[0], call=None)


def missing_of(project: Project, rows: Sequence[Rows], reads: Iterable[Read]) -> list[Missing]:
    """Which of the relations that are read none of the queries has loaded."""
    found = []
    known: set[Path] = set()
    reads = tuple(reads)
    needed = {read.path[:length] for read in reads for length in range(1, len(read.path) + (read.method not in _COUNTED and read.method not in ASKS_ANEW))}
    whole = {read.path for read in reads if not read.key}
    for read in reads:
        if read.key and read.path in whole:
            read = msgspec.structs.replace(read, key="")
        if len(read.trail) > 1 and (read.conditional or all(one.loaded.answers(read.trail[0].text) for one in rows)):
            continue
        if read.many and rows[0].framework is Framework.DJANGO and read.method not in _PREFETCHED:
            continue
        path = straightened(project, rows[0].model, read.path)
        if _goes_down(rows, read):
            continue
        if not path or path in known or any(one.loaded.has(path, read.many) for one in rows) or _is_at_hand(project, rows, read):
            continue
        known.add(path)
        asks = rows[0].framework is Framework.DJANGO and read.many and read.path == path and path not in needed
        counted = read.method.removeprefix("a") if asks else ""
        found.append(Missing(path, read.many, _behind_many(project, rows[0].model, path), read, counted))
    return found


def _goes_down(rows: Sequence[Rows], read: Read) -> bool:
    """A method that calls itself for the children of a tree: no query loads all levels."""
    above = [one.related[3] for one in rows if one.related is not None]
    return any(one == other for one, other in zip(read.path, read.path[1:], strict=False)) or (read.many and read.path[0] in above)


def straightened(project: Project, model: ClassKey, path: Path) -> Path:
    """The path without ways there and back: both sides know each other. Empty if it ends where it began."""
    kept: list[tuple[str, Relationship]] = []
    at: ClassKey | None = model
    for name in path:
        mapped = project.schema.mapped.get(at) if at is not None else None
        relation = mapped.relationships.get(name) if mapped is not None else None
        if relation is None:
            return path
        before = kept[-1][1] if kept else None
        if before is not None and not relation.many and before.back == name and (before.reverse or not before.many):
            kept.pop()
        else:
            kept.append((name, relation))
        at = relation.target
    return tuple(name for name, _ in kept)


def _is_at_hand(project: Project, rows: Sequence[Rows], read: Read) -> bool:
    """The mapping loads it, or the session has it already."""
    if rows[0].framework is Framework.DJANGO:
        return _is_kept(project, read)
    if read.relation.loading is not Loading.LAZY or eager_by_mapping(project.loads, read.owner, read.relation.name):
        return True
    if not read.many and read.relation.target is not None and any(read.relation.target in one.parents for one in rows):
        return True
    # one parent for all of them, and the session keeps it
    return not read.many and len(read.path) == 1 and any(one.fixed & {read.relation.name, *_keys(project, read)} for one in rows)


def _keys(project: Project, read: Read) -> set[str]:
    """The attributes that hold a relation's key."""
    mapped = project.schema.mapped[read.owner]
    return {field.name for field in mapped.fields.values() if field.column in read.relation.columns} | {f"{read.relation.name}_id"}


def _is_kept(project: Project, read: Read) -> bool:
    """Django: the model's own base class loads for all its siblings."""
    names = [base.name for base in project.resolver.classes.ancestors(*read.owner) if base.kind is RefKind.EXTERNAL]
    return any(name.startswith("auto_prefetch.") for name in names)


def _behind_many(project: Project, model: ClassKey, path: Path) -> bool:
    mapped = project.schema.mapped
    at: ClassKey | None = model
    for name in path[:-1]:
        found = mapped.get(at) if at is not None else None
        relation = found.relationships.get(name) if found is not None else None
        if relation is None or relation.many:
            return relation is not None
        at = relation.target
    return False
