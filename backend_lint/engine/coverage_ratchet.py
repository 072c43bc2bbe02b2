"""A ratchet for files that are below the floor today: each must keep what it has, and what it gains it must keep as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from backend_lint.config import ConfigError
from backend_lint.engine.discover import read_regular
from backend_lint.facts.coverage import Measured, per_cent

_MAX_BYTES = 10_000_000


def parse(data: bytes, name: str) -> dict[str, float]:
    """Path -> per cent that the file must keep. Raises ConfigError."""
    try:
        files = json.loads(data)["files"]
        found = {path: float(percent) for path, percent in files.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ConfigError(f'{name} is no ratchet: {{"files": {{"app/a.py": 62.5}}}}; `backend-lint baseline coverage --force` writes it anew') from None
    if wrong := next((path for path, percent in found.items() if not 0 <= percent <= 100), None):
        raise ConfigError(f"{name}: {wrong}: {found[wrong]:g} is no percentage from 0 to 100")
    return found


def load(root: Path, name: str) -> dict[str, float]:
    """The ratchet at a path relative to the root. Raises ConfigError if it is not there or leads out of the root."""
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise ConfigError(f"gate.coverage.ratchet: {name} leads out of the project root")
    try:
        return parse(read_regular(path, _MAX_BYTES), name)
    except OSError as error:
        raise ConfigError(f"gate.coverage.ratchet: {name}: {error.strerror or error}; `backend-lint baseline coverage` writes it") from None


def turned(known: Measured, before: Mapping[str, float] | None) -> dict[str, float]:
    """The ratchet of today: with `before` no file gets a lower number than it had, and none is added."""
    kept: dict[str, float] = {}
    for path, file in known.files.items():
        percent = per_cent(*known.units(file))
        if before is not None:
            if path not in before:
                continue
            percent = max(percent, before[path])
        if percent < known.floors.file:
            kept[path] = percent
    return kept


def text(files: Mapping[str, float]) -> str:
    """The file's text; the numbers are whole, so that reading gives them back as they were."""
    return json.dumps({"files": dict(sorted(files.items()))}, indent=2) + "\n"
