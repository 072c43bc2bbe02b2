"""What an ``except`` clause does with the exception."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from backend_lint.facts.python import Handler

if TYPE_CHECKING:
    from backend_lint.readers.python.scan import Scanner

_DIRECTIVE = re.compile(
    rb"#|\b(?:noqa|nosec|pragma|pylint|type|mypy|pyright|flake8|ruff|NOSONAR)\b:?\s*"
    rb"(?:no cover|ignore(?:\[[^\]]*\])?|disable=[\w,-]+|[A-Z]+\d+(?:[, ]+[A-Z]+\d+)*)?"
)
_MEANT = re.compile(
    rb"(?i)best.effort|non.?fatal|\bignor|optional|fall(?:s|ing)? ?back|graceful|not critical|fail.?open|"
    rb"(?:must|should|do|does) ?n[o'].?t (?:fail|block|break|crash)"
)
_DECIDED = re.compile(rb"nosec:?[ \t]*B11[02]|noqa:[ \t\w,]*\bS11[02]\b|try_except_(?:pass|continue)")
"""Somebody told another linter that just here an exception is dropped on purpose; that the clause is broad is another question."""
_SHAPES = {ast.Pass: "pass", ast.Continue: "continue", ast.Break: "break", ast.Return: "return"}


def handler_fact(scan: Scanner, node: ast.ExceptHandler, block: int, protected: int, types: str) -> Handler:
    """The fact of one ``except`` clause whose body has been read as `block`."""
    end_line = node.end_lineno or node.lineno
    uses = raises = False
    written = b"\n".join(scan.file.lines[node.lineno - 1 : end_line])
    # what no text of the clause says is not looked for in its tree
    may_raise = b"raise" in written
    may_use = node.name is not None and (written.count(node.name.encode()) > 1 or not written.isascii())
    pending: list[ast.AST] = list(node.body)
    while pending and ((may_use and not uses) or (may_raise and not raises)):
        inner = pending.pop()
        if inner.__class__ is ast.Name and inner.id == node.name:
            uses = True
        elif inner.__class__ is ast.Raise:
            raises = True
        pending.extend(ast.iter_child_nodes(inner))
    shape = _shape(node.body)
    caught = _split(types) if types else ()
    return Handler(
        node.lineno,
        scan.column(node.lineno, node.col_offset),
        end_line,
        scan.column(end_line, node.end_col_offset or 0),
        block,
        protected,
        caught,
        node.name or "",
        uses,
        raises,
        shape,
        not raises and _explained(scan, node),
    )


def _split(types: str) -> tuple[str, ...]:
    return tuple(types[1:-1].split(",")) if types.startswith("[") and types.endswith("]") else (types,)


def _shape(body: list[ast.stmt]) -> str:
    real = [statement for statement in body if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))]
    if not real:
        return "pass"
    if len(real) == 1:
        return _SHAPES.get(real[0].__class__) or ("assign" if isinstance(real[0], (ast.Assign, ast.AnnAssign, ast.AugAssign)) else "other")
    if all(isinstance(statement, (ast.Pass, ast.Assign, ast.AnnAssign)) for statement in real):
        return "assign"
    return "other"


def _explained(scan: Scanner, node: ast.ExceptHandler) -> bool:
    lines = scan.file.lines
    first = node.lineno - 1
    last = min(node.end_lineno or node.lineno, len(lines))
    indent = len(lines[first]) - len(lines[first].lstrip()) if first < len(lines) else 0
    while last < len(lines) and lines[last].lstrip().startswith(b"#") and len(lines[last]) - len(lines[last].lstrip()) > indent:
        last += 1
    return any(
        # a suppression of ours is no explanation: it would silence the rule itself, and then be unused
        b"#" in line
        and b"backend-lint:" not in line
        and (len(_DIRECTIVE.sub(b"", (comment := line.partition(b"#")[2])).split()) >= 3 or _DECIDED.search(comment) is not None)
        for line in lines[max(first - 1, 0) if lines[first - 1].lstrip().startswith(b"#") else first : last]
    ) or _meant_to_be_lost(lines, getattr(scan.file.stack[-1], "lineno", 1) - 2)


def _meant_to_be_lost(lines: Sequence[bytes], above: int) -> bool:
    """The comment right above the ``try`` statement says that its failure does not matter."""
    for number in range(above, max(above - 6, -1), -1):
        line = lines[number].lstrip() if number < len(lines) else b""
        if not line.startswith(b"#"):
            return False
        if _MEANT.search(line):
            return True
    return False
