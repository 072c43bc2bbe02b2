"""What a ``.gitignore`` leaves out. Its patterns come from the checked project: matching them must take linear time, or they are not used.

The default engine of pathspec is Python's `re`, which hangs on a line such as ``*a*a*a*a*a*a*a*b``. With google-re2 installed every pattern is linear.
"""

from __future__ import annotations

import importlib.util
import re
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_MOST_STARS = 2
"""In one part of a path; each further one multiplies the time by the length of a file name."""
_MOST_DEEP = 3
"""Parts that are ``**``."""


def specification(text: str) -> tuple[GitIgnoreSpec, list[str]]:
    """The patterns of a file, and those that are left out because nothing at hand matches them in linear time."""
    from pathspec import GitIgnoreSpec

    lines = text.splitlines()
    linear = importlib.util.find_spec("re2") is not None
    left_out = [] if linear else [line for line in lines if not is_simple(line)]
    if left_out:
        lines = [line for line in lines if is_simple(line)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of `re`, about patterns of the checked project such as [[a-z]
        return GitIgnoreSpec.from_lines(lines, backend="re2" if linear else "simple"), left_out


def is_simple(line: str) -> bool:
    """Whether a backtracking engine matches the pattern fast enough.

    >>> is_simple("*.py[cod]"), is_simple("/build/**/*.log"), is_simple("*a*a*a*b")
    (True, True, False)
    """
    parts = line.split("/")
    deep = sum(part == "**" for part in parts)
    return deep <= _MOST_DEEP and all(len(re.findall(r"\*+", part)) <= _MOST_STARS for part in parts)
