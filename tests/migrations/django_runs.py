"""Runs the migrations of a Django project, each in a transaction that is looked at and rolled back. Prints as JSON what was seen of each application's tables.

    python django_runs.py PROJECT URI ROWS
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import django
import psycopg
from django.conf import settings
from measure import MODES, Lock
from operations import DJANGO_FILL

ROOT, URI, ROWS = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
sys.path.insert(0, str(ROOT))
APPS = sorted(path.parent.parent.name for path in ROOT.glob("*/migrations/0002_change.py"))
PARTS = urlsplit(URI)
settings.configure(
    INSTALLED_APPS=APPS,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql", "NAME": unquote(PARTS.path.lstrip("/")), "USER": unquote(PARTS.username or ""),
            "HOST": unquote(parse_qs(PARTS.query).get("host", [PARTS.hostname or ""])[0]), "PORT": str(PARTS.port or ""),
        }
    },
)  # fmt: skip
django.setup()

from django.db import connection, transaction  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402

OTHER = psycopg.connect(URI, autocommit=True)
LOCKS = """
    SELECT c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE l.pid <> ALL(%s) AND c.relname = ANY(%s) AND l.locktype = 'relation'
"""
READ = "SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = ANY(%s)"
FILES = "SELECT relname, relfilenode FROM pg_class WHERE relname = ANY(%s)"


def locks(tables: list[str], mine: list[int]) -> dict[str, Lock]:
    found: dict[str, Lock] = {}
    for name, mode in OTHER.execute(LOCKS, (mine, tables)).fetchall():
        found[name] = max(MODES[mode], found.get(name, Lock.NONE))
    return found


def asked(query: str, tables: list[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(query, [tables])
        return dict(cursor.fetchall())


def apply(executor: MigrationExecutor, app: str) -> None:
    state = executor.loader.project_state((app, "0001_initial"))
    migration = executor.loader.get_migration(app, "0002_change")
    with connection.schema_editor(atomic=migration.atomic) as editor:
        migration.apply(state, editor)


def in_transaction(executor: MigrationExecutor, app: str) -> dict[str, Any]:
    tables = [f"{app}_order", f"{app}_customer"]
    files = asked(FILES, tables)
    with transaction.atomic():
        before = asked(READ, tables)
        apply(executor, app)
        after = asked(READ, tables)
        found, now = locks(tables, [OTHER.info.backend_pid]), asked(FILES, tables)
        transaction.set_rollback(True)
    read = any(after.get(name, 0) - before.get(name, 0) >= ROWS for name in tables)
    rewritten = any(now.get(name, files[name]) != files[name] for name in files)
    return {"locks": {name: int(lock) for name, lock in found.items()}, "read": read, "rewritten": rewritten}


def alone(executor: MigrationExecutor, app: str) -> dict[str, Any]:
    tables = [f"{app}_order", f"{app}_customer"]
    older = psycopg.connect(URI)
    older.execute(f"UPDATE {app}_order SET note = note WHERE id = 1")

    def work() -> None:
        apply(executor, app)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    found: dict[str, Lock] = {}
    for _ in range(400):
        for name, lock in locks(tables, [OTHER.info.backend_pid, older.info.backend_pid]).items():
            found[name] = max(lock, found.get(name, Lock.NONE))
        time.sleep(0.001)
    older.rollback()
    thread.join(30)
    return {"locks": {name: int(lock) for name, lock in found.items()}, "read": True, "rewritten": False}


def main() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([(app, "0001_initial") for app in APPS])
    for app in APPS:
        OTHER.execute(DJANGO_FILL.format(app=app) % {"rows": ROWS})
    OTHER.execute("ANALYZE")
    executor = MigrationExecutor(connection)
    found = {}
    for app in APPS:
        migration = executor.loader.get_migration(app, "0002_change")
        found[app] = in_transaction(executor, app) if migration.atomic else alone(executor, app)
    sys.stdout.write(json.dumps(found))


main()
