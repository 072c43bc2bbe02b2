"""The file as a node rule sees it while its tree is at hand."""

from __future__ import annotations

import ast

import msgspec

from backend_lint.facts.file import Role
from backend_lint.source import character_column


class Span(msgspec.Struct, frozen=True):
    """A place in code points, 1-based, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class NodeFile:
    """Implements `backend_lint.api.File`. `names` maps what this file's imports bind to dotted names."""

    def __init__(self, path: str, role: Role, data: bytes) -> None:
        self.path = path
        self.role = role
        self.names: dict[str, str] = {}
        self.stack: list[ast.AST] = []
        self.symbols: list[str] = []
        self._ascii = data.isascii()
        self._data = data
        self._lines: list[bytes] | None = None

    @property
    def lines(self) -> list[bytes]:
        """Lines of the text as UTF-8, without their ends."""
        if self._lines is None:
            self._lines = self._data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        return self._lines

    def column(self, line: int, offset: int) -> int:
        """The 1-based code point column of a 0-based byte offset."""
        if self._ascii:
            return offset + 1
        lines = self.lines
        return character_column(lines[line - 1], offset) if line <= len(lines) else offset + 1

    def position(self, node: ast.AST) -> Span:
        """The node's place; a node without one has that of its first child that has, else line 1."""
        line = getattr(node, "lineno", None)
        if line is None:
            for child in ast.iter_child_nodes(node):
                return self.position(child)
            return Span(1, 1, 1, 1)
        end_line: int = getattr(node, "end_lineno", None) or line
        end_offset: int = getattr(node, "end_col_offset", None) or 0
        return Span(line, self.column(line, getattr(node, "col_offset", 0)), end_line, self.column(end_line, end_offset))

    def dotted(self, node: ast.AST) -> str:
        """The qualified name of a name or attribute chain, through this file's imports; empty for anything else."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        parts.append(self.names.get(node.id, node.id))
        return ".".join(reversed(parts))

    @property
    def symbol(self) -> str:
        """The qualified name of the function or class being read."""
        return self.symbols[-1] if self.symbols else ""

    @property
    def ancestors(self) -> tuple[ast.AST, ...]:
        """The statements around the node being visited, outermost first."""
        return tuple(self.stack)
