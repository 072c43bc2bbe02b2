"""Relations that Django refuses to load: the query fails each time it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Evidence, Finding, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.loading.refused import Why, refused_loads

if TYPE_CHECKING:
    from backend_lint.project.loading.refused import Refused


class RefusedEagerLoad(ProjectRule):
    """A query is told to load what is no relation, or by a join what leads to many rows, and fails each time it runs.

    ## What it does

    Follows the names given to `select_related()` and `prefetch_related()` through the models. Reports columns (`author__name`, `author_id`), and in
    `select_related()` what leads to many rows (many-to-many relations, the far side of a foreign key) and generic foreign keys. Names that the model does
    not have are reported where all of its fields are known; names that the query itself annotates, and those of users, to whom packages add, are left alone.

    ## Why is this bad

    `select_related()` raises `FieldError` and `prefetch_related()` `ValueError`, but only when rows are loaded: the module imports, `count()` works, a test
    with an empty table may pass, and the page answers 500.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Author(models.Model):
        name = models.CharField(max_length=100)


    class Book(models.Model):
        author = models.ForeignKey(Author, on_delete=models.CASCADE)
        tags = models.ManyToManyField("Tag")


    class Tag(models.Model):
        label = models.CharField(max_length=100)
    ```

    ```python
    # path: shop/views.py
    from django.shortcuts import render

    from shop.models import Book


    def books(request):
        return render(request, "books.html", {"books": Book.objects.select_related("author__name", "tags")})
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Author(models.Model):
        name = models.CharField(max_length=100)


    class Book(models.Model):
        author = models.ForeignKey(Author, on_delete=models.CASCADE)
        tags = models.ManyToManyField("Tag")


    class Tag(models.Model):
        label = models.CharField(max_length=100)
    ```

    ```python
    # path: shop/views.py
    from django.shortcuts import render

    from shop.models import Book


    def books(request):
        return render(request, "books.html", {"books": Book.objects.select_related("author").prefetch_related("tags")})
    ```

    ## When this is wrong

    Only `count()`, `exists()`, `update()` or `delete()` is ever called on the query: these load no rows.

    ## References

    - [Django: select_related()](https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-related)
    - [Django: prefetch_related()](https://docs.djangoproject.com/en/stable/ref/models/querysets/#prefetch-related)
    """

    severity, precision, since = Severity.ERROR, "high", "0.1"
    roles = frozenset({Role.APPLICATION, Role.COMMAND})
    tags = ("correctness", "database")

    def check(self, project: Project) -> Iterator[Finding]:
        for one in refused_loads(project):
            method = one.call.callee.rpartition(".")[2]
            said, cure = _SAID[one.why]
            raised = "FieldError" if method == "select_related" else "ValueError"
            yield self.finding(
                one.key[0],
                one.call,
                f"`{method}(\"{one.lookup}\")`: {said.format(name=one.name, model=one.model.name)}, so that Django raises {raised} each time rows are loaded; "
                f"{_cure(one, cure)}" + ("; it refuses " + ", ".join(f"`{name}`" for name in one.also) + " too" if one.also else ""),
                symbol=project.calls.head(one.key).name,
                evidence=(Evidence(one.model.path, one.line or one.model.line, f"`{one.name}` of {one.model.name}"),),
            )


_SAID = {
    Why.COLUMN: ("`{name}` is a column of {model} and no relation", "name only `{before}`"),
    Why.NONE: ("{model} has no field `{name}`", ""),
    Why.MANY: ("`{name}` of {model} leads to many rows, which no join for one row can load", "load it with `prefetch_related(\"{path}\")`"),
    Why.ANY_MODEL: ("`{name}` of {model} may lead to any model, which no join can load", "load it with `prefetch_related(\"{path}\")`"),
}


def _cure(one: Refused, cure: str) -> str:
    if one.why is Why.NONE:
        column = f"{one.name}_id"
        return f"`{column}` is a plain column: make it a ForeignKey, or load those rows by their keys" if column in one.model.fields else "leave it out"
    if one.why is not Why.COLUMN:
        return cure.format(path="__".join(filter(None, (one.before, one.name))))
    if one.name.endswith("_id") and one.name.removesuffix("_id") in one.model.relationships:
        return f"name the relation, `{one.lookup.removesuffix('_id')}`"
    return cure.format(before=one.before) if one.before else "leave it out: columns come with their row"
