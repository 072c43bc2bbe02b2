"""One function's body, indexed for questions that are asked for each of its calls and assignments: all answers together cost what the function is long."""

from __future__ import annotations

import bisect
import functools
import re
from collections.abc import Callable, Mapping, Sequence

from backend_lint.facts.python import Assign, BlockKind, Body, Call
from backend_lint.project.blocks import around
from backend_lint.project.value_text import alternatives, call_ids

_SAVES = frozenset({"save", "asave"})
_LOCAL = re.compile(r"%\w+")


class Indexed:
    """Made once for a function that somebody asks about."""

    def __init__(self, body: Body) -> None:
        self.body = body

    @functools.cached_property
    def _lines(self) -> tuple[list[int], list[int]]:
        order = sorted(range(len(self.body.calls)), key=lambda number: self.body.calls[number].line)
        highest: list[int] = []
        for number in order:
            highest.append(max(number, highest[-1] if highest else -1))
        return [self.body.calls[number].line for number in order], highest

    def before(self, line: int) -> int:
        """The number of the last call that begins in a line or before it; -1 if none does."""
        lines, highest = self._lines
        found = bisect.bisect_right(lines, line)
        return highest[found - 1] if found else -1

    @functools.cached_property
    def saves(self) -> Mapping[str, Sequence[int]]:
        """The calls of ``save``, by each value that is saved."""
        found: dict[str, list[int]] = {}
        for number, call in enumerate(self.body.calls):
            base, _, method = call.callee.rpartition(".")
            if method in _SAVES and base:
                for option in alternatives(base):
                    found.setdefault(option, []).append(number)
        return found

    def saved_after(self, text: str, number: int) -> list[tuple[int, Call]]:
        """The calls of ``save`` on a value behind call `number`."""
        numbers: set[int] = set()
        for option in alternatives(text):
            known = self.saves.get(option, ())
            numbers.update(known[bisect.bisect_right(known, number) :])
        return [(one, self.body.calls[one]) for one in sorted(numbers)]

    @functools.cached_property
    def passed(self) -> Mapping[str, Sequence[int]]:
        """The calls that each value is an argument of."""
        found: dict[str, list[int]] = {}
        for number, call in enumerate(self.body.calls):
            for text in {*call.args, *(value for _, value in call.keywords)}:
                found.setdefault(text, []).append(number)
        return found

    @functools.cached_property
    def assigned(self) -> Mapping[str, Sequence[Assign]]:
        """The assignments to each target."""
        found: dict[str, list[Assign]] = {}
        for assign in self.body.assigns:
            found.setdefault(assign.target, []).append(assign)
        return found

    @functools.cached_property
    def values(self) -> Mapping[str, Sequence[str]]:
        """What is assigned to each target."""
        found: dict[str, list[str]] = {}
        for assign in self.body.assigns:
            found.setdefault(assign.target, []).append(assign.value)
        return found

    def is_under(self, block: int, words: Sequence[str]) -> bool:
        """Whether a test around a block asks for a name that ends in one of `words`, itself or through a local name."""
        for _, found in around(self.body, block):
            if found.kind is BlockKind.IF and not found.subject.startswith("(not "):
                texts = [found.subject, *(value for name in _LOCAL.findall(found.subject) for value in self.values.get(name, ()))]
                if any(text.rstrip(")").endswith(tuple(words)) for text in texts):
                    return True
        return False

    def settled_before(self, assign: Assign, is_own: Callable[[str], bool]) -> bool:
        """The same attribute was set before on the same way to a value that has nothing to do with its old one."""
        here = {index for index, _ in around(self.body, assign.block)}
        same = self.assigned.get(assign.target, ())
        return any(one.line < assign.line and one.block in here and not one.augmented and not is_own(one.value) for one in same)

    def made_of(self, text: str, depth: int = 0) -> list[str]:
        """A value, and those that the calls in it are given."""
        found = [text]
        for number in call_ids(text) if depth < 2 else ():
            if number < len(self.body.calls):
                call = self.body.calls[number]
                for part in (call.callee, *call.args, *(value for _, value in call.keywords)):
                    found += self.made_of(part, depth + 1)
        return found

    @functools.cached_property
    def names(self) -> Mapping[str, Sequence[str]]:
        """The attributes that are assigned of each value."""
        found: dict[str, list[str]] = {}
        for assign in self.body.assigns:
            base, _, name = assign.target.rpartition(".")
            if base:
                for option in alternatives(base):
                    found.setdefault(option, []).append(name)
        return found

    @functools.cached_property
    def asked(self) -> str:
        """All that is passed, tested and returned, for questions whether a value is among it."""
        body = self.body
        texts = [block.subject for block in body.blocks] + [text for _, text, _ in body.conditions] + [one.value for one in body.returns]
        return "\n".join((*texts, *self.given))

    @functools.cached_property
    def given(self) -> frozenset[str]:
        """The values that calls are given."""
        return frozenset(text for call in self.body.calls for text in (*call.args, *(value for _, value in call.keywords)))

    @functools.cached_property
    def handed(self) -> frozenset[str]:
        """The values that leave the function."""
        return self.given.union((one.value for one in self.body.returns), (one.value for one in self.body.yields))

    @functools.cached_property
    def set_by_name(self) -> frozenset[str]:
        """The values of which attributes are set whose names nobody knows: ``setattr(row, name, value)``."""
        return frozenset(call.args[0] for call in self.body.calls if call.callee in ("setattr", "vars") and call.args)

    @functools.cached_property
    def last_read(self) -> Mapping[str, int]:
        """The last line in which each attribute is read, itself or something of it."""
        found: dict[str, int] = {}
        for line, _, text, _ in self.body.reads:
            parts = text.split(".")
            for length in range(2, len(parts) + 1):
                own = ".".join(parts[:length])
                found[own] = max(found.get(own, 0), line)
        return found

    @functools.cached_property
    def leaving(self) -> Sequence[int]:
        """The ``if`` blocks that end the function, in the order of the text."""
        ends = {one.block for one in self.body.returns} | {one.block for one in self.body.raises}
        return [index for index in sorted(ends) if self.body.blocks[index].kind is BlockKind.IF]

    @functools.cached_property
    def protected(self) -> frozenset[int]:
        """The blocks of ``try`` that some clause watches."""
        return frozenset(handler.protected for handler in self.body.handlers)
