"""A fingerprint names the same finding after edits elsewhere, and no other one."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from triage_samples import found, sift

LINES = st.lists(st.sampled_from(["x = 1", "get(a)", "get(b)", "    get(a)", "def f():", "", "# get(c)", "y = [", "]"]), min_size=1, max_size=15)


def identities(text: str) -> list[str]:
    return [one.fingerprint for one in sift(text, found(text))[0]]


def test_is_32_hexadecimal_digits() -> None:
    assert re.fullmatch("[0-9a-f]{32}", identities("get(a)\n")[0])


@given(LINES)
def test_is_unique_in_a_file(lines: list[str]) -> None:
    every = identities("\n".join(lines))
    assert len(set(every)) == len(every)


@given(LINES, st.lists(st.sampled_from(["z = 1", "", "# more", "import q"]), max_size=5), st.integers(0, 15))
def test_holds_through_edits_elsewhere(lines: list[str], more: list[str], at: int) -> None:
    changed = [*lines[:at], *more, *lines[at:]]
    assert identities("\n".join(lines)) == identities("\n".join(changed))


@given(LINES)
def test_holds_through_line_ends_and_indentation(lines: list[str]) -> None:
    every = identities("\n".join(lines))
    assert identities("\r\n".join(lines)) == every
    assert identities("\n".join("\t" + line for line in lines)) == every
    assert identities("\n".join(line.replace(" ", "   ") for line in lines)) == every


def test_differs_by_rule_path_symbol_and_text() -> None:
    text = "get(a)\n"
    other = "get(b)\n"
    every = {
        sift(text)[0][0].fingerprint,
        sift(other)[0][0].fingerprint,
        sift(text, path="b.py")[0][0].fingerprint,
        sift(text, found(text, rule="broad-except"))[0][0].fingerprint,
        sift(text, found(text, symbol="f"))[0][0].fingerprint,
    }
    assert len(every) == 5


def test_a_finding_on_a_function_holds_while_its_body_is_edited() -> None:
    head = "get(\n  1,\n  2,\n"
    before, after = head + "  3,\n)\n", head + "  4,\n  5,\n)\n"
    assert sift(before, found(before, end=")\n"[0]))[0][0].fingerprint == sift(after, found(after, end=")"))[0][0].fingerprint


def test_does_not_depend_on_the_order_of_the_findings() -> None:
    text = "get(a)\nget(a)\nget(b)\n"
    findings = found(text)
    assert sift(text, findings)[0] == sift(text, findings[::-1])[0]


def test_silencing_one_of_equal_findings_leaves_the_others_their_names() -> None:
    text = "get(a)\nget(a)\nget(a)\n"
    first, second, third = identities(text)
    text = "# backend-lint: ignore[missing-timeout] why\n" + text
    assert identities(text) == [second, third]
    assert first not in identities(text)
