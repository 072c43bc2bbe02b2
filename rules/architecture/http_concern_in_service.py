from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.http_concerns import http_answers


class HttpConcernInService(ProjectRule):
    """A service or repository answers in HTTP.

    ## What it does

    Reports a function of a service, a repository or the domain that raises `HTTPException` or `Http404`, or calls `abort`, where at least 85 % of the modules
    of these layers do not. Modules that turn callers away (authentication, permissions, dependencies), handlers and FastAPI's dependencies are left out.

    ## Why is this bad

    A job, a command or a consumer that calls the service gets an exception that means something to a web framework only: nobody turns it into an answer there,
    and it ends in the log as an unknown error. The status code is chosen where nobody knows what was asked.

    ## Example

    ```python
    # path: shop/services/orders.py
    from fastapi import HTTPException


    def place(order):
        if not order.lines:
            raise HTTPException(400, "no lines")
    # path: shop/services/prices.py
    def price(order):
        return order.total
    # path: shop/services/stock.py
    def reserve(order):
        return order.lines
    # path: shop/services/mail.py
    def confirm(order):
        return order.customer
    # path: shop/services/refunds.py
    def refund(order):
        return -order.total
    # path: shop/services/carts.py
    def empty(cart):
        cart.lines = []
    # path: shop/services/parcels.py
    def pack(order):
        return order.lines
    # path: shop/routes/orders.py
    from fastapi import APIRouter

    from shop.services import orders

    router = APIRouter()


    @router.post("/orders")
    def create(order: dict):
        return orders.place(order)
    ```

    ## Use instead

    ```python
    # path: shop/services/orders.py
    class EmptyOrderError(Exception):
        pass


    def place(order):
        if not order.lines:
            raise EmptyOrderError
    # path: shop/routes/orders.py
    from fastapi import APIRouter, HTTPException

    from shop.services import orders

    router = APIRouter()


    @router.post("/orders")
    def create(order: dict):
        try:
            return orders.place(order)
        except orders.EmptyOrderError:
            raise HTTPException(400, "no lines") from None
    ```

    ## When this is wrong

    Where the function is only ever called from routes and is meant to answer for them: it belongs beside the routes then.
    """

    severity = Severity.WARNING
    precision = "high"
    since = "0.2"
    profile = Profile.STRICT
    automatic = True

    def check(self, project: Project) -> Iterator[Finding]:
        answers = http_answers(project)
        places = project.architecture.layers.places
        for one in answers.found:
            path, number = one.function
            head = project.modules[path].functions[number]
            symbol = head.name if number else ""
            shown = one.name.rpartition(".")[2]
            more = f" in {one.places} places" if one.places > 1 else ""
            yield self.finding(
                path,
                one.place,
                f"`{symbol or 'module'}` of layer {places[path].layer} answers in HTTP with `{shown}`{more}: callers that are no routes cannot use it; "
                "raise an exception of your own and translate it in the route",
                symbol=symbol,
                evidence=[Evidence(path, head.line, f"{answers.silent} of {answers.modules} modules of these layers leave answers to the routes")],
            )
