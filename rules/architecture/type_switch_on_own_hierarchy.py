from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.type_switches import repeated_switches

_MOST_SHOWN = 10


class TypeSwitchOnOwnHierarchy(ProjectRule):
    """Several functions ask an object of the project's own for its class.

    ## What it does

    Reports a class of the project over whose subclasses two or more functions switch with three or more `isinstance` each, if they ask for at least half of
    them: one finding for each hierarchy, at the first function, with the others. Functions that parse, serialise, convert or render, exceptions and nodes of
    trees are left out.

    ## Why is this bad

    A new subclass must be added to every one of these functions, and nothing says which were forgotten: they fall through to the last branch.

    ## Example

    ```python
    class Discount:
        pass


    class Percent(Discount):
        value = 10


    class Amount(Discount):
        value = 5


    class FreeParcel(Discount):
        value = 0


    def reduce(discount, total):
        if isinstance(discount, Percent):
            return total * (100 - discount.value) / 100
        elif isinstance(discount, Amount):
            return total - discount.value
        elif isinstance(discount, FreeParcel):
            return total


    def describe(discount):
        if isinstance(discount, Percent):
            return f"{discount.value} %"
        elif isinstance(discount, Amount):
            return f"{discount.value} off"
        elif isinstance(discount, FreeParcel):
            return "free parcel"
    ```

    ## Use instead

    ```python
    class Percent:
        value = 10

        def reduce(self, total):
            return total * (100 - self.value) / 100

        def describe(self):
            return f"{self.value} %"


    class Amount:
        value = 5

        def reduce(self, total):
            return total - self.value

        def describe(self):
            return f"{self.value} off"
    ```

    ## When this is wrong

    Where the classes must not know of what is done with them, such as a domain and its pages: `functools.singledispatch`, or one table from class to function.
    """

    severity = Severity.INFO
    precision = "high"
    since = "0.2"
    profile = Profile.STRICT

    def check(self, project: Project) -> Iterator[Finding]:
        for one in repeated_switches(project):
            first, *others = one.switches
            path, number = first.function
            head = project.modules[path].functions[number]
            asked = ", ".join(f"`{name}`" for name in first.classes[:4]) + (", ..." if len(first.classes) > 4 else "")
            functions = len({switch.function for switch in one.switches})
            evidence = [
                Evidence(switch.function[0], switch.block.line, f"{project.calls.label(switch.function)} asks for {len(switch.classes)} of them as well")
                for switch in others[:_MOST_SHOWN]
            ]
            base = project.resolver.class_at(one.base)
            evidence.append(Evidence(one.base.path, base.line, f"`{one.base.name}` has {one.subclasses} subclasses: the method would stand here"))
            yield self.finding(
                path,
                Place.at(first.block.line),
                f"{functions} functions switch over the subclasses of `{one.base.name}` ({asked}): give it a method for each and let the subclasses answer, "
                "or dispatch in one table",
                symbol=head.name if number else "",
                evidence=evidence,
            )
