from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, ProjectRule, Role, Severity
from backend_lint.facts.architecture import Contract, ContractKind
from backend_lint.project import Project
from backend_lint.project.architecture import Breach
from backend_lint.project.architecture.contracts import TooManyChainsError

_SAYS = {
    ContractKind.LAYERS: "lies above it",
    ContractKind.FORBIDDEN: "it must not import",
    ContractKind.INDEPENDENCE: "is to be independent of it",
    ContractKind.PROTECTED: "is protected",
    ContractKind.ACYCLIC: "imports it in turn",
    ContractKind.PRIVATE: "is private to the package that it lies in",
}


class BrokenImportContract(ProjectRule):
    """An import that a contract of the project forbids.

    ## What it does

    Checks the contracts of `[tool.backend-lint.contracts]`: forbidden imports, independent packages, layers, protected packages. Those of import-linter
    are read as they are, from `.importlinter`, `setup.cfg` or `pyproject.toml` (or the file that `import-linter` names), all kinds of its version 2.17, with
    the same verdicts; a kind of one's own is named as not checked. Chains of imports count, and the whole chain is shown; with `indirect = false` only
    imports that lead straight to what is forbidden do.

    ## Why is this bad

    The team has written down what must stay apart. What is imported once is imported again, and soon the two cannot be separated.

    ## Example

    ```toml
    # path: pyproject.toml
    [tool.backend-lint.contracts.orders-do-not-bill]
    type = "forbidden"
    source = ["shop.orders"]
    forbidden = ["shop.billing"]
    ```
    ```python
    # path: shop/orders.py
    from shop.billing import charge


    def place(order):
        charge(order)
    # path: shop/billing.py
    def charge(order):
        print(order)
    ```

    ## Use instead

    ```toml
    # path: pyproject.toml
    [tool.backend-lint.contracts.orders-do-not-bill]
    type = "forbidden"
    source = ["shop.orders"]
    forbidden = ["shop.billing"]
    ```
    ```python
    # path: shop/orders.py
    def place(order, charge):
        charge(order)
    # path: shop/billing.py
    def charge(order):
        print(order)
    ```

    ## When this is wrong

    Where one import is to stay, allow it and say why:
    `allow = [{ import = "shop.orders.legacy -> shop.billing", reason = "goes with the old checkout" }]`.
    """

    severity = Severity.ERROR
    precision = "very-high"
    since = "0.2"
    automatic = True
    roles = frozenset(Role)
    needs = (Contract,)

    def check(self, project: Project) -> Iterator[Finding]:
        contracts = project.architecture.contracts
        names = project.architecture.graph.names
        for contract in contracts.contracts:
            for child in contracts.undeclared(contract):
                yield self.finding(
                    contracts.home(child.name),
                    Place.at(1),
                    f"`{child.name}` is in no layer of contract `{contract.name}`, which is to name all that lies in `{child.container}`: add it to one, or to "
                    "`exhaustive_ignores`",
                    evidence=[Evidence(contract.path, contract.line, f"contract `{contract.name}` is exhaustive")],
                    suggestion=contract.guidance,
                )
            try:
                breaches = contracts.breaches(contract)
            except TooManyChainsError as error:
                at = Place.at(contract.line)
                yield self.finding(contract.path, at, f"contract `{contract.name[:100]}` and those after it are not checked: {error}")
                return
            for one in breaches:
                first = one.chain[0]
                by_way = f" by way of `{names[first.imported]}`" if len(one.chain) > 1 and first.imported in names else ""
                yield self.finding(
                    first.importer,
                    Place.at(first.line),
                    f"`{names[first.importer]}` imports `{one.target}`{by_way}, which contract `{contract.name}` forbids: "
                    "remove the import, or allow it with a reason",
                    evidence=_evidence(one, project),
                    suggestion=contract.guidance,
                )


def _evidence(one: Breach, project: Project) -> Iterator[Evidence]:
    names = project.architecture.graph.names
    for arrow in one.chain[1:]:
        yield Evidence(arrow.importer, arrow.line, f"`{names[arrow.importer]}` imports `{names.get(arrow.imported, arrow.name)}`")
    yield Evidence(one.contract.path, one.contract.line, f"contract `{one.contract.name}` of `{one.source}`: `{one.target}` {_SAYS[one.contract.kind]}")
