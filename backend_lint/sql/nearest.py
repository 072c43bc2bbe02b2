"""ORDER BY a distance: the nearest rows of a point, a text or a vector, which only some kinds of indexes deliver in order."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lint.facts.access import Candidate
from backend_lint.facts.query import OrderKey
from backend_lint.facts.schema import Dialect, Index, IndexKey, Table
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.types import base, is_text

_DISTANCE = lazy_regex(r'"?(\w+)"? (<->>?|<<->|<#>|<=>|<\+>|<~>|<%>) ')
_METHODS = frozenset({"gist", "spgist", "hnsw", "ivfflat", "diskann", "vchordrq", "rum"})
_OF_VECTORS = {"<->": "l2", "<#>": "ip", "<=>": "cosine", "<+>": "l1"}
_VECTORS = frozenset({"vector", "halfvec", "sparsevec"})
_SHAPES = frozenset({"point", "box", "circle", "polygon", "geometry", "geography"})


def distance(key: OrderKey) -> tuple[str, str] | None:
    """Column and operator of a key that is the distance of a column from something; None if it is no such key."""
    found = _DISTANCE.match(key.term.text)
    return (found[1], found[2]) if found is not None else None


def delivered(index: Index, order: Sequence[OrderKey], dialect: Dialect) -> int:
    """How many keys of an order the index delivers because the first of them is a distance from its first column."""
    asked = distance(order[0]) if order and dialect is Dialect.POSTGRESQL and not order[0].descending else None
    if asked is None or index.method.lower() not in _METHODS or not index.keys or index.keys[0].column != asked[0]:
        return 0
    kind = next((kind for kind in _OF_VECTORS.values() if f"_{kind}_" in index.keys[0].opclass), "")
    return 0 if kind and kind != _OF_VECTORS.get(asked[1]) else 1


def candidate(table: Table, order: Sequence[OrderKey]) -> Candidate | None:
    """The index that would deliver the nearest rows; None if none is known."""
    asked = distance(order[0]) if order and not order[0].descending else None
    column = table.column(asked[0]) if asked is not None else None
    if asked is None or column is None:
        return None
    if base(column.type) in _VECTORS and asked[1] in _OF_VECTORS:
        return Candidate(table.name, (IndexKey(column.name, opclass=f"{base(column.type)}_{_OF_VECTORS[asked[1]]}_ops"),), "hnsw")
    if base(column.type) in _SHAPES:
        return Candidate(table.name, (IndexKey(column.name),), "gist")
    return Candidate(table.name, (IndexKey(column.name, opclass="gist_trgm_ops"),), "gist") if is_text(column.type) else None
