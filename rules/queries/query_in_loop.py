from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Severity
from backend_lint.project import Effect, Project
from backend_lint.project.loading.asked import Manner
from backend_lint.project.loading.lazy import RowQuery, row_queries
from backend_lint.project.loading.loops import loop_of
from backend_lint.project.loading.origins import Source, are_few, origin_of
from backend_lint.project.loading.places import Place
from backend_lint.project.loading.reach import is_aside, is_seldom, reached_from
from backend_lint.project.loading.repeats import DOES, Repeat

_CURES = {
    Manner.EACH: "ask for all of them in one query before it",
    Manner.COUNT: "ask for the numbers of all of them in one grouped query before it",
    Manner.EXISTS: "ask before it, in one query, for which of them there are any",
    Manner.AGAIN: "commit with `expire_on_commit=False`, or select all of them in one query behind the commit",
    Manner.NEWEST: "take the first of each in one query before it, with a window function",
}


class QueryInLoop(ProjectRule):
    """A query runs once for each item of a loop, with the item as its key.

    ## What it does

    Finds loops and comprehensions that ask the database for something about each item: `get`, `first`, `exists`, `count`, an iterated `filter`, `execute`,
    directly or in a function that the item is handed to. Loops over pages, chunks and tries, over a few written items, look-ups that are remembered by
    their key, loops that end with the first item that succeeds, and loops that write or call another service for each item are left alone; so are queries
    that no key could ask for together: ranges, searches, what another function builds. It is a warning where a request or a job runs the loop over the rows
    of a query or the answer of a service, else an info: the items may be few.

    ## Why is this bad

    A list of a thousand items costs a thousand round trips where one `IN` query and a dictionary would do. Each of them is fast, so no single query stands
    out in the slow log; the request is slow all the same.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Product(models.Model):
        sku = models.CharField(max_length=40, unique=True)
        price = models.IntegerField()
    ```

    ```python
    # path: shop/prices.py
    from shop.models import Product


    def total(skus: list[str]) -> int:
        amount = 0
        for sku in skus:
            product = Product.objects.get(sku=sku)
            amount += product.price
        return amount
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Product(models.Model):
        sku = models.CharField(max_length=40, unique=True)
        price = models.IntegerField()
    ```

    ```python
    # path: shop/prices.py
    from shop.models import Product


    def total(skus: list[str]) -> int:
        products = Product.objects.in_bulk(skus, field_name="sku")
        amount = 0
        for sku in skus:
            amount += products[sku].price
        return amount
    ```

    ## When this is wrong

    There are never more than a few items, or each item needs the state that the one before it left.

    ## References

    - [Django: in_bulk](https://docs.djangoproject.com/en/stable/ref/models/querysets/#in-bulk)
    """

    severity, precision, since = Severity.WARNING, "high", "0.1"
    profile = Profile.STRICT
    tags = ("performance", "database", "n-plus-one")

    def check(self, project: Project) -> Iterator[Finding]:
        repeats = project.loads.repeats
        loops: dict[tuple[str, int, int], list[Repeat]] = {}
        for found in repeats.all(Effect.DATABASE_READ, self.roles, hops=1):
            acts = len(found.way) > 1 and DOES.match(project.calls.head(found.way[1].function).name.rpartition(".")[2])
            if not acts and not is_aside(project, found.key) and not repeats.is_outweighed(found.key, found.loop):
                loops.setdefault((found.path, found.function, found.loop.number), []).append(found)
        for group in loops.values():
            if (finding := self._finding(project, group)) is not None:
                yield finding
        asked: dict[Place, list[RowQuery]] = {}
        for query in row_queries(project, self.roles):
            loop = loop_of(query.block, project.calls.body(query.key).blocks[query.block])
            slight = is_aside(project, query.key) or reached_from(project, query.key)[1] or repeats.is_outweighed(query.key, loop)
            if not slight and (*query.key, query.block) not in loops:
                asked.setdefault(query.read.trail[-1], []).append(query)
        for place, queries in asked.items():
            yield self._of_rows(project, place, queries)

    def _of_rows(self, project: Project, place: Place, queries: list[RowQuery]) -> Finding:
        """A query inside of what is done with each row: it stands where it is asked, and the loops are the evidence."""
        evidence = [Evidence(one.read.trail[0].path, one.read.trail[0].line, f"{one.read.trail[0].text} runs it for each row of a loop") for one in queries[:3]]
        evidence += reached_from(project, queries[0].key)[0]
        message = f"one query (`{place.text}`) for each row of a list, prefetched or not; sort and pick among prefetched rows in Python, or annotate the list"
        severity = Severity.INFO if is_seldom(project, queries[0].key) else None
        return self.finding(place.path, place, message, symbol=place.symbol, evidence=evidence, severity=severity)

    def _finding(self, project: Project, group: list[Repeat]) -> Finding | None:
        best = next(((one, manner) for one in group if (manner := project.loads.repeats.manner(one)) is not Manner.OTHER), None)
        entry, soft = reached_from(project, group[0].key)
        if best is None or soft or are_few(project, group[0].key, group[0].loop.source):
            return None  # no query for all of them is in sight, or nobody waits for it
        found, manner = best
        what = found.way[-1].edge.target.name.rpartition(".")[2]
        item = f"`{found.loop.block.target}`" if found.loop.block.target else "item"
        through = f" through {project.calls.label(found.way[1].function)}" if len(found.way) > 1 else ""
        evidence = list(project.calls.evidence(found.way[1:]))
        others = [one for one in group[:4] if one.call.line != found.call.line]
        evidence += [Evidence(one.path, one.call.line, "another query for each item of the same loop") for one in others]
        origin = origin_of(project, found.key, found.loop.source)
        return self.finding(
            found.path,
            found.call,
            f"one query (`{what}`{through}) for each {item} of the loop; {_CURES[manner]}",
            symbol=project.calls.head(found.key).name if found.function else "",
            evidence=(*dict.fromkeys(evidence), *((origin.evidence,) if origin is not None else ()), *entry),
            severity=None if origin is not None and origin.source is not Source.REQUEST and not is_seldom(project, found.key) else Severity.INFO,
        )
