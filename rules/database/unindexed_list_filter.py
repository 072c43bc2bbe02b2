from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role, Severity
from backend_lint.facts.access import Candidate
from backend_lint.facts.schema import IndexKey
from backend_lint.project import Project
from backend_lint.project.answer_evidence import reached
from backend_lint.project.answers import Answer
from backend_lint.project.schema.sizes import may_be_small

_SHOWN = 6


class UnindexedListFilter(ProjectRule):
    """A list offers its clients filters or orders that no index serves.

    ## What it does

    Reads `filterset_fields`, `filterset_class` and `ordering_fields` of Django REST framework's views, and judges the list with each of them as the database's
    planner would. One finding a view and table, which names the filters and orders for which all rows are read. Filters by words (`icontains`), by columns
    of few values, tables that stay small, and views behind which something else narrows the list are left alone.

    ## Why is this bad

    Whatever a list offers, some client sends: a script that asks for each order by its reference number reads the whole table once a number.

    ## Example

    ```python
    # path: shop/views.py
    from django.db import models
    from django_filters.rest_framework import DjangoFilterBackend
    from rest_framework import viewsets


    class Order(models.Model):
        number = models.CharField(max_length=20)

        class Meta:
            app_label = "shop"


    class Orders(viewsets.ReadOnlyModelViewSet):
        queryset = Order.objects.all()
        filter_backends = [DjangoFilterBackend]
        filterset_fields = ["number"]
    ```

    ## Use instead

    ```python
    # path: shop/views.py
    from django.db import models
    from django_filters.rest_framework import DjangoFilterBackend
    from rest_framework import viewsets


    class Order(models.Model):
        number = models.CharField(max_length=20, db_index=True)

        class Meta:
            app_label = "shop"


    class Orders(viewsets.ReadOnlyModelViewSet):
        queryset = Order.objects.all()
        filter_backends = [DjangoFilterBackend]
        filterset_fields = ["number"]
    ```

    ## When this is wrong

    Nobody uses the filter: then take it away. The table stays small: say so in `[tool.backend-lint.database]`, key `rows`.

    ## References

    - [Django REST framework: filtering](https://www.django-rest-framework.org/api-guide/filtering/)
    """

    severity, precision, since = Severity.INFO, "high", "0.3"
    profile = Profile.STRICT
    tags = ("database", "performance", "owasp-api:4")
    reads = frozenset({Role.MIGRATION})

    def check(self, project: Project) -> Iterator[Finding]:
        groups: dict[tuple[str, int, str], list[Answer]] = {}
        for answer in project.answers.offered:
            table, candidate = answer.table, answer.access.candidate
            if table is not None and not may_be_small(table) and candidate is not None and _plain(answer, candidate):
                groups.setdefault((answer.site.path, answer.site.line, table.name), []).append(answer)
        for answers in groups.values():
            yield self._finding(project, answers)

    def _finding(self, project: Project, answers: list[Answer]) -> Finding:
        site, table = answers[0].site, answers[0].table
        assert table is not None
        offered = list(dict.fromkeys(f"`{answer.site.offered}`" for answer in answers))
        names = ", ".join(offered[:_SHOWN]) + (f" and {len(offered) - _SHOWN} more" if len(offered) > _SHOWN else "")
        evidence = []
        columns = dict.fromkeys(answer.access.columns[0] for answer in answers if answer.access.columns and table.column(answer.access.columns[0]) is not None)
        for column in list(columns)[:_SHOWN]:
            place = project.places.column(table, column)
            evidence.append(Evidence(place.path, place.line, f"`{table.name}.{column}` is declared here, and no index begins with it"))
        first = next((one.access.candidate for one in answers if one.access.candidate is not None), None)
        keys = tuple(IndexKey(key.column, descending=key.descending) for key in first.keys[:1]) if first is not None else ()
        return self.finding(
            site.path,
            site,
            f"the list offers {names}, and each request with one reads all of `{table.name}`: index those that clients use, and offer no others",
            symbol=site.symbol,
            evidence=[*evidence, *reached(project, answers[0])],
            suggestion=project.answers.declaration(table, Candidate(table.name, keys)) if keys else "",
        )


def _plain(answer: Answer, candidate: Candidate) -> bool:
    """An ordinary index on columns would serve: by words nobody searches with one."""
    return candidate.method in ("btree", "hash") and all(key.column and not key.opclass for key in candidate.keys) and not answer.access.partly
