"""SQL that is put together from strings: which values stand in it, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Body, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.taint.expressions import expression_names, option, written
from backend_lint.project.taint.flows import Step, Trail
from backend_lint.project.taint.sources import Trait
from backend_lint.project.taint.values import Piece, formatted, pieces, unfilled
from backend_lint.project.value_text import alternatives

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_RUNS = frozenset(
    "execute executemany executescript exec_driver_sql fetchrow fetchval fetch_one fetch_all fetch_val raw text RawSQL read_sql read_sql_query fetch "
    "execute_sql scalar scalars mogrify from_statement cursor prepare fetchall exec_query execute_query run_query run literal_column "
    "query sql command raw_sql query_df query_arrow query_and_wait execute_async execute_immediate exec".split()
)
_KEYWORDS = ("sql", "query", "statement", "stmt", "operation", "raw_query", "text", "clause", "select", "where", "tables")
_STATEMENT = lazy_regex(
    r"[\s(]*(?:select\b.*\bfrom\b|select\s+\w+\(|with\s+(?:recursive\s+)?[\w\"]+.*\bas\b|insert\s+(?:or\s+\w+\s+|ignore\s+)?into\b|update\b.*\bset\b|"
    r"delete\s+from\b|replace\s+into\b|merge\s+into\b|(?:drop|alter|create|truncate)\s+(?:table|index|view|database|schema|user|role)\b)",
    re.IGNORECASE | re.DOTALL,
)
_DRIVERS = ("asyncpg.", "psycopg2.", "psycopg.", "sqlite3.", "aiosqlite.", "pymysql.", "aiomysql.", "aiopg.", "MySQLdb.", "mysql.connector.", "pyodbc.")
_OF_DRIVERS = frozenset({"execute", "executemany", "executescript", "fetch", "fetchrow", "fetchval"})
_OTHER_LANGUAGES = ("quickbooks.",)
"""Libraries whose queries are sent to a service that only reads by them."""
_FRAGMENTS = lazy_regex(r"sqlalchemy\.(?:sql\.)?(?:expression\.)?(?:text|literal_column)$|sqlmodel\.text$|django\.db\.models\.expressions\.RawSQL$")
"""What takes a part of a statement as its text."""
_WITH_PARAMETERS = 2
_CLAUSES = frozenset({"filter", "where", "having", "group_by", "order_by", "distinct"})
_OF_QUERY = lazy_regex(r"query|session|select\b", re.IGNORECASE)
_WORD = lazy_regex(r"[A-Za-z]")
_HOLE = "\0"
_MAX_VARIANTS = 8
_MAX_HOPS = 3
_MAX_ADDED = 12


class Built(NamedTuple):
    """A statement with a value in it. `trail`: how the value comes from outside; None if that is not known. `run`: where a caller's statement is run."""

    key: FunctionKey
    call: Call
    value: str
    trail: Trail | None
    run: tuple[Step, ...]
    is_dropped: bool = False
    """`format` was to write the value, and the text has no place for it but ``%s``."""


class Statements:
    """Looks for values in statements."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._flows = project.taint.flows
        self._expressions = {"__init__", *expression_names(project)}

    def built(self) -> Iterator[Built]:
        """Statements with values in them, in order of path and line."""
        for module, function, _, call in self._project.named_calls.calls(*_RUNS, *_CLAUSES, *self._expressions, "extra"):
            if module.role is not Role.APPLICATION:
                continue
            key = module.path, function
            method = call.callee.rpartition(".")[2]
            if method in _RUNS and (value := _statement(call)):
                if method == "query" and (ref := self._project.value(*key, call.callee)) is not None and ref.name.startswith(_OTHER_LANGUAGES):
                    continue
                yield from self._of(key, call, value, (), 0)
            elif method in _CLAUSES and "." in call.callee and _is_of_query(module.bodies[function], call.callee):
                yield from self._clauses(key, call)
            elif method in self._expressions:
                yield from self._expression(key, call)
            elif method == "extra" and "." in call.callee:
                yield from self._extra(key, call)

    def _of(self, key: FunctionKey, call: Call, value: str, run: tuple[Step, ...], hops: int) -> Iterator[Built]:
        template, dropped = unfilled(value)
        if template and _STATEMENT.match(template) and len(call.args) < _WITH_PARAMETERS and not {"params", "parameters", "vars"} & dict(call.keywords).keys():
            found = self._first(key, [Piece(True, text) for text in dropped])
            if found is not None:
                yield Built(key, call, *found, run, True)
            return
        for variant in self._variants(key, value, call.line):
            text = "".join(_HOLE if piece.is_value else piece.text for piece in variant)
            if not _STATEMENT.match(text) and not (text.strip(_HOLE) and self._is_fragment(key, call)):
                if len(variant) == 1 and variant[0].is_value and (given := self._unknown_template(key, call, value)):
                    found = self._first(key, [Piece(True, one) for one in given])
                    if found is not None:
                        yield Built(key, call, *found, run)
                        return
                if len(variant) == 1 and variant[0].is_value and variant[0].text[:1] == "%" and variant[0].text[1:].isidentifier() and hops < _MAX_HOPS:
                    yield from self._handed(key, call, variant[0].text[1:], run, hops)
                continue
            found = self._first(key, variant)
            if found is not None:
                yield Built(key, call, found[0], found[1], run)
                return

    def _unknown_template(self, key: FunctionKey, call: Call, value: str) -> list[str]:
        """What is written into a text of another module, ``QUERIES.by_name.format(name)``, which a driver is handed as the statement."""
        number = value[1:]
        calls = self._project.calls.body(key).calls
        if value[:1] != "#" or not number.isdigit() or int(number) >= len(calls) or call.callee.rpartition(".")[2] not in _OF_DRIVERS:
            return []
        built = calls[int(number)]
        receiver, _, method = built.callee.rpartition(".")
        ref = self._project.value(*key, call.callee)
        if method != "format" or not receiver[:1].isalpha() or ref is None or not ref.is_external or not ref.name.startswith(_DRIVERS):
            return []
        return [*built.args, *(text for _, text in built.keywords)]

    def _handed(self, key: FunctionKey, call: Call, name: str, run: tuple[Step, ...], hops: int) -> Iterator[Built]:
        """The function runs a statement that its callers put together."""
        for caller, value, step in self._flows.handed(key, name):
            module = self._project.modules[caller[0]]
            if module.role is Role.APPLICATION:
                calls = (one for one in module.bodies[caller[1]].calls if one.line == step.line)
                at = next((one for one in calls if value in (*one.args, *(text for _, text in one.keywords))), None)
                if at is not None:
                    yield from self._of(caller, at, value, (Step(key[0], call.line, "the statement is run here"), *run), hops + 1)

    def _first(self, key: FunctionKey, variant: list[Piece]) -> tuple[str, Trail | None] | None:
        values = [piece.text for piece in variant if piece.is_value]
        for text in values:
            for trail in self._flows.trails(key, text):
                if Trait.URL not in trail.source.traits:
                    return trail.source.shown, trail
        for text in values:
            if shown := self._project.taint.open_values.first(key, text):
                return shown, None
        return None

    def _is_fragment(self, key: FunctionKey, call: Call) -> bool:
        ref = self._project.value(*key, call.callee)
        return ref is not None and ref.is_external and _FRAGMENTS.match(ref.name) is not None

    def _clauses(self, key: FunctionKey, call: Call) -> Iterator[Built]:
        """SQLAlchemy: text put together where a clause is expected."""
        for value in call.args:
            for variant in self._variants(key, value, call.line) if value[:1] in "%#f('\"" else ():
                if len(variant) > 1 and any(not piece.is_value and _WORD.search(piece.text) for piece in variant) and (found := self._first(key, variant)):
                    yield Built(key, call, found[0], found[1], ())
                    return

    def _extra(self, key: FunctionKey, call: Call) -> Iterator[Built]:
        """Django: parts of statements in ``extra()``."""
        for name, value in call.keywords:
            if name in ("where", "select", "tables", "order_by"):
                found = self._first(key, [Piece(True, value)])
                if found is not None:
                    yield Built(key, call, *found, ())
                    return

    def _expression(self, key: FunctionKey, call: Call) -> Iterator[Built]:
        """Django: what is written into the template of an expression."""
        for value in written(self._project, key, call):
            found = self._first(key, [Piece(True, value)])
            if found is None:
                continue
            parameter, name = option(self._project, key, value)
            if parameter and found[1] is None:
                handed = list(self._flows.handed(key, name, named_only=True))
                if handed and not any(self._project.taint.open_values.first(caller, text) for caller, text, _ in handed):
                    continue
                found = (f"parameter `{name}`", None)
            yield Built(key, call, *found, ())
            return

    # -- texts --------------------------------------------------------------------------------------

    def _variants(self, key: FunctionKey, text: str, line: int, depth: int = 0) -> list[list[Piece]]:
        """All ways in which a value is put together."""
        options = alternatives(text)
        if len(options) > 1:
            return [variant for option in options if option != "None" for variant in self._variants(key, option, line, depth)][:_MAX_VARIANTS]
        found: list[list[Piece]] = [[]]
        for piece in pieces(text):
            further = self._expanded(key, piece, line, depth) if piece.is_value and depth < _MAX_HOPS else [[piece]]
            if len(found) * len(further) > _MAX_VARIANTS:
                further = further[:1]
            found = [one + other for one in found for other in further]
        return found

    def _expanded(self, key: FunctionKey, piece: Piece, line: int, depth: int) -> list[list[Piece]]:
        """A local as what it was bound to, with what was added since."""
        text = piece.text
        module = self._project.modules[key[0]]
        if text[:1] == "%" and text[1:].isidentifier():
            assigns = [one for one in reversed(module.assigns_to(key[1], text)) if one.line <= line and one.value not in ("?", "", text)]
            added = [part for one in assigns if one.augmented for part in pieces(one.value)][: 2 * _MAX_ADDED]
            starts = [one for one in assigns if not one.augmented]
            if not starts:
                return [[piece, *added]]
            return [variant + added for one in starts[:_MAX_VARIANTS] for variant in self._variants(key, one.value, one.line, depth + 1)]
        if text[:1] == "#" and text[1:].isdigit():
            call = module.bodies[key[1]].calls[int(text[1:])]
            receiver, _, method = call.callee.rpartition(".")
            if method == "format" and receiver:
                given = [*call.args, *(f"{name}={value}" for name, value in call.keywords)]
                return [formatted(one, given) for one in self._variants(key, receiver, line, depth + 1)]
            if method in ("strip", "lstrip", "rstrip", "dedent", "text", "SQL") and (receiver if method.endswith("strip") else call.args):
                return self._variants(key, receiver if method.endswith("strip") else call.args[0], line, depth + 1)
        if text[:1].isidentifier() and (known := self._constant(key, text)):
            return [[Piece(False, known)]]
        if key[1] == 0 and text.isidentifier():
            bound = next((one for one in module.assigns_to(0, text) if one.line <= line and one.value not in ("?", "", text) and not one.augmented), None)
            if bound is not None:
                return self._variants(key, bound.value, bound.line, depth + 1)
        return [[piece]]

    def _constant(self, key: FunctionKey, text: str) -> str:
        name = text.partition(".")[0]
        kind, number = self._project.modules[key[0]].names.get(text, ("", 0)) if name == text else ("", 0)
        value = self._project.modules[key[0]].bodies[0].assigns[number].value if kind == "assign" else ""
        known = pieces(value) if value else []
        return known[0].text if len(known) == 1 and not known[0].is_value else ""


def _is_of_query(body: Body, callee: str) -> bool:
    """Whether what a method is called on began as a query of a session."""
    for _ in range(_MAX_ADDED):
        receiver = callee.rpartition(".")[0]
        if _OF_QUERY.search(receiver):
            return True
        number = receiver[1:].partition(".")[0]
        if receiver[:1] != "#" or not number.isdigit() or int(number) >= len(body.calls):
            return False
        callee = body.calls[int(number)].callee
    return False


def _statement(call: Call) -> str:
    for name, value in call.keywords:
        if name in _KEYWORDS:
            return value
    value = call.args[0] if call.args else ""
    return "" if value[:1] in ("*", "") or (value[0] in "'\"" and not value.endswith(")")) else value


def quoted_value(project: Project, key: FunctionKey, text: str) -> str:
    """The first open value between quotation marks in a text that is a statement, as it is shown; empty if there is none."""
    found = pieces(text)
    if len(found) < 3 or not _STATEMENT.match("".join(_HOLE if piece.is_value else piece.text for piece in found)):
        return ""
    for before, piece, after in zip(found, found[1:], found[2:], strict=False):
        between = not before.is_value and not after.is_value and before.text[-1:] == "'" == after.text[:1]
        if piece.is_value and between and (shown := project.taint.open_values.first(key, piece.text)):
            return shown
    return ""
