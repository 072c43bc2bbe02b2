from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.first_imports import HalfLoaded
from backend_lint.project.architecture.outward import Outward, closes, outward

_SHOWN = 4


class LayerImportViolation(ProjectRule):
    """A lower layer imports a higher one.

    ## What it does

    Reports an import that points outward: a service that imports a route, a repository that imports a service, a domain that imports its adapters.

    The layers are inferred from the names of folders (`services`, `repositories`, `routes` and their like; files of these names in packages of features),
    and an import is reported only where at least ten others point the right way for each that does not: a project that shows no layers hears nothing.
    Outside of the profile `strict` what is imported must itself answer requests. An import that also closes a circle, or takes what is private, is said once,
    here. `backend-lint map layers` draws what was understood. With `[tool.backend-lint.layers]`, `declared-layer-violation` speaks instead.

    ## Why is this bad

    The lower layer cannot be used, tested or moved without the upper one any more: a job that calls the service now loads the web framework, and the next
    import in the right direction closes a circle that fails when the application starts.

    ## Example

    ```python
    # path: shop/services/orders.py
    from shop.routes.parcels import track


    def place(order):
        return track(order)
    # path: shop/services/customers.py
    KIND = "customers"
    # path: shop/services/invoices.py
    KIND = "invoices"
    # path: shop/services/parcels.py
    KIND = "parcels"
    # path: shop/services/refunds.py
    KIND = "refunds"
    # path: shop/services/stock.py
    KIND = "stock"
    # path: shop/services/prices.py
    KIND = "prices"
    # path: shop/services/coupons.py
    KIND = "coupons"
    # path: shop/services/reviews.py
    KIND = "reviews"
    # path: shop/services/carts.py
    KIND = "carts"
    # path: shop/routes/parcels.py
    from fastapi import APIRouter

    from shop.services import orders, customers, invoices, parcels, refunds, stock, prices, coupons, reviews, carts

    parts = APIRouter(), orders, customers, invoices, parcels, refunds, stock, prices, coupons, reviews, carts


    def track(order):
        return order
    ```

    ## Use instead

    ```python
    # path: shop/services/orders.py
    def place(order, track):
        return track(order)
    # path: shop/routes/parcels.py
    from fastapi import APIRouter

    from shop.services import orders

    router = APIRouter()


    def track(order):
        return order


    def create(order):
        return orders.place(order, track)
    ```

    ## When this is wrong

    Imports below `if TYPE_CHECKING`, tests, migrations and scripts are left out. So are helpers, errors, schemas and constants that lie in the upper
    folder but belong to nobody. Name the layers in the configuration if the inferred ones are not yours.
    """

    severity = Severity.WARNING
    precision = "high"
    since = "0.2"
    automatic = True

    def check(self, project: Project) -> Iterator[Finding]:
        graph = project.architecture.graph
        found = outward(project, self.shows(Profile.STRICT))
        circles = project.architecture.half_loaded(project) if found and "django" not in project.imported else []
        for one in found:
            inner, outer, arrow = one.violation.inner, one.violation.outer, one.violation.arrow
            imported = graph.names[arrow.imported]
            circle = next((circle for circle in circles if closes(one, circle)), None)
            fails = f"; it also closes a circle, so that importing `{graph.names[circle.failure.first]}` first fails" if circle is not None else ""
            yield self.finding(
                arrow.importer,
                Place.at(arrow.line),
                f"`{graph.names[arrow.importer]}` ({_called(inner)}) imports `{imported}` ({_called(outer)}), a higher layer; {_cure(project, one)}{fails}",
                evidence=_evidence(project, one, circle),
            )


def _cure(project: Project, one: Outward) -> str:
    what = ", ".join(f"`{name}`" for name in one.names[:_SHOWN]) + (f" and {len(one.names) - _SHOWN} more" if len(one.names) > _SHOWN else "")
    if one.defined:
        return f"take {what} from `{project.architecture.graph.names[one.defined]}`, where {'it is' if len(one.names) == 1 else 'they are'} defined"
    private = f", which {'is' if len(one.names) == 1 else 'are'} private there," if one.private else ""
    return f"move {what or 'what is needed'}{private} below or let the caller pass {'it' if len(one.names) < 2 else 'them'} in"


def _called(place: tuple[str, str]) -> str:
    layer, folder = place
    return f"layer {layer}, as {folder}" if layer not in folder else f"layer {layer}"


def _evidence(project: Project, one: Outward, circle: HalfLoaded | None) -> Iterator[Evidence]:
    names, violation = project.architecture.graph.names, one.violation
    what = next((f"`{name}` of " for name in one.names if one.line > 1), "")
    right = f"{violation.right} imports go from that layer to {violation.inner.layer}"
    yield Evidence(violation.arrow.imported, one.line, f"{what}`{names[violation.arrow.imported]}` belongs to {violation.outer.folder}: {right}")
    for line in one.lines[:_SHOWN]:
        yield Evidence(violation.arrow.importer, line, f"`{names[violation.arrow.importer]}` imports from it here too")
    if circle is not None:
        failure = circle.failure
        waits = f"`{failure.name}` of `{names[failure.arrow.imported]}` is not there yet, which has only come to line {failure.waiting}"
        yield Evidence(failure.arrow.importer, failure.arrow.line, waits)
