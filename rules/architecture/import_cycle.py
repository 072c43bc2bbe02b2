from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.cycles import Circle, circles
from backend_lint.project.architecture.first_imports import HalfLoaded
from backend_lint.project.architecture.import_uses import Use
from backend_lint.project.architecture.outward import closes, outward

_MOST_SHOWN = 6


class ImportCycle(ProjectRule):
    """Modules import each other while they are loaded.

    ## What it does

    Follows what Python does when a module of a circle of imports is the first to be loaded, and reports an import that asks a half-loaded module for a name
    that it has not bound yet: one for each knot of modules, with the way to it. In the profile `strict` it also reports circles that do not fail, if they
    lead through two or more packages, with the import that is the best to cut: the one that fewest others are like.

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

    Where the module that fails is never the first, and never will be. Imports inside of functions and below `if TYPE_CHECKING` do not count. Circles through
    models of Django are never said to fail, other circles of a project with Django only in the profile `strict`.
    """

    severity = Severity.WARNING
    precision = "high"
    since = "0.2"

    def check(self, project: Project) -> Iterator[Finding]:
        names = project.architecture.graph.names
        failing = project.architecture.half_loaded(project)
        outside = outward(project) if failing else []
        # Django imports applications, their models and what `ready` asks for in an order that is not read here
        sure = "django" not in project.imported or self.shows(Profile.STRICT)
        for one in failing if sure else ():
            if not any(closes(other, one) for other in outside) and self.shows(Profile.DEFAULT if one.outside and (one.cut or one.detour) else Profile.STRICT):
                yield self._half_loaded(project, one)
        said = {path for one in failing for path in one.knot}
        for circle in circles(project) if self.shows(Profile.STRICT) else ():
            first = circle.chain[0]
            if first.importer in said:
                continue
            more = f"`{names[first.importer]}`" if len(circle.chain) <= 4 else "..."
            way = " -> ".join([*(f"`{names[arrow.importer]}`" for arrow in circle.chain[:4]), more])
            yield self.finding(
                first.importer,
                Place.at(first.line),
                f"modules import each other while they load: {way}; {_cure(circle)}"[:300],
                evidence=[
                    Evidence(arrow.importer, arrow.line, f"`{names[arrow.importer]}` imports `{names[arrow.imported]}`{_knot(circle, arrow)}")
                    for arrow in circle.chain[1:]
                ],
            )

    def _half_loaded(self, project: Project, one: HalfLoaded) -> Finding:
        failure, names = one.failure, project.architecture.graph.names
        arrow, first, wanted = failure.arrow, names[failure.first], names[failure.arrow.imported]
        more = f", or {others} other module{'s' if others > 1 else ''} of this circle," if (others := len(one.failing) - 1) else ""
        cure = _delayed(project, one)
        if one.detour is not None:
            step, taken, home = one.detour
            cure = f"let `{names[step.importer]}` take `{taken}` from `{names[home]}`, where it is defined, instead of `{names[step.imported]}`"
        cure += f"; for other imports, {one.elsewhere} more of this circle cannot come first either" if one.elsewhere else ""
        evidence = [Evidence(at.importer, at.line, f"`{names[at.importer]}` imports `{names[at.imported]}`") for at in failure.chain[:-1][:_MOST_SHOWN]]
        evidence.append(Evidence(arrow.imported, failure.bound, f"`{wanted}` binds `{failure.name}` here, and has only come to line {failure.waiting}"))
        return self.finding(
            arrow.importer,
            Place.at(arrow.line),
            f"importing `{first}`{more} before the rest of the application fails here: `{failure.name}` is not there yet, since `{wanted}` is half "
            f"loaded; {cure}",
            evidence=evidence,
            severity=None if one.outside else Severity.INFO,
        )


def _delayed(project: Project, one: HalfLoaded) -> str:
    if one.cut is None:
        return "more than one import has to go: move what the modules share to one that imports none of them"
    arrow, use = one.cut
    module, name, own = project.modules[arrow.importer], project.architecture.graph.names[arrow.importer], arrow == one.failure.arrow
    if use is Use.NOTHING:
        return f"nobody needs the name: `import {project.architecture.graph.names[arrow.imported]}` loads the module just as well"
    if use is Use.LOADING:
        moved = ", ".join(f"`{it}`" for it in one.missing) if own else f"what line {arrow.line} of `{name}` imports"
        return f"move {moved} to a module that does not import back"
    what = "import it" if own else f"move the import in line {arrow.line} of `{name}`"
    if use is Use.FUNCTIONS:
        return f"{what} {'in' if own else 'into'} the function that needs it"
    late = any(fact.module == "__future__" and fact.member == "annotations" for fact in module.facts.imports)
    return f"{what} below `if TYPE_CHECKING:`{'' if late else ', with quotes around the annotations'}: nothing else needs it"


def _cure(circle: Circle) -> str:
    what, else_ = ("this import needs", ", or pass it in") if circle.alike < circle.against else ("both need", "")
    return f"move what {what} to a module below both{else_}"


def _knot(circle: Circle, arrow: object) -> str:
    more = circle.modules - len(circle.chain)
    return f"; {more} more modules stand in the same knot" if more > 0 and arrow is circle.chain[-1] else ""
