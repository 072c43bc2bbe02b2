"""Files that moved since a base revision, as git tells them: a new file is an old one that is gone if at least half of the larger of both is the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

_LEAST = 0.5
_MOST_PAIRS = 250_000
_MOST_LINES = 20_000


def moved(new: Mapping[str, Sequence[str]], gone: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """New path -> the old path that it had; each old path once, the most similar pairs first. Lines by path.

    >>> moved({"b/x.py": ["a = 1", "b = 2"], "c.py": ["c"]}, {"x.py": ["a = 1", "b = 3"], "y.py": ["z"]})
    {'b/x.py': 'x.py'}
    """
    if len(new) * len(gone) > _MOST_PAIRS:
        return {}
    sizes = {path: _size(lines) for path, lines in (*new.items(), *gone.items())}
    shares = {path: Counter(lines) for path, lines in gone.items() if len(lines) <= _MOST_LINES}
    pairs = []
    for path, lines in new.items():
        own = Counter(lines) if len(lines) <= _MOST_LINES else Counter()
        for old, other in shares.items():
            larger = max(sizes[path], sizes[old])
            if not own or min(sizes[path], sizes[old]) < _LEAST * larger:
                continue
            same = sum(min(count, other[line]) * (len(line) + 1) for line, count in own.items() if line in other)
            if same >= _LEAST * larger:
                pairs.append((-same / larger, path.rpartition("/")[2] != old.rpartition("/")[2], path, old))
    found: dict[str, str] = {}
    taken: set[str] = set()
    for _, _, path, old in sorted(pairs):
        if path not in found and old not in taken:
            found[path] = old
            taken.add(old)
    return found


def _size(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)
