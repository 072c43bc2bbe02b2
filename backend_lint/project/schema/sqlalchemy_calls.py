"""Calls in checked code: methods of constant strings, functions of the project that build something, and everything else as `Made`."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts.python import Call, ParameterKind
from backend_lint.project.references import RefKind
from backend_lint.project.schema.sqlalchemy_names import Names
from backend_lint.project.schema.sqlalchemy_strings import call_method
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, ClassName, Frame, Made, ModuleName, Value

MAX_DEPTH = 14
MAX_COUNT = 250_000
"""Of displays, operations and paths that are evaluated for one project: code that was written to take long ends there."""
_TRANSPARENT = frozenset(
    {"alembic.op.f", "sqlalchemy.schema.conv", "sqlalchemy.sql.elements.conv", "sqlalchemy.sql.naming.conv", "sqlalchemy.conv", "typing.cast"}
)
_METHODS = frozenset("lower upper replace strip lstrip rstrip format join removesuffix removeprefix title capitalize items keys values get".split())


class Calls(Names):
    """The part of `Values` that follows calls."""

    def result(self, frame: Frame, index: int) -> Value:
        """What a call gives: a string, what a function of the project returns, else the call itself as `Made`."""
        if frame.names and (known := frame.names.get(f"#{index}")) is not None:
            return known
        call = self.project.modules[frame.path].bodies[frame.function].calls[index]
        callee = call.callee
        receiver, dot, method = callee.rpartition(".")
        if dot and method in _METHODS and (subject := self.evaluate(frame, receiver)) is not UNKNOWN:
            if isinstance(subject, str):
                return call_method(
                    subject, method, [self.evaluate(frame, text) for text in call.args], {key: self.evaluate(frame, v) for key, v in call.keywords}
                )
            if method == "get" and isinstance(subject, dict) and call.args:
                key = self.evaluate(frame, call.args[0])
                other = self.evaluate(frame, call.args[1]) if len(call.args) > 1 else None
                return subject.get(key, other) if isinstance(key, str | int) else UNKNOWN
            if method in ("items", "keys", "values"):
                return self.view(subject, method)
        if callee.isidentifier() and self.root(frame.path, frame.function, callee) is None and (bound := self._partial(frame, call)) is not None:
            return bound
        name = self.dotted(frame, callee)
        if name:
            if name in _TRANSPARENT and call.args:
                return self.evaluate(frame, call.args[0])
            if name == "importlib.import_module" and isinstance(inner := self.evaluate(frame, call.args[0] if call.args else ""), str):
                found = self.resolver.index.find(inner, frame.path)
                return ModuleName(found) if found is not None else Made(frame, call, name)
            if name in ("re.sub", "re.split", "os.getenv", "os.environ.get"):
                return self._computed(frame, name, call)
            if name.startswith(("re.compile()", "re.Pattern.")) and method in ("sub", "split"):
                return self._compiled(frame, receiver, method, call)
            return Made(frame, call, name)
        return self._called(frame, call)

    def _computed(self, frame: Frame, name: str, call: Call) -> Value:
        values = [self.evaluate(frame, text) for text in call.args]
        if name.startswith("re."):
            *rest, subject = values[: 3 if name == "re.sub" else 2] or [UNKNOWN]
            return call_method(subject, name, rest) if isinstance(subject, str) else UNKNOWN
        return values[1] if len(values) == 2 else Made(frame, call, name)

    def _compiled(self, frame: Frame, receiver: str, method: str, call: Call) -> Value:
        """``PATTERN.sub("_", name)``."""
        made = self.evaluate(frame, receiver)
        values = [self.evaluate(frame, text) for text in call.args]
        if not isinstance(made, Made) or len(made.call.args) != 1 or not values or not isinstance(values[-1], str):
            return UNKNOWN
        return call_method(values[-1], f"re.{method}", [*self.arguments(made), *values[:-1]])

    def _partial(self, frame: Frame, call: Call) -> Made | None:
        """A call of what ``functools.partial`` made."""
        known = self.evaluate(frame, call.callee)
        if not isinstance(known, Made) or known.simple != "partial" or not known.call.args:
            return None
        given = tuple((key, self.evaluate(known.frame, text)) for key, text in known.call.keywords)
        return Made(frame, call, self.dotted(known.frame, known.call.args[0]), given)

    def _called(self, frame: Frame, call: Call) -> Value:
        if self._depth > MAX_DEPTH:
            return UNKNOWN
        target = self.resolver.value(frame.path, frame.function, call.callee)
        if target is not None and target.is_external:
            return Made(frame, call, target.name)
        if target is not None and target.kind is RefKind.FUNCTION:
            followed = self.followed(frame, call, target.function)
            return followed if followed is not UNKNOWN else Made(frame, call, "")
        if target is not None and target.kind is RefKind.CLASS:
            return Made(frame, call, target.name, key=target.function)
        return Made(frame, call, "")

    def followed(self, frame: Frame, call: Call, key: tuple[str, int]) -> Value:
        """What a function of the project returns for these arguments; `UNKNOWN` if it returns several different things."""
        module = self.project.modules[key[0]]
        head = module.functions[key[1]]
        if head.is_generator or self._depth > MAX_DEPTH:
            return UNKNOWN
        inner = Frame(key[0], key[1], self.bound(frame, call, key))
        self._depth += 2
        try:
            values = [self.evaluate(inner, found.value) for found in module.bodies[key[1]].returns if found.value]
        finally:
            self._depth -= 2
        return values[0] if values and all(value == values[0] for value in values) else UNKNOWN

    def bound(self, frame: Frame, call: Call, key: tuple[str, int]) -> dict[str, Value]:
        """The parameters of a function of the project as a call fills them, by ``%name``."""
        module = self.project.modules[key[0]]
        head = module.functions[key[1]]
        found: dict[str, Value] = {}
        parameters = list(head.parameters)
        if head.owner >= 0 and "staticmethod" not in head.decorators and parameters:
            found["%" + parameters.pop(0).name] = ClassName((key[0], head.owner))
        outer = Frame(key[0], head.scope)
        given = list(self.arguments(Made(frame, call, "")))
        keywords = dict(call.keywords)
        for parameter in parameters:
            name = "%" + parameter.name
            if parameter.kind is ParameterKind.VAR_POSITIONAL:
                found[name], given = tuple(given), []
            elif parameter.kind is ParameterKind.VAR_KEYWORD:
                found[name] = {key: self.evaluate(frame, text) for key, text in keywords.items()}
            elif parameter.kind is not ParameterKind.KEYWORD_ONLY and given:
                found[name] = given.pop(0)
            elif parameter.name in keywords:
                found[name] = self.evaluate(frame, keywords.pop(parameter.name))
            elif parameter.default:
                found[name] = self.evaluate(outer, parameter.default)
        return found

    def arguments(self, made: Made) -> Iterator[Value]:
        """The positional arguments, starred ones unpacked; `UNKNOWN` in place of what cannot be."""
        frame = _at(made)
        for text in made.call.args:
            if text.startswith("*"):
                several = self.evaluate(frame, text[1:])
                yield from several if isinstance(several, tuple) else (UNKNOWN,)
            else:
                yield self.evaluate(frame, text)

    def keywords(self, made: Made) -> dict[str, Value]:
        """The keyword arguments, unpacked dictionaries included; a key ``**`` stands for what cannot be unpacked."""
        found = dict(made.given)
        frame = _at(made)
        for key, text in made.call.keywords:
            value = self.evaluate(frame, text)
            if key != "**":
                found[key] = value
            elif isinstance(value, dict):
                found.update({str(name): inner for name, inner in value.items()})
            else:
                found["**"] = UNKNOWN
        return found

    def made_attribute(self, value: Made, name: str) -> Value:
        if value.simple in ("Column", "mapped_column", "column") and name in ("name", "key"):
            first = next(self.arguments(value), UNKNOWN)
            return first if isinstance(first, str) else UNKNOWN
        if value.key is None:
            return UNKNOWN
        given = self.keywords(value)
        if name in given:
            return given[name]
        fact = self.project.modules[value.key[0]].classes[value.key[1]]
        fields = [one for one in fact.attributes if one.function == fact.scope and one.annotation]
        for position, (field, held) in enumerate(zip(fields, self.arguments(value), strict=False)):
            if field.name == name and position < len(fields):
                return held
        methods, _ = self.resolver.classes.members(*value.key)
        if name in methods and "property" in self.project.modules[value.key[0]].functions[methods[name]].decorators:
            module = self.project.modules[value.key[0]]
            head = module.functions[methods[name]]
            inner = Frame(value.key[0], methods[name], {"%" + head.parameters[0].name: value} if head.parameters else {})
            returns = module.bodies[methods[name]].returns
            return self.evaluate(inner, returns[0].value) if len(returns) == 1 else UNKNOWN
        return self.class_attribute(value.key, name)

    @staticmethod
    def view(value: Value, name: str) -> Value:
        """``items()``, ``keys()`` or ``values()`` of a dictionary."""
        if not isinstance(value, dict):
            return UNKNOWN
        return tuple(value.items()) if name == "items" else tuple(value) if name == "keys" else tuple(value.values())


def _at(made: Made) -> Frame:
    """The frame of a call's arguments: in the body of a class they see what was bound before."""
    frame = made.frame
    return frame if frame.owner is None else Frame(frame.path, frame.function, frame.names, frame.owner, made.call.line)
