"""Values as Django reads them from models and migrations: constants, displays, calls with their arguments, names that are imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from backend_lint.facts.python import BlockKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.django_data import MISSING, Doubt, Made, Named, Operation, Scope, Unknown
from backend_lint.project.schema.django_results import MAX_DEPTH, Results
from backend_lint.project.value_text import alternatives, call_ids, constant_string, parse, split
from backend_lint.project.web.values import Place, Values

if TYPE_CHECKING:
    from backend_lint.project import Project

__all__ = ["MISSING", "Doubt", "Made", "Named", "Operation", "Scope", "Unknown", "ValueReader"]

_CUT = 200
"""From this length on the reader cuts strings and marks them with dots."""
MAX_VISITS = 20_000
"""Values read for one: names that stand for each other twice grow without bound."""
_IMPORTED = "django.utils.module_loading.import_string()"
_SIGNS = ("==", "!=", "||", "//", "**", "<<", ">>", "|", "+", "&", "-", "*", "/", "%", "^", "@")
_HOLE = lazy_regex(r"%[sd]")
_WORDS = {"True": True, "False": False, "None": None}


class ValueReader(Results):
    """Reads value texts of a project. Names of constants are followed through modules, classes and imports.

    `setting`: the value of one of Django's settings. `vendor`: what ``connection.vendor`` is.
    """

    def __init__(self, project: Project) -> None:
        self.modules = project.modules
        self.resolver = project.resolver
        self.values = Values(project.resolver)
        self.setting: Callable[[str], Any] = lambda name: None
        self.vendor = "postgresql"
        self._roots: dict[tuple[str, str], str | None] = {}
        self._depth = 0
        self._visits = 0

    def value(self, scope: Scope, text: str) -> Any:
        """The value: ``str``, ``int``, ``float``, ``bool``, ``None``, ``list`` (tuples and sets too), ``dict``, `Made`, `Named`, `Operation`, `Unknown`."""
        if not text:
            return MISSING
        if not self._depth:
            self._visits = 0
        self._visits += 1
        if self._depth > MAX_DEPTH or self._visits > MAX_VISITS:
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
        if sign in "'\"" or (sign in "rb" and text[1:2] in "'\""):
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
        found = constant_string(text.removeprefix("r").removeprefix("b"))  # bytes are what makemigrations of Python 2 wrote
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
            if len(text) == len(item) + 2 and (made := self._comprehension(scope, item[1:])) is not None:
                return made
            value = self.through(self.value(scope, item[1:]))
            found += value if isinstance(value, list) else [Unknown(item)]
        return found

    def _comprehension(self, scope: Scope, text: str) -> list[Any] | None:
        """The items of a comprehension over constants; None if the text is none."""
        body = self.modules[scope.path].bodies[scope.function]
        numbers = call_ids(text)
        if not numbers or numbers[-1] >= len(body.calls):
            return None
        block = body.calls[numbers[-1]].block
        if body.blocks[block].kind is not BlockKind.COMPREHENSION:
            return None
        bounds = self.loops(scope, block, inner=True)
        if bounds is None:
            return [Unknown(text)]
        return [self.value(Scope(scope.path, scope.function, scope.owner, bound), text) for bound in bounds]

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
        if " and " in text and len(parts := conjuncts(text[1:-1])) > 1:
            truths = [self.value(scope, part) for part in parts]
            if any(one is False for one in truths):
                return False
            return True if all(one is True for one in truths) else Unknown(text)
        operator, left, right = operands(text[1:-1])
        if operator == "|":
            return self._alternative(scope, text)
        if not operator:
            return Unknown(text)
        one, other = self.value(scope, left), self.value(scope, right)
        if operator in ("==", "!="):
            constants = (str, int, type(None))
            return (one == other) is (operator == "==") if isinstance(one, constants) and isinstance(other, constants) else Unknown(text)
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

    def _alternative(self, scope: Scope, text: str) -> Any:
        """One of several values of a local: that whose assignment is reached, if one is left."""
        assigns = [one for one in self.modules[scope.path].bodies[scope.function].assigns if one.block]
        left = [one for one in alternatives(text) if not any(made.value == one and self.holds(scope, made.block) is False for made in assigns)]
        return self.value(scope, left[0]) if len(left) == 1 else Unknown(text)

    def call(self, scope: Scope, number: int) -> Any:
        """The result of call `number` of a function; a pure wrapper gives what it wraps."""
        calls = self.modules[scope.path].bodies[scope.function].calls
        if number >= len(calls):
            return Unknown(f"#{number}")
        return Made(self, scope, calls[number])

    # -- names -------------------------------------------------------------------------------------

    def name(self, scope: Scope, text: str) -> Named:
        """What a callee or another dotted text names, without following constants."""
        if text.endswith("]") and (plain := text.partition("[")[0]):
            text = plain  # ``ForeignKey[User, User]``: for type checkers
        root = text.partition(".")[0]
        if root[:1] not in "#%([{'\"" and "[" not in text and "(" not in text:
            prefix = self._external(scope.path, root) if not scope.function else None
            if prefix is not None:
                return Named(prefix + text[len(root) :])
            if scope.owner >= 0 and (nested := self._nested(scope, text)) is not None:
                return nested
        ref = self.resolver.value(scope.path, scope.function, text)
        if ref is not None and ref.name == _IMPORTED and ref.origin is not None:
            return self._imported_string(Scope(ref.origin.path, ref.origin.function), ref.origin.call, ref)
        return Named(text if ref is None else ref.name, ref)

    def _imported_string(self, scope: Scope, call: int, ref: Ref) -> Named:
        """``import_string("django.db.models.AutoField")``."""
        dotted = self.call(scope, call).get("dotted_path", 0)
        if not isinstance(dotted, str):
            return Named(ref.name, ref)
        inner = self.values.dotted(dotted, scope.path)
        return Named(dotted if inner is None else inner.name, inner)

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
        if parsed.steps and parsed.steps[-1] == ".vendor":
            return self.vendor
        if parsed.root in ("set", "list", "tuple", "frozenset", "sorted", "dict") and parsed.steps and parsed.steps[0][0] == "(":
            return self._builtin(scope, text, parsed.root, parsed.steps)
        if parsed.root[:1] not in "#%([{" and not parsed.steps and scope.owner >= 0:
            members = self.resolver.classes.members(scope.path, scope.owner)[1]
            if text in members and members[text].value and members[text].value != text:
                attribute = members[text]
                return self.value(Scope(scope.path, attribute.function, scope.owner, scope.bound), attribute.value)
        if all(step[0] == "." for step in parsed.steps) and parsed.root[:1] not in "#%([{":
            named = self.name(scope, text)
            if named.ref is None and "." in named.name and self._external(scope.path, parsed.root) is not None:
                if named.name.startswith("django.conf.settings.") and named.last != "AUTH_USER_MODEL":
                    value = self.setting(named.last)
                    return named if value is None else value
                return named
            if named.ref is not None and named.ref.kind in (RefKind.CLASS, RefKind.FUNCTION):
                return named
            place = self.values.follow(Place(scope.path, scope.function, text))
            if place.text != text or place.path != scope.path:
                owner = scope.owner if place.path == scope.path else -1
                return self.value(Scope(place.path, place.function, owner), place.text)
            return self._class_attribute(scope, text) or named
        if parsed.root[:1] == "%" and not parsed.steps:
            return self.local(scope, text)
        return self._element(scope, text, parsed.steps)

    def _builtin(self, scope: Scope, text: str, name: str, steps: tuple[str, ...]) -> Any:
        """``set()``, ``list(x)``, ``tuple(x)`` and ``dict(a=1)``."""
        parts = split(steps[0][1:-1])
        if len(steps) > 1 or len(parts) > 1 or (parts and "=" in parts[0].partition("(")[0]):
            return Unknown(text)
        if not parts:
            return {} if name == "dict" else []
        value = self.through(self.value(scope, parts[0].removeprefix("*") if parts[0].startswith("*#") else parts[0]))
        return value if isinstance(value, dict if name == "dict" else list) else Unknown(text)

    def _class_attribute(self, scope: Scope, text: str) -> Any:
        """``Status.OPEN`` where `Status` is a class inside the class that is read."""
        head, _, last = text.rpartition(".")
        if not head:
            return None
        nested = self._nested(scope, head) if scope.owner >= 0 else None
        if nested is None and head.endswith(".Meta"):
            nested = self._options_of(scope, head, last)
        if nested is None or nested.ref is None:
            return None
        members = self.resolver.classes.members(nested.ref.path, nested.ref.index)[1]
        if last in members:
            value = self.value(Scope(nested.ref.path, members[last].function, nested.ref.index), members[last].value)
            return value[0] if isinstance(value, list) and value and not head.endswith(".Meta") else value  # of a choice, what is stored
        return Named(text)

    def _options_of(self, scope: Scope, text: str, name: str, depth: int = 0) -> Named | None:
        """The class ``Base.Meta`` that says `name`: of the base itself, of the next class above it that has one, or what that one derives from."""
        ref = self.resolver.value(scope.path, scope.function, text.removesuffix(".Meta"))
        if ref is None or ref.kind is not RefKind.CLASS or depth > MAX_DEPTH:
            return None
        for base in self.resolver.classes.ancestors(ref.path, ref.index):
            module = self.modules[base.path] if base.kind is RefKind.CLASS else None
            number = module.definitions[1].get(f"{module.classes[base.index].name}.Meta") if module is not None else None
            if module is None or number is None:
                continue
            fact = module.classes[number]
            if any(one.name == name for one in fact.attributes):
                return Named(text, Ref(RefKind.CLASS, "Meta", base.path, number))
            above = (self._options_of(Scope(base.path, fact.scope), one, name, depth + 1) for one in fact.bases if one.endswith(".Meta"))
            return next((one for one in above if one is not None), None)
        return None

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


def conjuncts(text: str) -> list[str]:
    """The parts of ``a and b and c`` without its brackets.

    >>> conjuncts("(x and y) and 'a and b'")
    ['(x and y)', "'a and b'"]
    """
    parts: list[str] = []
    for word in split(text, " "):
        if not parts or word == "and":
            parts.append("")
        if word != "and":
            parts[-1] = f"{parts[-1]} {word}".strip()
    return parts


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
    values = value if isinstance(value, list) else [value]
    parts = _HOLE.split(template)
    if not all(isinstance(one, (str, int)) for one in values) or len(parts) != len(values) + 1 or "%" in "".join(parts).replace("%%", ""):
        return Unknown(text)
    return "".join(part.replace("%%", "%") + str(one) for part, one in zip(parts, [*values, ""], strict=True))
