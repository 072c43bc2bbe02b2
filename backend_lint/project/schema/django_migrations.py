"""Django's migrations, replayed in the order in which Django applies them to an empty database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.file import Role
from backend_lint.facts.schema import Dialect, Table
from backend_lint.project.schema.django import DjangoProject, django_project, uses_django
from backend_lint.project.schema.django_alter import Alterer
from backend_lint.project.schema.django_graph import Migration, MigrationReader, attribute, in_order
from backend_lint.project.schema.django_operations import Replay, Unsupported
from backend_lint.project.schema.django_registry import Registry
from backend_lint.project.schema.django_state import ModelState
from backend_lint.project.schema.django_values import Doubt, Made, Scope
from backend_lint.project.schema.history import Node, Recorder
from backend_lint.project.schema.source import Declared, Replayed, Unread
from backend_lint.sql.catalog import Catalog

if TYPE_CHECKING:
    from backend_lint.project import Project


def replay(project: Project, declared: Declared | None = None, dialect: Dialect = Dialect.POSTGRESQL) -> Replayed:
    """What the migrations of a project leave. `declared`: what its models say, for names of classes. A project without migrations gives nothing."""
    if not any(module.role is Role.MIGRATION for module in project.modules.values()) or not uses_django(project):
        return Replayed({}, frozenset())
    return replay_by(django_project(project), dialect)


def replay_by(django: DjangoProject, dialect: Dialect) -> Replayed:
    """What the migrations leave."""
    django.values.vendor = dialect.value
    known = MigrationReader(django.values, django.apps).all()
    migrations = in_order(known)
    catalog = Catalog(dialect)
    editor = Alterer(catalog, "django migrations")
    editor.recorder = recorder = Recorder(catalog)
    labels = {state.key: state.label for state in django.states.values() if state.key is not None}
    registry = Registry({}, dialect, django.apps.user, django.apps.auto_field)

    def swapped(state: ModelState) -> bool:
        """Another model stands in the place of this one."""
        setting = state.options.swappable
        if not setting:
            return False
        value = django.apps.user if setting == "AUTH_USER_MODEL" else django.apps.setting_value(setting)
        return isinstance(value, str) and value.lower() != state.label

    run = Replay(django.fields, editor, registry, labels, swapped)
    unread: list[Unread] = []
    for migration in migrations:
        recorder.begin(migration.path)
        _apply(django, run, migration, unread)
        editor.flush()
    django.final = run.models
    tables = _finished(django, run, catalog)
    covers = frozenset(name for name in catalog.created if name in tables)
    missed = [Unread("", 0, f"{type(one.change).__name__}: {one.why}") for one in catalog.missed if not isinstance(one.change, ddl.Forget)]
    history = recorder.history("django", tuple(_node(django, one) for one in known.values()))
    return Replayed(tables, covers, frozenset(catalog.dropped), (*unread, *run.statements.unread, *missed), catalog.everything_unknown, history)


def _node(django: DjangoProject, migration: Migration) -> Node:
    fact = django.values.modules[migration.path].classes[migration.owner]
    line = next((one.line for one in fact.attributes if one.name == "dependencies"), fact.line)
    parents, replaced = (tuple(map(".".join, keys)) for keys in (migration.parents, migration.replaces))
    initial = any(one.name == "initial" and one.value == "True" for one in fact.attributes)
    return Node(migration.path, line, migration.key[0], ".".join(migration.key), parents, replaced, owner=migration.owner, initial=initial)


def _apply(django: DjangoProject, run: Replay, migration: Migration, unread: list[Unread]) -> None:
    app = migration.key[0]
    fact = django.values.modules[migration.path].classes[migration.owner]
    doubts = [Doubt(f"{migration.key[1]} has its own way to be applied")] if _applied(django, migration) is None else []
    if _applied(django, migration) is False:
        return
    before = dict(run.editor.catalog.tables)
    operations = [*attribute(django.values, migration.path, migration.owner, "operations"), *doubts]
    if run.editor.recorder is not None:
        run.editor.recorder.doubted = any(isinstance(one, Doubt) for one in operations)
    for operation in operations:
        at = getattr(operation, "line", fact.line)
        try:
            if isinstance(operation, Doubt):
                run.editor.flush()
                _doubt(run, before, operation.text, migration.path, at)
            else:
                run.apply(app, operation)
        except Unsupported as why:
            unread.append(Unread(migration.path, at, str(why)))
            _forget(run, why, app, migration.path, at)


def _applied(django: DjangoProject, migration: Migration) -> bool | None:
    """Whether a migration that says itself how it is applied is applied; None if that is not known."""
    methods = django.values.resolver.classes.members(migration.path, migration.owner)[0]
    number = methods.get("apply")
    if number is None:
        return True
    scope = Scope(migration.path, number)
    for returned in django.values.modules[migration.path].bodies[number].returns:
        holds = django.values.holds(scope, returned.block)
        if holds is None:
            return None
        if holds:
            value = django.values.value(scope, returned.value)
            return True if isinstance(value, Made) and value.fact.callee.endswith(".apply") else False if returned.value.startswith("%") else None
    return None


def _doubt(run: Replay, before: dict[str, Table], why: str, path: str, line: int) -> None:
    """The tables that a migration touched are unknown, for it may not have done so."""
    run.statements.unread.append(Unread(path, line, f"operations depend on {why}"))
    for name, table in list(run.editor.catalog.tables.items()):
        if before.get(name) is not table:
            run.editor.apply(ddl.Forget(name, "all", f"a migration depends on {why}", path, line))


def _forget(run: Replay, why: Unsupported, app: str, path: str, line: int) -> None:
    """The table of an operation that was not understood is unknown; all of the application are if it does not name one."""
    state = run.models.get(why.label)
    if why.label and state is None:
        table = why.label.replace(".", "_", 1)
    else:
        table = run.registry().table(state) if state is not None else ""
    for name in [table] if table else tables_of(run, app):
        run.editor.apply(ddl.Forget(name, "all", str(why), path, line))


def tables_of(run: Replay, app: str) -> list[str]:
    """The tables of an application: what a migration does to tables that it does not name, it does to its own."""
    registry = run.registry()
    return [registry.table(state) for state in run.models.values() if state.app == app and not state.options.proxy]


def _finished(django: DjangoProject, run: Replay, catalog: Catalog) -> dict[str, Table]:
    """The tables with what the models know of them: the class, and where it stands."""
    registry = run.registry()
    by_table = {registry.table(state): state for state in run.models.values() if not state.options.proxy}
    tables: dict[str, Table] = {}
    for name, table in catalog.tables.items():
        state = by_table.get(name)
        declared = django.states.get(state.label) if state is not None else None
        if state is not None:
            table = replace(table, managed=state.options.managed, source="django migrations")
        if declared is not None and declared.key is not None:
            table = replace(table, model=declared.key, path=declared.path, line=declared.line)
        tables[name] = table
    return tables
