"""Does the schema that is read from a Django application equal the one that its migrations make?

Runs the real migrations of an application on a real PostgreSQL, in the application's own environment, and compares the catalog with what
`Project.schema` says of its source:

    python -m venv /tmp/app && /tmp/app/bin/pip install APPLICATION psycopg[binary]
    python benchmarks/schema_truth.py --python /tmp/app/bin/python --source /tmp/app/lib/python3.11/site-packages/shop --settings shop.settings

This is the one place where checked code runs, deliberately and never as a part of the linter. `--settings` is the application's settings module
(``--settings-file`` for one written for the purpose); its database is replaced by a fresh one. `--source` may be given several times: all trees make one
project. Only tables whose migrations lie in the sources are compared. `--postgres` is the URI of a server where a database may be created; without it one
is started as the tests do. Exit status 1 if something differs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

TREE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TREE), str(TREE / "tests"), str(TREE / "benchmarks")]

_RUNNER = """
import json, os, sys
sys.path[:0] = [part for part in os.environ["TRUTH_PATH"].split(os.pathsep) if part]
from django.conf import settings
settings.DATABASES = {"default": json.loads(os.environ["TRUTH_DATABASE"])}
settings.DATABASE_ROUTERS = []
for name, value in json.loads(os.environ["TRUTH_EXTRA"]).items():
    setattr(settings, name, value)
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0, interactive=False)
from django.apps import apps
from django.db.migrations.loader import MigrationLoader
loader = MigrationLoader(None, ignore_no_migrations=True)
for label in sorted(loader.migrated_apps):
    print("APP", label, apps.get_app_config(label).path, sep="\\t")
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    import live_catalog
    import psycopg

    from backend_lint.facts.schema import TableKind

    database = "truth_" + "".join(sign if sign.isalnum() else "_" for sign in options.name).lower()
    uri = _database(options.postgres, database)
    apps, seconds = _migrate(options, uri)
    with psycopg.connect(uri, autocommit=True) as connection:
        real = live_catalog.read(connection)
    sources = [Path(source).resolve() for source in options.source]
    labels = {label for label, path in apps if any(Path(path).resolve().is_relative_to(source) for source in sources)}
    ours, cpu, unread = _read(sources)
    prefixes = tuple(f"{label}_" for label in labels)
    known = {name for name in ours if name in real}
    compared = {name: table for name, table in real.items() if name in known or name.startswith(prefixes)}
    kinds = (TableKind.TABLE, TableKind.PARTITION)
    mine = {
        name: table for name, table in ours.items() if table.kind in kinds and (table.managed or name in real) and (name in real or name.startswith(prefixes))
    }
    found = list(live_catalog.differences(mine, compared))
    say(f"{options.name}: {len(labels)} applications; migrated in {seconds:.0f} s; read in {cpu:.2f} s CPU; {unread} not understood")
    for kind, count in live_catalog.counts(compared, found).items():
        say(f"  {kind}: {count.equal} of {count.real} equal")
    extra = sum(1 for one in found if one.ours and not one.real)
    say(f"  only ours: {extra}")
    for one in found[: options.show]:
        say(f"  {one.kind} {one.table}: {one.name}\n      ours: {one.ours or 'nothing'}{_doubt(ours, one.table)}\n      real: {one.real or 'nothing'}")
    return 1 if found else 0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python", required=True, help="the interpreter that has the application and psycopg installed")
    parser.add_argument("--source", action="append", required=True, help="a tree of the application, as the linter sees it")
    parser.add_argument("--settings", default="", help="the settings module")
    parser.add_argument("--settings-file", default="", help="a file with settings")
    parser.add_argument("--path", action="append", default=[], help="a folder that the application is imported from")
    parser.add_argument("--env", action="append", default=[], help="NAME=VALUE for the application")
    parser.add_argument("--engine", default="django.db.backends.postgresql")
    parser.add_argument("--extra", default="", help="settings as a JSON object")
    parser.add_argument("--extension", action="append", default=[], help="an extension to create first")
    parser.add_argument("--postgres", default="", help="URI of a server")
    parser.add_argument("--name", default="application")
    parser.add_argument("--show", type=int, default=40, help="how many differences to print")
    return parser.parse_args(arguments)


def _database(server: str, name: str) -> str:
    if not server:
        import postgres_server

        postgres_server.database(name).close()
        return str(postgres_server.uri_of(name))
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
        connection.execute(f"create database {name}")
    parts = urlsplit(server)
    return parts._replace(path="/" + name).geturl()


def _migrate(options: argparse.Namespace, uri: str) -> tuple[list[tuple[str, str]], float]:
    """Applications (label, folder) after their migrations ran, and the seconds it took."""
    import psycopg

    parts = urlsplit(uri)
    query = parse_qs(parts.query)
    host = query.get("host", [parts.hostname or ""])[0]
    with psycopg.connect(uri, autocommit=True) as connection:
        for extension in options.extension:
            connection.execute(f'create extension if not exists "{extension}"')
    folder = Path(tempfile.mkdtemp(prefix="schema-truth-"))
    try:
        if options.settings_file:
            shutil.copy(options.settings_file, folder / "truth_base.py")
        database = {"ENGINE": options.engine, "NAME": parts.path.lstrip("/"), "USER": unquote(parts.username or ""), "HOST": unquote(host)}
        database |= {"PORT": parts.port or "", "PASSWORD": unquote(parts.password or "")}
        env = os.environ | dict(one.split("=", 1) for one in options.env)
        env |= {
            "DJANGO_SETTINGS_MODULE": "truth_base" if options.settings_file else options.settings,
            "TRUTH_PATH": os.pathsep.join([str(folder), *options.path]),
            "TRUTH_DATABASE": json.dumps(database),
            "TRUTH_EXTRA": options.extra or "{}",
        }
        env.pop("PYTHONPATH", None)
        started = time.perf_counter()
        done = subprocess.run([options.python, "-c", _RUNNER], cwd=folder, env=env, capture_output=True, text=True, timeout=3600, check=False)
        if done.returncode:
            sys.exit(f"the migrations failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return [(row[1], row[2]) for row in rows if row[0] == "APP"], time.perf_counter() - started


def _read(sources: list[Path]):  # type: ignore[no-untyped-def]
    """The tables that the linter knows, its CPU seconds for them, and how much it did not understand."""
    from backend_lint.config import Settings
    from backend_lint.engine.run import read_project
    from backend_lint.project import Project

    readings = {}
    for source in sources:
        prefix = "" if len(sources) == 1 and not (source / "__init__.py").exists() else f"{source.name}/"
        for path, (file, reading) in read_project(Settings(root=source, cache=False, jobs=1)).items():
            import msgspec

            readings[prefix + path] = (msgspec.structs.replace(file, path=prefix + path), reading)
    project = Project.link(readings)
    started = time.process_time()
    schema = project.schema
    return dict(schema.tables), time.process_time() - started, len(schema.unread)


def _doubt(ours, table: str) -> str:  # type: ignore[no-untyped-def]
    return f"   (unknown: {'; '.join(ours[table].unknown[:2])})" if table in ours and ours[table].unknown else ""


if __name__ == "__main__":
    sys.exit(main())
