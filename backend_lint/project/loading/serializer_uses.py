"""Where serializers of Django REST framework write many rows: list views, and ``many=True``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body, Call, Class, Return
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around
from backend_lint.project.loading.serializer_fields import SerializerFields
from backend_lint.project.queries.django_frames import Chain, Frame
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.value_text import alternatives, call_ids, split

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading import Rows

_LISTING = ("ListAPIView", "ListCreateAPIView", "ListModelMixin", "ModelViewSet", "ReadOnlyModelViewSet")
_ACTION = lazy_regex(r"%self\.action\b")
_METHOD = lazy_regex(r"'(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)'")
_ONE_ROW = lazy_regex(r"%self\.(?:detail|kwargs|lookup_\w+)\b|swagger_fake_view")
_BODY = lazy_regex(r"request\.(?:data|POST)\b")
_FIRST = lazy_regex(r"#(\d+)")
_MAX_DEPTH = 4
_MOST_STEPS = 20
_BRANCHES = frozenset({BlockKind.IF, BlockKind.ORELSE, BlockKind.CASE})


class ManyRows(msgspec.Struct, frozen=True):
    """Serializer `serializer` writes all `rows`. `path`, `symbol`: the view, or the function that calls it; `at`: the class or the call.

    `function`: the index of the function, 0 for a view.
    """

    serializer: ClassKey
    rows: tuple[Rows, ...]
    path: str
    symbol: str
    at: Class | Call
    view: ClassKey | None
    function: int = 0


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
                yield from self._listed(path, index, fact)
            for function, (head, body) in enumerate(zip(module.functions, module.bodies, strict=True)):
                for call in body.calls:
                    if ("many", "True") in call.keywords and (use := self._called(path, function, head.name, call)) is not None:
                        yield use

    # -- list views --------------------------------------------------------------------------------

    def _listed(self, path: str, index: int, fact: Class) -> Iterator[ManyRows]:
        ancestors = self._classes.ancestors(path, index)
        if not any(base.kind is RefKind.EXTERNAL and base.name.rpartition(".")[2] in _LISTING for base in ancestors):
            return
        ref = Ref(RefKind.CLASS, fact.name, path, index)
        for base in ancestors:
            number = self._classes.members(base.path, base.index)[0].get("list") if base.kind is RefKind.CLASS else None
            calls = self._project.modules[base.path].bodies[number].calls if number is not None else ()
            if number is not None and not any(call.callee.startswith("super") and call.callee.endswith(".list") for call in calls):
                return  # it answers in its own way
        made = self._classes.find(ref, "get_serializer")
        if made is not None and isinstance(made[1], int) and _chooses_fields(self._project.modules[made[0].path].bodies[made[1]]):
            return
        serializers = [one for one in self.serializers_of((path, index)) if self._fields.is_serializer(one)]
        rows = self.rows_of((path, index)) if serializers else ()
        for serializer in serializers if rows else ():
            yield ManyRows(serializer, rows, path, fact.name, fact, (path, index))

    def serializers_of(self, view: ClassKey, action: str = "list") -> list[ClassKey]:
        """The serializers that a view may take for an action; empty if one of them is unknown."""
        ref = Ref(RefKind.CLASS, "", *view)
        chosen = self._classes.find(ref, "get_serializer_class")
        if chosen is not None and isinstance(chosen[1], int):
            return sorted(self._chosen(view, chosen[0].path, chosen[1], action))
        held = self._plain(view, action)
        return [held] if held is not None else []

    def _plain(self, view: ClassKey, action: str) -> ClassKey | None:
        """``serializer_class``: what the action's decorator says, ``@action(serializer_class=...)``, else that of the view."""
        found = self._classes.find(Ref(RefKind.CLASS, "", *view), action)
        if found is not None and isinstance(found[1], int):
            module = self._project.modules[found[0].path]
            head = module.functions[found[1]]
            for text in head.decorators:
                made = module.bodies[head.scope].calls[int(text[1:])] if text[:1] == "#" and text[1:].isdigit() else None
                if made is not None and (given := dict(made.keywords).get("serializer_class")):
                    held = self._project.value(found[0].path, head.scope, given)
                    return held.function if held is not None and held.kind is RefKind.CLASS else None
        return self._held(view, "serializer_class")

    def _held(self, view: ClassKey, name: str) -> ClassKey | None:
        member = self._classes.find(Ref(RefKind.CLASS, "", *view), name)
        if member is None or isinstance(member[1], int):
            return None
        held = self._project.value(member[0].path, member[1].function, member[1].value)
        return held.function if held is not None and held.kind is RefKind.CLASS else None

    def _chosen(self, view: ClassKey, path: str, function: int, action: str) -> set[ClassKey]:
        """The serializers that ``get_serializer_class`` may return for an action."""
        body = self._project.modules[path].bodies[function]
        found: set[ClassKey] = set()
        for returned in body.returns:
            fits = _fits(body, returned.block, action)
            if not fits or returned.value in ("None", "") or (action == "list" and _is_by_data(body, returned)):
                continue
            for value in alternatives(returned.value):
                held = self._class_of(view, path, function, value, action)
                if held is None:
                    return set()
                found.add(held)
                if fits == "named":
                    return {held}
            if fits == "always":
                break
        return found

    def _class_of(self, view: ClassKey, path: str, function: int, value: str, action: str) -> ClassKey | None:
        """A returned class: an attribute of the view, what its base class returns, or a class of the project."""
        if (attribute := value.removeprefix("%self.")) != value and attribute.isidentifier():
            return self._plain(view, action) if attribute == "serializer_class" else self._held(view, attribute)
        calls = self._project.modules[path].bodies[function].calls
        if value.startswith("#") and _is_super(calls, value):
            return self._plain(view, action)
        ref = self._project.value(path, function, value)
        return ref.function if ref is not None and ref.kind is RefKind.CLASS else None

    def rows_of(self, view: ClassKey) -> tuple[Rows, ...]:
        """The rows that a view lists."""
        loads = self._project.loads
        if not loads.uses_django:
            return ()
        ref = Ref(RefKind.INSTANCE, "", *view)
        chosen = self._classes.find(ref, "filter_queryset")
        if chosen is not None and isinstance(chosen[1], int):
            calls = self._project.modules[chosen[0].path].bodies[chosen[1]].calls
            if not any(call.callee.startswith("super") for call in calls):
                return ()  # it may put another query in its place
        if any(map(self._starts_anew, self._backends(view))):
            return ()
        own = self._classes.find(ref, "get_queryset")
        if own is not None and isinstance(own[1], int):
            return tuple(loads.of_chain(chain) for chain in self._listing(view, own[0].path, own[1]))
        chains = loads.django.objects.provided(ref, "get_queryset")
        member = self._classes.find(ref, "queryset")
        if member is None or isinstance(member[1], int):
            return tuple(loads.of_chain(chain) for chain in chains)
        return tuple(loads.placed(loads.of_chain(chain), member[0].path, member[1].function, member[1].value) for chain in chains)

    def asked_in(self, view: ClassKey) -> Call | None:
        """The query that a view's own ``get_queryset`` returns first."""
        own = self._classes.find(Ref(RefKind.INSTANCE, "", *view), "get_queryset")
        if own is None or not isinstance(own[1], int) or own[0].path != view[0]:
            return None
        body = self._project.modules[view[0]].bodies[own[1]]
        for returned in body.returns:
            if returned.value[:1] == "#" and returned.value[1:].isdigit() and _fits(body, returned.block, "list"):
                call = body.calls[int(returned.value[1:])]
                if not call.callee.endswith(".none"):
                    return call if ".objects." in _root(body.calls, returned.value) else None
        return None

    def _backends(self, view: ClassKey) -> Iterator[ClassKey]:
        """The classes of the project in ``filter_backends``."""
        member = self._classes.find(Ref(RefKind.CLASS, "", *view), "filter_backends")
        if member is None or isinstance(member[1], int) or member[1].value[:1] != "[":
            return
        for text in split(member[1].value[1:-1]):
            held = self._project.value(member[0].path, member[1].function, text)
            if held is not None and held.kind is RefKind.CLASS:
                yield held.function

    def _starts_anew(self, backend: ClassKey) -> bool:
        """A filter gives a query of its own instead of the one that it is handed: what that one loads is lost."""
        found = self._classes.find(Ref(RefKind.CLASS, "", *backend), "filter_queryset")
        if found is None or not isinstance(found[1], int):
            return False
        body = self._project.modules[found[0].path].bodies[found[1]]
        for returned in body.returns:
            for value in alternatives(returned.value):
                root = _root(body.calls, value)
                if ".objects." in root or "._default_manager." in root:
                    return True
        return False

    def _listing(self, view: ClassKey, path: str, function: int) -> list[Chain]:
        """What ``get_queryset`` returns for the action ``list``; nothing at all is what it returns to whoever draws the API's schema."""
        django = self._project.loads.django
        frame = Frame(path, function, view, caller=django.frame(path, 0), bound=True, depth=1)
        body = self._project.modules[path].bodies[function]
        found: list[Chain] = []
        for returned in body.returns:
            fits = _fits(body, returned.block, "list")
            if fits and returned.value not in ("None", "?", ""):
                chains = [chain for chain in django.evaluate(frame, returned.value) if not any(step.method == "none" for step in chain.steps)]
                found += chains
            if fits == "always":
                break
        return list(dict.fromkeys(found))

    # -- many=True ---------------------------------------------------------------------------------

    def _called(self, path: str, function: int, symbol: str, call: Call) -> ManyRows | None:
        keywords = dict(call.keywords)
        text = call.args[0] if call.args else keywords.get("instance", "")
        if not text or "fields" in keywords or "data" in keywords or _is_filled(self._project.modules[path].bodies[function], text):
            return None
        if call.callee.rpartition(".")[2] == "get_serializer" and call.callee.startswith("%self."):
            head = self._project.modules[path].functions[function]
            serializers = self.serializers_of((path, head.owner), head.name.rpartition(".")[2]) if head.owner >= 0 else []
            serializer = serializers[0] if len(serializers) == 1 else None
        else:
            ref = self._project.value(path, function, call.callee)
            serializer = ref.function if ref is not None and ref.kind is RefKind.CLASS else None
        if serializer is None or not self._fields.is_serializer(serializer):
            return None
        rows = self._project.loads.rows(path, function, text)
        return ManyRows(serializer, rows, path, symbol, call, None, function) if rows else None


def _fits(body: Body, block: int, action: str) -> str:
    """Whether a view comes to a block for an action: empty if not, ``named`` if the code asks for that very action, ``always``, else ``maybe``."""
    fits = "always"
    for _, found in around(body, block):
        if found.kind not in _BRANCHES:
            continue
        subject = found.subject
        is_yes = (found.kind is BlockKind.ORELSE) == any(word in subject for word in ("(not ", "!=", " not in "))
        if _ACTION.search(subject) and "hasattr" not in subject:
            named = f"'{action}'" in subject
            if named != is_yes:
                return ""
            fits = "named" if named else fits
        elif (is_yes and _ONE_ROW.search(subject)) or ((methods := _METHOD.findall(subject)) and ("GET" in methods) != is_yes):
            return ""
        elif fits == "always" and not _ONE_ROW.search(subject):
            fits = "maybe"
    return fits


def _is_by_data(body: Body, returned: Return) -> bool:
    """What the request's body says decides about it: a list is asked for without one."""
    texts = [returned.value, *(found.subject for _, found in around(body, returned.block) if found.kind is BlockKind.IF and "not " not in found.subject)]
    for _ in range(_MAX_DEPTH):
        if any(_BODY.search(text) for text in texts):
            return True
        calls = [body.calls[number] for text in texts for number in call_ids(text) if number < len(body.calls)]
        texts = [text for call in calls for text in (call.callee, *call.args)]
    return False


def _is_filled(body: Body, rows: str) -> bool:
    """``prefetch_related_objects(rows, ...)``, before they are written."""
    return any(call.callee.endswith("prefetch_related_objects") and call.args[:1] == (rows,) for call in body.calls)


def _root(calls: tuple[Call, ...], value: str) -> str:
    """The call that a chain of calls begins with."""
    for _ in range(_MOST_STEPS):
        found = _FIRST.match(value)
        if found is None:
            break
        value = calls[int(found.group(1))].callee
    return value


def _is_super(calls: tuple[Call, ...], value: str) -> bool:
    return value[1:].isdigit() and calls[int(value[1:])].callee.startswith("super")


def _chooses_fields(body: Body) -> bool:
    """The view tells its serializer which fields to write."""
    if any(assign.target.endswith(("['fields']", '["fields"]')) for assign in body.assigns):
        return True
    return any(name == "fields" for call in body.calls for name, _ in call.keywords)
