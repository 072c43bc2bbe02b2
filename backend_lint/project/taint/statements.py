"""SQL that is put together from strings: which values stand in it, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call
from backend_lint.project.taint.flows import Step, Trail
from backend_lint.project.taint.sources import Trait
from backend_lint.project.taint.values import Piece, formatted, pieces
from backend_lint.project.value_text import alternatives

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_RUNS = frozenset(
    "execute executemany executescript exec_driver_sql fetchrow fetchval fetch_one fetch_all fetch_val raw text RawSQL read_sql read_sql_query fetch "
    "execute_sql scalar scalars mogrify from_statement".split()
)
_KEYWORDS = ("sql", "query", "statement", "stmt", "operation", "raw_query", "text", "clause", "select", "where", "tables")
_STATEMENT = re.compile(
    r"[\s(]*(?:select\b.*\bfrom\b|select\s+\w+\(|with\s+(?:recursive\s+)?[\w\"]+.*\bas\b|insert\s+(?:or\s+\w+\s+|ignore\s+)?into\b|update\b.*\bset\b|"
    r"delete\s+from\b|replace\s+into\b|merge\s+into\b|(?:drop|alter|create|truncate)\s+(?:table|index|view|database|schema|user|role)\b)",
    re.IGNORECASE | re.DOTALL,
)
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


class Statements:
    """Looks for values in statements."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._flows = project.taint.flows

    def built(self) -> Iterator[Built]:
        """Statements with values in them, in order of path and line."""
        for path, module in self._project.modules.items():
            if module.role is not Role.APPLICATION:
                continue
            for function, body in enumerate(module.bodies):
                for call in body.calls:
                    method = call.callee.rpartition(".")[2]
                    if method in _RUNS and (value := _statement(call)):
                        yield from self._of((path, function), call, value, (), 0)
                    elif method == "extra" and "." in call.callee:
                        yield from self._extra((path, function), call)

    def _of(self, key: FunctionKey, call: Call, value: str, run: tuple[Step, ...], hops: int) -> Iterator[Built]:
        for variant in self._variants(key, value, call.line):
            text = "".join(_HOLE if piece.is_value else piece.text for piece in variant)
            if not _STATEMENT.match(text):
                if len(variant) == 1 and variant[0].is_value and variant[0].text[:1] == "%" and variant[0].text[1:].isidentifier() and hops < _MAX_HOPS:
                    yield from self._handed(key, call, variant[0].text[1:], run, hops)
                continue
            found = self._first(key, variant)
            if found is not None:
                yield Built(key, call, found[0], found[1], run)
                return

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
        quoted = ""
        for number, piece in enumerate(variant):
            if not piece.is_value:
                continue
            for trail in self._flows.trails(key, piece.text):
                if Trait.URL not in trail.source.traits:
                    return trail.source.shown, trail
            before = variant[number - 1].text if number and not variant[number - 1].is_value else ""
            after = variant[number + 1].text if number + 1 < len(variant) and not variant[number + 1].is_value else ""
            if _is_quoted(before, after) and self._is_open(key, piece.text):
                quoted = quoted or piece.text.lstrip("%")
        return (quoted, None) if quoted else None

    def _is_open(self, key: FunctionKey, text: str) -> bool:
        """A name that nobody says is a number or one of a few words."""
        name = text.lstrip("%")
        if not name.isidentifier() or name.isupper() or self._flows.checks(key).covers(text):
            return False
        if text[:1] != "%":
            ref = self._project.value(*key, text)
            return (ref is None or (ref.is_external and ref.name == name)) and name not in self._project.modules[key[0]].names
        head = self._project.calls.head(key)
        return any(one.name == name and one.annotation in ("", "str", "(str|None)") and one.default[:1] in ("", "N") for one in head.parameters)

    def _extra(self, key: FunctionKey, call: Call) -> Iterator[Built]:
        """Django: parts of statements in ``extra()``."""
        for name, value in call.keywords:
            if name in ("where", "select", "tables", "order_by"):
                for trail in self._flows.trails(key, value):
                    yield Built(key, call, trail.source.shown, trail, ())
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
        return [[piece]]

    def _constant(self, key: FunctionKey, text: str) -> str:
        name = text.partition(".")[0]
        kind, number = self._project.modules[key[0]].names.get(text, ("", 0)) if name == text else ("", 0)
        value = self._project.modules[key[0]].bodies[0].assigns[number].value if kind == "assign" else ""
        known = pieces(value) if value else []
        return known[0].text if len(known) == 1 and not known[0].is_value else ""


def _statement(call: Call) -> str:
    for name, value in call.keywords:
        if name in _KEYWORDS:
            return value
    value = call.args[0] if call.args else ""
    return "" if value[:1] in ("*", "") or (value[0] in "'\"" and not value.endswith(")")) else value


def _is_quoted(before: str, after: str) -> bool:
    single = before.endswith(("'", "'%")) and after.startswith(("'", "%'"))
    return single or (before.endswith(('"', '"%')) and after.startswith(('"', '%"')) and "=" in before[-6:])

