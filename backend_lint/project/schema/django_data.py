"""What Django's models and migrations are written with: unknown values, names, operations and calls with their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from backend_lint.project.references import Ref

if TYPE_CHECKING:
    from backend_lint.facts.python import Call
    from backend_lint.project.schema.django_values import ValueReader


class Unknown:
    """A value that is not understood; `text` is what stands there."""

    __slots__ = ("text",)

    def __init__(self, text: str = "?") -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Unknown({self.text!r})"


MISSING: Final = Unknown("")
"""An argument that was not given."""


class Doubt(Unknown):
    """Stands in a list whose items depend on something that is not known; `text` says on what."""


class Named:
    """A name that was not followed to a constant: a class, a function, something of a library. `name` is dotted. `bound`: what a nested function sees."""

    __slots__ = ("bound", "name", "ref")

    def __init__(self, name: str, ref: Ref | None = None, bound: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.ref = ref
        self.bound = bound

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]

    def __repr__(self) -> str:
        return f"Named({self.name!r})"


class Operation:
    """An operation that is no sum of constants: ``Q() | Q()``, ``~Q()``, ``F("a") + 1``. `operator` is ``|``, ``&``, ``^``, ``~``, ``+`` ..."""

    __slots__ = ("operator", "parts")

    def __init__(self, operator: str, parts: tuple[Any, ...]) -> None:
        self.operator = operator
        self.parts = parts

    def __repr__(self) -> str:
        return f"Operation({self.operator!r}, {self.parts!r})"


class Scope:
    """Where a text is read: module, function, and the class whose names are seen (-1 for none). `bound`: what names stand for in an unrolled loop."""

    __slots__ = ("bound", "function", "owner", "path")

    def __init__(self, path: str, function: int = 0, owner: int = -1, bound: Mapping[str, Any] | None = None) -> None:
        self.path = path
        self.function = function
        self.owner = owner
        self.bound = bound


class Made:
    """The result of a call. `name` is the dotted name of the callee, `ref` what it refers to; arguments are read when they are asked for."""

    __slots__ = ("_named", "fact", "reader", "scope")

    def __init__(self, reader: ValueReader, scope: Scope, fact: Call) -> None:
        self.reader = reader
        self.scope = scope
        self.fact = fact
        self._named: Named | None = None

    @property
    def named(self) -> Named:
        if self._named is None:
            self._named = self.reader.name(self.scope, self.fact.callee)
        return self._named

    @property
    def name(self) -> str:
        return self.named.name

    @property
    def last(self) -> str:
        """The last part of the callee's name."""
        return self.fact.callee.rpartition(".")[2] if self.fact.callee[:1] in "#(" else self.named.last

    @property
    def ref(self) -> Ref | None:
        return self.named.ref

    @property
    def line(self) -> int:
        return self.fact.line

    @property
    def receiver(self) -> Any:
        """The value whose method is called; `MISSING` for a call of a name."""
        base = self.fact.callee.rpartition(".")[0]
        return self.reader.value(self.scope, base) if base else MISSING

    def has(self, name: str) -> bool:
        """The keyword is given, or something is unpacked that may hold it."""
        return any(key in (name, "**") for key, _ in self.fact.keywords)

    def get(self, name: str, position: int = -1) -> Any:
        """An argument by keyword or position; `MISSING` if it is not given, `Unknown` if it may hide in something unpacked."""
        unpacked: Unknown = MISSING
        for key, text in self.fact.keywords:
            if key == name:
                return self.reader.value(self.scope, text)
            if key == "**":
                found = self.reader.value(self.scope, text)
                if not isinstance(found, dict):
                    unpacked = Unknown(text)
                elif name in found:
                    return found[name]
        if 0 <= position < len(self.fact.args):
            if any(text[0] == "*" for text in self.fact.args[: position + 1]):
                args = self.args
                return args[position] if not any(isinstance(one, Unknown) for one in args[: position + 1]) else Unknown(self.fact.args[position])
            return self.reader.value(self.scope, self.fact.args[position])
        return unpacked

    @property
    def args(self) -> list[Any]:
        """All arguments without a name; an unpacked one that is not known is `Unknown`."""
        found: list[Any] = []
        for text in self.fact.args:
            value = self.reader.value(self.scope, text.lstrip("*"))
            if text[0] != "*":
                found.append(value)
                continue
            value = self.reader.through(value)
            if isinstance(value, list):
                found += value
            else:
                found.append(Unknown(text))
        return found

    @property
    def keywords(self) -> dict[str, Any]:
        """All arguments with a name; ``**`` stands for what was unpacked and is not known."""
        found: dict[str, Any] = {}
        for key, text in self.fact.keywords:
            value = self.reader.value(self.scope, text)
            if key != "**":
                found[key] = value
            elif isinstance(value, dict):
                found.update(value)
            else:
                found["**"] = Unknown(text)
        return found

    def __repr__(self) -> str:
        return f"Made({self.fact.callee}, {self.fact.args}, {self.fact.keywords})"
