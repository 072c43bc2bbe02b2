"""Operator classes of PostgreSQL: which one an index uses where none is named."""

from __future__ import annotations

_OF_TYPE = {
    "array_ops": ("[]",),
    "bit_ops": ("bit",),
    "bool_ops": ("boolean",),
    "bpchar_ops": ("char",),
    "bytea_ops": ("bytea",),
    "citext_ops": ("citext",),
    "date_ops": ("date",),
    "float4_ops": ("real",),
    "float8_ops": ("double precision",),
    "inet_ops": ("inet", "cidr"),
    "int2_ops": ("smallint",),
    "int4_ops": ("integer",),
    "int8_ops": ("bigint",),
    "interval_ops": ("interval",),
    "jsonb_ops": ("jsonb",),
    "numeric_ops": ("numeric",),
    "text_ops": ("text", "varchar"),
    "time_ops": ("time",),
    "timestamp_ops": ("timestamp",),
    "timestamptz_ops": ("timestamptz",),
    "tsvector_ops": ("tsvector",),
    "uuid_ops": ("uuid",),
}
_NOT_BY_METHOD = frozenset({("gist", "inet_ops")})


def is_default(opclass: str, method: str, type_: str) -> bool:
    """Whether an index of that method over a column of that type uses the class anyway, so that PostgreSQL does not name it."""
    if (method, opclass) in _NOT_BY_METHOD or method == "brin":
        return False
    kind = "[]" if type_.endswith("[]") else type_.partition("(")[0]
    return kind in _OF_TYPE.get(opclass, ())
