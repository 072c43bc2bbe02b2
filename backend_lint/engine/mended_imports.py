"""What a fix changes of a file's imports: it adds what it needs, and takes away what nobody uses any more. Touches no disk."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Sequence

import libcst as cst
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor

from backend_lint.engine.import_order import Statement, with_import


def with_imports(module: cst.Module, wanted: Iterable[str], spared: Iterable[str], packages: frozenset[str] = frozenset()) -> cst.Module:
    """The module with imports of `wanted`, ``module`` or ``module:name``, and without those of `spared` that nothing uses.

    `packages`: names that the project's own imports may begin with: they stand last.
    """
    # an import of its own line only: what shares it, or is explained in a comment, is left to whoever wrote it
    unused = [statement for name in spared for statement in module.body if _imports_only(statement, name) and not _is_used(module, statement)]
    for name in wanted:
        path, _, member = name.partition(":")
        module = with_import(module, path, member, packages) or _with_import_somewhere(module, path, member)
    return _without(module, unused)


def _with_import_somewhere(module: cst.Module, path: str, member: str) -> cst.Module:
    context = CodemodContext()
    AddImportsVisitor.add_needed_import(context, path, member or None)
    return AddImportsVisitor(context).transform_module(module)


def _without(module: cst.Module, unused: list[Statement]) -> cst.Module:
    """What follows moves up to where they stood."""
    body: list[Statement] = []
    above: Sequence[cst.EmptyLine] = ()
    for statement in module.body:
        if any(_body_of(statement).deep_equals(_body_of(one)) for one in unused):
            assert isinstance(statement, cst.SimpleStatementLine)
            above = statement.leading_lines or above
            continue
        if above and isinstance(statement, cst.SimpleStatementLine) and not statement.leading_lines:
            statement = statement.with_changes(leading_lines=above)
        above = ()
        body.append(statement)
    return module.with_changes(body=body)


def _body_of(statement: Statement) -> cst.CSTNode:
    """The import alone: its blank lines may have gone to one that was put in front of it."""
    return statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else statement


def unbound(tree: ast.Module) -> set[str]:
    """Names that a file uses and nowhere binds."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if not isinstance(node.ctx, ast.Load)} | set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            bound.add(node.name)
    return {node.id for node in names if node.id not in bound}


def is_taken(tree: ast.Module, line: int, wanted: Iterable[str]) -> bool:
    """Whether a name that the imports `wanted` bind stands for something else on module level or in the functions and classes around a line."""
    for name in wanted:
        path, _, member = name.partition(":")
        bound = member or path.partition(".")[0]
        if any(bound == other for scope in _scopes(tree, line) for other in _bound(scope, path, member)):
            return True
    return False


def _imports_only(statement: cst.CSTNode, name: str) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1 or statement.trailing_whitespace.comment is not None:
        return False
    if any(line.comment is not None for line in statement.leading_lines):
        return False
    (imported,) = statement.body
    if isinstance(imported, cst.Import):
        return len(imported.names) == 1 and imported.names[0].asname is None and imported.names[0].evaluated_name == name
    if not isinstance(imported, cst.ImportFrom) or isinstance(imported.names, cst.ImportStar) or imported.relative or imported.lpar is not None:
        return False
    return isinstance(imported.module, cst.Name) and imported.module.value == name and all(one.asname is None for one in imported.names)


def _is_used(module: cst.Module, statement: cst.CSTNode) -> bool:
    assert isinstance(statement, cst.SimpleStatementLine)
    (imported,) = statement.body
    assert isinstance(imported, cst.Import | cst.ImportFrom)
    assert not isinstance(imported.names, cst.ImportStar)
    finder = _Finder({one.evaluated_name for one in imported.names}, statement)
    module.visit(finder)
    return finder.found


class _Finder(cst.CSTVisitor):
    def __init__(self, names: set[str], statement: cst.CSTNode) -> None:
        super().__init__()
        self.names = names
        self.statement = statement
        self.found = False

    def on_visit(self, node: cst.CSTNode) -> bool:
        if node is self.statement or self.found:
            return False
        if isinstance(node, cst.Name):
            self.found = node.value in self.names
        elif isinstance(node, cst.SimpleString) and isinstance(node.evaluated_value, str):
            self.found = node.evaluated_value in self.names  # __all__
        return True


def _scopes(tree: ast.Module, line: int) -> Iterator[ast.AST]:
    yield tree
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda) and node.lineno <= line <= (node.end_lineno or 0):
            yield node


def _bound(scope: ast.AST, path: str, member: str) -> Iterator[str]:
    """The names that a scope binds, but for those that the wanted import binds to the same."""
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        arguments = scope.args
        yield from (one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg) if one is not None)
    inner = list(ast.iter_child_nodes(scope))
    while inner:
        node = inner.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname or alias.name.partition(".")[0] != path.partition(".")[0] or member:
                    yield alias.asname or alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if node.level or f"{node.module}.{alias.name}" != f"{path}.{member}":
                    yield alias.asname or alias.name
        inner += ast.iter_child_nodes(node)
