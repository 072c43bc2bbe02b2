"""Django's views: which methods they answer, with which function, and what guards them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from backend_lint.facts.python import Attribute
from backend_lint.facts.route import Guard
from backend_lint.project.calls import FunctionKey
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string, entries
from backend_lint.project.web.decorators import limit_of, needs, with_needs
from backend_lint.project.web.guards import Guards, authenticated
from backend_lint.project.web.library_views import FUNCTIONS, GENERIC, OPEN_CLASSES, SCHEMA_CLASSES, is_plain
from backend_lint.project.web.permissions import Permissions
from backend_lint.project.web.routing import Before, Target
from backend_lint.project.web.throttles import Throttles
from backend_lint.project.web.values import MAX_DEPTH, Place, Values, argument

METHODS = ("get", "post", "put", "patch", "delete")
_INNER = {"get": ("list", "retrieve"), "post": ("create",), "put": ("update",), "patch": ("partial_update", "update"), "delete": ("destroy",)}
_METHOD_DECORATORS = {"require_GET": ("GET",), "require_POST": ("POST",), "require_safe": ("GET", "HEAD")}
_CHECKING_DECORATORS = {
    "login_required",
    "permission_required",
    "user_passes_test",
    "staff_member_required",
    "superuser_required",
    "permission_required_or_403",
    "login_required_htmx",
}
_NEUTRAL_DECORATORS = {
    "csrf_exempt", "csrf_protect", "never_cache", "cache_page", "cache_control",
    "vary_on_cookie", "vary_on_headers", "ensure_csrf_cookie", "xframe_options_exempt", "gzip_page", "transaction.atomic", "atomic",
    "non_atomic_requests", "sensitive_post_parameters", "sensitive_variables", "require_http_methods", "require_GET", "require_POST", "require_safe",
    "condition", "etag", "last_modified", "api_view", "permission_classes", "authentication_classes", "throttle_classes", "renderer_classes",
    "parser_classes", "extend_schema", "swagger_auto_schema", "schema", "wraps", "xframe_options_sameorigin", "xframe_options_deny",
    "conditional_page", "requires_csrf_token", "cors_allow_all", "ratelimit", "action", "method_decorator", "extend_schema_view", "staticmethod",
    "requires_tz_support", "override", "property", "cached_property", "cache_response", "contextmanager", "classmethod",
}  # fmt: skip
_PLAIN_BASES = (
    "django.views.",
    "rest_framework.",
    "object",
    "typing.",
    "abc.",
    "django.contrib.messages",
    "django.contrib.syndication",
    "django_filters",
    "django_tables2",
    "builtins",
    "rest_framework_simplejwt.views.",
)
_CHECKING_MIXINS = (
    "LoginRequiredMixin",
    "PermissionRequiredMixin",
    "UserPassesTestMixin",
    "AccessMixin",
    "StaffuserRequiredMixin",
    "SuperuserRequiredMixin",
    "GroupRequiredMixin",
)


@dataclasses.dataclass(slots=True)
class View:
    """One method of a view."""

    method: str
    target: Target
    before: Before
    authenticated: bool | None
    framework: str = "django"
    request: str = ""
    response: str = ""


class Views:
    """Reads the second argument of ``path``."""

    def __init__(self, values: Values, guards: Guards) -> None:
        self.values = values
        self.guards = guards
        self.classes = values.resolver.classes
        self.permissions = Permissions(values, guards)
        self.throttles = Throttles(values)

    def of(self, place: Place, before: Before | None = None, depth: int = 0) -> Iterator[View]:
        """The methods that a view answers."""
        before = before or Before(self.permissions.middleware)
        dotted = constant_string(place.text)
        ref = self.values.dotted(dotted, place.path) if dotted else self.values.ref(place)
        if ref is not None and ref.kind is RefKind.FUNCTION and self.values.call(place) is None:
            yield from self._function(ref, before)
            return
        made = self.values.follow(place)
        call = self.values.call(made)
        if call is None or depth > MAX_DEPTH:
            itself = None if not is_plain(self.values, place, ref) else False
            shown = dotted or (place.text if place.text.startswith("lambda:") else place.text.rpartition(".")[2])
            methods = FUNCTIONS.get(ref.name, "*") if ref is not None and ref.is_external else "*"
            for method in methods.split():
                yield View(method.upper(), Target.of(ref, shown), before, authenticated(before.guards, checks_itself=itself))
            return
        receiver, _, name = call.callee.rpartition(".")
        if name == "as_view":
            given = argument(call, 0, "actions")
            actions = self._actions(made._replace(text=given)) if given[:1] == "{" else None
            yield from self.of_class(self.values.ref(made._replace(text=receiver)), receiver, before, actions)
            return
        wrapped = [arg for arg in call.args if arg[:1] not in "'\"[{" and not arg[:1].isdigit()]
        outer = self._applied(made, call.callee)
        if len(wrapped) == 1 or (wrapped and (wrapped[0][:1] == "#" or outer.guards)):
            yield from self.of(made._replace(text=wrapped[0]), before + outer, depth + 1)
            return
        if ref is not None and ref.kind is RefKind.FUNCTION:
            yield from self._function(ref, before + outer)
            return
        if ref is not None and ref.kind is RefKind.INSTANCE and (member := self.classes.find(ref, "__call__")) is not None and isinstance(member[1], int):
            yield View("*", Target(f"{ref.name}.__call__", member[0].path, member[1], ref.function), before, authenticated(before.guards, checks_itself=None))
            return
        yield View(
            "*",
            Target(ref.name.removesuffix("()") if ref is not None else call.callee),
            before + outer,
            authenticated((before + outer).guards, checks_itself=None),
        )

    def _is_open(self, name: str) -> bool:
        """A view class of a library that asks for nobody."""
        return name.startswith(OPEN_CLASSES) or (name.startswith(SCHEMA_CLASSES) and not self.permissions.names_setting("SERVE_PERMISSIONS"))

    def _actions(self, place: Place) -> dict[str, str] | None:
        """``{"get": "list"}`` of a view set."""
        found = {method.lower(): function for method, action in entries(place.text) if (function := constant_string(action))}
        return found or None

    # -- functions ---------------------------------------------------------------------------------

    def _function(self, ref: Ref, before: Before) -> Iterator[View]:
        module = self.values.modules[ref.path]
        head = module.functions[ref.index]
        methods, inner = self.decorated(ref.path, ref.index)
        is_api = False
        permitted: Place | None = None
        for text in head.decorators:
            call = self.values.call(Place(ref.path, head.scope, text))
            name = (call.callee if call is not None else text).rpartition(".")[2]
            if name == "api_view":
                is_api = True
                methods = (
                    tuple(found.upper() for found in self.values.strings(Place(ref.path, head.scope, call.args[0])) or ("GET",))
                    if call is not None and call.args
                    else ("GET",)
                )
            elif name == "permission_classes" and call is not None and call.args:
                permitted = Place(ref.path, head.scope, call.args[0])
        total = before + inner
        for method in methods or ("*",):
            here = total
            if is_api:
                here = here + Before(self.permissions.of_list(permitted, method) if permitted is not None else self.permissions.default(method))
                here = here + Before(limits=self.throttles.of_function(ref.function))
            itself = self.guards.checks_itself((ref.path, ref.index))
            yield View(method, Target.of(ref, ref.name), here, self._authenticated(here, itself), "drf" if is_api else "django")

    def _authenticated(self, before: Before, itself: bool | None) -> bool | None:
        return authenticated(before.guards, checks_itself=itself)

    def decorated(self, path: str, index: int) -> tuple[tuple[str, ...], Before]:
        """The methods that decorators restrict a function to, and the guards they are."""
        module = self.values.modules[path]
        head = module.functions[index]
        methods: tuple[str, ...] = ()
        before = Before()
        for text in head.decorators:
            place = Place(path, head.scope, text)
            call = self.values.call(place)
            name = (call.callee if call is not None else text).rpartition(".")[2]
            if name == "require_http_methods" and call is not None and call.args:
                methods = tuple(found.upper() for found in self.values.strings(Place(path, head.scope, call.args[0])) or ())
            elif name in _METHOD_DECORATORS:
                methods = _METHOD_DECORATORS[name]
            elif name == "method_decorator" and call is not None and call.args:
                before = before + self._method_decorator(path, head.scope, call.args[0])
            else:
                before = before + self._applied(place, call.callee if call is not None else text, head.line)
        return methods, before

    def _method_decorator(self, path: str, scope: int, text: str) -> Before:
        found = Before()
        for item in self.values.items(Place(path, scope, text)) if text[:1] == "[" else [Place(path, scope, text)]:
            call = self.values.call(item)
            found = found + self._applied(item, call.callee if call is not None else item.text)
        return found

    def _applied(self, place: Place, callee: str, line: int = 0) -> Before:
        """A decorator as a guard; nothing if it checks nobody."""
        factory = self.values.call(place._replace(text=callee))
        if factory is not None:
            callee = factory.callee
        name = callee.rpartition(".")[2]
        limit = limit_of(self.values, place, callee, line)
        if name in _NEUTRAL_DECORATORS or limit is not None:
            return Before(limits=(limit,) if limit is not None else ())
        call = self.values.call(place)
        line = call.line if call is not None else line or self.values.modules[place.path].functions[place.function].line
        given = needs(self.values, place, call)
        if name in _CHECKING_DECORATORS:
            return Before((Guard(name, True, place.path, line, given),))
        ref = self.values.resolver.decorator(place.path, place.function, callee)
        if ref is None or (ref.is_external and "django" not in ref.name):
            guard = with_needs(self.guards.of(ref, callee, (place.path, line)), given)
            return Before((guard,)) if guard.verifies else Before()
        if ref.kind is not RefKind.FUNCTION:
            guard = with_needs(self.guards.of(ref, callee, (place.path, line)), given)
            return Before((guard,)) if guard.verifies is not False else Before()
        found = self.decorator(ref, 0)
        return Before(tuple(with_needs(guard, given) for guard in found.guards), found.functions)

    def decorator(self, ref: Ref, depth: int) -> Before:
        """What a decorator of the project checks: itself or in the functions it makes."""
        module = self.values.modules[ref.path]
        inner = [number for number, head in enumerate(module.functions) if number and self._inside(ref, number)]
        head = module.functions[ref.index]
        checks = any(self.guards.checks((ref.path, number)) for number in (ref.index, *inner))
        for found in (module.bodies[number] for number in (ref.index, *inner)):
            for call in found.calls:
                if call.callee.rpartition(".")[2] in _CHECKING_DECORATORS:
                    checks = True
        guard = self.guards.of(ref, head.name, (ref.path, head.line))
        if checks:
            guard = Guard(guard.name, True, guard.path, guard.line)
        return Before((guard,) if guard.verifies is not False else (), tuple((ref.path, number) for number in inner))

    def _inside(self, ref: Ref, number: int) -> bool:
        functions = self.values.modules[ref.path].functions
        scope = functions[number].scope
        while scope > 0:
            if scope == ref.index:
                return True
            scope = functions[scope].scope
        return False

    # -- classes -----------------------------------------------------------------------------------

    def of_class(self, ref: Ref | None, text: str, before: Before, actions: dict[str, str] | None) -> Iterator[View]:
        """The methods that a class-based view answers."""
        name = text.rpartition(".")[2]
        if ref is not None and ref.kind is RefKind.INSTANCE:
            ref = Ref(RefKind.CLASS, ref.name, ref.path, ref.index)
        if ref is None or ref.kind is not RefKind.CLASS:
            known = GENERIC.get(ref.name.rpartition(".")[2] if ref is not None else name, "")
            for method in known.split() or ("*",):
                itself = False if ref is not None and self._is_open(ref.name) else None
                yield View(method.upper(), Target(ref.name if ref is not None else name), before, authenticated(before.guards, checks_itself=itself))
            return
        is_api = any(base.startswith("rest_framework.") for base in self.classes.external_names(ref))
        guarded = before + self.class_guards(ref)
        unknown = self._is_open_ended(ref) or any(self.guards.checks_itself(key) is None for key in self._methods(ref))
        methods = actions if actions is not None else dict.fromkeys(self.methods(ref))
        for method, action in methods.items() if methods else (("*", None),):
            target = self.target(ref, action or method)
            here = guarded + self._on_method(target)
            if is_api:
                permitted = self.permissions.of_class(ref, method.upper(), self.permissions.on_action(target), action if actions is not None and action else "")
                here = here + Before(permitted, limits=self.throttles.of_class(ref, target))
            verdicts = [self.guards.checks_itself(key) for key in self.own(ref, target)]
            itself = True if True in verdicts else None if None in verdicts or unknown or not methods else False
            verdict = self._authenticated(here, itself)
            shown = self.serializer(ref)
            request = shown if method in ("post", "put", "patch") else ""
            yield View(method.upper(), target, here, verdict, "drf" if is_api else "django", request, "" if method == "delete" else shown)

    def _on_method(self, target: Target) -> Before:
        return self.decorated(target.module, target.function)[1] if target.function >= 0 else Before()

    def own(self, ref: Ref, target: Target) -> list[FunctionKey]:
        """Methods of the class that run for the request and may check themselves."""
        keys = [(target.module, target.function)] if target.function >= 0 else []
        for name in ("dispatch", "initial", "setup", "get_queryset", "get_object", "check_permissions"):
            member = self.classes.find(ref, name)
            if member is not None and isinstance(member[1], int):
                keys.append((member[0].path, member[1]))
        return keys

    def _methods(self, ref: Ref) -> Iterator[FunctionKey]:
        for base in self.classes.ancestors(ref.path, ref.index):
            if base.kind is RefKind.CLASS:
                for number in self.values.modules[base.path].classes[base.index].methods:
                    yield base.path, number

    def _is_open_ended(self, ref: Ref) -> bool:
        """A base is unknown, or of a library that is: nobody can tell what it checks."""
        for base in self.classes.ancestors(ref.path, ref.index):
            if base.kind is RefKind.EXTERNAL:
                if not base.name.startswith(_PLAIN_BASES):
                    return True
                continue
            fact = self.values.modules[base.path].classes[base.index]
            if any(self.values.ref(Place(base.path, fact.scope, text.partition("[")[0])) is None for text in fact.bases):
                return True
        return False

    def target(self, ref: Ref, method: str) -> Target:
        """The function that answers a method; an inherited one of a library has none."""
        if method == "*":
            for name in ("dispatch", "__call__"):
                if (member := self.classes.find(ref, name)) is not None and isinstance(member[1], int):
                    return Target(f"{ref.name}.{name}", member[0].path, member[1], ref.function)
            return Target(ref.name, owner=ref.function)
        for name in (method, *_INNER.get(method, ())):
            member = self.classes.find(ref, name)
            if member is not None and isinstance(member[1], int):
                return Target(f"{ref.name}.{name}", member[0].path, member[1], ref.function)
            if member is not None and name == method and (held := self.classes.attribute(ref, name)) is not None and held.kind is RefKind.FUNCTION:
                return Target(f"{ref.name}.{name}", held.path, held.index, ref.function)
        return Target(f"{ref.name}.{method}", owner=ref.function)

    def methods(self, ref: Ref) -> list[str]:
        """HTTP methods in the order of `METHODS`, narrowed by ``http_method_names``."""
        found = {method for method in METHODS if self.classes.find(ref, method) is not None}
        for base in self.classes.external_names(ref):
            found.update(GENERIC.get(base.rpartition(".")[2], "").split())
        allowed = self.attribute(ref, "http_method_names")
        if allowed is not None and (names := self.values.strings(allowed)):
            found &= {name.lower() for name in names}
        return [method for method in METHODS if method in found]

    def _required(self, ref: Ref) -> tuple[str, ...]:
        place = self.attribute(ref, "permission_required")
        return tuple(self.values.strings(place) or ()) if place is not None else ()

    def attribute(self, ref: Ref, name: str) -> Place | None:
        """The value of a class attribute, inherited from classes of the project or own."""
        member = self.classes.find(ref, name)
        if member is None or not isinstance(member[1], Attribute) or not member[1].value:
            return None
        return Place(member[0].path, member[1].function, member[1].value)

    def class_guards(self, ref: Ref) -> Before:
        """Mixins and ``@method_decorator`` that guard every method."""
        found = Before()
        for base in self.classes.ancestors(ref.path, ref.index):
            if base.kind is RefKind.EXTERNAL:
                name = base.name.rpartition(".")[2]
                if name in _CHECKING_MIXINS or (name.endswith("Mixin") and self.guards.named(name)):
                    fact = self.values.modules[ref.path].classes[ref.index]
                    found = found + Before((Guard(base.name, True, ref.path, fact.line, self._required(ref)),))
                continue
            fact = self.values.modules[base.path].classes[base.index]
            for text in fact.decorators:
                call = self.values.call(Place(base.path, fact.scope, text))
                if call is not None and call.callee.rpartition(".")[2] == "method_decorator" and call.args:
                    found = found + self._method_decorator(base.path, fact.scope, call.args[0])
                elif call is None or call.callee.rpartition(".")[2] not in _NEUTRAL_DECORATORS:
                    ref_decorator = self.values.resolver.decorator(base.path, fact.scope, text)
                    if ref_decorator is not None and ref_decorator.kind is RefKind.FUNCTION:
                        found = found + self.decorator(ref_decorator, 0)
            methods = self.classes.members(base.path, base.index)[0]
            for name in ("dispatch", "as_view", "initial"):
                if name in methods:
                    head = self.values.modules[base.path].functions[methods[name]]
                    found = found + self.decorated(base.path, methods[name])[1]
                    if self.guards.turns_away((base.path, methods[name])):
                        found = found + Before((Guard(head.name, True, base.path, head.line),))
        return found

    def serializer(self, ref: Ref) -> str:
        """The name of ``serializer_class``."""
        place = self.attribute(ref, "serializer_class")
        return place.text.rpartition(".")[2] if place is not None and place.text[:1].isidentifier() else ""
