"""Names that Django gives to indexes and constraints. Source: ``django.db.backends.utils`` and ``BaseDatabaseSchemaEditor._create_index_name``."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from backend_lint.facts.schema import Dialect

_LONGEST = {Dialect.POSTGRESQL: 63, Dialect.MYSQL: 64, Dialect.ORACLE: 30, Dialect.MSSQL: 128}
_WITHOUT_LIMIT = 200


def longest(dialect: Dialect) -> int:
    """How long a name may be; 0 for no limit."""
    return _LONGEST.get(dialect, 0)


def digest(*parts: str, length: int) -> str:
    """The first `length` signs of the hash of some names."""
    hashed = hashlib.md5(usedforsecurity=False)
    for part in parts:
        hashed.update(part.encode())
    return hashed.hexdigest()[:length]


def truncated(name: str, length: int) -> str:
    """A name cut to `length` signs with a hash at its end; 0 leaves it.

    >>> len(truncated("x" * 80, 63))
    63
    """
    if not length or len(name) <= length:
        return name
    schema, dot, bare = name.rpartition('"."')
    short = f"{bare[: length - 4]}{digest(bare, length=4)}"
    return f"{schema}{dot}{short}"


def index_name(table: str, columns: Sequence[str], suffix: str, dialect: Dialect) -> str:
    """What the schema editor calls an index or constraint that has no name.

    >>> index_name("shop_order", ["customer_id"], "", Dialect.POSTGRESQL)
    'shop_order_customer_id_f638df20'
    """
    most = longest(dialect) or _WITHOUT_LIMIT
    table = table.rpartition(".")[2]
    end = f"{digest(table, *columns, length=8)}{suffix}"
    joined = "_".join(columns)
    name = f"{table}_{joined}_{end}"
    if len(name) <= most:
        return name
    if len(end) > most / 3:
        end = end[: most // 3]
    each = (most - len(end)) // 2 - 1
    name = f"{table[:each]}_{joined[:each]}_{end}"
    return f"D{name[:-1]}" if name[0] == "_" or name[0].isdigit() else name


def model_index_name(table: str, columns: Sequence[tuple[str, bool]], suffix: str) -> str:
    """What ``Index.set_name_with_model`` calls an index of ``Meta.indexes``; `columns` with whether they descend."""
    table = table.rpartition(".")[2]
    shown = [f"-{column}" if descending else column for column, descending in columns]
    name = f"{table[:11]}_{columns[0][0][:7]}_{digest(table, *shown, suffix, length=6)}_{suffix}"
    return f"D{name[1:]}" if name[0] == "_" or name[0].isdigit() else name
