"""What migrations do in SQL and in Python: ``RunSQL`` and the functions of ``RunPython``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from backend_lint.facts import ddl
from backend_lint.facts.python import Call
from backend_lint.facts.schema import Dialect
from backend_lint.project.references import RefKind
from backend_lint.project.schema.django_registry import Registry
from backend_lint.project.schema.django_values import MISSING, Made, Named, Scope, ValueReader
from backend_lint.project.schema.source import Unread
from backend_lint.project.value_text import call_ids, parse
from backend_lint.sql.ddl import changes, is_declaration

_WRITES = frozenset({"create", "bulk_create", "get_or_create", "update_or_create"})
_EDITS = re.compile(
    r"schema_editor\.(?:add_field|remove_field|alter_field|create_model|delete_model|alter_db_table|add_index|remove_index|add_constraint|remove_constraint|"
    r"alter_unique_together|alter_index_together)\Z"
)
_VENDOR = re.compile(r"\.vendor\s*(==|!=)\s*['\"](\w+)['\"]|['\"](\w+)['\"]\s*(==|!=)\s*[%#\w.]*\.vendor")
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

    def _text(self, text: str, path: str, line: int) -> Iterator[ddl.Change]:
        found, missed = changes(text, self.dialect, path, line)
        self.unread += [Unread(path, one.line, f"SQL: {one.why}: {one.text}") for one in missed]
        yield from found

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
            yield from self._function(ref.path, ref.index, registry, line, 0)

    def _function(self, path: str, function: int, registry: Registry, line: int, depth: int) -> Iterator[ddl.Change]:
        module = self.values.modules[path]
        body = module.bodies[function]
        if self._leaves_at_once(path, function):
            return
        models = self._models(path, function)
        bound = {f"{text}._meta.db_table": registry.table(registry.models[label]) for text, label in models.items() if label in registry.models}
        tables = tuple(bound.values())
        seeds: dict[str, int] = {}
        for call in body.calls:
            if not self._applies(path, function, call.block):
                continue
            base, _, method = call.callee.rpartition(".")
            if method == "execute" and call.args:
                yield from self._executed(path, function, call, bound, tables)
            elif _EDITS.search(call.callee):
                why = f"{call.callee.lstrip('%')} in {module.functions[function].name}"
                for table in tables or ("",):
                    yield self.forget(table, why, path, call.line)
            elif method in _WRITES and (label := self._written(base, models)):
                looped = any(module.bodies[function].blocks[one].kind.name in ("FOR", "WHILE", "COMPREHENSION") for one in self._around(body, call.block))
                seeds[label] = -1 if looped or method == "bulk_create" or seeds.get(label) == -1 else seeds.get(label, 0) + 1
            elif depth < _MAX_DEPTH and any("schema_editor" in text for text in (*call.args, *(text for _, text in call.keywords))):
                for text in (call.callee, *call.args):
                    ref = self.values.resolver.value(path, function, text) if text[:1] not in "'\"[{(#" else None
                    if ref is not None and ref.kind is RefKind.FUNCTION and (ref.path, ref.index) != (path, function):
                        yield from self._function(ref.path, ref.index, registry, line, depth + 1)
        for label, rows in seeds.items():
            state = registry.models.get(label)
            if state is not None and self._constant(path, function):
                yield ddl.Seed(registry.table(state), rows)

    @staticmethod
    def _around(body: Any, block: int) -> Iterator[int]:
        while block > 0:
            yield block
            block = body.blocks[block].parent

    def _executed(self, path: str, function: int, call: Call, bound: Mapping[str, Any], tables: tuple[str, ...]) -> Iterator[ddl.Change]:
        """A statement of a cursor or of the schema editor, for each turn of the loops around it."""
        scope = Scope(path, function, bound=bound)
        for turn in self.values.loops(scope, call.block) or [bound]:
            value = self.values.through(self.values.value(Scope(path, function, bound=turn), call.args[0]))
            if isinstance(value, str):
                if any(is_declaration(part.strip()) for part in value.split(";")):
                    yield from self._text(value, path, call.line)
                continue
            text = call.args[0].lstrip("f'\"( \\n")
            written = call.args[0][:1] in "f'\"("
            if (written and not is_declaration(text)) or self._is_harmless(path, function, call.args[0]):
                continue
            if "schema_editor" in call.callee or is_declaration(text):
                for table in tables or (self._named_table(text),):
                    yield self.forget(table, "SQL that is not constant", path, call.line)

    def _is_harmless(self, path: str, function: int, text: str) -> bool:
        """Statements that Django makes for sequences and for emptying tables."""
        calls = self.values.modules[path].bodies[function].calls
        return any(calls[number].callee.endswith(("sequence_reset_sql", "sql_flush")) for number in call_ids(text))

    @staticmethod
    def _named_table(text: str) -> str:
        match = re.match(r"(?i)(?:alter\s+table|create\s+table|drop\s+table)\s+(?:if\s+(?:not\s+)?exists\s+)?\"?(\w+)\"?\s", text)
        return match.group(1) if match else ""

    def _leaves_at_once(self, path: str, function: int) -> bool:
        """``if connection.vendor != "postgresql": return`` and its like, for the product of this project."""
        body = self.values.modules[path].bodies[function]
        first = next((call for call in body.calls if call.callee.rpartition(".")[2] == "execute"), None)
        for returned in body.returns:
            block = body.blocks[returned.block]
            if first is not None and returned.line > first.line:
                continue
            if block.kind.name == "IF" and self._vendor(block.subject) is True:
                return True
        return False

    def _applies(self, path: str, function: int, block: int) -> bool:
        body = self.values.modules[path].bodies[function]
        for number in self._around(body, block):
            one = body.blocks[number]
            if one.kind.name in ("IF", "ORELSE"):
                holds = self._vendor(one.subject)
                if holds is not None and holds is (one.kind.name == "ORELSE"):
                    return False
        return True

    def _vendor(self, test: str) -> bool | None:
        """Whether a test of the database product holds; None for any other test."""
        match = _VENDOR.search(test)
        if match is None or " and " in test or "|" in test:
            return None
        operator, name = (match[1], match[2]) if match[1] else (match[4], match[3])
        negated = test.startswith("(not ")
        return ((name == self.dialect.value) == (operator == "==")) is not negated

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
