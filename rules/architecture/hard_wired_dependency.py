from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.injection import hard_wired

_SHOWN = 3


class HardWiredDependency(ProjectRule):
    """A route or a service makes what others of its kind are handed.

    ## What it does

    Reports an object of the project that a route, or a class which is handed other things, makes itself, where at least three others are handed one in the
    way that is open to it as well: by FastAPI's `Depends`, or by the constructor; and three times as many as make one. Factories, defaults
    (`orders or Orders()`), objects that only carry data, and modules that put the parts together are left out.

    ## Why is this bad

    Whoever replaces the object in one place, with a fake in a test or with another one in production, believes that all use it. This place goes on with its
    own: its own settings, its own connection, and calls that the test was not to make.

    ## Example

    ```python
    from fastapi import APIRouter, Depends

    router = APIRouter()


    class Rates:
        def __init__(self, url):
            self.url = url

        def of(self, currency):
            return self.url, currency


    def get_rates():
        return Rates("https://rates.example.org")


    @router.get("/orders")
    def orders(rates: Rates = Depends(get_rates)):
        return rates.of("EUR")
    @router.get("/invoices")
    def invoices(rates: Rates = Depends(get_rates)):
        return rates.of("EUR")
    @router.get("/refunds")
    def refunds(rates: Rates = Depends(get_rates)):
        return rates.of("EUR")
    @router.get("/prices")
    def prices():
        rates = Rates("https://rates.example.org")
        return rates.of("USD")["value"]
    ```

    ## Use instead

    ```python
    from fastapi import APIRouter, Depends

    router = APIRouter()


    class Rates:
        def __init__(self, url):
            self.url = url

        def of(self, currency):
            return self.url, currency


    def get_rates():
        return Rates("https://rates.example.org")


    @router.get("/prices")
    def prices(rates: Rates = Depends(get_rates)):
        return rates.of("USD")["value"]
    ```

    ## When this is wrong

    Where this place needs one that is made differently, with arguments that only it knows.
    """

    severity = Severity.WARNING
    precision = "medium"
    since = "0.2"
    profile = Profile.ALL
    automatic = True

    def check(self, project: Project) -> Iterator[Finding]:
        for one in hard_wired(project):
            path = one.function[0]
            head = project.calls.head(one.function)
            way = "with `Depends`" if one.given[0].by_framework else "through their constructors"
            yield self.finding(
                path,
                one.call,
                f"`{head.name}` makes its own `{one.kind}`, and {len(one.given)} others are handed one {way}: take it in the same way",
                symbol=head.name,
                evidence=[
                    Evidence(given.function[0], project.calls.head(given.function).line, f"{project.calls.label(given.function)} is handed `{given.parameter}`")
                    for given in one.given[:_SHOWN]
                ],
            )
