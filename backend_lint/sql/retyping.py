"""Whether PostgreSQL writes a table anew when a column gets another type or a default. Source: ``ATColumnChangeRequiresRewrite`` and the casts of pg_cast."""

from __future__ import annotations

import re

from backend_lint.duration import digits
from backend_lint.lazy_regex import lazy_regex

_TYPE = lazy_regex(r"([a-z_][\w .]*?)\s*(?:\(\s*([\d, -]+)\s*\))?(\[\])*")
_TEXTS = frozenset({"text", "varchar", "citext"})
_KNOWN = frozenset(
    "smallint integer bigint numeric real double precision money varchar text char bytea boolean date time timetz timestamp timestamptz interval uuid json "
    "jsonb inet cidr macaddr bit varbit xml citext hstore oid tsvector int4range int8range numrange tsrange tstzrange daterange".split()
) | {"double precision"}
_LENGTHS = frozenset({"time", "timetz", "timestamp", "timestamptz", "interval", "varbit", "varchar"})
_VOLATILE = frozenset(
    "random gen_random_uuid uuid_generate_v4 uuid_generate_v1 uuid_generate_v1mc uuidv4 uuidv7 uuid_generate_v7 clock_timestamp timeofday nextval "
    "gen_random_bytes gen_salt crypt setval txid_current pg_sleep gen_ulid nanoid".split()
)
_CALL = lazy_regex(r"([a-z_]\w*)\s*\(", re.I)
_STRING = lazy_regex(r"'(?:[^']|'')*'")


def is_volatile(default: str) -> bool:
    """Whether a default has another value for each row, so that all rows are written. A function that is not known is not called so.

    >>> is_volatile("gen_random_uuid()"), is_volatile("now()"), is_volatile("'random()'")
    (True, False, False)
    """
    return any(name.lower() in _VOLATILE for name in _CALL.findall(_STRING.sub("''", default)))


def rewrites(old: str, new: str) -> bool | None:
    """Whether the change of a column's type writes the table anew; None if that is not known. Types are canonical.

    >>> rewrites("integer", "bigint"), rewrites("varchar(40)", "varchar(80)"), rewrites("varchar(80)", "varchar(40)"), rewrites("text", "mood")
    (True, False, True, None)
    """
    if old == new:
        return False
    one, other = _parsed(old), _parsed(new)
    if one is None or other is None:
        return None
    (base, size, array), (to, limit, to_array) = one, other
    if array != to_array:
        return True
    if base not in _KNOWN or to not in _KNOWN:
        return None  # a domain may stand for the other
    if to in _TEXTS and base in _TEXTS:
        if to != "varchar" or not limit:
            return False
        return not (base == "varchar" and size and size[0] <= limit[0])
    if (base, to) == ("cidr", "inet"):
        return False
    if {base, to} == {"timestamp", "timestamptz"}:
        return None  # the session's time zone decides: for UTC nothing is written
    if base != to:
        return True
    return _grows(base, size, limit) is not True


def is_known(type_: str) -> bool:
    """Whether a type is one of the database's own."""
    parsed = _parsed(type_)
    return parsed is not None and parsed[0] in _KNOWN


def _grows(base: str, size: tuple[int, ...], limit: tuple[int, ...]) -> bool:
    """Whether each value of the old length or precision is one of the new."""
    if base == "numeric":
        if not limit:
            return True
        if not size:
            return False
        scale, to_scale = (size[1] if len(size) > 1 else 0), (limit[1] if len(limit) > 1 else 0)
        return scale == to_scale and size[0] <= limit[0]
    if base in _LENGTHS:
        return not limit or (bool(size) and size[0] <= limit[0])
    return False


def _parsed(text: str) -> tuple[str, tuple[int, ...], bool] | None:
    found = _TYPE.fullmatch(text.strip().lower())
    if found is None:
        return None
    size = tuple(int(part) for part in found.group(2).replace(" ", "").split(",") if digits(part.removeprefix("-")) is not None) if found.group(2) else ()
    return found.group(1), size, bool(found.group(3))
