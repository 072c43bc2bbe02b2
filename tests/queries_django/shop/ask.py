"""Asks the real Django every question and writes the SQL that it sends: ``python -m shop.ask < QUESTIONS`` gives JSON, a list of statements for each line.

Runs in a process of its own, for Django can be set up only once. `SHOP_DATABASE`, `SHOP_HOST`, `SHOP_USER` name the database; its tables are made here.
"""

from __future__ import annotations

import datetime
import decimal
import json
import os
import sys
import uuid

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")


def main() -> None:
    import django

    django.setup()
    from django.apps import apps
    from django.db import connection, models, transaction
    from django.db.models import expressions, functions
    from django.db.models.query import QuerySet
    from django.shortcuts import get_list_or_404, get_object_or_404
    from django.test.utils import CaptureQueriesContext

    with connection.schema_editor() as editor:
        for model in (one for one in apps.get_models() if not one._meta.proxy):
            editor.create_model(model)
    from shop import models as shop

    names: dict[str, object] = {}
    for module in (models, expressions, functions, shop):
        names |= {name: getattr(module, name) for name in dir(module) if name[0] != "_"}
    from django.contrib.postgres.search import SearchVector
    from django.db.models.fields.json import KeyTextTransform, KeyTransform

    names |= {"KeyTextTransform": KeyTextTransform, "KeyTransform": KeyTransform}
    names |= {"SearchVector": SearchVector, "get_object_or_404": get_object_or_404, "get_list_or_404": get_list_or_404, "timedelta": datetime.timedelta}
    now = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC)
    names |= {"x": "x", "x32": uuid.UUID(int=7), "n": 7, "m": 3, "price": decimal.Decimal(9), "ids": [1, 2, 3], "names": ["a", "b"]}
    names |= {"day": datetime.date(2024, 5, 1), "now": now, "flag": True, "then": now.replace(year=2000)}
    names |= {name: getattr(shop, name.capitalize())(pk=5) for name in ("author", "book", "publisher", "store", "tag", "review")}
    names["book"].author = names["author"]  # type: ignore[attr-defined]
    found = []
    for line in sys.stdin.read().splitlines():
        if not line or line.startswith("#"):
            continue
        with CaptureQueriesContext(connection) as captured:
            try:
                with transaction.atomic():
                    result = eval(line, dict(names))
                    if isinstance(result, (QuerySet, shop.models.Manager)) or hasattr(result, "__next__"):
                        list(result)
                    raise UndoError
            except UndoError:
                error = ""
            except Exception as caught:
                error = f"{type(caught).__name__}: {caught}"
        statements = [one["sql"] for one in captured.captured_queries if not one["sql"].startswith(("SAVEPOINT", "ROLLBACK", "RELEASE", "BEGIN", "COMMIT"))]
        found.append({"question": line, "sql": statements, "error": error})
    json.dump(found, sys.stdout, indent=1)


class UndoError(Exception):
    pass


if __name__ == "__main__":
    main()
