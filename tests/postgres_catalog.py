"""What a real PostgreSQL says of its tables, and the same of ours, in one form that can be compared.

    differences(theirs(connection), ours(catalog.tables.values()))   # [] or lines to read
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from backend_lint.facts.schema import Dialect, Implicit, Index, Table, TableKind
from backend_lint.sql.ddl_expressions import condition, expression
from backend_lint.sql.types import canonical_type

Form = dict[str, dict[str, Any]]

_TABLES = """
SELECT c.oid, n.nspname, c.relname, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg_temp%'
AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""
_COLUMNS = """
SELECT a.attname,
  format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END),
  a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_INDEXES = """
SELECT i.indexrelid, c.relname, i.indisunique, i.indisprimary, am.amname, pg_get_expr(i.indpred, i.indrelid), i.indnullsnotdistinct, con.contype::text,
  coalesce(con.condeferrable, false), i.indnkeyatts, i.indnatts
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_constraint con ON con.conindid = i.indexrelid AND con.contype IN ('p', 'u', 'x') WHERE i.indrelid = %s
"""
_KEYS = """
SELECT a.attname, pg_get_indexdef(%(index)s, k.n, true), k.option, CASE WHEN op.opcdefault THEN '' ELSE op.opcname END,
  CASE WHEN i.indcollation[k.n - 1] IN (0, coalesce(a.attcollation, 100), 100) THEN '' ELSE coll.collname END, i.indkey[k.n - 1]
FROM pg_index i CROSS JOIN LATERAL (SELECT n, i.indoption[n - 1] AS option FROM generate_series(1, i.indnatts) n) k
LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n - 1] AND a.attnum > 0
LEFT JOIN pg_opclass op ON k.n <= i.indnkeyatts AND op.oid = i.indclass[k.n - 1]
LEFT JOIN pg_collation coll ON k.n <= i.indnkeyatts AND coll.oid = i.indcollation[k.n - 1]
WHERE i.indexrelid = %(index)s ORDER BY k.n
"""
_CONSTRAINTS = """
SELECT con.conname, con.contype::text, ft.relname, fn.nspname, con.confdeltype::text,
  (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(con.conkey) WITH ORDINALITY k(num, n)
    JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.num),
  (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(con.confkey) WITH ORDINALITY k(num, n)
    JOIN pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.num)
FROM pg_constraint con LEFT JOIN pg_class ft ON ft.oid = con.confrelid LEFT JOIN pg_namespace fn ON fn.oid = ft.relnamespace
WHERE con.conrelid = %s AND con.contype IN ('f', 'c')
"""
_ANY = re.compile(r"= any\(array\[(.*?)\]\)")
_TYPED = re.compile(r"('(?:[^']|'')*')::\w+")
_ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}


def theirs(connection: Any) -> Form:
    """All tables and views of a database."""
    return {_qualified(schema, name): _table(connection, oid, kind) for oid, schema, name, kind in connection.execute(_TABLES).fetchall()}


def _qualified(schema: str, name: str) -> str:
    return name if schema == "public" else f"{schema}.{name}"


def _table(connection: Any, oid: int, kind: str) -> dict[str, Any]:
    columns = connection.execute(_COLUMNS, (oid,)).fetchall()
    constraints = connection.execute(_CONSTRAINTS, (oid,)).fetchall()
    indexes = [_index(connection, row) for row in connection.execute(_INDEXES, (oid,)).fetchall()]
    return {
        "kind": {"r": "table", "p": "table", "m": "materialized view", "v": "view"}[kind],
        "columns": {
            name: (canonical_type(type_), not not_null, _has_default(default, generated), _auto(default, identity))
            for name, type_, not_null, default, identity, generated in columns
        },
        "indexes": {index["name"]: index for index in indexes},
        "foreign keys": {
            name: (tuple(own), _qualified(schema, table), tuple(far), _ACTIONS[action])
            for name, type_, table, schema, action, own, far in constraints
            if type_ == "f"
        },
        "checks": sorted(name for name, type_, *_ in constraints if type_ == "c"),
    }


def _has_default(default: str | None, generated: str) -> bool:
    return default is not None and not generated and not default.startswith(("nextval(", "NULL::"))


def _auto(default: str | None, identity: str) -> bool:
    return bool(identity) or (default is not None and default.startswith("nextval("))


def _index(connection: Any, row: Any) -> dict[str, Any]:
    oid, name, unique, primary, method, where, not_distinct, constraint, deferrable, key_count, _ = row
    keys, include = [], []
    for number, (column, definition, option, opclass, collation, _) in enumerate(connection.execute(_KEYS, {"index": oid}).fetchall()):
        if number >= key_count:
            include.append(column)
            continue
        descending = bool(option & 1)
        first = bool(option & 2)
        what = column if column else expression(definition, Dialect.POSTGRESQL).text
        ordered = method == "btree"
        keys.append((what, ordered and descending, first if ordered and first != descending else None, opclass or "", collation or ""))
    kind = Implicit.PRIMARY_KEY if primary else {"u": Implicit.UNIQUE, "x": Implicit.EXCLUSION}.get(constraint or "", Implicit.NO)
    return {
        "name": name,
        "keys": keys,
        "unique": unique,
        "where": _as_in(condition(where, Dialect.POSTGRESQL).text) if where else "",
        "include": tuple(include),
        "method": method,
        "implicit": kind.value,
        "deferrable": deferrable,
        "nulls distinct": not not_distinct,
    }


def _as_in(text: str) -> str:
    """The server writes ``IN`` as an array, and constants with the type of the column."""
    return _TYPED.sub(r"\1", _ANY.sub(r"in (\1)", text))


def ours(tables: Iterable[Table]) -> Form:
    """The same of our tables."""
    return {table.name: _of(table) for table in tables}


def _of(table: Table) -> dict[str, Any]:
    return {
        "kind": "table" if table.kind is TableKind.PARTITION else table.kind.value,
        "columns": {
            column.name: (column.type, column.nullable, column.default is not None and not column.generated and not column.auto, column.auto)
            for column in table.columns
        },
        "indexes": {index.name: _of_index(index) for index in table.indexes},
        "foreign keys": {key.name: (key.columns, key.table, key.to_columns, key.on_delete) for key in table.foreign_keys},
        "checks": [],
    }


def _of_index(index: Index) -> dict[str, Any]:
    return {
        "name": index.name,
        "keys": [(key.column or key.expression, key.descending, key.nulls_first, key.opclass, key.collation) for key in index.keys],
        "unique": index.unique,
        "where": index.where_text,
        "include": index.include,
        "method": index.method,
        "implicit": index.implicit.value,
        "deferrable": index.deferrable,
        "nulls distinct": index.nulls_distinct,
    }


def differences(server: Form, catalog: Form, types_of_views: bool = False) -> list[str]:
    """What differs, one line each. Columns of views have no known types; explicit operator classes that are the default are the server's business."""
    found: list[str] = []
    for name in sorted(server.keys() | catalog.keys()):
        if name not in server or name not in catalog:
            found.append(f"{name}: only {'here' if name in catalog else 'there'}")
            continue
        there, here = server[name], catalog[name]
        for part in ("kind", "columns", "foreign keys", "checks"):
            left, right = there[part], here[part]
            if part == "columns" and there["kind"] != "table" and not types_of_views:
                left, right = list(left), list(right)
            if part == "foreign keys":
                left, right = dict(sorted(left.items())), dict(sorted(right.items()))
            if isinstance(left, dict) and list(left) == list(right):
                found += (f"{name}: {part} {key}\n    there {left[key]}\n    here  {right[key]}" for key in left if left[key] != right[key])
            elif left != right or list(left) != list(right):
                found.append(f"{name}: {part}\n    there {left}\n    here  {right}")
        for index in sorted(there["indexes"].keys() | here["indexes"].keys()):
            left, right = there["indexes"].get(index), here["indexes"].get(index)
            if left is not None and right is not None:
                right = {**right, "keys": [_plain(mine, other) for mine, other in zip(right["keys"], left["keys"], strict=False)]}
            if left != right:
                found.append(f"{name}: index {index}\n    there {left}\n    here  {right}")
    return found


def _plain(mine: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    what, descending, first, opclass, collation = mine
    return what, descending, first, opclass if other[3] else "", collation if other[4] else ""
