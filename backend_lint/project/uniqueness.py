"""Which columns code takes for unique: by ``get_or_create``, and by a look before an insert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import LOOPS, BlockKind, Body, Call, Handler
from backend_lint.facts.query import Comparison, Query, Rows, Site, TermKind, Verb
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around, inside
from backend_lint.project.derived_values import follows, told_by
from backend_lint.project.new_rows import is_fresh, lacks_parent, settled_columns
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import call_ids, entries, parse, split
from backend_lint.sql.conditions import conjuncts, required

if TYPE_CHECKING:
    from backend_lint.facts.schema import Table
    from backend_lint.project import Project
    from backend_lint.project.schema import Mapped

_GET_OR_CREATE = frozenset({"get_or_create", "update_or_create", "aget_or_create", "aupdate_or_create"})
_MAKES = frozenset({"create", "acreate"})
_CREATES = (".create", ".acreate")
_TAKEN = lazy_regex(r"\b(?:already|exists?|taken|duplicate|in use|unique|registered)\b", re.IGNORECASE)
_CONFLICTS = frozenset({"IntegrityError", "DatabaseError", "DBAPIError", "SQLAlchemyError", "UniqueViolation", "UniqueViolationError", "Exception"})
_SEVERAL = frozenset({"MultipleObjectsReturned", "MultipleResultsFound"})
_LOCKS = ("select_for_update", "with_for_update", "advisory_lock", "pg_advisory_xact_lock", "pg_try_advisory_lock", ".lock", "Lock", "acquire")

_OF_SEVERAL = (".order_by", ".aggregate")
_FARTHEST = 60
"""Calls after a look among which what comes of it is looked for."""


class Taken(NamedTuple):
    """Rows of `table` are taken to be one for each value of `columns`. `make`: the call that inserts, or None where the look ends in a refusal.

    `caught`: some handler in the same function would see that the insert met a row that another request has made meanwhile. `settled`: further columns that
    have the same value in every row that the call makes; `derived`: those whose value follows from what was looked for.
    """

    site: Site
    table: Table
    columns: tuple[str, ...]
    make: Call | None
    caught: bool = False
    settled: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()


def equality_columns(query: Query) -> tuple[str, ...] | None:
    """The columns of the first relation that the condition compares for equality; None if it holds anything else, or something that is not known."""
    found = []
    for part in conjuncts(query.where):
        if not isinstance(part, Comparison) or part.operator != "=" or part.left.kind is not TermKind.COLUMN or part.left.relation != 0 or part.left.cast:
            return None
        if part.right.kind not in (TermKind.CONSTANT, TermKind.PARAMETER):
            return None
        found.append(part.left.column)
    return tuple(dict.fromkeys(found)) if found and len(query.relations) == 1 else None


def get_or_creates(project: Project) -> Iterator[Taken]:
    """The calls of ``get_or_create`` and ``update_or_create`` of which the table and all lookups are known. Those that are not are passed with no columns."""
    found: dict[tuple[str, int, int, str], Taken] = {}
    for site in project.queries.sites:
        call = _call(project, site)
        if call is None or call.callee.rpartition(".")[2] not in _GET_OR_CREATE or not site.query.relations:
            continue
        table = project.schema.table(site.query.relations[0].table)
        body = project.modules[site.path].bodies[site.function]
        if table is None or any(body.calls[site.call].block == one.protected and _says_several(one) for one in body.handlers):
            continue
        if is_fresh(body, call) or _is_function(project, site, call) or _looked_before(project, site, body, call):
            continue
        columns = equality_columns(site.query) or ()
        if lacks_parent(project, table, call, columns):
            continue
        taken = Taken(site, table, columns, call, settled=tuple(settled_columns(project, table, call)))
        key = (site.path, site.line, site.column, table.name)
        if key not in found or len(taken.columns) < len(found[key].columns):
            found[key] = taken
    yield from found.values()



def _is_function(project: Project, site: Site, call: Call) -> bool:
    """A function is looked for, which Django calls for a value of each row that it makes, as it does with those of ``defaults``."""
    values = [value for name, value in call.keywords if name not in ("defaults", "create_defaults") and value.isidentifier()]
    found = [project.value(site.path, site.function, value) for value in values]
    return any(one is not None and one.kind is RefKind.FUNCTION for one in found)


def _looked_before(project: Project, site: Site, body: Body, call: Call) -> bool:
    """A test stands in front of the call that looks for rows of the same table with one of the same values, itself or in a function that it calls."""
    looked = [value for name, value in call.keywords if name not in ("defaults", "create_defaults")]
    asked = {value for value in looked if _varies(value)} | {part for value in looked if value[:1] in "[({" for part in split(value[1:-1]) if _varies(part)}
    tests: set[int] = set()
    for number, blocks in _tested(body).items():
        chain = [number, *_under(body, number)] if number < site.call else []
        given = {value for one in chain for value in (*body.calls[one].args, *(value for _, value in body.calls[one].keywords))}
        if asked & given and _decides(body, blocks, call.block):
            tests.add(number)
    if not tests:
        return False
    key, table = (site.path, site.function), site.query.relations[0].table
    sites = [other for other in project.queries.at(*key) if other.call < site.call and tests & results_of(body, other.call)]
    for edge in project.calls.edges(key):
        if edge.number in tests and edge.target.kind is RefKind.FUNCTION:
            sites += project.queries.at(*edge.target.function)
    return any(other.query.verb is Verb.SELECT and any(relation.table == table for relation in other.query.relations) for other in sites)


def _varies(value: str) -> bool:
    return value not in ("True", "False", "None") and parse(value) is not None



class _Branches(NamedTuple):
    """Of one function: the branches whose tests mention the result of each call, and what its loops go through."""

    tested: dict[int, list[int]]
    looped: frozenset[str]


def looks_before_inserts(project: Project) -> Iterator[Taken]:
    """Lookups by equality whose outcome decides whether a row with the same values is made, or refused with words such as "already exists"."""
    seen: set[tuple[str, int, tuple[str, ...], int]] = set()
    locked: dict[tuple[str, int], bool] = {}
    branches: dict[tuple[str, int], _Branches] = {}
    for site in project.queries.sites:
        query = site.query
        if query.verb is not Verb.SELECT or query.locks or query.rows not in (Rows.ONE, Rows.NONE) or site.function < 0 or site.call < 0:
            continue
        columns = equality_columns(query)
        table = project.schema.table(query.relations[0].table) if columns else None
        if columns is None or table is None:
            continue
        key = site.path, site.function
        if key not in locked:
            body = project.modules[site.path].bodies[site.function]
            locked[key] = any(call.callee.endswith(_LOCKS) for call in body.calls)
            branches[key] = _Branches(_tested(body), _looped(body))
        if locked[key] or not _asks(query):
            continue
        found = _made(project, site, project.modules[site.path].bodies[site.function], table, columns, branches[key])
        if found is not None and not _makes_several(project.modules[site.path].bodies[site.function], site.call, found.make):
            told = (*key, columns, found.make.line if found.make is not None else site.line)
            if told not in seen:
                seen.add(told)
                yield found


def _makes_several(body: Body, look: int, make: Call | None) -> bool:
    """Behind one look a loop makes rows, many with the same value."""
    loops = [number for number, block in around(body, make.block) if block.kind in LOOPS] if make in body.calls and make is not None else []
    return any(not inside(body, body.calls[look].block, number) for number in loops)


def _asks(query: Query) -> bool:
    """Some value is not written in the code: ``filter(template=True)`` names one row by no means."""
    return any(part.right.kind is TermKind.PARAMETER for part in required(query.where))


def _tested(body: Body) -> dict[int, list[int]]:
    """The branches whose tests mention the result of each call."""
    found: dict[int, list[int]] = {}
    for index, block in enumerate(body.blocks):
        if block.kind in (BlockKind.IF, BlockKind.ORELSE):
            for number in set(call_ids(block.subject)):
                found.setdefault(number, []).append(index)
    return found


def _looped(body: Body) -> frozenset[str]:
    """What the loops of a function go through, each alternative by itself."""
    return frozenset(text for block in body.blocks if block.kind in LOOPS for text in split(block.subject.strip("()"), "|"))


def _made(project: Project, site: Site, body: Body, table: Table, columns: tuple[str, ...], branches: _Branches) -> Taken | None:
    results = results_of(body, site.call)
    tests = sorted({index for number in results for index in branches.tested.get(number, ())})
    handlers = [handler for handler in body.handlers if any(body.calls[number].block == handler.protected for number in results)]
    chain = results | set(_under(body, site.call))
    sorted_first = any(body.calls[number].callee.endswith(_OF_SEVERAL) for number in chain)
    if (not tests and not handlers) or sorted_first or _several(body, chain, handlers, branches.looped):
        return None  # of several the first is taken, or all are added up
    given = _given(project, site, body, table)
    start = max(results) + 1
    for number in range(start, min(len(body.calls), start + _FARTHEST)):
        call = body.calls[number]
        mapped = _makes(project, site, call)
        if mapped is None or mapped.table != table.name or not (handlers or _decides(body, tests, call.block)):
            continue
        values = {_column(mapped, name): value for name, value in _keywords(call)}
        if all(column in given and column in values and _same(body, given[column], values[column]) for column in columns):
            module = project.modules[site.path]
            known = frozenset().union(*(told_by(module, site.function, given[column]) for column in columns))
            derived = tuple(column for column, value in values.items() if column not in columns and follows(module, site.function, value, known))
            settled = tuple(settled_columns(project, table, call)) if call.callee.endswith(_CREATES) else ()
            return Taken(site, table, columns, call, any(sees_conflicts(handler) for handler in body.handlers), settled, derived)
    if any(_refuses(body, index) for index in tests if body.blocks[index].kind is BlockKind.IF and not _says_none(body.blocks[index].subject)):
        return Taken(site, table, columns, None)
    return None


def _several(body: Body, results: set[int], handlers: list[Handler], looped: frozenset[str]) -> bool:
    """The code expects more than one row: it goes through them, or catches that there are several."""
    if any(_says_several(handler) for handler in handlers):
        return True
    names = {f"#{number}" for number in results} | {body.calls[number].target for number in results if body.calls[number].target}
    return not looped.isdisjoint(names)


def _says_several(handler: Handler) -> bool:
    return any(kind.rpartition(".")[2] in _SEVERAL for text in handler.types for kind in text.strip("()[]").split(","))


def _decides(body: Body, tests: list[int], block: int) -> bool:
    """One of the tests stands between the look and `block`: it lies in a branch, or behind one that leaves."""
    enclosing = {index for index, _ in around(body, block)}
    if enclosing.intersection(tests):
        return True
    left = {one.block for one in body.returns} | {one.block for one in body.raises} | {number for _, number in (*body.breaks, *body.continues)}
    return any(number in left and body.blocks[number].parent in enclosing for number in tests)


def _under(body: Body, last: int) -> Iterator[int]:
    """The calls of the chain below call `last`."""
    for _ in range(20):
        parsed = parse(body.calls[last].callee)
        if parsed is None or parsed.root[:1] != "#" or int(parsed.root[1:]) >= last:
            return
        last = int(parsed.root[1:])
        yield last


def results_of(body: Body, first: int) -> set[int]:
    """The calls whose results come from call `first`: the chain on top of it, and what runs it."""
    found = {first}
    for number in range(first + 1, min(len(body.calls), first + _FARTHEST)):
        call = body.calls[number]
        parsed = parse(call.callee)
        received = parsed is not None and parsed.root[:1] == "#" and int(parsed.root[1:]) in found
        if received or any(arg[:1] == "#" and arg[1:].isdigit() and int(arg[1:]) in found for arg in call.args):
            found.add(number)
    return found


def _given(project: Project, site: Site, body: Body, table: Table) -> dict[str, str]:
    """The value text that each column is compared with, of ``filter(a=x)``, ``filter_by(a=x)`` and ``where(Model.a == x)``."""
    mapped = project.places.model(table.name)
    names = {field.name: field.column for field in mapped.fields.values()} if mapped is not None else {}
    names |= {relation.name: relation.columns[0] for relation in mapped.relationships.values() if len(relation.columns) == 1} if mapped is not None else {}
    found: dict[str, str] = {}
    number = site.call
    for _ in range(20):
        call = body.calls[number]
        for name, value in _keywords(call):
            found.setdefault(names.get(name, name), value)
        for arg in call.args:
            left, sign, right = arg.strip("()").partition("==")
            if sign:
                found.setdefault(names.get(left.rpartition(".")[2], left.rpartition(".")[2]), right)
        parsed = parse(call.callee)
        inner = next((arg for arg in call.args if arg[:1] == "#" and arg[1:].isdigit()), "")
        following = parsed.root if parsed is not None and parsed.root[:1] == "#" else inner
        if not following or int(following[1:]) >= number:
            break
        number = int(following[1:])
    return found


def _column(mapped: Mapped, name: str) -> str:
    field, relation = mapped.fields.get(name), mapped.relationships.get(name)
    if field is not None:
        return field.column
    return relation.columns[0] if relation is not None and len(relation.columns) == 1 else name


def _keywords(call: Call) -> Iterator[tuple[str, str]]:
    """The keywords of a call, with those of ``**dict(...)`` and ``**{...}``."""
    for name, value in call.keywords:
        if name != "**":
            yield name, value
        elif value[:1] == "{":
            yield from entries(value)
        elif value.startswith("dict(") and value.endswith(")"):
            pairs = [part.partition("=") for part in split(value[len("dict(") : -1])]
            yield from ((key, item) for key, _, item in pairs if key.isidentifier() and item)


def _makes(project: Project, site: Site, call: Call) -> Mapped | None:
    """The model of which a call makes a new object."""
    base, _, method = call.callee.rpartition(".")
    ref = project.value(site.path, site.function, call.callee)
    if ref is not None and ref.kind is RefKind.CLASS:
        return project.schema.of(ref)
    if method in _MAKES and base:
        held = project.value(site.path, site.function, base)
        return project.schema.of(held.item if held is not None and held.item is not None else held)
    return None


def _same(body: Body, asked: str, made: str) -> bool:
    """Two values are one, or one is made of the other by a call such as a cast."""
    if asked == made:
        return True
    return any(other in body.calls[number].args for one, other in ((asked, made), (made, asked)) for number in call_ids(one) if number < len(body.calls))


def sees_conflicts(handler: Handler) -> bool:
    """Whether a clause catches the error of a unique constraint."""
    return not handler.types or any(kind.rpartition(".")[2] in _CONFLICTS for kind in handler.types)


def _refuses(body: Body, block: int) -> bool:
    """The block raises, and says that there is one already."""
    for raised in body.raises:
        if raised.block == block:
            words = [raised.value, *(word for number in call_ids(raised.value) for word in _words(body.calls[number]))]
            return any(_TAKEN.search(word) for word in words)
    return False


def _says_none(subject: str) -> bool:
    """The test holds where nothing was found."""
    return subject.startswith("(not ") or " is None" in subject or "==0" in subject.replace(" ", "")


def _words(call: Call) -> Iterator[str]:
    yield from call.args
    for _, value in call.keywords:
        yield value


def _call(project: Project, site: Site) -> Call | None:
    if site.function < 0 or site.call < 0:
        return None
    calls = project.modules[site.path].bodies[site.function].calls
    return calls[site.call] if site.call < len(calls) else None
