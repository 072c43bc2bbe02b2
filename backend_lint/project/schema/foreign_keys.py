"""Foreign keys that no index leads to, and what follows a key from the parent to its children."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.query import Rows, Site, Verb
from backend_lint.facts.schema import Dialect, ForeignKey, Table, TableKind
from backend_lint.project.asked_columns import asks_by_value
from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import Loading
from backend_lint.project.schema.sizes import is_of_people, is_set_up, owns_all_else
from backend_lint.project.schema.source import has_known_indexes
from backend_lint.project.value_text import parse
from backend_lint.sql.keys import leads_with

if TYPE_CHECKING:
    from backend_lint.facts.python import Body
    from backend_lint.project import Project
    from backend_lint.project.schema.mapping import ClassKey, Mapped

_PUTS = frozenset("append remove add aadd create acreate bulk_create abulk_create".split())
_EAGER = ("joinedload", "selectinload", "subqueryload", "immediateload")


class Unindexed(NamedTuple):
    """Columns of a table that refer to one or more parents and that no index begins with. `certain`: all indexes of the table are known."""

    table: Table
    columns: tuple[str, ...]
    keys: tuple[ForeignKey, ...]
    certain: bool


class Loaded(NamedTuple):
    """Where a relationship is loaded, and its name with the model's. `awaited`: requests or messages come there for certain."""

    path: str
    line: int
    name: str
    awaited: bool = False


class Followed(NamedTuple):
    """What follows a key from the parent to its children.

    `queries`: those that read all of the children's table for it. `loaded`: where code loads a parent's children. `deletes`: by parent, where the program
    deletes rows of it.
    """

    queries: list[Site]
    loaded: Loaded | None
    deletes: dict[str, tuple[str, int]]


class Follows:
    """What follows each of `keys`."""

    def __init__(self, project: Project, keys: list[Unindexed]) -> None:
        self._project = project
        self._loaded = loaded_children(project, keys)
        self._deleted = deleted_rows(project) if keys else {}

    def of(self, one: Unindexed) -> Followed:
        """What follows one of them."""
        key = one.table.name, one.columns
        parents = [] if owns_all_else(one.table.name) else [key.table for key in one.keys if not owns_all_else(key.table)]
        deletes = {parent: self._deleted[parent] for parent in parents if parent in self._deleted}
        return Followed(self._project.answers.looked_up(*key), self._loaded.get(key), deletes)


def is_sure(project: Project, one: Unindexed, followed: Followed) -> bool:
    """Requests or messages look the children up for certain, the program makes some at work, and it does not run on MySQL, which makes the index itself."""
    looked = (site for site in followed.queries if site.query.verb is not Verb.DELETE and asks_by_value(site.query, one.table.name, one.columns))
    queries = (site for site in looked if project.answers.is_awaited(site))
    if not followed.deletes and not any(_has_many(project, key.table) for key in one.keys):
        return False
    waited = (followed.loaded is not None and followed.loaded.awaited) or any(True for _ in queries)
    return waited and len(one.columns) == 1 and project.growing.surely(one.table) and Dialect.MYSQL not in project.products


def _has_many(project: Project, parent: str) -> bool:
    """The program makes parents at work, or they are people: where a handful stand at the head of all rows, an index tells little apart."""
    table = project.schema.table(parent)
    return table is None or is_of_people(parent) or (project.growing.surely(table) and not is_set_up(table))


def unindexed_keys(project: Project) -> list[Unindexed]:
    """The foreign keys without an index."""
    found: dict[tuple[str, tuple[str, ...]], list[ForeignKey]] = {}
    schema = project.schema
    for table in schema.tables.values():
        for key in table.foreign_keys if table.kind is TableKind.TABLE else ():
            indexes = (*table.indexes, *schema.declared_indexes(table.name))
            if key.enforced and key.columns and not any(leads_with(index, key.columns) for index in indexes):
                found.setdefault((table.name, key.columns), []).append(key)
    result = []
    for (name, columns), parents in found.items():
        table = schema.tables[name]
        certain = not table.unknown and has_known_indexes(table) and all(index.usable for index in table.indexes)
        result.append(Unindexed(table, columns, tuple(parents), certain))
    return result


def between_large(project: Project, one: Unindexed) -> Unindexed | None:
    """The key without those parents that are short lists, which nobody deletes from; None if none is left, or its own table is small."""
    small = project.answers.may_be_small
    keys = tuple(key for key in one.keys if (parent := project.schema.table(key.table)) is None or not small(parent))
    return one._replace(keys=keys) if keys and not small(one.table) else None


def followed_by_models(project: Project) -> dict[tuple[ClassKey, str], list[tuple[str, tuple[str, ...]]]]:
    """The relationships that look rows up by a key, with its table and columns: the children of a parent, the rows of an association table for one side."""
    found: dict[tuple[ClassKey, str], list[tuple[str, tuple[str, ...]]]] = {}
    for mapped in project.schema.mapped.values():
        for relation in mapped.relationships.values():
            target = project.schema.mapped.get(relation.target) if relation.target is not None else None
            if relation.through:
                found[mapped.key, relation.name] = [(relation.through, relation.through_columns)]
            elif target is not None and (relation.many or relation.reverse):
                found[mapped.key, relation.name] = [(target.table, relation.to_columns)]
    return found


def loaded_children(project: Project, keys: Iterable[Unindexed]) -> dict[tuple[str, tuple[str, ...]], Loaded]:
    """The tables and columns by which some code loads the children of a parent: it reads the relationship from an object, or names it in a query."""
    wanted = {(one.table.name, one.columns) for one in keys if not _has_partial(one.table, one.columns)}
    relations = {where: [key for key in keys if key in wanted] for where, keys in followed_by_models(project).items()}
    relations = {where: keys for where, keys in relations.items() if keys}
    names = {name for _, name in relations}
    raw = _reads_raw_rows(project) if names else False
    found: dict[tuple[str, tuple[str, ...]], Loaded] = {}
    written = re.compile(rb"\.(?:" + b"|".join(re.escape(name.encode()) for name in sorted(names)) + rb")")
    for path, module in project.modules.items() if names else ():
        if module.role in (Role.TEST, Role.MIGRATION) or written.search(module.facts.bodies) is None:
            continue
        for number, body in enumerate(module.bodies):
            for line, text, eager, method in _attributes(body):
                base, _, name = text.rpartition(".")
                if name not in names or not base or (raw and not eager):
                    continue
                if any(one.target == text and one.line <= line for one in body.assigns):
                    continue  # it reads what was just put there
                ref = project.value(path, number, base)
                # of a class it is a part of a query, unless it says what is to be loaded
                mapped = project.schema.of(ref) if ref is not None and ref.kind is (RefKind.CLASS if eager else RefKind.INSTANCE) else None
                if mapped is not None and _only_writes(mapped, name, method):
                    continue
                for key in relations.get((mapped.key, name), ()) if mapped is not None else ():
                    awaited = (path, number) in project.awaited
                    if key not in found or (awaited and not found[key].awaited):
                        found[key] = Loaded(path, line, f"{mapped.name}.{name}" if mapped is not None else name, awaited)
    return found


def _reads_raw_rows(project: Project) -> bool:
    """Rows come from the library ``databases``, and are called by the names of models that they are not: what is read from them loads nothing."""
    modules = (module for module in project.modules.values() if module.role is Role.APPLICATION)
    own = any(path.startswith("databases/") or "/databases/" in path for path in project.modules)
    return not own and any(one.module.partition(".")[0] == "databases" and not one.level for module in modules for one in module.facts.imports)


def _has_partial(table: Table, columns: tuple[str, ...]) -> bool:
    """An index of a part of the rows begins with the columns: a relationship's own condition may lead to it."""
    return any(index.where_text and index.keys and index.keys[0].column in columns for index in table.indexes)


def _only_writes(mapped: Mapped, name: str, method: str) -> bool:
    """Putting something into a relation that is a query sends no SELECT by the key."""
    relation = mapped.relationships.get(name)
    return relation is not None and relation.loading is Loading.QUERY and method in _PUTS


def _attributes(body: Body) -> Iterator[tuple[int, str, bool, str]]:
    """Values that may be attributes, each with its line, and whether it says what a query is to load: what is read, gone through, handed on, or asked for
    something; the last is the method that is called on it."""
    for line, _, value, _ in body.reads:
        yield line, value, False, ""
    for block in body.blocks:
        yield block.line, block.subject, False, ""
    for call in body.calls:
        receiver, _, method = call.callee.rpartition(".")
        yield call.line, receiver, False, method
        eager = call.callee.endswith(_EAGER)
        for value in (*call.args, *(value for _, value in call.keywords)):
            yield call.line, value, eager, ""
    for returned in body.returns:
        yield returned.line, returned.value, False, ""


def deleted_rows(project: Project) -> dict[str, tuple[str, int]]:
    """The tables whose rows the program deletes at work, by statements or one by one, each with the first place: path and line."""
    found: dict[str, tuple[str, int]] = {}
    made: dict[tuple[str, int, int], str] = {}
    for site in project.queries.sites:
        table = site.query.relations[0].table if site.query.relations else ""
        if not table or project.files[site.path].role is not Role.APPLICATION:
            continue
        if site.query.verb is Verb.DELETE and not project.answers.is_idle(site.path, site.function):
            _first(found, table, (site.path, site.line))
        elif site.query.rows is Rows.ONE and site.call >= 0:
            made[site.path, site.function, site.call] = table
    for module, number, _, call in project.named_calls.calls("delete"):
        if module.role is Role.APPLICATION and "." in call.callee and len(call.args) == 1 and not call.keywords:
            table = _table_of(project, module.path, number, call.args[0], made)
            if table and not _is_own(project, module.path, number, call.callee) and not project.answers.is_idle(module.path, number):
                _first(found, table, (module.path, call.line))
    return found


def _is_own(project: Project, path: str, function: int, callee: str) -> bool:
    """A method of the project, which may only mark rows: what it deletes is seen inside it."""
    ref = project.value(path, function, callee)
    return ref is not None and ref.kind is RefKind.FUNCTION


def _table_of(project: Project, path: str, function: int, text: str, made: dict[tuple[str, int, int], str]) -> str:
    """The table of the object that a value is; empty if that is not known."""
    parsed = parse(text)
    if parsed is not None and parsed.root[:1] == "#" and not parsed.steps and (path, function, int(parsed.root[1:])) in made:
        return made[path, function, int(parsed.root[1:])]
    ref = project.value(path, function, text)
    mapped = project.schema.of(ref) if ref is not None and ref.kind is RefKind.INSTANCE else None
    return mapped.table if mapped is not None else ""


def _first(found: dict[str, tuple[str, int]], table: str, place: tuple[str, int]) -> None:
    if table not in found or place < found[table]:
        found[table] = place
