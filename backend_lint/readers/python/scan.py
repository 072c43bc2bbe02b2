"""One pass over a syntax tree: definitions here, statements in `statements`, expressions in `values`."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from backend_lint.api import Finding, NodeRule
from backend_lint.facts.file import Role
from backend_lint.facts.python import (
    LOOPS,
    Assign,
    Attribute,
    Block,
    BlockKind,
    Body,
    Class,
    Function,
    Import,
    Module,
    Use,
)
from backend_lint.readers.python.calls import record_call
from backend_lint.readers.python.node_file import NodeFile
from backend_lint.readers.python.scope import Scope, joined
from backend_lint.readers.python.signature import annotation_text, parameters
from backend_lint.readers.python.statements import STATEMENTS, leaves
from backend_lint.readers.python.values import RENDER

_ENCODER = msgspec.msgpack.Encoder()


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
        self.whole = file.role is Role.MIGRATION
        """Strings and displays are kept whole: migrations are replayed."""
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
        table = STATEMENTS
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
        if leaves(body, loop=kind in LOOPS):
            for name in scope.env:
                before.setdefault(name, "%" + name)
            scope.env = before
            return index
        for name, value in scope.env.items():
            old = before.get(name)
            if old is not None and old != value:
                scope.env[name] = joined(old, value)
        return index

    # -- names -------------------------------------------------------------------------------------

    def bind(self, target: ast.expr, value: str, line: int, annotation: str = "", operator: str = "") -> None:
        """Record that `target` is bound to `value`."""
        scope = self.scope
        kind = target.__class__
        if kind is ast.Name:
            name: str = target.id  # type: ignore[attr-defined]
            if self.class_depth_env is not None:
                column = self.column(target.lineno, target.col_offset)
                self.attributes[self.class_index].append(Attribute(name, scope.index, value, annotation, line, column, bool(operator)))
                self.class_depth_env[name] = value
                return
            if scope.index == 0 or name in scope.globals:
                shown = name
            else:
                shown = "%" + name
                scope.env[name] = shown if operator or value == "?" or not value or value[0] in "[{*" or len(value) > 120 else value
            scope.assigns.append(Assign(line, self.column(target.lineno, target.col_offset), shown, value, annotation, scope.block, bool(operator), operator))
            if name == "__all__" and scope.index == 0 and value.startswith("["):
                self.exports = tuple(part.strip("'\"") for part in value[1:-1].split(",") if part)
        elif kind is ast.Tuple or kind is ast.List:
            for index, item in enumerate(target.elts):  # type: ignore[attr-defined]
                self.bind(item, f"{value}[{index}]" if len(value) < 100 and value[:1] not in "[{(?" else "?", line)
        elif kind is ast.Starred:
            self.bind(target.value, "?", line)  # type: ignore[attr-defined]
        else:
            text = self.value(target)
            scope.assigns.append(Assign(line, self.column(target.lineno, target.col_offset), text, value, annotation, scope.block, bool(operator), operator))
            if kind is ast.Attribute and scope.self_name and text.startswith("%" + scope.self_name + ".") and scope.owner >= 0:
                self.attributes[scope.owner].append(
                    Attribute(target.attr, scope.index, value, annotation, line, self.column(target.lineno, target.col_offset))  # type: ignore[attr-defined]
                )

    def measured(self, node: ast.expr, text: str) -> None:
        """Record that only the size of a value is asked for."""
        line, end_line = node.lineno, node.end_lineno or node.lineno
        place = line, self.column(line, node.col_offset), end_line, self.column(end_line, node.end_col_offset or 0)
        self.scope.sizes.append((*place, text, self.scope.block))

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
