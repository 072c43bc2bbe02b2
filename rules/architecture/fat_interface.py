from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture import interfaces


class FatInterface(ProjectRule):
    """An interface asks for more than its implementers can do.

    ## What it does

    Reports a base class with four or more abstract methods, of which some implementer refuses a quarter, and at least two, by nothing but
    `raise NotImplementedError`, while it works in others. Size alone is not reported.

    ## Why is this bad

    Whoever holds the interface may call all of it, and with this implementer the call fails at run time, in production, where no type checker has warned.
    Callers begin to ask which class they hold.

    ## Example

    ```python
    from abc import ABC, abstractmethod


    class Gateway(ABC):
        @abstractmethod
        def charge(self, order): ...

        @abstractmethod
        def refund(self, order): ...

        @abstractmethod
        def subscribe(self, customer): ...

        @abstractmethod
        def unsubscribe(self, customer): ...


    class CardGateway(Gateway):
        def charge(self, order):
            return order.total

        def refund(self, order):
            return -order.total

        def subscribe(self, customer):
            return customer.plan

        def unsubscribe(self, customer):
            return None


    class VoucherGateway(Gateway):
        def charge(self, order):
            return order.total

        def refund(self, order):
            return -order.total

        def subscribe(self, customer):
            raise NotImplementedError

        def unsubscribe(self, customer):
            raise NotImplementedError
    ```

    ## Use instead

    ```python
    from abc import ABC, abstractmethod


    class Gateway(ABC):
        @abstractmethod
        def charge(self, order): ...

        @abstractmethod
        def refund(self, order): ...


    class SubscriptionGateway(Gateway):
        @abstractmethod
        def subscribe(self, customer): ...

        @abstractmethod
        def unsubscribe(self, customer): ...


    class VoucherGateway(Gateway):
        def charge(self, order):
            return order.total

        def refund(self, order):
            return -order.total
    ```

    ## When this is wrong

    Where the implementer is unfinished, and the methods are to follow.
    """

    severity = Severity.INFO
    precision = "high"
    since = "0.2"
    profile = Profile.STRICT

    def check(self, project: Project) -> Iterator[Finding]:
        for one in interfaces.fat_interfaces(project):
            fact = project.modules[one.path].classes[one.number]
            worst = max(one.refusals, key=lambda refusal: len(refusal.methods))
            refused = ", ".join(f"`{name}`" for name, _ in worst.methods[:3])
            more = f" and {len(worst.methods) - 3} more" if len(worst.methods) > 3 else ""
            yield self.finding(
                one.path,
                Place.at(fact.line, fact.column),
                f"interface `{fact.name}` asks for {len(one.methods)} methods, and `{worst.implementer.name}` refuses {refused}{more}: "
                "move them to an interface of their own, for those who have them",
                symbol=fact.name,
                evidence=[
                    Evidence(refusal.implementer.path, line, f"`{refusal.implementer.name}.{name}` only raises NotImplementedError")
                    for refusal in one.refusals
                    for name, line in refusal.methods
                ],
            )
