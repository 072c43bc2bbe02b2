"""Views of Django REST framework that a paginator pages, and whether their lists grow with all users."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.python import Attribute
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.sizes import names_a_list
from backend_lint.project.web.worth import for_administrators

if TYPE_CHECKING:
    from backend_lint.project import Project

_LISTS = frozenset({"rest_framework.mixins.ListModelMixin", "rest_framework.generics.ListAPIView", "rest_framework.generics.ListCreateAPIView",
          "rest_framework.viewsets.ModelViewSet", "rest_framework.viewsets.ReadOnlyModelViewSet"})  # fmt: skip
_OWN = lazy_regex(r"request\.(?:user|auth|team|tenant|org\w*|account)\b|get_user|current_user")
_MODEL = lazy_regex(r"(?:^|\.)([A-Z]\w*)\.\w*objects\b")
_DECIDING = ("list", "paginate_queryset", "paginator", "filter_queryset")
"""Methods by which a view, or a mixin of it, decides itself what a list is."""
_MOST = 3


def users_of(project: Project, paginator: str) -> tuple[tuple[str, int, str], ...]:
    """Place and name of views that name this paginator, a few at most."""
    return _few(project, (view for view in _lists(project) if (held := _paginator(project, view)) is not None and held.rpartition(".")[2] == paginator))


def default_users(project: Project) -> tuple[tuple[str, int, str], ...]:
    """Place and name of views that leave the paginator to the settings."""
    return _few(project, (view for view in _lists(project) if _paginator(project, view) is None))


def _few(project: Project, views: Iterator[Ref]) -> tuple[tuple[str, int, str], ...]:
    found: list[tuple[str, int, str]] = []
    for view in views:
        found.append((view.path, project.modules[view.path].classes[view.index].line, view.name))
        if len(found) == _MOST:
            break
    return tuple(found)


def _paginator(project: Project, view: Ref) -> str | None:
    """What a view names as its paginator; None if it names none."""
    held = project.resolver.classes.find(view, "pagination_class")
    if held is None:
        return None
    return held[1].value if isinstance(held[1], Attribute) else ""


def _lists(project: Project) -> Iterator[Ref]:
    """Views that list rows as the library does it, of tables that grow, for more callers than administrators and more rows than the caller's."""
    classes = project.resolver.classes
    for path, module in project.modules.items():
        if module.role is Role.TEST:
            continue
        for index, fact in enumerate(module.classes):
            ref = Ref(RefKind.CLASS, fact.name, path, index)
            names = classes.external_names(ref) if fact.bases else []
            if _LISTS.isdisjoint(names) or any(name.partition(".")[0] in path.split("/") for name in names):
                continue  # a base of the project that could not be read may page otherwise
            routes = [route for route in project.routes if route.owner == ref.function]
            if not routes or all(for_administrators(route) for route in routes):
                continue
            if any(classes.find(ref, name) is not None for name in _DECIDING):
                continue
            if _grows(project, ref):
                yield ref


def _grows(project: Project, view: Ref) -> bool:
    classes = project.resolver.classes
    asked = classes.find(view, "get_queryset")
    if asked is not None and isinstance(asked[1], int):
        module, body = project.modules[asked[0].path], project.modules[asked[0].path].bodies[asked[1]]
        given = [text for call in body.calls for text in (call.callee, *call.args, *(value for _, value in call.keywords))]
        given += [assign.value for assign in body.assigns] + [found.value for found in body.returns]
        if any(_OWN.search(text) for text in given) or module.role is Role.TEST:
            return False
    else:
        given = []
    held = classes.find(view, "queryset")
    if held is not None and isinstance(held[1], Attribute):
        given.append(held[1].value)
        given += [call.callee for call in project.modules[held[0].path].bodies[held[1].function].calls]
    models = {match.group(1) for text in given if (match := _MODEL.search(text)) is not None}
    return any(not names_a_list(name) for name in models)
