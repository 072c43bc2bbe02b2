"""One function's body, indexed for questions that are asked for each of its calls and assignments: all answers together cost what the function is long."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Mapping, Sequence

from backend_lint.facts.python import BlockKind, Body, Call
from backend_lint.project.value_text import alternatives

_SAVES = frozenset({"save", "asave"})


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
    def values(self) -> Mapping[str, Sequence[str]]:
        """What is assigned to each target."""
        found: dict[str, list[str]] = {}
        for assign in self.body.assigns:
            found.setdefault(assign.target, []).append(assign.value)
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
    def text(self) -> str:
        """All that is read, passed, tested and returned, for questions whether a value is among it."""
        body = self.body
        texts = [text for _, _, text, _ in body.reads] + [block.subject for block in body.blocks] + [one.value for one in body.returns]
        texts += [text for call in body.calls for text in (*call.args, *(value for _, value in call.keywords))]
        return "\n".join(texts)

    @functools.cached_property
    def leaving(self) -> Sequence[int]:
        """The ``if`` blocks that end the function, in the order of the text."""
        ends = {one.block for one in self.body.returns} | {one.block for one in self.body.raises}
        return [index for index in sorted(ends) if self.body.blocks[index].kind is BlockKind.IF]

    @functools.cached_property
    def protected(self) -> frozenset[int]:
        """The blocks of ``try`` that some clause watches."""
        return frozenset(handler.protected for handler in self.body.handlers)
