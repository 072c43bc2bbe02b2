"""Which values of a function are rows that it writes, or come from one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import Body, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.libraries import Effect
from backend_lint.project.references import RefKind
from backend_lint.project.transactions.reach import Inside
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project

_MAKES = frozenset(
    "create acreate get_or_create aget_or_create update_or_create aupdate_or_create bulk_create abulk_create create_user create_superuser".split()
)
_SAVES = frozenset("save asave delete adelete full_clean_and_save".split())
_ADDS = frozenset({"add", "merge", "delete", "refresh"})
_READ = lazy_regex(r"(?:\.\w+)?")
_VALUE = lazy_regex(r"([%#]\w+(?:\[\w*\])?)((?:\.\w+)*)")
_INPUT = (".cleaned_data", ".validated_data", ".data", ".initial_data", ".errors")
"""What a form or serializer was given, which is not the row."""
_HANDED = frozenset({"self", "instance", "obj", "serializer", "form"})
_SAVING = frozenset({"save", "delete", "save_model", "delete_model", "perform_create", "perform_update"})
_WRITES = (
    _MAKES | _SAVES | (_ADDS - {"refresh"}) | frozenset("update aupdate bulk_update abulk_update set remove clear flush add_all execute executemany".split())
)


MAKES = tuple(f".{name}" for name in _MAKES)


def rows_written(body: Body) -> frozenset[str]:
    """The values that a function saves, makes or hands to a session: ``#3``, ``%self``."""
    found: set[str] = set()
    for number, call in enumerate(body.calls):
        base, _, method = call.callee.rpartition(".")
        if method in _MAKES and base:
            found.add(f"#{number}[0]" if method.endswith("_or_create") else f"#{number}")
        elif method in _SAVES and base:
            found.add(base)
            if base.endswith(("serializer", "form")) or base[:1] == "#":
                found.add(f"#{number}")
        elif method in _ADDS and base and len(call.args) == 1:
            found.add(call.args[0])
    return frozenset(found)


class Given(NamedTuple):
    """Function `key` writes the row `row`, and the argument `text` of a call comes from it."""

    key: FunctionKey
    row: str
    text: str


def is_written(text: str, rows: frozenset[str]) -> str | None:
    """The one of these rows that a value is, or is read of: ``#3.pk``, not ``#3.user.pk``, which is another row's; None if it is of none."""
    for row in rows:
        if text == row or (text.startswith(row) and _READ.fullmatch(text, len(row)) is not None and not text.endswith(_INPUT)):
            return row
    for match in _VALUE.finditer(text):
        if match.group(1) in rows and match.group(2).count(".") < 2 and match.group(2) not in _INPUT:
            return match.group(1)
    return None


def given_written(project: Project, key: FunctionKey, call: Call, inside: Inside) -> Given | None:
    """The row that is written in the transaction and of which an argument of a call comes, or what the call puts together of them; None if there is none."""
    body = project.calls.body(key)
    texts = list(_arguments(body, call))
    rows = project.transactions.rows_written(key)
    head = project.calls.head(key)
    if (head.owner >= 0 and head.name.rpartition(".")[2] in _SAVING) or not inside.way:
        names = {parameter.name for parameter in head.parameters if parameter.name in _HANDED}
        if inside.scope.block or project.transactions.rows.row(key, "%self") is None:
            names.discard("self")  # a view, not a row
        rows |= {f"%{name}" for name in names}
    for text in texts:
        if (row := is_written(text, rows)) is not None:
            return Given(key, row, text)
    if not inside.way:
        return None
    step = inside.way[-1]
    rows = project.transactions.rows_written(step.function)
    if step.edge.target.receiver is not None and (text := next((text for text in texts if "%self" in text), "")):
        receiver = step.edge.call.callee.rpartition(".")[0]
        if receiver and (row := is_written(receiver, rows)) is not None:
            return Given(step.function, row, text)
    for name, handed in _passed(project, inside):
        own = next((own for own in texts if f"%{name}" in own), None)
        if own is not None and (row := is_written(handed, rows)) is not None:
            return Given(step.function, row, own)
    return None


def _passed(project: Project, inside: Inside) -> Iterator[tuple[str, str]]:
    from backend_lint.project.held_sessions import passed

    edge = inside.way[-1].edge
    if edge.target.kind is RefKind.FUNCTION:
        yield from passed(project, edge)


def _arguments(body: Body, call: Call, depth: int = 0) -> Iterator[str]:
    """The arguments of a call; of one that is made of others theirs too, and those of the signature that is sent."""
    receiver = call.callee.rpartition(".")[0]
    texts = [*call.args, *(text for _, text in call.keywords), *([receiver] if "#" in receiver else [])]
    for text in texts:
        yield text
        if depth < 3:
            for number in call_ids(text):
                if number < len(body.calls):
                    yield from _arguments(body, body.calls[number], depth + 1)


def writes_inside(project: Project, key: FunctionKey, blocks: frozenset[int] | None = None) -> bool:
    """Whether a function, or its blocks `blocks`, write to the database, as far as can be seen."""
    calls = project.calls
    body = calls.body(key)
    for edge in calls.edges(key):
        if blocks is not None and edge.call.block not in blocks:
            continue
        if edge.target.is_external:
            if calls.effect(edge.target) & Effect.DATABASE_WRITE:
                return True
        elif edge.target.kind is RefKind.FUNCTION and calls.summary(edge.target.function) & Effect.DATABASE_WRITE:
            return True
    return any(is_write_by_name(project, key, call, _WRITES) for call in body.calls if blocks is None or call.block in blocks)


def is_write_by_name(project: Project, key: FunctionKey, call: Call, names: frozenset[str]) -> bool:
    """A method has one of the names, and is not known to be another's: a cache has ``set`` as well, a file storage ``save``."""
    receiver, _, method = call.callee.rpartition(".")
    if method not in names or not receiver:
        return False
    target = project.value(*key, call.callee)
    known = project.calls.effect(target) if target is not None and target.is_external else Effect.NONE
    return not known or bool(known & Effect.DATABASE)
