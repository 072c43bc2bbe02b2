"""Where in the code a measured endpoint is answered, and what of it is known to be slow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.api import Evidence, Place

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.performance.endpoints import Row

_MOST_QUERIES = 3


class Answered(NamedTuple):
    """The handler of a row, else where its route is declared, else the line of the report. `evidence` points at the report, unless that is the place."""

    path: str
    at: Place
    symbol: str
    evidence: tuple[Evidence, ...]


def answered(project: Project, row: Row, said: str) -> Answered:
    """The place of a row; `said`: what the report says of it."""
    reported = Evidence(row.report.path, row.endpoint.line, said)
    route = row.route
    if route is None or not route.declared_in:
        return Answered(row.report.path, Place.at(row.endpoint.line), "", ())
    module = project.modules.get(route.module)
    if module is None or route.function < 0:
        return Answered(route.declared_in, Place.at(route.line), "", (reported,))
    head = module.functions[route.function]
    return Answered(route.module, Place.at(head.line, head.column), head.name, (reported,))


def slow_queries(project: Project, row: Row) -> list[Evidence]:
    """The statements too slow for their target that the row's handler comes to, as the database has timed them."""
    route, known = row.route, project.performance
    if route is None or not known.known.statements:
        return []
    found = []
    for one in known.timed:
        for site in one.sites if one.ms >= known.known.targets.query_ms else ():
            entry = project.answers.reached_from(site)
            if entry is not None and (entry.module, entry.function) == (route.module, route.function):
                why = f": {one.lacks[0]}" if one.lacks else ""
                found.append(Evidence(site.path, site.line, f"this query takes {one.ms:.6g} ms{why}"))
    return found[:_MOST_QUERIES]
