"""Value texts with the place they are read in, and the bounds within which they are followed."""

from __future__ import annotations

from typing import NamedTuple

MAX_DEPTH = 12
"""How far names, includes and nested lists are followed."""
MAX_ROUTES = 50_000
"""A project with more routes and includes is not read further: includes that include each other grow without bound."""
MAX_VISITS = 100_000
"""Values looked at in one run: lists that hold others many times grow without bound."""
MAX_PATH = 2_000
"""Longer paths are cut."""
UNKNOWN = "{?}"
"""Stands in a path for a part that is not known."""



class Place(NamedTuple):
    """A value text with the function in whose scope it is read."""

    path: str
    function: int
    text: str
