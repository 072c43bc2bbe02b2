"""Edits that move work into the database or the transaction. LibCST is imported only when a file is being fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst


def with_f(node: libcst.CSTNode) -> libcst.CSTNode | None:
    """``x.n += 1``, or ``x.n = x.n + 1``, as ``x.n = F("n") + 1``; None for anything else."""
    import libcst

    if not isinstance(node, libcst.SimpleStatementLine) or len(node.body) != 1:
        return None
    statement = node.body[0]
    if isinstance(statement, libcst.Assign):
        return _with_f_on_the_right(node, statement)
    if not isinstance(statement, libcst.AugAssign) or not isinstance(statement.target, libcst.Attribute):
        return None
    signs = {libcst.AddAssign: libcst.Add(), libcst.SubtractAssign: libcst.Subtract(), libcst.MultiplyAssign: libcst.Multiply()}
    operator = signs.get(type(statement.operator))
    if operator is None:
        return None
    value: libcst.BaseExpression = statement.value
    if isinstance(value, libcst.BinaryOperation | libcst.IfExp | libcst.BooleanOperation | libcst.Comparison) and not value.lpar:
        value = value.with_changes(lpar=[libcst.LeftParen()], rpar=[libcst.RightParen()])
    left = libcst.parse_expression(f'F("{statement.target.attr.value}")')
    made = libcst.Assign([libcst.AssignTarget(statement.target)], libcst.BinaryOperation(left, operator, value))
    return node.with_changes(body=[made])


def _with_f_on_the_right(node: libcst.SimpleStatementLine, statement: libcst.Assign) -> libcst.CSTNode | None:
    import libcst

    value = statement.value
    if len(statement.targets) != 1 or not isinstance(value, libcst.BinaryOperation) or not isinstance(value.left, libcst.Attribute):
        return None
    if not value.left.deep_equals(statement.targets[0].target):
        return None
    left = libcst.parse_expression(f'F("{value.left.attr.value}")')
    return node.with_changes(body=[statement.with_changes(value=value.with_changes(left=left))])


def on_commit(node: libcst.CSTNode) -> libcst.CSTNode | None:
    """``task.delay(x)`` as ``transaction.on_commit(partial(task.delay, x))``; None for a call that unpacks its arguments."""
    import libcst

    if not isinstance(node, libcst.Call) or any(argument.star for argument in node.args):
        return None
    first = libcst.Arg(node.func)
    if node.args:
        first = first.with_changes(comma=libcst.Comma(whitespace_after=libcst.SimpleWhitespace(" ")))
    held = node.with_changes(func=libcst.Name("partial"), args=[first, *node.args], lpar=[], rpar=[])
    return libcst.Call(libcst.parse_expression("transaction.on_commit"), [libcst.Arg(held)])
