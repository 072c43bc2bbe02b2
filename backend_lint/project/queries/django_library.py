"""Models of libraries beside those of the project: users, groups, content types. A library's model has the key ``(dotted name, -1)``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import Attribute
from backend_lint.project.libraries.django_models import LIBRARY_MODELS, LibraryField, LibraryModel
from backend_lint.project.queries.django_functions import TYPES
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey, Field, Framework, Loading, Mapped, Relationship
from backend_lint.project.value_text import constant_string

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.schema import Schema

LIBRARY = -1
"""The class index of a library's model."""
_KEYS = frozenset({"ForeignKey", "OneToOneField"})
_FURTHER: Mapping[str, tuple[LibraryField, ...]] = {
    "django.contrib.contenttypes.models.ContentType": (LibraryField("app_label", "CharField"), LibraryField("model", "CharField")),
    "django.contrib.auth.models.Permission": (
        LibraryField("name", "CharField"),
        LibraryField("codename", "CharField"),
        LibraryField("content_type", "ForeignKey", {"to": "contenttypes.contenttype"}),
    ),
    "django.contrib.sites.models.Site": (LibraryField("domain", "CharField"), LibraryField("name", "CharField")),
    "rest_framework.authtoken.models.Token": (
        LibraryField("user", "ForeignKey", {"to": "auth.user"}),
        LibraryField("created", "DateTimeField"),
    ),
}
"""Fields that lookups name and that no schema needs."""


def with_library(project: Project) -> Mapping[ClassKey, Mapped]:
    """The project's Django models, their relations to models of libraries found, and those models."""
    schema = project.schema
    labels = {model.label: (name, LIBRARY) for name, model in LIBRARY_MODELS.items() if model.table}
    tables = {model.table: (name, LIBRARY) for name, model in LIBRARY_MODELS.items() if model.table}
    own = {mapped.table for mapped in schema.mapped.values()}
    found: dict[ClassKey, Mapped] = {}
    reverse: dict[ClassKey, dict[str, Relationship]] = {}
    for key, mapped in schema.mapped.items():
        if mapped.framework is not Framework.DJANGO:
            continue
        changed: dict[str, Relationship] = {}
        for name, relation in mapped.relationships.items():
            if relation.target is not None or relation.generic:
                continue
            target = tables.get(_table_of(schema, mapped, relation))
            if target is None:
                continue
            columns = relation.to_columns or (LIBRARY_MODELS[target[0]].key[0],)
            changed[name] = msgspec.structs.replace(relation, target=target, to_columns=columns)
            back = _back(project, mapped, changed[name])
            reverse.setdefault(target, {})[back.name] = back
        found[key] = msgspec.structs.replace(mapped, relationships={**mapped.relationships, **changed}) if changed else mapped
    proxied = {mapped.table for mapped in found.values() if mapped.proxy and not mapped.primary_key}
    for name, model in LIBRARY_MODELS.items():
        if model.table and (model.table not in own or model.table in proxied):
            found[name, LIBRARY] = _mapped(name, model, labels, reverse.get((name, LIBRARY), {}))
    _add_relations_between(found)
    for key, mapped in list(found.items()):
        label = next((one.removeprefix("fields of ") for one in mapped.unknown if one.startswith("fields of ")), "")
        parent = found.get(labels.get(label, key)) if label in labels and mapped.parent_link and mapped.parent is None else None
        if parent is not None:
            fields, relationships = {**parent.fields, **mapped.fields}, {**parent.relationships, **mapped.relationships}
            unknown = tuple(one for one in mapped.unknown if one != f"fields of {label}")
            found[key] = msgspec.structs.replace(mapped, fields=fields, relationships=relationships, parent=parent.key, unknown=unknown)
            continue
        base = found.get(tables.get(mapped.table, key)) if mapped.proxy and not mapped.primary_key else None
        if base is not None:
            fields, relationships = {**base.fields, **mapped.fields}, {**base.relationships, **mapped.relationships}
            found[key] = msgspec.structs.replace(mapped, fields=fields, relationships=relationships, primary_key=base.primary_key)
    return found


def _add_relations_between(found: dict[ClassKey, Mapped]) -> None:
    """Groups and permissions of users: many to many, through tables that the library names."""
    for name, model in LIBRARY_MODELS.items():
        own = found.get((name, LIBRARY))
        for field in model.fields if own is not None else ():
            target = next((one for one in found.values() if field.options.get("to") == _LABELS.get(one.key[0])), None)
            if field.kind != "ManyToManyField" or target is None or own is None:
                continue
            near, far = f"{own.name.lower()}_id", f"{target.name.lower()}_id"
            table, key = f"{own.table}_{field.name}", ("id",)
            ahead = Relationship(field.name, target.key, True, key, key, table, (near,), (far,), Loading.QUERY)
            query_name = str(field.options.get("related_query_name") or own.name.lower())
            back = Relationship(f"{query_name}_set", own.key, True, key, key, table, (far,), (near,), Loading.QUERY, False, True, query_name=query_name)
            for mapped, relation in ((own, ahead), (target, back)):
                found[mapped.key] = msgspec.structs.replace(found[mapped.key], relationships={**found[mapped.key].relationships, relation.name: relation})
            own = found[name, LIBRARY]


_LABELS = {name: model.label for name, model in LIBRARY_MODELS.items()}


def _table_of(schema: Schema, mapped: Mapped, relation: Relationship) -> str:
    """The table that a relation leads to, by its foreign key."""
    table = schema.declared.get(relation.through or mapped.table)
    columns = relation.through_to if relation.through else relation.columns
    for key in table.foreign_keys if table is not None else ():
        if key.columns == columns:
            return key.table
    return ""


def _back(project: Project, mapped: Mapped, relation: Relationship) -> Relationship:
    """The attribute that the library's model gets."""
    base = mapped.name.rpartition(".")[2].lower()
    single = relation.unique and not relation.many
    name = relation.back or _related_name(project, mapped.key, relation.name) or (base if single else f"{base}_set")
    name = name.replace("%(class)s", base).replace("%(model_name)s", base)
    return Relationship(
        name,
        mapped.key,
        not single,
        relation.to_columns,
        relation.columns,
        relation.through,
        relation.through_to,
        relation.through_columns,
        Loading.LAZY if single else Loading.QUERY,
        not relation.many,
        True,
        single,
        base if name == f"{base}_set" else "",
        relation.name,
    )


def _related_name(project: Project, key: ClassKey, name: str) -> str:
    """``related_name`` as it is written, empty if it is not."""
    found = project.resolver.classes.find(Ref(RefKind.CLASS, "", *key), name) if key[0] in project.modules else None
    if found is None or not isinstance(found[1], Attribute) or found[1].value[:1] != "#" or not found[1].value[1:].isdigit():
        return ""
    call = project.modules[found[0].path].bodies[found[1].function].calls[int(found[1].value[1:])]
    return next((constant_string(value) or "" for word, value in call.keywords if word == "related_name"), "")


def _mapped(name: str, model: LibraryModel, labels: Mapping[str, ClassKey], reverse: Mapping[str, Relationship]) -> Mapped:
    fields = {model.key[0]: Field(model.key[0], model.key[0], "integer" if "Auto" in model.key[1] else "varchar", model.key[1], nullable=False, unique=True)}
    relationships: dict[str, Relationship] = {}
    for field in (*model.fields, *_FURTHER.get(name, ())):
        null = bool(field.options.get("null"))
        if field.kind in _KEYS:
            column = f"{field.name}_id"
            target = labels.get(str(field.options.get("to", "")))
            fields[column] = Field(column, column, nullable=null)
            relationships[field.name] = Relationship(field.name, target, False, (column,), ("id",), nullable=null, unique=field.kind == "OneToOneField")
        elif field.kind != "ManyToManyField":
            fields[field.name] = Field(field.name, field.name, TYPES.get(field.kind, ""), field.kind, null, bool(field.options.get("unique")))
    return Mapped(
        (name, LIBRARY),
        name.rpartition(".")[2],
        Framework.DJANGO,
        model.table,
        fields,
        {**relationships, **reverse},
        (model.key[0],),
        ordering=model.ordering,
        unknown=("a library's model",),
    )
