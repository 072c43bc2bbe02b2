"""What keeps a race from losing a change: an expression that the database computes, or a lock, in the words of the framework and for that very place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backend_lint.facts.python import Assign
from backend_lint.facts.schema import Dialect
from backend_lint.project.schema.mapping import Field, Framework
from backend_lint.project.transactions.indexed import Indexed
from backend_lint.project.transactions.overwrites import fields_to_save
from backend_lint.project.transactions.rows import Origin, Row, written_fields
from backend_lint.project.value_text import alternatives

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.transactions.races import Race

_NUMBERS = ("IntegerField", "FloatField", "DecimalField")
_SQL_NUMBERS = ("int", "float", "Decimal", "Integer", "Numeric", "Float", "INTEGER", "BIGINT", "NUMERIC")


def owns(assign: Assign) -> list[str]:
    """The texts that stand for what is assigned to."""
    base, _, name = assign.target.rpartition(".")
    return [assign.target, *(f"{option}.{name}" for option in alternatives(base) if option != base)]


def is_computable(indexed: Indexed, assign: Assign, row: Row, field: Field) -> bool:
    """The database can compute it in one step: ``x.n += a``, or ``x.n = x.n + a``, and what stood there before decides nothing else.

    Nor may anybody read it of Django's row afterwards, here or where that is handed on: it would be an expression, not a number. SQLAlchemy loads it anew.
    """
    own = owns(assign)
    django = row.model.framework is Framework.DJANGO
    if (django and row.origin is not Origin.LOADED) or not field.kind.endswith(_NUMBERS if django else _SQL_NUMBERS):
        return False
    if not assign.augmented and not any(_adds_to(assign.value, one) for one in own):
        return False
    if any(one in indexed.asked or indexed.last_read.get(one, 0) > assign.line for one in own):
        return False
    return not django or indexed.handed.isdisjoint(alternatives(assign.target.rpartition(".")[0]))


def _adds_to(value: str, own: str) -> bool:
    """``(own + rest)``, and `own` does not stand in the rest."""
    return value.startswith(f"({own}") and value.count(own) == 1 and re.match(r"[+\-*][^*]", value[len(own) + 1 :]) is not None


def advice(project: Project, race: Race) -> tuple[str, str]:
    """What to do, and how the new value is written; the latter is empty if the database cannot compute it."""
    lock, row = _lock(project, race), race.row
    if not race.mendable:
        return lock, ""
    if row.model.framework is not Framework.DJANGO:
        written = f"{row.model.name}.{race.field.name} + ..."
        return f"let the database compute it, {written}" + (f", or {lock}" if project.schema.dialect is not Dialect.SQLITE else ""), written
    narrow = ""
    if race.save is not None and written_fields(race.save) is None:
        names = fields_to_save(project, race.key, row)
        narrow = f" and save(update_fields=[{', '.join(repr(name) for name in names)}])" if names else ", with save(update_fields=...)"
    return f"add with F() in the database{narrow}" + (f", or {lock}" if not lock.startswith("let ") else ""), f"F('{race.field.name}')"


def _lock(project: Project, race: Race) -> str:
    loaded = race.row.loaded if race.holder is None and race.row.is_whole else None
    what = "load the row" if loaded is not None else "read the row again"
    if project.schema.dialect is Dialect.SQLITE and (project.schema.dialect_known or race.row.model.framework is not Framework.DJANGO):
        return "let one UPDATE compute it"  # which locks no rows
    if race.row.model.framework is not Framework.DJANGO:
        return f"{what} with with_for_update()"
    is_open = project.transactions.reach.is_always_open(race.key, loaded.block if loaded is not None else 0)
    return f"{what} with select_for_update(){'' if is_open else ' inside transaction.atomic()'}"
