"""GraphQL schemas that answer queries however deep they are nested."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.environments import for_development
from backend_lint.project.authentication.library_calls import LibraryCall, calls_to
from backend_lint.project.web.values import keyword

if TYPE_CHECKING:
    from backend_lint.project import Project

_SERVED = {
    "strawberry.Schema": "extensions",
    "strawberry.federation.Schema": "extensions",
    "strawberry.schema.Schema": "extensions",
    "graphene_django.views.GraphQLView.as_view": "validation_rules",
    "ariadne.asgi.GraphQL": "validation_rules",
    "ariadne.wsgi.GraphQL": "validation_rules",
    "starlette_graphene3.GraphQLApp": "validation_rules",
}
"""What serves a schema, and the keyword that takes its limits."""
_GRAPHS = frozenset({"strawberry", "graphene", "graphene_django", "graphql", "ariadne"})
_LIBRARIES = lazy_regex(r"graphql\w*[._](?:depth|cost|complexity)", re.IGNORECASE)
_LIMITS = lazy_regex(r"depth|complexity|cost|token_?limiter|max_?tokens|max_?alias|validation_?rule|persisted", re.IGNORECASE)


def unlimited_graphs(project: Project) -> Iterator[LibraryCall]:
    """The calls that serve a schema without a limit, if the project speaks of none anywhere."""
    found = [one for one in calls_to(project, _SERVED) if not for_development(one.module.path) and not keyword(one.call, _SERVED[one.name])]
    found = [one for one in found if not any(name == "**" for name, _ in one.call.keywords)]
    if not found:
        return
    if any(_speaks(project, path) for path in project.modules):
        project.note_unknown("graphql-depth-unlimited")
        return
    yield from found


def _speaks(project: Project, path: str) -> bool:
    module = project.modules[path]
    if module.role is Role.TEST:
        return False
    names = [one.member for one in module.facts.imports] + [one.name for one in module.classes] + [one.name.rpartition(".")[2] for one in module.functions]
    modules = [one.module for one in module.facts.imports]
    about_graphs = not _GRAPHS.isdisjoint(name.partition(".")[0] for name in modules)
    return (about_graphs and any(_LIMITS.search(name) for name in names)) or any(_LIBRARIES.search(name) for name in modules)
