"""Which versions of libraries a project asks for, as its manifests and lock files say it."""

from __future__ import annotations

import msgspec

Version = tuple[int, ...]
"""The numbers of a release without zeros at the end: ``5.0`` is ``(5,)``, so that versions compare as tuples do."""


class Pin(msgspec.Struct, frozen=True):
    """Versions of one library that a file allows: from `lowest` on, and `below`; None where there is no such end. `exact`: a lock or ``==`` says it."""

    name: str
    lowest: Version | None
    below: Version | None
    exact: bool = False


class PinFile(msgspec.Struct, frozen=True):
    """A manifest or lock file. `path` is relative to the project root; `included`: paths of the files that it names with ``-r`` and ``-c``."""

    path: str
    pins: tuple[Pin, ...] = ()
    included: tuple[str, ...] = ()
    unreadable: str = ""


FOLDERS = ("requirements", "requirement", "dependencies")
"""Names of folders whose manifests speak for the folder above."""
CLASSIFIED = "framework :: django"
"""The name under which a package's classifiers say for which versions of Django it is made."""
