from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.cycles import Circle, circles


class ImportCycle(ProjectRule):
    """Modules of different packages import each other while they are loaded.

    ## What it does

    Reports a circle of imports on module level that leads through two or more packages, one for each knot of modules, with the import that is the best to
    cut: the one that fewest others are like. The whole circle is shown.

    ## Why is this bad

    Whichever module is loaded second sees the first half made. That it works depends on who is imported first: a new entry point, a test run alone or a
    sorted import block ends in `ImportError: cannot import name ... (most likely due to a circular import)`. And none of the packages can be used or tested
    without the others.

    ## Example

    ```python
    # path: shop/orders/service.py
    from shop.billing import service as billing


    def place(order):
        return billing.charge(order)
    # path: shop/billing/service.py
    from shop.orders import service as orders


    def charge(order):
        return order.total


    def retry(order):
        return orders.place(order)
    ```

    ## Use instead

    ```python
    # path: shop/orders/service.py
    from shop.billing import service as billing


    def place(order):
        return billing.charge(order)
    # path: shop/billing/service.py
    def charge(order):
        return order.total


    def retry(order, place):
        return place(order)
    ```

    ## When this is wrong

    Imports inside of functions and below `if TYPE_CHECKING` do not count, nor do those between a package and what lies in it.
    """

    severity = Severity.WARNING
    precision = "high"
    since = "0.2"
    profile = Profile.STRICT

    def check(self, project: Project) -> Iterator[Finding]:
        names = project.architecture.graph.names
        for circle in circles(project):
            first = circle.chain[0]
            way = " -> ".join(f"`{names[arrow.importer]}`" for arrow in circle.chain[:4])
            back = f"`{names[first.importer]}`" if len(circle.chain) <= 4 else "..."
            yield self.finding(
                first.importer,
                Place.at(first.line),
                f"modules import each other while they load: {way} -> {back}; {_cure(circle)}"[:300],
                evidence=[
                    Evidence(arrow.importer, arrow.line, f"`{names[arrow.importer]}` imports `{names[arrow.imported]}`{_knot(circle, arrow)}")
                    for arrow in circle.chain[1:]
                ],
            )


def _cure(circle: Circle) -> str:
    if circle.alike < circle.against:
        return "move what this import needs to a module below both, or pass it in"
    return "move what both need to a module below both"


def _knot(circle: Circle, arrow: object) -> str:
    more = circle.modules - len(circle.chain)
    return f"; {more} more modules stand in the same knot" if more > 0 and arrow is circle.chain[-1] else ""
