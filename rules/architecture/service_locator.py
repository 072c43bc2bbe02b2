from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.locators import look_ups

_CURES = {True: "take it as a parameter of the constructor, and fetch it in the factory", False: "take it as a parameter, and fetch it in the route"}


class ServiceLocator(ProjectRule):
    """Business code fetches its dependencies from a container that knows all of them.

    ## What it does

    Reports a function of a service, a repository or the domain that asks a container for another one: `request.find_service` of pyramid-services,
    `getUtility` of zope, `resolve` or `get` of punq, lagom, svcs, rodi and injector. Factories, modules that put the parts together, and routes are left out.

    ## Why is this bad

    The signature does not say what the function needs: a caller outside of a request, or a test, finds out when it fails. And what is looked up by name is not
    found by whoever looks for its users.

    ## Example

    ```python
    # path: shop/services/orders.py
    class OrderService:
        def __init__(self, session):
            self.session = session

        def place(self, request, order):
            mail = request.find_service(name="mail")
            mail.confirm(order)
    # path: shop/views/orders.py
    def place(request):
        return request.find_service(name="orders").place(request, request.json_body)
    ```

    ## Use instead

    ```python
    # path: shop/services/orders.py
    class OrderService:
        def __init__(self, session, mail):
            self.session = session
            self.mail = mail

        def place(self, order):
            self.mail.confirm(order)


    def order_service_factory(context, request):
        return OrderService(request.db, mail=request.find_service(name="mail"))
    ```

    ## When this is wrong

    Where the dependency is only known once the call is made: a plug-in that is chosen by what the order says.
    """

    severity = Severity.INFO
    precision = "medium"
    since = "0.2"
    profile = Profile.ALL
    automatic = True

    def check(self, project: Project) -> Iterator[Finding]:
        places = project.architecture.layers.places
        for one in look_ups(project):
            path, number = one.function
            head = project.modules[path].functions[number]
            more = f" and {one.more} more" if one.more else ""
            yield self.finding(
                path,
                one.call,
                f"`{head.name}` of layer {places[path].layer} fetches `{one.what}`{more} itself (`{one.call.callee.rpartition('.')[2]}`): "
                f"{_CURES[head.owner >= 0]}",
                symbol=head.name,
                evidence=[Evidence(path, head.line, "the signature does not say that it is needed")],
            )
