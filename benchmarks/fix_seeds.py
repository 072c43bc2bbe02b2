"""Makes real code worse in ways that a rule reports and a fix mends: what somebody forgot, or took away again. Every place keeps its line."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

_HTTP = re.compile(r"(?:requests|httpx|session|client|http)$")
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "request"})
_LOADERS = frozenset({"select_related", "prefetch_related", "options"})
Change = tuple[int, int, bytes]
"""Begin, end and what stands there instead, in bytes."""


def seeded(data: bytes) -> bytes:
    """The file with everything taken away that `_changes` knows; as it was if it cannot be read or would not parse any more."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
            starts = [0, *(match.end() for match in re.finditer(rb"\n", data))]
            changes = sorted(_changes(tree, data, starts))
            after, at = b"", 0
            for begin, end, text in changes:
                if begin >= at and b"\n" not in data[begin:end]:
                    after, at = after + data[at:begin] + text, end
            after += data[at:]
            ast.parse(after)
    except (SyntaxError, ValueError, RecursionError):
        return data
    return after


def _changes(tree: ast.Module, data: bytes, starts: list[int]) -> Iterator[Change]:
    def span(node: ast.expr | ast.stmt) -> tuple[int, int]:
        return starts[node.lineno - 1] + node.col_offset, starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)

    for node in ast.walk(tree):
        if isinstance(node, ast.With) and len(node.items) == 1:
            begin, end = span(node.items[0].context_expr)
            if data[begin:end] == b"transaction.atomic()" and node.items[0].optional_vars is None:
                yield span(node)[0], end, b"if True"
        elif isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                begin, end = span(decorator)
                if data[begin:end] in (b"transaction.atomic", b"transaction.atomic()"):
                    yield begin - 1, end, b""
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _is_check(node.value):
            yield *span(node), b"pass"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield from _call(node, node.func, data, span(node), span(node.func.value), [span(one.value) for one in node.keywords])


def _is_check(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "raise_for_status" and not call.args


def _call(
    node: ast.Call, function: ast.Attribute, data: bytes, whole: tuple[int, int], receiver: tuple[int, int], keywords: list[tuple[int, int]]
) -> Iterator[Change]:
    name = function.attr
    if name == "exception" and data[receiver[0] : receiver[1]].lower().endswith((b"logger", b"logging", b"log")):
        yield receiver[1], receiver[1] + len(b".exception"), b".error"
    elif name == "exists" and not node.args and not node.keywords:
        yield receiver[1], whole[1], b".count() > 0"
    elif name in _LOADERS:
        yield receiver[1], whole[1], b""
    elif name == "compare_digest" and len(node.args) == 2 and not node.keywords:
        first, _, second = data[whole[0] : whole[1]].partition(b"(")[2][:-1].partition(b",")
        if not any(sign in first + second for sign in (b"(", b",")):
            yield *whole, b"(" + first.strip() + b" == " + second.strip() + b")"
    elif name in _VERBS and _HTTP.search(data[receiver[0] : receiver[1]].decode("latin-1").lower()):
        for keyword, (begin, end) in zip(node.keywords, keywords, strict=True):
            if keyword.arg == "timeout":
                yield begin, end, b"None"
        if node.args and not any(one.arg in ("verify", None) for one in node.keywords) and data[whole[1] - 2 : whole[1] - 1].strip(b", \n"):
            yield whole[1] - 1, whole[1], b", verify=False)"
