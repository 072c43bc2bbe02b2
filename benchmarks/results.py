"""The last results of a benchmark, committed beside it with machine, date and commit."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "results"


def save(name: str, measured: dict[str, Any]) -> Path:
    """Writes ``results/NAME.json``; returns its path."""
    path = FOLDER / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"date": datetime.date.today().isoformat(), "commit": _commit(), "machine": machine(), "measured": measured}, indent=1) + "\n")
    return path


def machine() -> str:
    """System, processors and Python."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}"


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
