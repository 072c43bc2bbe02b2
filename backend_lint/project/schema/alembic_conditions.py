"""What migrations ask before they act: which dialect it is, which tables, columns and indexes are there."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from backend_lint.facts.python import Call
from backend_lint.facts.schema import Dialect, Implicit, Table
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.schema.alembic_locals import made
from backend_lint.project.schema.sqlalchemy_evaluate import Values
from backend_lint.project.schema.sqlalchemy_expressions import at_top
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, Frame, Made, Nothing, Text, Value
from backend_lint.project.value_text import alternatives, call_ids, parse, split

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.sql.catalog import Catalog

_DIALECT_NAMES = (".dialect.name", ".engine.name", ".dialect_name", ".bind.name")
_INSPECTED = frozenset(
    "get_table_names get_columns get_indexes get_unique_constraints get_foreign_keys get_pk_constraint get_check_constraints has_table has_index".split()
)
_CLASSES = {"PGDialect": "postgresql", "MySQLDialect": "mysql", "SQLiteDialect": "sqlite", "MSDialect": "mssql", "OracleDialect": "oracle"}
_ONE = frozenset({"first", "fetchone", "scalar", "one_or_none", "scalar_one_or_none"})
_MANY = frozenset({"fetchall", "fetchmany", "all"})
"""Methods that take rows. A fresh database, which the migrations are run on, has none of its own; its catalogs have."""
CATALOG = lazy_regex(r"information_schema|\bpg_|sqlite_master|pragma|show |to_reg|sys\.", re.IGNORECASE)
_AGGREGATE = lazy_regex(r"\b(count|sum|max|min|avg|exists|coalesce)\s*\(", re.IGNORECASE)
_COMPARISONS = ("==", "!=", " is not ", " is ", " not in ", " in ", "<=", ">=", "<", ">")

_ORDERS: dict[str, Callable[[float, float], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}

Run = Callable[[Frame, Call, tuple[str, int]], Value]


class MigrationValues(Values):
    """Evaluates texts of migrations against the catalog so far. `run` executes a function of the project for what it returns."""

    def __init__(self, project: Project, dialect: Dialect) -> None:
        super().__init__(project)
        self.dialect = dialect
        self.catalog: Catalog | None = None
        self.baseline: frozenset[str] = frozenset()
        """Tables that were made from the models."""
        self.run: Run | None = None

    def module(self, path: str, dotted: str, level: int) -> str | None:
        found = super().module(path, dotted, level)
        return self._beside(path, dotted) if found is None and not level else found

    def _beside(self, path: str, dotted: str) -> str | None:
        """A module beside the ``env.py`` above a migration: its folder is where Alembic looks too."""
        folder = path.rpartition("/")[0]
        inside = dotted.replace(".", "/")
        while folder:
            if f"{folder}/env.py" in self.project.modules:
                candidates = (f"{folder}/{inside}.py", f"{folder}/{inside}/__init__.py")
                return next((one for one in candidates if one in self.project.modules), None)
            folder = folder.rpartition("/")[0]
        return None

    def evaluate(self, frame: Frame, text: str) -> Value:
        if text.endswith(_DIALECT_NAMES) and text[0] not in "('[{":
            return self.dialect.value
        if text.endswith(".as_sql"):
            return False
        if text.startswith("isinstance(") and (found := self._class_of_dialect(text)) is not None:
            return found
        if text.startswith(("any(", "all(", "bool(", "len(", "next(")) and text.endswith(")"):
            return self._builtin_call(frame, text)
        return super().evaluate(frame, text)

    def _class_of_dialect(self, text: str) -> bool | None:
        parts = split(text[len("isinstance(") : -1])
        if len(parts) != 2 or not parts[0].endswith(".dialect"):
            return None
        names = [part.strip("[]() ").removesuffix(".dialect").rpartition(".")[2] for part in split(parts[1].strip("[]"))]
        spoken = [_CLASSES.get(name, name if name in _CLASSES.values() else None) for name in names]
        return self.dialect.value in spoken if all(spoken) else None

    def _builtin_call(self, frame: Frame, text: str) -> Value:
        name, _, inner = text[:-1].partition("(")
        parts = split(inner)
        value = self.evaluate(frame, parts[0] if parts else "")
        if name == "bool":
            found = truth(value)
            return UNKNOWN if found is None else found
        if not isinstance(value, tuple):
            return len(value) if name == "len" and isinstance(value, dict | str) else UNKNOWN
        if name == "len":
            return len(value)
        if name == "next":
            return value[0] if value else self.evaluate(frame, parts[1]) if len(parts) > 1 else UNKNOWN
        known = [truth(one) for one in value]
        if name == "any":
            return True if True in known else UNKNOWN if None in known else False
        return False if False in known else UNKNOWN if None in known else True

    def _operation(self, frame: Frame, text: str) -> Value:
        options = alternatives(text)
        if len(options) > 1 and all(option[:1] == "#" and option[1:].isdigit() for option in options):
            done = [option for option in options if made(int(option[1:])) in frame.names]
            if len(done) == 1:
                return self.evaluate(frame, done[0])
        found = super()._operation(frame, text)
        if not isinstance(found, Text) or parse(text) is None or not text.endswith(")"):
            return found
        decided = self.decide(frame, text)
        return found if decided is None else decided

    # -- truth -------------------------------------------------------------------------------------

    def decide(self, frame: Frame, text: str) -> bool | None:
        """Whether a condition holds; None if nobody can tell."""
        if text[:1] == "(" and text[-1:] == ")" and (parsed := parse(text)) is not None and not parsed.steps:
            inner = text[1:-1]
            if inner.startswith("not "):
                part = self.decide(frame, inner[4:])
                return None if part is None else not part
            for sign, absorbing in ((" and ", False), ("|", True)):
                parts = _parts(inner, sign)
                if len(parts) > 1:
                    known = [self.decide(frame, part) for part in parts]
                    return absorbing if absorbing in known else None if None in known else not absorbing
            for sign in _COMPARISONS:
                at = at_top(inner, sign)
                if at > 0:
                    return _compared(self.evaluate(frame, inner[:at]), sign.strip(), self.evaluate(frame, inner[at + len(sign) :]))
        value = Values._operation(self, frame, text) if text[:1] == "(" else self.evaluate(frame, text)
        return truth(value)

    def holds(self, frame: Frame, text: str) -> bool | None:
        return self.decide(frame, text)

    # -- what the inspector says -------------------------------------------------------------------

    def result(self, frame: Frame, index: int) -> Value:
        call = self.project.modules[frame.path].bodies[frame.function].calls[index]
        method = call.callee.rpartition(".")[2]
        if (known := frame.names.get(f"#{index}", UNKNOWN)) is not UNKNOWN:
            return known
        if self.asks(call):
            return self.inspected(frame, call)
        if method in _ONE or method in _MANY:
            asked = self.query(frame, call)
            if asked is not None:
                return UNKNOWN if CATALOG.search(asked) else _rows(asked, method)
        if method == "is_offline_mode":
            return False
        if method == "f" and len(call.args) == 1:
            return self.evaluate(frame, call.args[0])
        if method == "lower" and call.callee.endswith((".name.lower", "_name.lower")):
            return self.evaluate(frame, call.callee.rpartition(".")[0])
        if method == "startswith" and call.args:
            subject, start = self.evaluate(frame, call.callee.rpartition(".")[0]), self.evaluate(frame, call.args[0])
            if isinstance(subject, str) and isinstance(start, str):
                return subject.startswith(start)
        return super().result(frame, index)

    def followed(self, frame: Frame, call: Call, key: tuple[str, int]) -> Value:
        found = super().followed(frame, call, key)
        if found is UNKNOWN and self.run is not None and not self.project.modules[key[0]].functions[key[1]].is_generator:
            return self.run(frame, call, key)
        return found

    def query(self, frame: Frame, call: Call, depth: int = 0) -> str | None:
        """The text of the query whose rows a call takes, empty if it is not known; None if it takes none of a query."""
        calls = self.project.modules[frame.path].bodies[frame.function].calls
        method = call.callee.rpartition(".")[2]
        if method in ("execute", "exec_driver_sql", "scalar", "scalars") and call.args:
            value = self.evaluate(frame, call.args[0])
            if isinstance(value, Made) and value.simple in ("text", "TextClause"):
                value = next(self.arguments(value), UNKNOWN)
            return value if isinstance(value, str) else "" if isinstance(value, Made) else self._written(call, calls)
        if method in ("query", "select") and depth:
            return ""
        parsed = parse(call.callee)
        if parsed is None or parsed.root[:1] != "#" or depth > 8:
            return None
        return self.query(frame, calls[int(parsed.root[1:])], depth + 1)

    @staticmethod
    def _written(call: Call, calls: tuple[Call, ...]) -> str:
        """What is known of a statement that is put together at run time."""
        return " ".join([call.args[0], *(text for number in call_ids(call.args[0]) for text in calls[number].args)])

    def asks(self, call: Call) -> bool:
        """Whether a call asks an inspector, told by its name."""
        return "." in call.callee and call.callee.rpartition(".")[2] in _INSPECTED

    def inspected(self, frame: Frame, call: Call) -> Value:
        """What an inspector answers."""
        catalog = self.catalog
        method = call.callee.rpartition(".")[2]
        if catalog is None:
            return UNKNOWN
        asked = Made(frame, call, "")
        args = list(self.arguments(asked))
        keywords = self.keywords(asked)
        schema = keywords.get("schema")
        if catalog.everything_unknown:
            return UNKNOWN
        if method == "get_table_names":
            return tuple(name for name in (*catalog.tables, *sorted(self.baseline - catalog.tables.keys())))
        name = keywords.get("table_name", args[0] if args else UNKNOWN)
        if method == "has_table" and len(args) > 1 and not isinstance(name, str):
            name = args[1]
        if not isinstance(name, str):
            return UNKNOWN
        table = catalog.find(f"{schema}.{name}" if isinstance(schema, str) else name)
        if method == "has_table":
            return table is not None or name in self.baseline
        if table is None or table.unknown or name in self.baseline:
            return UNKNOWN
        if method == "has_index":
            wanted = args[1] if len(args) > 1 else keywords.get("index_name", UNKNOWN)
            return any(index.name == wanted for index in table.indexes) if isinstance(wanted, str) else UNKNOWN
        return _described(table, method)


def _rows(asked: str, method: str) -> Value:
    """What a query of a table without rows gives."""
    if method in _MANY:
        return ()
    aggregate = _AGGREGATE.search(asked)
    if aggregate is None:
        return None
    number = 0 if aggregate.group(1).lower() in ("count", "exists") else None
    return number if "scalar" in method else (number,)


def _described(table: Table, method: str) -> Value:
    """What SQLAlchemy's inspector says of a table, as far as migrations look at it."""
    if method == "get_columns":
        return tuple({"name": column.name, "nullable": column.nullable, "type": UNKNOWN} for column in table.columns)
    if method == "get_pk_constraint":
        key = next((index.name for index in table.indexes if index.implicit is Implicit.PRIMARY_KEY), None)
        return {"name": key, "constrained_columns": table.primary_key}
    if method == "get_foreign_keys":
        return tuple(
            {"name": key.name, "constrained_columns": key.columns, "referred_table": key.table, "referred_columns": key.to_columns}
            for key in table.foreign_keys
        )
    if method == "get_check_constraints":
        return UNKNOWN if table.checks else ()
    wanted = [index for index in table.indexes if index.implicit is not Implicit.PRIMARY_KEY and (method == "get_indexes" or index.constraint)]
    return tuple({"name": index.name, "column_names": tuple(key.column or None for key in index.keys), "unique": index.unique} for index in wanted)


def truth(value: Value) -> bool | None:
    """Whether a value counts as true; None if that is not known."""
    if value is None or isinstance(value, bool | int | float | str | tuple | dict):
        return bool(value)
    return None


def _compared(left: Value, sign: str, right: Value) -> bool | None:
    if sign in ("in", "not in"):
        if isinstance(right, str) and isinstance(left, str):
            found = left in right
        elif not isinstance(right, tuple | dict) or not _is_known(left):
            return None
        elif left in right:
            found = True
        elif any(not _is_known(one) for one in right):
            return None
        else:
            found = False
        return found if sign == "in" else not found
    if not _is_known(left) or not _is_known(right):
        return None
    if sign in _ORDERS:
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            return None
        return _ORDERS[sign](left, right)
    if isinstance(left, tuple) and isinstance(right, tuple):
        left, right = tuple(sorted(left, key=str)), tuple(sorted(right, key=str))
    return (left == right) if sign in ("==", "is") else left != right


def _is_known(value: Value) -> bool:
    if isinstance(value, tuple):
        return all(_is_known(one) for one in value)
    return not isinstance(value, Text | Made | Nothing)


def _parts(text: str, sign: str) -> list[str]:
    if sign == "|":
        return split(text, "|") if "|" in text and "||" not in text else [text]
    found = []
    while (at := at_top(text, sign)) > 0:
        found.append(text[:at])
        text = text[at + len(sign) :]
    return [*found, text]
