"""Sessions of requests: which of them give every call a deadline of their own, by an adapter, a subclass or a wrapped method."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call, ParameterKind
from backend_lint.project.references import Origin, Ref, RefKind
from backend_lint.project.value_text import alternatives

if TYPE_CHECKING:
    from backend_lint.project import Project

_SESSION = "requests.Session"
_SENDERS = ("request", "send")
_VERBS = frozenset(["request", "send", "get", "post", "put", "patch", "delete", "head", "options"])
_PATCHED = frozenset({"requests", "requests.api", "requests.Session", "requests.adapters.HTTPAdapter"})


class Bounds(enum.IntEnum):
    """Whether a session bounds its calls by itself."""

    NONE = 0
    UNKNOWN = 1
    GIVEN = 2


class Sessions:
    """Looks through the project once, at the first question."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._resolver = project.resolver
        self._origins: dict[Origin, Bounds] = {}
        self._classes: dict[tuple[str, int], Bounds] = {}
        self.patched = False
        """Somebody replaced a function of requests itself by one that may set a timeout."""
        self._loose = False
        """Somebody gives deadlines to sessions that cannot be told apart."""
        self._look()

    def bounds(self, session: Ref) -> Bounds:
        """What is known of the session that a value refers to."""
        if self.patched:
            return Bounds.GIVEN
        if session.kind is RefKind.INSTANCE:
            return self._of_class(session)
        if session.origin is None:
            return Bounds.UNKNOWN if self._loose or Bounds.GIVEN in self._origins.values() else Bounds.NONE
        known = self._origins.get(session.origin, Bounds.NONE)
        if known is Bounds.NONE and self._loose:
            made = f"#{session.origin.call}"
            calls = self._project.modules[session.origin.path].bodies[session.origin.function].calls
            if any(made in call.args or made in dict(call.keywords).values() for call in calls):
                return Bounds.UNKNOWN
        return known

    def _of_class(self, session: Ref) -> Bounds:
        if session.function not in self._classes:
            self._classes[session.function] = Bounds.NONE
        best = self._classes[session.function]
        for base in self._resolver.classes.ancestors(session.path, session.index):
            if base.kind is not RefKind.CLASS:
                continue
            best = max(best, self._classes.get(base.function, Bounds.NONE))
            methods, _ = self._resolver.classes.members(base.path, base.index)
            if any(self.speaks_of_timeout(base.path, methods[name]) for name in _SENDERS if name in methods):
                best = Bounds.GIVEN
        return best

    def overridden(self, target: Ref, verb: str) -> Ref | None:
        """The method of requests that a method of a subclass stands before: it hands on all that it is given."""
        held = target.receiver
        if target.kind is not RefKind.FUNCTION or held is None or not self._resolver.classes.derives(held, _SESSION):
            return None
        head = self._project.modules[target.path].functions[target.index]
        rest = next((f"%{parameter.name}" for parameter in head.parameters if parameter.kind is ParameterKind.VAR_KEYWORD), "")
        calls = self._project.modules[target.path].bodies[target.index].calls
        if not rest or not any(call.callee == f"super().{verb}" and ("**", rest) in call.keywords for call in calls):
            return None
        return Ref(RefKind.EXTERNAL, f"{_SESSION}.{verb}", receiver=held)

    def speaks_of_timeout(self, path: str, function: int) -> bool:
        """Whether a function takes, sets or passes something named ``timeout``."""
        module = self._project.modules[path]
        body = module.bodies[function]
        if any("timeout" in parameter.name.lower() for parameter in module.functions[function].parameters):
            return True
        texts = [text for call in body.calls for text in (*call.args, *(f"{name}={value}" for name, value in call.keywords))]
        texts += [text for assign in body.assigns for text in (assign.target, assign.value)]
        return any("timeout" in text.lower() for text in texts)

    def _look(self) -> None:
        for module, index, _, call in self._project.named_calls.calls("mount"):
            if "." in call.callee:
                self._mounted(module.path, index, call)
        for path, module in self._project.modules.items():
            for index, body in enumerate(module.bodies):
                for assign in body.assigns:
                    base, _, last = assign.target.rpartition(".")
                    if base and last in _VERBS and module.role is not Role.TEST and self._may_bound(path, index, assign.value):
                        self._replaced(path, index, base)

    def _mounted(self, path: str, function: int, call: Call) -> None:
        target = self._resolver.value(path, function, call.callee)
        adapter = dict(call.keywords).get("adapter", call.args[1] if len(call.args) > 1 else "")
        if not adapter or (target is not None and (target.receiver is None or not self._resolver.classes.derives(target.receiver, _SESSION))):
            return
        found = max(self._adapters(path, function, adapter))
        if target is None or target.receiver is None:
            self._loose |= found is Bounds.GIVEN
        elif target.receiver.kind is RefKind.INSTANCE:
            self._classes[target.receiver.function] = max(found, self._classes.get(target.receiver.function, Bounds.NONE))
        elif target.origin is not None:
            self._origins[target.origin] = max(found, self._origins.get(target.origin, Bounds.NONE))
        else:
            self._loose |= found is Bounds.GIVEN

    def _adapters(self, path: str, function: int, text: str) -> Iterator[Bounds]:
        for option in alternatives(text):
            made = self._resolver.value(path, function, option)
            calls = self._project.modules[path].bodies[function].calls
            inner = alternatives(calls[int(option[1:])].callee) if option[:1] == "#" and option[1:].isdigit() else []
            if len(inner) > 1:
                kinds = [self._resolver.value(path, function, one) for one in inner]
                yield from (self._adapter(kind) for kind in kinds)
            else:
                yield self._adapter(made)

    def _adapter(self, made: Ref | None) -> Bounds:
        if made is None:
            return Bounds.UNKNOWN
        if made.is_external:
            return Bounds.GIVEN if "timeout" in made.name.lower() else Bounds.NONE
        for base in self._resolver.classes.ancestors(made.path, made.index):
            if base.kind is RefKind.CLASS:
                methods, _ = self._resolver.classes.members(base.path, base.index)
                if any(self.speaks_of_timeout(base.path, methods[name]) for name in ("send", "__init__") if name in methods):
                    return Bounds.GIVEN
        return Bounds.NONE

    def _may_bound(self, path: str, function: int, text: str) -> bool:
        """Whether what takes the place of a function may set a timeout; a function of the project must speak of one."""
        made = self._resolver.value(path, function, text)
        return made is None or made.kind is not RefKind.FUNCTION or self.speaks_of_timeout(*made.function)

    def _replaced(self, path: str, function: int, base: str) -> None:
        held = self._resolver.value(path, function, base)
        if held is None:
            return
        if held.name in _PATCHED and held.kind is RefKind.EXTERNAL:
            self.patched = True
        elif held.origin is not None and self._resolver.classes.derives(held, _SESSION):
            self._origins[held.origin] = Bounds.GIVEN
