"""Where serializers of Django REST framework write many rows: list views, and ``many=True``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Call, Class
from backend_lint.project.blocks import around
from backend_lint.project.loading.serializer_fields import SerializerFields
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading import Rows

_LISTING = ("ListAPIView", "ListCreateAPIView", "ListModelMixin", "ModelViewSet", "ReadOnlyModelViewSet")
_ACTION = re.compile(r"%self\.action\b")


class ManyRows(msgspec.Struct, frozen=True):
    """Serializer `serializer` writes all `rows`. `path`, `symbol`: the view, or the function that calls it; `at`: the class or the call."""

    serializer: ClassKey
    rows: tuple[Rows, ...]
    path: str
    symbol: str
    at: Class | Call
    view: ClassKey | None


class SerializerUses:
    """Answers for one project."""

    def __init__(self, project: Project, fields: SerializerFields) -> None:
        self._project = project
        self._fields = fields
        self._classes = project.resolver.classes

    def all(self, roles: frozenset[Role]) -> Iterator[ManyRows]:
        """All of them, in order of path and line."""
        for path, module in self._project.modules.items():
            if module.role not in roles or not any(one.module.startswith("rest_framework") or one.level or one.member for one in module.facts.imports):
                continue
            for index, fact in enumerate(module.classes):
                if (use := self._listed(path, index, fact)) is not None:
                    yield use
            for function, (head, body) in enumerate(zip(module.functions, module.bodies, strict=True)):
                for call in body.calls:
                    if ("many", "True") in call.keywords and (use := self._called(path, function, head.name, call)) is not None:
                        yield use

    # -- list views --------------------------------------------------------------------------------

    def _listed(self, path: str, index: int, fact: Class) -> ManyRows | None:
        ancestors = self._classes.ancestors(path, index)
        if not any(base.kind is RefKind.EXTERNAL and base.name.rpartition(".")[2] in _LISTING for base in ancestors):
            return None
        ref = Ref(RefKind.CLASS, fact.name, path, index)
        own = self._classes.find(ref, "list")
        if own is not None and isinstance(own[1], int):
            body = self._project.modules[own[0].path].bodies[own[1]]
            if not any(call.callee.startswith("super") and call.callee.endswith(".list") for call in body.calls):
                return None
        serializer = self.serializer_of((path, index))
        serializer = serializer if serializer is not None and self._fields.is_serializer(serializer) else None
        rows = self.rows_of((path, index)) if serializer is not None else ()
        return ManyRows(serializer, rows, path, fact.name, fact, (path, index)) if serializer is not None and rows else None

    def serializer_of(self, view: ClassKey, action: str = "list") -> ClassKey | None:
        """The serializer of a view's action; None if it is unknown or there are several."""
        ref = Ref(RefKind.CLASS, "", *view)
        chosen = self._classes.find(ref, "get_serializer_class")
        if chosen is not None and isinstance(chosen[1], int):
            found = self._chosen(view, chosen[0].path, chosen[1], f"'{action}'")
            return found.pop() if len(found) == 1 else None
        return self._held(view)

    def _held(self, view: ClassKey) -> ClassKey | None:
        member = self._classes.find(Ref(RefKind.CLASS, "", *view), "serializer_class")
        if member is None or isinstance(member[1], int):
            return None
        held = self._project.value(member[0].path, member[1].function, member[1].value)
        return held.function if held is not None and held.kind is RefKind.CLASS else None

    def _chosen(self, view: ClassKey, path: str, function: int, action: str) -> set[ClassKey]:
        """The serializers that ``get_serializer_class`` may return for an action."""
        body = self._project.modules[path].bodies[function]
        found: set[ClassKey] = set()
        for returned in body.returns:
            fits = True
            for _, block in around(body, returned.block):
                if block.kind in (BlockKind.IF, BlockKind.ORELSE) and _ACTION.search(block.subject):
                    named = action in block.subject
                    fits = fits and named == (block.kind is BlockKind.IF) and "(not " not in block.subject and "!=" not in block.subject
            if not fits:
                continue
            if returned.value.startswith("%self.serializer_class") or (returned.value.startswith("#") and _is_super(body.calls, returned.value)):
                held = self._held(view)
            else:
                ref = self._project.value(path, function, returned.value)
                held = ref.function if ref is not None and ref.kind is RefKind.CLASS else None
            if held is None:
                return set()
            found.add(held)
            if any(action in block.subject for _, block in around(body, returned.block) if block.kind is BlockKind.IF):
                return {held}
        return found

    def rows_of(self, view: ClassKey) -> tuple[Rows, ...]:
        """The rows that a view lists."""
        loads = self._project.loads
        if not loads.uses_django:
            return ()
        ref = Ref(RefKind.INSTANCE, "", *view)
        own = self._classes.find(ref, "get_queryset")
        if own is not None and isinstance(own[1], int):
            chains = loads.django.entered(loads.django.frame(own[0].path, 0), None, (own[0].path, own[1]), view, bound=True)
            return tuple(loads.of_chain(chain) for chain in chains)
        chains = loads.django.objects.provided(ref, "get_queryset")
        member = self._classes.find(ref, "queryset")
        if member is None or isinstance(member[1], int):
            return tuple(loads.of_chain(chain) for chain in chains)
        return tuple(loads.placed(loads.of_chain(chain), member[0].path, member[1].function, member[1].value) for chain in chains)

    # -- many=True ---------------------------------------------------------------------------------

    def _called(self, path: str, function: int, symbol: str, call: Call) -> ManyRows | None:
        keywords = dict(call.keywords)
        text = call.args[0] if call.args else keywords.get("instance", "")
        if not text or "fields" in keywords or "data" in keywords:
            return None
        if call.callee.rpartition(".")[2] == "get_serializer" and call.callee.startswith("%self."):
            head = self._project.modules[path].functions[function]
            serializer = self.serializer_of((path, head.owner), head.name.rpartition(".")[2]) if head.owner >= 0 else None
        else:
            ref = self._project.value(path, function, call.callee)
            serializer = ref.function if ref is not None and ref.kind is RefKind.CLASS else None
        if serializer is None or not self._fields.is_serializer(serializer):
            return None
        rows = self._project.loads.rows(path, function, text)
        return ManyRows(serializer, rows, path, symbol, call, None) if rows else None


def _is_super(calls: tuple[Call, ...], value: str) -> bool:
    return value[1:].isdigit() and calls[int(value[1:])].callee.startswith("super")
