"""Edits that move work into the database or the transaction. LibCST is imported only when a file is being fixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backend_lint.api import Finding, Mends

if TYPE_CHECKING:
    import libcst

ATOMIC, FLUSH = "with transaction.atomic(): ...", "session.flush()"


class JoinsWrites(Mends):
    """Of a rule whose findings begin at a first write: their evidence leads to the others, and to the last commit where a session is flushed."""

    mends, around = ("IndentedBlock",), True

    def lines(self, finding: Finding) -> tuple[int, int]:
        if finding.suggestion == FLUSH:
            return finding.line, max(finding.line, finding.evidence[1].line)
        return finding.line, max([finding.line, *(one.line for one in finding.evidence if "is written here" in one.message)])

    def mend_block(self, block: libcst.IndentedBlock, lines: Sequence[tuple[int, int]], finding: Finding) -> libcst.IndentedBlock | None:
        first, last = (next(index for index, (_, end) in enumerate(lines) if line <= end) for line in self.lines(finding))
        if finding.suggestion == ATOMIC:
            return in_atomic(block, first, last)
        return flushed(block, first, last) if finding.suggestion == FLUSH else None

    def imports_for(self, finding: Finding) -> tuple[str, ...]:
        return ("django.db:transaction",) if finding.suggestion == ATOMIC else ()


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


def in_atomic(block: libcst.IndentedBlock, first: int, last: int) -> libcst.IndentedBlock | None:
    """The statements from `first` to `last` in ``with transaction.atomic():``; None if that is one statement, or if they wait for somebody."""
    import libcst
    from libcst import matchers

    held = list(block.body[first : last + 1])
    if first >= last or any(matchers.findall(one, matchers.OneOf(matchers.Yield(), matchers.Await())) for one in held):
        return None
    above = getattr(held[0], "leading_lines", ())
    held[0] = held[0].with_changes(leading_lines=[])
    made = libcst.With([libcst.WithItem(libcst.parse_expression("transaction.atomic()"))], libcst.IndentedBlock(held), leading_lines=above)
    return block.with_changes(body=[*block.body[:first], made, *block.body[last + 1 :]])


def flushed(block: libcst.IndentedBlock, first: int, last: int) -> libcst.IndentedBlock | None:
    """``session.flush()`` for the ``session.commit()`` in `first`; None unless `last` commits too, and nothing leaves the block before it does."""
    import libcst
    from libcst import matchers

    commit = matchers.Call(matchers.Attribute(attr=matchers.Name("commit")), args=[])
    line = matchers.SimpleStatementLine([matchers.Expr(commit | matchers.Await(commit))])
    statement = block.body[first]
    if first >= last or not matchers.matches(statement, line) or not matchers.matches(block.body[last], line):
        return None
    leaves = matchers.Return() | matchers.Break() | matchers.Continue() | matchers.Yield() | matchers.Attribute(attr=matchers.Name("rollback"))
    if any(matchers.findall(one, leaves) for one in block.body[first + 1 : last]):
        return None
    again = matchers.Call(matchers.Attribute(attr=matchers.Name("flush")), args=[])
    following = block.body[first + 1]
    if matchers.matches(following, matchers.SimpleStatementLine([matchers.Expr(again | matchers.Await(again))])) and hasattr(statement, "leading_lines"):
        return block.with_changes(body=[*block.body[:first], following.with_changes(leading_lines=statement.leading_lines), *block.body[first + 2 :]])
    (name,) = matchers.findall(statement, matchers.Name("commit"))
    changed = statement.deep_replace(name, libcst.Name("flush"))
    assert isinstance(changed, libcst.BaseStatement)
    return block.with_changes(body=[*block.body[:first], changed, *block.body[first + 1 :]])
