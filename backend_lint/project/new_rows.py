"""What is known of a row that code is about to insert: whether anybody else can have it yet, and what is the same in all such rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.python import Attribute, BlockKind, Body, Call
from backend_lint.project.blocks import around
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import Framework
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.facts.schema import Table
    from backend_lint.project import Project

_GET_OR_CREATE = frozenset({"get_or_create", "update_or_create", "aget_or_create", "aupdate_or_create"})
_FARTHEST = 60
_FRESH = frozenset({"create", "acreate", "uuid1", "uuid4", "uuid7", "token_hex", "token_urlsafe", "get_random_string"})
_NEW = ("create_", "acreate_", "post_", "new_")
"""Beginnings of names of calls that make something elsewhere, by which it is known from then on."""
_WRITES_OUT = frozenset({"str", "format", "reverse", "urljoin", "build_absolute_uri", "get_absolute_url", "hex", "join"})
"""Calls whose result is different for each value that they are given."""
_TEXTS = ("CharField", "TextField", "SlugField", "EmailField", "URLField")


def is_fresh(body: Body, call: Call) -> bool:
    """A value that it looks for was made just before: of a row that is new, or at random. Nobody else can look for it yet."""
    waiting = [value for name, value in call.keywords if name not in ("defaults", "create_defaults")]
    if any(_is_made_here(body, call.block, value) for value in waiting):
        return True
    for _ in range(_FARTHEST):
        if not waiting:
            return False
        for number in call_ids(waiting.pop()):
            made = body.calls[number] if number < len(body.calls) else None
            name = made.callee.rpartition(".")[2] if made is not None else ""
            if name in _FRESH or name.startswith(_NEW):
                return True
            if made is not None and name in _WRITES_OUT:
                waiting += [made.callee, *made.args, *(value for _, value in made.keywords)]
    return False


def _is_made_here(body: Body, block: int, value: str) -> bool:
    """The row of another ``get_or_create``, behind a test that it is new: ``if created:``."""
    number = value[1:].partition("[")[0] if value[:1] == "#" and value.partition(".")[0].endswith("[0]") else ""
    if not number.isdigit() or body.calls[int(number)].callee.rpartition(".")[2] not in _GET_OR_CREATE:
        return False
    tests = (found.subject for _, found in around(body, block) if found.kind is BlockKind.IF)
    return any(f"#{number}[1]" in test and f"(not #{number}[1])" not in test and " or " not in test for test in tests)


def lacks_parent(project: Project, table: Table, call: Call, columns: tuple[str, ...]) -> bool:
    """Nothing gives a new row a parent that it needs: the database refuses each insert, and the call only ever finds."""
    mapped = project.places.model(table.name)
    given = [value for name, value in call.keywords if name in ("defaults", "create_defaults", "**")]
    ref = Ref(RefKind.CLASS, mapped.name, *mapped.key) if mapped is not None else None
    if mapped is None or ref is None or any(value[:1] != "{" for value in given) or project.resolver.classes.find(ref, "save") is not None:
        return False
    for one in mapped.relationships.values():
        column = table.column(one.columns[0]) if len(one.columns) == 1 and not (one.many or one.reverse or one.generic) else None
        needed = column is not None and column.nullable is False and column.default is None and column.name not in columns
        if needed and not any(f"'{name}'" in value for name in (one.name, one.columns[0]) for value in given):
            member = project.resolver.classes.find(ref, one.name)
            made = member[1].value if member is not None and isinstance(member[1], Attribute) else ""
            if member is not None and isinstance(member[1], Attribute) and made[:1] == "#" and made[1:].isdigit():
                keywords = project.modules[member[0].path].bodies[member[1].function].calls[int(made[1:])].keywords
                if not {"default", "db_default"} & dict(keywords).keys():
                    return True
    return False


def settled_columns(project: Project, table: Table, call: Call) -> Iterator[str]:
    """Columns for which the model has a constant default, and the call no other value; a text without a default is empty."""
    mapped = project.places.model(table.name)
    if mapped is None or mapped.framework is not Framework.DJANGO or any(name == "**" for name, _ in call.keywords):
        return
    made = call.callee.rpartition(".")[2] not in _GET_OR_CREATE
    given = [f"'{name}'" if made else value for name, value in call.keywords if made or name in ("defaults", "create_defaults")]
    ref = Ref(RefKind.CLASS, mapped.name, *mapped.key)
    save = project.resolver.classes.find(ref, "save")
    body = project.modules[save[0].path].bodies[save[1]] if save is not None and isinstance(save[1], int) else None
    filled = {one.target.removeprefix("%self.") for one in body.assigns} if body is not None else set()
    for field in mapped.fields.values():
        if field.name in filled:
            continue
        member = project.resolver.classes.find(ref, field.name)
        if member is None or not isinstance(member[1], Attribute) or member[1].value[:1] != "#" or not member[1].value[1:].isdigit():
            continue
        field_call = project.modules[member[0].path].bodies[member[1].function].calls[int(member[1].value[1:])]
        keywords = dict(field_call.keywords)
        empty = "''" if field_call.callee.endswith(_TEXTS) and keywords.get("null", "False") == "False" else ""
        default = keywords.get("default", empty)
        if default and default[:1] in "'\"TF0123456789" and not any(f"'{field.name}'" in value for value in given):
            yield field.column
