"""What functions return and what lists hold: results of the project's own functions, loops over constants, lists that are built up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend_lint.facts.python import LOOPS, BlockKind, ParameterKind
from backend_lint.project.blocks import around
from backend_lint.project.modules import SourceModule
from backend_lint.project.references import RefKind
from backend_lint.project.resolver import Resolver
from backend_lint.project.schema.django_data import MISSING, Doubt, Made, Named, Scope, Unknown
from backend_lint.project.value_text import alternatives

_STRING_METHODS = frozenset({"startswith", "endswith", "lower", "upper", "strip", "replace", "removeprefix", "removesuffix", "join"})
MAX_DEPTH = 20
MAX_UNROLLED = 500
"""Times that a loop's body is read."""


class Results:
    """The part of `ValueReader` that follows functions and loops."""

    modules: Mapping[str, SourceModule]
    resolver: Resolver

    def value(self, scope: Scope, text: str) -> Any:
        """The value of a text."""
        raise NotImplementedError

    def loops(self, scope: Scope, block: int, inner: bool = False) -> list[Mapping[str, Any]] | None:
        """What names stand for each time that a block runs; None if a loop around it is not over constants. `inner`: comprehensions alone."""
        body = self.modules[scope.path].bodies[scope.function]
        loops = []
        for _, one in around(body, block):
            if one.kind in LOOPS:
                loops.append(one)
            elif inner:
                break
        bounds: list[Mapping[str, Any]] = [scope.bound or {}]
        for loop in reversed(loops):
            longer: list[Mapping[str, Any]] = []
            for bound in bounds:
                items = self.through(self.value(Scope(scope.path, scope.function, scope.owner, bound), loop.subject))
                if isinstance(items, dict):
                    items = list(items)
                if not isinstance(items, list) or len(items) * len(bounds) > MAX_UNROLLED or not loop.target:
                    return None
                names = loop.target.split(",")
                for item in items:
                    parts = item if len(names) > 1 else [item]
                    if not isinstance(parts, list) or len(parts) != len(names):
                        return None
                    named = dict(zip(names, parts, strict=True))
                    longer.append({**bound, f"{loop.subject}[]": item, **named, **{f"%{name}": part for name, part in named.items()}})
            bounds = longer
        return bounds

    def through(self, value: Any, depth: int = 0) -> Any:
        """The value that a function of the project returns, its parameters bound; any other value itself."""
        if not isinstance(value, Made) or depth > MAX_DEPTH:
            return value
        if value.last in ("list", "tuple", "set", "frozenset", "sorted") and value.args and value.ref is None:
            return self.through(value.args[0], depth + 1)
        if value.fact.callee.rpartition(".")[2] in _STRING_METHODS and isinstance(subject := value.receiver, str):
            return _string_method(subject, value)
        if value.name.startswith("swapper."):
            return _swapper(value)
        ref = value.ref
        if ref is None or ref.kind is not RefKind.FUNCTION:
            return value
        module = self.modules[ref.path]
        head, body = module.functions[ref.index], module.bodies[ref.index]
        parameters = head.parameters[1 if ref.receiver is not None else 0 :]
        names = [one.name for one in parameters if one.kind <= ParameterKind.POSITIONAL_OR_KEYWORD]
        bound: dict[str, Any] = {f"%{one.name}": self.value(Scope(ref.path), one.default) for one in head.parameters if one.default}
        bound.update({f"%{name}": item for name, item in zip(names, value.args, strict=False)})
        bound.update({f"%{one.name}": value.args[len(names) :] for one in parameters if one.kind is ParameterKind.VAR_POSITIONAL})
        bound.update({f"%{name}": item for name, item in value.keywords.items()})
        scope = Scope(ref.path, ref.index, bound=bound)
        for returned in body.returns:
            holds = self.holds(scope, returned.block)
            if holds is None or not returned.value:
                return value
            if holds:
                return self.through(self.value(scope, returned.value), depth + 1)
        return value

    def holds(self, scope: Scope, block: int, loops: bool = False) -> bool | None:
        """Whether the conditions around a block hold; None if one is not constant, or if there are loops and `loops` does not allow them."""
        for _, one in around(self.modules[scope.path].bodies[scope.function], block):
            if one.kind in (BlockKind.IF, BlockKind.ORELSE):
                test = self.truth(scope, one.subject)
                if test is None:
                    return None
                if test is (one.kind is BlockKind.ORELSE):
                    return False
            elif one.kind in LOOPS and not loops:
                return None
        return True

    def truth(self, scope: Scope, text: str) -> bool | None:
        """Whether a test holds; None if it is not constant. ``a or b`` is written as alternatives."""
        truths = []
        for option in alternatives(text):
            value = self.through(self.value(scope, option))
            truths.append(bool(value) if isinstance(value, (bool, str, int, list, type(None))) else None)
        return True if True in truths else None if None in truths else False

    def local(self, scope: Scope, text: str) -> Any:
        """A local of a function: what was assigned to it last, with all that is appended to it. A list that depends on what is not known ends in a `Doubt`."""
        module = self.modules[scope.path]
        body = module.bodies[scope.function]
        found: Any = MISSING
        doubt = ""
        for one in body.assigns:
            if one.target != text or not one.value or one.value == text:
                continue
            holds = self.holds(scope, one.block)
            if holds is False:
                continue
            value = self.value(scope, one.value)
            if one.augmented:
                value = [*found, *self.listed(value)] if isinstance(found, list) else Unknown(text)
            if holds is None and found is not MISSING:
                doubt = doubt or f"a condition of {module.functions[scope.function].name}"
                continue
            found = value
        if found is MISSING:
            return self.nested(scope, text)
        if not isinstance(found, list):
            return Unknown(text) if doubt else found
        return [*found, *self._appended(scope, text), *([Doubt(doubt)] if doubt else [])]

    def nested(self, scope: Scope, text: str) -> Any:
        """A function or class that is defined inside a function, or a name of the functions around it."""
        ref = self.resolver.value(scope.path, scope.function, text)
        if ref is not None and ref.kind in (RefKind.FUNCTION, RefKind.CLASS):
            return Named(ref.name, ref, scope.bound)
        return Unknown(text)

    def _appended(self, scope: Scope, text: str) -> list[Any]:
        found: list[Any] = []
        for call in self.modules[scope.path].bodies[scope.function].calls:
            method = call.callee.removeprefix(f"{text}.")
            if method not in ("append", "extend") or method == call.callee or len(call.args) != 1:
                continue
            holds = self.holds(scope, call.block, loops=True)
            bounds = self.loops(scope, call.block)
            if holds is False:
                continue
            for bound in [None] if bounds is None else bounds:
                item: Any = Unknown(call.args[0]) if bound is None else self.value(Scope(scope.path, scope.function, scope.owner, bound), call.args[0])
                found += self.listed(item) if method == "extend" else [item]
            if holds is None:
                found.append(Doubt("a condition"))
        return found

    def listed(self, value: Any) -> list[Any]:
        """The items of a list, also of one that a function of the project returns; what cannot be read is one `Unknown` item."""
        value = self.through(value)
        if isinstance(value, list):
            return value
        if value is MISSING or value is None:
            return []
        return [value if isinstance(value, Unknown) else Unknown(repr(value))]


def _swapper(made: Made) -> Any:
    """What the library swapper says of a model that is not swapped."""
    names = [one for one in made.args if isinstance(one, str)]
    if made.last == "get_model_name" and len(names) == 2:
        return ".".join(names)
    return False if made.last == "is_swapped" else made


def _string_method(subject: str, made: Made) -> Any:
    args = made.args
    method = made.fact.callee.rpartition(".")[2]
    if method == "join" and len(args) == 1 and isinstance(args[0], list) and all(isinstance(one, str) for one in args[0]):
        return subject.join(args[0])
    if method == "join" or not all(isinstance(one, str) for one in args) or made.fact.keywords:
        return made
    return getattr(subject, method)(*args) if len(args) <= 2 else made
