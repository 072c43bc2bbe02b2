"""Queries that generic views of Django and Django REST framework make without any code of the project: lists, look-ups of one object, filters, searches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Attribute
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.queries.django_filters import Filters
from backend_lint.project.queries.django_frames import Chain, ChainStep, Frame
from backend_lint.project.queries.django_names import SLICE
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string

if TYPE_CHECKING:
    from backend_lint.project.modules import SourceModule
    from backend_lint.project.queries.django_chains import DjangoChains

_LISTS = frozenset({"ListView", "BaseListView", "MultipleObjectMixin", "ArchiveIndexView"})
_SINGLES = frozenset({"DetailView", "BaseDetailView", "UpdateView", "DeleteView", "BaseUpdateView", "BaseDeleteView", "SingleObjectMixin"})
_API_LISTS = frozenset({"ListAPIView", "ListCreateAPIView", "ModelViewSet", "ReadOnlyModelViewSet", "ListModelMixin"})
_API_SINGLES = frozenset(
    (
        "RetrieveAPIView UpdateAPIView DestroyAPIView RetrieveUpdateAPIView RetrieveDestroyAPIView RetrieveUpdateDestroyAPIView ModelViewSet "
        "ReadOnlyModelViewSet RetrieveModelMixin UpdateModelMixin DestroyModelMixin"
    ).split()
)
_DJANGO = "django.views.generic"
_REST = "rest_framework."
_MOST, _MOST_OFFERED = 8, 32
_NARROWS = lazy_regex(r"Nested|Parent|Tenant|Scoped|Own(?:er|ed)|Quer[yi]|Filter|Guardian")
"""Names of base classes of libraries that leave some of the rows out: those of a parent in the path, of a tenant."""


class ViewQuery(NamedTuple):
    """A query that a view class makes: for its list, or for one object."""

    owner: Ref
    chains: tuple[Chain, ...]


class GenericViews:
    """Finds them, class by class."""

    def __init__(self, chains: DjangoChains) -> None:
        self.chains = chains
        self.classes = chains.resolver.classes
        self.modules = chains.modules
        self.filters = Filters(chains, self)

    def of_module(self, module: SourceModule) -> Iterator[ViewQuery]:
        """The queries of the view classes of a module."""
        if not module.classes or module.role is Role.TEST:
            return
        for number, head in enumerate(module.classes):
            if not head.bases:
                continue
            ref = Ref(RefKind.CLASS, head.name, module.path, number)
            names = self.classes.external_names(ref)
            plain = {name.rpartition(".")[2] for name in names if name.startswith(_DJANGO)}
            rest = {name.rpartition(".")[2] for name in names if name.startswith(_REST)}
            if not plain and not rest:
                continue
            yield from self._of_class(ref, plain, rest)

    def _of_class(self, ref: Ref, plain: set[str], rest: set[str]) -> Iterator[ViewQuery]:
        if plain & _LISTS and not self.overrides(ref, "get"):
            yield ViewQuery(ref, self._listed(ref))
        if plain & _SINGLES and not self.overrides(ref, "get_object"):
            yield ViewQuery(ref, self._single(ref))
        if rest & _API_LISTS and not self.overrides(ref, "list"):
            yield ViewQuery(ref, self._api_list(ref))
        if rest & _API_SINGLES and not self.overrides(ref, "get_object"):
            name = self.string(ref, "lookup_field") or "pk"
            yield ViewQuery(ref, tuple(chain.then(self.step(ref, "get", {name: "?"})) for chain in self.queryset(ref)))

    # -- attributes --------------------------------------------------------------------------------

    def overrides(self, ref: Ref, name: str) -> bool:
        """Whether a class of the project defines the method."""
        found = self.classes.find(ref, name)
        return found is not None and isinstance(found[1], int)

    def attribute(self, ref: Ref, name: str) -> tuple[Frame, str] | None:
        """The value of a class attribute that is set in the project."""
        found = self.classes.find(ref, name)
        if found is None or not isinstance(found[1], Attribute) or found[1].value in ("", "None"):
            return None
        return self.chains.frame(found[0].path, found[1].function), found[1].value

    def string(self, ref: Ref, name: str) -> str:
        """A class attribute that is a constant string, else an empty one."""
        found = self.attribute(ref, name)
        return constant_string(found[1]) or "" if found is not None else ""

    def strings(self, ref: Ref, name: str) -> list[str]:
        """The constant strings of a class attribute that is a list."""
        found = self.attribute(ref, name)
        if found is None:
            return []
        from backend_lint.project.web.values import Place

        return self.chains.objects.values.strings(Place(found[0].path, found[0].function, found[1])) or []

    def queryset(self, ref: Ref) -> tuple[Chain, ...]:
        """What ``get_queryset()`` gives."""
        chains = tuple(self.chains.objects.provided(Ref(RefKind.INSTANCE, ref.name, ref.path, ref.index), "queryset"))[:_MOST]
        if any(_NARROWS.search(name.rpartition(".")[2]) for name in self.classes.external_names(ref) if not name.startswith((_DJANGO, _REST))):
            return tuple(chain._replace(complete=False) for chain in chains)
        return chains

    def step(self, ref: Ref, method: str, keywords: dict[str, str] | None = None, args: tuple[str, ...] = ()) -> ChainStep:
        """A call that the framework makes."""
        frame = self.chains.frame(ref.path, self.modules[ref.path].classes[ref.index].scope)
        return ChainStep(method, args, tuple((keywords or {}).items()), frame.path, frame.function, -1, frame)

    # -- views -------------------------------------------------------------------------------------

    def _listed(self, ref: Ref) -> tuple[Chain, ...]:
        chains = self.queryset(ref)
        if not self.overrides(ref, "get_queryset") and (ordering := self.strings(ref, "ordering")):
            step = self.step(ref, "order_by", args=tuple(repr(name) for name in ordering))
            chains = tuple(chain.then(step) for chain in chains)
        size = self.attribute(ref, "paginate_by")
        return tuple(self.paged(ref, chain, size[1]) for chain in chains) if size is not None else chains

    def paged(self, ref: Ref, chain: Chain, size: str) -> Chain:
        """One page of a queryset."""
        return chain.then(self.step(ref, SLICE, args=(f"[?:{size if size.isdigit() else '?'}]",)))

    def _single(self, ref: Ref) -> tuple[Chain, ...]:
        slug = self.string(ref, "slug_field") or ("slug" if self.attribute(ref, "slug_url_kwarg") is not None else "")
        name = slug if slug and self.attribute(ref, "pk_url_kwarg") is None else "pk"
        return tuple(chain.then(self.step(ref, "get", {name: "?"})) for chain in self.queryset(ref))

    def _api_list(self, ref: Ref) -> tuple[Chain, ...]:
        found: list[Chain] = []
        size = self.filters.page_size(ref)
        for chain in self.queryset(ref):
            for filtered in self.filters.ways(ref, chain):
                if len(found) < (_MOST_OFFERED if filtered.offered else _MOST):
                    found.append(self.paged(ref, filtered, size) if size else filtered)
        return tuple(found)
