"""The smallest change that asks whose a row is, for each kind of place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend_lint.project.ownership.unscoped import Unscoped


def cure_of(found: Unscoped) -> str:
    """What to do about a field of a serializer, a generic view, a query along a chain of keys, or a query for the row itself."""
    column = found.key.columns[0]
    if found.named:
        return f"compare `{found.named}` of the address with the caller, or take the owner from the login"
    if found.effect == "taken":
        return f"limit the field's queryset to the caller's rows, or check `{column}` where the field is validated"
    if found.handler is None:
        return f"give the view a `get_queryset` that is limited to the caller by `{column}`, or permissions that check the object"
    if found.key.strength.name == "CHAIN":
        return f"limit the query to rows whose `{column}` leads to the caller, or check that after the look-up"
    return f"limit the query by `{column}`, or compare it with the caller"
