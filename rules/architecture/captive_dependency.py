from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.captives import captives

_HARM = {
    "session": "requests then share one session, or get rows of one that is closed; make the object for each request, or hand it the session factory",
    "request": "requests that are long answered are kept alive, and their state with them; hand in only the values that are needed",
}
_KEYED = "each session is a key of its own, so that nothing is found again and old sessions are kept; leave the session out of what is cached by"


class CaptiveDependency(ProjectRule):
    """Something that lives long holds what belongs to one request.

    ## What it does

    Reports database sessions and requests that are captured: by a function with `lru_cache` or `cache` that takes one, or returns an object made with one; by
    a module that other modules import, a class or the default of a parameter, which make a session once; by an object that is made with a session when its
    module is loaded; by a `Singleton` of dependency-injector that is given a session which a `Factory` makes.

    ## Why is this bad

    The first session is shared by all requests: threads write into one transaction, one failed statement spoils it for all the others until the process is
    restarted, and rows read hours ago are served. In the tests, with one request at a time, all is well.

    ## Example

    ```python
    from functools import lru_cache

    from sqlalchemy import create_engine
    from sqlalchemy.orm import sessionmaker

    new_session = sessionmaker(create_engine("postgresql://db/shop"))


    class Orders:
        def __init__(self, session):
            self.session = session


    @lru_cache
    def get_orders():
        return Orders(new_session())
    ```

    ## Use instead

    ```python
    from sqlalchemy import create_engine
    from sqlalchemy.orm import sessionmaker

    new_session = sessionmaker(create_engine("postgresql://db/shop"))


    class Orders:
        def __init__(self, session):
            self.session = session


    def get_orders():
        with new_session() as session:
            yield Orders(session)
    ```

    ## When this is wrong

    In a program that does one thing at a time and ends. `scoped_session` and objects that are handed the session factory are not reported, nor are requests in
    a cache that holds so many and no more.
    """

    severity = Severity.ERROR
    precision = "high"
    since = "0.2"

    def check(self, project: Project) -> Iterator[Finding]:
        for one in captives(project):
            harm = _KEYED if one.keyed and one.what == "session" else _HARM[one.what]
            symbol = project.modules[one.path].functions[one.function].name if one.function else ""
            yield self.finding(
                one.path,
                Place.at(one.line, one.column),
                f"`{one.keeper}` holds on to the {one.what} of one request, and lives as long as the process: {harm}",
                symbol=symbol,
                evidence=[Evidence(one.path, one.given, f"the {one.what} comes in here; {one.how}")],
            )
