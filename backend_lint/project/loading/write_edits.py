"""The edits that write the rows of a loop at once. LibCST is imported only when a file is being fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import libcst

_QUERYSET = frozenset({"filter", "exclude", "all"})


def all_at_once(node: libcst.CSTNode, cure: str) -> libcst.CSTNode | libcst.FlattenSentinel[Any] | None:
    """One statement for a loop that does nothing but write its items, or the loop with its commit behind it; None for any other."""
    import libcst
    from libcst import matchers

    if not cure or not isinstance(node, libcst.For) or node.asynchronous is not None or node.orelse is not None:
        return None
    if not isinstance(node.body, libcst.IndentedBlock) or not isinstance(node.target, libcst.Name):
        return None
    if cure.endswith(".commit()"):
        return _commit_behind(node, node.body)
    bare = node.with_changes(leading_lines=[])
    if matchers.findall(bare, matchers.OneOf(matchers.Comment(), matchers.Await(), matchers.NamedExpr())):
        return None  # what a comment says of one item is for whoever wrote it to reword
    made = {"bulk_create([...])": _created, ".update(...)": _saved, ".filter(pk__in=...)": _updated, ".delete()": _deleted}[cure](node, node.body, node.target)
    return libcst.SimpleStatementLine([libcst.Expr(made)], leading_lines=node.leading_lines) if made is not None else None


def _commit_behind(node: libcst.For, body: libcst.IndentedBlock) -> libcst.FlattenSentinel[Any] | None:
    import libcst
    from libcst import matchers

    commit = matchers.Call(matchers.Attribute(attr=matchers.Name("commit")), args=[])
    last = body.body[-1]
    if len(body.body) < 2 or not matchers.matches(last, matchers.SimpleStatementLine([matchers.Expr(commit | matchers.Await(commit))])):
        return None
    leaves = matchers.OneOf(matchers.Return(), matchers.Break(), matchers.Yield(), matchers.Name("commit"), matchers.Name("rollback"))
    if any(matchers.findall(one, leaves) for one in body.body[:-1]):
        return None
    loop = node.with_changes(body=body.with_changes(body=body.body[:-1], footer=[]))
    assert isinstance(last, libcst.SimpleStatementLine)
    return libcst.FlattenSentinel([loop, last.with_changes(leading_lines=[*last.leading_lines, *body.footer])])


def _only_call(body: libcst.IndentedBlock) -> libcst.Call | None:
    """The call that the last statement of a body is."""
    import libcst

    last = body.body[-1]
    if not isinstance(last, libcst.SimpleStatementLine) or len(last.body) != 1 or not isinstance(last.body[0], libcst.Expr):
        return None
    call = last.body[0].value
    return call if isinstance(call, libcst.Call) and isinstance(call.func, libcst.Attribute) else None


def _mentions(node: libcst.CSTNode, name: str) -> bool:
    from libcst import matchers

    return bool(matchers.findall(node, matchers.Name(name)))


def _created(node: libcst.For, body: libcst.IndentedBlock, target: libcst.Name) -> libcst.BaseExpression | None:
    """``Model.objects.bulk_create([Model(...) for item in items])``."""
    import libcst

    test: libcst.BaseExpression | None = None
    if len(body.body) == 1 and isinstance(inner := body.body[0], libcst.If) and inner.orelse is None and isinstance(inner.body, libcst.IndentedBlock):
        test, body = inner.test, inner.body
    call = _only_call(body)
    if len(body.body) != 1 or call is None or not isinstance(call.func, libcst.Attribute) or call.func.attr.value != "create":
        return None
    manager = call.func.value
    if not isinstance(manager, libcst.Attribute) or manager.attr.value != "objects" or _mentions(manager, target.value):
        return None
    if not call.args or any(one.keyword is None for one in call.args):
        return None
    conditions = [libcst.CompIf(test)] if test is not None else []
    loop = libcst.CompFor(target=target, iter=node.iter, ifs=conditions)
    every = libcst.ListComp(libcst.Call(manager.value, call.args, whitespace_before_args=call.whitespace_before_args), loop)
    return libcst.Call(libcst.Attribute(manager, libcst.Name("bulk_create")), [libcst.Arg(every)])


def _on_queryset(node: libcst.For, method: str) -> libcst.Call | None:
    """``Model.objects.filter(...).method()`` for what the loop goes over."""
    import libcst

    rows: libcst.BaseExpression = node.iter
    if not isinstance(rows, libcst.Call):
        return None
    while isinstance(rows, libcst.Call) and isinstance(rows.func, libcst.Attribute) and rows.func.attr.value in _QUERYSET:
        rows = rows.func.value
    if not isinstance(rows, libcst.Attribute) or rows.attr.value != "objects":
        return None
    return libcst.Call(libcst.Attribute(node.iter, libcst.Name(method)))


def _deleted(node: libcst.For, body: libcst.IndentedBlock, target: libcst.Name) -> libcst.BaseExpression | None:
    import libcst

    call = _only_call(body)
    if len(body.body) != 1 or call is None or call.args or not isinstance(call.func, libcst.Attribute) or call.func.attr.value != "delete":
        return None
    return _on_queryset(node, "delete") if isinstance(call.func.value, libcst.Name) and call.func.value.value == target.value else None


def _saved(node: libcst.For, body: libcst.IndentedBlock, target: libcst.Name) -> libcst.BaseExpression | None:
    """``rows.update(name=value)`` where each row gets the same values, which nothing computes."""
    import libcst

    call, made = _only_call(body), _on_queryset(node, "update")
    if made is None or call is None or not isinstance(call.func, libcst.Attribute) or call.func.attr.value != "save" or len(body.body) < 2:
        return None
    if not isinstance(call.func.value, libcst.Name) or call.func.value.value != target.value or any(_keyword(one) != "update_fields" for one in call.args):
        return None
    given: list[libcst.Arg] = []
    for line in body.body[:-1]:
        small = line.body[0] if isinstance(line, libcst.SimpleStatementLine) and len(line.body) == 1 else None
        if not isinstance(small, libcst.Assign) or len(small.targets) != 1 or not isinstance(small.value, _plain()):
            return None
        if _mentions(small.value, target.value):
            return None
        name = small.targets[0].target
        if not isinstance(name, libcst.Attribute) or not isinstance(name.value, libcst.Name) or name.value.value != target.value:
            return None
        given.append(libcst.Arg(small.value, name.attr, equal=_tight()))
    if call.args and not _names_all(call.args[0].value, {one.keyword.value for one in given if one.keyword is not None}):
        return None
    return made.with_changes(args=given)


def _names_all(fields: libcst.BaseExpression, given: set[str]) -> bool:
    """Whether ``update_fields`` names what is given, and nothing else."""
    import libcst

    elements = fields.elements if isinstance(fields, libcst.List | libcst.Tuple | libcst.Set) else ()
    return {one.value.evaluated_value for one in elements if isinstance(one.value, libcst.SimpleString)} == given


def _updated(node: libcst.For, body: libcst.IndentedBlock, target: libcst.Name) -> libcst.BaseExpression | None:
    """``Model.objects.filter(pk__in=keys).update(...)`` for the same values by one key after the other."""
    import libcst

    call = _only_call(body)
    if len(body.body) != 1 or call is None or not isinstance(call.func, libcst.Attribute) or call.func.attr.value != "update":
        return None
    rows = call.func.value
    if not isinstance(rows, libcst.Call) or not isinstance(rows.func, libcst.Attribute) or rows.func.attr.value != "filter" or len(rows.args) != 1:
        return None
    (only,) = rows.args
    if _keyword(only) not in ("pk", "id") or not isinstance(only.value, libcst.Name) or only.value.value != target.value:
        return None
    manager = rows.func.value
    if not isinstance(manager, libcst.Attribute) or manager.attr.value != "objects" or not isinstance(node.iter, libcst.Name | libcst.Attribute):
        return None
    if any(one.keyword is None or not isinstance(one.value, _plain()) or _mentions(one.value, target.value) for one in call.args):
        return None
    keys = only.with_changes(keyword=libcst.Name(f"{_keyword(only)}__in"), value=node.iter)
    return call.with_changes(func=call.func.with_changes(value=rows.with_changes(args=[keys])))


def _keyword(argument: libcst.Arg) -> str:
    return argument.keyword.value if argument.keyword is not None else ""


def _tight() -> libcst.AssignEqual:
    import libcst

    return libcst.AssignEqual(libcst.SimpleWhitespace(""), libcst.SimpleWhitespace(""))


def _plain() -> tuple[type[libcst.CSTNode], ...]:
    """What is the same for every row: nothing is called for it."""
    import libcst

    return (libcst.Name, libcst.Attribute, libcst.SimpleString, libcst.Integer, libcst.Float)
