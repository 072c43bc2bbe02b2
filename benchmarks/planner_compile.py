"""Asks the real ORM: makes the tables of a world in an empty database, or runs questions there and writes the first statement that each sends.

Runs in a process of its own, in the folder that holds the package ``world``: ``python planner_compile.py django tables URI`` and
``python planner_compile.py django ask URI < QUESTIONS`` (a JSON list of texts, each with its parameters; JSON comes out). The same for ``sqlalchemy``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


def main() -> None:
    library, task, uri = sys.argv[1:4]
    sys.path[:0] = [str(Path.cwd()), str(Path(__file__).resolve().parent)]
    sent = (_Django if library == "django" else _Alchemy)(uri)
    if task == "tables":
        sent.tables()
        return
    found = []
    for text, parameters in json.load(sys.stdin):
        names = dict(sent.names)
        for name, value in parameters:
            names[name] = eval(value, dict(names))
        found.append(sent.ask(text, names))
    json.dump(found, sys.stdout)


class _Django:
    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        where = {"ENGINE": "django.db.backends.postgresql", "NAME": parts.path[1:], "USER": parts.username or "", "HOST": parse_qs(parts.query)["host"][0]}
        from django.conf import settings

        keys = "django.db.models.BigAutoField"
        settings.configure(INSTALLED_APPS=["world"], DATABASES={"default": where}, USE_TZ=True, TIME_ZONE="UTC", DEFAULT_AUTO_FIELD=keys)
        import django

        django.setup()
        import planner_asks_django

        self.names: dict[str, Any] = {}
        exec(planner_asks_django.HEAD, self.names)

    def tables(self) -> None:
        from django.apps import apps
        from django.db import connection

        with connection.schema_editor() as editor:
            for model in apps.get_models():
                editor.create_model(model)

    def ask(self, text: str, names: dict[str, Any]) -> tuple[str, str]:
        from django.db import connection, transaction
        from django.db.models.query import QuerySet
        from django.test.utils import CaptureQueriesContext

        error = ""
        with CaptureQueriesContext(connection) as captured:
            try:
                with transaction.atomic():
                    result = eval(text, names)
                    if isinstance(result, QuerySet):
                        list(result)
                    transaction.set_rollback(True)
            except Exception as caught:
                error = f"{type(caught).__name__}: {caught}"
        statements = [one["sql"] for one in captured.captured_queries if one["sql"].startswith(("SELECT", "UPDATE", "DELETE", "INSERT", "(SELECT"))]
        return (statements[0] if statements else ""), error


class _Alchemy:
    def __init__(self, uri: str) -> None:
        import planner_asks_sqlalchemy
        from sqlalchemy import create_engine, event

        self.engine = create_engine(uri.replace("postgresql://", "postgresql+psycopg://", 1))
        self.sent: list[tuple[str, Any]] = []
        event.listen(self.engine, "before_cursor_execute", lambda connection, cursor, statement, parameters, *rest: self.sent.append((statement, parameters)))
        self.names: dict[str, Any] = {}
        exec(planner_asks_sqlalchemy.HEAD, self.names)

    def tables(self) -> None:
        self.names["Base"].metadata.create_all(self.engine)

    def ask(self, text: str, names: dict[str, Any]) -> tuple[str, str]:
        import psycopg
        from sqlalchemy.orm import Session

        error, sql = "", ""
        with Session(self.engine) as session:
            self.sent.clear()
            names["session"] = session
            *before, last = text.split("\n")
            try:
                exec("\n".join(before), names)
                eval(last, names)
            except Exception as caught:
                error = f"{type(caught).__name__}: {caught}"
            asked = [one for one in self.sent if one[0].startswith(("SELECT", "UPDATE", "DELETE"))]
            if asked:
                raw: Any = session.connection().connection.driver_connection if not error else None
                if raw is not None:
                    sql = psycopg.ClientCursor(raw).mogrify(*asked[0])
            session.rollback()
        return sql, error


if __name__ == "__main__":
    main()
