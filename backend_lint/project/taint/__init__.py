"""Values from outside, followed to where they do harm: through locals, containers, calls and callers."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call, Use
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.environments import for_development, is_pretended
from backend_lint.project.queries.sqlalchemy_text import operation
from backend_lint.project.taint.arriving import arriving
from backend_lint.project.taint.flows import Flows, Mode, Step, Trail
from backend_lint.project.taint.library import BY_METHOD, LAST_NAMES, PROGRAMS, RUNNERS, SHELLS, SINKS, UNSAFE_LOADERS, YAML, Danger, Sink
from backend_lint.project.taint.open_values import OpenValues
from backend_lint.project.taint.programs import decisive
from backend_lint.project.taint.stores import store_sinks
from backend_lint.project.taint.values import parts, pieces
from backend_lint.project.value_text import alternatives, constant_string, split

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project, Ref
    from backend_lint.project.taint.statements import Built

__all__ = ["Arrival", "Danger", "Flows", "Mode", "Step", "Taint", "Trail"]


_IMPORTS = ("__import__().", "importlib.import_module().", "import_module().")
_WORD = lazy_regex(r"[A-Za-z<]")


class Place(NamedTuple):
    """A dangerous call: its argument `value`, and the dotted name of what is called."""

    danger: Danger
    key: FunctionKey
    call: Call
    name: str
    value: str


class Arrival(NamedTuple):
    """A value from outside at a dangerous call."""

    danger: Danger
    key: FunctionKey
    call: Call
    name: str
    trail: Trail
    value: str = ""


class Taint:
    """Answers what arrives where. Everything is followed once, when somebody first asks."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.flows = Flows(project)
        self.open_values = OpenValues(project, self.flows)
        self._methods = {**BY_METHOD, **store_sinks(project.imported)}
        self._arrivals: dict[Place, Arrival | None] | None = None

    def arrivals(self, *dangers: Danger) -> Iterator[Arrival]:
        """Values from outside at calls of libraries that are dangerous with them, in order of path and line."""
        return (found for found in self._places().values() if found is not None and found.danger in dangers)

    def others(self) -> Iterator[Place]:
        """Dangerous calls that no value from outside is known to reach, in order of path and line."""
        return (place for place, found in self._places().items() if found is None)

    @functools.cached_property
    def statements(self) -> tuple[Built, ...]:
        """SQL with values in it, in order of path and line."""
        from backend_lint.project.taint.statements import Statements

        return tuple(Statements(self._project).built())

    def _places(self) -> dict[Place, Arrival | None]:
        if self._arrivals is None:
            self._arrivals = {}
            for place in (*self._found(), *self._pages(), *self._members()):
                trail = arriving(self.flows, place.key, place.value, place.danger)
                self._arrivals[place] = Arrival(*place[:4], trail, place.value) if trail is not None else None
        return self._arrivals

    def _found(self) -> Iterator[Place]:
        for module, function, _, call in self._project.named_calls.calls(*LAST_NAMES, *self._methods, *self._other_names()):
            if module.role is Role.APPLICATION and not for_development(module.path) and not is_pretended(module.functions[function].name):
                yield from self._at(module.path, function, _run(call, call.callee.rpartition(".")[2]))

    def _other_names(self) -> set[str]:
        """The names that imports and module level give to dangerous functions: ``from pickle import loads as read``, ``run = subprocess.run``."""
        renamed = self._project.named_calls.renamed
        found = {name for member in (*SINKS, *PROGRAMS) for name in renamed.get(member, ())}
        for module in self._project.modules.values():
            bound = (one for one in module.bodies[0].assigns if "." in one.value and one.value.rpartition(".")[2] in LAST_NAMES)
            found.update(one.target for one in bound if one.target.isidentifier())
        return found

    def _at(self, path: str, function: int, call: Call) -> Iterator[Place]:
        if not call.args and not call.keywords and "." not in call.callee:
            return
        ref = self._project.value(path, function, call.callee)
        if ref is not None and not ref.is_external:
            return
        name = self._imported((path, function), call, ref) or (ref.name if ref is not None else _unresolved(call))
        sink = self._sink(name, call)
        if sink is None or (sink.danger is Danger.XML and not self._resolves_entities((path, function), call)):
            return
        if name in YAML and not makes_objects(self._project, (path, function), call):
            return
        danger, value = self._decisive((path, function), sink, call) if sink.programs else (sink.danger, _value(sink, call))
        if sink.danger is Danger.NOSQL and value[:1] != "{" and call.callee.endswith(".find"):
            return  # strings have such a method as well
        if sink.programs and self._begins_with_program((path, function), value):
            return
        if sink.strings and not (value[:2] == "f'" or value[:1] in "'\"("):
            return  # a list, perhaps
        if (sink.whole and (value[:1] in "{[" or len(pieces(value)) > 1)) or (sink.markup and not _is_composed(value)):
            return
        if value and parts(value) != ():
            yield Place(danger, (path, function), call, name, value)

    def _sink(self, name: str, call: Call) -> Sink | None:
        for sink in (SINKS.get(name), PROGRAMS.get(name)):
            if sink is not None and _is_armed(sink, call):
                return sink
        return self._methods.get(call.callee.rpartition(".")[2]) if "." in call.callee else None

    def _resolves_entities(self, key: FunctionKey, call: Call) -> bool:
        """Whether XML is parsed without a parser of the code's own, or with one that is told to resolve entities."""
        parser = parser_of(call)
        number = parser[1:]
        calls = self._project.modules[key[0]].bodies[key[1]].calls
        if parser[:1] != "#" or not number.isdigit() or int(number) >= len(calls):
            return not parser
        return dict(calls[int(number)].keywords).get("resolve_entities") == "True"

    def _decisive(self, key: FunctionKey, sink: Sink, call: Call) -> tuple[Danger, str]:
        """What decides which program runs, or what a shell or an interpreter is told."""
        first = _first(sink, call)
        if first[:1] == "(" and (named := _named(list(_beginnings(first)))):
            return Danger.PROGRAM, named
        danger, value = decisive(call, first, call.args[sink.position + 1 :])
        return danger, self._started(key, value)

    def _started(self, key: FunctionKey, value: str) -> str:
        """The program that a local list of arguments begins with, if every list that it may be begins with a value; otherwise the local itself."""
        if value[:1] == "*":
            value = value[1:]
            if value[:1] in ("(", "["):
                return _named(list(_beginnings(value))) or value
        given = [one.value for one in self._project.modules[key[0]].assigns_to(key[1], value) if not one.augmented] if value[:1] == "%" else []
        return _named([first for one in given for first in _beginnings(one)]) or value

    def _begins_with_program(self, key: FunctionKey, value: str) -> bool:
        """A list that was begun with the name of a program, and grew afterwards."""
        assigns = self._project.modules[key[0]].assigns_to(key[1], value) if value[:1] == "%" else ()
        begun = [next(iter(split(one.value[1:-1])), "") for one in assigns if one.value[:1] == "[" and not one.augmented]
        return bool(begun) and all(constant_string(one) and (constant_string(one) or "").rpartition("/")[2] not in SHELLS for one in begun)

    def _pages(self) -> Iterator[Place]:
        """Pages that handlers of Flask put together and return."""
        for key in self.flows.sources.pages:
            for found in self._project.calls.body(key).returns:
                text = next(iter(split(found.value[1:-1])), "") if found.value[:1] == "[" else found.value
                if _is_composed(text) and parts(text) != ():
                    call = Call(found.line, found.column, found.end_line, found.end_column, "return", (text,), (), found.block, Use.OTHER, False)
                    yield Place(Danger.HTML, key, call, "return", text)

    def _members(self) -> Iterator[Place]:
        from backend_lint.project.taint.members import members

        return (Place(Danger.MEMBER, found.key, found.call, "globals", found.value) for found in members(self._project))

    def _imported(self, key: FunctionKey, call: Call, ref: Ref | None) -> str:
        """``__import__('os').system``, at once or through a name."""
        number, _, rest = call.callee[1:].partition(".")
        if ref is not None and ref.origin is not None and ref.name.startswith(_IMPORTS):
            key, number, rest = (ref.origin.path, ref.origin.function), str(ref.origin.call), ref.name.partition("().")[2]
        elif call.callee[:1] != "#":
            return ""
        calls = self._project.modules[key[0]].bodies[key[1]].calls
        found = calls[int(number)] if number.isdigit() and int(number) < len(calls) else None
        module = constant_string(found.args[0]) if found is not None and found.args and f"{found.callee}()." in _IMPORTS else None
        return f"{module}.{rest}" if module else ""


def _is_composed(text: str) -> bool:
    """Whether constant text with words stands around a value."""
    return text[:1] in "f('\"" and any(not piece.is_value and _WORD.search(piece.text) for piece in pieces(text))


def _run(call: Call, last: str) -> Call:
    """What a runner is handed, as a call of its own."""
    place = RUNNERS.get(last, -1)
    if place < 0 or len(call.args) <= place + 1 or call.args[place].rpartition(".")[2] not in LAST_NAMES:
        return call
    return msgspec.structs.replace(call, callee=call.args[place], args=call.args[place + 1 :])


def _unresolved(call: Call) -> str:
    """The name of a call whose object is not known; what strokes put together is a path."""
    receiver, _, method = call.callee.rpartition(".")
    found = operation(receiver)
    return f"pathlib.Path.{method}" if found is not None and found.operator == "/" else call.callee


def loader_of(call: Call) -> str:
    """The loader that a call of PyYAML names."""
    return next((value for keyword, value in call.keywords if keyword == "Loader"), next(iter(call.args[1:2]), ""))


def parser_of(call: Call) -> str:
    """The parser that a call of lxml is handed."""
    return next((value for keyword, value in call.keywords if keyword == "parser"), next(iter(call.args[1:2]), ""))


def makes_objects(project: Project, key: FunctionKey, call: Call) -> bool:
    """Whether ``yaml.load`` is called without a loader, or with one that makes objects of any class; a class of the project is taken to be safe."""
    loader = loader_of(call)
    ref = project.value(*key, loader) if loader else None
    return not loader or (ref is not None and ref.name in UNSAFE_LOADERS)


def _is_armed(sink: Sink, call: Call) -> bool:
    if any(keyword in sink.unless and value != "False" for keyword, value in call.keywords):
        return False
    keyword, wanted = sink.needs
    return not keyword or any(name == keyword and (value == wanted or (wanted == "True" and _is_true(value))) for name, value in call.keywords)


def _is_true(value: str) -> bool:
    """A constant that a condition takes for true."""
    return value not in ("''", '""', "[]", "{}", "0", "0.0") and value[:1] in "'\"[{123456789"


def _value(sink: Sink, call: Call) -> str:
    if sink.position == -1:
        return call.callee.rpartition(".")[0]
    return _first(sink, call)


def _first(sink: Sink, call: Call) -> str:
    """The argument itself."""
    value = next((value for keyword, value in call.keywords if keyword in sink.names), "")
    if not value and sink.position >= 0 and len(call.args) > sink.position and (sink.programs or not call.args[sink.position].startswith("*")):
        value = call.args[sink.position].lstrip("*")
    return value


def _beginnings(text: str) -> tuple[str, ...]:
    """The first item of each list that a value may be, of one that something is added to as well; empty texts for what is none.

    >>> _beginnings("(([#1,'a']+%b)|[sys.executable])"), _beginnings("%a")
    (('#1', 'sys.executable'), ('',))
    """
    if text[:1] == "(":
        options = alternatives(text)
        if len(options) > 1:
            return tuple(first for one in options for first in _beginnings(one))
        found = operation(text)
        return _beginnings(found.left) if found is not None and found.operator == "+" else ("",)
    first = next(iter(split(text[1:-1])), "") if text[:1] == "[" else ""
    return _beginnings(first[1:]) if first[:1] == "*" else (first,)


def _named(begun: list[str]) -> str:
    """What decides which program runs, of the first items of lists: the constant one that is no shell, if there is no other; empty where one is not known."""
    if not begun or any(not one or (constant_string(one) or "").rpartition("/")[2] in SHELLS for one in begun):
        return ""
    names = tuple(dict.fromkeys(one for one in begun if constant_string(one) is None)) or begun[:1]
    return f"({'|'.join(names)})" if len(names) > 1 else names[0]
