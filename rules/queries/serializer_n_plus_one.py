from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Finding, Mends, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.loading.advice import cure_of, loaders
from backend_lint.project.loading.edits import with_calls
from backend_lint.project.loading.serialized import Serialized, evidence_of, serialized

if TYPE_CHECKING:
    import libcst


class SerializerNPlusOne(ProjectRule, Mends):
    """A serializer reads relations of each row of a list, and the view's query did not load them.

    ## What it does

    Joins serializers with the queries whose rows they write: list views of Django REST framework (`queryset` and `get_queryset`, the serializer chosen for
    the action `list`), calls with `many=True`, and Pydantic response models that read from SQLAlchemy's objects. It knows nested serializers,
    `source="a.b"`, related fields, `SerializerMethodField` with its method, properties of the model, and what the query loads.

    The default profile speaks of relations of rows of growing tables that a known route lists; `strict` of other lists and of the serializer's own queries.

    The fix adds the missing `select_related`, `prefetch_related` or `options(...)`. It is unsafe: a join of wide tables may cost more than it saves.

    ## Why is this bad

    A page of fifty rows with three relations costs 151 queries. Serializer and view stand in different files, so nobody sees it in review.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Author(models.Model):
        name = models.CharField(max_length=200)


    class Book(models.Model):
        title = models.CharField(max_length=200)
        author = models.ForeignKey(Author, on_delete=models.CASCADE)
    ```

    ```python
    # path: shop/api.py
    from rest_framework import serializers, viewsets

    from shop.models import Book


    class BookSerializer(serializers.ModelSerializer):
        author_name = serializers.CharField(source="author.name")

        class Meta:
            model = Book
            fields = ["title", "author_name"]


    class BookViewSet(viewsets.ReadOnlyModelViewSet):
        queryset = Book.objects.order_by("title")
        serializer_class = BookSerializer
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Author(models.Model):
        name = models.CharField(max_length=200)


    class Book(models.Model):
        title = models.CharField(max_length=200)
        author = models.ForeignKey(Author, on_delete=models.CASCADE)
    ```

    ```python
    # path: shop/api.py
    from rest_framework import serializers, viewsets

    from shop.models import Book


    class BookSerializer(serializers.ModelSerializer):
        author_name = serializers.CharField(source="author.name")

        class Meta:
            model = Book
            fields = ["title", "author_name"]


    class BookViewSet(viewsets.ReadOnlyModelViewSet):
        queryset = Book.objects.order_by("title").select_related("author")
        serializer_class = BookSerializer
    ```

    ## When this is wrong

    The list never has more than a few rows, or a mixin loads the relations in a way that the code does not show.

    ## References

    - [Django REST framework: nested relationships](https://www.django-rest-framework.org/api-guide/relations/#nested-relationships)
    """

    severity, precision, since = Severity.WARNING, "high", "0.1"
    fix = "unsafe"
    mends = ("Call", "SimpleStatementLine")
    tags = ("performance", "database", "n-plus-one")

    def check(self, project: Project) -> Iterator[Finding]:
        for found in serialized(project, self.roles):
            if self.shows(Profile.STRICT):
                yield self._finding(project, found)
            elif project.loads.sure.listed(found):
                yield self._finding(project, msgspec.structs.replace(found, queries=()))

    def _finding(self, project: Project, found: Serialized) -> Finding:
        rows, model = found.rows, project.schema.mapped[found.rows.model].name
        calls, cure = cure_of(project, rows, found.missing) if found.missing else ("", "")
        names = [f"`{'.'.join(one.path)}`" for one in found.missing] + [f"the query in `{one.trail[-1].text}`" for one in found.queries]
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        if found.queries:
            cure += f"{'; ' if cure else ''}annotate the query with the answer, or ask once for all rows"
        here = rows.call is not None and rows.path == found.path
        return self.finding(
            found.path,
            rows.call if here and rows.call is not None else found.at,
            f"{found.serializer} writes a list of `{model}` with one query per row for {shown}; {cure}",
            symbol=found.symbol,
            evidence=evidence_of(project, found),
            suggestion=calls if here and not found.queries else "",
            severity=Severity.INFO if not (found.is_view or found.routes) or project.loads.sure.is_slight_list(found) else None,
        )

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        return with_calls(node, finding.suggestion) if finding.suggestion and "..." not in finding.suggestion else None

    def imports_for(self, finding: Finding) -> tuple[str, ...]:
        return loaders(finding.suggestion)
