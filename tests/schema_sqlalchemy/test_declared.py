"""What is read from models of SQLAlchemy, SQLModel and Flask-SQLAlchemy equals what the libraries themselves make of them on PostgreSQL."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import postgres_catalog
import postgres_server
import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import read_project
from backend_lint.facts.schema import Dialect
from backend_lint.project import Project
from backend_lint.project.schema.mapping import Loading, Relationship
from backend_lint.project.schema.source import Declared
from backend_lint.project.schema.sqlalchemy import declared

SAMPLE = Path(__file__).parent / "sample"
MODULES = ("legacy", "modern", "notes", "shop", "imperative", "more")
LOADING = {
    "select": Loading.LAZY, True: Loading.LAZY, "joined": Loading.EAGER, False: Loading.EAGER, "selectin": Loading.EAGER, "dynamic": Loading.QUERY,
    "write_only": Loading.NEVER, "raise": Loading.RAISE,
}  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Declared:
    return declared(Project.link(read_project(Settings(root=SAMPLE, cache=False, jobs=1))))


@pytest.fixture(scope="module")
def modules() -> Iterator[dict[str, Any]]:
    pytest.importorskip("sqlmodel")
    pytest.importorskip("flask_sqlalchemy")
    sys.path.insert(0, str(SAMPLE))
    try:
        loaded = {name: importlib.import_module(name) for name in MODULES}
        loaded["imperative"].start_mappers()
        yield loaded
    finally:
        sys.path.remove(str(SAMPLE))
        for name in MODULES:
            sys.modules.pop(name, None)


def test_tables_are_those_that_create_all_makes(found: Declared, modules: dict[str, Any]) -> None:
    import sqlalchemy

    connection = postgres_server.database("schema_sqlalchemy")
    connection.execute("CREATE SCHEMA legacy_other; CREATE SCHEMA modern_data;")
    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: _connect("schema_sqlalchemy"), poolclass=sqlalchemy.pool.NullPool)
    metadatas = [modules["legacy"].Base.metadata, modules["modern"].Base.metadata, modules["modern"].data.metadata, modules["notes"].SQLModel.metadata]
    for metadata in [*metadatas, modules["shop"].db.metadata, modules["imperative"].metadata, modules["more"].Base.metadata]:
        metadata.create_all(engine)
    theirs, ours = postgres_catalog.theirs(connection), postgres_catalog.ours(found.tables.values())
    assert len(theirs) >= 40
    for name, table in ours.items():
        if name in theirs:
            assert len(theirs[name]["checks"]) == len(found.tables[name].checks), name
            theirs[name]["checks"] = table["checks"]
            theirs[name]["columns"] = dict(sorted(theirs[name]["columns"].items()))
            table["columns"] = dict(sorted(table["columns"].items()))
    assert postgres_catalog.differences(theirs, ours) == []
    assert not [index for table in found.tables.values() for index in table.indexes if not index.usable]


def _connect(name: str) -> Any:
    import psycopg

    return psycopg.connect(postgres_server.uri_of(name))


def test_classes_are_mapped_as_sqlalchemy_maps_them(found: Declared, modules: dict[str, Any]) -> None:
    import sqlalchemy

    known = {(Path(mapped.path).stem, mapped.name): mapped for mapped in found.mapped.values() if not mapped.abstract}
    mappers = {(mapper.class_.__module__, mapper.class_.__name__): mapper for mapper in _mappers(modules)}
    assert known.keys() == mappers.keys()
    for key, mapper in mappers.items():
        mapped = known[key]
        assert mapped.table == sqlalchemy.inspect(mapper.class_).local_table.fullname, key
        columns = {attribute.key: attribute.columns[0].name for attribute in mapper.column_attrs if isinstance(attribute.columns[0], sqlalchemy.Column)}
        fields = {name: field.column for name, field in mapped.fields.items() if name not in mapper.synonyms}
        assert fields == columns, key
        assert {name: _theirs(relationship) for name, relationship in mapper.relationships.items()} == {
            name: _ours(relationship, found) for name, relationship in mapped.relationships.items()
        }, key


def _mappers(modules: dict[str, Any]) -> list[Any]:
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    registries = [modules["legacy"].Base.registry, modules["modern"].Base.registry, modules["modern"].DataBase.registry, modules["modern"].data]
    registries += [modules["notes"].SQLModel._sa_registry, modules["shop"].db.Model.registry, modules["imperative"].mapper_registry]
    registries.append(modules["more"].Base.registry)
    return [mapper for one in registries for mapper in one.mappers]


def _theirs(relationship: Any) -> tuple[Any, ...]:
    pairs = {(own.name, other.name) for own, other in relationship.synchronize_pairs} if relationship.secondary is None else set()
    if relationship.direction.name == "MANYTOONE":
        pairs = {(other, own) for own, other in pairs}
    secondary = relationship.secondary.fullname if relationship.secondary is not None else ""
    return relationship.mapper.class_.__name__, bool(relationship.uselist), pairs, secondary, LOADING[relationship.lazy]


def _ours(relationship: Relationship, found: Declared) -> tuple[Any, ...]:
    target = found.mapped[relationship.target].name if relationship.target is not None else None
    pairs = set(zip(relationship.columns, relationship.to_columns, strict=True)) if not relationship.through else set()
    return target, relationship.many, pairs, relationship.through, relationship.loading


def test_a_project_without_sqlalchemy_is_not_looked_at() -> None:
    assert declared(Project.link({})) == Declared({}, {})


def test_dialects_have_types_of_their_own() -> None:
    project = Project.link(read_project(Settings(root=SAMPLE, cache=False, jobs=1)))
    tables = declared(project, Dialect.MYSQL).tables
    types = {column.name: column.type for column in tables["legacy_people"].columns}
    assert types["created"] == "datetime"
    assert types["color"].startswith("enum(")
