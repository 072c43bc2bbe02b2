"""Which file of the project a path in a coverage report is: reports are made in containers, in other clones and below other folders.

A report's paths are moved as a whole: one folder of theirs stands for one of ours, whichever pair explains most of them. A path that no pair explains is
named, and never counts.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

_SKIPPED = frozenset({"node_modules", ".git", ".hg", ".tox", ".nox", ".venv", "venv", "__pycache__", "site-packages", ".mypy_cache", ".pytest_cache"})
_MAX_FILES = 200_000
_MAX_TWINS = 60
"""Files of one name; a name that more files have tells nothing."""
_MAX_VOTERS = 3_000
_ROUNDS = 8
Pair = tuple[str, str]


class Files:
    """The files of the project that a report may speak of: those that were read, and others on the disk, looked up when somebody asks."""

    def __init__(self, root: Path, known: Iterable[str]) -> None:
        self.root = root
        self._names: dict[str, list[str]] = defaultdict(list)
        self._known = set(known)
        for path in self._known:
            self._names[path.rpartition("/")[2]].append(path)
        self._walked = False

    def __contains__(self, path: str) -> bool:
        if path in self._known:
            return True
        if path.endswith(".py"):
            return False
        self._walk()
        return path in self._known

    def named(self, name: str) -> list[str]:
        if not name.endswith(".py"):
            self._walk()
        return self._names.get(name, [])

    def _walk(self) -> None:
        if self._walked:
            return
        self._walked = True
        top = os.fspath(self.root)
        for folder, names, files in os.walk(top):
            names[:] = sorted(name for name in names if name not in _SKIPPED)
            below = os.path.relpath(folder, top).replace(os.sep, "/")
            for name in files:
                path = name if below == "." else f"{below}/{name}"
                if not name.endswith(".py") and path not in self._known and not os.path.islink(os.path.join(folder, name)):  # noqa: PTH118, PTH114
                    self._known.add(path)
                    self._names[name].append(path)
            if len(self._known) > _MAX_FILES:
                return


def mapped(paths: Iterable[str], roots: tuple[str, ...], files: Files) -> Mapping[str, str | None]:
    """The project's file for each path of one report, None for those that are none or may be several."""
    wanted = list(paths)
    top = os.fspath(files.root).replace(os.sep, "/").rstrip("/")
    whole = {path: _absolute(path, roots) for path in wanted}
    pairs: list[Pair] = [(top, "")]
    if not any(roots):
        pairs.append(("", ""))
    found: dict[str, str | None] = dict.fromkeys(wanted)
    left = wanted
    for _ in range(_ROUNDS):
        for pair in pairs:
            for path in left:
                found[path] = found[path] or _moved(whole[path], pair, files)
        left = [path for path in left if found[path] is None]
        best = _best_pair([one for path in left for one in whole[path]], files) if left else None
        if best is None:
            break
        pairs = [best]
    return found


def _absolute(path: str, roots: tuple[str, ...]) -> list[str]:
    """What the path may be in full; nothing if it climbs."""
    plain = path.replace("\\", "/")
    parts = plain.split("/")
    if ".." in parts or not plain.strip("/"):
        return []
    plain = "/".join(part for index, part in enumerate(parts) if part not in (".", "") or index == 0)
    if plain.startswith("./"):
        plain = plain[2:]
    if plain.startswith("/") or plain[1:3] == ":/" or not roots:
        return [plain]
    return [f"{root.replace(chr(92), '/').rstrip('/')}/{plain}" for root in roots]


def _moved(whole: list[str], pair: Pair, files: Files) -> str | None:
    there, here = pair
    found = set()
    for path in whole:
        if there and not path.startswith(there + "/"):
            continue
        rest = path[len(there) + 1 :] if there else path
        ours = f"{here}/{rest}" if here else rest
        if not ours.startswith("/") and ours in files:
            found.add(ours)
    return found.pop() if len(found) == 1 else None


def _best_pair(paths: list[str], files: Files) -> Pair | None:
    """The pair of folders that explains most paths; None if none does, or if two explain the same paths differently."""
    votes: Counter[Pair] = Counter()
    shallow: Counter[Pair] = Counter()
    depth: dict[Pair, int] = {}
    for path in paths[:_MAX_VOTERS]:
        twins = files.named(path.rpartition("/")[2])
        if len(twins) > _MAX_TWINS:
            continue
        for twin in twins:
            pair, shared = _difference(path, twin)
            if shared > 1 or not pair[0]:
                votes[pair] += 1
                depth[pair] = max(shared, depth.get(pair, 0))
            elif not pair[1]:
                shallow[pair] += 1
    if not votes:
        # a project without folders: its files must be all that the report has
        return next((pair for pair, count in shallow.items() if count == len(paths)), None)
    ranked = sorted(votes.items(), key=lambda item: (-item[1], -depth[item[0]], item[0]))
    if len(ranked) > 1 and (ranked[0][1], depth[ranked[0][0]]) == (ranked[1][1], depth[ranked[1][0]]) and ranked[0][0][0] == ranked[1][0][0]:
        return None
    return ranked[0][0]


def _difference(path: str, twin: str) -> tuple[Pair, int]:
    """The folders in which two paths lie that end alike, and how many parts they share.

    >>> _difference("/app/shop/a.py", "backend/shop/a.py")
    (('/app', 'backend'), 2)
    """
    theirs, ours = path.split("/"), twin.split("/")
    shared = 0
    while shared < min(len(theirs), len(ours)) and theirs[-1 - shared] == ours[-1 - shared]:
        shared += 1
    return ("/".join(theirs[: len(theirs) - shared]), "/".join(ours[: len(ours) - shared])), shared
