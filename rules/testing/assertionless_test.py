from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Place, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.assertions import fails_only_by_exception, test_functions


class AssertionlessTest(ProjectRule):
    """A test calls the code and looks at nothing that it did.

    ## What it does

    Reports a test of pytest or unittest without an `assert`, an assertion method, `raises`, a check of a mock, or a call of a helper that has one. Helpers
    are followed through the files of the tests; one that is not known is taken to assert.

    ## Why is this bad

    The test stays green whatever the code answers, and its lines count as covered: the number in the gate rises and nothing is tested.

    ## Example

    ```python
    # path: tests/test_prices.py
    def test_price_of_an_order(client):
        client.post("/orders", json={"price": 10})
        client.get("/orders/1")
    ```

    ## Use instead

    ```python
    # path: tests/test_prices.py
    def test_price_of_an_order(client):
        client.post("/orders", json={"price": 10})
        assert client.get("/orders/1").json() == {"price": 10}
    ```

    ## When this is wrong

    Where no exception is all that is wanted. Tests whose names say so (`test_import`, `test_does_not_raise`, `test_smoke`) are left alone, and so are those
    that are skipped.

    ## References

    - [SonarSource rule S2187 and its relatives](https://rules.sonarsource.com/python/RSPEC-2187/)
    """

    severity, precision, since = "warning", "medium", "0.1"
    profile = Profile.ALL
    roles = frozenset({Role.TEST})
    reads = frozenset({Role.TEST})

    def check(self, project: Project) -> Iterator[Finding]:
        for module, index, head, body in test_functions(project):
            if fails_only_by_exception(project, module, index, head, body):
                message = "this test asserts nothing, so it passes whatever the code answers: look at the result, the status or the stored row"
                yield self.finding(module.path, Place.at(head.line, head.column), message, symbol=head.name)
