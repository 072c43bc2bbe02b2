"""The shop as a linked project with every question in a function of its own, and what the real Django sends for each."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import psycopg.conninfo
import pytest
from postgres_server import database, uri_of
from queries_django.generated import generated

from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.facts.query import Query, Site
from backend_lint.project import Project
from backend_lint.readers.python import read
from backend_lint.sql.parse import parse

FOLDER = Path(__file__).parent
DATABASE = "shop_of_django"
SEED, GENERATED = 20, 400
_CONTENT_TYPES = re.compile(r'(SELECT .* FROM|INSERT INTO) "django_content_type"')
_HEAD = """from datetime import timedelta
from django.contrib.postgres.search import SearchVector
from django.db.models import Avg, Case, Count, Exists, F, Max, Min, OuterRef, Q, Subquery, Sum, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce, Concat, ExtractYear, Length, Lower, TruncDate, TruncMonth, Upper
from django.shortcuts import get_list_or_404, get_object_or_404
from shop.models import Author, Book, CheapBook, Country, Note, Place, Profile, Publisher, Review, Status, Stock, Store, Tag
"""
_PARAMETERS = "x, x32, n, price, ids, names, day, now, then, flag, author: Author, book: Book, publisher: Publisher, store: Store, tag: Tag, review: Review"


class Answer(NamedTuple):
    """A question, the statement that Django sends, and that statement read by our SQL parser; what a question about content types sends first is left out."""

    question: str
    sql: str
    query: Query | None


def linked(sources: dict[str, str]) -> Project:
    """A project of files given as text."""
    readings = {}
    for path, text in sources.items():
        role = Role.MIGRATION if "/migrations/" in path else Role.APPLICATION
        file = SourceFile(path, Kind.PYTHON, role, len(text))
        readings[path] = file, read(text.encode(), file, ())
    return Project.link(readings)


@functools.cache
def written() -> tuple[str, ...]:
    """The questions of the file, in their order."""
    lines = (FOLDER / "questions.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@functools.cache
def questions() -> tuple[str, ...]:
    """The questions of the file, and others put together at random."""
    return (*written(), *(one for one in generated(SEED, GENERATED) if one not in written()))


def _shop(asked: tuple[str, ...]) -> Project:
    sources = {f"shop/{name}": (FOLDER / "shop" / name).read_text(encoding="utf-8") for name in ("__init__.py", "models.py", "settings.py")}
    functions = [f"\n\ndef question_{number}({_PARAMETERS}):\n    return {question}\n" for number, question in enumerate(asked)]
    return linked({**sources, "shop/views.py": _HEAD + "".join(functions)})


@functools.cache
def project() -> Project:
    """The shop with a module ``shop/views.py`` that asks."""
    return _shop(questions())


@functools.cache
def asked() -> dict[str, list[Site]]:
    """The queries that each question is, as we read them."""
    return _sites(questions(), project())


def _sites(asked: tuple[str, ...], shop: Project) -> dict[str, list[Site]]:
    from backend_lint.project.queries.django import sites

    found: dict[str, list[Site]] = {question: [] for question in asked}
    for site in sites(shop):
        if site.path == "shop/views.py":
            found[asked[int(site.symbol.rpartition("_")[2])]].append(site)
    return found


def answers(asked: tuple[str, ...]) -> tuple[dict[str, Answer], dict[str, list[Site]]]:
    """What Django sends for other questions, and the queries that they are. The tables are there, empty."""
    return _sent(asked), _sites(asked, _shop(asked))


@functools.cache
def sent() -> dict[str, Answer]:
    """What Django sends for each question. The tables are in the database `DATABASE`, empty. Skips the test where Django or PostgreSQL are missing."""
    return _sent(questions())


def _sent(asked: tuple[str, ...]) -> dict[str, Answer]:
    pytest.importorskip("django", reason="Django is not installed: pip install 'backend-lint[test]'")
    database(DATABASE).close()
    where = psycopg.conninfo.conninfo_to_dict(uri_of(DATABASE))
    environment = {
        **os.environ,
        "PYTHONPATH": str(FOLDER),
        "SHOP_DATABASE": DATABASE,
        "SHOP_HOST": str(where.get("host", "")),
        "SHOP_USER": str(where.get("user", "")),
    }
    command = [sys.executable, "-m", "shop.ask"]
    done = subprocess.run(command, env=environment, input="\n".join(asked), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = {}
    for one in json.loads(done.stdout):
        statements = [sql for sql in one["sql"] if not _CONTENT_TYPES.match(sql)]
        sql = re.sub(r"\ADECLARE .*? FOR (?=SELECT)", "", statements[0], flags=re.DOTALL) if statements else ""
        parsed = parse(sql).queries if sql else ()
        found[one["question"]] = Answer(one["question"], sql, parsed[0] if parsed else None)
    return found
