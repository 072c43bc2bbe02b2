"""Lists of conditions and dicts of values that a function puts together before it hands them to a query."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from backend_lint.facts.python import Assign, BlockKind, Body, ParameterKind
from backend_lint.project.queries.sqlalchemy_frames import Frame, Frames
from backend_lint.project.queries.sqlalchemy_text import operation
from backend_lint.project.value_text import alternatives, constant_string, split

ALL, NONE = -1, -2
"""Variants: with everything that is optional, and with nothing of it; a number is that option alone."""
_HARMLESS = frozenset({"len", "and_", "or_", "where", "filter", "append", "extend", "insert", "print", "debug", "info", "bool", "any", "all"})
_ADDS = ("append", "extend", "insert", "add")
_MAX_DEPTH = 8


class Lists:
    """Expands ``*conditions`` and ``**values``. `variant` says which of the optional parts are taken; `options` are all that were met."""

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self.modules = frames.modules
        self.variant = ALL
        self.options: dict[Hashable, int] = {}
        self._depth = 0

    def takes(self, key: Hashable) -> bool:
        """Whether the optional part `key` is there in the present variant."""
        number = self.options.setdefault(key, len(self.options))
        return self.variant == ALL or self.variant == number

    def choose(self, options: list[str]) -> str:
        """One of several values: the first where nothing optional is taken, else the last."""
        self.options.setdefault(tuple(options), len(self.options))
        return options[0] if self.variant == NONE else options[-1]

    def arguments(self, frame: Frame, args: tuple[str, ...]) -> Iterator[tuple[Frame, str]]:
        """The single arguments of a call; ``?`` for what is not known of a list."""
        for text in args:
            if text[:1] == "*":
                yield from self.items(frame, text[1:])
            else:
                yield frame, text

    def items(self, frame: Frame, text: str) -> Iterator[tuple[Frame, str]]:
        """What is in a list."""
        self._depth += 1
        try:
            if self._depth > _MAX_DEPTH:
                yield frame, "?"
            else:
                yield from self._items(frame, text)
        finally:
            self._depth -= 1

    def _items(self, frame: Frame, text: str) -> Iterator[tuple[Frame, str]]:
        if text[:1] == "[" and text[-1:] == "]":
            for part in split(text[1:-1]):
                if part == "...":
                    yield frame, "?"
                elif part[:1] == "*" and text[1] == "*" and text.count("*") == 1 and not part[1:].startswith(("%", "[")):
                    yield frame, part[1:]
                elif part[:1] == "*":
                    yield from self.items(frame, part[1:])
                else:
                    yield frame, part
            return
        for builtin in ("list(", "tuple(", "set("):
            if text.startswith(builtin) and text.endswith(")"):
                yield from self.items(frame, text[len(builtin) : -1])
                return
        operated = operation(text)
        if operated is not None and operated.operator == "+":
            yield from self.items(frame, operated.left)
            yield from self.items(frame, operated.right)
            return
        options = [option for option in alternatives(text) if option != "None"]
        if len(options) > 1:
            yield from self.items(frame, self.choose(options))
            return
        if text[:1] == "%" and text[1:].isidentifier():
            yield from self._local(frame, text)
        elif text[:1] == "#" and text[1:].isdigit() and (returned := self._returned(frame, int(text[1:]))) is not None:
            yield from self.items(*returned)
        elif text.isidentifier() and (kind := self.modules[frame.path].names.get(text, ("", 0)))[0] == "assign":
            yield from self.items(Frame(frame.path, 0), self.modules[frame.path].bodies[0].assigns[kind[1]].value)
        else:
            yield frame, "?"

    def _returned(self, frame: Frame, number: int) -> tuple[Frame, str] | None:
        call = self.modules[frame.path].bodies[frame.function].calls[number]
        callee = self.frames.ref(frame, call.callee)
        if callee is None or callee.kind != 1:
            return None
        returns = [one.value for one in self.modules[callee.path].bodies[callee.index].returns if one.value]
        return (Frame(callee.path, callee.index, callee.receiver, frame, number), returns[0]) if len(returns) == 1 else None

    def _local(self, frame: Frame, text: str) -> Iterator[tuple[Frame, str]]:
        module = self.modules[frame.path]
        head = module.functions[frame.function]
        parameter = next((one for one in head.parameters if one.name == text[1:]), None)
        if parameter is not None and parameter.kind == ParameterKind.VAR_POSITIONAL:
            yield from self._rest(frame, text)
            return
        assigns = list(reversed(module.assigns_to(frame.function, text)))
        first = [one for one in assigns if not one.augmented]
        if parameter is not None and not first:
            given = self.frames.argument(frame, text[1:])
            if given is None:
                yield frame, "?"
                return
            yield from self.items(*given)
        elif not first:
            yield frame, "?"
            return
        base = first[0].block if first else 0
        yield from self._assigned(frame, first)
        for number, one in enumerate(assigns):
            if one.augmented and self._is_taken(frame, text, base, one.block, number):
                yield from self.items(frame, one.value)
        yield from self._appended(frame, text, base)

    def _assigned(self, frame: Frame, first: list[Assign]) -> Iterator[tuple[Frame, str]]:
        if not first:
            return
        if len(first) == 1:
            yield from self.items(frame, first[0].value) if first[0].value not in ("[]", "list()") else ()
            return
        values = [one.value for one in first]
        chosen = self.choose(values)
        if chosen not in ("[]", "list()"):
            yield from self.items(frame, chosen)

    def _is_taken(self, frame: Frame, text: str, base: int, block: int, number: int) -> bool:
        return block == base or self.takes((frame.path, frame.function, text, "+", number))

    def _appended(self, frame: Frame, text: str, base: int) -> Iterator[tuple[Frame, str]]:
        body = self.modules[frame.path].bodies[frame.function]
        taken: dict[int, bool] = {}
        for number, call in enumerate(body.calls):
            if call.callee.startswith(text + "."):
                method = call.callee[len(text) + 1 :]
                if method not in _ADDS or not call.args:
                    continue
                other = _other_way(body, call.block)
                # behind an ``else`` stands what is there exactly if the other part is not
                there = not taken[other] if other in taken else self._is_taken(frame, text, base, call.block, number)
                taken.setdefault(call.block, there)
                if there:
                    if method == "extend":
                        yield from self.items(frame, call.args[0])
                    else:
                        yield frame, call.args[-1]
            elif text in call.args and call.callee.rpartition(".")[2] not in _HARMLESS:
                callee = self.frames.ref(frame, call.callee)
                if callee is None or not callee.is_external:
                    yield frame, "?"

    def _rest(self, frame: Frame, text: str) -> Iterator[tuple[Frame, str]]:
        """``*criteria``: what the caller hands in behind the named parameters."""
        if frame.caller is None:
            yield frame, "?"
            return
        head = self.modules[frame.path].functions[frame.function]
        call = self.modules[frame.caller.path].bodies[frame.caller.function].calls[frame.call]
        taken = next(number for number, one in enumerate(head.parameters) if one.name == text[1:])
        taken -= 1 if head.owner >= 0 and "staticmethod" not in head.decorators else 0
        yield from self.arguments(frame.caller, call.args[taken:])

    # -- dicts -------------------------------------------------------------------------------------

    def keywords(self, frame: Frame, keywords: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, Frame, str]]:
        """The single keywords of a call: name, frame and value; ``**`` for a dict that is not known."""
        for name, value in keywords:
            if name == "**":
                yield from self.pairs(frame, value)
            else:
                yield name, frame, value

    def pairs(self, frame: Frame, text: str) -> Iterator[tuple[str, Frame, str]]:
        """The keys and values of a dict; keys that are no constants are value texts with brackets around."""
        self._depth += 1
        try:
            if self._depth > _MAX_DEPTH:
                yield "**", frame, text
            else:
                yield from self._pairs(frame, text)
        finally:
            self._depth -= 1

    def _pairs(self, frame: Frame, text: str) -> Iterator[tuple[str, Frame, str]]:
        if text[:1] == "{" and text[-1:] == "}":
            for part in split(text[1:-1]):
                if part == "...":
                    yield "**", frame, part
                elif part.startswith("**"):
                    yield from self.pairs(frame, part[2:])
                else:
                    key, _, value = _pair(part)
                    yield self.frames.constant(frame, key) or f"({key})", frame, value
            return
        if text.startswith("dict(") and text.endswith(")"):
            for part in split(text[5:-1]):
                key, sign, value = part.partition("=")
                if sign and key.isidentifier():
                    yield key, frame, value
                else:
                    yield from self.pairs(frame, part.removeprefix("**="))
            return
        if text[:1] == "%" and text[1:].isidentifier():
            yield from self._local_pairs(frame, text)
            return
        if text[:1] == "#" and text[1:].isdigit() and (returned := self._returned(frame, int(text[1:]))) is not None:
            yield from self.pairs(*returned)
            return
        yield "**", frame, text

    def _local_pairs(self, frame: Frame, text: str) -> Iterator[tuple[str, Frame, str]]:
        module = self.modules[frame.path]
        head = module.functions[frame.function]
        parameter = next((one for one in head.parameters if one.name == text[1:]), None)
        assigns = [one for one in reversed(module.assigns_to(frame.function, text)) if not one.augmented]
        if parameter is not None and not assigns:
            if parameter.kind == ParameterKind.VAR_KEYWORD and frame.caller is not None:
                call = module_call(self.frames, frame)
                named = {one.name for one in head.parameters}
                yield from self.keywords(frame.caller, tuple((name, value) for name, value in call if name not in named))
            elif (given := self.frames.argument(frame, text[1:])) is not None:
                yield from self.pairs(*given)
            else:
                yield "**", frame, text
                return
        elif len(assigns) != 1:
            yield "**", frame, text
            return
        elif assigns[0].value != "{}":
            yield from self.pairs(frame, assigns[0].value)
        base = assigns[0].block if assigns else 0
        for number, one in enumerate(module.bodies[frame.function].assigns):
            if one.target.startswith(text + "[") and one.target.endswith("]"):
                key = constant_string(one.target[len(text) + 1 : -1])
                if key is None:
                    yield "**", frame, one.target
                elif self._is_taken(frame, text, base, one.block, number):
                    yield key, frame, one.value
        for call_fact in module.bodies[frame.function].calls:
            if call_fact.callee == text + ".update":
                yield "**", frame, call_fact.args[0] if call_fact.args else "?"


def module_call(frames: Frames, frame: Frame) -> tuple[tuple[str, str], ...]:
    """The keywords of the call that a frame stands for."""
    assert frame.caller is not None
    return frames.modules[frame.caller.path].bodies[frame.caller.function].calls[frame.call].keywords


def _pair(part: str) -> tuple[str, str, str]:
    """Key and value of an item of a dict display."""
    pieces = split(part, ":")
    return pieces[0], ":", part[len(pieces[0]) + 1 :]


def _other_way(body: Body, block: int) -> int:
    """The block of the ``if`` whose ``else`` a block is; -1 if it is none."""
    one = body.blocks[block]
    if one.kind is not BlockKind.ORELSE:
        return -1
    for other in range(block - 1, 0, -1):
        found = body.blocks[other]
        if found.kind is BlockKind.IF and (found.parent, found.subject) == (one.parent, one.subject):
            return other
    return -1
