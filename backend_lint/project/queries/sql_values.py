"""Strings that code puts together: every text that a value may be, with `HOLE` for what is known only at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.duration import digits
from backend_lint.lazy_regex import lazy_regex
from backend_lint.placeholders import FIELD, PERCENT
from backend_lint.project.queries.sql_place import END, Place
from backend_lint.project.queries.sql_templates import Texts, end_of_string, f_string, keyword, product, unique
from backend_lint.project.queries.sqlalchemy_text import operation
from backend_lint.project.value_text import alternatives, constant_string, parse, split
from backend_lint.sql.parameters import CUT, HOLE, LIST

if TYPE_CHECKING:
    from backend_lint.facts.python import Call
    from backend_lint.project import Project
    from backend_lint.project.queries.sql_flow import Flow

_MAX_DEPTH = 12
_CUT = 200
"""The reader cuts strings that do not begin as a statement does after so many characters, and writes ``...`` behind them."""
_KEEPS = frozenset("strip lstrip rstrip lower upper encode".split())
_PASSES = frozenset(
    {
        "textwrap.dedent",
        "inspect.cleandoc",
        "sqlalchemy.text",
        "sqlalchemy.sql.text",
        "sqlalchemy.sql.expression.text",
        "sqlalchemy.DDL",
        "sqlalchemy.schema.DDL",
        "sqlmodel.text",
        "psycopg2.sql.SQL",
        "psycopg.sql.SQL",
        "typing.cast",
        "django.utils.safestring.mark_safe",
        "sqlparse.format",
    }
)
_NAMES = frozenset({"psycopg2.sql.Identifier", "psycopg.sql.Identifier"})
_PARAMETERS = frozenset({"psycopg2.sql.Placeholder", "psycopg.sql.Placeholder", "psycopg2.sql.Literal", "psycopg.sql.Literal"})
_PLACEHOLDER = lazy_regex(r"\s*(?:%s|\?|:\w+|\$\d+|%\(\w+\)s|\$|@\w+)\s*\Z")


class Strings:
    """Evaluates values of functions. One for a run."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._depth = 0
        self._flows: dict[tuple[str, int], Flow] = {}
        self._named: dict[tuple[str, str], Texts] = {}

    def flow(self, path: str, function: int) -> Flow:
        """How the locals of a function get their values."""
        key = (path, function)
        if key not in self._flows:
            from backend_lint.project.queries.sql_flow import Flow

            self._flows[key] = Flow(self, path, function)
        return self._flows[key]

    def texts(self, path: str, function: int, value: str, at: Place = END) -> Texts:
        """What a value may be at a place in the function; nothing if it is no string that is known."""
        if self._depth > _MAX_DEPTH:
            return ()
        self._depth += 1
        try:
            return unique(self._texts(path, function, value, at))
        finally:
            self._depth -= 1

    def part(self, path: str, function: int, value: str, at: Place) -> Texts:
        """A part of a longer text: a hole if it is not known."""
        return self.texts(path, function, value, at) or (HOLE,)

    def _texts(self, path: str, function: int, value: str, at: Place) -> Texts:
        sign = value[:1]
        if not sign:
            return ()  # ``str()``
        if sign in "'\"":
            return self._constant(path, function, value, at)
        if value[:2] == "f'":
            return self._interpolated(path, function, value, at)
        if sign == "%":
            return self._local(path, function, value, at)
        if sign == "(":
            return self._operation(path, function, value, at)
        if sign == "#":
            return self._result(path, function, value, at)
        if value[:1].isdigit() or (sign == "-" and value[1:2].isdigit()):
            return (value,)
        if value.startswith("str("):
            return self.texts(path, function, value[4:-1], at)
        return self._name(path, function, value)

    # -- constants --------------------------------------------------------------------------------

    def _constant(self, path: str, function: int, value: str, at: Place) -> Texts:
        parsed_end = end_of_string(value)
        if parsed_end < len(value):
            return self._method(path, function, value[:parsed_end], value[parsed_end:], at)
        text = constant_string(value)
        if text is None:
            return ()
        if len(text) == _CUT + 3 and text.endswith("..."):
            return (text[:-3] + CUT,)
        return (text,)

    def _interpolated(self, path: str, function: int, value: str, at: Place) -> Texts:
        pieces, end = f_string(value)
        if end < len(value):
            return self._method(path, function, value[:end], value[end:], at)
        found: Texts = ("",)
        for is_value, piece in pieces:
            if not is_value:
                found = tuple(text + piece for text in found)
            else:
                found = product(found, self.part(path, function, piece, at))
        return found

    def _method(self, path: str, function: int, subject: str, rest: str, at: Place) -> Texts:
        """``'...'.format(...)``, ``', '.join(...)`` and their like on a constant."""
        method, bracket, arguments = rest[1:].partition("(")
        if rest[:1] != "." or not bracket or not arguments.endswith(")"):
            return ()
        given = split(arguments[:-1])
        if method == "join" and len(given) == 1:
            return tuple(joined for one in self.texts(path, function, subject, at) for joined in self.joined(path, function, one, given[0], at))
        subjects = self.texts(path, function, subject, at)
        return self.applied(path, function, subjects, method, given, at)

    def applied(self, path: str, function: int, subjects: Texts, method: str, given: list[str], at: Place) -> Texts:
        """What a method of strings gives."""
        if method == "format":
            keywords = {name: one for name, sign, one in (keyword(text) for text in given) if sign}
            positional = [text for text in given if not keyword(text)[1]]
            return unique(found for text in subjects for found in self._formatted(path, function, text, positional, keywords, at))
        if method in _KEEPS:
            return subjects
        if method == "replace" and len(given) >= 2:
            old, new = constant_string(given[0]), constant_string(given[1])
            return tuple(text.replace(old, HOLE if new is None else new) for text in subjects) if old else ()
        return ()

    def joined(self, path: str, function: int, separator: str, value: str, at: Place) -> Texts:
        """``separator.join(value)``."""
        if value[:2] in ("[*", "(*") or value.startswith(("([", "[")):
            return self._joined_display(path, function, separator, value, at)
        if value[:1] == "%":
            return self.flow(path, function).joined(value, separator, at)
        return (LIST if separator.strip() == "," and "%s" in value else HOLE,)

    def _joined_display(self, path: str, function: int, separator: str, value: str, at: Place) -> Texts:
        repeated = operation(value)
        if repeated is not None and repeated.operator in ("*", "+"):
            inside = constant_string(repeated.left.strip("[]*")) or ""
            return (LIST if _PLACEHOLDER.match(inside) and separator.strip() == "," else HOLE,)
        items = split(value[1:-1])
        if len(items) == 1 and items[0].startswith("*"):
            texts = self.texts(path, function, items[0][1:], at)
            return (LIST if separator.strip() == "," and len(texts) == 1 and _PLACEHOLDER.match(texts[0].replace(HOLE, "1")) else HOLE,)
        if any(item == "..." or item.startswith("*") for item in items):
            return (HOLE,)
        return self.join_items(separator, [self.part(path, function, item, at) for item in items])

    @staticmethod
    def join_items(separator: str, items: list[Texts]) -> Texts:
        """All ways to join items that may each be one of several texts."""
        found: Texts = ("",)
        for number, item in enumerate(items):
            found = product(found, tuple((separator if number else "") + one for one in item))
        return found

    def _formatted(self, path: str, function: int, text: str, positional: list[str], keywords: dict[str, str], at: Place) -> Texts:
        found: Texts = ("",)
        last = number = 0
        for match in FIELD.finditer(text):
            before = text[last : match.start()]
            last = match.end()
            if match.group() in ("{{", "}}"):
                found = tuple(one + before + match.group()[0] for one in found)
                continue
            name = (match.group(1) or "").partition(".")[0].partition("[")[0]
            if not name:
                name, number = str(number), number + 1
            place = digits(name)
            value = keywords.get(name) if place is None else positional[place] if place < len(positional) else None
            plain = match.group(1) in (name, "") or (match.group(1) or "").isdigit()
            part = self.part(path, function, value, at) if value is not None and plain and not value.startswith("*") else (HOLE,)
            found = product(tuple(one + before for one in found), part)
        return tuple(one + text[last:] for one in found)

    # -- operations -------------------------------------------------------------------------------

    def _operation(self, path: str, function: int, value: str, at: Place) -> Texts:
        options = alternatives(value)
        if len(options) > 1:
            locals_ = [option for option in options if option[:1] == "%" and "." not in option and self.flow(path, function).grows(option)]
            if locals_:
                return self.texts(path, function, locals_[0], at)
            return tuple(text for option in options if option != "None" for text in self.part(path, function, option, at))
        found = operation(value)
        if found is None:
            return self.texts(path, function, value[1:-1], at) if value.endswith(")") else ()
        if found.operator == "+":
            left, right = self.texts(path, function, found.left, at), self.texts(path, function, found.right, at)
            return product(left or (HOLE,), right or (HOLE,)) if left or right else ()
        if found.operator == "%":
            subjects = self.texts(path, function, found.left, at)
            return unique(text for one in subjects for text in self._percent(path, function, one, found.right, at))
        if found.operator == "*":
            return ()
        return ()

    def _percent(self, path: str, function: int, text: str, right: str, at: Place) -> Texts:
        keywords: dict[str, str] = {}
        items: list[str] = [right]
        if right[:1] == "[":
            items = split(right[1:-1])
        elif right[:1] == "{":
            keywords = {key[1:-1]: one for key, sign, one in (item.partition(":") for item in split(right[1:-1])) if sign and key[:1] == "'"}
        found: Texts = ("",)
        last = number = 0
        for match in PERCENT.finditer(text):
            before = text[last : match.start()]
            last = match.end()
            if match.group() == "%%":
                found = tuple(one + before + "%" for one in found)
                continue
            name = match.group(1)
            value = keywords.get(name) if name else items[number] if number < len(items) else None
            number += not name
            part = self.part(path, function, value, at) if value is not None and not value.startswith("*") else (HOLE,)
            found = product(tuple(one + before for one in found), part)
        return tuple(one + text[last:] for one in found)

    # -- names ------------------------------------------------------------------------------------

    def _local(self, path: str, function: int, value: str, at: Place) -> Texts:
        parsed = parse(value)
        if parsed is None:
            return ()
        if not parsed.steps:
            return self.flow(path, function).texts(value, at)
        if len(parsed.steps) == 1 and parsed.steps[0][:1] == ".":
            return self._attribute(path, function, parsed.root, parsed.steps[0][1:])
        return ()

    def _attribute(self, path: str, function: int, owner: str, name: str) -> Texts:
        """A constant that a class holds: ``self.QUERY``, ``Queries.BY_EMAIL``."""
        ref = self.project.value(path, function, owner)
        if ref is None or ref.is_external:
            return ()
        if ref.path and ref.name and ref.kind.name == "MODULE":
            return self._of_module(ref.path, name)
        if ref.kind.name not in ("CLASS", "INSTANCE"):
            return ()
        held = self.project.resolver.classes.find(ref, name)
        if held is None or isinstance(held[1], int):
            return ()
        where, attribute = held[0], held[1]
        same = [one for one in self.project.resolver.class_at(where).attributes if one.name == name]
        return self.texts(where.path, attribute.function, attribute.value) if len(same) == 1 and attribute.value else ()

    def _name(self, path: str, function: int, value: str) -> Texts:
        head, _, rest = value.partition(".")
        if not head.isidentifier():
            return ()
        if not rest:
            return self._of_module(path, value, function)
        return self._attribute(path, function, head, rest) if rest.isidentifier() else ()

    def _of_module(self, path: str, name: str, function: int = 0) -> Texts:
        """A constant of a module, through imports."""
        key = (path, name)
        if key in self._named:
            return self._named[key]
        self._named[key] = ()
        module = self.project.modules.get(path)
        found: Texts = ()
        if module is not None:
            kind, number = module.names.get(name, ("", 0))
            if kind == "assign":
                found = self.flow(path, 0).texts(name, END)
            elif kind == "import" or not kind:
                imported = module.facts.imports[number] if kind else next((one for one in module.imports_in(function) if one.name == name), None)
                if imported is not None and imported.member and imported.member != "*":
                    index = self.project.resolver.index
                    target = index.relative(path, imported.level, imported.module) if imported.level else index.find(imported.module, path)
                    found = self._of_module(target, imported.member) if target is not None and target != path else ()
        self._named[key] = found
        return found

    # -- results of calls -------------------------------------------------------------------------

    def _result(self, path: str, function: int, value: str, at: Place) -> Texts:
        parsed = parse(value)
        if parsed is None or parsed.steps or not parsed.root[1:].isdigit():
            return ()
        number = int(parsed.root[1:])
        calls = self.project.modules[path].bodies[function].calls
        return self.called(path, function, calls[number], number, at) if number < len(calls) else ()

    def called(self, path: str, function: int, call: Call, number: int, at: Place) -> Texts:
        """The text that a call gives."""
        callee = call.callee
        owner, _, method = callee.rpartition(".")
        target = self.project.value(path, function, callee)
        name = target.name if target is not None and target.is_external else ""
        if name in _PASSES and call.args:
            return self.texts(path, function, call.args[0], at)
        if name in _NAMES:
            known = [constant_string(one) for one in call.args]
            return (".".join('"' + one + '"' for one in known if one),) if known and all(known) else (HOLE,)
        if name in _PARAMETERS:
            return ("%s",)
        if owner and method in ("format", "join", "replace", *_KEEPS):
            return self._on_string(path, function, owner, method, call, at)
        if owner and method in ("bindparams", "columns", "execution_options", "as_string"):
            return self.texts(path, function, owner, at)
        if target is not None and target.kind.name == "FUNCTION":
            return self._returned(target.path, target.index)
        return ()

    def _on_string(self, path: str, function: int, owner: str, method: str, call: Call, at: Place) -> Texts:
        subjects = self.texts(path, function, owner, at)
        if not subjects:
            return ()
        if method == "join":
            return tuple(text for one in subjects for text in self.joined(path, function, one, call.args[0], at)) if call.args else ()
        given = [*call.args, *(f"{name}={one}" for name, one in call.keywords)]
        return self.applied(path, function, subjects, method, given, at)

    def _returned(self, path: str, function: int) -> Texts:
        """What a small function of the project returns; its parameters are holes."""
        returns = self.project.modules[path].bodies[function].returns
        found = [self.texts(path, function, one.value) for one in returns if one.value and one.value != "None"]
        return unique(text for texts in found for text in texts) if found and all(found) and len(found) <= 4 else ()
