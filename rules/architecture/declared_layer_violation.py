from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture import Violation


class DeclaredLayerViolation(ProjectRule):
    """A layer imports one that is declared above it.

    ## What it does

    Reports an import of a higher layer by a lower one, wherever it stands.

    The layers are those of `[tool.backend-lint.layers]`, the lowest first: a name and the modules that belong to it, with all that lies below them. Without
    that table the rule is silent; `layer-import-violation` speaks of layers that are inferred.

    ## Why is this bad

    The lower layer cannot be used, tested or moved without the upper one any more: a job that calls the service now loads the web framework, and the next
    import in the right direction closes a circle that fails when the application starts.

    ## Example

    ```toml
    # path: pyproject.toml
    [tool.backend-lint.layers]
    services = ["shop.services"]
    routes = ["shop.routes"]
    ```
    ```python
    # path: shop/services/orders.py
    from shop.routes.orders import notify


    def place(order):
        notify(order)
    # path: shop/routes/orders.py
    def notify(order):
        print(order)
    ```

    ## Use instead

    ```toml
    # path: pyproject.toml
    [tool.backend-lint.layers]
    services = ["shop.services"]
    routes = ["shop.routes"]
    ```
    ```python
    # path: shop/services/orders.py
    def place(order, notify):
        notify(order)
    # path: shop/routes/orders.py
    from shop.services.orders import place


    def notify(order):
        print(order)


    def create(order):
        place(order, notify)
    ```

    ## When this is wrong

    Imports below `if TYPE_CHECKING`, and those in tests, migrations and scripts, are left out. What is in no layer may import what it likes.
    """

    severity = Severity.ERROR
    precision = "very-high"
    since = "0.2"
    automatic = True

    def check(self, project: Project) -> Iterator[Finding]:
        graph = project.architecture.graph
        layers = project.architecture.layers
        for one in layers.violations() if layers.declared else ():
            arrow = one.arrow
            importer, imported = graph.names[arrow.importer], graph.names[arrow.imported]
            what = arrow.name.rpartition(".")[2]
            moved = f"move `{what}` below" if what != "*" else "move what is needed below"
            yield self.finding(
                arrow.importer,
                Place.at(arrow.line),
                f"`{importer}` ({_called(one.inner)}) imports `{imported}` ({_called(one.outer)}), a higher layer; {moved} or let the caller pass it in",
                evidence=_evidence(one, imported),
            )


def _called(place: tuple[str, str]) -> str:
    layer, folder = place
    return f"layer {layer}, as {folder}" if layer not in folder else f"layer {layer}"


def _evidence(one: Violation, imported: str) -> Iterator[Evidence]:
    yield Evidence(one.arrow.imported, 1, f"`{imported}` belongs to layer {one.outer.layer}, which is declared above {one.inner.layer}")
