"""``Q`` objects as trees, put together as Django does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.project.queries.django_operands import Choose, Given, Items, Literal, Made, Operands, Operation
from backend_lint.project.value_text import alternatives

if TYPE_CHECKING:
    from backend_lint.project.queries.django_frames import Frame

AND, OR, XOR = "and", "or", "xor"
_CONNECTORS = {"&": AND, "||": OR, "^": XOR, "&=": AND}
_MAX_DEPTH = 16


class Lookup(NamedTuple):
    """``name__lookup=value``; the name ``**`` is one that is not known."""

    name: str
    value: Given


class Expression(NamedTuple):
    """A condition that is no lookup: ``Exists(...)``, ``GreaterThan(...)``, something unknown."""

    value: Given


class Q(NamedTuple):
    """Conditions joined by `connector`."""

    connector: str = AND
    children: tuple[Q | Lookup | Expression, ...] = ()
    negated: bool = False

    def __bool__(self) -> bool:
        return bool(self.children)


def combined(one: Q, other: Q, connector: str) -> Q:
    """``one & other`` and so on; an empty side disappears, equal connectors are joined to one list."""
    return joined(one, ((other, connector),))


def joined(first: Q, others: Iterable[tuple[Q, str]]) -> Q:
    """``first & other | another`` and so on from left to right, in time linear in the length where the connector stays the same."""
    found = first
    children: dict[Q | Lookup | Expression, None] | None = None  # those of what was joined so far, in order
    for other, connector in others:
        if not other:
            continue
        if not found:
            found = other
            continue
        if children is None or found.connector != connector:
            children = dict.fromkeys(_flat(found._replace(children=tuple(children)) if children is not None else found, connector))
            found = Q(connector, found.children)
        children.update(dict.fromkeys(_flat(other, connector)))
    return found if children is None else found._replace(children=tuple(children))


def _flat(part: Q, connector: str) -> tuple[Q | Lookup | Expression, ...]:
    return part.children if not part.negated and (part.connector == connector or len(part.children) == 1) else (part,)


class Conditions:
    """Reads the arguments of ``filter`` and ``exclude``."""

    def __init__(self, operands: Operands, choose: Choose) -> None:
        self.operands = operands
        self.choose = choose

    def of_call(self, frame: Frame, args: tuple[str, ...], keywords: tuple[tuple[str, str], ...]) -> Q:
        """``Q(*args, **keywords)``."""
        children: list[Q | Lookup | Expression] = [self.read(given) for given in self.operands.arguments(frame, args, self.choose)]
        connector, negated = AND, False
        lookups: list[Lookup] = []
        for name, given in self.operands.keywords(frame, keywords, self.choose):
            if name == "_connector":
                operand = self.operands.read(given, self.choose)
                connector = str(operand.value).lower() if isinstance(operand, Literal) else OR if given.text.endswith("OR") else AND
            elif name == "_negated":
                negated = given.text == "True"
            else:
                lookups.append(Lookup(name, given))
        lookups.sort(key=lambda one: one.name)
        children += lookups
        return Q(connector, tuple(child for child in children if not isinstance(child, Q) or child), negated)

    def read(self, given: Given, depth: int = 0) -> Q | Lookup | Expression:
        """A condition given as one argument."""
        frame, text = given
        if depth > _MAX_DEPTH:
            return Expression(given)
        for option in alternatives(text) if "%" in text else ():
            built = self._built(frame, option, depth) if option[:1] == "%" and option[1:].isidentifier() else None
            if built is not None:
                return built
        operand = self.operands.read(given, self.choose)
        if isinstance(operand, Made):
            if operand.name == "Q":
                return self.of_call(operand.frame, operand.args, operand.keywords)
            if operand.name == "reduce":
                return self._reduced(operand, depth)
            return Expression(given)
        if isinstance(operand, Operation):
            if operand.sign == "~" or operand.sign == "not":
                inner = as_q(self.read(operand.parts[0], depth + 1))
                return inner._replace(negated=not inner.negated)
            if operand.sign in _CONNECTORS:
                left, right = (as_q(self.read(part, depth + 1)) for part in operand.parts)
                return combined(left, right, _CONNECTORS[operand.sign])
        if isinstance(operand, Items) and len(operand.items) == 2 and operand.complete:
            name = self.operands.read(operand.items[0], self.choose)
            if isinstance(name, Literal) and isinstance(name.value, str):
                return Lookup(name.value, operand.items[1])
        return Expression(given)

    def _built(self, frame: Frame, name: str, depth: int) -> Q | None:
        """A local that ``|=`` and ``&=`` add to."""
        base, changes = self.operands.history(frame, name)
        if base is None or not any(sign in _CONNECTORS for (sign, _), _ in changes):
            return None
        first = as_q(self.read(Given(frame, base), depth + 1))
        added = [
            (as_q(self.read(Given(frame, value), depth + 1)), _CONNECTORS[sign])
            for number, ((sign, value), optional) in enumerate(changes)
            if sign in _CONNECTORS and (not optional or self.choose((frame, name, number), 2))
        ]
        return joined(first, added)

    def _reduced(self, made: Made, depth: int) -> Q | Expression:
        """``reduce(operator.or_, [Q(...), ...])``: a list that is not known in full counts once."""
        whole = Expression(Given(made.frame, "reduce"))
        if len(made.args) < 2:
            return whole
        connector = OR if made.args[0].endswith(("or_", "||_)")) or "||" in made.args[0] else AND
        text = made.args[1]
        if text.startswith("[*"):
            inner = self.read(Given(made.frame, text[2:-1]), depth + 1)
            return as_q(inner) if not isinstance(inner, Expression) else whole
        operand = self.operands.read(Given(made.frame, text), self.choose)
        if not isinstance(operand, Items) or not operand.items:
            return whole
        found = joined(Q(), [(as_q(self.read(item, depth + 1)), connector) for item in operand.items])
        return found if operand.complete else combined(found, as_q(whole), connector)


def as_q(condition: Q | Lookup | Expression) -> Q:
    """A condition as a ``Q`` of its own."""
    return condition if isinstance(condition, Q) else Q(AND, (condition,))
