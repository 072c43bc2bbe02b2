"""What ``backend-lint map schema --format json`` says of an application, as tables that can be compared, and the file that keeps what was measured."""

from __future__ import annotations

import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from backend_lint.facts.schema import Column, Dialect, ForeignKey, Index, IndexKey, Table, TableKind
from backend_lint.sql.ddl_expressions import condition

TREE = Path(__file__).resolve().parent.parent
_SKIPPED = shutil.ignore_patterns("node_modules", ".git", ".venv", "__pycache__", "*.pyc", "*.js", "*.map", "*.css", "*.png", "*.po", "*.mo", "*.svg")


class Told(NamedTuple):
    """The tables by name, how much was not understood, and the seconds that the command took."""

    tables: dict[str, Table]
    not_understood: int
    seconds: float


def read(sources: Sequence[Path], beside: Sequence[Path] = (), dialect: Dialect = Dialect.POSTGRESQL) -> Told:
    """Runs the command on a copy of all `sources`, packages under their own name; `beside` are files of the project, such as its settings."""
    with tempfile.TemporaryDirectory(prefix="schema-map-") as scratch:
        root = Path(scratch) / "project"
        for source in sources:
            bare = len(sources) == 1 and not (source / "__init__.py").exists()
            shutil.copytree(source, root if bare else root / source.name, ignore=_SKIPPED, symlinks=True, ignore_dangling_symlinks=True)
        for file in beside:
            shutil.copy(file, root / file.name)
        config = Path(scratch) / "backend-lint.toml"
        config.write_text(f'[database]\ndialect = "{dialect.value}"\n')
        command = [sys.executable, "-m", "backend_lint", "map", "schema", "--format", "json", "--no-cache", "--config", str(config)]
        started = datetime.datetime.now().astimezone()
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=600, check=False)
        seconds = (datetime.datetime.now().astimezone() - started).total_seconds()
    if done.returncode:
        sys.exit(f"backend-lint map schema failed:\n{done.stderr[-4000:]}")
    told = json.loads(done.stdout)
    return Told({table["name"]: _table(table, dialect) for table in told["tables"]}, len(told["not_understood"]), seconds)


def _table(told: Mapping[str, Any], dialect: Dialect) -> Table:
    return Table(
        told["name"],
        tuple(Column(one["name"], one["type"] or "", one["nullable"], one["default"]) for one in told["columns"]),
        tuple(told["primary_key"]),
        tuple(_index(one, dialect) for one in told["indexes"]),
        tuple(ForeignKey(one["name"] or "", tuple(one["columns"]), one["table"], tuple(one["to_columns"])) for one in told["foreign_keys"]),
        kind=TableKind(told["kind"]),
        managed=told["managed"],
        source=told["source"] or "",
        unknown=tuple(told["unknown"]),
        path=told["path"] or "",
    )


def _index(told: Mapping[str, Any], dialect: Dialect) -> Index:
    """An index whose keys are the texts of the map."""
    where = told["where"] or ""
    keys = tuple(IndexKey(key) for key in told["keys"])
    predicate = condition(where, dialect).predicate if where else None
    distinct = told["nulls_distinct"]
    return Index(told["name"] or "", keys, told["unique"], predicate, where, tuple(told["include"]), told["method"], nulls_distinct=distinct)


def write(path: Path, name: str, entry: Mapping[str, Any]) -> None:
    """Puts the result of one application into the file, in place of an older one of the same name."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, CPython {platform.python_version()}"
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=TREE, capture_output=True, text=True, check=False).stdout.strip()
    dirty = subprocess.run(["git", "status", "--porcelain", "backend_lint"], cwd=TREE, capture_output=True, text=True, check=False).stdout.strip()
    head = {"date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(), "commit": commit + ("+" if dirty else ""), "machine": machine}
    known[name] = {**head, **entry}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n", encoding="utf-8")
