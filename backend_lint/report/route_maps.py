"""The map of routes, as plain data, as text lines and as a page that can be printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from backend_lint.project.web.worth import worth
from backend_lint.report.escape import xml
from backend_lint.report.html_page import html_page

if TYPE_CHECKING:
    from backend_lint.facts.route import Route
    from backend_lint.project import Project
    from backend_lint.project.touched import TouchedModels

Entries = list[dict[str, Any]]
_KNOWN = {True: "authenticated", False: "open", None: "unknown"}
_VERIFIES = {True: "verifies", False: "verifies nobody", None: "not known"}


def routes_map(project: Project) -> dict[str, Entries]:
    """The routes of all frameworks. `reads` and `writes` name the models that handler, hooks and dependencies touch: null where the database is touched and
    no model is known. The method ``*`` is any; `{?}` in a path is a part that is not known.

    ``{"routes": [{"method", "path", "handler": {"name", "path", "line"},
    "guards": [{"name", "verifies", "worth", "origin", "path", "line", "needs": []}], "authenticated", "needs": [], "request", "response", "reads",
    "writes", "limits": [{"name", "rate", "path", "line"}], "registered": {"path", "line"}, "framework"}],
    "not_understood": [{"path", "line", "what"}]}``
    """
    from backend_lint.project.touched import TouchedModels

    models = TouchedModels(project)
    routes = [_route(project, models, route) for route in project.routes]
    return {"routes": routes, "not_understood": [{"path": path, "line": line, "what": what} for path, line, what in project.routes.unread]}


def _route(project: Project, models: TouchedModels, route: Route) -> dict[str, Any]:
    path, line = route.declared_in, route.line
    if route.function >= 0:
        path, line = route.module, project.calls.head((route.module, route.function)).line
    elif route.owner is not None:
        path, line = route.owner[0], project.modules[route.owner[0]].classes[route.owner[1]].line
    keys = [*([(route.module, route.function)] if route.function >= 0 else []), *route.dependencies]
    touched = None
    if route.function >= 0:
        touched = models.by(*keys)
    elif route.owner is not None:
        touched = models.by_library(route.owner, route.method)
    return {
        "method": route.method,
        "path": route.path,
        "handler": {"name": route.name, "path": path, "line": line},
        "guards": [
            {
                "name": guard.name,
                "verifies": guard.verifies,
                "worth": worth(guard),
                "origin": "configuration" if guard.worth else "code",
                "path": guard.path,
                "line": guard.line,
                "needs": list(guard.needs),
            }
            for guard in route.guards
        ],
        "authenticated": route.authenticated,
        "needs": list(dict.fromkeys(name for guard in route.guards for name in guard.needs)),
        "request": route.request or None,
        "response": route.response or None,
        "reads": None if touched is None or touched.reads is None else list(touched.reads),
        "writes": None if touched is None or touched.writes is None else list(touched.writes),
        "limits": [{"name": limit.name, "rate": limit.rate or None, "path": limit.path, "line": limit.line} for limit in route.limits],
        "registered": {"path": route.declared_in, "line": route.line},
        "framework": route.framework,
    }


# -- text ----------------------------------------------------------------------------------------------


def route_lines(entry: Mapping[str, Any]) -> list[str]:
    """A route as a line, and what is known of it as lines below."""
    handler = entry["handler"]
    lines = [f"{entry['method']:<7} {entry['path']}  {handler['path']}:{handler['line']} {handler['name']}  {_KNOWN[entry['authenticated']]}"]
    lines += [f"  {name:<9} {text}" for name, text in _details(entry)]
    return lines


def callers_told(entries: Entries) -> str:
    """How many routes know their callers, are open, and are neither for sure: ``: 3 authenticated, 1 open, 2 unknown``."""
    counts = Counter(_KNOWN[entry["authenticated"]] for entry in entries)
    return f": {', '.join(f'{counts[name]} {name}' for name in _KNOWN.values())}" if entries else ""


def _details(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for guard in entry["guards"]:
        given = f" ({', '.join(guard['needs'])})" if guard["needs"] else ""
        yield "guard", f"{guard['name']}{given}: {_judged(guard)}  {guard['path']}:{guard['line']}"
    for name in ("request", "response"):
        if entry[name]:
            yield name, entry[name]
    for name in ("reads", "writes"):
        if entry[name] is None or entry[name]:
            yield name, "not known" if entry[name] is None else ", ".join(entry[name])
    for limit in entry["limits"]:
        yield "limit", f"{limit['rate'] or 'not known'}  {limit['name']}  {limit['path']}:{limit['line']}"


def _judged(guard: Mapping[str, Any]) -> str:
    """What a guard does and is worth, and who says so if the code does not."""
    does = _VERIFIES[guard["verifies"]]
    worth = f", {guard['worth']}" if guard["verifies"] else ""
    return f"{does}{worth}{' (configuration)' if guard['origin'] == 'configuration' else ''}"


# -- page ----------------------------------------------------------------------------------------------


def routes_page(content: Mapping[str, Entries]) -> str:
    """A page of its own: one table, nothing fetched, no script."""
    routes, unread = content["routes"], content["not_understood"]
    counts = Counter(_KNOWN[entry["authenticated"]] for entry in routes)
    told = ", ".join(f"{counts[name]} {name}" for name in _KNOWN.values())
    heads = ("Method", "Path", "Handler", "Callers", "Guards", "Roles, scopes", "Reads", "Writes", "Request", "Response", "Rate limit")
    parts = [
        f"<p>{len(routes)} routes: {told}. Registrations that are not understood: {len(unread)}.</p>",
        f"<table>\n<thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n<tbody>",
        *(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _cells(entry))}</tr>" for entry in routes),
        "</tbody>\n</table>",
    ]
    if unread:
        parts.append("<h2>Not understood</h2>\n<p>Routes may be missing because of these.</p>\n<ul>")
        parts += [f"<li><code>{xml(entry['what'])}</code>{_at(entry)}</li>" for entry in unread]
        parts.append("</ul>")
    return html_page("Routes", *parts)


def _cells(entry: Mapping[str, Any]) -> Iterator[str]:
    handler = entry["handler"]
    known = _KNOWN[entry["authenticated"]]
    yield xml(entry["method"])
    yield f"<code>{xml(entry['path'])}</code>{_at(entry['registered'])}"
    yield f"<code>{xml(handler['name'])}</code>{_at(handler)}"
    yield f'<span class="{known}">{known}</span>'
    yield "".join(f"<div>{xml(guard['name'])} ({_judged(guard)}){_at(guard)}</div>" for guard in entry["guards"])
    yield _names(entry["needs"])
    yield _names(entry["reads"])
    yield _names(entry["writes"])
    yield _names([entry["request"]] if entry["request"] else [])
    yield _names([entry["response"]] if entry["response"] else [])
    yield "".join(f"<div>{xml(limit['rate'] or 'not known')}{_at(limit)}</div>" for limit in entry["limits"])


def _names(names: list[str] | None) -> str:
    return '<span class="unknown">not known</span>' if names is None else xml(", ".join(names))


def _at(place: Mapping[str, Any]) -> str:
    return f'<span class="at">{xml(place["path"])}:{place["line"]}</span>'
