"""Edits of calls that the fixes of several rules share. LibCST is imported only when a file is being fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst


def with_keyword(call: libcst.Call, name: str, value: str) -> libcst.Call:
    """The call with the keyword argument `name` set to the expression `value`, laid out as its other arguments are.

    A keyword of that name is replaced. The new one stands last; a call that ends with ``**options`` takes it before them.
    """
    import libcst

    made = libcst.Arg(libcst.parse_expression(value), libcst.Name(name), equal=libcst.AssignEqual(libcst.SimpleWhitespace(""), libcst.SimpleWhitespace("")))
    for index, arg in enumerate(call.args):
        if arg.keyword is not None and arg.keyword.value == name:
            return call.with_changes(args=[*call.args[:index], arg.with_changes(value=made.value), *call.args[index + 1 :]])
    if not call.args:
        return call.with_changes(args=[made])
    last = call.args[-1]
    opening = call.whitespace_before_args
    first_line = isinstance(opening, libcst.ParenthesizedWhitespace)
    between = call.args[-2].comma if len(call.args) > 1 else libcst.Comma(whitespace_after=opening if first_line else libcst.SimpleWhitespace(" "))
    if last.star == "**":
        return call.with_changes(args=[*call.args[:-1], made.with_changes(comma=between), last])
    made = made.with_changes(comma=last.comma, whitespace_after_arg=last.whitespace_after_arg)
    moved = last.with_changes(comma=between, whitespace_after_arg=libcst.SimpleWhitespace(""))
    return call.with_changes(args=[*call.args[:-1], moved, made])
