"""Writes that migrations put together with SQLAlchemy: ``sa.update(orders).values(...)``, ``orders.delete().where(...)``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backend_lint.facts.act import Act, ActKind
from backend_lint.facts.python import Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.schema.sqlalchemy_values import Frame
from backend_lint.project.value_text import parse

if TYPE_CHECKING:
    from backend_lint.project.schema.alembic import Migrations

_LIBRARY = ("sa", "sqlalchemy", "sql", "")
_LONGEST = 30
"""Calls of one chain."""
_NULLS = lazy_regex(r"(?:\.is_(?:not)?|\.isnot)\(None\)|(?:==|!=| is | is not )None|\bnull\(\)")
_EXECUTES = frozenset({"execute", "exec_driver_sql", "executescript"})
_WRAPPER = lazy_regex(r"(?:exec|execute|run)_(?:\w*_)?(?:sql|ddl|statement|script|query)(?:_\w+)?", re.I)
"""``session.execute_sql(text)``, ``db.run_ddl(text)``: a project's own name for it."""


def executes(name: str) -> bool:
    """Whether a function of this name runs the statement that it is given."""
    return name in _EXECUTES or is_wrapper(name)


def is_wrapper(name: str) -> bool:
    """Whether it is a project's own function that does so, by its name."""
    return name.startswith(("exec", "run_")) and name not in _EXECUTES and _WRAPPER.fullmatch(name) is not None


def written_by(migrations: Migrations, frame: Frame, text: str) -> Act | None:
    """The write of a chain of calls that a text names; None if it is none, or of a table that is not known."""
    if not text.startswith("#") or not text[1:].isdigit():
        return None
    calls = migrations.project.modules[frame.path].bodies[frame.function].calls
    chain = _chain(calls[int(text[1:])], calls)
    for call in chain:
        receiver, _, method = call.callee.rpartition(".")
        if method not in ("update", "delete"):
            continue
        subject = call.args[0] if call.args and receiver in _LIBRARY else receiver
        table = migrations.table_name(migrations.values.evaluate(frame, subject)) if subject else ""
        if not table:
            return None
        where = [one for part in chain if part.callee.endswith((".where", ".filter", ".filter_by")) for one in _conditions(part, calls)]
        kind = ActKind.UPDATE if method == "update" else ActKind.DELETE
        selective = any(not _NULLS.search(one) for one in where)
        columns = tuple(name for one in chain if one.callee.endswith(".values") for name, _ in one.keywords)
        return Act(kind, table, bounded=any(".id" in one or ".pk" in one for one in where), selective=selective, columns=columns)
    return None


def _chain(call: Call, calls: tuple[Call, ...]) -> list[Call]:
    """A call and those that its receiver is made of, the last first."""
    found = [call]
    while len(found) < _LONGEST:
        parsed = parse(found[-1].callee)
        if parsed is None or not parsed.root.startswith("#") or not parsed.root[1:].isdigit():
            return found
        found.append(calls[int(parsed.root[1:])])
    return found


def _conditions(call: Call, calls: tuple[Call, ...]) -> list[str]:
    """The texts of a condition, with the calls that they name written out."""
    found = []
    for text in call.args:
        parsed = parse(text)
        inner = calls[int(parsed.root[1:])] if parsed is not None and parsed.root.startswith("#") and parsed.root[1:].isdigit() else None
        found.append(f"{inner.callee}({','.join(inner.args)})" if inner is not None else text)
    return found + [name for name, _ in call.keywords]
