"""Runs the market's questions with real SQLAlchemy on a database that answers nothing, and prints the SQL each of them sends as JSON.

Run as a script in the folder of the market: `{"selects.equal": [["SELECT ...", {"email_1": "..."}], ...]}`.
"""

from __future__ import annotations

import asyncio
import datetime
import decimal
import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

MODULES = ("selects", "joins", "legacy", "moves")


class Cursor:
    """A cursor that finds no rows."""

    rowcount = 0
    arraysize = 1
    lastrowid = None
    itersize = 1

    def __init__(self, sent: list[tuple[str, Any]]) -> None:
        self.sent = sent
        self.description: Any = None

    def execute(self, statement: str, parameters: Any = None, **_: Any) -> None:
        self.sent.append((statement, parameters or {}))

    def executemany(self, statement: str, parameters: Any) -> None:
        self.sent.append((statement, parameters[0] if parameters else {}))

    def fetchall(self) -> list[Any]:
        return []

    def fetchone(self) -> None:
        return None

    def fetchmany(self, size: int = 0) -> list[Any]:
        return []

    def close(self) -> None:
        pass

    def nextset(self) -> None:
        return None

    def __iter__(self) -> Any:
        return iter(())


class Connection:
    """A connection that does nothing."""

    autocommit = False

    def __init__(self, sent: list[tuple[str, Any]]) -> None:
        self.sent = sent
        self.notice_processor = None

    def cursor(self, *_: Any, **__: Any) -> Cursor:
        return Cursor(self.sent)

    def commit(self) -> None:
        pass

    def rollback(self) -> None:
        pass

    def close(self) -> None:
        pass

    def add_notice_handler(self, _: Any) -> None:
        pass


class AwaitedSession:
    """A session whose methods are awaited."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._session, name)

        async def awaited(*args: Any, **keywords: Any) -> Any:
            return method(*args, **keywords)

        return awaited


def main() -> None:
    """Record everything."""
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import NoResultFound
    from sqlalchemy.orm import Session, make_transient_to_detached

    sent: list[tuple[str, Any]] = []
    engine = create_engine("postgresql+psycopg://", creator=lambda: Connection(sent), _initialize=False, insertmanyvalues_page_size=1)
    engine.dialect.server_version_info = (16, 0)

    @event.listens_for(engine, "after_cursor_execute")
    def describe(_: Any, cursor: Any, __: Any, ___: Any, context: Any, ____: Any) -> None:
        compiled = context.compiled
        if compiled is not None and getattr(compiled, "_result_columns", None):
            cursor.description = [(column.keyname, 1700, None, None, None, None, None) for column in compiled._result_columns]

    found: dict[str, list[tuple[str, Any]]] = {}
    folder = Path.cwd()
    sys.path.insert(0, str(folder.parent))
    models = importlib.import_module(f"{folder.name}.models")
    for name in MODULES:
        module = importlib.import_module(f"{folder.name}.{name}")
        for key, function in dict(vars(module)).items():
            if not inspect.isfunction(function) or function.__module__ != module.__name__ or key.startswith("_"):
                continue
            sent.clear()
            with Session(engine, autoflush=False) as session:
                first = next(iter(inspect.signature(function).parameters), "")
                if first == "account":
                    account = models.Account(id=17)
                    make_transient_to_detached(account)
                    session.add(account)
                    given: Any = account
                elif inspect.iscoroutinefunction(function):
                    given = AwaitedSession(session)
                else:
                    given = session
                try:
                    result = function(given)
                    if inspect.iscoroutine(result):
                        asyncio.run(result)
                except NoResultFound:
                    pass
                except Exception as error:
                    raise SystemExit(f"{name}.{key}: {type(error).__name__}: {error}") from error
                session.rollback()
            found[f"{name}.{key}"] = list(sent)
    print(json.dumps(found, default=_plain))  # noqa: T201


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    if hasattr(value, "obj"):
        return json.dumps(value.obj)
    return str(value)


if __name__ == "__main__":
    main()
