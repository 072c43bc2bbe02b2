"""One pass over a syntax tree: statements here, expressions in `values`."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from backend_lint.api import Finding, NodeRule
from backend_lint.facts.python import (
    Assign,
    Attribute,
    Block,
    BlockKind,
    Body,
    Class,
    Function,
    Import,
    Module,
    Raise,
    Return,
    Use,
)
from backend_lint.readers.python.clauses import handler_fact
from backend_lint.readers.python.node_file import NodeFile
from backend_lint.readers.python.scope import Scope, joined
from backend_lint.readers.python.signature import annotation_text, parameters
from backend_lint.readers.python.values import RENDER, record_call

_ENCODER = msgspec.msgpack.Encoder()
_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class Scanner:
    """Reads one tree. `hooks` maps node types to the node rules that asked for them."""

    def __init__(self, data: bytes, file: NodeFile, rules: Sequence[NodeRule[Any]], timed: bool) -> None:
        self.file = file
        self.data = data
        self.column: Callable[[int, int], int] = file.column if not data.isascii() else _ascii_column
        self.findings: list[Finding] = []
        self.failures: list[tuple[str, str, int]] = []
        self.timings: dict[str, float] = {}
        self.timed = timed
        self.hooks: dict[type[ast.AST], list[NodeRule[Any]]] = {}
        for rule in rules:
            for node_type in rule.nodes:
                self.hooks.setdefault(node_type, []).append(rule)
        self.table = (
            RENDER
            if not self.hooks
            else {kind: self._hooked(render) if kind in self.hooks and kind is not ast.Call else render for kind, render in RENDER.items()}
        )
        self.functions: list[Function] = []
        self.bodies: list[Body | None] = []
        self.classes: list[Class | None] = []
        self.imports: list[Import] = []
        self.exports: tuple[str, ...] = ()
        self.features: set[str] = set()
        self.attributes: dict[int, list[Attribute]] = {}
        self.scope = Scope(0, "<module>", None, -1, 1, 1)
        self.class_index = -1
        self.class_depth_env: dict[str, str] | None = None
        self.type_checking = False
        self.use = Use.OTHER
        self.target = ""
        self.in_finally = 0

    # -- values ------------------------------------------------------------------------------------

    def value(self, node: ast.expr) -> str:
        """The value text of an expression; what is around it does not matter."""
        use, self.use = self.use, Use.OTHER
        text = self.table[node.__class__](self, node)
        self.use = use
        return text

    def argument(self, node: ast.expr) -> str:
        """The value text of an argument or an item of a display."""
        if node.__class__ is ast.Call:
            return record_call(self, node, Use.ARGUMENT, False, "")
        use, self.use = self.use, Use.ARGUMENT
        text = self.table[node.__class__](self, node)
        self.use = use
        return text

    def used(self, node: ast.expr, use: Use, target: str = "") -> str:
        """The value text of an expression whose result goes to `use`."""
        if node.__class__ is ast.Call:
            return record_call(self, node, use, False, target)
        if node.__class__ is ast.Await:
            saved = self.use, self.target
            self.use, self.target = use, target
            text = self.table[ast.Await](self, node)
            self.use, self.target = saved
            return text
        return self.value(node)

    # -- node rules --------------------------------------------------------------------------------

    def hook(self, node: ast.AST) -> None:
        """Let the rules that asked for this type of node look at it. A rule that raises costs its own findings in this file."""
        for rule in self.hooks.get(node.__class__, ()):
            started = time.process_time() if self.timed else 0.0
            try:
                self.findings.extend(rule.visit(node, self.file))
            except Exception as error:
                self.failures.append((rule.name, f"{type(error).__name__}: {error}", getattr(node, "lineno", 0)))
            if self.timed:
                self.timings[rule.name] = self.timings.get(rule.name, 0.0) + time.process_time() - started

    def _hooked(self, render: Any) -> Any:
        def look_first(scan: Scanner, node: ast.expr) -> str:
            scan.hook(node)
            return render(scan, node)  # type: ignore[no-any-return]

        return look_first

    # -- module ------------------------------------------------------------------------------------

    def module(self, tree: ast.Module, lines: int) -> Module:
        """The facts of the whole file."""
        self.scope.blocks[0] = Block(BlockKind.BODY, -1, 1, max(lines, 1))
        self.functions.append(Function("<module>", 1, 1, max(lines, 1), False, False, -1, -1, (), (), "", bool(ast.get_docstring(tree, clean=False)), 1))
        self.bodies.append(None)
        self.hook(tree)
        self.statements(tree.body)
        self.bodies[0] = self.scope.body()
        classes = []
        for index, found in enumerate(self.classes):
            assert found is not None
            classes.append(msgspec.structs.replace(found, attributes=tuple(self.attributes[index])))
        return Module(
            lines,
            tuple(self.imports),
            tuple(self.functions),
            tuple(classes),
            self.exports,
            tuple(sorted(self.features)),
            msgspec.Raw(_ENCODER.encode(self.bodies)),
        )

    def statements(self, body: Sequence[ast.stmt]) -> None:
        table = _STATEMENTS
        stack = self.file.stack
        hooks = self.hooks
        for node in body:
            stack.append(node)
            if hooks and node.__class__ in hooks:
                self.hook(node)
            table[node.__class__](self, node)
            stack.pop()

    def block(self, kind: BlockKind, body: Sequence[ast.stmt], subject: str = "", target: str = "", is_async: bool = False, line: int = 0) -> int:
        """Read statements as a block of their own; gives its index."""
        scope = self.scope
        outer = scope.block
        scope.blocks.append(Block(kind, outer, line or body[0].lineno, body[-1].end_lineno or body[-1].lineno, subject, target, is_async))
        index = scope.block = len(scope.blocks) - 1
        self.statements(body)
        scope.block = outer
        return index

    def branch(self, kind: BlockKind, body: Sequence[ast.stmt], subject: str = "", target: str = "", is_async: bool = False, line: int = 0) -> int:
        """A block that may not run: what it binds is one of two values afterwards."""
        scope = self.scope
        before = dict(scope.env)
        index = self.block(kind, body, subject, target, is_async, line)
        if isinstance(body[-1], _LEAVES):
            scope.env = before
            return index
        for name, value in scope.env.items():
            old = before.get(name)
            if old is not None and old != value:
                scope.env[name] = joined(old, value)
        return index

    # -- names -------------------------------------------------------------------------------------

    def bind(self, target: ast.expr, value: str, line: int, annotation: str = "", augmented: bool = False) -> None:
        """Record that `target` is bound to `value`."""
        scope = self.scope
        kind = target.__class__
        if kind is ast.Name:
            name: str = target.id  # type: ignore[attr-defined]
            if self.class_depth_env is not None:
                self.attributes[self.class_index].append(Attribute(name, scope.index, value, annotation, line, self.column(target.lineno, target.col_offset)))
                self.class_depth_env[name] = value
                return
            if scope.index == 0 or name in scope.globals:
                shown = name
            else:
                shown = "%" + name
                scope.env[name] = shown if augmented or value == "?" or not value or value[0] in "[{*" or len(value) > 120 else value
            scope.assigns.append(Assign(line, self.column(target.lineno, target.col_offset), shown, value, annotation, scope.block, augmented))
            if name == "__all__" and scope.index == 0 and value.startswith("["):
                self.exports = tuple(part.strip("'\"") for part in value[1:-1].split(",") if part)
        elif kind is ast.Tuple or kind is ast.List:
            for index, item in enumerate(target.elts):  # type: ignore[attr-defined]
                self.bind(item, f"{value}[{index}]" if len(value) < 100 and value[:1] not in "[{(?" else "?", line)
        elif kind is ast.Starred:
            self.bind(target.value, "?", line)  # type: ignore[attr-defined]
        else:
            text = self.value(target)
            scope.assigns.append(Assign(line, self.column(target.lineno, target.col_offset), text, value, annotation, scope.block, augmented))
            if kind is ast.Attribute and scope.self_name and text.startswith("%" + scope.self_name + ".") and scope.owner >= 0:
                self.attributes[scope.owner].append(
                    Attribute(target.attr, scope.index, value, annotation, line, self.column(target.lineno, target.col_offset))  # type: ignore[attr-defined]
                )

    def annotation(self, node: ast.expr | None) -> str:
        """An annotation as text, its calls recorded."""
        return annotation_text(self, node)

    # -- definitions -------------------------------------------------------------------------------

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outer = self.scope
        decorators = tuple([self.value(decorator) for decorator in node.decorator_list])
        signature = parameters(self, node.args)
        returns = self.annotation(node.returns)
        index = len(self.functions)
        is_async = node.__class__ is ast.AsyncFunctionDef
        if is_async:
            self.features.add("async")
        owner = self.class_index if self.class_depth_env is not None else -1
        name = outer.prefix + node.name
        scope = Scope(index, name, outer, owner, node.lineno, node.end_lineno or node.lineno)
        scope.prefix = name + ".<locals>."
        column = self.column(node.lineno, node.col_offset)
        self.functions.append(None)  # type: ignore[arg-type]
        self.bodies.append(None)
        if self.class_depth_env is None and outer.index:
            outer.env[node.name] = "%" + node.name
        static = any(decorator == "staticmethod" for decorator in decorators)
        if owner >= 0 and not static and signature:
            scope.self_name = signature[0].name
        for parameter in signature:
            scope.env[parameter.name] = "%" + parameter.name
        saved = self.class_depth_env, self.in_finally
        self.class_depth_env, self.in_finally = None, 0
        self.scope = scope
        self.file.symbols.append(name)
        body = node.body
        first = body[0]
        has_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
        self.statements(body)
        self.file.symbols.pop()
        self.scope = outer
        self.class_depth_env, self.in_finally = saved
        self.functions[index] = Function(
            name,
            node.lineno,
            column,
            node.end_lineno or node.lineno,
            is_async,
            bool(scope.yields),
            owner,
            outer.index,
            decorators,
            signature,
            returns,
            has_doc,
            (body[1] if has_doc and len(body) > 1 else first).lineno,
        )
        self.bodies[index] = scope.body()

    def class_definition(self, node: ast.ClassDef) -> None:
        scope = self.scope
        decorators = tuple([self.value(decorator) for decorator in node.decorator_list])
        bases = tuple([annotation_text(self, base) for base in node.bases])
        keywords = tuple([(keyword.arg or "**", self.value(keyword.value)) for keyword in node.keywords])
        index = len(self.classes)
        self.classes.append(None)
        self.attributes[index] = []
        name = scope.prefix + node.name
        first_function = len(self.functions)
        saved = self.class_index, self.class_depth_env, scope.prefix
        self.class_index, self.class_depth_env, scope.prefix = index, {}, name + "."
        self.file.symbols.append(name)
        self.statements(node.body)
        self.file.symbols.pop()
        self.class_index, self.class_depth_env, scope.prefix = saved
        methods = tuple(number for number in range(first_function, len(self.functions)) if self.functions[number].owner == index)
        column = self.column(node.lineno, node.col_offset)
        self.classes[index] = Class(name, node.lineno, column, node.end_lineno or node.lineno, scope.index, bases, keywords, decorators, (), methods)
        if self.class_depth_env is None and scope.index:
            scope.env[node.name] = "%" + node.name


def _ascii_column(line: int, offset: int) -> int:
    return offset + 1


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
    scan.bind(node.target, scan.used(node.value, Use.BOUND), node.lineno, augmented=True)


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
    type_checking = scan.type_checking
    if test.rpartition(".")[2] == "TYPE_CHECKING":
        scan.type_checking = True
    before = dict(scope.env)
    scan.block(BlockKind.IF, node.body, test)
    scan.type_checking = type_checking
    after_body = scope.env
    leaves = isinstance(node.body[-1], _LEAVES)
    scope.env = dict(before)
    if node.orelse:
        scan.block(BlockKind.ORELSE, node.orelse, test)
        if isinstance(node.orelse[-1], _LEAVES):
            scope.env = after_body if not leaves else before
            return
    if leaves:
        return
    env = scope.env
    for name, value in after_body.items():
        if (other := env.get(name)) != value:
            env[name] = joined(other, value)


def _for(scan: Scanner, node: ast.For | ast.AsyncFor) -> None:
    scope = scan.scope
    source = scan.used(node.iter, Use.ITERATED)
    is_async = node.__class__ is ast.AsyncFor
    target = node.target.id if isinstance(node.target, ast.Name) else ""
    scan.bind(node.target, f"{source}[]" if target and len(source) < 100 and source[:1] not in "[{(?" else "?", node.lineno)
    if is_async:
        scope.awaits.append((node.lineno, source, scope.block))
    in_finally, scan.in_finally = scan.in_finally, scan.in_finally
    scan.branch(BlockKind.FOR, node.body, source, target, is_async, node.lineno)
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
        if not isinstance(handler.body[-1], _LEAVES):
            ends.append(scope.env)
    scope.env = before
    if node.orelse:
        scan.block(BlockKind.ELSE, node.orelse)
    env = scope.env
    body_leaves = isinstance((node.orelse or node.body)[-1], _LEAVES)
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
    scan.value(node.test)
    if node.msg is not None:
        scan.value(node.msg)


def _type_alias(scan: Scanner, node: Any) -> None:
    scan.bind(node.name, scan.annotation(node.value), node.lineno)


def _leave_loop(scan: Scanner, node: ast.Break | ast.Continue) -> None:
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


_STATEMENTS: dict[type[ast.AST], Callable[[Scanner, Any], None]] = {
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
    ast.FunctionDef: Scanner.function,
    ast.AsyncFunctionDef: Scanner.function,
    ast.ClassDef: Scanner.class_definition,
    ast.Pass: _nothing,
    ast.Break: _leave_loop,
    ast.Continue: _leave_loop,
}
if hasattr(ast, "TypeAlias"):
    _STATEMENTS[ast.TypeAlias] = _type_alias
