"""Values of checked code: constants and displays as Python's own, calls as `Made`, everything else as text."""

from __future__ import annotations

import ast
import enum
import functools
from collections.abc import Mapping
from typing import Final

import msgspec

from backend_lint.facts.python import Call
from backend_lint.project.schema.mapping import ClassKey

_CUT = 203
"""The reader cuts strings that are longer; what is left of them is not their value."""


MAX_LENGTH = 100_000
"""Characters of a string that is put together; a longer one counts as unknown."""
MAX_ITEMS = 20_000
"""Of a list that is put together, likewise."""


class Nothing(enum.Enum):
    """The value of what is not known."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Nothing.UNKNOWN


class Frame(msgspec.Struct, frozen=True, gc=False):
    """Where a text stands: function `function` of the module at `path`, in the body of class `owner`, at `line` if that matters.

    `names`: what texts such as ``%x`` stand for.
    """

    path: str
    function: int
    names: Mapping[str, Value] = {}
    owner: ClassKey | None = None
    line: int = 0


class Made(msgspec.Struct, frozen=True, gc=False):
    """A call that makes something. `name`: the dotted name of what is called, empty if it is none of a library; `key`: the class of the project that is called.

    `given`: keywords bound before (``functools.partial``).
    """

    frame: Frame
    call: Call
    name: str
    given: tuple[tuple[str, Value], ...] = ()
    key: ClassKey | None = None

    @property
    def simple(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


class ClassName(msgspec.Struct, frozen=True, gc=False):
    """A class of the project."""

    key: ClassKey


class ModuleName(msgspec.Struct, frozen=True, gc=False):
    """A module of the project."""

    path: str


class Text(msgspec.Struct, frozen=True, gc=False):
    """A value that is no constant: a name of something, an operation."""

    frame: Frame
    text: str


Value = str | int | float | bool | None | tuple["Value", ...] | dict["Value", "Value"] | Made | ClassName | ModuleName | Text | Nothing


@functools.lru_cache(maxsize=8192)
def string_of(text: str) -> str | Nothing:
    """The string that a constant's text stands for."""
    if text[0] == "b":
        return UNKNOWN
    if len(text) >= _CUT and text.endswith("...'"):
        return UNKNOWN
    if "\\" not in text:
        return text[1:-1] if text[-1] == text[0] and text.count(text[0]) == 2 else UNKNOWN
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return UNKNOWN
    return value if isinstance(value, str) else UNKNOWN


def number_of(text: str) -> int | float | Nothing:
    """The number that a constant's text stands for."""
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return UNKNOWN
