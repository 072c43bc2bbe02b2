from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture import Violation
from backend_lint.project.references import RefKind


class LayerImportViolation(ProjectRule):
    """A lower layer imports a higher one.

    ## What it does

    Reports an import that points outward: a service that imports a route, a repository that imports a service, a domain that imports its adapters.

    The layers are inferred from the names of folders (`services`, `repositories`, `routes` and their like; files of these names in packages of features),
    and an import is reported only where at least ten others point the right way for each that does not: a project that shows no layers hears nothing.
    Outside of the profile `strict` what is imported must itself answer requests. `backend-lint map layers` draws what was understood. With
    `[tool.backend-lint.layers]`, `declared-layer-violation` speaks instead.

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
        layers = project.architecture.layers
        found = [] if layers.declared else layers.violations()
        if found and not self.shows(Profile.STRICT):
            answering = {route.module for route in project.routes}
            found = [one for one in found if one.arrow.imported in answering]
        for one in found:
            arrow = one.arrow
            importer, imported = graph.names[arrow.importer], graph.names[arrow.imported]
            what = arrow.name.rpartition(".")[2]
            cure = f"{f'move `{what}` below' if what != '*' else 'move what is needed below'} or let the caller pass it in"
            if home := _home(project, one, what):
                cure = f"take `{what}` from `{graph.names[home]}`, where it is defined"
            yield self.finding(
                arrow.importer,
                Place.at(arrow.line),
                f"`{importer}` ({_called(one.inner)}) imports `{imported}` ({_called(one.outer)}), a higher layer; {cure}",
                evidence=_evidence(one, imported),
            )


def _home(project: Project, one: Violation, what: str) -> str:
    """The module that defines what the higher layer only imports itself, if it lies in no higher layer; empty otherwise."""
    ref = project.resolver.export(one.arrow.imported, what)
    if ref is None or ref.kind not in (RefKind.CLASS, RefKind.FUNCTION) or ref.path in (one.arrow.imported, one.arrow.importer):
        return ""
    place = project.architecture.layers.places.get(ref.path)
    return ref.path if place is None or place.layer == one.inner.layer else ""


def _called(place: tuple[str, str]) -> str:
    layer, folder = place
    return f"layer {layer}, as {folder}" if layer not in folder else f"layer {layer}"


def _evidence(one: Violation, imported: str) -> Iterator[Evidence]:
    yield Evidence(one.arrow.imported, 1, f"`{imported}` belongs to {one.outer.folder}: {one.right} imports go from that layer to {one.inner.layer}")
