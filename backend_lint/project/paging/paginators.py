"""Paginators of Django REST framework that let callers choose how long a page is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.api import Profile
from backend_lint.facts.file import Role
from backend_lint.facts.python import Attribute
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string
from backend_lint.project.web.worth import for_administrators

if TYPE_CHECKING:
    from backend_lint.project import Project

_NUMBERS = "rest_framework.pagination.PageNumberPagination"
_OFFSETS = "rest_framework.pagination.LimitOffsetPagination"
_BOUND = {_NUMBERS: "max_page_size", _OFFSETS: "max_limit"}
_VIEW = "rest_framework.views.APIView"
"""A view that pages itself goes by the project's default, which is reported once."""
_DECIDING = ("get_page_size", "get_limit", "paginate_queryset")


class FreePaginator(NamedTuple):
    """A paginator without an upper bound, at its class, or at the setting that names the library's own. `asked`: the parameter; `bound`: what is missing.

    `is_own`: it is a class of the project. `profile`: the smallest one that it is sure enough for.
    """

    path: str
    line: int
    column: int
    name: str
    asked: str
    bound: str
    is_own: bool = True
    profile: Profile = Profile.DEFAULT


def free_paginators(project: Project) -> Iterator[FreePaginator]:
    """All of them: classes, then settings, each in order of path and line."""
    classes = project.resolver.classes
    for path, module in project.modules.items():
        if module.role is Role.TEST:
            continue
        for index, fact in enumerate(module.classes):
            ref = Ref(RefKind.CLASS, fact.name, path, index)
            if "agina" not in "".join(fact.bases):
                continue
            names = classes.external_names(ref)
            kind = next((name for name in names if name in _BOUND), "")
            if not kind or _VIEW in names or classes.find(ref, _BOUND[kind]) is not None or any(classes.find(ref, name) is not None for name in _DECIDING):
                continue
            if any(name.startswith("paginate_") for name in classes.members(path, index)[0]):
                continue  # it pages what is at hand already
            asked = classes.find(ref, "page_size_query_param")
            if kind == _NUMBERS and (asked is None or not isinstance(asked[1], Attribute) or not (constant_string(asked[1].value) or "")):
                continue
            named = constant_string(asked[1].value) if asked is not None and isinstance(asked[1], Attribute) else "limit"
            profile = Profile.STRICT if _pages_little(project, fact.name) else Profile.DEFAULT
            yield FreePaginator(path, fact.line, fact.column, fact.name, named or "limit", _BOUND[kind], profile=profile)
    for module, assign, entries in project.guards.values.rest_settings.every:
        if constant_string((entries or {}).get("DEFAULT_PAGINATION_CLASS", "")) == _OFFSETS:
            yield FreePaginator(module.path, assign.line, assign.column, "LimitOffsetPagination", "limit", "max_limit", False)


def _pages_little(project: Project, name: str) -> bool:
    """Every view with the paginator lists the caller's own rows, or is for administrators."""
    classes = project.resolver.classes
    views = []
    for path, module in project.modules.items():
        for index, fact in enumerate(module.classes):
            if any(held.name == "pagination_class" and held.value.rpartition(".")[2] == name for held in fact.attributes):
                views.append(Ref(RefKind.CLASS, fact.name, path, index))
    for view in views:
        routes = [route for route in project.routes if route.owner == view.function]
        if routes and all(for_administrators(route) for route in routes):
            continue
        asked = classes.find(view, "get_queryset")
        if asked is None or not isinstance(asked[1], int):
            return False
        body = project.modules[asked[0].path].bodies[asked[1]]
        given = [text for call in body.calls for text in (call.callee, *call.args, *(value for _, value in call.keywords))]
        if not any("%self.request.user" in text for text in given):
            return False
    return bool(views)
