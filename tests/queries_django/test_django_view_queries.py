"""Queries of generic views that stand in no code of the project."""

from __future__ import annotations

from queries_django.test_django_sites import conditions, found

from backend_lint.facts.query import Rows


def test_list_view_orders_and_pages() -> None:
    code = """
    from django.views.generic import ListView

    class Books(ListView):
        model = Book
        ordering = ["title"]
        paginate_by = 20
    """
    (site,) = found(code)
    assert [key.term.column for key in site.query.order] == ["title"]
    assert (site.query.limit, site.query.offset, site.symbol, site.call) == (20, True, "Books", -1)


def test_detail_view_looks_up_by_key_or_slug() -> None:
    code = """
    from django.views.generic import DetailView

    class ByKey(DetailView):
        model = Book

    class BySlug(DetailView):
        queryset = Book.objects.filter(status="live")
        slug_field = "isbn"
    """
    assert conditions(code) == ["id = ?", "status = 'live' and isbn = ?"]
    assert {site.query.rows for site in found(code)} == {Rows.ONE}


def test_mixins_narrow_the_queryset_of_the_class_they_are_mixed_into() -> None:
    code = """
    from django.views.generic import ListView

    class Own:
        def get_queryset(self):
            return super().get_queryset().filter(author=self.request.user)

    class Books(Own, ListView):
        model = Book
    """
    assert conditions(code)[-1] == "author_id = ?"


def test_view_set_lists_with_each_filter() -> None:
    code = """
    from django_filters.rest_framework import DjangoFilterBackend
    from rest_framework import filters, pagination, viewsets

    class Pages(pagination.PageNumberPagination):
        page_size = 50

    class Books(viewsets.ModelViewSet):
        queryset = Book.objects.filter(featured=True)
        pagination_class = Pages
        filter_backends = [DjangoFilterBackend, filters.SearchFilter, filters.OrderingFilter]
        filterset_fields = ["slug", "author__email"]
        search_fields = ["title", "^isbn"]
        ordering_fields = ["price"]
        lookup_field = "slug"
    """
    texts = conditions(code)
    assert "featured = true and slug = ?" in texts
    assert "featured = true and email = ?" in texts
    assert "featured = true and (upper(isbn) like ?% or upper(title) like %?%)" in texts
    assert {site.query.limit for site in found(code) if site.query.rows is Rows.MANY} == {50}
    assert ["price"] in [[key.term.column for key in site.query.order] for site in found(code)]


def test_filter_set_class() -> None:
    code = """
    import django_filters
    from django_filters.rest_framework import DjangoFilterBackend
    from rest_framework import generics

    class BookFilter(django_filters.FilterSet):
        cheap = django_filters.NumberFilter(field_name="price", lookup_expr="lt")
        word = django_filters.CharFilter(method="by_word")

        class Meta:
            model = Book
            fields = {"title": ["exact", "icontains"]}

        def by_word(self, queryset, name, value):
            return queryset.filter(summary__icontains=value)

    class Books(generics.ListAPIView):
        queryset = Book.objects.all()
        filter_backends = [DjangoFilterBackend]
        filterset_class = BookFilter
    """
    texts = conditions(code)
    assert {"price < ?", "title = ?", "upper(summary) like %?%"} <= set(texts)
    assert [site.offered for site in found(code) if site.offered] == ["price__lt", "title"]


def test_views_that_list_themselves_are_read_where_they_do() -> None:
    code = """
    from rest_framework import generics

    class Books(generics.ListAPIView):
        queryset = Book.objects.filter(pages=1)

        def list(self, request):
            return [book.pk for book in self.get_queryset().filter(slug="a")]
    """
    (site,) = found(code)
    assert site.symbol == "Books.list"


def test_a_field_that_is_no_relation_is_not_followed() -> None:
    """Django refuses it when the query runs; until then it is a mistake of the checked code, and no reason to fail."""
    code = """
    def books(isbn):
        return list(Book.objects.select_related("author", "id").filter(isbn=isbn))
    """
    assert conditions(code) == ["isbn = ?"]
