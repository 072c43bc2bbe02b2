"""Edits of statements that the fixes of several rules share. LibCST is imported only when a file is being fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst


def bound_call(statement: libcst.CSTNode, name: str) -> libcst.Call | None:
    """The call whose result a statement binds to `name` and does nothing else: ``name = call()``, ``name = await call()``, ``with call() as name:``."""
    import libcst

    target: libcst.CSTNode | None = None
    value: libcst.CSTNode | None = None
    if isinstance(statement, libcst.With) and len(statement.items) == 1:
        (item,) = statement.items
        target, value = item.asname and item.asname.name, item.item
    elif isinstance(statement, libcst.SimpleStatementLine) and len(statement.body) == 1:
        (small,) = statement.body
        if isinstance(small, libcst.Assign) and len(small.targets) == 1:
            target, value = small.targets[0].target, small.value
        elif isinstance(small, libcst.AnnAssign):
            target, value = small.target, small.value
    if isinstance(value, libcst.Await):
        value = value.expression
    return value if isinstance(target, libcst.Name) and target.value == name and isinstance(value, libcst.Call) else None


def with_next(statement: libcst.CSTNode, text: str) -> libcst.FlattenSentinel[libcst.SimpleStatementLine] | None:
    """A simple statement that stands on lines of its own, and the statement `text` behind it; None of any other."""
    import libcst

    if not isinstance(statement, libcst.SimpleStatementLine):
        return None
    return libcst.FlattenSentinel([statement, libcst.SimpleStatementLine([libcst.Expr(libcst.parse_expression(text))])])


def with_first(statement: libcst.CSTNode, text: str) -> libcst.With | None:
    """A ``with`` statement whose block begins with the statement `text`; None of any other, and of a block on the same line."""
    import libcst

    if not isinstance(statement, libcst.With) or not isinstance(statement.body, libcst.IndentedBlock):
        return None
    added = libcst.SimpleStatementLine([libcst.Expr(libcst.parse_expression(text))])
    return statement.with_changes(body=statement.body.with_changes(body=[added, *statement.body.body]))
