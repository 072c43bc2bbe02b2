"""The names that SQLAlchemy gives to indexes and constraints: its default and the project's ``naming_convention``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from backend_lint.lazy_regex import lazy_regex

_TOKEN = lazy_regex(r"%\((\w+)\)s")
_NUMBERED = lazy_regex(r"(referred_)?column_(\d+)(_)?(N)?(_name|_key|_label)?\Z")
_ALL = lazy_regex(r"(referred_)?column_0(_)?N(_name|_key|_label)\Z")
DEFAULT = {"ix": "ix_%(column_0_label)s"}
_LONGEST = 63


def conventional(
    convention: Mapping[str, str | None],
    kind: str,
    table: str,
    schema: str,
    columns: Sequence[str],
    given: str = "",
    referred: str = "",
    referred_columns: Sequence[str] = (),
) -> str:
    """The name of an index (``ix``) or constraint (``uq``, ``ck``, ``fk``, ``pk``); empty if the database chooses it.

    A given name stays, unless the convention makes use of it (``%(constraint_name)s``). A convention that is code (None) gives no name that is known.
    """
    template = convention.get(kind)
    if template is None or (given and "%(constraint_name)s" not in template):
        return shortened(given)
    if not given and "%(constraint_name)s" in template:
        return ""
    values: dict[str, str] = {}
    for token in _TOKEN.findall(template):
        value = _token(token, table, schema, columns, given, referred, referred_columns)
        if value is None:
            return shortened(given)
        values[token] = value
    return shortened(_TOKEN.sub(lambda found: values[found.group(1)], template))


def _token(token: str, table: str, schema: str, columns: Sequence[str], given: str, referred: str, referred_columns: Sequence[str]) -> str | None:
    if token == "table_name":
        return table
    if token == "constraint_name":
        return given
    if token == "referred_table_name":
        return referred.rpartition(".")[2]
    prefix = f"{schema.replace('.', '_')}_{table}" if schema else table
    every = _ALL.match(token)
    if every is not None:
        names = referred_columns if every.group(1) else columns
        separator = "_" if every.group(2) else ""
        return separator.join(f"{prefix}_{name}" if every.group(3) == "_label" else name for name in names)
    one = _NUMBERED.match(token)
    if one is None:
        return None
    names = referred_columns if one.group(1) else columns
    at = int(one.group(2))
    if at >= len(names):
        return ""
    return f"{prefix}_{names[at]}" if one.group(5) == "_label" else names[at]


def shortened(name: str) -> str:
    """A name within PostgreSQL's 63 signs: the end is replaced by four signs of a digest, as SQLAlchemy does for names of conventions and of ``op.f``."""
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST - 8]}_{hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[-4:]}"
