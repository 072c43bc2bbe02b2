"""Edits of queries that the fixes of several rules share. LibCST is imported only when a file is being fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst


def with_calls(node: libcst.CSTNode, addition: str) -> libcst.CSTNode | None:
    """A call with ``.name(...)`` behind it, as often as `addition` says; of a statement the call that it is about. None for anything else."""
    import libcst

    if isinstance(node, libcst.Call):
        return _loading(node, addition)
    place = _value(node)
    if place is None:
        return None
    holder, field, call = place
    loading = _loading(call, addition)
    if loading is None:
        return None
    changed = holder.with_changes(**{field: loading})
    return changed if holder is node else node.deep_replace(holder, changed)


_FETCHES = frozenset({"all", "first", "one", "one_or_none"})
"""What a query of SQLAlchemy ends with: nothing can be put behind them."""
_RUNS = frozenset({"execute", "scalars", "scalar", "stream", "stream_scalars", "unique", "mappings", "fetchall"})
_PAGES = frozenset({"paginate_queryset", "paginate", "get_page", "page"})
"""What cuts a page out of the rows that it is handed: what it gives is no query."""


def _loading(call: libcst.Call, addition: str) -> libcst.Call | None:
    """The call with the addition where its query stands; None if what it gives is no query."""
    import libcst

    method = call.func.attr.value if isinstance(call.func, libcst.Attribute) else ""
    if method in _PAGES:
        first = call.args[0] if call.args and not call.args[0].star else None
        if first is None or not isinstance(first.value, libcst.Name | libcst.Call):
            return None
        if isinstance(first.value, libcst.Name):
            rows: libcst.Call | None = libcst.ensure_type(libcst.parse_expression(f"{first.value.value}{addition}"), libcst.Call)
        else:
            rows = _loading(first.value, addition)
        return call.with_changes(args=[first.with_changes(value=rows), *call.args[1:]]) if rows is not None else None
    if addition.startswith(".options("):
        if method in _FETCHES and not call.args and isinstance(call.func, libcst.Attribute) and isinstance(call.func.value, libcst.Call):
            inner = _loading(call.func.value, addition)
            return call.with_changes(func=call.func.with_changes(value=inner)) if inner is not None else None
        if method in _RUNS or method in _FETCHES:
            return None
    return _chained(call, addition)


def _value(node: libcst.CSTNode) -> tuple[libcst.CSTNode, str, libcst.Call] | None:
    """The call that a statement binds, returns or goes over, with what holds it."""
    import libcst

    holder: libcst.CSTNode
    if isinstance(node, libcst.For):
        holder, field = node, "iter"
    elif isinstance(node, libcst.SimpleStatementLine) and len(node.body) == 1 and isinstance(node.body[0], libcst.Assign | libcst.AnnAssign | libcst.Return):
        holder, field = node.body[0], "value"
    else:
        return None
    value = getattr(holder, field)
    while True:
        if isinstance(value, libcst.Await):
            holder, field, value = value, "expression", value.expression
        elif isinstance(value, libcst.Call) and isinstance(value.func, libcst.Name) and len(value.args) == 1:
            holder, field, value = value.args[0], "value", value.args[0].value
        else:
            break
    return (holder, field, value) if isinstance(value, libcst.Call) and isinstance(value.func, libcst.Attribute) else None


def _chained(call: libcst.Call, addition: str) -> libcst.Call:
    """``call.a(1).b(2)`` for the addition ``.a(1).b(2)``, laid out over lines if the call is."""
    import libcst

    made = libcst.parse_expression(f"x{addition}")
    links: list[libcst.Call] = []
    while isinstance(made, libcst.Call) and isinstance(made.func, libcst.Attribute):
        links.append(made)
        made = made.func.value
    dot = call.func.dot if isinstance(call.func, libcst.Attribute) else libcst.Dot()
    result = call.with_changes(lpar=[], rpar=[])
    for link in reversed(links):
        assert isinstance(link.func, libcst.Attribute)
        if (joined := _joined(result, link)) is not None:
            result = joined
            continue
        result = link.with_changes(func=link.func.with_changes(value=result, dot=dot))
    return result.with_changes(lpar=call.lpar, rpar=call.rpar)


def _joined(call: libcst.Call, link: libcst.Call) -> libcst.Call | None:
    """``select_related("a", "b")`` for one of "a" that one of "b" is put behind, if both only name relations and stand in one line."""
    import libcst

    if not isinstance(call.func, libcst.Attribute) or not isinstance(link.func, libcst.Attribute) or call.func.attr.value != link.func.attr.value:
        return None
    plain = all(isinstance(one.value, libcst.SimpleString) and not one.star and one.keyword is None for one in (*call.args, *link.args))
    if link.func.attr.value not in ("select_related", "prefetch_related") or not plain or not call.args:
        return None
    if "\n" in libcst.Module([]).code_for_node(call.with_changes(func=libcst.Name("x"))):
        return None
    comma = libcst.Comma(whitespace_after=libcst.SimpleWhitespace(" "))
    return call.with_changes(args=[*call.args[:-1], call.args[-1].with_changes(comma=comma), *link.args])


def asked_for(node: libcst.CSTNode, method: str) -> libcst.BaseExpression | None:
    """``len(rows)``, ``rows.count()``, ``rows.count() > 0`` and ``rows`` as ``rows.exists()`` or what `method` (``.count()``, ``not .exists()``) says."""
    import libcst

    negated, method = method.startswith("not "), method.removeprefix("not ")
    value: libcst.CSTNode = node
    if isinstance(value, libcst.Comparison):
        value = value.left
    if isinstance(value, libcst.Call) and isinstance(value.func, libcst.Name) and value.func.value == "len" and len(value.args) == 1:
        value = value.args[0].value
    elif isinstance(value, libcst.Call) and isinstance(value.func, libcst.Attribute) and value.func.attr.value == "count" and not value.args:
        value = value.func.value
    if not isinstance(value, libcst.Call | libcst.Name | libcst.Attribute):
        return None
    call = libcst.Call(libcst.Attribute(value, libcst.Name(method[1:-2])))
    if isinstance(value, libcst.Call) and isinstance(value.func, libcst.Attribute) and value.lpar:
        bare = libcst.Attribute(value.with_changes(lpar=[], rpar=[]), libcst.Name(method[1:-2]), dot=value.func.dot)
        call = libcst.Call(bare, lpar=value.lpar, rpar=value.rpar)
    if isinstance(node, libcst.Comparison | libcst.Call) and node.lpar and not call.lpar:
        call = call.with_changes(lpar=node.lpar, rpar=node.rpar)
    return libcst.UnaryOperation(libcst.Not(), call) if negated else call


def streamed(node: libcst.CSTNode) -> libcst.CSTNode | None:
    """``for row in Model.objects.all()`` that fetches its rows in chunks; None for any other statement."""
    import libcst

    if not isinstance(node, libcst.For) or node.asynchronous is not None or not _is_queryset(node.iter, ("all", "order_by", "filter", "exclude", *_LOADERS)):
        return None
    assert isinstance(node.iter, libcst.Call)
    return node.with_changes(iter=_chained(node.iter, ".iterator(chunk_size=2000)"))


_LOADERS = ("select_related", "prefetch_related", "only", "defer")


def _is_queryset(value: libcst.BaseExpression, methods: tuple[str, ...]) -> bool:
    """``Model.objects`` with nothing but calls of these methods behind it, one at least."""
    import libcst

    if not isinstance(value, libcst.Call):
        return False
    while isinstance(value, libcst.Call) and isinstance(value.func, libcst.Attribute) and value.func.attr.value in methods:
        value = value.func.value
    return isinstance(value, libcst.Attribute) and value.attr.value == "objects"


def with_option(node: libcst.CSTNode, model: str, option: str) -> libcst.CSTNode | None:
    """A statement whose one ``select(Model)``, or ``get(Model, key)``, loads what `option` says: ``.options(selectinload(Model.rows))``."""
    import libcst
    from libcst import matchers

    from backend_lint.project.call_edits import with_keyword

    first = matchers.Arg(matchers.Name(model))
    bare = matchers.Call(matchers.Name("select"), [first, matchers.ZeroOrMore()])
    dotted = matchers.Call(matchers.Attribute(attr=matchers.Name("select")), [first, matchers.ZeroOrMore()])
    selects = matchers.findall(node, bare | dotted)
    gets = matchers.findall(node, matchers.Call(matchers.Attribute(attr=matchers.Name("get")), [first, matchers.ZeroOrMore()]))
    if not isinstance(node, libcst.SimpleStatementLine) or len(selects) + len(gets) != 1:
        return None
    (found,) = [*selects, *gets]
    assert isinstance(found, libcst.Call)
    if gets:
        if any(one.star or (one.keyword is not None and one.keyword.value == "options") for one in found.args):
            return None
        return node.deep_replace(found, with_keyword(found, "options", f"[{option.removeprefix('.options(').removesuffix(')')}]"))
    chains = [one for one in matchers.findall(node, matchers.Call(matchers.Attribute())) if isinstance(one, libcst.Call)]
    while (outer := next((one for one in chains if isinstance(one.func, libcst.Attribute) and one.func.value is found), None)) is not None:
        found = outer
    return node.deep_replace(found, _chained(found, option))
