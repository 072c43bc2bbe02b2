from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.frameworks import Needs, domain_frameworks


class DomainImportsFramework(ProjectRule):
    """A module of the domain needs a framework, and the others do not.

    ## What it does

    Reports a module of the domain (folders `domain`, `entities` and their like) that imports a web framework, an ORM, a database driver, an HTTP client or a
    broker, itself or through what it imports, where at least three quarters of the domain need none. The chain is shown. Imports below `if TYPE_CHECKING` and
    inside of functions do not count; Pydantic and dataclasses are no frameworks here.

    ## Why is this bad

    The rules of the business can no longer be tested, or used by a job, without what they are meant to know nothing of; and the next upgrade of the framework
    changes code that has nothing to do with it.

    ## Example

    ```python
    # path: shop/domain/orders.py
    from fastapi import HTTPException


    def place(order):
        if not order.lines:
            raise HTTPException(400)
    # path: shop/domain/prices.py
    def price(order):
        return order.total
    # path: shop/domain/stock.py
    def reserve(order):
        return order.lines
    # path: shop/domain/refunds.py
    def refund(order):
        return -order.total
    # path: shop/domain/carts.py
    def empty(cart):
        cart.lines = []
    # path: shop/routes/orders.py
    from shop.domain import carts, orders, prices, refunds, stock

    parts = carts, orders, prices, refunds, stock
    ```

    ## Use instead

    ```python
    # path: shop/domain/orders.py
    class EmptyOrderError(Exception):
        pass


    def place(order):
        if not order.lines:
            raise EmptyOrderError
    # path: shop/domain/prices.py
    def price(order):
        return order.total
    # path: shop/domain/stock.py
    def reserve(order):
        return order.lines
    # path: shop/domain/refunds.py
    def refund(order):
        return -order.total
    # path: shop/domain/carts.py
    def empty(cart):
        cart.lines = []
    # path: shop/routes/orders.py
    from shop.domain import carts, orders, prices, refunds, stock

    parts = carts, orders, prices, refunds, stock
    ```

    ## When this is wrong

    Where the domain is mapped to its tables on purpose, in the module that is reported.
    """

    severity = Severity.WARNING
    precision = "medium"
    since = "0.2"
    profile = Profile.ALL
    automatic = True

    def check(self, project: Project) -> Iterator[Finding]:
        names = project.architecture.graph.names
        domain = domain_frameworks(project)
        for one in domain.needing:
            first = one.chain[0].line if one.chain else one.line
            way = f" by way of `{names[one.chain[0].imported]}`" if one.chain else ""
            yield self.finding(
                one.path,
                Place.at(first),
                f"`{names[one.path]}` of the domain needs `{one.package}` ({one.kind}){way}, and {domain.clean} other modules of the domain need none: "
                "let an outer layer do it, and hand in what the domain needs",
                evidence=_evidence(one, project),
            )


def _evidence(one: Needs, project: Project) -> Iterator[Evidence]:
    names = project.architecture.graph.names
    for arrow in one.chain[1:]:
        yield Evidence(arrow.importer, arrow.line, f"`{names[arrow.importer]}` imports `{names[arrow.imported]}`")
    last = one.chain[-1].imported if one.chain else one.path
    yield Evidence(last, one.line, f"`{names[last]}` imports `{one.package}`")
