"""Regular expressions of globs that do not go back: time grows with the length of a path and no faster, whoever wrote the glob.

Of what a star may swallow, the least is always enough if another star follows in the same part of the path, and of what ``**`` may, if another ``**`` follows.
So both are matched once, in atomic groups; only the last of each tries again.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

STAR = "[^/]*"


def part(tokens: Sequence[str]) -> str:
    """One part of a path, each token matching one character, or being `STAR`.

    >>> part(["[^/]*", "a", "[^/]*", "b"])
    '(?>[^/]*?a)[^/]*b'
    """
    stars = [index for index, token in enumerate(tokens) if token == STAR]
    if len(stars) < 2:
        return "".join(tokens)
    found = ["".join(tokens[: stars[0]])]
    for index, following in itertools.pairwise(stars):
        found.append(f"(?>[^/]*?{''.join(tokens[index + 1 : following])})")
    return "".join((*found, STAR, *tokens[stars[-1] + 1 :]))
