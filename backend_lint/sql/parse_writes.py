"""INSERT, UPDATE, DELETE and MERGE. Relation 0 is the table that is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from backend_lint.facts.query import Query, Relation, Rows, Verb
from backend_lint.sql.expressions import name_of
from backend_lint.sql.parameters import is_marked
from backend_lint.sql.parse_grammar import NotParsedError
from backend_lint.sql.parse_scope import Draft, Frame, Source
from backend_lint.sql.parse_sources import table_name

if TYPE_CHECKING:
    from backend_lint.sql.parse_query import Builder


def _insert(builder: Builder, node: Any, draft: Draft, frame: Frame) -> Query:
    target = node.this
    columns: list[str] = []
    if type(target).__name__ == "Schema":
        columns = [name_of(one) for one in target.expressions if type(one).__name__ == "Identifier"]
        target = target.this
    if type(target).__name__ != "Table":
        raise NotParsedError("an insert into something that is no table")
    _target(target, draft, frame)
    source = node.args.get("expression")
    if source is not None and type(source).__name__ not in ("Values", "Tuple", "Column"):
        number = builder.attach(builder.query(source, frame.outer), draft)
        if number < 0:
            draft.note("the rows that are inserted")
    conflict = node.args.get("conflict")
    upsert = conflict is not None or any(node.args.get(name) for name in ("overwrite", "alternative", "ignore"))
    keys: list[str] = []
    if conflict is not None:
        for key in conflict.args.get("conflict_keys") or ():
            inner = key.this if type(key).__name__ == "Ordered" else key
            while type(inner).__name__ in ("Tuple", "Paren"):
                inner = inner.expressions[0] if type(inner).__name__ == "Tuple" else inner.this
            if type(inner).__name__ in ("Column", "Identifier"):
                keys.append(name_of(inner.this if type(inner).__name__ == "Column" else inner))
    known = [name for name in columns if not is_marked(name)]
    written = tuple(known) if len(known) == len(columns) else ()
    return Query(Verb.UPSERT if upsert else Verb.INSERT, tuple(draft.relations), written=written, conflict=tuple(keys), rows=_returned(node))


def _update(builder: Builder, node: Any, draft: Draft, frame: Frame) -> Query:
    target = node.this
    if type(target).__name__ != "Table":
        raise NotParsedError("an update of something that is no table")
    _target(target, draft, frame)
    for join in target.args.get("joins") or ():
        builder.sources.join(join, frame)
    builder.sources.read(node, frame)
    written: list[str] = []
    for one in node.expressions:
        if type(one).__name__ not in ("EQ", "PropertyEQ"):
            continue
        left: Any = one.this
        names = left.expressions if type(left).__name__ == "Tuple" else [left]
        written += [name_of(name.this) for name in names if type(name).__name__ == "Column" and not is_marked(name_of(name.this))]
        builder.term(one.expression, frame)
    where = builder.where(node, frame)
    limit, _ = builder.limit(node, frame)
    return Query(Verb.UPDATE, tuple(draft.relations), where, limit=limit, written=tuple(dict.fromkeys(written)), rows=_returned(node))


def _delete(builder: Builder, node: Any, draft: Draft, frame: Frame) -> Query:
    target = node.this
    if type(target).__name__ != "Table":
        raise NotParsedError("a delete from something that is no table")
    _target(target, draft, frame)
    for join in target.args.get("joins") or ():
        builder.sources.join(join, frame)
    using = node.args.get("using")
    for one in using if isinstance(using, list) else ():
        builder.sources.add(one, "", None, frame)
        for join in one.args.get("joins") or () if type(one).__name__ != "Table" else ():
            builder.sources.join(join, frame)
    named = [name_of(one.this) for one in node.args.get("tables") or () if type(one).__name__ == "Table"]
    if named and named != [frame.sources[0].name]:
        draft.note("rows of another table are deleted")
    where = builder.where(node, frame)
    limit, _ = builder.limit(node, frame)
    return Query(Verb.DELETE, tuple(draft.relations), where, limit=limit, rows=_returned(node))


def _merge(builder: Builder, node: Any, draft: Draft, frame: Frame) -> Query:
    target, using = node.this, node.args.get("using")
    if type(target).__name__ != "Table" or using is None:
        raise NotParsedError("a merge into something that is no table")
    _target(target, draft, frame)
    builder.sources.add(using, "inner", None, frame)
    on = node.args.get("on")
    if on is not None and (found := builder.predicates.read(on, frame)) is not None:
        draft.conditions.append(found)
    return Query(Verb.UPSERT, tuple(draft.relations), builder.where(node, frame), rows=Rows.NONE)


def _target(node: Any, draft: Draft, frame: Frame) -> None:
    table = table_name(node)
    if not table:
        draft.note("a table is named at run time")
    alias = node.args.get("alias")
    name = name_of(alias.this) if alias is not None and alias.args.get("this") is not None else ""
    draft.relations.append(Relation(table, name))
    frame.sources.append(Source(name or name_of(node.this), 0))


def _returned(node: Any) -> Rows:
    return Rows.UNKNOWN if node.args.get("returning") is not None else Rows.NONE


WRITERS: dict[str, Callable[[Builder, Any, Draft, Frame], Query]] = {"Insert": _insert, "Update": _update, "Delete": _delete, "Merge": _merge}
