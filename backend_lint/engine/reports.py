"""Finds the reports of other tools that report rules ask for. They are mostly ignored by git, so they are looked up by name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from backend_lint.engine.discover import read_regular
from backend_lint.facts.file import Unchecked
from backend_lint.facts.report import Report

MAX_BYTES = 64_000_000


def find(root: Path, names: Iterable[str]) -> tuple[list[Report], list[Unchecked]]:
    """The reports at `names`, paths relative to the root, and those that are there but cannot be read. What is not there is passed over."""
    found: list[Report] = []
    skipped: list[Unchecked] = []
    for name in sorted(set(names)):
        path = root / name
        if not os.path.lexists(path):
            continue
        if not path.resolve().is_relative_to(root.resolve()):
            skipped.append(Unchecked(name, "leads out of the project root"))
            continue
        try:
            found.append(Report(name, read_regular(os.fspath(path), MAX_BYTES)))
        except (OSError, ValueError) as error:
            skipped.append(Unchecked(name, f"cannot be read: {error}"[:300]))
    return found, skipped
