"""What ``op.*`` does, as changes of a schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.schema import ForeignKey, Implicit, Index, IndexKey
from backend_lint.project.schema.sqlalchemy_columns import COLUMN_CALLS, ColumnSpec, on_delete
from backend_lint.project.schema.sqlalchemy_naming import shortened
from backend_lint.project.schema.sqlalchemy_tables import CONSTRAINTS, TableSpec
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, Made, Nothing, Text, Value
from backend_lint.sql.ddl_alter import PLAIN_CAST
from backend_lint.sql.retyping import is_known

if TYPE_CHECKING:
    from backend_lint.project.schema.alembic import Migrations

BATCH = "batch_alter_table"


class Call:
    """A call of ``op`` or of a batch with its arguments by name. `table` is None if it is not known; names hold the schema in front."""

    def __init__(self, made: Made, table: str | None, values: dict[str, Value]) -> None:
        self.made = made
        self.table = table
        self.values = values
        self.path = made.frame.path
        self.line = made.call.line

    def get(self, name: str) -> Value:
        """An argument; `UNKNOWN` if it was given and is not known, None without it."""
        return self.values.get(name)

    def text(self, name: str) -> str | None:
        """A string argument; None if there is none or it is not known."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    def says(self, name: str) -> bool:
        """An argument is given and not known to be false."""
        return self.values.get(name) not in (None, False)

    def names(self, name: str) -> tuple[str, ...] | None:
        """An argument that is a list of names; None if one of them is not known."""
        value = self.values.get(name)
        if isinstance(value, str):
            return (value,)
        if isinstance(value, tuple) and all(isinstance(one, str) for one in value):
            return tuple(str(one) for one in value)
        return None


_SIGNATURES: dict[str, tuple[str, ...]] = {
    "add_column": ("table_name", "column"),
    "drop_column": ("table_name", "column_name"),
    "alter_column": ("table_name", "column_name"),
    "create_index": ("index_name", "table_name", "columns"),
    "drop_index": ("index_name", "table_name"),
    "create_unique_constraint": ("constraint_name", "table_name", "columns"),
    "create_primary_key": ("constraint_name", "table_name", "columns"),
    "create_foreign_key": ("constraint_name", "source_table", "referent_table", "local_cols", "remote_cols"),
    "create_check_constraint": ("constraint_name", "table_name", "condition"),
    "drop_constraint": ("constraint_name", "table_name", "type_"),
    "rename_table": ("old_table_name", "new_table_name"),
    "drop_table": ("table_name",),
    "bulk_insert": ("table", "rows"),
}
_TABLE_ARGUMENTS = frozenset({"table_name", "source_table"})
OPERATIONS = frozenset({*_SIGNATURES, "create_table", "create_exclude_constraint", "add_columns", BATCH})


def read_call(migrations: Migrations, made: Made, batch: Made | None) -> tuple[str, Call]:
    """The operation and its arguments; in a batch the table is the batch's."""
    operation = made.call.callee.rpartition(".")[2]
    keywords = migrations.values.keywords(made)
    args = list(migrations.values.arguments(made))
    names = _SIGNATURES.get(operation, ())
    if batch is not None:
        names = tuple(name for name in names if name not in _TABLE_ARGUMENTS)
    if operation == "create_table":
        found = {**keywords, "table_name": args[0] if args else keywords.get("table_name", UNKNOWN), "parts": tuple(args[1:])}
    elif operation == "create_exclude_constraint":
        start = 1 if batch is not None else 2
        found = {**keywords, "elements": tuple(args[start:])}
        found.update(zip(("constraint_name", "table_name")[:start], args, strict=False))
    else:
        found = {**keywords, **dict(zip(names, args, strict=False))}
        if operation == "add_column" and len(args) > len(names):
            found["more"] = tuple(args[len(names) :])
    schema = found.get("source_schema", found.get("schema"))
    if batch is not None:
        inner = list(migrations.values.arguments(batch))
        options = migrations.values.keywords(batch)
        table: Value = inner[0] if inner else options.get("table_name", UNKNOWN)
        schema = options.get("schema", inner[1] if len(inner) > 1 else schema)
    else:
        table = found.get("table_name", found.get("source_table", found.get("old_table_name")))
    if schema is UNKNOWN or isinstance(schema, Text | Made):
        return operation, Call(made, None, found)
    name = f"{schema}.{table}" if isinstance(schema, str) and schema and isinstance(table, str) else table
    return operation, Call(made, name if isinstance(name, str) else None, found)


# -- tables ----------------------------------------------------------------------------------------


def create_table(migrations: Migrations, call: Call) -> list[ddl.Change]:
    """``op.create_table``."""
    assert call.table is not None
    spec = TableSpec(call.table.rpartition(".")[2], call.table.rpartition(".")[0], call.path, call.line, migrations.convention)
    parts = call.get("parts")
    for part in _flat(parts if isinstance(parts, tuple) else ()):
        if isinstance(part, Made) and part.simple in COLUMN_CALLS:
            column = migrations.columns.column(part, "", call.path, part.call.line)
            if column.column.name:
                spec.add(replace(column, attribute=column.key, foreign=tuple(one for one in column.foreign if not one.later)))
            else:
                spec.unknown.append("a column of it has a name that is not known")
        elif isinstance(part, Made) and part.simple in CONSTRAINTS:
            if migrations.values.keywords(part).get("use_alter") is not True:
                spec.items.append((part, call.path))
        elif part is not None and not (isinstance(part, Made) and part.simple in ("Computed", "Comment")):
            spec.unknown.append("a part of it was not understood")
    table = migrations.finisher.finish(spec, migrations.target, "alembic")
    table = replace(table, checks=())
    checks = [check for one in spec.columns for made in one.checks for check in migrations.check(made, spec, call)]
    checks += [check for made, _ in spec.items if made.simple == "CheckConstraint" for check in migrations.check(made, spec, call)]
    if "**" in call.values:
        table = replace(table, unknown=(*table.unknown, "options of it are not known"))
    created: list[ddl.Change] = [ddl.CreateTable(table, if_not_exists=call.get("if_not_exists") is True)]
    return created + checks


def _flat(parts: tuple[Value, ...]) -> list[Value]:
    return [inner for part in parts for inner in (_flat(part) if isinstance(part, tuple) else [part])]


def rename_table(migrations: Migrations, call: Call) -> list[ddl.Change]:
    new = call.text("new_table_name")
    if new is None or call.table is None:
        return migrations.forget(call, "a table is renamed to what is not known")
    schema = call.table.rpartition(".")[0]
    return [ddl.RenameTable(call.table, f"{schema}.{new}" if schema else new)]


def drop_table(migrations: Migrations, call: Call) -> list[ddl.Change]:
    assert call.table is not None
    return [ddl.DropTable(call.table, if_exists=call.get("if_exists") is True)]


def bulk_insert(migrations: Migrations, call: Call) -> list[ddl.Change]:
    table = migrations.table_name(call.get("table"))
    rows = call.get("rows")
    return [ddl.Seed(table, len(rows) if isinstance(rows, tuple) else -1)] if table else []


# -- columns ---------------------------------------------------------------------------------------


def add_column(migrations: Migrations, call: Call) -> list[ddl.Change]:
    """``op.add_column``, with the constraint or index that its column brings."""
    assert call.table is not None
    found: list[ddl.Change] = []
    more = call.get("more")
    for part in (call.get("column"), *(more if isinstance(more, tuple) else ())):
        if isinstance(part, Made) and part.simple in COLUMN_CALLS:
            spec = migrations.columns.column(part, "", call.path, part.call.line)
            found += _added(migrations, call, spec) if spec.column.name else migrations.forget(call, "a column without a known name is added", "columns")
        else:
            found += migrations.forget(call, "a column that is not known is added", "columns")
    return found


def _added(migrations: Migrations, call: Call, spec: ColumnSpec) -> list[ddl.Change]:
    assert call.table is not None
    spec = replace(spec, attribute=spec.key)
    around = TableSpec(call.table.rpartition(".")[2], call.table.rpartition(".")[0], call.path, call.line, migrations.convention)
    around.add(spec)
    table = migrations.finisher.finish(around, migrations.target, "alembic")
    column = table.columns[0]
    if spec.primary_key:
        column = replace(column, nullable=False)
    found: list[ddl.Change] = [ddl.AddColumn(call.table, column, call.get("if_not_exists") is True)]
    if spec.primary_key and call.get("inline_primary_key") is True:
        found.append(ddl.SetPrimaryKey(call.table, (column.name,)))
    found += [ddl.AddIndex(call.table, index) for index in table.indexes if index.implicit is not Implicit.PRIMARY_KEY]
    found += [ddl.AddForeignKey(call.table, key) for key in table.foreign_keys]
    return found + [check for made in spec.checks for check in migrations.check(made, around, call)]


def drop_column(migrations: Migrations, call: Call) -> list[ddl.Change]:
    assert call.table is not None
    value = call.get("column_name")
    name = value if isinstance(value, str) else migrations.column_name(value)
    if name is None:
        return migrations.forget(call, "a column that is not known is dropped", "columns")
    return [ddl.DropColumn(call.table, name, if_exists=call.get("if_exists") is True)]


def alter_column(migrations: Migrations, call: Call) -> list[ddl.Change]:
    """``op.alter_column``: type, nullability, default, then the name."""
    assert call.table is not None
    name = call.text("column_name")
    if name is None:
        return migrations.forget(call, "a column that is not known is changed", "columns")
    found: list[ddl.Change] = []
    type_ = None
    if call.get("type_") is not None:
        read = migrations.types.of(call.get("type_"))
        type_ = read.text
    nullable = call.get("nullable")
    default = None
    if "server_default" in call.values and call.get("server_default") is not False:
        given = call.get("server_default")
        default = "" if given is None else migrations.columns.default(given)
    auto = call.get("autoincrement")
    if type_ is not None or isinstance(nullable, bool) or default is not None or isinstance(nullable, Nothing | Text):
        known = nullable if isinstance(nullable, bool) else None
        using = call.get("postgresql_using")
        computed = using is not None and not (isinstance(using, str) and PLAIN_CAST.fullmatch(using) and is_known(type_ or ""))
        found.append(ddl.AlterColumn(call.table, name, type_, known, default, auto=True if auto is True else None, using=computed))
    new = (
        call.get(
            "new_column_name",
        )
        if call.get("new_column_name") is not None
        else call.get("name")
    )
    if isinstance(new, str) and new != name:
        found.append(ddl.RenameColumn(call.table, name, new))
    elif new is not None and not isinstance(new, str):
        found += migrations.forget(call, "a column is renamed to what is not known", "columns")
    return found


# -- indexes and constraints -----------------------------------------------------------------------


def create_index(migrations: Migrations, call: Call) -> list[ddl.Change]:
    assert call.table is not None
    parts = call.get("columns")
    if isinstance(parts, str):
        parts = (parts,)
    if not isinstance(parts, tuple) or UNKNOWN in parts:
        return migrations.forget(call, "an index over what is not known is made", "indexes")
    given = call.get("index_name")
    columns = migrations.names_of(call.table)
    index = migrations.indexes.read(shortened(given) if isinstance(given, str) else "", parts, call.values, columns, call.path, call.line)
    if given is None:
        index = replace(index, name=migrations.name("ix", call.table, tuple(key.column or key.expression for key in index.keys)))
    elif not isinstance(given, str):
        return migrations.forget(call, "an index of which the name is not known is made", "indexes")
    return [ddl.AddIndex(call.table, index, call.get("if_not_exists") is True, concurrently=call.says("postgresql_concurrently"))]


def drop_index(migrations: Migrations, call: Call) -> list[ddl.Change]:
    name = call.text("index_name")
    if name is None:
        return migrations.forget(call, "an index that is not known is dropped", "indexes")
    schema = call.text("schema")
    name = shortened(name)
    full = f"{schema}.{name}" if schema and "." not in name else name
    exists, concurrently = call.get("if_exists") is True, call.says("postgresql_concurrently")
    return [ddl.DropIndex(full if call.table is None else name, call.table or "", if_exists=exists, concurrently=concurrently)]


def create_unique_constraint(migrations: Migrations, call: Call) -> list[ddl.Change]:
    assert call.table is not None
    columns = call.names("columns")
    if columns is None:
        return migrations.forget(call, "a unique constraint over what is not known is made", "indexes")
    name = migrations.name("uq", call.table, columns, call.text("constraint_name") or "")
    keys = tuple(IndexKey(column) for column in columns)
    distinct = call.get("postgresql_nulls_not_distinct") is not True
    deferrable = call.get("deferrable") is True
    index = Index(name, keys, True, implicit=Implicit.UNIQUE, constraint=True, deferrable=deferrable, nulls_distinct=distinct, path=call.path, line=call.line)
    return [ddl.AddIndex(call.table, index)]


def create_primary_key(migrations: Migrations, call: Call) -> list[ddl.Change]:
    assert call.table is not None
    columns = call.names("columns")
    if columns is None:
        return migrations.forget(call, "a primary key over what is not known is made")
    name = migrations.name("pk", call.table, columns, call.text("constraint_name") or "")
    keys = tuple(IndexKey(column) for column in columns)
    index = Index(name, keys, True, implicit=Implicit.PRIMARY_KEY, constraint=True, path=call.path, line=call.line)
    return [ddl.SetPrimaryKey(call.table, columns, index)]


def create_foreign_key(migrations: Migrations, call: Call) -> list[ddl.Change]:
    assert call.table is not None
    target, columns, others = call.text("referent_table"), call.names("local_cols"), call.names("remote_cols")
    if target is None or columns is None or others is None:
        return []
    schema = call.text("referent_schema")
    target = f"{schema}.{target}" if schema and "." not in target else target
    name = migrations.name("fk", call.table, columns, call.text("constraint_name") or "", target, others)
    key = ForeignKey(name, columns, target, others, on_delete(call.values), path=call.path, line=call.line)
    return [*migrations.unnamed.replaced(call.table, columns), ddl.AddForeignKey(call.table, key, valid=not call.says("postgresql_not_valid"))]


def create_check_constraint(migrations: Migrations, call: Call) -> list[ddl.Change]:
    assert call.table is not None
    text = migrations.expressions.condition(call.get("condition"), migrations.names_of(call.table)) if call.get("condition") is not None else None
    name = call.text("constraint_name") or ""
    valid = not call.says("postgresql_not_valid")
    return [ddl.AddCheck(call.table, text, migrations.name("ck", call.table, (), name) or name, valid)] if text is not None else []


def create_exclude_constraint(migrations: Migrations, call: Call) -> list[ddl.Change]:
    assert call.table is not None
    elements = call.get("elements")
    index = migrations.finisher.excluded(elements if isinstance(elements, tuple) else (), call.values, migrations.names_of(call.table), call.path, call.line)
    return [ddl.AddIndex(call.table, replace(index, name=call.text("constraint_name") or ""))]


def drop_constraint(migrations: Migrations, call: Call) -> list[ddl.Change]:
    assert call.table is not None
    name = call.text("constraint_name")
    if "constraint_name" in call.values and call.get("constraint_name") is None:
        return []
    if name is None:
        return migrations.unnamed.drop(call, bool(migrations.doubts))
    kind = call.text("type_") or ""
    if kind == "primary":  # a table has one, whatever it is called
        return [ddl.SetPrimaryKey(call.table, ())]
    short = {"unique": "uq", "foreignkey": "fk", "check": "ck"}.get(kind, "")
    return [
        ddl.DropConstraint(
            call.table, migrations.name(short, call.table, (), name) if short == "ck" else shortened(name), if_exists=call.get("if_exists") is True
        )
    ]


PERFORM: dict[str, Callable[[Migrations, Call], list[ddl.Change]]] = {
    "create_table": create_table,
    "rename_table": rename_table,
    "drop_table": drop_table,
    "bulk_insert": bulk_insert,
    "add_column": add_column,
    "drop_column": drop_column,
    "alter_column": alter_column,
    "create_index": create_index,
    "drop_index": drop_index,
    "create_unique_constraint": create_unique_constraint,
    "create_primary_key": create_primary_key,
    "create_foreign_key": create_foreign_key,
    "create_check_constraint": create_check_constraint,
    "create_exclude_constraint": create_exclude_constraint,
    "drop_constraint": drop_constraint,
}
