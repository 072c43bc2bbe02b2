"""Filter backends of Django REST framework and the filter sets of django-filter: each filter is one way in which a list may be asked."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from backend_lint.facts.python import Attribute
from backend_lint.project.queries.django_frames import Chain
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string, entries, split
from backend_lint.project.web.rest_settings import RestSettings
from backend_lint.project.web.values import Place

if TYPE_CHECKING:
    from backend_lint.project.queries.django_chains import DjangoChains
    from backend_lint.project.queries.django_views import GenericViews

_SEARCHES = {"^": "istartswith", "=": "iexact", "@": "search", "$": "iregex"}
_OWN_LOOKUPS = {"ModelMultipleChoiceFilter": "in", "MultipleChoiceFilter": "in", "BaseInFilter": "in", "RangeFilter": "range", "DateFromToRangeFilter": "range"}
_BEST = {"exact": 0, "in": 0, "iexact": 1, "range": 1, "gt": 1, "gte": 1, "lt": 1, "lte": 1}


class Filters:
    """Reads what views declare."""

    def __init__(self, chains: DjangoChains, views: GenericViews) -> None:
        self.chains = chains
        self.views = views
        self.modules = chains.modules

    @functools.cached_property
    def settings(self) -> Mapping[str, str]:
        """What ``REST_FRAMEWORK`` holds, as far as it is known."""
        return next((one.entries or {} for one in RestSettings(self.modules).last), {})

    def page_size(self, ref: Ref) -> str:
        """How many rows a page of a list has: ``?`` if that is not known, empty if lists are not paged."""
        found = self.chains.resolver.classes.find(ref, "pagination_class")
        if found is not None and isinstance(found[1], Attribute):
            if found[1].value in ("None", ""):
                return ""
            target = self.chains.resolver.value(found[0].path, found[1].function, found[1].value)
            size = self.views.attribute(target, "page_size") if target is not None and target.kind is RefKind.CLASS else None
            return size[1] if size is not None and size[1].isdigit() else "?"
        setting = self.settings.get("DEFAULT_PAGINATION_CLASS", "")
        if setting in ("", "None"):
            return ""
        size_text = self.settings.get("PAGE_SIZE", "")
        return size_text if size_text.isdigit() else "?"

    def _backends(self, ref: Ref) -> str:
        found = self.views.attribute(ref, "filter_backends")
        return found[1] if found is not None else self.settings.get("DEFAULT_FILTER_BACKENDS", "")

    def ways(self, ref: Ref, chain: Chain) -> Iterator[Chain]:
        """The list without filters, with the search, and with each filter and order that is offered."""
        backends = self._backends(ref)
        ordering = self.views.strings(ref, "ordering")
        if "OrderingFilter" in backends and ordering:
            chain = chain.then(self.views.step(ref, "order_by", args=tuple(repr(name) for name in ordering)))
        yield chain
        if "SearchFilter" in backends and (searched := self.views.strings(ref, "search_fields")):
            yield chain.then(self.views.step(ref, "filter", {"_connector": "'OR'", **{_search(name): "?" for name in searched}}))
        for lookup in _one_a_field(self._filter_set(ref)) if "Backend" in backends or not backends else []:
            yield chain.then(self.views.step(ref, "filter", {lookup: "?"}))._replace(offered=lookup.removesuffix("__exact"))
        if "OrderingFilter" in backends:
            for name in self.views.strings(ref, "ordering_fields"):
                if name != "__all__":
                    yield chain.then(self.views.step(ref, "order_by", args=(repr(name),)))._replace(offered=name)

    def _filter_set(self, ref: Ref) -> list[str]:
        """The lookups of ``filterset_class``, else of ``filterset_fields``."""
        for name in ("filterset_class", "filter_class"):
            declared = self.views.attribute(ref, name)
            if declared is not None:
                target = self.chains.resolver.value(declared[0].path, declared[0].function, declared[1])
                return self._of_class(target) if target is not None and target.kind is RefKind.CLASS else []
        for name in ("filterset_fields", "filter_fields"):
            declared = self.views.attribute(ref, name)
            if declared is not None:
                return self._lookups(declared[0].path, declared[0].function, declared[1])
        return []

    def _of_class(self, ref: Ref) -> list[str]:
        found: list[str] = []
        for base in self.chains.resolver.classes.ancestors(ref.path, ref.index):
            if base.kind is not RefKind.CLASS:
                continue
            module = self.modules[base.path]
            head = module.classes[base.index]
            for attribute in head.attributes:
                if attribute.value[:1] == "#" and attribute.value[1:].isdigit():
                    call = module.bodies[attribute.function].calls[int(attribute.value[1:])]
                    kind = call.callee.rpartition(".")[2]
                    keywords = dict(call.keywords)
                    if kind.endswith("Filter") and "method" not in keywords:
                        name = constant_string(keywords.get("field_name", "")) or attribute.name
                        lookup = constant_string(keywords.get("lookup_expr", "")) or _OWN_LOOKUPS.get(kind, "exact")
                        found.append(f"{name}__{lookup}")
            number = module.definitions[1].get(f"{head.name}.Meta")
            for attribute in module.classes[number].attributes if number is not None else ():
                if attribute.name == "fields":
                    found += [one for one in self._lookups(base.path, attribute.function, attribute.value) if one not in found]
        return found

    def _lookups(self, path: str, function: int, text: str) -> list[str]:
        """``["a", "b"]`` and ``{"a": ["exact", "gte"], "b": LOOKUPS}``."""
        if text[:1] == "[":
            return [f"{name}__exact" for part in split(text[1:-1]) if (name := constant_string(part))]
        found = []
        for name, value in entries(text):
            found += [f"{name}__{kind}" for kind in self.chains.objects.values.strings(Place(path, function, value)) or ()]
        return found


def _one_a_field(lookups: list[str]) -> list[str]:
    """The lookup of each field that an index serves best, in the order of the fields."""
    found: dict[str, str] = {}
    for lookup in lookups:
        name, _, kind = lookup.rpartition("__")
        known = found.get(name, "")
        if not known or _BEST.get(kind, 2) < _BEST.get(known.rpartition("__")[2], 2):
            found[name] = lookup
    return list(found.values())


def _search(name: str) -> str:
    """A field of ``search_fields`` as a lookup."""
    lookup = _SEARCHES.get(name[:1])
    return f"{name[1:]}__{lookup}" if lookup else f"{name}__icontains"
