"""The names that a database chooses for indexes and constraints that were given none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backend_lint.facts.schema import Dialect, ForeignKey, Implicit, Index, IndexKey
from backend_lint.lazy_regex import lazy_regex

LONGEST = 63
"""Bytes of a name in PostgreSQL; what is longer is cut."""

Taken = Callable[[str], bool]

_TYPE_NAMES = {
    "integer": "int4",
    "bigint": "int8",
    "smallint": "int2",
    "boolean": "bool",
    "real": "float4",
    "double precision": "float8",
    "char": "bpchar",
    "varbit": "varbit",
}
_WORD = lazy_regex(r"[A-Za-z_][\w$]*\Z")
_CALL = lazy_regex(r"(?:[A-Za-z_][\w$]*\.)?([A-Za-z_][\w$]*)\(")
_CAST = lazy_regex(r"::([a-z_][\w ]*)(?:\([\d,]*\))?(?:\[\])?\Z")


def clip(name: str, length: int = LONGEST) -> str:
    """The name cut to `length` bytes, between characters."""
    data = name.encode()
    return name if len(data) <= length else data[:length].decode(errors="ignore")


def composed(first: str, second: str, label: str) -> str:
    """PostgreSQL's ``first_second_label`` within 63 bytes: the longer of the first two is cut first."""
    overhead = (1 if second else 0) + (1 + len(label) if label else 0)
    room = LONGEST - overhead
    length, other = len(first.encode()), len(second.encode())
    while length + other > room:
        if length > other:
            length -= 1
        else:
            other -= 1
    parts = [clip(first, length)]
    if second:
        parts.append(clip(second, other))
    if label:
        parts.append(label)
    return "_".join(parts)


def free(first: str, second: str, label: str, taken: Taken) -> str:
    """PostgreSQL's `composed` name with the first number behind its label that is not taken."""
    name, number = composed(first, second, label), 0
    while taken(name):
        number += 1
        name = composed(first, second, f"{label}{number}")
    return name


def expression_name(text: str) -> str:
    """What PostgreSQL calls a key that is this canonical expression: the outermost function, the type of a cast, a column, else ``expr``."""
    while text.startswith("(") and _closing(text, 0) == len(text) - 1:
        text = text[1:-1].strip()
    if _WORD.match(text):
        return text
    call = _CALL.match(text)
    if call and _closing(text, call.end() - 1) == len(text) - 1:
        return call.group(1)
    if text.startswith("case "):
        return "case"
    if " at time zone " in text:
        return "timezone"
    cast = _CAST.search(text)
    if cast and _balanced(text[: cast.start()]) and " " not in _outside_brackets(text[: cast.start()]):
        inner = expression_name(text[: cast.start()])
        name = cast.group(1).strip()
        return inner if inner not in ("expr", "case") else _TYPE_NAMES.get(name, name)
    collate = text.rpartition(" collate ")[0]
    return expression_name(collate) if collate and " " not in collate else "expr"


def _closing(text: str, start: int) -> int:
    depth = 0
    quote = ""
    for at in range(start, len(text)):
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return at
    return -1


def _balanced(text: str) -> bool:
    return text.count("(") == text.count(")")


def _outside_brackets(text: str) -> str:
    out, depth = [], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth == 0:
            out.append(char)
    return "".join(out)


def key_names(keys: Sequence[IndexKey], include: Sequence[str] = ()) -> list[str]:
    """PostgreSQL's names of an index's columns, numbered where two would be the same."""
    names: list[str] = []
    for key in (*keys, *(IndexKey(column) for column in include)):
        origin = name = key.column or expression_name(key.expression)
        number = 0
        while name in names:
            number += 1
            name = clip(origin, LONGEST - len(str(number))) + str(number)
        names.append(name)
    return names


def _addition(names: Sequence[str]) -> str:
    text = ""
    for name in names:
        text += ("_" if text else "") + name
        if len(text.encode()) >= LONGEST + 1:
            break
    return text


def index_name(dialect: Dialect, table: str, index: Index, taken: Taken) -> str:
    """The name that the database gives an index without one; empty where it cannot be known.

    `table` without its schema. `taken` tells whether a name is in use: in PostgreSQL by any table or index of the schema, elsewhere by an index of the table.
    """
    if dialect is Dialect.POSTGRESQL:
        if index.implicit is Implicit.PRIMARY_KEY:
            return free(table, "", "pkey", taken)
        label = "excl" if index.implicit is Implicit.EXCLUSION else "key" if index.constraint else "idx"
        return free(table, _addition(key_names(index.keys, index.include)), label, taken)
    if dialect is Dialect.MYSQL:
        if index.implicit is Implicit.PRIMARY_KEY:
            return "PRIMARY"
        first = index.keys[0].column if index.keys else ""
        return _numbered(first or "functional_index", taken)
    if dialect is Dialect.SQLITE and index.implicit is not Implicit.NO:
        number = 1
        while taken(f"sqlite_autoindex_{table}_{number}"):
            number += 1
        return f"sqlite_autoindex_{table}_{number}"
    return ""


def _numbered(name: str, taken: Taken) -> str:
    chosen, number = name, 1
    while taken(chosen):
        number += 1
        chosen = f"{name}_{number}"
    return chosen


def foreign_key_name(dialect: Dialect, table: str, key: ForeignKey, taken: Taken) -> str:
    """The name of a foreign key without one; `taken` tells whether a constraint has that name."""
    if dialect is Dialect.POSTGRESQL:
        return free(table, _addition(key.columns), "fkey", taken)
    if dialect is Dialect.MYSQL:
        number = 1
        while taken(f"{table}_ibfk_{number}"):
            number += 1
        return f"{table}_ibfk_{number}"
    return ""


def check_name(dialect: Dialect, table: str, columns: Sequence[str], taken: Taken) -> str:
    """The name of a check without one that mentions `columns`."""
    if dialect is Dialect.POSTGRESQL:
        return free(table, columns[0] if len(columns) == 1 else "", "check", taken)
    if dialect is Dialect.MYSQL:
        number = 1
        while taken(f"{table}_chk_{number}"):
            number += 1
        return f"{table}_chk_{number}"
    return ""
