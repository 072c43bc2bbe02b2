"""Which values from outside a value depends on: inside a function, through what it calls, and through its callers."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from backend_lint.facts.python import Body, Call, Function
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project import FunctionKey, Project, RefKind
from backend_lint.project.taint.checks import Checks
from backend_lint.project.taint.hosts import leading
from backend_lint.project.taint.library import KEEPING, PASSES
from backend_lint.project.taint.passing import argument, carries, shift_of
from backend_lint.project.taint.sources import Source, Sources, Trait
from backend_lint.project.taint.values import INLINE, parts, root_and_rest
from backend_lint.project.value_text import closing, constant_string, split

_MAX_DEPTH = 24
_MAX_SPENT = 2_000
"""So many values are looked at for one question: names that are bound to parts of each other make more values at each step."""
_MAX_ORIGINS = 12
_MAX_HOPS = 6
_MAX_VISITS = 120
_MAX_SITES = 25
_MAX_ASSIGNS = 8
_MAX_TEXT = 600
_GROWS = frozenset({"append", "extend", "insert", "add", "update", "setdefault"})
_NAMED = lazy_regex(r"dict\([a-z_]\w*=(?!=)", re.IGNORECASE)
"""A mapping whose keys stand in the code."""
_DELAYED = frozenset({"delay", "apply_async", "send", "enqueue", "s", "si"})
_KEEPS_ONLY = lazy_regex(r"\[\^|\\\\W|\\W")
"""An expression that matches all but what is allowed."""
_TAKEN_OUT = frozenset({".", "..", "/", "../", "\\", "'", ";"})
"""Signs that do harm: who replaces them has thought of it."""
_RUNNERS = frozenset({"to_thread", "run_in_threadpool", "sync_to_async", "add_task", "partial", "submit"})


class Mode(enum.IntEnum):
    """What is asked: whether a value depends on one from outside, whether one decides the host of an address, whether it is one as a whole."""

    ANY = 0
    HOST = 1
    WHOLE = 2


class Step(NamedTuple):
    """A place that a value passes."""

    path: str
    line: int
    text: str


class Origin(NamedTuple):
    """What a value depends on: a source, or the parameter `name` of the function with `rest` behind it. `steps`: from there on."""

    name: str
    rest: str
    source: Source | None
    steps: tuple[Step, ...]


class Trail(NamedTuple):
    """A value from outside and the places that it passes, the first one where it comes in."""

    source: Source
    steps: tuple[Step, ...]


class Flows:
    """Follows values. Summaries of functions are kept, so that each function is read once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._modules = project.modules
        self._origins: dict[tuple[FunctionKey, str, Mode], tuple[Origin, ...]] = {}
        self._returned: dict[tuple[FunctionKey, int, Mode], tuple[Origin, ...]] = {}
        self._checks: dict[FunctionKey, Checks] = {}
        self._sites: dict[FunctionKey, list[tuple[FunctionKey, Call, int]]] = {}
        self._incoming: dict[tuple[FunctionKey, str, Mode], tuple[Trail, ...]] = {}
        self._depth = 0
        self._spent = 0
        self._mode = Mode.ANY

    @functools.cached_property
    def sources(self) -> Sources:
        """What comes from outside."""
        return Sources(self._project)

    def trails(self, key: FunctionKey, text: str, mode: Mode = Mode.ANY) -> tuple[Trail, ...]:
        """Ways on which values from outside reach a value of a function."""
        before, self._mode = self._mode, mode
        try:
            return self._trails(key, text)
        finally:
            self._mode = before

    def _trails(self, key: FunctionKey, text: str) -> tuple[Trail, ...]:
        found: list[Trail] = []
        queue: list[tuple[FunctionKey, Origin, int]] = [(key, origin, 0) for origin in self.origins(key, text)]
        seen: set[tuple[FunctionKey, str]] = set()
        while queue and len(seen) < _MAX_VISITS:
            at, origin, hops = queue.pop(0)
            if origin.source is not None:
                found.append(Trail(origin.source, origin.steps))
                continue
            whole = f"%{origin.name}{origin.rest}"
            if (at, whole) in seen:
                continue
            seen.add((at, whole))
            source = self.sources.of_parameter(at, origin.name, origin.rest)
            if source is not None and (self._mode is not Mode.WHOLE or Trait.MAPPING in source.traits):
                line = self._head(at).line
                found.append(Trail(source, (Step(at[0], line, f"`{source.shown}` comes from the request"), *origin.steps)))
                continue
            if hops < _MAX_HOPS:
                for caller, value, step in self.handed(at, origin.name):
                    onward = self.origins(caller, value + origin.rest)
                    queue += [(caller, one._replace(steps=(*one.steps, step, *origin.steps)), hops + 1) for one in onward]
        return tuple(found)

    def handed(self, key: FunctionKey, name: str, *, named_only: bool = False) -> Iterator[tuple[FunctionKey, str, Step]]:
        """What callers hand over for a parameter; `named_only`: under a name that a parameter for all names takes."""
        head = self._head(key)
        for caller, call, shift in self._call_sites(key):
            value = dict(call.keywords).get(name, "") if named_only else argument(head, call, name, shift)
            if value:
                yield caller, value, Step(caller[0], call.line, f"handed to `{head.name.rpartition('.')[2]}` as `{name}`")

    # -- inside a function --------------------------------------------------------------------------

    def origins(self, key: FunctionKey, text: str) -> tuple[Origin, ...]:
        """What a value depends on, as far as its function and those that it calls tell."""
        memo = (key, text, self._mode)
        if memo in self._origins:
            return self._origins[memo]
        self._spent = self._spent + 1 if self._depth else 0
        if self._depth > _MAX_DEPTH or self._spent > _MAX_SPENT or len(text) > _MAX_TEXT * 10:
            return ()
        self._origins[memo] = ()
        self._depth += 1
        try:
            found = () if self._is_checked(key, text) else tuple(dict.fromkeys(self._of(key, text)))[:_MAX_ORIGINS]
        finally:
            self._depth -= 1
        self._origins[memo] = found
        return found

    def checks(self, key: FunctionKey) -> Checks:
        """What a function checks."""
        if key not in self._checks:
            self._checks[key] = Checks(self._body(key))
        return self._checks[key]

    def _is_checked(self, key: FunctionKey, text: str) -> bool:
        """The function looks at the value first, or hands it to one that does and raises."""
        if self.checks(key).covers(text):
            return True
        if text[:1] not in "%#":
            return False
        for call in self._body(key).calls:
            if text in call.args:
                ref = self._project.value(*key, call.callee)
                if ref is None or ref.kind is not RefKind.FUNCTION or not self._body(ref.function).raises:
                    continue
                place = call.args.index(text) + shift_of(self._head(ref.function), call.callee)
                parameters = self._head(ref.function).parameters
                if place < len(parameters) and self.checks(ref.function).covers(f"%{parameters[place].name}"):
                    return True
        return False

    def _of(self, key: FunctionKey, text: str) -> Iterator[Origin]:
        inner = parts(text)
        if self._mode is Mode.HOST and inner is not None and (first := leading(text)) != (text,):
            inner = first
        if inner is not None:
            if self._mode is Mode.WHOLE and (text[:1] in "[{'\"" or text.startswith(("f'", 'f"')) or _NAMED.match(text)):
                return
            for part in inner:
                yield from self.origins(key, part)
            if text[:1] == "[":
                yield from self._grown(key, text)
            elif ".join([" in text and text[:1] in "'\"":
                yield from self._grown(key, text[text.index(".join([") + 6 : -1])
            return
        source = self.sources.of_text(key, text)
        if source is not None:
            yield Origin("", "", source, (Step(key[0], self._line_of(key, text), f"`{source.shown}` comes from the request"),))
            return
        root, rest = root_and_rest(text)
        if not root:
            return
        if root[0] == "#":
            if carries(rest) and root[1:].isdigit():
                yield from self._of_call(key, int(root[1:]), rest)
        elif root[0] == "%":
            yield from self._of_local(key, root, rest)
        elif root[0] in "([{'":
            if carries(rest):
                yield from self.origins(key, root)
        elif root in INLINE and rest[:1] == "(":
            end = closing(rest, 0)
            if carries(rest[end:]):
                for item in split(rest[1 : end - 1]):
                    yield from self.origins(key, item)

    def _of_local(self, key: FunctionKey, root: str, rest: str) -> Iterator[Origin]:
        path, function = key
        head = self._head(key)
        name = root[1:]
        if name == "self" and rest[:1] == ".":
            yield from self._of_attribute(key, rest)
            return
        parameters = [one for one in head.parameters if one.name == name]
        if parameters:
            yield Origin(name, rest, None, ())
        assigns = [one for one in self._modules[path].assigns_to(function, root) if one.value not in ("", root)]
        for assign in assigns[:_MAX_ASSIGNS]:
            if assign.value != "?":
                yield from self.origins(key, assign.value + rest if not assign.augmented else assign.value)
        if not rest or carries(rest):
            yield from self._grown(key, root)
            for block in self._body(key).blocks:
                if block.target and name in block.target.split(",") and block.subject:
                    yield from self.origins(key, block.subject)
        if not parameters and not assigns and head.scope > 0:
            yield from (one for one in self.origins((path, head.scope), root + rest) if one.source is not None)

    def _grown(self, key: FunctionKey, root: str) -> Iterator[Origin]:
        """What is put into a container."""
        if self._mode is Mode.WHOLE:
            return
        if root[0] == "%":
            for assign in self._body(key).assigns:
                if assign.target.startswith(root + "["):
                    yield from self.origins(key, assign.value)
        for call in self._body(key).calls:
            owner, _, method = call.callee.rpartition(".")
            if owner == root and method in _GROWS:
                for value in call.args:
                    yield from self.origins(key, value)

    def _of_attribute(self, key: FunctionKey, rest: str) -> Iterator[Origin]:
        """``self.name``: what methods of the class put there, if it is from outside in whoever calls them."""
        name = rest[1:].partition(".")[0].partition("[")[0]
        onward = rest[1 + len(name) :]
        ref = self._project.value(*key, "%self")
        held = self._project.resolver.classes.find(ref, name) if ref is not None and ref.kind is RefKind.INSTANCE else None
        if held is None or isinstance(held[1], int):
            return
        same = [one for one in self._project.resolver.class_at(held[0]).attributes if one.name == name and one.function]
        for one in same[:_MAX_ASSIGNS]:
            place = (held[0].path, one.function)
            for trail in self._settled(place, one.value + onward):
                step = Step(place[0], one.line, f"kept as `self.{name}`")
                yield Origin("", "", trail.source, (*trail.steps, step))

    def _settled(self, key: FunctionKey, text: str) -> tuple[Trail, ...]:
        memo = (key, text, self._mode)
        if memo not in self._incoming:
            self._incoming[memo] = ()
            self._incoming[memo] = self._trails(key, text)[:2] if self._depth < _MAX_HOPS else ()
        return self._incoming[memo]

    # -- calls --------------------------------------------------------------------------------------

    def _of_call(self, key: FunctionKey, number: int, rest: str) -> Iterator[Origin]:
        body = self._body(key)
        if number >= len(body.calls):
            return
        call = body.calls[number]
        receiver, _, method = call.callee.rpartition(".")
        if method == "replace" and call.args and constant_string(call.args[0]) in _TAKEN_OUT:
            return
        if method in ("split", "rsplit") and call.args[:1] in (("'/'",), ("'.'",)):
            return  # none of its items leads out of a folder
        if method in ("get", "pop") and receiver in ("%self.kwargs", "%kwargs") and call.args:
            yield from self.origins(key, f"{receiver}[{call.args[0]}]{rest}")
            return
        source = self.sources.of_text(key, call.callee) if receiver or "." in call.callee else None
        if source is not None:
            if method in KEEPING and not any(name == "type" and value != "str" for name, value in call.keywords):
                given = call.args[0] if call.args else ""
                shown = f"{source.shown}({given.replace('%', '') if '#' not in given else '...'})"
                yield Origin("", "", source._replace(shown=shown), (Step(key[0], call.line, f"`{shown}` comes from the request"),))
            return
        ref = self._project.value(*key, call.callee)
        if ref is not None and ref.kind is RefKind.FUNCTION:
            yield from self._through(key, call, ref.function, rest)
        elif method == "sub" and len(call.args) > 2 and not _KEEPS_ONLY.search(call.args[0]):
            yield from self.origins(key, call.args[2])
        elif method == "format" and receiver and self._mode is Mode.HOST:
            yield from self.origins(key, receiver)
        elif ref is not None and ref.is_external and (ref.name in PASSES or ref.name.removesuffix("()") in PASSES):
            for value in (*call.args, *(value for _, value in call.keywords)):
                yield from self.origins(key, value)
        elif receiver and method in KEEPING and (ref is None or ref.is_external):
            yield from self.origins(key, receiver)
            if method in ("format", "join", "replace", "joinpath", "with_name", "substitute", "safe_substitute"):
                for value in (*call.args, *(value for _, value in call.keywords)):
                    yield from self.origins(key, value)

    def _through(self, key: FunctionKey, call: Call, callee: FunctionKey, rest: str) -> Iterator[Origin]:
        """The result of a function of the project, by its summary."""
        head = self._head(callee)
        shift = shift_of(head, call.callee)
        item = re.match(r"\[(\d)\]", rest)
        for origin in self.returned(callee, int(item.group(1)) if item else -1):
            step = Step(key[0], call.line, f"returned by `{head.name.rpartition('.')[2]}`")
            if origin.source is not None:
                yield origin._replace(steps=(*origin.steps, step))
                continue
            value = argument(head, call, origin.name, shift)
            if value:
                for one in self.origins(key, value + origin.rest):
                    yield one._replace(steps=(*one.steps, *origin.steps, step))

    def returned(self, key: FunctionKey, item: int = -1) -> tuple[Origin, ...]:
        """The summary of a function: parameters and sources that its result depends on, or item `item` of the tuple that it returns."""
        memo = (key, item, self._mode)
        if memo not in self._returned:
            self._returned[memo] = ()
            found: list[Origin] = []
            for one in self._body(key).returns[:_MAX_ASSIGNS]:
                is_display = item >= 0 and one.value[:1] == "[" and closing(one.value, 0) == len(one.value)
                items = split(one.value[1:-1]) if is_display else []
                value = items[item] if 0 <= item < len(items) and not any(text[:1] == "*" for text in items) else one.value
                if value:
                    found += self.origins(key, value)
            self._returned[memo] = tuple(dict.fromkeys(found))[:_MAX_ORIGINS]
        return self._returned[memo]

    def _call_sites(self, key: FunctionKey) -> list[tuple[FunctionKey, Call, int]]:
        """Calls of a function, with how many of its parameters the receiver stands for."""
        if key not in self._sites:
            head = self._head(key)
            last = head.name.rpartition(".")[2]
            sought = head.name.split(".")[-2] if last == "__init__" and "." in head.name else last
            found = []
            for path, function, number, handed_over in self._by_name.get(sought, []):
                call = self._modules[path].bodies[function].calls[number]
                text = call.args[0] if handed_over == 1 else call.callee.rpartition(".")[0] if handed_over == 2 else call.callee
                ref = self._project.value(path, function, text)
                if ref is None or (ref.path != key[0]):
                    continue
                if (ref.kind is RefKind.FUNCTION and ref.function == key) or (ref.kind is RefKind.CLASS and last == "__init__"):
                    if ref.kind is RefKind.CLASS and ref.index != head.owner:
                        continue
                    shift = shift_of(head, text) if ref.kind is RefKind.FUNCTION else 1
                    shift += int(handed_over == 2 and head.owner < 0 and bool(head.parameters) and head.parameters[0].name == "self")  # a bound task
                    found.append(((path, function), call, shift - (handed_over == 1)))
                    if len(found) >= _MAX_SITES:
                        break
            self._sites[key] = found
        return self._sites[key]

    @functools.cached_property
    def _by_name(self) -> dict[str, list[tuple[str, int, int, int]]]:
        """Calls by the last part of the name of what is called: directly (0), by a runner that is handed it (1), or later by a worker (2)."""
        from backend_lint.facts.file import Role

        table: dict[str, list[tuple[str, int, int, int]]] = {}
        for path, module in self._modules.items():
            if module.role in (Role.TEST, Role.MIGRATION, Role.GENERATED):
                continue
            for function, body in enumerate(module.bodies):
                for number, call in enumerate(body.calls):
                    callee = call.callee
                    last = callee.rpartition(".")[2]
                    table.setdefault(last, []).append((path, function, number, 0))
                    if last in _DELAYED and "." in callee:
                        table.setdefault(callee.split(".")[-2], []).append((path, function, number, 2))
                    elif last in _RUNNERS and call.args:
                        table.setdefault(call.args[0].rpartition(".")[2], []).append((path, function, number, 1))
        return table

    def _line_of(self, key: FunctionKey, text: str) -> int:
        body = self._body(key)
        for assign in body.assigns:
            if text in assign.value:
                return assign.line
        for call in body.calls:
            if text in call.callee or any(text in value for value in call.args) or any(text in value for _, value in call.keywords):
                return call.line
        return self._head(key).line

    def _head(self, key: FunctionKey) -> Function:
        return self._modules[key[0]].functions[key[1]]

    def _body(self, key: FunctionKey) -> Body:
        return self._modules[key[0]].bodies[key[1]]
