"""Does the schema that is read from a Django application equal the one that its migrations make?

Runs the real migrations of an application on a real PostgreSQL, in the application's own environment, and compares the catalog with what
``backend-lint map schema --format json`` says of its source:

    python -m venv /tmp/app && /tmp/app/bin/pip install APPLICATION psycopg[binary]
    python benchmarks/schema_truth.py --python /tmp/app/bin/python --source /tmp/app/lib/python3.11/site-packages/shop --settings shop.settings

This is the one place where checked code runs, deliberately and never as a part of the linter. `--settings` is the application's settings module
(``--settings-file`` for one written for the purpose, which the linter sees beside the sources); its database is replaced by a fresh one. `--source` may be
given several times: all trees make one project. All tables are compared but those of models of other libraries.
`--postgres` is the URI of a server where a database may be created; without it one is started as the tests do. ``--write`` keeps the result in a JSON file.
Exit status 1 if something differs in a table that the map does not mark as unknown.
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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from live_catalog import Difference

    from backend_lint.facts.schema import Table

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
for model in loader.project_state().apps.get_models(include_auto_created=True, include_swapped=True):
    print("TABLE", model._meta.app_label, model._meta.db_table, sep="\\t")
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    import live_catalog
    import psycopg
    import schema_map

    from backend_lint.facts.schema import TableKind

    database = "truth_" + "".join(sign if sign.isalnum() else "_" for sign in options.name).lower()
    uri = _database(options.postgres, database)
    ran = _migrate(options, uri)
    with psycopg.connect(uri, autocommit=True) as connection:
        real = live_catalog.read(connection)
    sources = [Path(source).resolve() for source in options.source]
    own = {label: folder for label, path in ran.apps if any((folder := Path(path).resolve()).is_relative_to(source) for source in sources)}
    foreign = {table for label, table in ran.tables if label not in own} | {"django_migrations"}
    told = schema_map.read(sources, [Path(options.settings_file)] if options.settings_file else [])
    compared = {name: table for name, table in real.items() if name not in foreign}
    # applications that are not installed, and models that nobody makes a table of
    folders = tuple(f"{_in_project(folder, sources)}/".lstrip("/") for folder in own.values())
    mine = {
        name: table
        for name, table in told.tables.items()
        if table.kind in (TableKind.TABLE, TableKind.PARTITION) and (name in compared or (table.managed and table.path.startswith(folders)))
    }
    found = list(live_catalog.differences(mine, compared, numbered=False))
    say(f"{options.name}: {len(own)} applications; migrated in {ran.seconds:.0f} s; read in {told.seconds:.1f} s; {told.not_understood} not understood")
    return report(options, mine, compared, found)


def report(options: argparse.Namespace, ours: Mapping[str, Table], real: Mapping[str, Table], found: Sequence[Difference]) -> int:
    """Says how many are equal and what differs, and keeps it where ``--write`` says. Gives the exit status: 1 if something differs that is not doubted."""
    import live_catalog

    unknown = sorted(name for name, table in ours.items() if table.unknown)
    known = [one for one in found if one.table not in unknown and not one.untold]
    entry: dict[str, object] = {"version": options.version, "framework": options.framework}
    for kind, count in live_catalog.counts(real, list(found)).items():
        wrong = live_catalog.counts(real, known)[kind]
        doubted = wrong.equal - count.equal
        entry[kind] = {"compared": count.real, "equal": count.equal, "different": count.real - wrong.equal, "unknown": doubted}
        say(f"  {kind}: {count.equal} of {count.real} equal, {count.real - wrong.equal} different, {doubted} said to be unknown")
    extra = [one for one in found if one.ours and not one.real]
    entry["only in the map"] = sum(1 for one in extra if one.table not in unknown)
    entry["tables marked unknown"] = len(unknown)
    say(f"  only ours: {len(extra)}; tables marked unknown: {len(unknown)}")
    for one in found[: options.show]:
        say(f"  {one.kind} {one.table}: {one.name}\n      ours: {one.ours or 'nothing'}{_doubt(ours, one.table)}\n      real: {one.real or 'nothing'}")
    if options.write:
        import schema_map

        schema_map.write(Path(options.write), options.name, entry)
    return 1 if known else 0


def _in_project(folder: Path, sources: Sequence[Path]) -> str:
    """Where a folder of the sources lies in the project that the linter sees."""
    source = max((one for one in sources if folder.is_relative_to(one)), key=lambda one: len(one.parts))
    inside = "" if folder == source else folder.relative_to(source).as_posix()
    bare = len(sources) == 1 and not (source / "__init__.py").exists()
    return inside if bare else f"{source.name}/{inside}".rstrip("/")


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
    parser.add_argument("--version", default="", help="of the application, for the results")
    parser.add_argument("--write", default="", help="a JSON file of results that this one is put into")
    parser.add_argument("--show", type=int, default=40, help="how many differences to print")
    return parser.parse_args(arguments, argparse.Namespace(framework="Django"))


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


class Ran(NamedTuple):
    """What ran: applications (label, folder), the tables of their models (label, name), and the seconds it took."""

    apps: list[tuple[str, str]]
    tables: list[tuple[str, str]]
    seconds: float


def _migrate(options: argparse.Namespace, uri: str) -> Ran:
    """Run the migrations."""
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
    apps, tables = ([(row[1], row[2]) for row in rows if row[0] == kind] for kind in ("APP", "TABLE"))
    return Ran(apps, tables, time.perf_counter() - started)


def _doubt(ours: Mapping[str, Table], table: str) -> str:
    return f"   (unknown: {'; '.join(ours[table].unknown[:2])})" if table in ours and ours[table].unknown else ""


if __name__ == "__main__":
    sys.exit(main())
