from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture import Arrow
from backend_lint.project.architecture.outward import outward
from backend_lint.project.architecture.private_imports import Leak, is_custom, leaks, without

_SHOWN = 4


class FeatureSliceLeak(ProjectRule):
    """What a package keeps to itself is imported by another one.

    ## What it does

    Reports a function, a class or a module whose name begins with an underscore and that is imported from outside the package it lies in: once for each,
    with all that import it. A package may reach down into its own parts. Private modules that only one module imports, or of which so many are imported from
    afar that the underscore is there for those who install the project, are shown in the profile `strict`, and so are imports by modules that tell another
    linter that they do so on purpose (`# pyright: ignore[reportPrivateUsage]`, `# noqa: PLC2701`), and by commands of the same Django application.

    ## Why is this bad

    The owner changes or removes what is private without looking any further, and tests only what is public. The other package then breaks, or goes on with
    something that means a different thing now.

    ## Example

    ```python
    # path: shop/billing/views.py
    def _customer(number):
        return {"number": number}


    def invoice(number):
        return _customer(number)
    # path: shop/orders/views.py
    from shop.billing.views import _customer


    def order(number):
        return _customer(number)
    # path: shop/billing/__init__.py
    # path: shop/orders/__init__.py
    # path: shop/__init__.py
    ```

    ## Use instead

    ```python
    # path: shop/billing/views.py
    from shop.billing.customers import customer


    def invoice(number):
        return customer(number)
    # path: shop/billing/customers.py
    def customer(number):
        return {"number": number}
    # path: shop/orders/views.py
    from shop.billing.customers import customer


    def order(number):
        return customer(number)
    # path: shop/billing/__init__.py
    # path: shop/orders/__init__.py
    # path: shop/__init__.py
    ```

    ## When this is wrong

    Where both packages are one part in the eyes of those who maintain them. Tests, migrations, scripts, settings and imports below `if TYPE_CHECKING` are left
    out, and so is what `__all__` names. What `layer-import-violation` reports is not said twice.
    """

    severity = Severity.INFO
    precision = "high"
    since = "0.2"

    def check(self, project: Project) -> Iterator[Finding]:
        names = project.architecture.graph.names
        found, strict = leaks(project), self.shows(Profile.STRICT)
        against = {(one.violation.arrow.importer, one.violation.arrow.imported) for one in (outward(project, strict) if found else ())}
        for one in without(project, found, against, strict):
            first = one.arrows[0]
            others = len({arrow.importer for arrow in one.arrows}) - 1
            if not strict and one.whole and (not (one.public or others) or is_custom(found, one)):
                continue
            more = f" and {others} more module{'s' if others > 1 else ''} import" if others else " imports"
            yield self.finding(
                first.importer,
                Place.at(first.line),
                f"`{names[first.importer]}`{more} {_listed(one)}, which only `{one.home}` should use: {_cure(one)}",
                evidence=_evidence(one, project),
            )


def _listed(one: Leak) -> str:
    more = f" and {len(one.names) - _SHOWN} more" if len(one.names) > _SHOWN else ""
    return ", ".join(f"`{name}`" for name in one.names[:_SHOWN]) + more


def _cure(one: Leak) -> str:
    it, a_name = ("it", "a public name") if len(one.names) == 1 else ("them", "public names")
    if one.public:
        what = "what is needed" if one.whole else it
        return f"import {what} from `{one.home}`, which hands {it} on"
    if one.whole:
        return f"let `{one.home}` hand on what others need, or move that to where both may use it"
    return f"give {it} {a_name} there, or move {it} to where both may use {it}"


def _evidence(one: Leak, project: Project) -> Iterator[Evidence]:
    names = project.architecture.graph.names
    yield Evidence(one.path, one.line, f"{_listed(one)} of `{one.home}`: the underscore says that it is nobody else's")
    taken: dict[str, list[Arrow]] = {}
    for arrow in one.arrows:
        taken.setdefault(arrow.importer, []).append(arrow)
    own = [arrow for arrow in one.arrows if arrow.importer == one.arrows[0].importer and arrow.line != one.arrows[0].line]
    for arrow in own[:_SHOWN]:
        yield Evidence(arrow.importer, arrow.line, f"`{names[arrow.importer]}` imports `{arrow.name.rpartition('.')[2]}` here")
    for importer, arrows in [*taken.items()][1 : _SHOWN + 1]:
        members = dict.fromkeys(arrow.name.rpartition(".")[2] for arrow in arrows)
        yield Evidence(importer, arrows[0].line, f"`{names[importer]}` imports {', '.join(f'`{name}`' for name in [*members][:_SHOWN])} too")
