"""Reads the imports of a project and no more, for those who ask how it is built and not what its code does."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

from backend_lint.engine.discover import Candidate, discover, read_regular
from backend_lint.engine.read_stage import Sources, read_all
from backend_lint.engine.roles import role_finder
from backend_lint.facts.file import Asked, Kind, SourceFile, Unchecked
from backend_lint.project.import_model import ImportModel

if TYPE_CHECKING:
    from backend_lint.config import Settings


def read_import_model(settings: Settings) -> tuple[ImportModel, list[Unchecked]]:
    """The import graph of the project on disk with all roles, and what could not be read.

    The imports of a file count although it has a syntax error somewhere behind them, or is written for another Python.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        return _read(settings)
    finally:
        if enabled:
            gc.enable()


def _read(settings: Settings) -> tuple[ImportModel, list[Unchecked]]:
    from backend_lint.engine.architecture_plan import plan_of

    root = os.fspath(settings.root).rstrip(os.sep) + os.sep
    role = role_finder(settings.roles)

    def load(candidate: Candidate) -> bytes:
        return read_regular(root + candidate.name, settings.max_file_size)

    candidates = discover(settings).candidates
    files = {one.path: SourceFile(one.path, one.kind, role(one.path, b""), one.stamp[2]) for one in candidates if one.kind is not Kind.PYTHON}
    sources = Sources([one for one in candidates if one.kind is Kind.PYTHON], load, role, asked=Asked.IMPORTS)
    if settings.cache:
        from backend_lint.engine.cache import open_cache

        cache = open_cache(settings, [], asked=sources.asked)
        try:
            found = read_all(sources, [], cache, settings.jobs)
        finally:
            cache.close()
    else:
        found = read_all(sources, [], None, settings.jobs)
    files |= {path: file for path, (file, _) in found.items()}
    unchecked = [skipped for _, reading in found.values() for skipped in reading.unchecked]
    plan, odd_contracts = plan_of(settings)
    return ImportModel(files, {path: reading for path, (_, reading) in found.items()}, plan), unchecked + odd_contracts
