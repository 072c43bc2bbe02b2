"""What the HTML report says of the project besides its findings: routes, tables, queries, layers, and where a finding is reached from. Plain data."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backend_lint.report.database_maps import queries_map, schema_map
from backend_lint.report.layer_maps import layers_map
from backend_lint.report.route_maps import routes_map

if TYPE_CHECKING:
    from backend_lint.engine.result import Reported, Result
    from backend_lint.project import Project

NOWHERE = "nothing known"


class About(NamedTuple):
    """`reach`: for each finding in its order, the kind of entry point that reaches it and that entry's name. `names`: what stands at a place, for links."""

    routes: list[dict[str, Any]]
    tables: list[dict[str, Any]]
    layers: dict[str, Any]
    reach: list[tuple[str, str]]
    anchors: dict[tuple[str, int], tuple[str, str]]
    """(path, line) -> what is declared there, and the id of the part of the page that shows it."""


def about(project: Project, result: Result) -> About:
    """Everything at once; `result` is of the same project."""
    routes, tables = routes_map(project)["routes"], schema_map(project)["tables"]
    queries = queries_map(project)["queries"]
    functions = _Functions(project)
    shown_routes = _routes(project, result, routes, queries, functions)
    shown_tables = numbered(tables, queries)
    anchors: dict[tuple[str, int], tuple[str, str]] = {}
    for route in shown_routes:
        for place in (route["registered"], route["handler"]):
            anchors.setdefault((place["path"], place["line"]), (f"{route['method']} {route['path']}", route["id"]))
    for table in shown_tables:
        if table["path"]:
            anchors[table["path"], table["line"]] = (f"table {table['name']}", table["id"])
    return About(shown_routes, shown_tables, layers_map(project), [functions.reach(one) for one in result.findings], anchors)


class _Functions:
    """The innermost function at a place, and what reaches it."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.starts: dict[str, tuple[list[int], list[tuple[int, int]]]] = {}

    def at(self, path: str, line: int) -> int | None:
        module = self.project.modules.get(path)
        if module is None:
            return None
        if path not in self.starts:
            spans = enumerate((one.line, one.end_line) for one in module.functions)
            ordered = sorted((line, -end, number) for number, (line, end) in spans if end >= line > 0)
            self.starts[path] = [line for line, _, _ in ordered], [(-end, number) for _, end, number in ordered]
        firsts, ends = self.starts[path]
        for index in range(bisect_right(firsts, line) - 1, max(-1, bisect_right(firsts, line) - 200), -1):
            end, number = ends[index]
            if end >= line:
                return number
        return None

    def reach(self, reported: Reported) -> tuple[str, str]:
        number = self.at(reported.finding.path, reported.finding.line)
        found = None if number is None else self.project.reached_from((reported.finding.path, number))
        return (NOWHERE, "") if found is None else (found[0].kind.value, found[0].name)


def _routes(
    project: Project, result: Result, routes: Sequence[Mapping[str, Any]], queries: Sequence[Mapping[str, Any]], functions: _Functions
) -> list[dict[str, Any]]:
    asked: Counter[tuple[str, str]] = Counter()
    unserved: Counter[tuple[str, str]] = Counter()
    for query in queries:
        for entry in query["reached_from"]:
            key = entry["path"], entry["name"]
            asked[key] += 1
            unserved[key] += any(table["access"] == "scan" for table in query["tables"])
    found: Counter[tuple[str, str]] = Counter()
    for one in result.findings:
        number = functions.at(one.finding.path, one.finding.line)
        reached = None if number is None else project.reached_from((one.finding.path, number))
        if reached is not None:
            found[reached[0].module, reached[0].name] += 1
    shown = []
    for number, (route, entry) in enumerate(zip(project.routes, routes, strict=True)):
        key = entry["handler"]["path"], entry["handler"]["name"]
        shown.append(
            {
                **entry,
                "id": f"route-{number}",
                "covered": _covered(project, result, route.module, route.function),
                "queries": asked[key],
                "unserved": unserved[key],
                "findings": found[key],
            }
        )
    return shown


def _covered(project: Project, result: Result, path: str, function: int) -> tuple[int, int] | None:
    """Executed and executable lines of a handler's body; None where nothing was measured."""
    file = result.coverage.files.get(path) if result.coverage is not None else None
    if file is None or function < 0:
        return None
    head = project.modules[path].functions[function]
    hits = [times for line, times in file.lines.items() if head.body_line <= line <= head.end_line]
    return (sum(times > 0 for times in hits), len(hits)) if hits else None


def numbered(tables: Sequence[Mapping[str, Any]], queries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Tables with an id each, the queries that no index of theirs serves, and how often each index serves one."""
    unserved: dict[str, list[dict[str, Any]]] = defaultdict(list)
    serves: Counter[tuple[str, str]] = Counter()
    for query in queries:
        for table in query["tables"]:
            if table["access"] == "scan":
                about = {"path": query["path"], "line": query["line"], "asks": " and ".join(table["predicates"]), "reached_from": query["reached_from"]}
                unserved[table["name"] or ""].append(about)
            elif table["served_by"]:
                serves[table["name"] or "", table["served_by"]] += 1
    shown = []
    for number, table in enumerate(tables):
        indexes = [{**index, "serves": serves[table["name"], index["name"] or ""]} for index in table["indexes"]]
        shown.append({**table, "id": f"table-{number}", "indexes": indexes, "unserved": unserved.get(table["name"], [])})
    return shown
