"""Which changes MySQL 8 cannot make online: it copies the table while writers wait. Source: "Online DDL Operations" of its manual."""

from __future__ import annotations

from backend_lint.duration import digits
from backend_lint.facts import ddl
from backend_lint.facts.act import Act, ActKind
from backend_lint.facts.schema import Implicit
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.catalog import Catalog

_LENGTH = lazy_regex(r"varchar\((\d+)\)")
_ONE_BYTE = 63
"""Characters of four bytes whose length fits into one byte; a longer column needs two, and a copy."""


def copies(change: ddl.Change | Act, catalog: Catalog) -> list[tuple[str, bool, str]]:
    """Tables whose writers wait for a change: name, whether it is copied, and why."""
    if isinstance(change, Act):
        return [(change.table, True, f"{change.name} copies the table")] if change.kind is ActKind.REWRITE else []
    if isinstance(change, ddl.AlterColumn):
        table = catalog.find(change.table)
        old = table.column(change.name) if table is not None else None
        new = change.type or (change.column.type if change.column is not None else "")
        if old is not None and old.type and new and old.type != new and not _grows(old.type, new):
            return [(change.table, True, f"{old.type} becomes {new}")]
    elif isinstance(change, ddl.AddForeignKey):
        return [(change.table, True, "the table is copied while its rows are checked")] if not change.inline else []
    elif isinstance(change, ddl.SetPrimaryKey) and not change.columns:
        return [(change.table, True, "the table is copied without its key")]
    elif isinstance(change, ddl.AddIndex) and change.index.method in ("fulltext", "spatial") and change.index.implicit is Implicit.NO:
        return [(change.table, False, f"a {change.index.method} index is built")]
    return []


def _grows(old: str, new: str) -> bool:
    """A longer varchar on the same side of the limit is changed in the dictionary alone."""
    one, other = _LENGTH.fullmatch(old), _LENGTH.fullmatch(new)
    if one is None or other is None:
        return False
    before, after = digits(one.group(1)), digits(other.group(1))
    return before is not None and after is not None and before <= after and (before <= _ONE_BYTE) == (after <= _ONE_BYTE)
