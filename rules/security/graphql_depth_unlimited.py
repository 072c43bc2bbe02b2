from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.authentication.graph_depth import unlimited_graphs


class GraphqlDepthUnlimited(ProjectRule):
    """One GraphQL query may nest as deep as its sender likes.

    ## What it does

    Reports schemas of Strawberry, and views and applications of Graphene and Ariadne, that are given no rule for the depth or the cost of a query, where
    nothing in the project speaks of one.

    ## Why is this bad

    Two types that refer to each other are enough: `author { books { author { books ...` loads rows in powers of the size of a list, and one request of a few
    hundred signs keeps the database busy for minutes. Limits of requests do not help, because it is one.

    ## Example

    ```python
    import strawberry


    @strawberry.type
    class Query:
        name: str


    schema = strawberry.Schema(query=Query)
    ```

    ## Use instead

    ```python
    import strawberry
    from strawberry.extensions import MaxTokensLimiter, QueryDepthLimiter


    @strawberry.type
    class Query:
        name: str


    schema = strawberry.Schema(query=Query, extensions=[QueryDepthLimiter(max_depth=8), MaxTokensLimiter(max_token_count=1000)])
    ```

    ## When this is wrong

    Where no type leads back to itself, only queries that are known beforehand are accepted, or a gateway looks at them first.

    ## References

    - [OWASP API4:2023](https://owasp.org/API-Security/editions/2023/en/0xa4-unrestricted-resource-consumption/)
    - [CWE-770](https://cwe.mitre.org/data/definitions/770.html)
    """

    severity, precision, since = "warning", "medium", "0.1"
    profile = Profile.STRICT
    tags = ("security", "owasp-api:4", "cwe:770")
    roles = frozenset({Role.APPLICATION, Role.SETTINGS})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in unlimited_graphs(project):
            message = "queries may be nested as deep as their sender likes, one of them can keep the database busy: limit their depth or cost"
            yield self.finding(found.module.path, found.call, message, symbol=found.symbol)
