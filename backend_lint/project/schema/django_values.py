"""Values as Django reads them from models and migrations: constants, displays, calls with their arguments, names that are imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string, parse, split
from backend_lint.project.web.values import Place, Values

if TYPE_CHECKING:
    from backend_lint.facts.python import Call
    from backend_lint.project import Project

MAX_DEPTH = 20
_CUT = 200
"""From this length on the reader cuts strings and marks them with dots."""
_SIGNS = ("||", "//", "**", "<<", ">>", "|", "+", "&", "-", "*", "/", "%", "^", "@")
_WORDS = {"True": True, "False": False, "None": None}


class Unknown:
    """A value that is not understood; `text` is what stands there."""

    __slots__ = ("text",)

    def __init__(self, text: str = "?") -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Unknown({self.text!r})"


MISSING: Final = Unknown("")
"""An argument that was not given."""


class Named:
    """A name that was not followed to a constant: a class, a function, something of a library. `name` is dotted."""

    __slots__ = ("name", "ref")

    def __init__(self, name: str, ref: Ref | None = None) -> None:
        self.name = name
        self.ref = ref

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
                return Unknown(self.fact.args[position])
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
            elif isinstance(value, list):
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


class ValueReader:
    """Reads value texts of a project. Names of constants are followed through modules, classes and imports."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.modules = project.modules
        self.resolver = project.resolver
        self.values = Values(project.resolver)
        self._roots: dict[tuple[str, str], str | None] = {}
        self._depth = 0

    def value(self, scope: Scope, text: str) -> Any:
        """The value: ``str``, ``int``, ``float``, ``bool``, ``None``, ``list`` (tuples and sets too), ``dict``, `Made`, `Named`, `Operation`, `Unknown`."""
        if not text:
            return MISSING
        if self._depth > MAX_DEPTH:
            return Unknown(text)
        self._depth += 1
        try:
            return self._value(scope, text)
        finally:
            self._depth -= 1

    def _value(self, scope: Scope, text: str) -> Any:
        sign = text[0]
        if sign == "#" and text[1:].isdigit():
            return self.call(scope, int(text[1:]))
        if text in _WORDS:
            return _WORDS[text]
        if sign in "'\"" or (sign == "r" and text[1:2] in "'\""):
            return self._string(text)
        if sign.isdigit() or (sign == "-" and text[1:2].isdigit()):
            return _number(text)
        if scope.bound is not None and text in scope.bound:
            return scope.bound[text]
        if sign == "[" and text[-1] == "]" and (found := self._list(scope, text)) is not None:
            return found
        if sign == "{":
            return self._dict(scope, text)
        if sign == "(" and text[-1] == ")":
            return self._operation(scope, text)
        if text[:2] in ("f'", 'f"'):
            return self._formatted(scope, text)
        return self._name(scope, text)

    def _string(self, text: str) -> Any:
        found = constant_string(text.removeprefix("r"))
        if found is None:
            return Unknown(text)
        return Unknown(text) if len(found) > _CUT and found.endswith("...") else found

    def _formatted(self, scope: Scope, text: str) -> Any:
        body = text[2:-1]
        out = ""
        while "{" in body:
            before, _, rest = body.partition("{")
            if rest[:1] == "{":
                out, body = out + before + "{", rest[1:]
                continue
            inner, closed, body = rest.partition("}")
            value = self.value(scope, inner)
            if not closed or not isinstance(value, (str, int)):
                return Unknown(text)
            out += before + str(value)
        return (out + body).replace("}}", "}").replace("\\'", "'")

    def _list(self, scope: Scope, text: str) -> list[Any] | None:
        found: list[Any] = []
        for item in split(text[1:-1]):
            if item[0] != "*":
                found.append(Unknown("...") if item == "..." else self.value(scope, item))
                continue
            value = self.value(scope, item[1:])
            if isinstance(value, list) and len(text) > len(item) + 2:
                found += value
            else:
                found.append(Unknown(item))
        return found

    def _dict(self, scope: Scope, text: str) -> Any:
        found: dict[Any, Any] = {}
        for item in split(text[1:-1]):
            if item[:2] == "**":
                inner = self.value(scope, item[2:])
                if not isinstance(inner, dict):
                    return Unknown(text)
                found.update(inner)
                continue
            parts = split(item, ":")
            key = self.value(scope, parts[0])
            if len(parts) < 2 or not isinstance(key, (str, int, float, bool, type(None))):
                return Unknown(text)
            found[key] = self.value(scope, item[len(parts[0]) + 1 :])
        return found

    def _operation(self, scope: Scope, text: str) -> Any:
        if text.startswith("(not "):
            inner = self.value(scope, text[5:-1])
            return (not inner) if isinstance(inner, (bool, int, str, type(None), list)) else Unknown(text)
        if text[1:2] == "~":
            return Operation("~", (self.value(scope, text[2:-1]),))
        operator, left, right = operands(text[1:-1])
        if operator == "|":
            # one of several values; which is not known
            return Unknown(text)
        if not operator:
            return Unknown(text)
        one, other = self.value(scope, left), self.value(scope, right)
        if operator == "+" and isinstance(one, list) and isinstance(other, list):
            return one + other
        if operator == "+" and isinstance(one, str) and isinstance(other, str):
            return one + other
        if operator == "+" and (isinstance(one, list) or isinstance(other, list)):
            return (one if isinstance(one, list) else [Unknown(left)]) + (other if isinstance(other, list) else [Unknown(right)])
        if isinstance(one, (int, float)) and isinstance(other, (int, float)):
            return _arithmetic(operator, one, other, text)
        if operator == "%" and isinstance(one, str):
            return _percent(one, other, text)
        return Operation("|" if operator == "||" else operator, (one, other))

    def call(self, scope: Scope, number: int) -> Any:
        """The result of call `number` of a function; a pure wrapper gives what it wraps."""
        calls = self.modules[scope.path].bodies[scope.function].calls
        if number >= len(calls):
            return Unknown(f"#{number}")
        return Made(self, scope, calls[number])

    # -- names -------------------------------------------------------------------------------------

    def name(self, scope: Scope, text: str) -> Named:
        """What a callee or another dotted text names, without following constants."""
        root = text.partition(".")[0]
        if root[:1] not in "#%([{'\"" and "[" not in text and "(" not in text:
            prefix = self._external(scope.path, root) if not scope.function else None
            if prefix is not None:
                return Named(prefix + text[len(root) :])
            if scope.owner >= 0 and (nested := self._nested(scope, text)) is not None:
                return nested
        ref = self.resolver.value(scope.path, scope.function, text)
        return Named(text if ref is None else ref.name, ref)

    def _external(self, path: str, root: str) -> str | None:
        """The dotted name of what a module imports from outside the project under the name `root`; None for anything else."""
        key = (path, root)
        if key not in self._roots:
            module = self.modules[path]
            kind, number = module.names.get(root, ("", 0))
            found = None
            if kind == "import":
                entry = module.facts.imports[number]
                if not entry.level and self.resolver.index.find(entry.module, path) is None:
                    if entry.member:
                        found = f"{entry.module}.{entry.member}"
                    else:
                        found = entry.module if entry.aliased else entry.module.partition(".")[0]
            self._roots[key] = found
        return self._roots[key]

    def _nested(self, scope: Scope, text: str) -> Named | None:
        module = self.modules[scope.path]
        number = module.definitions[1].get(f"{module.classes[scope.owner].name}.{text}")
        return None if number is None else Named(text, Ref(RefKind.CLASS, module.classes[number].name, scope.path, number))

    def _name(self, scope: Scope, text: str) -> Any:
        parsed = parse(text)
        if parsed is None:
            return Unknown(text)
        if parsed.root[:1] not in "#%([{" and not parsed.steps and scope.owner >= 0:
            members = self.resolver.classes.members(scope.path, scope.owner)[1]
            if text in members and members[text].value and members[text].value != text:
                attribute = members[text]
                return self.value(Scope(scope.path, attribute.function, scope.owner, scope.bound), attribute.value)
        if all(step[0] == "." for step in parsed.steps) and parsed.root[:1] not in "#%([{":
            named = self.name(scope, text)
            if named.ref is None and "." in named.name and self._external(scope.path, parsed.root) is not None:
                return named
            if named.ref is not None and named.ref.kind in (RefKind.CLASS, RefKind.FUNCTION):
                return named
            place = self.values.follow(Place(scope.path, scope.function, text))
            if place.text != text or place.path != scope.path:
                owner = scope.owner if place.path == scope.path else -1
                return self.value(Scope(place.path, place.function, owner), place.text)
            return self._class_attribute(scope, text) or named
        if parsed.root[:1] == "%" and not parsed.steps:
            place = self.values.follow(Place(scope.path, scope.function, text))
            return self.value(Scope(place.path, place.function), place.text) if place.text != text else Unknown(text)
        return self._element(scope, text, parsed.steps)

    def _class_attribute(self, scope: Scope, text: str) -> Any:
        """``Status.OPEN`` where `Status` is a class inside the class that is read."""
        head, _, last = text.rpartition(".")
        if not head or scope.owner < 0:
            return None
        nested = self._nested(scope, head)
        if nested is None or nested.ref is None:
            return None
        members = self.resolver.classes.members(nested.ref.path, nested.ref.index)[1]
        if last in members:
            value = self.value(Scope(nested.ref.path, members[last].function, nested.ref.index), members[last].value)
            return value[0] if isinstance(value, list) and value else value
        return Named(text)

    def _element(self, scope: Scope, text: str, steps: tuple[str, ...]) -> Any:
        if not steps or steps[-1][0] != "[":
            return Unknown(text)
        base = self.value(scope, text[: -len(steps[-1])])
        key = self.value(scope, steps[-1][1:-1]) if len(steps[-1]) > 2 else None
        if isinstance(base, dict) and isinstance(key, (str, int)) and key in base:
            return base[key]
        if isinstance(base, list) and isinstance(key, int) and -len(base) <= key < len(base):
            return base[key]
        return Unknown(text)


def operands(text: str) -> tuple[str, str, str]:
    """Operator and both sides of a binary operation without its brackets; empty if it is none.

    >>> operands("#1||(~#2)")
    ('||', '#1', '(~#2)')
    """
    for sign in _SIGNS:
        if sign not in text:
            continue
        first = sign[0]
        parts = split(text, first)
        if len(parts) < 2:
            continue
        # a sign at the very start belongs to the number behind it
        left = parts[0] if parts[0] else first + parts[1]
        rest = text[len(left) :]
        if rest.startswith(sign) and len(rest) > len(sign) and left:
            return sign, left, rest[len(sign) :]
    return "", "", ""


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return Unknown(text)


def _arithmetic(operator: str, left: float, right: float, text: str) -> Any:
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    if operator == "**" and isinstance(right, int) and abs(left) <= 100 and 0 <= right <= 100:
        return left**right
    if operator == "//" and right:
        return left // right
    return Unknown(text)


def _percent(template: str, value: Any, text: str) -> Any:
    if not isinstance(value, (str, int)) or template.count("%") != 1 or not ("%s" in template or "%d" in template):
        return Unknown(text)
    return template.replace("%s", str(value)).replace("%d", str(value))
