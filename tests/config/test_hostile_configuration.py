"""Whatever a configuration file holds, it is read or refused with a message that names it: nothing else happens."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend_lint.config import ConfigError
from backend_lint.config_file import line_of, parse
from backend_lint.config_keys import KEYS
from backend_lint.config_load import Request, load, settle
from backend_lint.registry import ENGINE_CARDS, Registry

_REGISTRY = Registry({}, dict(ENGINE_CARDS))
_WORDS = st.sampled_from([*"ALL engine unused-suppression error off x/** total new coverage severity ignore test ../../x a=b".split(), ""])
_TEXTS = _WORDS | st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), max_size=8)
_LEAVES = _TEXTS | st.booleans() | st.integers(-(2**62), 2**62) | st.floats() | st.dates() | st.times() | st.datetimes()
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3), max_leaves=8)
_DOCUMENTS = st.dictionaries(st.sampled_from([*KEYS, "$schema", "unknown"]), _VALUES, max_size=4)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return str(value)  # nan and inf are TOML as well
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {_toml(one)}" for key, one in value.items()) + "}"
    return repr(value)


@pytest.fixture(autouse=True)
def no_configuration_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_DOCUMENTS)
def test_any_document_is_read_or_refused(tmp_path: Path, document: dict[str, Any]) -> None:
    text = "".join(f"{_toml(key)} = {_toml(value)}\n" for key, value in document.items())
    (tmp_path / "backend-lint.toml").write_text(text, encoding="utf-8", newline="\n")
    try:
        made = settle(load(Request(tmp_path)), _REGISTRY)
    except ConfigError as error:
        assert re.match(r"backend-lint\.toml(:\d+)?: ", str(error)), str(error)
    else:
        _REGISTRY.instantiate(made)
        assert made.rules_dir == () and made.cache_dir is None
        assert made.baseline is None or made.baseline.is_relative_to(tmp_path)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet="[]{}=\".'\\#,\n a1:-", max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse(data, "backend-lint.toml", Path("/"), trusted=False, pyproject=True)
    except ConfigError as error:
        assert str(error).startswith("backend-lint.toml")


@given(st.text(alphabet="[]=\".' \na", max_size=60), st.lists(st.sampled_from(["a", "aa", ""]), max_size=3).map(tuple))
def test_a_line_is_always_a_line_of_the_text(text: str, keys: tuple[str, ...]) -> None:
    assert 0 <= line_of(text, keys, "a") <= text.count("\n") + 1
