"""Does the schema that is read from an application with Alembic equal the one that its migrations make?

Runs the real migrations of an application on a real PostgreSQL, by the application's own command in its own environment, and compares the catalog with
what ``backend-lint map schema --format json`` says of its source:

    python -m venv /tmp/app && /tmp/app/bin/pip install APPLICATION psycopg2-binary
    python benchmarks/schema_truth_alembic.py --source /tmp/app/lib/python3.11/site-packages/shop --env DATABASE_URL={uri} \\
        -- /tmp/app/bin/alembic -c /tmp/app/lib/python3.11/site-packages/shop/alembic.ini upgrade heads

``--versions FOLDER -- PYTHON`` runs the revisions of a folder with an ``env.py`` of our own, for applications whose own needs more than can be installed;
names by the naming convention of their metadata are not given then.

This is deliberate: checked code never runs as a part of the linter. In `--env` and in the command ``{uri}`` stands for the database's URI,
``{psycopg}``, ``{psycopg2}`` and ``{asyncpg}`` for the same with SQLAlchemy's driver in front, ``{escaped}`` for the first with its percent signs
doubled, as ini files want them. Tables that the sources say nothing of are compared too: they are differences, unless ``--foreign`` names them (those
that a library makes for itself). ``--write`` keeps the result in a JSON file. Exit status 1 if something differs in a table that the map does not mark as
unknown.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import schema_truth
from schema_truth import say

_ENV = """
import os
from alembic import context
from sqlalchemy import create_engine, pool
with create_engine(os.environ["TRUTH_URI"], poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    import live_catalog
    import psycopg
    import schema_map

    from backend_lint.facts.schema import TableKind

    database = "truth_" + re.sub(r"\W", "_", options.name).lower()
    uri = schema_truth._database(options.postgres, database)
    seconds = _migrate(options, uri)
    with psycopg.connect(uri, autocommit=True) as connection:
        real = live_catalog.read(connection)
    told = schema_map.read([Path(source).resolve() for source in options.source], [Path(one) for one in options.beside])
    foreign = re.compile(options.foreign or r"\Z.")
    compared = {name: table for name, table in real.items() if not name.startswith("alembic_version") and not foreign.match(name)}
    kinds = (TableKind.TABLE, TableKind.PARTITION)
    mine = {name: table for name, table in told.tables.items() if table.kind in kinds and "." not in name and not foreign.match(name)}
    found = list(live_catalog.differences(mine, compared, numbered=False))
    say(f"{options.name}: migrated in {seconds:.0f} s; read in {told.seconds:.1f} s; {told.not_understood} not understood")
    return schema_truth.report(options, mine, compared, found)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--source", action="append", required=True, help="a tree of the application, as the linter sees it")
    parser.add_argument("--env", action="append", default=[], help="NAME=VALUE for the application")
    parser.add_argument("--versions", default="", help="a folder of revisions to run without the application's env.py")
    parser.add_argument("--cwd", default=".", help="the folder that the command runs in")
    parser.add_argument("--extension", action="append", default=[], help="an extension to create first")
    parser.add_argument("--foreign", default="", help="a regular expression for tables that libraries make")
    parser.add_argument("--postgres", default="", help="URI of a server")
    parser.add_argument("--name", default="application")
    parser.add_argument("--beside", action="append", default=[], help="a further file that the linter sees, such as the settings")
    parser.add_argument("--version", default="", help="of the application, for the results")
    parser.add_argument("--write", default="", help="a JSON file of results that this one is put into")
    parser.add_argument("--show", type=int, default=40, help="how many differences to print")
    parser.add_argument("command", nargs="+", help="what runs the migrations")
    return parser.parse_args(arguments, argparse.Namespace(framework="Alembic"))


def _migrate(options: argparse.Namespace, uri: str) -> float:
    """Run the migrations; gives the seconds it took."""
    import psycopg

    with psycopg.connect(uri, autocommit=True) as connection:
        for extension in options.extension:
            connection.execute(f'create extension if not exists "{extension}"')
    rest = uri.partition("://")[2]
    words = {"uri": uri, "escaped": uri.replace("%", "%%")} | {driver: f"postgresql+{driver}://{rest}" for driver in ("psycopg", "psycopg2", "asyncpg")}

    def filled(text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: words.get(found.group(1), found.group()), text)

    env = os.environ | {name: filled(value) for name, _, value in (one.partition("=") for one in options.env)}
    env.pop("PYTHONPATH", None) if not any(one.startswith("PYTHONPATH=") for one in options.env) else None
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="schema-truth-") as folder:
        command = [filled(part) for part in options.command]
        if options.versions:
            (Path(folder) / "env.py").write_text(_ENV)
            places = (
                f"script_location = {folder}\nversion_locations = {Path(options.versions).resolve()}\nsqlalchemy.url = {words['psycopg2'].replace('%', '%%')}"
            )
            (Path(folder) / "alembic.ini").write_text(f"[alembic]\n{places}\n")
            command = [*command, "-m", "alembic", "-c", f"{folder}/alembic.ini", "upgrade", "heads"]
            env["TRUTH_URI"] = words["psycopg2"]
        done = subprocess.run(command, cwd=options.cwd, env=env, capture_output=True, text=True, timeout=3600, check=False)
    if done.returncode:
        sys.exit(f"the migrations failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
