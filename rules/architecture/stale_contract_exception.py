from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Place, ProjectRule, Role, Severity
from backend_lint.facts.architecture import Contract
from backend_lint.project import Project
from backend_lint.project.architecture.contracts import TooManyChainsError


class StaleContractException(ProjectRule):
    """A contract allows an import that nobody makes any more.

    ## What it does

    Reports exceptions of contracts (`allow` here, `ignore_imports` of import-linter) that match no import of the project.

    ## Why is this bad

    The exception was a debt and is paid. While it stands, the import may come back and nobody is told.

    ## Example

    ```toml
    # path: pyproject.toml
    [tool.backend-lint.contracts.orders-do-not-bill]
    type = "forbidden"
    source = ["shop.orders"]
    forbidden = ["shop.billing"]
    allow = [{ import = "shop.orders -> shop.billing", reason = "until the new checkout" }]
    ```
    ```python
    # path: shop/orders.py
    def place(order):
        print(order)
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
    def place(order):
        print(order)
    # path: shop/billing.py
    def charge(order):
        print(order)
    ```

    ## When this is wrong

    Where the import is made in some environments only, in code that is generated there: import-linter's `unmatched_ignore_imports_alerting = none` says so.
    """

    severity = Severity.WARNING
    precision = "very-high"
    since = "0.2"
    automatic = True
    roles = frozenset(Role)
    needs = (Contract,)

    def check(self, project: Project) -> Iterator[Finding]:
        contracts = project.architecture.contracts
        for contract in contracts.contracts:
            if contract.stale == "none":
                continue
            try:
                stale = contracts.stale(contract)
            except TooManyChainsError:
                return  # broken-import-contract says so
            for _, exception in stale:
                if any(_is_unread(project, name) for name in (exception.importer, exception.imported)):
                    project.note_unknown(self.name)
                    continue
                yield self.finding(
                    contract.path,
                    Place.at(contract.line),
                    f"contract `{contract.name}` allows `{exception.importer} -> {exception.imported}`, which no module imports: remove the exception",
                )


def _is_unread(project: Project, name: str) -> bool:
    """Its file is there, but nobody could parse it, so that its imports and who imports it are not known."""
    ends = (f"/{name.replace('.', '/')}.py", f"/{name.replace('.', '/')}/__init__.py")
    return any(f"/{path}".endswith(ends) and path not in project.modules for path in project.files)
