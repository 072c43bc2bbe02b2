"""Who still names a column or a table that a migration drops: models, and queries in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.query import Query, Term
from backend_lint.project.schema.mapping import Framework
from backend_lint.sql.conditions import comparisons

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.schema.mapping import Mapped


class Reference(NamedTuple):
    """A place that needs a column or a table. `what`: how it does."""

    path: str
    line: int
    what: str


def reference(project: Project, table: str, column: str = "") -> Reference | None:
    """The first place of a project that needs a column, or without `column` a table; models before queries. None if there is none."""
    found = project.schema.declared.get(table)
    mapped = project.places.model(table)
    if found is not None and found.managed and (mapped is None or _is_loaded(project, mapped)) and (not column or found.column(column) is not None):
        place = project.places.column(found, column) if column else project.places.table(found)
        name = f"model `{mapped.name}`" if mapped is not None else f"the models' table `{table}`"
        return Reference(place.path, place.line, f"{name} declares it, and each of its queries names it" if column else f"{name} is mapped to it")
    for site in project.queries.of_table(table):
        file = project.files.get(site.path)
        if file is not None and file.role in (Role.COMMAND, Role.SCRIPT):
            continue  # what is run once, and perhaps was
        if not column or column in _columns(site.query, table):
            return Reference(site.path, site.line, f"a query {'names' if column else 'uses'} it")
    return None


def _is_loaded(project: Project, model: Mapped) -> bool:
    """Something imports the model, or the module that declares it; Django loads those of its applications by itself."""
    if model.framework is Framework.DJANGO:
        return True
    stem = model.path.rpartition("/")[2].removesuffix(".py")
    if stem == "__init__":
        return True
    others = (module for path, module in project.modules.items() if path != model.path and module.role is not Role.MIGRATION)
    return any(entry.member in (model.name, stem, "*") or entry.module.rpartition(".")[2] == stem for module in others for entry in module.facts.imports)


def _columns(query: Query, table: str) -> set[str]:
    """The columns of a table that a query names."""
    ours = {number for number, relation in enumerate(query.relations) if relation.table.rpartition(".")[2] == table.rpartition(".")[2]}
    found = {name for term in _terms(query) if term.relation in ours for name in ((term.column,) if term.column else term.columns)}
    if 0 in ours:
        found.update(query.written)
    for inner in query.subqueries:
        found |= _columns(inner, table)
    return found


def _terms(query: Query) -> Iterator[Term]:
    yield from query.selected
    yield from query.group
    yield from (key.term for key in query.order)
    for predicate in (query.where, *(relation.on for relation in query.relations)):
        for one in comparisons(predicate):
            yield from (one.left, one.right)
