"""Imports modules of benchmarks/ for tests, and leaves no trace: names such as ``measure`` are those of modules beside other tests as well."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


def benchmark(name: str) -> ModuleType:
    """``benchmarks/NAME.py``; what it imports from beside it is forgotten by the interpreter, not by it."""
    before = dict(sys.modules)
    for beside in BENCHMARKS.glob("*.py"):
        sys.modules.pop(beside.stem, None)
    path = sys.path[:]
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path[:] = path
        for beside in BENCHMARKS.glob("*.py"):
            sys.modules.pop(beside.stem, None)
            if beside.stem in before:
                sys.modules[beside.stem] = before[beside.stem]
