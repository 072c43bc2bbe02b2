"""Regular expressions that are compiled when they are first used: compiling all of them at the start costs a tenth of a small run."""

from __future__ import annotations

import re
from typing import Any, cast

_METHODS = ("findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn")


class _Lazy:
    """Stands for a pattern. Its methods are those of the compiled one from the first use on, so that later uses cost nothing more."""

    __slots__ = ("_flags", "_source", *_METHODS)

    def __init__(self, source: str, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # asked only while the slot is empty
        compiled = re.compile(self._source, self._flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def lazy_regex(source: str, flags: int = 0) -> re.Pattern[str]:
    """`re.compile` put off until the first use. An error in `source` shows only then: tests compile them all."""
    return cast("re.Pattern[str]", _Lazy(source, flags))
