"""`.coverage` needs coverage.py to be read. Without it the reader says so and how to go on; reports that need no library are read as ever."""

from __future__ import annotations

import importlib.util

import pytest

from backend_lint.readers.coverage.data_file import read_data
from backend_lint.readers.coverage.records import UnreadableError


@pytest.mark.parametrize("missing", ["coverage", "re2"])
def test_the_way_out_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == missing else found(name, *rest))
    with pytest.raises(UnreadableError, match=r"pip install 'backend-lint\[coverage\]', or name a report of `coverage xml`"):
        read_data(b"SQLite format 3\0")
