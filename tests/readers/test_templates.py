"""The reader of templates: names through loops, aliases and includes, tests that items answer, and bounds."""

from __future__ import annotations

import time

import pytest

from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.readers import templates, wanted
from backend_lint.readers.templates.scan import read_template


def paths(text: str) -> list[str]:
    return [read.path for read in read_template(text).reads]


def test_names_stand_for_the_items_of_loops() -> None:
    inner = "{% for tag in book.tags.all %}{{ tag.word }}{{ book.title }}{% endfor %}"
    found = read_template("{% for book in books reversed %}" + inner + "{% endfor %}{{ book.title }}")
    assert [(loop.items, loop.parent) for loop in found.loops] == [("books", -1), ("%0.tags.all", 0)]
    assert [(read.path, read.loop) for read in found.reads] == [("%0.tags.all", 0), ("%1.word", 1), ("%0.title", 1), ("book.title", -1)]


def test_aliases_are_followed_and_end() -> None:
    assert paths("{% with a=shop.owner %}{{ a.name }}{% endwith %}{{ a.name }}") == ["shop.owner", "shop.owner.name", "a.name"]
    assert paths("{% with shop.owner as a %}{{ a.name }}{% endwith %}") == ["shop.owner", "shop.owner.name"]
    assert paths("{% with a=shop|first %}{{ a.name }}{% endwith %}") == []
    assert paths("{% set a = shop.owner %}{{ a.name }}") == ["shop.owner", "shop.owner.name"]


def test_strings_filters_and_keywords_are_no_names() -> None:
    assert paths("{{ book.title|default:'a.b'|date:\"c.d\" }}") == ["book.title"]
    assert paths("{% url 'shop.book' pk=book.pk next=page.next %}") == ["book.pk", "page.next"]
    assert paths("{% for a, b in pairs %}{{ a.name }}{{ forloop.counter }}{% endfor %}") == []


def test_comments_and_verbatim_text_are_left_out() -> None:
    assert paths("{# {{ a.b }} #}{% comment %}{{ c.d }}{% endcomment %}{% verbatim %}{{ e.f }}{% endverbatim %}{{ g.h }}") == ["g.h"]


@pytest.mark.parametrize(
    ("test", "conditional"),
    [("user.is_staff", False), ("book.open", False), ("forloop.first", True), ("book.pk == chosen.pk", True)],
)
def test_only_tests_that_items_answer_make_a_read_conditional(test: str, conditional: bool) -> None:
    found = read_template("{% for book in books %}{% if " + test + " %}{{ book.author.name }}{% endif %}{% endfor %}")
    assert [read.conditional for read in found.reads if read.path == "%0.author.name"] == [conditional]


def test_includes_hand_names_on() -> None:
    found = read_template("{% for book in books %}{% include 'a.html' with sold=book.shop only %}{% include \"b.html\" %}{% endfor %}")
    assert [(one.name, one.names, one.only) for one in found.includes] == [
        ("a.html", (("sold", "%0.shop"),), True),
        ("b.html", (("book", "%0"),), False),
    ]


def test_lines_and_columns_count_from_one() -> None:
    read = read_template("<p>\n  {{ book.title }}</p>").reads[0]
    assert (read.line, read.column) == (2, 6)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("shop/templates/shop/a.html", Kind.TEMPLATE),
        ("templates/a.jinja2", Kind.TEMPLATE),
        ("shop/jinja2/a.html.j2", Kind.TEMPLATE),
        ("roles/web/templates/site.conf.j2", None),
        ("docs/index.html", None),
    ],
)
def test_only_html_in_folders_of_templates_is_read(path: str, kind: Kind | None) -> None:
    assert wanted(path) is kind


@pytest.mark.parametrize(
    "text",
    [
        "{%" * 300_000,
        "{% for " + "in " * 200_000 + "%}",
        "{% with " + "a=" * 200_000 + " %}",
        "{% include 'x' with " + "a=b.c " * 100_000 + "%}",
        "{{ " + "a.b " * 200_000 + " }}",
        "{% with a=a.b %}" * 50_000 + "{{ a.b }}" * 50_000,
        "{% for a in a.b %}{% if a.b %}" * 50_000,
        "{% endfor %}{% endwith %}" * 50_000,
    ],
)
def test_hostile_templates_are_read_in_linear_time(text: str) -> None:
    started = time.process_time()
    reading = templates.read(text.encode(), SourceFile("t.html", Kind.TEMPLATE, Role.APPLICATION, len(text)))
    assert time.process_time() - started < 3
    assert not reading.unchecked and len(bytes(reading.facts)) < 3_000_000
