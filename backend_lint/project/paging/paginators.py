"""Paginators of Django REST framework that let callers choose how long a page is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.api import Profile
from backend_lint.facts.file import Role
from backend_lint.facts.python import Attribute
from backend_lint.project.paging.paged_views import default_users, users_of
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string

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
    users: tuple[tuple[str, int, str], ...] = ()
    """Place and name of views that page by it, of lists that grow and are not the caller's own only."""


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
            users = users_of(project, fact.name)
            profile = Profile.DEFAULT if users else Profile.STRICT
            yield FreePaginator(path, fact.line, fact.column, fact.name, named or "limit", _BOUND[kind], profile=profile, users=users)
    lists: tuple[tuple[str, int, str], ...] | None = None
    for module, assign, entries in project.guards.values.rest_settings.every:
        if constant_string((entries or {}).get("DEFAULT_PAGINATION_CLASS", "")) == _OFFSETS:
            lists = default_users(project) if lists is None else lists
            profile = Profile.DEFAULT if lists else Profile.STRICT
            yield FreePaginator(module.path, assign.line, assign.column, "LimitOffsetPagination", "limit", "max_limit", False, profile, lists)
