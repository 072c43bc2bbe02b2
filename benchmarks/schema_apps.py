"""Compares the schema of every application of ``schema_apps.toml`` with what its migrations leave, and keeps the results.

    python benchmarks/schema_apps.py --folder /tmp/apps --postgres postgresql://postgres@localhost:5432/postgres --write benchmarks/results/schema.json

Installs each application into an environment of its own under `--folder`, unless it is there. `--python` is the interpreter of new environments; `--only`
names applications. The server needs PostgreSQL's contrib extensions.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DRIVERS = ("psycopg[binary]", "psycopg2-binary", "setuptools<81")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the environments lie")
    parser.add_argument("--postgres", default="", help="URI of a server")
    parser.add_argument("--python", default=sys.executable, help="the interpreter of new environments")
    parser.add_argument("--only", action="append", default=[], help="only these applications")
    parser.add_argument("--write", default="", help="the file of results")
    options = parser.parse_args(arguments)
    entries = tomllib.loads((HERE / "schema_apps.toml").read_text(encoding="utf-8"))
    status = 0
    for name, entry in entries.items():
        if not options.only or name in options.only:
            status |= compare(name, entry, options)
    return status


def compare(name: str, entry: Mapping[str, Any], options: argparse.Namespace) -> int:
    venv = options.folder.resolve() / name
    python = venv / "bin" / "python"
    if not python.exists():
        subprocess.run([options.python, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *entry["install"], *DRIVERS], check=True)
    site = next(venv.glob("lib/python*/site-packages"))
    package = entry["install"][0].partition("[")[0]
    ask = f"from importlib.metadata import version; print(version({package!r}))"
    version = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
    words = {"{venv}": str(venv), "{site}": str(site), "{settings}": str(HERE / "schema_settings")}

    def filled(texts: Sequence[str]) -> list[str]:
        for word, value in words.items():
            texts = [text.replace(word, value) for text in texts]
        return list(texts)

    given = ["--name", name, "--version", version, "--source", str(site / entry.get("source", name)), *filled(entry["arguments"])]
    given += ["--postgres", options.postgres] if options.postgres else []
    given += ["--write", options.write] if options.write else []
    command = entry.get("command")
    given += ["--", *filled(command)] if command else ["--python", str(python)]
    try:
        return int(importlib.import_module("schema_truth_alembic" if command else "schema_truth").main(given))
    except SystemExit as failure:
        sys.stderr.write(f"{name}: {failure}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
