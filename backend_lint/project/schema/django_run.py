"""What migrations do in SQL and in Python: ``RunSQL`` and the functions of ``RunPython``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from backend_lint.facts import ddl
from backend_lint.facts.act import Act
from backend_lint.facts.python import Call
from backend_lint.facts.schema import Dialect
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import loop_depth
from backend_lint.project.references import RefKind
from backend_lint.project.schema.django_registry import Registry
from backend_lint.project.schema.django_values import MISSING, Made, Named, Scope, ValueReader
from backend_lint.project.schema.source import Unread
from backend_lint.project.value_text import call_ids, parse
from backend_lint.sql.acts import acts
from backend_lint.sql.ddl import changes, is_declaration
from backend_lint.sql.dialects import is_foreign

_WRITES = frozenset({"create", "bulk_create", "get_or_create", "update_or_create"})
_EDITS = lazy_regex(
    r"schema_editor\.(?:add_field|remove_field|alter_field|create_model|delete_model|alter_db_table|add_index|remove_index|add_constraint|remove_constraint|"
    r"alter_unique_together|alter_index_together)\Z"
)
_MAX_DEPTH = 3


class Statements:
    """Changes that a migration makes past the models. `unread`: what was not understood."""

    def __init__(self, values: ValueReader, dialect: Dialect) -> None:
        self.values = values
        self.dialect = dialect
        self.unread: list[Unread] = []

    # -- SQL ---------------------------------------------------------------------------------------

    def sql(self, value: Any, path: str, line: int) -> Iterator[ddl.Change]:
        """The changes of the argument of ``RunSQL``: a text, or a list of texts and of pairs of text and parameters."""
        if isinstance(value, str):
            yield from self._text(value, path, line)
        elif isinstance(value, list):
            for one in value:
                yield from self.sql(one[0] if isinstance(one, list) and one else one, path, line)
        elif isinstance(value, Named) and value.last == "noop":
            return
        elif value not in (MISSING, None):
            yield self.forget("", "SQL that is not constant", path, line)

    def acts(self, value: Any) -> Iterator[Act]:
        """What the argument of ``RunSQL`` does beside changing the schema."""
        if isinstance(value, str):
            yield from acts(value, self.dialect)
        elif isinstance(value, list):
            for one in value:
                yield from self.acts(one[0] if isinstance(one, list) and one else one)

    def _text(self, text: str, path: str, line: int) -> Iterator[ddl.Change]:
        if is_foreign(text):
            return  # for another database than that of the models
        found, missed = changes(text, self.dialect, path, line)
        self.unread += [Unread(path, one.line, f"SQL: {one.why}: {one.text}") for one in missed]
        for change in found:
            if not (isinstance(change, ddl.RenameTable) and change.old.endswith("_seq")):  # PostgreSQL renames sequences as tables
                yield change

    def forget(self, table: str, why: str, path: str, line: int) -> ddl.Change:
        """Something happened to a table, or to any if `table` is empty."""
        self.unread.append(Unread(path, line, why))
        return ddl.Forget(table, "all", why, path, line)

    # -- Python ------------------------------------------------------------------------------------

    def python(self, value: Any, registry: Registry, line: int) -> Iterator[ddl.Change]:
        """The changes of a function of ``RunPython``: SQL that it executes, and tables that it fills with constants."""
        if isinstance(value, Made) and value.last == "partial":
            value = value.get("func", 0)
        ref = value.ref if isinstance(value, Named) else None
        if ref is not None and ref.kind is RefKind.FUNCTION:
            yield from self._function(Scope(ref.path, ref.index, bound=value.bound), registry, 0)

    def _function(self, scope: Scope, registry: Registry, depth: int) -> Iterator[ddl.Change]:
        path, function = scope.path, scope.function
        body = self.values.modules[path].bodies[function]
        models = self._models(path, function)
        named = {text: registry.table(registry.models[label]) for text, label in models.items() if label in registry.models}
        tables = tuple(named.values())
        scope = Scope(path, function, bound={**(scope.bound or {}), **{f"{text}._meta.db_table": table for text, table in named.items()}})
        end = self._end(scope)
        seeds: dict[str, int] = {}
        for call in body.calls:
            if call.line > end or self.values.holds(scope, call.block, loops=True) is False:
                continue
            base, _, method = call.callee.rpartition(".")
            if method == "execute" and call.args:
                yield from self._executed(scope, call, tables)
            elif _EDITS.search(call.callee):
                why = f"{call.callee.lstrip('%')} in {self.values.modules[path].functions[function].name}"
                for table in tables or ("",):
                    yield self.forget(table, why, path, call.line)
            elif method in _WRITES and (label := self._written(base, models)):
                looped = loop_depth(body, call.block) > 0
                seeds[label] = -1 if looped or method == "bulk_create" or seeds.get(label) == -1 else seeds.get(label, 0) + 1
            elif depth < _MAX_DEPTH:
                for inner in self._called(scope, call):
                    yield from self._function(inner, registry, depth + 1)
        for label, rows in seeds.items():
            state = registry.models.get(label)
            if state is not None and self._constant(path, function):
                yield ddl.Seed(registry.table(state), rows)

    def _end(self, scope: Scope) -> int:
        """The line at which the function returns for this product."""
        returns = self.values.modules[scope.path].bodies[scope.function].returns
        return next((one.line for one in returns if self.values.holds(scope, one.block) is True), 1_000_000_000)

    def _called(self, scope: Scope, call: Call) -> Iterator[Scope]:
        """Functions of the project that may execute SQL for this one: what gets the schema editor or a statement, and what is handed on to be called."""
        texts = (*call.args, *(text for _, text in call.keywords))
        candidates = list(call.args)
        if any("schema_editor" in text for text in texts) or any(is_declaration(text.lstrip("f'\"( \\n")) for text in texts):
            candidates.insert(0, call.callee)
        for text in candidates:
            ref = self.values.resolver.value(scope.path, scope.function, text) if text[:1] not in "'\"[{(#" else None
            if ref is None or ref.kind is not RefKind.FUNCTION or (ref.path, ref.index) == (scope.path, scope.function):
                continue
            head = self.values.modules[ref.path].functions[ref.index]
            given = call.args if text is call.callee else call.args[call.args.index(text) + 1 :]
            bound = {f"%{one.name}": self.values.value(Scope(ref.path), one.default) for one in head.parameters if one.default}
            bound.update({f"%{one.name}": self.values.value(scope, value) for one, value in zip(head.parameters, given, strict=False)})
            bound.update({f"%{name}": self.values.value(scope, value) for name, value in call.keywords})
            yield Scope(ref.path, ref.index, bound=bound)

    def _executed(self, scope: Scope, call: Call, tables: tuple[str, ...]) -> Iterator[ddl.Change]:
        """A statement of a cursor or of the schema editor, for each turn of the loops around it."""
        for turn in self.values.loops(scope, call.block) or [scope.bound or {}]:
            value = self.values.through(self.values.value(Scope(scope.path, scope.function, bound=turn), call.args[0]))
            if isinstance(value, str):
                if any(is_declaration(part.strip()) for part in value.split(";")):
                    yield from self._text(value, scope.path, call.line)
                continue
            text = call.args[0].lstrip("f'\"( \\n")
            written = call.args[0][:1] in "f'\"("
            if (written and not is_declaration(text)) or self._is_harmless(scope, call.args[0]):
                continue
            if "schema_editor" in call.callee or is_declaration(text):
                for table in tables or (self._named_table(text),):
                    yield self.forget(table, "SQL that is not constant", scope.path, call.line)

    def _is_harmless(self, scope: Scope, text: str) -> bool:
        """Statements that Django makes for sequences and for emptying tables."""
        calls = self.values.modules[scope.path].bodies[scope.function].calls
        return any(calls[number].callee.endswith(("sequence_reset_sql", "sql_flush")) for number in call_ids(text))

    @staticmethod
    def _named_table(text: str) -> str:
        match = re.match(r"(?i)(?:alter\s+table|create\s+table|drop\s+table)\s+(?:if\s+(?:not\s+)?exists\s+)?\"?(\w+)\"?\s", text)
        return match.group(1) if match else ""

    # -- rows --------------------------------------------------------------------------------------

    def _models(self, path: str, function: int) -> dict[str, str]:
        """Labels of what ``apps.get_model`` gives, by value text."""
        found: dict[str, str] = {}
        for number, call in enumerate(self.values.modules[path].bodies[function].calls):
            if call.callee.rpartition(".")[2] == "get_model" and call.args:
                parts = [self.values.through(self.values.value(Scope(path, function), text)) for text in call.args[:2]]
                label = ".".join(part for part in parts if isinstance(part, str))
                if label.count(".") == 1:
                    found[f"#{number}"] = label.lower()
        return found

    @staticmethod
    def _written(base: str, models: dict[str, str]) -> str:
        parsed = parse(base)
        return models.get(parsed.root, "") if parsed is not None else ""

    def _constant(self, path: str, function: int) -> bool:
        """Whether the rows do not come from other tables or files."""
        for call in self.values.modules[path].bodies[function].calls:
            method = call.callee.rpartition(".")[2]
            if method in ("filter", "all", "iterator", "exclude", "values_list", "values", "open", "reader", "load", "loads", "read", "fetchall"):
                return False
        return True
