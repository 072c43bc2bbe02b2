"""Permission classes of Django REST framework, and Django's settings that guard everything."""

from __future__ import annotations

import functools

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body
from backend_lint.facts.route import Guard
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around
from backend_lint.project.modules import SourceModule
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string, split
from backend_lint.project.web.chosen_permissions import Chosen
from backend_lint.project.web.guards import Guards
from backend_lint.project.web.routing import Target
from backend_lint.project.web.values import Place, Values, keyword

_OPEN = ("AllowAny",)
_SAFE_OPEN = ("IsAuthenticatedOrReadOnly", "DjangoModelPermissionsOrAnonReadOnly")
_CLOSED = (
    "IsAuthenticated",
    "IsAdminUser",
    "DjangoModelPermissions",
    "DjangoObjectPermissions",
    "TokenHasScope",
    "TokenHasReadWriteScope",
    "IsAuthenticatedOrTokenHasScope",
    "HasAPIKey",
)
_SAFE = ("GET", "HEAD", "OPTIONS")
_OPEN_VIEWS = ("rest_framework_simplejwt.views.", "rest_framework.authtoken.views.", "rest_framework.schemas.")
"""Views of libraries that ask for nothing: callers become known through them."""
_STRING = lazy_regex(r"'[^']*'")


class Permissions:
    """Answers what permission classes guard."""

    def __init__(self, values: Values, guards: Guards) -> None:
        self.values = values
        self.guards = guards
        self.classes = values.resolver.classes

    def of_class(self, ref: Ref, method: str, on_action: Place | None, action: str = "") -> tuple[Guard, ...]:
        """The guards of a view: of its action, its ``get_permissions`` or ``permission_classes``, else the project's default."""
        if on_action is not None:
            return self.of_list(on_action, method)
        dynamic = self.classes.find(ref, "get_permissions")
        if dynamic is not None and isinstance(dynamic[1], int):
            return Chosen(self, ref, (dynamic[0].path, dynamic[1]), method, action).guards()
        return self.usual(ref, method, action)

    def usual(self, ref: Ref, method: str, action: str = "") -> tuple[Guard, ...]:
        """The guards of ``permission_classes``, else the project's default."""
        written = self._written(ref)
        if written is not None:
            return self.of_list(written, method)
        member = self.classes.find(ref, "permission_classes")
        if member is not None and isinstance(member[1], int):
            return Chosen(self, ref, (member[0].path, member[1]), method, action).guards()
        if any(name.startswith(_OPEN_VIEWS) for name in self.classes.external_names(ref)):
            return ()
        return self.default(method)

    def _written(self, ref: Ref) -> Place | None:
        """The nearest ``permission_classes`` in the body of a class; what methods assign holds for one request."""
        for base in self.classes.ancestors(ref.path, ref.index):
            if base.kind is not RefKind.CLASS:
                continue
            fact = self.values.modules[base.path].classes[base.index]
            if "permission_classes" in self.classes.members(base.path, base.index)[0]:
                return None
            for attribute in reversed(fact.attributes):
                if attribute.name == "permission_classes" and attribute.function == fact.scope:
                    return Place(base.path, attribute.function, attribute.value)
        return None

    def on_action(self, target: Target) -> Place | None:
        """The ``permission_classes`` given to ``@action``."""
        if target.function < 0:
            return None
        head = self.values.modules[target.module].functions[target.function]
        for text in head.decorators:
            call = self.values.call(Place(target.module, head.scope, text))
            if call is not None and (found := keyword(call, "permission_classes")):
                return Place(target.module, head.scope, found)
        return None

    def of_list(self, place: Place, method: str) -> tuple[Guard, ...]:
        """One guard for each class of a ``permission_classes``."""
        found: tuple[Guard, ...] = ()
        for item in self.values.items(place):
            if item.text.endswith(".DEFAULT_PERMISSION_CLASSES"):
                found += self.default(method)
            elif item.text:
                found += (self._one(item, method),)
        return found

    def _one(self, place: Place, method: str) -> Guard:
        text = place.text
        line = self._line(place)
        if text[:1] == "(" and text[-1:] == ")":
            for sign, judge in (("|", any), ("&", all)):
                parts = [part for part in split(text[1:-1], sign) if part]
                if len(parts) > 1:
                    found = [self._one(place._replace(text=part), method) for part in parts]
                    opens = judge(guard.verifies is False for guard in found)
                    verifies = (
                        False
                        if opens
                        else (True if all(guard.verifies for guard in found) or (sign == "&" and any(guard.verifies for guard in found)) else None)
                    )
                    return Guard(f" {sign} ".join(guard.name for guard in found), verifies, place.path, line)
        dotted = constant_string(text)
        imported = self.values.call(place)
        if imported is not None and imported.callee.rpartition(".")[2] in ("import_string", "import_from_string", "load_func") and imported.args:
            dotted = self.values.string(place._replace(text=imported.args[0]))
        elif dotted is None and text.rpartition(".")[2].isupper():
            dotted = self.values.string(place)
        if dotted is not None:
            ref = self.values.dotted(dotted, place.path)
            if ref is None:
                return Guard(dotted.rpartition(".")[2], self._named(dotted, method), place.path, line)
        else:
            ref = self.values.ref(place)
        if ref is None:
            return Guard(text.rpartition(".")[2].lstrip("%"), self._named(text, method), place.path, line)
        if ref.is_external:
            return Guard(ref.name.removesuffix("()").rpartition(".")[2], self._named(ref.name.removesuffix("()"), method), place.path, line)
        if ref.kind not in (RefKind.CLASS, RefKind.INSTANCE):
            return Guard(ref.name, None, place.path, line)
        return self._own(ref, method)

    def _own(self, ref: Ref, method: str) -> Guard:
        fact = self.values.resolver.class_at(ref)
        member = self.classes.find(ref, "has_permission")
        if member is not None and isinstance(member[1], int):
            key = (member[0].path, member[1])
            body = self.values.modules[key[0]].bodies[key[1]]
            if all(found.value == "True" for found in body.returns) and body.returns:
                return Guard(ref.name, False, ref.path, fact.line)
            texts = " ".join([found.value for found in body.returns] + [block.subject for block in body.blocks] + [call.callee for call in body.calls])
            if "SAFE_METHODS" in texts and method in _SAFE:
                return Guard(ref.name, None, ref.path, fact.line)
            looks = ".user" in texts or ".auth" in texts or "super" in texts or self.guards.checks(key)
            return Guard(ref.name, True if looks else None, ref.path, fact.line)
        for name in self.classes.external_names(ref):
            if (known := self._named(name, method)) is not None:
                return Guard(ref.name, known, ref.path, fact.line)
        return Guard(ref.name, None, ref.path, fact.line)

    @staticmethod
    def _named(name: str, method: str) -> bool | None:
        last = name.rpartition(".")[2]
        if last in _OPEN:
            return False
        if last in _SAFE_OPEN:
            return method not in _SAFE
        return True if last in _CLOSED else None

    def _line(self, place: Place) -> int:
        module = self.values.modules[place.path]
        for fact in module.classes:
            for attribute in fact.attributes:
                if attribute.name == "permission_classes" and place.text in attribute.value and attribute.function == place.function:
                    return attribute.line
        return module.functions[place.function].line

    # -- settings ----------------------------------------------------------------------------------

    def default(self, method: str) -> tuple[Guard, ...]:
        """``DEFAULT_PERMISSION_CLASSES`` of the settings; nothing if everything is allowed."""
        place = self._default_place
        if place is None:
            return ()
        if place.text == "?":
            return (Guard("DEFAULT_PERMISSION_CLASSES", None, place.path, 1),)
        return self.of_list(place, method)

    @functools.cached_property
    def _default_place(self) -> Place | None:
        found: Place | None = None
        for one in self.values.rest_settings.last:
            if one.entries is None:
                found = found or Place(one.module.path, 0, "?")
            elif "DEFAULT_PERMISSION_CLASSES" in one.entries:
                return Place(one.module.path, 0, one.entries["DEFAULT_PERMISSION_CLASSES"])
        return found

    def names_setting(self, name: str) -> bool:
        """Whether the settings of some library name an entry so."""
        paths = [path for path, module in self.values.modules.items() if module.role is not Role.TEST and module.names.get("SPECTACULAR_SETTINGS")]
        return any(name in assign.value for path in paths for assign in self.values.modules[path].bodies[0].assigns)

    @functools.cached_property
    def middleware(self) -> tuple[Guard, ...]:
        """What ``MIDDLEWARE`` turns away callers with: Django's ``LoginRequiredMiddleware`` surely, a middleware of the project perhaps."""
        found: dict[Guard, None] = {}
        for path, module in self.values.modules.items():
            if module.role is Role.TEST or module.names.get("MIDDLEWARE", ("",))[0] != "assign":
                continue
            switched = _switched(module)
            for item in self.values.items(Place(path, 0, "MIDDLEWARE")):
                dotted = constant_string(item.text) or ""
                if switched.get(item.text) is False:
                    continue
                line = next((assign.line for assign in module.bodies[0].assigns if assign.target == "MIDDLEWARE"), 1)
                if dotted.startswith("django.") and dotted.endswith(".LoginRequiredMiddleware"):
                    found.setdefault(Guard("LoginRequiredMiddleware", None if item.text in switched else True, path, line))
                elif (ref := self.values.dotted(dotted, path) if dotted else None) is not None and ref.kind in (RefKind.CLASS, RefKind.FUNCTION):
                    guard = self.guards.hook(ref, (path, line))
                    if guard is not None:
                        found.setdefault(Guard(guard.name, None, guard.path, guard.line))
                elif dotted.endswith(("LoginRequiredMiddleware", "login_required_middleware")):
                    found.setdefault(Guard(dotted.rpartition(".")[2], None, path, line))
        return tuple(found)


def _switched(module: SourceModule) -> dict[str, bool | None]:
    """What settings add to ``MIDDLEWARE`` behind a test, as it is written: False if the test is of a setting that is off, None if it is not known."""
    body = module.bodies[0]
    added = [(call.args[-1], call.block) for call in body.calls if call.callee in ("MIDDLEWARE.append", "MIDDLEWARE.insert") and call.args]
    added += [(item, one.block) for one in body.assigns if one.target == "MIDDLEWARE" and one.block for item in _STRING.findall(one.value)]
    found: dict[str, bool | None] = {}
    for text, block in added:
        tests = [outer.subject for _, outer in around(body, block) if outer.kind in (BlockKind.IF, BlockKind.ORELSE)]
        if tests:
            off = body.blocks[block].kind is BlockKind.IF and _is_off(body, tests[0])
            found[text] = False if off else None
    return found


def _is_off(body: Body, test: str) -> bool:
    given = {one.value for one in body.assigns if one.target == test}
    return given == {"False"}
