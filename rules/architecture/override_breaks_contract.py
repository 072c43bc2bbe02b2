from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Severity
from backend_lint.facts.python import Function
from backend_lint.project import Project
from backend_lint.project.architecture.overrides import broken_overrides


class OverrideBreaksContract(ProjectRule):
    """An override does not take what is passed to the method of its base.

    ## What it does

    Reports a method that overrides another of the project and does not fit a call that goes through the base: the call passes an argument that the override
    does not have, leaves out one that it needs, awaits what is not async (or the other way), or the override raises `NotImplementedError` where the base
    works. The call is shown; a difference that no call notices is not reported.

    ## Why is this bad

    The caller knows the base only and is right by it. With an object of this class the same line ends in a `TypeError`, or in a coroutine that never runs.

    ## Example

    ```python
    class Gateway:
        def charge(self, order, currency="EUR"):
            return self.post("/charge", order, currency)

        def post(self, path, order, currency):
            return path, order, currency


    class CardGateway(Gateway):
        def charge(self, order):
            return self.post("/card", order, "EUR")


    def checkout(gateway: Gateway, order):
        return gateway.charge(order, currency="USD")
    ```

    ## Use instead

    ```python
    class Gateway:
        def charge(self, order, currency="EUR"):
            return self.post("/charge", order, currency)

        def post(self, path, order, currency):
            return path, order, currency


    class CardGateway(Gateway):
        def charge(self, order, currency="EUR"):
            return self.post("/card", order, currency)


    def checkout(gateway: Gateway, order):
        return gateway.charge(order, currency="USD")
    ```

    ## When this is wrong

    Where objects of this class never come to that call: a base of its own, without the method, says so.
    """

    severity = Severity.WARNING
    precision = "high"
    since = "0.2"
    profile = Profile.STRICT

    def check(self, project: Project) -> Iterator[Finding]:
        for one in broken_overrides(project):
            path = one.method[0]
            head, base = project.calls.head(one.method), project.calls.head(one.base)
            yield self.finding(
                path,
                _at(head),
                f"`{head.name}` {one.why}, where `{base.name}` is called: {_cure(one.why, base)}",
                symbol=head.name,
                evidence=[
                    Evidence(one.caller[0], one.call.line, f"{project.calls.label(one.caller)} calls `{base.name}` in this way"),
                    Evidence(one.base[0], base.line, f"`{base.name}` takes it"),
                ],
            )


def _at(head: Function) -> Place:
    return Place.at(head.line, head.column)


def _cure(why: str, base: Function) -> str:
    if "NotImplementedError" in why:
        return "take the method out of the base, or give it a meaning here"
    if "async" in why:
        return "make both async or neither"
    return f"take what `{base.name.rpartition('.')[2]}` of the base takes"
