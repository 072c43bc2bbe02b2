"""What each kind of statement says: the second half of the one pass in `scan`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from backend_lint.facts.python import Block, BlockKind, Import, Raise, Return, Use
from backend_lint.lazy_regex import lazy_regex
from backend_lint.readers.python.clauses import handler_fact
from backend_lint.readers.python.scope import counted, joined
from backend_lint.readers.python.values import OPERATORS, names_of

if TYPE_CHECKING:
    from backend_lint.readers.python.scan import Scanner

_ONLY_TYPE_CHECKERS = lazy_regex(r"(?:\w+\.)*TYPE_CHECKING|\((?:\w+\.)*TYPE_CHECKING ?(?:is|==) ?True\)")
_LEAVES_FUNCTION = (ast.Return, ast.Raise)
_LEAVES_BLOCK = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def leaves(body: Sequence[ast.stmt], loop: bool = False) -> bool:
    """Whether what follows the block is never reached from its end. What a loop's body binds survives its ``break`` and ``continue``."""
    return isinstance(body[-1], _LEAVES_FUNCTION if loop else _LEAVES_BLOCK)


def _expression(scan: Scanner, node: ast.Expr) -> None:
    value = node.value
    if value.__class__ is not ast.Constant:
        scan.used(value, Use.DROPPED)


def _target_text(scan: Scanner, target: ast.expr) -> str:
    if isinstance(target, ast.Name):
        return target.id if scan.scope.index == 0 else "%" + target.id
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        return f"{scan.scope.lookup(target.value.id)}.{target.attr}"
    return ""


def _assign(scan: Scanner, node: ast.Assign) -> None:
    targets = node.targets
    first = targets[0]
    if (
        isinstance(first, (ast.Tuple, ast.List))
        and isinstance(node.value, (ast.Tuple, ast.List))
        and len(first.elts) == len(node.value.elts)
        and len(targets) == 1
    ):
        values = [scan.used(item, Use.BOUND, _target_text(scan, target)) for target, item in zip(first.elts, node.value.elts, strict=True)]
        for target, text in zip(first.elts, values, strict=True):
            scan.bind(target, text, node.lineno)
        return
    text = scan.used(node.value, Use.BOUND, _target_text(scan, first))
    for target in targets:
        scan.bind(target, text, node.lineno)


def _annotated(scan: Scanner, node: ast.AnnAssign) -> None:
    annotation = scan.annotation(node.annotation)
    text = scan.used(node.value, Use.BOUND, _target_text(scan, node.target)) if node.value is not None else ""
    scan.bind(node.target, text, node.lineno, annotation)


def _augmented(scan: Scanner, node: ast.AugAssign) -> None:
    scan.bind(node.target, scan.used(node.value, Use.BOUND), node.lineno, operator=OPERATORS[node.op.__class__])


def _return(scan: Scanner, node: ast.Return) -> None:
    text = scan.used(node.value, Use.RETURNED) if node.value is not None else ""
    line, end_line = node.lineno, node.end_lineno or node.lineno
    scan.scope.returns.append(
        Return(line, scan.column(line, node.col_offset), end_line, scan.column(end_line, node.end_col_offset or 0), text, scan.scope.block)
    )
    if scan.in_finally:
        _leaves_finally(scan, node, "return")


def _leaves_finally(scan: Scanner, node: ast.stmt, keyword: str) -> None:
    scan.features.add("finally-return")
    scan.scope.finally_returns.append((node.lineno, scan.column(node.lineno, node.col_offset), keyword))


def _raise(scan: Scanner, node: ast.Raise) -> None:
    text = scan.used(node.exc, Use.RAISED) if node.exc is not None else ""
    cause = scan.value(node.cause) if node.cause is not None else ""
    line, end_line = node.lineno, node.end_lineno or node.lineno
    scan.scope.raises.append(
        Raise(line, scan.column(line, node.col_offset), end_line, scan.column(end_line, node.end_col_offset or 0), text, cause, scan.scope.block)
    )


def _if(scan: Scanner, node: ast.If) -> None:
    scope = scan.scope
    test = scan.value(node.test)
    tested = node.test.operand if isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not) else node.test
    if tested.__class__ is ast.Name and (value := scope.lookup(tested.id))[0] in "#(":
        scan.measured(tested, f"bool({value})")
    type_checking = scan.type_checking
    if "TYPE_CHECKING" in test and _ONLY_TYPE_CHECKERS.fullmatch(test):
        scan.type_checking = True
    before = dict(scope.env)
    scan.block(BlockKind.IF, node.body, test)
    scan.type_checking = type_checking
    after_body = scope.env
    body_leaves = leaves(node.body)
    scope.env = dict(before)
    if node.orelse:
        scan.block(BlockKind.ORELSE, node.orelse, test)
        if leaves(node.orelse):
            other = scope.env
            scope.env = after_body if not body_leaves else before
            _keep_local(scope.env, other)
            _keep_local(scope.env, after_body)
            return
    if body_leaves:
        _keep_local(scope.env, after_body)
        return
    env = scope.env
    for name, value in after_body.items():
        if (known := env.get(name)) != value:
            env[name] = joined(value, known) if known is not None and name in after_body and before.get(name) != known else joined(known, value)


def _keep_local(env: dict[str, str], other: dict[str, str]) -> None:
    """A name bound on a way that does not come back is still local, its value unknown."""
    for name in other:
        env.setdefault(name, "%" + name)


def _for(scan: Scanner, node: ast.For | ast.AsyncFor) -> None:
    scope = scan.scope
    source = scan.used(node.iter, Use.ITERATED)
    is_async = node.__class__ is ast.AsyncFor
    target = node.target.id if isinstance(node.target, ast.Name) else ""
    if not target and isinstance(node.target, ast.Tuple) and len(node.target.elts) == 2 and (inner := counted(source)):
        scan.bind(node.target.elts[0], "?", node.lineno)
        scan.bind(node.target.elts[1], f"{inner}[]" if len(inner) < 100 and inner[0] not in "[{(?" else "?", node.lineno)
    else:
        scan.bind(node.target, f"{source}[]" if target and len(source) < 100 and source[:1] not in "[{(?" else "?", node.lineno)
    if is_async:
        scope.awaits.append((node.lineno, source, scope.block))
    in_finally, scan.in_finally = scan.in_finally, scan.in_finally
    scan.branch(BlockKind.FOR, node.body, source, target or names_of(node.target), is_async, node.lineno)
    scan.in_finally = in_finally
    if node.orelse:
        scan.block(BlockKind.ELSE, node.orelse)


def _while(scan: Scanner, node: ast.While) -> None:
    scope = scan.scope
    outer = scope.block
    test = scan.value(node.test)
    scope.block = outer
    scan.branch(BlockKind.WHILE, node.body, test, "", False, node.lineno)
    if node.orelse:
        scan.block(BlockKind.ELSE, node.orelse)


def _with(scan: Scanner, node: ast.With | ast.AsyncWith) -> None:
    scope = scan.scope
    outer = scope.block
    is_async = node.__class__ is ast.AsyncWith
    for item in node.items:
        scan.hook(item)
        subject = scan.used(item.context_expr, Use.CONTEXT)
        target = ""
        if item.optional_vars is not None:
            target = item.optional_vars.id if isinstance(item.optional_vars, ast.Name) else ""
            scan.bind(item.optional_vars, f"{subject}.__enter__()", node.lineno)
        if is_async:
            scope.awaits.append((node.lineno, subject, scope.block))
        scope.blocks.append(Block(BlockKind.WITH, scope.block, node.lineno, node.end_lineno or node.lineno, subject, target, is_async))
        scope.block = len(scope.blocks) - 1
    scan.statements(node.body)
    scope.block = outer


def _try(scan: Scanner, node: ast.Try) -> None:
    scope = scan.scope
    scan.features.add("except")
    in_finally = scan.in_finally
    protected = scan.block(BlockKind.TRY, node.body)
    before = dict(scope.env)
    ends: list[dict[str, str]] = []
    for handler in node.handlers:
        scan.hook(handler)
        types = scan.value(handler.type) if handler.type is not None else ""
        name = handler.name or ""
        scope.env = dict(before)
        if name:
            scope.env[name] = "%" + name
        index = scan.block(BlockKind.HANDLER, handler.body, types, name, False, handler.lineno)
        scope.handlers.append(handler_fact(scan, handler, index, protected, types))
        if leaves(handler.body):
            _keep_local(before, scope.env)
        else:
            ends.append(scope.env)
    scope.env = before
    if node.orelse:
        scan.block(BlockKind.ELSE, node.orelse)
    env = scope.env
    body_leaves = leaves(node.orelse or node.body)
    for end in ends:
        for key, value in end.items():
            other = env.get(key)
            if other != value:
                env[key] = value if body_leaves else joined(other, value)
    if node.finalbody:
        scan.in_finally = 1
        scan.block(BlockKind.FINALLY, node.finalbody)
        scan.in_finally = in_finally


def _match(scan: Scanner, node: ast.Match) -> None:
    subject = scan.value(node.subject)
    for case in node.cases:
        for pattern in ast.walk(case.pattern):
            bound = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
            if isinstance(bound, str) and scan.scope.index:
                scan.scope.env[bound] = "%" + bound
        if case.guard is not None:
            scan.value(case.guard)
        scan.branch(BlockKind.CASE, case.body, subject)


def _import(scan: Scanner, node: ast.Import) -> None:
    for alias in node.names:
        bound = alias.asname or alias.name.partition(".")[0]
        scan.imports.append(Import(bound, alias.name, "", 0, node.lineno, scan.scope.index, scan.type_checking, alias.asname is not None))
        scan.file.names[bound] = alias.name if alias.asname else bound
        scan.scope.env.pop(bound, None)


def _import_from(scan: Scanner, node: ast.ImportFrom) -> None:
    module = node.module or ""
    for alias in node.names:
        bound = alias.asname or alias.name
        scan.imports.append(Import(bound, module, alias.name, node.level, node.lineno, scan.scope.index, scan.type_checking, alias.asname is not None))
        if alias.name != "*":
            scan.file.names[bound] = f"{'.' * node.level}{module}.{alias.name}"
        scan.scope.env.pop(bound, None)


def _global(scan: Scanner, node: ast.Global | ast.Nonlocal) -> None:
    if isinstance(node, ast.Global):
        scan.scope.globals.update(node.names)
        for name in node.names:
            scan.scope.env.pop(name, None)


def _delete(scan: Scanner, node: ast.Delete) -> None:
    for target in node.targets:
        scan.value(target)


def _assert(scan: Scanner, node: ast.Assert) -> None:
    scan.scope.conditions.append((node.lineno, scan.value(node.test), scan.scope.block))
    if node.msg is not None:
        scan.value(node.msg)


def _type_alias(scan: Scanner, node: Any) -> None:
    scan.bind(node.name, scan.annotation(node.value), node.lineno)


def _leave_loop(scan: Scanner, node: ast.Break | ast.Continue) -> None:
    scope = scan.scope
    (scope.breaks if node.__class__ is ast.Break else scope.continues).append((node.lineno, scope.block))
    if scan.in_finally and not any(isinstance(around, (ast.For, ast.While, ast.AsyncFor)) for around in _inside_finally(scan)):
        _leaves_finally(scan, node, "break" if isinstance(node, ast.Break) else "continue")


def _inside_finally(scan: Scanner) -> list[ast.AST]:
    stack = scan.file.stack
    for depth in range(len(stack) - 1, -1, -1):
        around = stack[depth]
        if isinstance(around, ast.Try) and depth + 1 < len(stack) and stack[depth + 1] in around.finalbody:
            return stack[depth + 1 :]
    return []


def _nothing(scan: Scanner, node: ast.stmt) -> None:
    pass


STATEMENTS: dict[type[ast.AST], Callable[[Scanner, Any], None]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Match: _match,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Global: _global,
    ast.Nonlocal: _global,
    ast.Delete: _delete,
    ast.Assert: _assert,
    ast.FunctionDef: lambda scan, node: scan.function(node),
    ast.AsyncFunctionDef: lambda scan, node: scan.function(node),
    ast.ClassDef: lambda scan, node: scan.class_definition(node),
    ast.Pass: _nothing,
    ast.Break: _leave_loop,
    ast.Continue: _leave_loop,
}
if hasattr(ast, "TypeAlias"):
    STATEMENTS[ast.TypeAlias] = _type_alias
