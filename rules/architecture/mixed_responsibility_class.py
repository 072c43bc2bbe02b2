from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.responsibilities import Group, Mixed, mixed_classes

_SHOWN = 3


class MixedResponsibilityClass(ProjectRule):
    """A class does two things that have nothing to do with each other.

    ## What it does

    Reports a class whose methods fall into groups that share no attribute and no call, where each of two groups of two or more methods does something to the
    world that the other does not: the database, HTTP, mail, files, queues, programs. The groups are shown with the calls that tell. Neither size nor the number
    of methods counts.

    Models, views, serializers and all else that a framework gives its methods are left out, and so are classes that others of the project derive from or
    that derive from one, and facades that only hand on.

    ## Why is this bad

    Whoever changes the report loads the mail server into the test, and whoever replaces the mail server reads the report. The constructor asks for what half
    of its callers do not use.

    ## Example

    ```python
    import pathlib

    import requests


    class Invoices:
        def __init__(self, folder, url):
            self.folder = pathlib.Path(folder)
            self.url = url

        def store(self, name, text):
            (self.folder / name).write_text(text)
            open(self.folder / "index").close()

        def stored(self, name):
            return open(self.folder / name)

        def rate(self, currency):
            return requests.get(self.url, params={"currency": currency}, timeout=3).json()

        def convert(self, amount, currency):
            return amount * self.rate(currency)["value"]
    ```

    ## Use instead

    ```python
    import pathlib

    import requests


    class InvoiceFiles:
        def __init__(self, folder):
            self.folder = pathlib.Path(folder)

        def store(self, name, text):
            (self.folder / name).write_text(text)

        def stored(self, name):
            return open(self.folder / name)


    class Rates:
        def __init__(self, url):
            self.url = url

        def rate(self, currency):
            response = requests.get(self.url, params={"currency": currency}, timeout=3)
            response.raise_for_status()
            return response.json()

        def convert(self, amount, currency):
            return amount * self.rate(currency)["value"]
    ```

    ## When this is wrong

    Where the class is nothing but a name for functions that are kept together on purpose.
    """

    severity = Severity.WARNING
    precision = "medium"
    since = "0.2"
    profile = Profile.ALL

    def check(self, project: Project) -> Iterator[Finding]:
        for one in mixed_classes(project):
            fact = project.modules[one.path].classes[one.number]
            drawn = "; ".join(f"{_names(group)} ({', '.join(group.kinds)})" for group in one.groups[:_SHOWN])
            yield self.finding(
                one.path,
                Place.at(fact.line, fact.column),
                f"`{fact.name}` has {len(one.groups)} tasks that share no attribute and no call: {drawn}; make a class of each",
                symbol=fact.name,
                evidence=_evidence(one, project),
            )


def _names(group: Group) -> str:
    more = f" and {len(group.methods) - _SHOWN} more" if len(group.methods) > _SHOWN else ""
    return ", ".join(f"`{name}`" for name in group.methods[:_SHOWN]) + more


def _evidence(one: Mixed, project: Project) -> Iterator[Evidence]:
    heads = project.modules[one.path].functions
    for group in one.groups:
        for kind, (index, edge) in group.kinds.items():
            yield Evidence(one.path, edge.call.line, f"`{heads[index].name.rpartition('.')[2]}` reaches {kind} with `{edge.target.name}`")
