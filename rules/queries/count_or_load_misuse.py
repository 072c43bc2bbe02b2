from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Finding, Mends, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.loading.edits import asked_for
from backend_lint.project.loading.measured import Misuse, Wanted, misuses
from backend_lint.project.loading.reach import is_aside, reached_from
from backend_lint.project.loading.same_rows import are_few, are_loaded

if TYPE_CHECKING:
    import libcst


class CountOrLoadMisuse(ProjectRule, Mends):
    """All rows are loaded, or counted, only to learn how many there are or whether there is one.

    ## What it does

    Finds `len(queryset)` and `if queryset:` where nothing else is done with the rows, and `count() > 0` where `exists()` would do; the same for
    SQLAlchemy's `len(query.all())` and `if query.all():`. Left alone are queries whose rows are loaded in the same function as well, look-ups of a unique
    value, small tables, commands and code that runs once.

    The fix replaces them with `count()` and `exists()`. It is safe: nothing else uses the rows.

    ## Why is this bad

    `len(queryset)` sends every row over the network and makes an object of it to count them. `count()` looks at every row that matches; `exists()` stops
    at the first one.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Order(models.Model):
        paid = models.BooleanField(default=False)
    ```

    ```python
    # path: shop/checks.py
    from shop.models import Order


    def unpaid() -> bool:
        return Order.objects.filter(paid=False).count() > 0
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Order(models.Model):
        paid = models.BooleanField(default=False)
    ```

    ```python
    # path: shop/checks.py
    from shop.models import Order


    def unpaid() -> bool:
        return Order.objects.filter(paid=False).exists()
    ```

    ## When this is wrong

    The queryset is a prefetched relation under another name, whose rows are there already.

    ## References

    - [Django: when querysets are evaluated](https://docs.djangoproject.com/en/stable/ref/models/querysets/#when-querysets-are-evaluated)
    - [Django: use exists() and count()](https://docs.djangoproject.com/en/stable/topics/db/optimization/#don-t-overuse-contains-count-and-exists)
    """

    severity, precision, since = Severity.INFO, "high", "0.1"
    profile = "strict"
    fix = "safe"
    mends = ("Call", "Name", "Comparison")
    tags = ("performance", "database")

    def check(self, project: Project) -> Iterator[Finding]:
        for found in misuses(project, self.roles):
            key = found.path, found.function
            if is_aside(project, key) or reached_from(project, key)[1]:
                continue  # nobody waits for it
            if not are_loaded(project.calls.body(key), found.call) and not are_few(project, *key, found.call):
                yield self.finding(
                    found.path,
                    found,
                    _message(found),
                    symbol=project.calls.head(key).name,
                    suggestion=("not " if found.negated else "") + f".{found.wanted}()" if found.django else "",
                )

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        return asked_for(node, finding.suggestion) if finding.suggestion else None


def _message(found: Misuse) -> str:
    if found.wanted is Wanted.COUNT:
        cure = "`count()`" if found.django else "`select(func.count())`"
        return f"{found.written} loads every row only to count them; ask the database with {cure}"
    cure = "`exists()`" if found.django else "`exists()` or a limit of one"
    does = "counts" if "count" in found.written else "loads"
    return f"`{found.written.strip('.')}` {does} every row only to see whether there is one; ask with {cure}"
