"""What Alembic's migrations leave when all of them are applied in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.act import ActKind
from backend_lint.facts.python import Call as CallFact
from backend_lint.facts.schema import Column, Dialect, Table
from backend_lint.project.schema.alembic_conditions import MigrationValues
from backend_lint.project.schema.alembic_graph import Revision, environments, node_of, revisions
from backend_lint.project.schema.alembic_operations import BATCH, OPERATIONS, PERFORM, Call, read_call
from backend_lint.project.schema.alembic_steps import Steps
from backend_lint.project.schema.alembic_unnamed import Unnamed, is_mild
from backend_lint.project.schema.alembic_writes import executes, is_wrapper, written_by
from backend_lint.project.schema.history import Recorder
from backend_lint.project.schema.source import Declared, Replayed, Unread, joined
from backend_lint.project.schema.sqlalchemy import Models
from backend_lint.project.schema.sqlalchemy_naming import conventional
from backend_lint.project.schema.sqlalchemy_tables import TableSpec
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, ClassName, Frame, Made, Text, Value
from backend_lint.sql.acts import acts
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.ddl import changes as changes_of_text

if TYPE_CHECKING:
    from backend_lint.project import Project

_MAKES = frozenset({"create_all", "drop_all", "create", "drop"})
_HARMLESS = (
    "update", "delete", "select", "with", "comment", "grant", "revoke", "set", "refresh", "vacuum", "analyze", "lock", "notify", "truncate", "pragma", "begin",
    "commit", "savepoint", "release", "rollback", "reset", "show", "explain", "call", "merge", "copy", "use",
)  # fmt: skip
_STRING_METHODS = frozenset({"format", "strip", "replace", "lstrip", "rstrip"})
_DECLARING = ("create", "alter", "drop", "rename", "do")


def replay(project: Project, declared: Declared, dialect: Dialect = Dialect.POSTGRESQL) -> Replayed:
    """The tables that all revisions leave, run in order; nothing for a project without Alembic."""
    if not any(found.module.startswith("alembic") for module in project.modules.values() for found in module.facts.imports):
        return Replayed({}, frozenset())
    values = MigrationValues(project, dialect)
    groups = environments(project, revisions(project, values), dialect)
    return joined([Migrations(project, values, declared, dialect).replay(group) for group in groups if group], declared.tables)


class Migrations(Models):
    """One environment while it is replayed."""

    def __init__(self, project: Project, values: MigrationValues, declared: Declared, dialect: Dialect) -> None:
        super().__init__(project, dialect, values)
        self.asked = values
        self.models = declared
        self.catalog = Catalog(dialect)
        self._names: dict[str, tuple[tuple[Column, ...], dict[str, str]]] = {}
        self.steps = Steps(values, self)
        self.unnamed = Unnamed(self.catalog)
        self.baseline: set[str] = set()
        self.everything = ""
        self.failed = False
        self.convention: Mapping[str, str | None] = {}
        self.doubts: list[str] = []
        self.recorder = Recorder(self.catalog)
        self._own: dict[str, dict[str, Table]] = {}
        values.run = self.steps.call

    def replay(self, group: Sequence[Revision]) -> Replayed:
        """Run the revisions."""
        self.asked.catalog = self.catalog
        self.convention = self.core.conventions(self._target_metadata(group), None)[0]
        for revision in group:
            self.recorder.begin(revision.path)
            if not self.steps.migrate(revision.path, revision.upgrade):
                self.everything = self.everything or "a migration does too much to be followed"
                self.unread.append(Unread(revision.path, 1, "a migration does too much to be followed"))
        for doubt in self.unnamed.left():
            self.apply(doubt, doubt.path, doubt.line)
        covers = self.catalog.created - self.baseline
        everything = self.everything or self.catalog.everything_unknown
        history = self.recorder.history("alembic", tuple(node_of(self.project, one) for one in group))
        dropped = frozenset(self.catalog.dropped - self.catalog.tables.keys())
        return Replayed(dict(self.catalog.tables), covers, dropped, tuple(self.unread), everything, history)

    def _target_metadata(self, group: Sequence[Revision]) -> Made | None:
        """``target_metadata`` of the nearest ``env.py``: its naming convention holds for what migrations make as well."""
        folder = group[0].path.rpartition("/")[0]
        while True:
            path = f"{folder}/env.py".lstrip("/")
            if path in self.project.modules:
                value = self.values.exported(path, "target_metadata")
                if isinstance(value, tuple) and value:
                    value = value[0]
                found = self.bases.metadata_of(value)
                if found is None and isinstance(value, Text):
                    found = self._by_text(value)
                return found
            if not folder:
                return None
            folder = folder.rpartition("/")[0]

    def _by_text(self, value: Text) -> Made | None:
        owner = value.text.removesuffix(".metadata")
        inner = self.values.evaluate(value.frame, owner)
        return self.bases.metadata(inner.key) if isinstance(inner, ClassName) else None

    # -- what calls do -----------------------------------------------------------------------------

    def concerns(self, call: CallFact) -> bool:
        """Whether a call may change the schema, told by its name."""
        name = call.callee.rpartition(".")[2]
        return name in OPERATIONS or (executes(name) and bool(call.args)) or (name in _MAKES and "." in call.callee)

    def declares(self, call: CallFact) -> bool:
        """Whether a call changes the schema and no rows, told by its name."""
        return call.callee.rpartition(".")[2] in OPERATIONS

    def do(self, made: Made) -> bool:
        """Carry out a call; False if it is none of Alembic's and runs no statement."""
        receiver, _, name = made.call.callee.rpartition(".")
        self.recorder.at(made.frame.path, made.call.line, name)
        if executes(name):
            return self._execute(made) if not is_wrapper(name) or self.steps.function(made.frame, made.call) is None else False
        if name in _MAKES:
            return self._make(made, receiver, name)
        self.failed = False
        batch = None
        if made.name != f"alembic.op.{name}":
            held = self.values.evaluate(made.frame, receiver) if receiver else None
            if isinstance(held, Made) and held.simple == BATCH:
                batch = held
            elif receiver.rpartition(".")[2] not in ("op", "batch_op", "operations", "batch") or (receiver != "op" and held is UNKNOWN):
                return False
        if name == BATCH:
            return True
        operation, call = read_call(self, made, batch)
        if operation not in PERFORM:
            return False
        if call.table is None and operation not in ("bulk_insert", "drop_index"):
            self._apply(call, self.forget(call, f"{operation} of a table that is not known"))
        else:
            before = len(self.catalog.missed)
            self._apply(call, PERFORM[operation](self, call))
            self.failed = self._raises(operation, call) or any(" never created" in missed.why for missed in self.catalog.missed[before:])
        return True

    @staticmethod
    def _raises(operation: str, call: Call) -> bool:
        """``op.drop_constraint(None, ...)``, which autogenerate writes and nobody can run."""
        return operation == "drop_constraint" and "constraint_name" in call.values and call.get("constraint_name") is None

    def _apply(self, call: Call, changes: Sequence[ddl.Change]) -> None:
        for change in changes:
            self.apply(change, call.path, call.line)

    def apply(self, change: ddl.Change, path: str, line: int) -> None:
        """Apply a change, or only note that it may have happened."""
        before = len(self.catalog.missed)
        self.recorder.doubted = bool(self.doubts)
        self.recorder.record(change)
        self.catalog.apply(change if not self.doubts else self._doubted(change, path, line))
        self.unread += [Unread(path, line, missed.why) for missed in self.catalog.missed[before:]]

    def _doubted(self, change: ddl.Change, path: str, line: int) -> ddl.Change:
        """What is known after a change that may not have happened."""
        why = self.doubts[-1]
        if isinstance(change, ddl.Seed | ddl.CreateType | ddl.Forget):
            return change
        if isinstance(change, ddl.CreateTable):
            return ddl.CreateTable(replace(change.table, unknown=(*change.table.unknown, why)), if_not_exists=True)
        table = getattr(change, "table", "") or getattr(change, "old", "") or getattr(change, "name", "")
        if isinstance(change, ddl.DropIndex | ddl.RenameIndex) and not change.table:
            name = change.name if isinstance(change, ddl.DropIndex) else change.old
            if (home := self.catalog.homes.get(self.catalog.bare(name))) is None:
                return change
            table = home
        return ddl.Forget(table, "all", why, path, line)

    def doubt(self, why: str) -> None:
        self.doubts.append(why)

    def trust(self) -> None:
        self.doubts.pop()

    def autocommit(self, on: bool) -> None:
        self.recorder.bare = on

    def skipped(self, why: str, path: str, line: int) -> None:
        self.unread.append(Unread(path, line, why))

    def forget(self, call: Call, why: str, what: str = "all") -> list[ddl.Change]:
        """Something happened to a table, or to one that is not known."""
        return [ddl.Forget(call.table or "", what, why, call.path, call.line)]

    # -- statements --------------------------------------------------------------------------------

    def _execute(self, made: Made) -> bool:
        """``op.execute("...")``, ``connection.execute(text("..."))``."""
        self.recorder.doubted = bool(self.doubts)
        if made.call.args and (written := written_by(self, made.frame, made.call.args[0])) is not None:
            self.recorder.act(written)
            return True
        for value in self.values.arguments(made):
            if isinstance(value, Made) and value.simple in ("text", "DDL", "TextClause"):
                value = next(self.values.arguments(value), UNKNOWN)
            elif isinstance(value, Made):
                self._expression(value, made)
                return True
            if isinstance(value, str):
                self._statement(value, made)
            elif value is UNKNOWN or isinstance(value, Text):
                self._unknown_statement(made)
            return True
        return True

    def _statement(self, text: str, made: Made) -> None:
        for act in acts(text, self.dialect):
            if act.kind in (ActKind.BEGIN, ActKind.COMMIT):
                self.recorder.bare = act.kind is ActKind.COMMIT
            self.recorder.act(act)
        found, missed = changes_of_text(text, self.dialect, made.frame.path, made.call.line)
        for change in found:
            self.apply(change, made.frame.path, made.call.line)
        for one in missed:
            self.unread.append(Unread(made.frame.path, made.call.line, f"{one.why}: {one.text}"))

    def _expression(self, value: Made, made: Made) -> None:
        if value.call.callee.endswith((".insert", ".values")):
            return
        if value.simple in ("CreateTable", "DropTable", "CreateIndex", "DropIndex", "AddConstraint", "DropConstraint"):
            self.unread.append(Unread(made.frame.path, made.call.line, f"{value.simple} is executed"))
            self.apply(ddl.Forget("", "all", f"a migration executes {value.simple}", made.frame.path, made.call.line), made.frame.path, made.call.line)

    def _unknown_statement(self, made: Made) -> None:
        """A statement that is put together at run time: harmless by its first word, or anything may have happened."""
        beginning = self._beginning(made.frame, made.call.args[0])
        word = beginning.lstrip(" \n\t(-").partition(" ")[0].partition("\n")[0].lower()
        if not word or word in _HARMLESS or word == "insert":
            return
        self.unread.append(Unread(made.frame.path, made.call.line, "a statement is put together at run time"))
        if word not in _DECLARING:
            return
        if is_mild(beginning, self.catalog):
            return
        found, _ = changes_of_text(beginning, self.dialect, made.frame.path, made.call.line)
        tables = {getattr(change, "table", "") for change in found if isinstance(change, ddl.Forget)} - {""}
        for table in tables or ({""} if word in ("alter", "drop", "create") and _is_of_table(beginning) else set()):
            forgotten = ddl.Forget(str(table), "all", "a statement is put together at run time", made.frame.path, made.call.line)
            self.apply(forgotten, made.frame.path, made.call.line)

    def _beginning(self, frame: Frame, text: str, depth: int = 0) -> str:
        """What is known of the start of a statement."""
        module = self.project.modules[frame.path]
        if depth > 6:
            return ""
        if text[:1] == "#" and text[1:].isdigit():
            call = module.bodies[frame.function].calls[int(text[1:])]
            receiver, _, method = call.callee.rpartition(".")
            inner = receiver if method in _STRING_METHODS else call.args[0] if call.args and method in ("text", "DDL", "dedent", "cleandoc") else ""
            return self._beginning(frame, inner, depth + 1) if inner else ""
        if text[:2] in ("f'", 'f"'):
            return text[2:].partition("{")[0]
        if text[:1] in ("'", '"'):
            return text[1:-1].replace("\\n", "\n")
        if text[:1] == "(":
            return self._beginning(frame, text[1:], depth + 1)
        if text[:1] == "%":
            if isinstance(known := frame.names.get(text), Text):
                return self._beginning(known.frame, known.text, depth + 1)
            assigns = module.assigns_to(frame.function, text)
            return self._beginning(frame, assigns[0].value, depth + 1) if assigns and assigns[0].value != text else ""
        kind, number = module.names.get(text, ("", 0))
        return self._beginning(Frame(frame.path, 0), module.bodies[0].assigns[number].value, depth + 1) if kind == "assign" else ""

    # -- models in migrations ----------------------------------------------------------------------

    def _make(self, made: Made, receiver: str, name: str) -> bool:
        """``metadata.create_all(bind)``, ``Model.__table__.create(bind)``, ``table.drop(bind)``."""
        if name in ("create_all", "drop_all"):
            if not receiver.endswith("metadata"):
                return False
            for each in self._all_tables(made, receiver):
                self._made(each, made, name == "create_all")
            return True
        table = self._one_table(made, receiver)
        if table is None:
            return False
        self._made(table, made, name == "create")
        return True

    def _made(self, table: Table, made: Made, create: bool) -> None:
        if not create:
            self.apply(ddl.DropTable(table.name, if_exists=True), made.frame.path, made.call.line)
        elif self.catalog.find(table.name) is None:
            self.apply(ddl.CreateTable(table, if_not_exists=True), made.frame.path, made.call.line)
            if table.path not in (made.frame.path, ""):
                self.baseline.add(table.name)
                self.asked.baseline = frozenset(self.baseline)

    def _all_tables(self, made: Made, receiver: str) -> list[Table]:
        """The tables of a metadata: those of the migration's own classes, else the application's; of them those that are named."""
        keywords = self.values.keywords(made)
        if (named := keywords.get("tables")) is not None:
            tables = [self._table_of(one) for one in named] if isinstance(named, tuple) else [None]
            if None in tables:
                self.unread.append(Unread(made.frame.path, made.call.line, "tables that are not known are made or dropped from models"))
            return [table for table in tables if table is not None]
        own = self._own_models(made.frame.path)
        owner = receiver.removesuffix(".metadata").removesuffix("metadata").rstrip(".")
        value = self.values.evaluate(made.frame, owner) if owner else None
        local = isinstance(value, ClassName) and value.key[0] == made.frame.path
        local = local or (isinstance(value, Made) and value.frame.path == made.frame.path) or (not owner and bool(own))
        return list(own.values()) if local else list(self.models.tables.values())

    def _own_models(self, path: str) -> dict[str, Table]:
        if path not in self._own:
            self._own[path] = Models(self.project, self.dialect, self.values, only=path).declared().tables
        return self._own[path]

    def _table_of(self, value: Value) -> Table | None:
        if isinstance(value, Text) and value.text.endswith(".__table__"):
            inner = self.values.evaluate(value.frame, value.text.removesuffix(".__table__"))
            return self._of_class(inner, value.frame.path) if isinstance(inner, ClassName) else None
        spec = self.core.table(value) if isinstance(value, Made) else None
        return self.finisher.finish(spec, self.target, "alembic") if spec is not None else None

    def _of_class(self, value: ClassName, path: str) -> Table | None:
        """The table of a class of the migration itself, or of a model."""
        if value.key[0] == path:
            return next((table for table in self._own_models(path).values() if table.model == value.key), None)
        mapped = self.models.mapped.get(value.key)
        return self.models.tables.get(mapped.table) if mapped is not None else None

    def _one_table(self, made: Made, receiver: str) -> Table | None:
        owner = receiver.removesuffix(".__table__")
        value = self.values.evaluate(made.frame, owner)
        if isinstance(value, ClassName) and owner != receiver:
            return self._of_class(value, made.frame.path)
        spec = self.core.table(value) if isinstance(value, Made) else None
        if spec is None:
            return None
        if spec.path != made.frame.path and spec.name in self.models.tables:
            return self.models.tables[spec.name]
        return self.finisher.finish(spec, self.target, "alembic")

    # -- what operations ask -----------------------------------------------------------------------

    def names_of(self, table: str) -> dict[str, str]:
        """The columns of a table by name."""
        found = self.catalog.find(table)
        if found is None:
            return {}
        columns, names = self._names.get(found.name, ((), {}))
        if columns is not found.columns:
            # thousands of revisions add to one table: only what came is read again
            added = found.columns[len(columns) :] if found.columns[: len(columns)] == columns else None
            names = names | {column.name: column.name for column in added} if added is not None else {column.name: column.name for column in found.columns}
            self._names[found.name] = found.columns, names
        return names

    def name(self, kind: str, table: str, columns: Sequence[str], given: str = "", referred: str = "", to_columns: Sequence[str] = ()) -> str:
        """A name by the convention of the target metadata."""
        schema, _, bare = table.rpartition(".")
        convention = {"ix": "ix_%(column_0_label)s", **self.convention}
        return conventional(convention, kind, bare, schema, columns, given, referred, to_columns)

    def check(self, made: Made, spec: TableSpec, call: Call) -> list[ddl.Change]:
        """A check of a table that is made."""
        text = self.finisher.check(made, spec.names())
        given = self.values.keywords(made).get("name")
        name = self.name("ck", spec.name, (), given if isinstance(given, str) else "")
        return [ddl.AddCheck(spec.name, text, name)] if text is not None else []

    def table_name(self, value: Value) -> str:
        """The table that a value such as ``sa.table("x", ...)`` means; empty if it is not known."""
        if isinstance(value, Made) and value.simple in ("table", "Table", "TableClause"):
            name = next(self.values.arguments(value), UNKNOWN)
            return name if isinstance(name, str) else ""
        if isinstance(value, Text) and value.text.endswith(".__table__"):
            inner = self.values.evaluate(value.frame, value.text.removesuffix(".__table__"))
            name = self.values.class_attribute(inner.key, "__tablename__") if isinstance(inner, ClassName) else UNKNOWN
            return name if isinstance(name, str) else ""
        return ""

    def column_name(self, value: Value) -> str | None:
        """The name of a column given as an object."""
        if isinstance(value, Made) and value.simple in ("Column", "column"):
            name = next(self.values.arguments(value), UNKNOWN)
            return name if isinstance(name, str) else None
        return None


def _is_of_table(beginning: str) -> bool:
    words = beginning.lower().split()[:4]
    return "table" in words or "index" in words
