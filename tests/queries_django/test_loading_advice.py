"""What is advised where rows are loaded one by one, and where the evidence points: advice that does not fit the place is a false alarm to its reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.api import Finding
from backend_lint.engine.run import run
from tests import samples

_BASE = """
from django.db import models


class Owned(models.Model):
    # a line more, so that the two files differ

    owner = models.ForeignKey("app.Person", on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True
"""
_MODELS = """
from django.db import models

from app.base import Owned


class Person(models.Model):
    name = models.CharField(max_length=20)


class Shelf(Owned):
    title = models.CharField(max_length=20, unique=True)


class Book(models.Model):
    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE)
    code = models.CharField(max_length=20, unique=True)
    number = models.IntegerField()
"""


def findings(folder: Path, body: str, rule: str = "lazy-load-in-loop", others: dict[str, str] | None = None) -> list[Finding]:
    texts = {"app/__init__.py": "", "app/base.py": _BASE, "app/models.py": _MODELS}
    texts["app/pages.py"] = "from django.db.models import F\n\nfrom app.models import Book, Person, Shelf\n\n\n" + body
    for path, text in {**texts, **(others or {})}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    result = run(samples.settings(folder, select=(rule,)), samples.registry())
    return [one.finding for one in result.findings if one.finding.rule == rule]


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ("def page():\n    return [book.shelf.title for book in Book.objects.all()]", 'add `.select_related("shelf")`'),
        ("def page():\n    return [book.shelf.pk for book in Book.objects.all()]", "read `shelf_id` instead"),
        (
            "def page(shelf):\n    for book in Book.objects.all():\n        if book.shelf == shelf:\n            yield book.code",
            "read `shelf_id` instead",
        ),
        (
            "def page(shelf):\n    for book in Book.objects.all():\n        if book.shelf == shelf:\n            yield book.shelf",
            'add `.select_related("shelf")`',
        ),
        (
            "def is_on(book, shelf):\n    return book.shelf == shelf\n\n\ndef page(shelf):\n    return [is_on(book, shelf) for book in Book.objects.all()]",
            "read `shelf_id` instead",
        ),
        (
            "def of(book):\n    return book.shelf\n\n\ndef page(shelf):\n    return [of(book) for book in Book.objects.all()]",
            'add `.select_related("shelf")`',
        ),
        (
            "def page(shelf, shown):\n    for book in Book.objects.all():\n        if book.shelf:\n            yield shown(book.shelf)",
            'add `.select_related("shelf")`',
        ),
        ("def page():\n    return [shelf.book_set.count() for shelf in Shelf.objects.all()]", 'annotate the query with `Count("book", distinct=True)`'),
        (
            "def page():\n    return [shelf.book_set.exists() for shelf in Shelf.objects.all()]",
            'annotate the query with `Exists(Book.objects.filter(shelf=OuterRef("pk")))`',
        ),
        (
            "def page():\n    return [(shelf.book_set.count(), [b.pk for b in shelf.book_set.all()]) for shelf in Shelf.objects.all()]",
            'add `.prefetch_related("book_set")`',
        ),
        (
            "def page():\n    for book in Book.objects.filter(number__gt=1).iterator():\n        yield book.shelf.title",
            'add `.select_related("shelf")` before `.iterator()`',
        ),
        (
            "def page():\n    for shelf in Shelf.objects.filter(title__gt='a').iterator():\n        yield [book.pk for book in shelf.book_set.all()]",
            'add `.prefetch_related("book_set")` before `.iterator()`, and a `chunk_size` to it',
        ),
    ],
)
def test_the_smallest_change_fits_what_is_read(tmp_path: Path, body: str, advice: str) -> None:
    found = findings(tmp_path, body)
    assert [advice in one.message for one in found] == [True], [one.message for one in found]


def test_no_edit_is_offered_that_an_iterator_cannot_take(tmp_path: Path) -> None:
    found = findings(tmp_path, "def page():\n    for book in Book.objects.filter(number__gt=1).iterator():\n        print(book.shelf.title)")
    assert [one.suggestion for one in found] == [""]


def test_evidence_points_at_the_class_that_declares_the_relation_and_at_the_handler(tmp_path: Path) -> None:
    urls = "from django.urls import path\n\nfrom app.pages import page\n\n\n# far down\n\n\n\nurlpatterns = [\n    path('', page),\n]\n"
    body = "def page(request):\n    return [shelf.owner.name for shelf in Shelf.objects.all()]"
    (found,) = findings(tmp_path, body, others={"app/urls.py": urls})
    at = {(one.path, one.line) for one in found.evidence}
    assert ("app/base.py", line_of(_BASE, "owner =")) in at
    pages = (tmp_path / "app/pages.py").read_text()
    assert ("app/pages.py", line_of(pages, "def page")) in at
    for one in found.evidence:
        assert 0 < one.line <= len((tmp_path / one.path).read_text().splitlines()), one


def test_a_loop_that_nothing_is_known_to_run_is_no_warning(tmp_path: Path) -> None:
    body = "def page(request):\n    return [book.shelf.title for book in Book.objects.all()]"
    urls = "from django.urls import path\n\nfrom app.pages import page\n\nurlpatterns = [path('', page)]\n"
    assert [one.severity.value for one in findings(tmp_path / "a", body)] == ["info"]
    assert [one.severity.value for one in findings(tmp_path / "b", body, others={"app/urls.py": urls})] == ["warning"]


def test_rows_of_who_asks_are_no_warning(tmp_path: Path) -> None:
    body = "def page(request):\n    return [shelf.owner.name for shelf in Shelf.objects.filter(owner=request.user)]"
    urls = "from django.urls import path\n\nfrom app.pages import page\n\nurlpatterns = [path('', page)]\n"
    assert [one.severity.value for one in findings(tmp_path, body, others={"app/urls.py": urls})] == ["info"]


def test_evidence_does_not_point_at_what_a_method_sets(tmp_path: Path) -> None:
    models = _MODELS + "\n    def fill(self):\n        self.shelf = None\n"
    (found,) = findings(tmp_path, "def page():\n    return [book.shelf.title for book in Book.objects.all()]", others={"app/models.py": models})
    assert ("app/models.py", line_of(models, "shelf = models")) in {(one.path, one.line) for one in found.evidence}


def test_what_only_the_log_reads_is_no_warning(tmp_path: Path) -> None:
    body = (
        "import logging\n\nlogger = logging.getLogger(__name__)\n\n\n"
        "def page(request):\n    for book in Book.objects.all():\n        logger.info('%s', book.shelf.title)\n"
    )
    urls = "from django.urls import path\n\nfrom app.pages import page\n\nurlpatterns = [path('', page)]\n"
    assert [one.severity.value for one in findings(tmp_path, body, others={"app/urls.py": urls})] == ["info"]


@pytest.mark.parametrize(
    ("asks", "advice"),
    [
        ("Book.objects.filter(code=one).first()", "ask for all of them in one query before it"),
        ("Book.objects.filter(code=one).count()", "in one grouped query before it"),
        ("Book.objects.filter(code=one).exists()", "for which of them there are any"),
        ("Book.objects.filter(code=one).order_by('-number').first()", "with a window function"),
        ("Book.objects.filter(code=one).latest('number')", "with a window function"),
        ("Book.objects.filter(code=one).order_by('-number')[:1]", "with a window function"),
        ("[book.pk for book in Book.objects.filter(code=one).order_by('-number')]", "ask for all of them in one query before it"),
        ("Book.objects.filter(number__lt=one).first()", ""),
        ("Book.objects.filter(code__in=one).first()", ""),
        ("Book.objects.filter(number__gt=F('pk') + one).first()", ""),
        ("Book.objects.exclude(code=one).first()", ""),
    ],
)
def test_a_query_in_a_loop_is_reported_where_one_query_could_ask_for_all(tmp_path: Path, asks: str, advice: str) -> None:
    found = findings(tmp_path, f"def page(codes):\n    return [{asks} for one in codes]", "query-in-loop")
    assert [advice in one.message for one in found] == ([True] if advice else []), [one.message for one in found]


@pytest.mark.parametrize("connected", [True, False])
def test_what_runs_after_migrations_is_left_alone(tmp_path: Path, connected: bool) -> None:
    apps = (
        "from django.apps import AppConfig\nfrom django.db.models.signals import post_migrate\n\nfrom app.pages import fill\n\n\n"
        "class App(AppConfig):\n    name = 'app'\n\n    def ready(self):\n        post_migrate.connect(fill, sender=self)\n"
    )
    body = "def fill(codes, **others):\n    return [Book.objects.get(code=code) for code in codes]"
    found = findings(tmp_path, body, "query-in-loop", {"app/apps.py": apps} if connected else {})
    assert len(found) == (0 if connected else 1)


def test_two_loops_over_one_query_get_one_advice(tmp_path: Path) -> None:
    body = (
        "def page(request):\n    shelves = Shelf.objects.filter(title__gt='x')\n"
        "    owners = [shelf.owner.name for shelf in shelves]\n    return owners, [book.pk for shelf in shelves for book in shelf.book_set.all()]"
    )
    (found,) = findings(tmp_path, body)
    assert 'add `.select_related("owner").prefetch_related("book_set")`' in found.message
