"""Where Django's queries are found in code: locals, conditions, loops, functions, managers, relations, views; and what is said of what cannot be known."""

from __future__ import annotations

import textwrap

from queries_django.shop_project import FOLDER, linked

from backend_lint.facts.query import Query, Rows, Site, Verb
from backend_lint.project.queries.django import sites
from backend_lint.sql.conditions import predicate_text

_MODELS = {f"shop/{name}": (FOLDER / "shop" / name).read_text(encoding="utf-8") for name in ("__init__.py", "models.py", "settings.py")}
_IMPORTS = """
from django.db.models import *
from django.shortcuts import *
from shop.models import *
"""


def found(code: str, **others: str) -> list[Site]:
    """The queries of a module `shop/views.py`, in order of line, variant and text."""
    project = linked(
        {**_MODELS, **{f"shop/{name}.py": textwrap.dedent(text) for name, text in others.items()}, "shop/views.py": _IMPORTS + textwrap.dedent(code)}
    )
    return sorted((site for site in sites(project) if site.path == "shop/views.py"), key=lambda site: (site.line, site.variant, site.text))


def conditions(code: str, **others: str) -> list[str]:
    return [predicate_text(site.query.where) for site in found(code, **others)]


def only(code: str, **others: str) -> Query:
    (site,) = found(code, **others)
    return site.query


class TestWays:
    def test_a_filter_under_a_condition_gives_two_queries(self) -> None:
        code = """
        def view(x):
            qs = Book.objects.filter(pages=1)
            if x:
                qs = qs.filter(slug=x)
            return qs.count()
        """
        assert sorted(conditions(code)) == ["pages = 1", "pages = 1 and slug = ?"]
        assert [site.variant for site in found(code)] == [0, 1]

    def test_a_choice_between_querysets_gives_both(self) -> None:
        code = """
        def view(x):
            qs = Book.objects.filter(pages=1) if x else Book.objects.filter(slug="a")
            return qs.first()
        """
        assert sorted(conditions(code)) == ["pages = 1", "slug = 'a'"]

    def test_keywords_that_are_built_up(self) -> None:
        code = """
        def view(x):
            lookups = {"pages": 3}
            lookups["slug"] = "a"
            if x:
                lookups["status"] = "live"
            return Book.objects.filter(**lookups).exists()
        """
        assert sorted(conditions(code)) == ["pages = 3 and slug = 'a'", "pages = 3 and slug = 'a' and status = 'live'"]

    def test_a_condition_that_a_loop_builds_counts_once(self) -> None:
        code = """
        def view(words):
            query = Q(title="a")
            for word in words:
                query |= Q(slug=word)
            return Book.objects.filter(query).count()
        """
        assert conditions(code) == ["title = 'a' or slug = ?"]

    def test_conditions_that_reduce_joins(self) -> None:
        code = """
        import functools, operator

        def view(words):
            return Book.objects.filter(functools.reduce(operator.or_, [Q(title__icontains=word) for word in words])).count()
        """
        assert conditions(code) == ["upper(title) like %?%"]

    def test_many_conditions_stay_few_variants(self) -> None:
        lines = "\n".join(f"    if x == {number}:\n        qs = qs.filter(pages={number})" for number in range(12))
        code = f"def view(x):\n    qs = Book.objects.filter(slug=x)\n{lines}\n    return qs.count()\n"
        assert 2 <= len(found(code)) <= 8


class TestPlaces:
    def test_rows_and_loops(self) -> None:
        code = """
        def view(names):
            for name in names:
                Book.objects.filter(title=name).update(pages=1)
            return [book.pk for book in Book.objects.filter(slug="a")]
        """
        update, listed = found(code)
        assert (update.query.verb, update.loop_depth, update.query.written) == (Verb.UPDATE, 1, ("pages",))
        assert (listed.query.rows, listed.loop_depth, listed.evaluated) == (Rows.MANY, 0, True)

    def test_a_queryset_that_is_handed_on_is_not_evaluated(self) -> None:
        code = """
        def view(request):
            return render(request, "a.html", {"books": Book.objects.filter(pages=2)})
        """
        assert [site.evaluated for site in found(code)] == [False]

    def test_a_queryset_inside_another_query_is_no_query_of_its_own(self) -> None:
        code = """
        def view(x):
            authors = Author.objects.filter(last_name=x)
            return Book.objects.filter(author__in=authors).count()
        """
        query = only(code)
        assert predicate_text(query.where) == "author_id in (select ...)"
        assert predicate_text(query.subqueries[0].where) == "last_name = ?"

    def test_truth_length_and_items_evaluate(self) -> None:
        code = """
        def view(x):
            if Book.objects.filter(pages=1):
                return len(Book.objects.filter(pages=2))
            return Book.objects.filter(pages=3)[0].title
        """
        truth, length, item = found(code)
        assert truth.evaluated
        assert length.evaluated
        assert (item.query.limit, item.query.rows) == (1, Rows.ONE)

    def test_asynchronous_twins(self) -> None:
        code = """
        async def view(x):
            await Book.objects.aget(pk=x)
            await Book.objects.filter(slug=x).acount()
            async for book in Book.objects.filter(title=x):
                print(book)
        """
        assert [site.query.rows for site in found(code)] == [Rows.ONE, Rows.NONE, Rows.MANY]

    def test_tests_and_migrations_are_left_out(self) -> None:
        project = linked({**_MODELS, "shop/migrations/0001_initial.py": _IMPORTS + "def run(apps, editor):\n    Book.objects.filter(pages=1).delete()\n"})
        assert not [site for site in sites(project) if "migrations" in site.path]

    def test_text_is_the_chain(self) -> None:
        (site,) = found("def view(x):\n    return Book.objects.filter(title=x, author__email__in=['a']).first()\n")
        assert site.text == "Book.objects.filter(title=x, author__email__in=['a']).first()"


class TestFunctionsAndManagers:
    def test_a_function_that_returns_a_queryset(self) -> None:
        code = """
        def books(x):
            return Book.objects.filter(slug=x)

        def view(x):
            return books(x).filter(pages=1).count()
        """
        assert conditions(code) == ["slug = ?", "slug = ? and pages = 1"]

    def test_a_parameter_that_all_callers_give_a_queryset(self) -> None:
        code = """
        def narrow(qs):
            return qs.filter(pages=1).count()

        def view():
            return narrow(Book.objects.filter(slug="a"))
        """
        assert "slug = 'a' and pages = 1" in conditions(code)

    def test_methods_of_managers_see_what_they_are_given(self) -> None:
        code = """
        def view(a):
            Book.objects.by(a, title="x").count()
            Book.objects.find(isbn="y")
            Book.shown.cheap(3).count()
        """
        assert conditions(code) == ["author_id = ? and title = 'x'", "isbn = 'y'", "status = 'live' and price < 3"]

    def test_related_managers_of_rows(self) -> None:
        code = """
        def view():
            for book in Book.objects.all():
                book.author.mentor.books.count()
                book.tags.filter(name="a").exists()
        """
        _, count, exists = found(code)
        assert (predicate_text(count.query.where), count.loop_depth) == ("author_id = ?", 1)
        assert predicate_text(exists.query.where) == "book_id = ? and name = 'a'"

    def test_rows_that_are_prefetched(self) -> None:
        code = """
        def view():
            return list(Author.objects.prefetch_related("books__tags", Prefetch("reviews", queryset=Review.objects.filter(rating=3))))
        """
        texts = {site.text: predicate_text(site.query.where) for site in found(code)[1:]}
        assert texts["author.books"] == "author_id in (...)"
        assert texts["book.tags"] == "book_id in (...)"
        assert texts["author.reviews.filter(rating=3)"] == "author_id in (...) and rating = 3"

    def test_rows_that_were_read_are_counted_without_a_query(self) -> None:
        code = """
        def loop(x):
            books = Book.objects.filter(slug=x)
            for book in books:
                print(book, books.count())
            return books.count()

        def listed(x):
            books = Book.objects.filter(slug=x)
            return [book.pk for book in books], [
                books.exists(),
            ]
        """
        assert [site.text for site in found(code)] == ["Book.objects.filter(slug=x)"] * 2

    def test_rows_that_may_not_have_been_read_are_counted_by_a_query(self) -> None:
        code = """
        def before(x):
            books = Book.objects.filter(slug=x)
            print(books.count())
            for book in books:
                print(book)

        def on_another_way(x):
            books = Book.objects.filter(slug=x)
            if x:
                for book in books:
                    print(book)
            return books.count()

        def of_others(x):
            books = Book.objects.filter(slug=x)
            for book in books:
                print(book)
            return books.filter(price=1).count()
        """
        counted = [site.symbol for site in found(code) if site.text.endswith(".count()")]
        assert counted == ["before", "on_another_way", "of_others"]

    def test_a_model_that_is_looked_up_by_name(self) -> None:
        code = """
        from django.apps import apps

        Looked = apps.get_model("shop", "Book")

        def view(x):
            return Looked.objects.get(slug=x)
        """
        assert conditions(code) == ["slug = ?"]

    def test_users_of_the_library(self) -> None:
        code = """
        from django.contrib.auth import get_user_model

        def view(x):
            return get_user_model().objects.filter(email=x).first()
        """
        query = only(code)
        assert (query.relations[0].table, predicate_text(query.where)) == ("auth_user", "email = ?")

    def test_a_model_that_all_callers_hand_in(self) -> None:
        code = """
        def by_slug(model, slug):
            return model.objects.get(slug=slug)

        def view(x):
            return by_slug(Book, x)
        """
        assert conditions(code) == ["slug = ?"]

    def test_a_manager_class_behind_a_scope(self) -> None:
        models = """
        from django.db import models
        from django_scopes import ScopedManager

        class ToyManager(models.Manager):
            def cheap(self):
                return self.filter(price__lt=3)

        class Toy(models.Model):
            price = models.IntegerField()
            objects = ScopedManager(event="event", _manager_class=ToyManager)
        """
        assert conditions("from shop.toys import Toy\n\ndef view():\n    return Toy.objects.cheap().count()\n", toys=models) == ["price < 3"]

    def test_values_of_serializers_are_looked_up(self) -> None:
        code = """
        from rest_framework import serializers

        class BookSerializer(serializers.ModelSerializer):
            tag = serializers.SlugRelatedField(slug_field="name", queryset=Tag.objects.all())
        """
        assert "name = ?" in conditions(code)


class TestUnknown:
    def test_names_that_are_not_constant(self) -> None:
        query = only("def view(name, x):\n    return Book.objects.filter(pages=1, **{name: x}).count()\n")
        assert query.unknown
        assert predicate_text(query.where) == "names that are not constant and pages = 1"

    def test_fields_that_do_not_exist(self) -> None:
        assert only("def view(x):\n    return Book.objects.filter(nothing__here=x).count()\n").unknown == ("field nothing__here",)

    def test_methods_of_libraries(self) -> None:
        query = only("def view(x):\n    return Book.objects.search_by_magic(x).filter(pages=1).count()\n")
        assert query.unknown == ("search_by_magic()",)

    def test_a_method_of_a_library_does_not_run_what_stands_before(self) -> None:
        sites_found = found("def view(x):\n    return Book.objects.filter(pages=1).some_plugin(x).filter(slug=x)\n")
        assert [site.evaluated for site in sites_found] == [False]

    def test_lookups_of_a_field_whose_type_is_not_known(self) -> None:
        models = """
        from django.db import models
        from somewhere import PathField

        class Toy(models.Model):
            path = PathField()
        """
        code = "from shop.toys import Toy\n\ndef view(x):\n    return Toy.objects.filter(path__contains=x).count()\n"
        assert conditions(code, toys=models) == ["lookup contains"]

    def test_dictionaries_and_other_things_that_have_get(self) -> None:
        assert not found("def view(request, x: dict):\n    x.get('a'), request.GET.get('b'), x.values(), {}.update(a=1)\n")

    def test_querysets_that_call_each_other_end(self) -> None:
        code = """
        def one(x):
            return two(x) | one(x)

        def two(x):
            return one(x).filter(pages=1)

        def view(x):
            return one(x).count()
        """
        assert found(code) == []

    def test_conditions_that_grow_without_end(self) -> None:
        code = "def view(x):\n    q = Q()\n" + "".join(f"    if x: q |= Q(pages={n}) | q\n" for n in range(200)) + "    return Book.objects.filter(q).count()\n"
        assert len(found(code)) <= 8


class TestBounds:
    def test_a_chain_of_many_calls(self) -> None:
        assert len(found("def view(x):\n    return Book.objects" + ".filter(pages=x)" * 150 + ".count()\n")) == 1

    def test_many_conditions_in_one_call(self) -> None:
        (site,) = found("def view(x):\n    return Book.objects.filter(" + ",".join(["Q(pages=1)"] * 2000) + ").count()\n")
        assert not site.query.unknown

    def test_querysets_in_querysets(self) -> None:
        lines = "".join("    qs = Book.objects.filter(pk__in=qs)\n" for _ in range(100))
        assert len(found(f"def view(x):\n    qs = Book.objects.all()\n{lines}    return qs.count()\n")) <= 8

    def test_functions_that_double_the_ways(self) -> None:
        functions = "".join(
            f"def f{n}(x):\n    if x:\n        return f{n + 1}(x).filter(pages={n})\n    return f{n + 1}(x).exclude(pages={n})\n" for n in range(30)
        )
        sites_found = found(functions + "def f30(x):\n    return Book.objects.all()\n\ndef view(x):\n    return f0(x).count()\n")
        assert all(site.variant < 8 for site in sites_found)


class TestOtherDatabases:
    def test_mysql_compares_without_upper(self) -> None:
        sources = {
            "shelf/__init__.py": "",
            "shelf/settings.py": 'DATABASES = {"default": {"ENGINE": "django.db.backends.mysql"}}\nINSTALLED_APPS = ["shelf"]\n',
            "shelf/models.py": "from django.db import models\n\n\nclass Book(models.Model):\n    title = models.CharField(max_length=9)\n",
            "shelf/views.py": """
from shelf.models import Book

def view(x):
    Book.objects.filter(title__icontains=x).count()
    Book.objects.filter(title__iexact=x).count()
""",
        }
        assert [predicate_text(site.query.where) for site in sites(linked(sources))] == ["title like %?%", "title like ?"]


class TestLists:
    def test_a_queryset_that_was_made_a_list_is_asked_by_itself(self) -> None:
        code = """
        def view(x):
            names = Tag.objects.filter(weight=x).values_list("name", flat=True)
            return Book.objects.filter(slug__in=list(names)).count()
        """
        assert conditions(code) == ["weight = ?", "slug in (...)"]

    def test_one_that_was_not_is_part_of_the_other_query(self) -> None:
        code = """
        def view(x):
            names = Tag.objects.filter(weight=x).values_list("name", flat=True)
            return Book.objects.filter(slug__in=names).count()
        """
        assert conditions(code) == ["slug in (select ...)"]


def test_select_related_of_what_is_no_relation_joins_nothing() -> None:
    """Django refuses it when it runs; code that never ran has it."""
    code = """
    def view(x):
        return list(Book.objects.select_related("title", "pk").filter(slug=x))
    """
    assert [relation.table for relation in only(code).relations] == ["shop_book"]


class TestReads:
    def test_rows_that_are_counted_on_the_way(self) -> None:
        code = """
        def mean(x):
            prices = Book.objects.filter(slug=x).values_list("price", flat=True)[:9]
            mean = sum(prices) / len(prices)
            return mean

        def more(x):
            more = 2 * len(Book.objects.filter(title=x))
            return more
        """
        assert conditions(code) == ["slug = ?", "title = ?"]

    def test_a_queryset_among_other_conditions(self) -> None:
        code = """
        def either(x):
            books = Book.objects.filter(slug=x)
            if not books or x:
                raise ValueError

        def both(x):
            books = Book.objects.filter(title=x)
            if not x and not books:
                raise ValueError
        """
        assert conditions(code) == ["slug = ?", "title = ?"]


class TestAccessors:
    def test_an_object_is_told_by_its_accessor(self) -> None:
        """Nobody says what `store` is; only stores have stocks by that name, as do books, so that the name tells."""
        code = """
        def view(request, day):
            return list(request.store.stock_set.filter(counted=day))
        """
        assert conditions(code) == ["store_id = ? and counted = ?"]

    def test_one_that_several_models_have_is_unknown(self) -> None:
        code = """
        def view(request, day):
            return list(request.thing.stock_set.filter(counted=day))
        """
        assert not found(code)
