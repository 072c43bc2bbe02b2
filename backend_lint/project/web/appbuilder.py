"""Routes of Flask-AppBuilder: methods that views expose below the base of their class."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from backend_lint.facts.file import Role
from backend_lint.facts.python import Attribute
from backend_lint.facts.route import Guard, Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string, parse, split
from backend_lint.project.web.appbuilder_library import base_path, is_api, provided
from backend_lint.project.web.flask import join
from backend_lint.project.web.guards import Guards, authenticated
from backend_lint.project.web.values import MAX_DEPTH, UNKNOWN, Place, Values, argument

_CHECKING = {"has_access", "has_access_api", "protect", "permission_name"}
_REGISTERING = ("add_view", "add_view_no_menu", "add_api")
_ABSTRACT = lazy_regex(r"(?:Base|Abstract)|.*(?:Mixin|Base)$")


class Exposed:
    """Finds ``@expose`` on the methods of classes, and what the library's classes expose of themselves."""

    def __init__(self, values: Values, guards: Guards) -> None:
        self.values = values
        self.guards = guards
        self.classes = values.resolver.classes

    def routes(self) -> Iterator[Route]:
        """Every route of every class that is registered, and of those that nobody derives from: they may be registered in a way that is not known."""
        for path in self.values.modules:
            module = self.values.modules[path]
            if module.role is Role.TEST:
                continue
            for number, fact in enumerate(module.classes):
                ref = Ref(RefKind.CLASS, fact.name, path, number)
                if not fact.bases or not any("appbuilder" in name for name in self.classes.external_names(ref)):
                    continue
                lines = self.registered.get(ref.function)
                if lines is not None or self._stands_alone(ref):
                    yield from self._of_class(ref, *(lines or (path, fact.line)))

    @functools.cached_property
    def registered(self) -> dict[tuple[str, int], tuple[str, int]]:
        """Classes that are handed to ``add_view`` or ``add_api``, or that a security manager is told to use, with the place."""
        found: dict[tuple[str, int], tuple[str, int]] = {}
        for module, function, _, call in self.values.calls_named(*_REGISTERING):
            ref = self.values.ref(Place(module.path, function, argument(call, 0, "baseview"))) if call.args or call.keywords else None
            if ref is not None and ref.kind in (RefKind.CLASS, RefKind.INSTANCE):
                found.setdefault(ref.function, (module.path, call.line))
        return found

    def _stands_alone(self, ref: Ref) -> bool:
        name = ref.name.rpartition(".")[2]
        if _ABSTRACT.match(name) or self.classes.subclasses(ref.path, ref.index):
            return False
        module = self.values.modules[ref.path]
        used = any(assign.value == name for body in module.bodies for assign in body.assigns)
        return used or name in self._imported or any(attribute.value == name for fact in module.classes for attribute in fact.attributes)

    @functools.cached_property
    def _imported(self) -> frozenset[str]:
        """Names that some module other than a test imports: a class that nobody mentions is registered by nobody."""
        modules = (module for module in self.values.modules.values() if module.role is not Role.TEST)
        return frozenset(found.member for module in modules for found in module.facts.imports if found.member)

    def _of_class(self, ref: Ref, declared_in: str, line: int) -> Iterator[Route]:
        base = self._base(ref)
        only, never = self._names(ref, "include_route_methods"), self._names(ref, "exclude_route_methods") or set()
        seen: set[str] = set()
        for owner in self.classes.ancestors(ref.path, ref.index):
            if owner.kind is not RefKind.CLASS:
                continue
            module = self.values.modules[owner.path]
            for index in module.classes[owner.index].methods:
                name = module.functions[index].name.rpartition(".")[2]
                if name in seen:
                    continue
                seen.add(name)
                if name not in never and (only is None or name in only):
                    yield from self._method(ref, owner.path, index, name, base)
        names = self.classes.external_names(ref)
        for one in provided(names):
            if one.name in seen or one.name in never or (only is not None and one.name not in only):
                continue
            guards = (Guard(f"flask_appbuilder.{one.guard}", True, ref.path, self.values.resolver.class_at(ref).line),) if one.guard else ()
            for method in one.methods:
                yield Route(
                    method,
                    _full(base, one.rule),
                    "",
                    -1,
                    f"{ref.name}.{one.name}",
                    "flask-appbuilder",
                    declared_in,
                    line,
                    guards,
                    authenticated=authenticated(guards),
                    owner=ref.function,
                )

    def _method(self, ref: Ref, path: str, index: int, name: str, base: str | None) -> Iterator[Route]:
        head = self.values.modules[path].functions[index]
        guards = tuple(self._guards(path, index))
        for text in head.decorators:
            call = self.values.call(Place(path, head.scope, text))
            if call is None or call.callee.rpartition(".")[2] != "expose":
                continue
            scope = Place(path, head.scope, "")
            rule = self.values.string(scope._replace(text=argument(call, 0, "url"))) if argument(call, 0, "url") else "/"
            given = argument(call, 1, "methods")
            methods = [found.upper() for found in self.values.strings(scope._replace(text=given)) or ("*",)] if given else ["GET"]
            for method in methods:
                yield Route(
                    method,
                    _full(base, rule),
                    path,
                    index,
                    f"{ref.name}.{name}",
                    "flask-appbuilder",
                    path,
                    call.line,
                    guards,
                    authenticated=authenticated(guards, checks_itself=self.guards.checks_itself((path, index))),
                    owner=ref.function,
                )

    def _guards(self, path: str, index: int) -> Iterator[Guard]:
        head = self.values.modules[path].functions[index]
        for text in head.decorators:
            call = self.values.call(Place(path, head.scope, text))
            callee = call.callee if call is not None else text
            name = callee.rpartition(".")[2]
            if name in _CHECKING:
                if name != "permission_name":
                    yield Guard(name, True, path, call.line if call is not None else head.line)
            elif name != "expose":
                ref = self.values.resolver.decorator(path, head.scope, text)
                guard = self.guards.of(ref, callee, (path, head.line))
                if guard.verifies and self.guards.named(name):
                    yield guard

    # -- what a class says of itself ------------------------------------------------------------------

    def _base(self, ref: Ref) -> str | None:
        """The path that a class's routes stand under."""
        external = self.classes.external_names(ref)
        given = self._given(ref, "route_base")
        if given is not None:
            return given[0]
        resource = self._given(ref, "resource_name")
        if resource is None and (known := base_path(external)) is not None:
            return known
        name = ref.name.rpartition(".")[2].lower()
        if not is_api(external):
            return f"/{name}"
        version = self._given(ref, "version") or ("v1",)
        shown = [UNKNOWN if part is None else part for part in (version[0], resource[0] if resource is not None else name)]
        return f"/api/{shown[0]}/{shown[1]}"

    def _given(self, ref: Ref, name: str) -> tuple[str | None] | None:
        """What a class says, None in it if that is not known; None if it says nothing."""
        member = self.classes.find(ref, name)
        if member is None or not isinstance(member[1], Attribute) or member[1].value in ("None", ""):
            return None
        return (self.values.string(Place(member[0].path, member[1].function, member[1].value)),)

    def _names(self, ref: Ref, name: str) -> set[str] | str | None:
        """The names in a set that a class holds; None if it has none or one that is not known. A string holds every name that is a part of it."""
        member = self.classes.find(ref, name)
        if member is None or not isinstance(member[1], Attribute) or member[1].value == "None":
            return None
        place = Place(member[0].path, member[1].function, member[1].value)
        return self.values.string(place) or self._union(place, member[0], 0)

    def _union(self, place: Place, owner: Ref, depth: int) -> set[str] | None:
        """`owner`: the class in whose body the value is written, and whose other names it may use."""
        text = place.text
        if depth > MAX_DEPTH:
            return None
        if text[:1] == "(" and text[-1:] == ")" and len(parts := [part for part in split(text[1:-1], "|") if part]) > 1:
            found = [self._union(place._replace(text=part), owner, depth + 1) for part in parts]
            return set().union(*[one for one in found if one is not None]) if None not in found else None
        if text[:1] == "[":
            names = [self._name(place._replace(text=item), owner) for item in split(text[1:-1])]
            return {name for name in names if name is not None} if None not in names else None
        call = self.values.call(place)
        if call is not None and call.callee in ("set", "frozenset"):
            return self._union(place._replace(text=call.args[0]), owner, depth + 1) if call.args else set()
        held = self._held(place, owner)
        return self._union(*held, depth + 1) if held is not None else None

    def _name(self, place: Place, owner: Ref) -> str | None:
        constant = constant_string(place.text)
        if constant is not None:
            return constant
        held = self._held(place, owner)
        return constant_string(held[0].text) if held is not None else self.values.string(place)

    def _held(self, place: Place, owner: Ref) -> tuple[Place, Ref] | None:
        """The value of a class attribute, ``Names.LIST`` or ``LIST`` inside of the class, and the class."""
        parsed = parse(place.text)
        if parsed is None or len(parsed.steps) > 1:
            return None
        base = self.values.ref(place._replace(text=parsed.root)) if parsed.steps else owner
        if base is None or base.kind is not RefKind.CLASS:
            return None
        member = self.classes.find(base, parsed.steps[0][1:] if parsed.steps else parsed.root)
        if member is None or not isinstance(member[1], Attribute):
            return None
        return Place(member[0].path, member[1].function, member[1].value), member[0]


def _full(base: str | None, rule: str | None) -> str:
    full = join(UNKNOWN if base is None else base, UNKNOWN if rule is None else rule)
    return full if full.startswith("/") else f"/{full}"
