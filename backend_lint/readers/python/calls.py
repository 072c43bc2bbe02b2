"""Calls as facts: recorded in the order of evaluation, calls of pure builtins written in line."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import BlockKind, Call, Use
from backend_lint.readers.python.scope import MAX_VALUE

if TYPE_CHECKING:
    from backend_lint.readers.python.scan import Scanner

PURE_BUILTINS = frozenset(
    (
        "abs all any ascii bin bool bytearray bytes callable chr complex dict divmod enumerate filter float format frozenset hasattr hash hex id int "
        "isinstance issubclass iter len list map max min next object oct ord pow range repr reversed round set slice sorted str sum super tuple type "
        "vars zip"
    ).split()
)
"""Builtins without effect: written in line, not recorded as calls."""


_BY_KEY = {"sorted": 0, "min": 0, "max": 0, "map": 1, "filter": 1}
"""Those that call a function once an item, with the position of what they go through."""

_SQL_CAST = ("sqlalchemy", "sqlmodel", "django")
"""Libraries whose ``cast`` makes an expression of a query: no type hint."""


def record_call(scan: Scanner, node: ast.Call, use: Use, awaited: bool, target: str) -> str:
    """Record a call and the calls inside it; gives ``#n``, or the text of a pure builtin."""
    scope = scan.scope
    if scan.hooks:
        scan.hook(node)
    func = node.func
    kind = func.__class__
    if kind is ast.Name:
        name: str = func.id  # type: ignore[attr-defined]
        callee = scope.lookup(name)
        if callee is name or callee == name:
            if name in PURE_BUILTINS:
                return _inline(scan, name, node)
            if name == "getattr" and len(node.args) >= 2 and node.args[1].__class__ is ast.Constant and isinstance(node.args[1].value, str):
                for extra in node.args[2:]:
                    scan.value(extra)
                return f"{scan.value(node.args[0])}.{node.args[1].value}"
            if name == "cast" and len(node.args) == 2 and not scan.file.names.get("cast", "").startswith(_SQL_CAST):
                return scan.value(node.args[1])
    elif kind is ast.Attribute:
        receiver: ast.expr = func.value  # type: ignore[attr-defined]
        if receiver.__class__ is ast.Call:
            base = record_call(scan, receiver, Use.RECEIVER, False, "")
        else:
            base = scan.value(receiver)
            if receiver.__class__ is ast.Attribute:
                scope.reads.pop((base, scope.block), None)
            if base[:1] in "'\"" or base.startswith(("f'", "b'", 'f"', 'b"')):
                return _inline(scan, f"{base}.{func.attr}", node)  # type: ignore[attr-defined]
        callee = f"{base}.{func.attr}"  # type: ignore[attr-defined]
    else:
        callee = scan.value(func)
    args = []
    value = scan.argument
    for arg in node.args:
        if arg.__class__ is ast.Starred:
            args.append("*" + value(arg.value))
        else:
            args.append(value(arg))
    inner = len(scope.blocks)
    keywords = [(keyword.arg or "**", value(keyword.value)) for keyword in node.keywords]
    if inner < len(scope.blocks) and callee.endswith(".sort"):
        _go_through(scan, node, inner, callee[: -len(".sort")])
    line = node.lineno
    offset = node.col_offset
    if kind is ast.Attribute and func.end_lineno != line:
        line = func.end_lineno or line
        offset = (func.end_col_offset or 0) - len(func.attr.encode())  # type: ignore[attr-defined]
    column = scan.column(line, offset)
    end_line = node.end_lineno or line
    index = len(scope.calls)
    scope.calls.append(
        Call(
            line,
            column,
            end_line,
            scan.column(end_line, node.end_col_offset or 0),
            callee if len(callee) <= MAX_VALUE else "?",
            tuple(args),
            tuple(keywords),
            scope.block,
            use,
            awaited,
            target,
        )
    )
    return f"#{index}"


def _go_through(scan: Scanner, node: ast.Call, first: int, items: str) -> None:
    """Note on the block of a lambda, `first` or later, what it is called for each item of: ``sorted(rows, key=lambda row: row.name)``."""
    function = next((keyword.value for keyword in node.keywords if keyword.arg == "key"), node.args[0] if node.args else None)
    if function.__class__ is not ast.Lambda:
        return
    blocks = scan.scope.blocks
    for number in range(first, len(blocks)):
        block = blocks[number]
        if block.kind is BlockKind.LAMBDA and block.line == function.lineno:
            if block.target.isidentifier():
                blocks[number] = msgspec.structs.replace(block, subject=items)
            return


def _is_sql(text: str) -> bool:
    """A method of a statement: ``"SELECT ... {}".format(...)``."""
    from backend_lint.readers.python.values import MAX_SQL, is_sql

    return len(text) <= MAX_SQL and is_sql(text)


def _template(node: ast.Call) -> str:
    """``'a long text ... {} ...'.format``: the places for values are kept."""
    from backend_lint.placeholders import FIELD
    from backend_lint.readers.python.abridged import abridged

    text = node.func.value.value if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant) else None
    return f"{abridged(text, FIELD)!r}.format" if isinstance(text, str) else ""


def _inline(scan: Scanner, name: str, node: ast.Call) -> str:
    inner = len(scan.scope.blocks)
    parts = [scan.argument(arg) for arg in node.args]
    parts += [f"{keyword.arg or '**'}={scan.argument(keyword.value)}" for keyword in node.keywords]
    if inner < len(scan.scope.blocks) and (position := _BY_KEY.get(name, -1)) >= 0 and position < len(node.args):
        _go_through(scan, node, inner, parts[position])
    text = f"{name}({','.join(parts)})"
    if len(text) > MAX_VALUE:
        if name[:1] in "'\"f" and _is_sql(text):
            return text
        short = f"{_template(node)}({','.join(parts)})" if name[:1] in "'\"" and name.endswith(".format") else ""
        return short if 0 < len(short) <= 2 * MAX_VALUE else "?"
    if name == "len" and text[4] in "#%(" and scan.scope.index:
        scan.measured(node, text)
    return text
