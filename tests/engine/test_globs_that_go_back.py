"""Patterns of ``.gitignore`` and of coverage.py are written by the checked project: none may make a backtracking engine go back without end."""

from __future__ import annotations

import importlib.util
import random
import time

import pytest
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from backend_lint.engine.coverage_scope import left_out
from backend_lint.engine.gitignore import bounded, is_simple, specification
from backend_lint.facts.coverage_config import CoverageConfig

LONG = "/".join(["a" * 250] * 15) + "/c.py"
DEEP = "a/" * 1990 + "c.py"
NAME = "a" * 250 + ".py"
IGNORED = (
    "*a*b", "*a*/*a*/*a*/*a*/*a*/b", "**/a/**/a/**/b", "**/*a*/**/*a*/**/*a*b", "a/**/a/**/b", "*[!b]*/*[!b]*/*[!b]*/*[!b]*/*[!b]*/*[!b]*/b",
)  # fmt: skip
OMITTED = ("*a*a*a*b", "*a*a*a*", "**/a/**/x", "*/**/*x", "*/*/*/*x", "**/**/x")


@pytest.mark.parametrize("path", [LONG, DEEP, NAME], ids=["long", "deep", "name"])
@pytest.mark.parametrize("pattern", IGNORED)
def test_no_line_of_gitignore_goes_back_without_end(pattern: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "re2" else found(name, *rest))
    assert is_simple(pattern)
    known, left = specification(pattern)
    assert not left
    begun = time.process_time()
    for _ in range(20):
        known.check_file(path)
    assert time.process_time() - begun < 1, "a thousand such lines and files take hours"


@pytest.mark.parametrize("path", [LONG, DEEP, NAME], ids=["long", "deep", "name"])
@pytest.mark.parametrize("pattern", OMITTED)
def test_no_glob_of_coverage_goes_back_without_end(pattern: str, path: str) -> None:
    asked = left_out(CoverageConfig(omit=(pattern,)))
    begun = time.process_time()
    for _ in range(20):
        asked(path)
    assert time.process_time() - begun < 1


def test_the_bounded_expression_matches_what_that_of_pathspec_matches() -> None:
    draw = random.Random(1)
    parts = ["a", "b", "*", "**", "*a", "a*", "*a*", "*a*b", "?", "a?*", "[ab]", "*[ab]*", "x", "*.py", "\\*"]
    import re

    compared = 0
    for _ in range(3000):
        line = draw.choice(["", "/", "!"]) + "/".join(draw.choice(parts) for _ in range(draw.randint(1, 6))) + draw.choice(["", "", "/", "/**"])
        made = GitIgnoreSpecPattern(line)
        if made.regex is None:
            continue
        ours = re.compile(bounded(made.regex.pattern))
        for _ in range(8):
            names = ("".join(draw.choice("abx") for _ in range(draw.randint(1, 4))) for _ in range(draw.randint(1, 7)))
            path = "/".join(names) + draw.choice(["", ".py", "/"])
            one, other = made.regex.search(path), ours.search(path)
            assert (one and one.groupdict()) == (other and other.groupdict()), (line, path)
            compared += one is not None
    assert compared > 1000


@pytest.mark.parametrize(("line", "path", "ignored"), [("a[!b]c", "a/c", None), ("a[!b]c", "axc", True), ("a[--9]c", "a/c", None)])
def test_a_class_matches_no_slash_as_in_git(line: str, path: str, ignored: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "re2" else found(name, *rest))
    assert specification(line)[0].check_file(path).include is ignored


def test_a_glob_that_coverage_refuses_leaves_nothing_out() -> None:
    assert left_out(CoverageConfig(omit=("a**b",)))("axb") == ""
