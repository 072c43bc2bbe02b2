from __future__ import annotations

import itertools
from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.process_state import Written, request_state


class RequestStateInSingleton(ProjectRule):
    """What belongs to one request is kept in an object that serves all of them.

    ## What it does

    Reports an attribute that a middleware writes while it serves a request, or that a method of a module-level object sets from a request, a user or a
    session, and that a method of the class reads again.

    ## Why is this bad

    Two requests at once, in threads or between two awaits, write the same attribute: the second overwrites the first, which goes on with the user, the
    tenant or the start time of somebody else.

    ## Example

    ```python
    import time


    class TimingMiddleware:
        def __init__(self, get_response):
            self.get_response = get_response

        def __call__(self, request):
            self.started = time.monotonic()
            response = self.get_response(request)
            response["X-Seconds"] = str(time.monotonic() - self.started)
            return response
    ```

    ## Use instead

    ```python
    import time


    class TimingMiddleware:
        def __init__(self, get_response):
            self.get_response = get_response

        def __call__(self, request):
            started = time.monotonic()
            response = self.get_response(request)
            response["X-Seconds"] = str(time.monotonic() - started)
            return response
    ```

    ## When this is wrong

    Where every request runs in a process of its own. What is written once and kept (`if self.client is None`), `threading.local`, `ContextVar` and what only
    the writing function reads before it answers or waits are not reported.
    """

    severity = Severity.ERROR
    precision = "high"
    since = "0.2"

    def check(self, project: Project) -> Iterator[Finding]:
        for (path, function), group in itertools.groupby(request_state(project), key=lambda one: (one.path, one.function)):
            some = list(group)
            one = some[0]
            head = project.modules[path].functions[function]
            names = " and ".join(dict.fromkeys(f"`self.{each.attribute.name}`" for each in some))
            hand_on = "a local variable" if all(each.reader[1] == function for each in some) else "an attribute of the request, a parameter or a ContextVar"
            if any(each.inherited for each in some):
                hand_on = "an object of its own for each request, since methods of the base class read it"
            harm = "a request that does not set it goes on with what the last one left" if all(each.left for each in some) else "the next request overwrites it"
            yield self.finding(
                path,
                Place.at(one.attribute.line, one.attribute.column),
                f"`{head.name}` keeps what belongs to one request in {names}, and {one.because}: {harm}; use {hand_on}",
                symbol=head.name,
                evidence=[Evidence(*one.place, one.because), *(_read(project, each) for each in {each.attribute.name: each for each in some}.values())],
            )


def _read(project: Project, one: Written) -> Evidence:
    return Evidence(one.path, one.line, f"`{project.modules[one.path].functions[one.reader[1]].name}` reads `self.{one.attribute.name}`")
