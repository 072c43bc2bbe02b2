"""Lists whose serializers read relations that the query did not load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Evidence
from backend_lint.facts.file import Role
from backend_lint.facts.python import Call, Class
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.advice import query_of
from backend_lint.project.loading.lazy import Missing, is_owner_known, missing_of, one_of
from backend_lint.project.loading.places import Place, declared
from backend_lint.project.loading.reach import reached_from
from backend_lint.project.loading.response_models import answers
from backend_lint.project.loading.row_work import OwnQuery
from backend_lint.project.references import Ref, RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading import Rows
    from backend_lint.project.loading.serializer_uses import ManyRows
    from backend_lint.project.schema.mapping import ClassKey

_FEW = 9
_ENDS_IN_KEY = lazy_regex(r"[>}]/?$")
_LISTS = frozenset({"get", "dispatch"})
"""Methods of generic views that answer with a list."""


class Serialized(msgspec.Struct, frozen=True):
    """A list that costs further queries for each row. `at`: the view's class or the call with ``many=True``; `routes`: who asks for it.

    `key`: the function that gives the list; that of the module for a view. `view`: the class; `alone`: it has no other serializer for its list.
    """

    path: str
    symbol: str
    at: Place | Call
    serializer: str
    rows: Rows
    missing: tuple[Missing, ...]
    queries: tuple[OwnQuery, ...]
    routes: tuple[Evidence, ...]
    key: FunctionKey
    view: ClassKey | None = None
    alone: bool = True

    @property
    def is_view(self) -> bool:
        """A view's own list, not a call of some function."""
        return isinstance(self.at, Place)


def serialized(project: Project, roles: frozenset[Role]) -> Iterator[Serialized]:
    """All of them, in order of path and line; what several views have in common is said of each query once."""
    told: set[tuple[object, ...]] = set()
    for use in project.loads.serializer_uses.all(roles):
        rows = use.rows
        if project.loads.serializer_fields.loads_itself(use.serializer):
            continue
        if len({one.model for one in rows}) != 1 or any(one.loaded.plain or one.loaded.unknown or one.most <= _FEW for one in rows):
            continue
        if not project.loads.serializer_fields.is_for(use.serializer, rows[0].model):
            continue
        if not all(is_owner_known(project, one) for one in rows):
            continue  # whoever has the object may have loaded them beforehand
        routes = _routes(project, use)
        if routes is None or _loads_unread(project, use.view or _listed_view(project, (use.path, use.function))):
            continue
        costs = project.loads.serializer_fields.costs(use.serializer, rows[0].model)
        missing = missing_of(project, rows, costs.reads)
        first = rows[0]
        at_query = (first.path, first.line) if first.call is not None else (use.path, use.view, use.function)
        begun = (first.origin, use.serializer) if first.origin is not None else at_query
        missing = [one for one in missing if (at_query, one.path) not in told and (begun, one.path) not in told]
        if use.view is None:  # one page of the rows, or else all of them
            missing = [one for one in missing if (use.path, use.function, use.serializer, one.path) not in told]
        view = use.view or _listed_view(project, (use.path, use.function))
        if view is not None:  # its lists begin with one query, and one change of that is enough
            missing = [one for one in missing if (view, use.serializer, one.path) not in told]
        asked = [one for one in costs.queries if not all(of.loaded.answers(one.trail[0].text) for of in rows)]
        queries = tuple(one for one in asked if (one.trail[-1].path, one.trail[-1].line) not in told)
        if not missing and not queries:
            continue
        told.update((one.trail[-1].path, one.trail[-1].line) for one in queries)
        told.update((where, one.path) for one in missing for where in (at_query, begun))
        told.update((use.path, use.function, use.serializer, one.path) for one in missing)
        told.update((view, use.serializer, one.path) for one in missing if view is not None)
        serializer = project.modules[use.serializer[0]].classes[use.serializer[1]].name
        at: Place | Call = use.at if isinstance(use.at, Call) else _place(project, use, use.at)
        key, alone = (use.path, use.function), use.view is None or len(project.loads.serializer_uses.serializers_of(use.view)) == 1
        yield Serialized(use.path, use.symbol, at, serializer, one_of(rows), tuple(missing), queries, routes, key, use.view, alone)
    for answer in answers(project, roles):
        rows = answer.rows
        if any(one.loaded.plain or one.loaded.unknown or one.is_async or one.most <= _FEW for one in rows):
            continue
        if found := missing_of(project, rows, answer.reads):
            symbol = project.calls.head(answer.key).name
            entry, _ = reached_from(project, answer.key)
            yield Serialized(answer.key[0], symbol, answer.place, answer.model, rows[0], tuple(found), (), entry, answer.key)


def _place(project: Project, use: ManyRows, fact: Class) -> Place:
    """Where a view asks for its list: in its ``get_queryset``, else the class."""
    call = project.loads.serializer_uses.asked_in(use.view) if use.view is not None else None
    return Place(use.path, *((fact.line, fact.column) if call is None else (call.line, call.column)), use.symbol, f"class {use.symbol}")


def _loads_unread(project: Project, view: ClassKey | None) -> bool:
    """The ``get_queryset`` of a view calls a function that prefetches what another one names: ``prefetch_related(*lookups(flags))``."""
    if view is None:
        return False
    owner = project.modules[view[0]].classes[view[1]]
    found = project.resolver.classes.find(Ref(RefKind.CLASS, owner.name, *view), "get_queryset")
    if found is None or not isinstance(found[1], int) or found[0].path not in project.modules:
        return False
    called = {call.callee.rpartition(".")[2] for call in project.modules[found[0].path].bodies[found[1]].calls}
    for module, function, _, call in project.named_calls.calls("prefetch_related"):
        name = module.functions[function].name.rpartition(".")[2]
        if name in called and any(text.startswith("*#") for text in call.args):
            return True
    return False


def _listed_view(project: Project, key: FunctionKey) -> ClassKey | None:
    """The view of which a method goes through what its ``get_queryset`` gives."""
    owner = project.calls.head(key).owner
    asks = any(call.callee == "%self.get_queryset" for call in project.calls.body(key).calls)
    return (key[0], owner) if owner >= 0 and asks else None


def evidence_of(project: Project, found: Serialized) -> tuple[Evidence, ...]:
    """Where the relations are read and declared, where the query stands, and who asks for the list."""
    rows = found.rows
    trails = [(one.read.trail, f"reads {'.'.join(one.path)} of each row") for one in found.missing]
    trails += [(one.trail, f"runs a query ({one.method}) for each row") for one in found.queries]
    evidence: dict[Evidence, None] = {}
    for trail, text in trails[:4]:
        evidence.update({Evidence(place.path, place.line, f"{place.text} {text}"): None for place in (trail[0], trail[-1])})
    for missing in found.missing[:3]:
        evidence.update(dict.fromkeys(declared(project, missing.read)))
    evidence.update(dict.fromkeys(query_of(project, rows, found.path)))
    return (*evidence, *found.routes)


def _routes(project: Project, use: ManyRows) -> tuple[Evidence, ...] | None:
    """A route that asks for the list; for a call, what runs its function. None for a view whose routes ask for everything but its list."""
    if use.view is None:
        return reached_from(project, (use.path, use.function))[0]
    own = [route for route in project.routes if route.owner == use.view]
    for route in own:
        if route.method in ("GET", "*") and _is_list(route):
            return (Evidence(route.declared_in, route.line, f"{route.method} {route.path} lists them"),)
    return None if own else ()


def _is_list(route: Route) -> bool:
    """The action ``list`` of a view set, or a generic view that is asked for no single row."""
    action = route.name.rpartition(".")[2]
    return action == "list" or (action in _LISTS and not _ENDS_IN_KEY.search(route.path)) or (route.method == "*" and not _ENDS_IN_KEY.search(route.path))
