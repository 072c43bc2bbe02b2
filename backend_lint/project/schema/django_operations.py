"""Operations of migrations: what each does to the state of the models and to the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.act import Act, ActKind
from backend_lint.project.schema.django_alter import Alterer
from backend_lint.project.schema.django_field_operations import FieldOperations
from backend_lint.project.schema.django_fields import FieldReader
from backend_lint.project.schema.django_model_operations import ModelOperations
from backend_lint.project.schema.django_model_states import ModelStates
from backend_lint.project.schema.django_operation_base import Unsupported
from backend_lint.project.schema.django_registry import Registry
from backend_lint.project.schema.django_run import Statements
from backend_lint.project.schema.django_state import ModelState
from backend_lint.project.schema.django_values import Made, Unknown
from backend_lint.project.schema.mapping import ClassKey

WITHOUT_EFFECT = frozenset(
    "AlterModelManagers AlterModelTableComment ValidateConstraint CreateCollation RemoveCollation AlterConstraint CreateExtension BloomExtension "
    "BtreeGinExtension BtreeGistExtension CITextExtension CryptoExtension HStoreExtension TrigramExtension UnaccentExtension VectorExtension "
    "IgnoreMigration CleanHierarkeyDuplicates AddTrigger RemoveTrigger MigrateStreamData MigrateTranslatableModel CompileTrigger CreateTrigger DropTrigger "
    "CreatePostGISExtension CreateSchema PostgresExtension".split()
)
"""Operations of Django and of libraries that change no table, column or index."""


class Replay(ModelOperations, FieldOperations):
    """Applies operations. `models`: the state; `editor`: the database. `labels`: label of each model class of the project."""

    def __init__(self, fields: FieldReader, editor: Alterer, registry: Registry, labels: dict[ClassKey, str], swapped: Callable[[ModelState], bool]) -> None:
        super().__init__(fields, editor, registry, labels, swapped)
        self.statements = Statements(self.values, editor.dialect)
        self.table: dict[str, Callable[[str, Made, bool], None]] = {
            "CreateModel": self.create_model, "DeleteModel": self.delete_model, "RenameModel": self.rename_model, "AlterModelTable": self.alter_table,
            "AlterUniqueTogether": self.alter_together, "AlterIndexTogether": self.alter_together, "AddField": self.add_field, "RemoveField": self.remove_field,
            "AlterField": self.alter_field, "RenameField": self.rename_field, "AddIndex": self.add_index, "AddIndexConcurrently": self.add_index,
            "RemoveIndex": self.remove_index, "RemoveIndexConcurrently": self.remove_index, "RenameIndex": self.rename_index,
            "AddConstraint": self.add_constraint, "AddConstraintNotValid": self.add_constraint, "RemoveConstraint": self.remove_constraint,
            "AlterModelOptions": self.alter_options, "AlterOrderWithRespectTo": self.alter_order, "SeparateDatabaseAndState": self.separate,
            "RunSQL": self.run_sql, "RunPython": self.run_python,
        }  # fmt: skip

    def apply(self, app: str, value: Any, database: bool = True) -> None:
        """Apply an operation. Raises Unsupported."""
        if not isinstance(value, Made):
            raise Unsupported(f"operation {value.text if isinstance(value, Unknown) else value}")
        name = self.operation_name(value)
        if self.editor.recorder is not None and database:
            apart = name == "RemoveField" and self._aside is not None
            self.editor.recorder.at(value.scope.path, value.line, "RemoveColumn" if apart else name or value.last, value)
        if not name and self.changes_nothing(value):
            return
        if name in WITHOUT_EFFECT:
            self._noted(app, name, value, database)
            return
        handler = self.table.get(name)
        if handler is None:
            model = value.get("model_name")
            model = value.get("name", 0) if not isinstance(model, str) else model
            label = self._label(app, model) if isinstance(model, str) and self._label(app, model) in self.models else ""
            raise Unsupported(f"operation {value.last}", label)
        handler(app, value, database)
        self.editor.credit()

    def _noted(self, app: str, name: str, made: Made, database: bool) -> None:
        """What changes no table and is part of the migration's history all the same."""
        model, constraint = made.get("model_name", 0), made.get("name", 1)
        recorder = self.editor.recorder if database else None
        if name == "ValidateConstraint" and recorder is not None and isinstance(model, str) and isinstance(constraint, str):
            state = self.models.get(self._label(app, model))
            if state is not None:
                recorder.act(Act(ActKind.VALIDATE, self.registry().table(state), constraint))

    # -- the rest ----------------------------------------------------------------------------------

    def separate(self, app: str, made: Made, database: bool) -> None:
        """Database operations run on a state of their own."""
        for one in self.values.listed(made.get("database_operations", 0)) if database else ():
            saved = self.models
            self.models = self._aside = (self._aside or saved).copied()
            try:
                self.apply(app, one)
            finally:
                self._aside, self.models = self.models, saved
        self._aside = None
        for one in self.values.listed(made.get("state_operations", 1)):
            self.apply(app, one, database=False)

    _aside: ModelStates | None = None

    def run_sql(self, app: str, made: Made, database: bool) -> None:
        if database:
            if (recorder := self.editor.recorder) is not None:
                for act in self.statements.acts(made.get("sql", 0)):
                    recorder.act(act)
            self.editor.apply(*self._narrowed(app, self.statements.sql(made.get("sql", 0), made.scope.path, made.line)))
        for one in self.values.listed(made.get("state_operations", 2)):
            self.apply(app, one, database=False)

    def run_python(self, app: str, made: Made, database: bool) -> None:
        if database:
            self.editor.apply(*self._narrowed(app, self.statements.python(made.get("code", 0), self.registry(), made.line)))

    def _narrowed(self, app: str, changes: Iterable[ddl.Change]) -> Iterator[ddl.Change]:
        """What happened to no table that is named happened to those of the application."""
        registry = self.registry()
        for change in changes:
            if isinstance(change, ddl.Forget) and not change.table:
                for state in self.models.values():
                    if state.app == app and not state.options.proxy:
                        yield replace(change, table=registry.table(state))
            else:
                yield change


__all__ = ["Replay", "Unsupported"]
