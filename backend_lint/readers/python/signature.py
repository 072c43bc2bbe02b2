"""Parameters and annotations as texts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from backend_lint.facts.python import Parameter, ParameterKind
from backend_lint.readers.python.scope import MAX_VALUE

if TYPE_CHECKING:
    from backend_lint.readers.python.scan import Scanner


def parameters(scan: Scanner, arguments: ast.arguments) -> tuple[Parameter, ...]:
    """The parameters in the order of the text; defaults and annotations are values of the enclosing scope."""
    found = []
    positional = [*arguments.posonlyargs, *arguments.args]
    if not positional and not arguments.kwonlyargs and arguments.vararg is None and arguments.kwarg is None:
        return ()
    first_default = len(positional) - len(arguments.defaults)
    for index, argument in enumerate(positional):
        kind = ParameterKind.POSITIONAL_ONLY if index < len(arguments.posonlyargs) else ParameterKind.POSITIONAL_OR_KEYWORD
        default = scan.argument(arguments.defaults[index - first_default]) if index >= first_default else ""
        found.append(Parameter(argument.arg, kind, annotation_text(scan, argument.annotation), default))
    if arguments.vararg is not None:
        found.append(Parameter(arguments.vararg.arg, ParameterKind.VAR_POSITIONAL, annotation_text(scan, arguments.vararg.annotation)))
    for argument, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        default = scan.argument(value) if value is not None else ""
        found.append(Parameter(argument.arg, ParameterKind.KEYWORD_ONLY, annotation_text(scan, argument.annotation), default))
    if arguments.kwarg is not None:
        found.append(Parameter(arguments.kwarg.arg, ParameterKind.VAR_KEYWORD, annotation_text(scan, arguments.kwarg.annotation)))
    return tuple(found)


def annotation_text(scan: Scanner, node: ast.expr | None) -> str:
    """An annotation as value text; a string annotation is parsed. Subscripts keep their content: ``Annotated[Session,#2]``, ``list[User]``.

    ``X | None`` is written ``(X|None)``.
    """
    if node is None:
        return ""
    if node.__class__ is ast.Name:
        return scan.scope.lookup(node.id)
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            if len(node.value) > MAX_VALUE:
                return "?"
            try:
                inner = ast.parse(node.value.strip(), mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return "?"
            return annotation_text(scan, inner) if not any(isinstance(part, ast.Call) for part in ast.walk(inner)) else "?"
        return repr(node.value) if node.value is not Ellipsis else "..."
    if isinstance(node, ast.Subscript):
        base = annotation_text(scan, node.value)
        if base.rpartition(".")[2] == "Literal":
            return "Literal"
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        text = f"{base}[{','.join([annotation_text(scan, item) for item in items])}]"
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        text = f"({annotation_text(scan, node.left).strip('()')}|{annotation_text(scan, node.right).strip('()')})"
    elif isinstance(node, (ast.List, ast.Tuple)):
        text = f"[{','.join([annotation_text(scan, item) for item in node.elts])}]"
    else:
        text = scan.argument(node)
    return text if len(text) <= MAX_VALUE else "?"
