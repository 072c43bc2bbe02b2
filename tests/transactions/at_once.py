"""Runs functions of a Django sample twice at once on a real database. In a process of its own, for Django is configured once a process.

Standard input: ``{"uri": ..., "sample": path, "runs": [{"function", "arguments", "waits", "model", "rows", "read"}]}``. Each of two threads, with a connection
of its own, calls the function; before its first statement that begins with `waits` it waits until the other has come as far, at most `PATIENCE` seconds: a row
lock keeps the other from coming. With `between`, a function and its arguments, that is run there instead, by another connection. Standard output: for each run
what `read` gives afterwards, and how many tasks were sent.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

PATIENCE = 0.7

sent: list[tuple[Any, ...]] = []


class Task:
    """What Celery makes of a function, as far as the samples go."""

    def __init__(self, function: Callable[..., None]) -> None:
        self.function = function

    def delay(self, *arguments: Any) -> None:
        sent.append(arguments)

    delay_on_commit = delay


def stand_in(name: str, **members: Any) -> None:
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module


def run(module: types.ModuleType, task: dict[str, Any]) -> Any:
    from django.db import connection, connections

    for name, rows in task["rows"].items():
        model = getattr(module, name)
        model.objects.all().delete()
        for row in rows:
            model.objects.create(**row)
        with connection.cursor() as cursor:  # keys that were given by hand do not move the sequence on
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{model._meta.db_table}', 'id'), 1000)")
    sent.clear()
    barrier = threading.Barrier(2)
    failures: list[str] = []

    def between() -> None:
        name, arguments = task["between"]
        getattr(module, name)(*arguments)
        connections.close_all()

    def one() -> None:
        waited = False

        def wait(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            nonlocal waited
            if not waited and sql.startswith(task["waits"]):
                waited = True
                if task.get("between"):
                    other = threading.Thread(target=between)
                    other.start()
                    other.join()
                else:
                    with contextlib.suppress(threading.BrokenBarrierError):
                        barrier.wait(PATIENCE)
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(wait):
                function = getattr(module, task["function"])
                function(*task["arguments"])
        except Exception as error:
            failures.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(1 if task.get("between") else 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connection.cursor() as cursor:
        cursor.execute(task["read"])
        value = cursor.fetchone()[0]
    return {"value": value, "sent": len(sent), "failures": failures}


def main() -> None:
    given = json.load(sys.stdin)
    import django
    import psycopg.conninfo
    from django.conf import settings

    parts = psycopg.conninfo.conninfo_to_dict(given["uri"])
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts["dbname"],
                "USER": parts.get("user", ""),
                "PASSWORD": parts.get("password", ""),
                "HOST": parts.get("host", ""),
                "PORT": parts.get("port", ""),
            }
        },
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    stand_in("celery", shared_task=Task)
    stand_in("asyncpg", Connection=object, Pool=object)
    spec = importlib.util.spec_from_file_location("sample", given["sample"])
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["sample"] = module
    spec.loader.exec_module(module)

    from django.db import connection
    from django.db.models import Model

    models = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Model) and one.__module__ == "sample"]
    with connection.schema_editor() as editor:
        for model in models:
            editor.create_model(model)
    with connection.cursor() as cursor:
        for statement in given.get("statements", ()):
            cursor.execute(statement)
    json.dump([run(module, task) for task in given["runs"]], sys.stdout)


if __name__ == "__main__":
    main()
