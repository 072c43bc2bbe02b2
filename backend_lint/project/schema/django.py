"""Django's models as tables and mapped classes."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.facts.schema import Dialect, Table
from backend_lint.project.schema.django_apps import Apps
from backend_lint.project.schema.django_editor import Editor
from backend_lint.project.schema.django_fields import FieldReader
from backend_lint.project.schema.django_mapping import mapped_classes
from backend_lint.project.schema.django_models import ModelReader
from backend_lint.project.schema.django_registry import Registry
from backend_lint.project.schema.django_state import ModelState
from backend_lint.project.schema.django_values import ValueReader
from backend_lint.project.schema.source import Declared, Unread
from backend_lint.sql.catalog import Catalog

if TYPE_CHECKING:
    from backend_lint.project import Project


def uses_django(project: Project) -> bool:
    """Whether any module imports Django."""
    return "django" in project.imported


class DjangoProject:
    """What models, settings and applications of a project say; shared by models and migrations."""

    def __init__(self, project: Project) -> None:
        self.values = ValueReader(project)
        self.apps = Apps(self.values)
        self.fields = FieldReader(self.values)
        self.models = ModelReader(self.values, self.fields, self.apps)

    @functools.cached_property
    def states(self) -> dict[str, ModelState]:
        """The models by label."""
        return self.models.states()

    final: Mapping[str, ModelState] = {}
    """The models as the migrations take them to be in the end, by label: without what they do by SQL. Empty before a replay."""


def declared(project: Project, dialect: Dialect = Dialect.POSTGRESQL) -> Declared:
    """What the models of a project say. A project without Django gives nothing."""
    if not uses_django(project):
        return Declared({}, {})
    return declared_by(django_project(project), dialect)


def stated(project: Project, dialect: Dialect) -> Mapping[str, Table]:
    """The tables of the models that the migrations end with, as Django would make them anew: what ``makemigrations`` compares the models with."""
    django = django_project(project)
    registry = Registry(django.final, dialect, django.apps.user, django.apps.auto_field)
    catalog = Catalog(dialect)
    editor = Editor(catalog)
    for state in django.final.values():
        if not state.options.proxy:
            editor.create_model(registry, state)
    editor.flush()
    return catalog.tables


_PROJECTS: weakref.WeakKeyDictionary[Project, DjangoProject] = weakref.WeakKeyDictionary()


def django_project(project: Project) -> DjangoProject:
    """What is known of Django in a project, found out once."""
    found = _PROJECTS.get(project)
    if found is None:
        found = _PROJECTS[project] = DjangoProject(project)
    return found


def declared_by(django: DjangoProject, dialect: Dialect) -> Declared:
    """What the models say."""
    django.values.vendor = dialect.value
    states = django.states
    registry = Registry(
        states, dialect, django.apps.user, django.apps.auto_field, {state.app: django.apps.auto_field_of(state.path) for state in states.values()}
    )
    catalog = Catalog(dialect)
    editor = Editor(catalog)
    unread = []
    odd: dict[str, tuple[str, ...]] = {}
    for state in states.values():
        if state.options.proxy or (state.options.swappable and django.apps.user not in (state.label, "auth.user") and "USER" in state.options.swappable):
            continue
        table = registry.table(state)
        editor.create_model(registry, state)
        odd[table] = (*state.unknown, *state.varies, *_odd_fields(state))
        unread += [Unread(state.path, state.line, f"{state.name}: {what}") for what in odd[table]]
    editor.flush()
    tables: dict[str, Table] = {}
    for name, table_ in catalog.tables.items():
        unknown = tuple(dict.fromkeys((*table_.unknown, *odd.get(name, ()))))
        tables[name] = table_ if unknown == table_.unknown else replace(table_, unknown=unknown)
    return Declared(tables, mapped_classes(django.models, states, registry), tuple(unread))


def _odd_fields(state: ModelState) -> list[str]:
    return [f"{name}: {field.unknown}" for name, field in state.fields.items() if field.unknown]
