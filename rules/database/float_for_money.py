from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.computed_amounts import is_computed_with
from backend_lint.sql.types import base

_MONEY = re.compile(
    r"(?:^|_)(?:price|prices|amount|balance|cost|costs|fee|fees|salary|wage|wages|payment|payout|refund|deposit|tax|vat|subtotal|total_due|"
    r"unit_price|credit_limit|money|cents|usd|eur)(?:$|_(?:usd|eur|gbp|cents|net|gross|total|paid|due|per_unit|excl_tax|incl_tax)$)"
)
_RATIO = re.compile(
    r"(?:^|_)(?:ratio|rate|rates|pct|percent|percentage|factor|score|weight|probability|multiplier|coefficient|index|change|volatility|tokens?)(?:$|_)"
)
_SHARES = re.compile(r"(?:^|_)(?:service|platform|commission|processing|application|transaction)_fees?$")
"""Fees that are as often a percentage as an amount."""
_PHYSICAL = re.compile(
    r"(?:^|_)(?:time|seconds|minutes|hours|energy|cpu|gpu|memory|rain|snow|water|fuel|estimated|estimate|projected|forecast|replacement|llm|model|distance)(?:$|_)"
)

_METERED = re.compile(r"(?:^|_)(?:tokens?|prompt|completion|gpu|inference)(?:$|_)")
"""A table of metered use: its costs are estimates that nobody books."""
_DECLARED = re.compile(r"(?:^|_)(?:income|salary|wages?|declared|reported)(?:_|$)")
"""What people say of themselves: nobody pays it out of this table."""

_COST = re.compile(r"(?:^|_)costs?$")
"""As often what something weighs in a computation."""


class FloatForMoney(ProjectRule):
    """An amount of money is kept as a binary floating-point number.

    ## What it does

    Finds columns of type `real`, `double precision` or `float` whose name says that they hold money: `price`, `amount`, `balance`, `fee`, `tax` and their
    kind. Names that also say ratio, rate, percentage or score are left alone, and so are measured quantities, fees that may be a percentage
    (`service_fee`), statistics (`income`, `budget`), and tables of metered use (tokens, prompts), whose costs are estimates. Migrations say what the database
    has, where the model says something else.

    The default profile speaks of columns that the program computes with: it sums, adds, multiplies, compares or charges what they hold. `strict` adds those
    that it only takes in and shows, and amounts that people declare (`income`, `salary`).

    ## Why is this bad

    0.10 has no exact binary form. Sums drift by a cent, comparisons with what was paid fail, and books do not balance.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Invoice(models.Model):
        price = models.FloatField()

        class Meta:
            app_label = "shop"
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Invoice(models.Model):
        price = models.DecimalField(max_digits=12, decimal_places=2)

        class Meta:
            app_label = "shop"
    ```

    ## When this is wrong

    The number is an estimate or a statistic that nobody pays or books.

    ## References

    - [PostgreSQL: monetary amounts and numeric types](https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-FLOAT)
    - [What every computer scientist should know about floating-point arithmetic](https://docs.oracle.com/cd/E19957-01/806-3568/ncg_goldberg.html)
    """

    severity, precision, since = Severity.WARNING, "high", "0.2"
    tags = ("database", "correctness")
    roles = frozenset({Role.APPLICATION, Role.COMMAND, Role.SETTINGS, Role.MIGRATION})
    reads = frozenset({Role.MIGRATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for table in project.schema.tables.values():
            if any(_METERED.search(column.name.lower()) for column in table.columns):
                continue
            for column in table.columns:
                name = column.name.lower()
                if base(column.type) not in ("real", "double precision", "float") or not _MONEY.search(name):
                    continue
                if _RATIO.search(name) or _PHYSICAL.search(name) or _SHARES.search(name):
                    continue
                vague = _DECLARED.search(name) or _COST.search(name)
                if not self.shows(Profile.STRICT) and (vague or not is_computed_with(project, column.name) or not _is_in_use(project, table.name)):
                    continue
                place = project.places.column(table, column.name)
                declared = project.schema.declared.get(table.name)
                said = declared.column(column.name) if declared is not None else None
                if said is None or base(said.type) == base(column.type):
                    message = f"`{table.name}.{column.name}` keeps money as {column.type}: sums drift by cents; use numeric, or whole cents"
                    yield self.finding(place.path, place, message, symbol=place.symbol)
                elif base(said.type) == "numeric" and column.line:
                    what = f"`{table.name}.{column.name}` is {said.type} in the model, and the migrations leave it {column.type}"
                    message = f"{what}: sums drift by cents; alter the column"
                    made = Evidence(column.path, column.line, f"`{column.name}` becomes {column.type} here")
                    yield self.finding(place.path, place, message, symbol=place.symbol, evidence=[made])


def _is_in_use(project: Project, table: str) -> bool:
    """The application asks for rows of the table, or writes them: a model that is only kept is nobody's books."""
    return any(project.modules[site.path].role is Role.APPLICATION for site in project.queries.of_table(table) if site.path in project.modules)
