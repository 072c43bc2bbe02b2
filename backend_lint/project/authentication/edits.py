"""Edits that keep secrets secret. LibCST is imported only when a file is being fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst

    from backend_lint.project.modules import SourceModule

_SECRETS = {"choice": "secrets.choice", "randbytes": "secrets.token_bytes", "getrandbits": "secrets.randbits"}


def from_secrets(module: SourceModule, method: str) -> str:
    """What gives the same as a function of `random`, and cannot be foreseen; empty in a module that wants the same numbers again.

    The numbers that `secrets` gives cannot be given a seed.
    """
    if any(call.callee in ("random.seed", "seed") for body in module.bodies for call in body.calls):
        return ""
    return _SECRETS.get(method, f"secrets.SystemRandom().{method}")


def called(node: libcst.CSTNode, function: str) -> libcst.CSTNode | None:
    """The call with another function and the same arguments."""
    import libcst

    return node.with_changes(func=libcst.parse_expression(function)) if function and isinstance(node, libcst.Call) else None


def assigned(node: libcst.CSTNode, value: str) -> libcst.CSTNode | None:
    """A statement that binds one thing, with the expression `value` for what it binds; with ``name: type`` for `value` without any."""
    import libcst

    if not value or not isinstance(node, libcst.SimpleStatementLine) or len(node.body) != 1:
        return None
    (small,) = node.body
    if isinstance(small, libcst.Assign) and len(small.targets) != 1:
        return None
    if not isinstance(small, libcst.Assign | libcst.AnnAssign) or small.value is None or "\n" in libcst.Module([]).code_for_node(small.value):
        return None
    if ": " in value:
        bare = isinstance(small, libcst.AnnAssign) and isinstance(small.value, libcst.SimpleString | libcst.Call)
        return node.with_changes(body=[small.with_changes(value=None, equal=libcst.MaybeSentinel.DEFAULT)]) if bare else None
    if not isinstance(small.value, libcst.SimpleString | libcst.Call):
        return None
    return node.with_changes(body=[small.with_changes(value=libcst.parse_expression(value))])


def compared_evenly(node: libcst.CSTNode, call: str) -> libcst.CSTNode | None:
    """A statement, or an ``if`` by its test, with ``hmac.compare_digest(digits.encode(), str(given).encode())`` for ``digits == given``."""
    import libcst
    from libcst import matchers

    if not call:
        return None
    digits = call.removeprefix("hmac.compare_digest(").partition(".encode()")[0]
    where = node.test if isinstance(node, libcst.If) else node
    found = [one for one in matchers.findall(where, matchers.Comparison()) if isinstance(one, libcst.Comparison) and _digest_side(one, digits) is not None]
    if len(found) != 1:
        return None
    (comparison,) = found
    side, other = _digest_side(comparison, digits) or (comparison.left, comparison.left)
    as_bytes = [libcst.Call(libcst.Attribute(one, libcst.Name("encode"))) for one in (side, libcst.Call(libcst.Name("str"), [libcst.Arg(other)]))]
    if _is_hexdigest(other):
        as_bytes = [side, other]  # type: ignore[list-item]  # digits on both sides, which are ASCII
    comma = libcst.Comma(whitespace_after=libcst.SimpleWhitespace(" "))
    evenly: libcst.BaseExpression = libcst.Call(libcst.parse_expression("hmac.compare_digest"), [libcst.Arg(as_bytes[0], comma=comma), libcst.Arg(as_bytes[1])])
    if isinstance(comparison.comparisons[0].operator, libcst.NotEqual):
        evenly = libcst.UnaryOperation(libcst.Not(), evenly)
    evenly = evenly.with_changes(lpar=comparison.lpar, rpar=comparison.rpar)
    if where is comparison:
        return node.with_changes(test=evenly)
    changed = where.deep_replace(comparison, evenly)
    return node.with_changes(test=changed) if isinstance(node, libcst.If) else changed


def _digest_side(comparison: libcst.Comparison, digits: str) -> tuple[libcst.BaseExpression, libcst.BaseExpression] | None:
    """The side of ``==`` or ``!=`` that holds the digits, and the other one."""
    import libcst

    if len(comparison.comparisons) != 1 or not isinstance(comparison.comparisons[0].operator, libcst.Equal | libcst.NotEqual):
        return None
    left, right = comparison.left, comparison.comparisons[0].comparator
    for side, other in ((left, right), (right, left)):
        if _is_hexdigest(side) or (isinstance(side, libcst.Name) and side.value == digits):
            return side, other
    return None


def _is_hexdigest(node: libcst.BaseExpression) -> bool:
    import libcst

    return isinstance(node, libcst.Call) and isinstance(node.func, libcst.Attribute) and node.func.attr.value == "hexdigest"
