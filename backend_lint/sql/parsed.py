"""What the statements of a text say, as it is kept between runs."""

from __future__ import annotations

from backend_lint.facts.ddl import Change
from backend_lint.facts.python import Fact
from backend_lint.facts.query import Query

VERSION = "1"
"""Raise it when the same text gives something else: what was kept under another version is not used."""


class Parsed(Fact, frozen=True):
    """What a text says, statement by statement, in order.

    `not_understood`: why nothing is known of a statement; `others`: how many concern neither rows nor schema (``SET``, ``BEGIN``, ``GRANT``, ``VACUUM``).
    """

    queries: tuple[Query, ...] = ()
    changes: tuple[Change, ...] = ()
    not_understood: tuple[str, ...] = ()
    others: int = 0
