from __future__ import annotations

import itertools
from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.http_concerns import http_answers

_LOOKUP = "django.shortcuts.get_object_or_404"
_REQUESTS = frozenset({"request", "req"})


class HttpConcernInService(ProjectRule):
    """A service or repository answers in HTTP.

    ## What it does

    Reports the functions of a module of services, repositories or the domain that raise `HTTPException` or `Http404`, or call `abort`, where at least 85 % of
    the modules of these layers do not. Modules that turn callers away (authentication, permissions, dependencies), handlers and FastAPI's dependencies are
    left out.

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

    severity = Severity.INFO
    precision = "high"
    since = "0.2"
    automatic = True

    def check(self, project: Project) -> Iterator[Finding]:
        answers = http_answers(project)
        names = project.architecture.graph.names
        for path, some in itertools.groupby(answers.found, key=lambda one: one.function[0]):
            first, *others = some
            number = first.function[1]
            head = project.modules[path].functions[number]
            symbol = head.name if number else ""
            places = first.places + sum(one.places for one in others)
            who = f"`{symbol or 'module'}`" + (f" and {len(others)} more function{'s' if len(others) > 1 else ''} of `{names[path]}`" if others else "")
            it = "them" if others else "it"
            harm = f"a job or command that calls {it} gets what only a web framework understands"
            cure = "raise an exception of your own and translate it in the route"
            if all(one.name == _LOOKUP for one in (first, *others)):
                cure = "look the row up with `get()` and translate its `DoesNotExist` in the route"
            if not others and (request := next((one.name for one in head.parameters if one.name in _REQUESTS), "")):
                harm, cure = f"it takes `{request}` as well, so that no job or command can call it", f"pass in what it needs of `{request}`, and {cure}"
            yield self.finding(
                path,
                first.place,
                f"{who} in layer {project.architecture.layers.places[path].layer} answer{'' if others else 's'} in HTTP with `{first.name.rpartition('.')[2]}`"
                f"{f' in {places} places' if places > 1 else ''}: {harm}; {cure}",
                symbol=symbol,
                evidence=[Evidence(path, head.line, f"{answers.silent} of {answers.modules} modules of these layers leave answers to the routes")],
            )
