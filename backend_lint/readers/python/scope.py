"""What is collected while one function is read."""

from __future__ import annotations

import ast

from backend_lint.facts.python import Assign, Block, BlockKind, Body, Call, Handler, Raise, Return, Yield


class Scope:
    """The body of one function under construction. `env` maps local names to values; on module level it stays empty."""

    __slots__ = (
        "assigns",
        "awaits",
        "block",
        "blocks",
        "breaks",
        "calls",
        "conditions",
        "continues",
        "env",
        "finally_returns",
        "globals",
        "handlers",
        "index",
        "name",
        "outer",
        "owner",
        "prefix",
        "raises",
        "reads",
        "returns",
        "self_name",
        "sizes",
        "yields",
    )

    def __init__(self, index: int, name: str, outer: Scope | None, owner: int, line: int, end_line: int) -> None:
        self.index = index
        self.name = name
        self.outer = outer
        self.owner = owner
        self.prefix = ""
        self.self_name = ""
        self.env: dict[str, str] = {}
        self.globals: set[str] = set()
        self.block = 0
        self.blocks: list[Block] = [Block(BlockKind.BODY, -1, line, end_line)]
        self.calls: list[Call] = []
        self.handlers: list[Handler] = []
        self.returns: list[Return] = []
        self.raises: list[Raise] = []
        self.yields: list[Yield] = []
        self.assigns: list[Assign] = []
        self.awaits: list[tuple[int, str, int]] = []
        self.finally_returns: list[tuple[int, int, str]] = []
        self.conditions: list[tuple[int, str, int]] = []
        self.reads: dict[tuple[str, int], ast.Attribute] = {}
        self.breaks: list[tuple[int, int]] = []
        self.continues: list[tuple[int, int]] = []
        self.sizes: list[tuple[int, int, int, int, str, int]] = []

    def body(self) -> Body:
        """The finished fact."""
        return Body(
            tuple(self.blocks),
            tuple(self.calls),
            tuple(self.handlers),
            tuple(self.returns),
            tuple(self.raises),
            tuple(self.yields),
            tuple(self.assigns),
            tuple(self.awaits),
            tuple(self.finally_returns),
            tuple(self.conditions),
            tuple([(*_last_name(node), text, block) for (text, block), node in self.reads.items()]),
            tuple(self.breaks),
            tuple(self.continues),
            tuple(self.sizes),
        )

    def lookup(self, name: str) -> str:
        """The value a name stands for where it is read: what it was bound to, ``%name`` for an unknown local, else the name itself."""
        value = self.env.get(name)
        if value is not None:
            return value
        outer = self.outer
        while outer is not None:
            value = outer.env.get(name)
            if value is not None:
                return value if "#" not in value and "%" not in value and "?" not in value else "%" + name
            outer = outer.outer
        return name


def counted(source: str) -> str:
    """What ``enumerate(x)`` counts; empty for anything else.

    >>> counted("enumerate(#1,start=1)"), counted("zip(#1,#2)")
    ('#1', '')
    """
    if not source.startswith("enumerate(") or source[-1] != ")":
        return ""
    inner, comma, start = source[10:-1].rpartition(",")
    if not comma:
        return start
    return inner if start.removeprefix("start=").isdigit() else ""


def _last_name(node: ast.Attribute) -> tuple[int, int]:
    return node.end_lineno or node.lineno, (node.end_col_offset or 0) - len(node.attr.encode()) + 1


MAX_VALUE = 200
"""Longer values are not carried along: they become ``?`` or the plain local name."""


def joined(old: str | None, new: str) -> str:
    """The value of a local after two ways meet.

    >>> joined("#1", "#2"), joined(None, "#2"), joined("None", "#2"), joined("#1", "#1")
    ('(#1|#2)', '#2', '#2', '#1')
    """
    if old is None or old == "None" or old == new:
        return new
    if new == "None":
        return old
    options = options_of(old)
    options += [option for option in options_of(new) if option not in options]
    both = f"({'|'.join(options)})"
    return both if len(both) <= MAX_VALUE else new


def options_of(text: str) -> list[str]:
    """The values that a ``(a|b)`` stands for; the text itself if it is none.

    >>> options_of("(#1|f(2|3))"), options_of("(#1||#2)"), options_of("(a|b).c")
    (['#1', 'f(2|3)'], ['(#1||#2)'], ['(a|b).c'])
    """
    if text[:1] != "(" or text[-1] != ")" or "|" not in text:
        return [text]
    options = []
    depth = 0
    start = 1
    quote = ""
    for position, sign in enumerate(text):
        if quote:
            if sign == quote and text[position - 1] != "\\":
                quote = ""
        elif sign in "'\"":
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if not depth and position + 1 < len(text):
                return [text]
        elif sign == "|" and depth == 1:
            if text[position + 1] == "|" or text[position - 1] == "|":
                return [text]
            options.append(text[start:position])
            start = position + 1
    return [*options, text[start:-1]] if options else [text]
