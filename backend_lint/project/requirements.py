"""Which versions of its libraries a project may run with: what its manifests and lock files allow, joined."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from backend_lint.facts.requirements import FOLDERS, Pin, PinFile, Version


class Versions(msgspec.Struct, frozen=True):
    """The versions of a library that are possible: from `lowest` on, and `below`; None where nothing says so."""

    lowest: Version | None
    below: Version | None

    def at_least(self, version: Version) -> bool | None:
        """Whether it is this version or a later one; None if both may be. The numbers are given without zeros at the end."""
        if self.lowest is not None and self.lowest >= version:
            return True
        return False if self.below is not None and self.below <= version else None


class Requirements:
    """Answers for one project. Of several projects in one repository that counts which lies nearest to the file asked for."""

    def __init__(self, files: Iterable[PinFile]) -> None:
        self._folders: dict[str, dict[str, list[Pin]]] = {}
        known = {file.path: file for file in files}
        for path, file in known.items():
            own = self._folders.setdefault(_folder(path), {})
            for one in _with_included(file, known):
                for pin in one.pins:
                    own.setdefault(pin.name, []).append(pin)

    def versions(self, name: str, path: str = "") -> Versions | None:
        """The versions of a library that the code in a file may meet; None if nothing bounds them. `name`: as PyPI has it, in lower case, with ``-``."""
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            if (pins := self._folders.get(folder, {}).get(name)) is not None:
                return _joined(pins)
        everywhere = [pin for folder in self._folders.values() for pin in folder.get(name, ())]
        return _joined(everywhere) if everywhere else None

    def at_least(self, name: str, version: Version, path: str = "") -> bool | None:
        """Whether a library is this version or a later one for certain, or certainly an earlier one; None if that is not known."""
        found = self.versions(name, path)
        return found.at_least(version) if found is not None else None


def _joined(pins: list[Pin]) -> Versions:
    """A lock or ``==`` says more than a range; of several that say as much, each may be the one that is installed."""
    chosen = [pin for pin in pins if pin.exact] or pins
    lows, highs = [pin.lowest for pin in chosen], [pin.below for pin in chosen]
    lowest = None if None in lows else min(low for low in lows if low is not None)
    return Versions(lowest, None if None in highs else max(high for high in highs if high is not None))


def _with_included(file: PinFile, known: dict[str, PinFile]) -> Iterable[PinFile]:
    found = {file.path: file}
    pending = [file]
    while pending:
        for path in pending.pop().included:
            if path in known and path not in found:
                found[path] = known[path]
                pending.append(known[path])
    return found.values()


def _folder(path: str) -> str:
    parts = path.split("/")[:-1]
    return "/".join(parts[: next((index for index, part in enumerate(parts) if part in FOLDERS), len(parts))])
