"""The edit that bounds a ``gather`` over a comprehension. LibCST is imported only when a file is being fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import libcst

NAMES = frozenset({"semaphore", "limited"})
"""The names that the edit binds in the function."""
_STARTERS = frozenset({"create_task", "ensure_future"})
_STARTED = frozenset({"run_in_executor", "submit", "run_coroutine_threadsafe", "shield"})
"""What these give runs already: to wait for it later bounds nothing."""


def bounded(statement: libcst.CSTNode, most: int) -> libcst.FlattenSentinel[Any] | None:
    """A simple statement with one ``gather(*[call(...) for ...])``, which awaits at most so many calls at a time; None of any other."""
    import libcst
    from libcst import matchers

    element = matchers.SaveMatchedNode(matchers.Call(), "element")
    several = matchers.OneOf(matchers.Arg(matchers.ListComp(elt=element), star="*"), matchers.Arg(matchers.GeneratorExp(elt=element), star="*"))
    gather = matchers.Call(
        func=matchers.OneOf(matchers.Name("gather"), matchers.Attribute(attr=matchers.Name("gather"))),
        args=[several, matchers.ZeroOrMore()],
    )
    found = matchers.findall(statement, gather)
    parts = matchers.extract(found[0], gather) if len(found) == 1 else None
    call = parts.get("element") if parts else None
    if not isinstance(statement, libcst.SimpleStatementLine) or not isinstance(call, libcst.Call):
        return None
    if _name(call) in _STARTERS and call.args and isinstance(call.args[0].value, libcst.Call):
        call = call.args[0].value
    if _name(call) in _STARTERS | _STARTED:
        return None
    limited = libcst.Call(libcst.Name("limited"), [libcst.Arg(call)])
    head = (f"semaphore = asyncio.Semaphore({most})", "async def limited(call):\n    async with semaphore:\n        return await call")
    made, function = (libcst.parse_statement(text) for text in head)
    changed = statement.with_changes(leading_lines=[]).deep_replace(call, limited)
    empty = [libcst.EmptyLine(indent=False)]
    return libcst.FlattenSentinel(
        [made.with_changes(leading_lines=statement.leading_lines), function.with_changes(leading_lines=empty), changed.with_changes(leading_lines=empty)]
    )


def _name(call: libcst.Call) -> str:
    import libcst

    last = call.func.attr if isinstance(call.func, libcst.Attribute) else call.func
    return last.value if isinstance(last, libcst.Name) else ""
