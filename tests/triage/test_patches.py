"""Unified diffs: what git, diff and a hostile hand write."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lint.engine.difference import changed_lines
from backend_lint.engine.patch import PatchError, added_lines

LINES = st.lists(st.sampled_from(["a", "b", "c", "+++ b/x", "--- a/x", "@@ -1 +1 @@", ""]), max_size=12)


def spread(ranges: object) -> set[int]:
    return {line for first, last in ranges for line in range(first, last + 1)}  # type: ignore[attr-defined]


@given(LINES, LINES)
def test_changed_lines_are_those_that_a_shortest_edit_adds(before: list[str], after: list[str]) -> None:
    kept = [line for number, line in enumerate(after, 1) if number not in spread(changed_lines(before, after))]
    rest = iter(before)
    assert all(line in rest for line in kept)
    assert changed_lines(after, after) == ()


def test_a_complete_rewrite_is_not_compared_line_by_line() -> None:
    assert changed_lines(["a", "b"] * 100_000, ["b", "c"] * 100_000) == ((1, 200_000),)


@given(LINES, LINES)
def test_a_patch_of_difflib_names_the_lines_that_it_adds(before: list[str], after: list[str]) -> None:
    import difflib

    patch = "\n".join(difflib.unified_diff(before, after, "a/app.py", "b/app.py", lineterm=""))
    found = added_lines(patch.encode())
    kept = [line for number, line in enumerate(after, 1) if number not in spread(found.get("app.py", ()))]
    rest = iter(before)
    assert all(line in rest for line in kept)
    assert set(found) <= {"app.py"}


@pytest.mark.parametrize("options", [[], ["--unified=0"], ["--no-prefix"], ["--no-renames"], ["--src-prefix=i/", "--dst-prefix=w/"]])
def test_a_patch_of_git(options: list[str], tmp_path: Path) -> None:
    for folder, files in {
        "old": {"a b.py": "1\n2\n3\n", "gone.py": "q\nr\ns\n", "ä\t.py": "x\n"},
        "new": {"a b.py": "1\nx\n3\n4", "new.py": "1\n2\n", "ä\t.py": "x\ny\n"},
    }.items():
        (tmp_path / folder).mkdir()
        for name, text in files.items():
            (tmp_path / folder / name).write_text(text, "utf-8")
    done = subprocess.run(["git", "diff", "--no-index", *options, "old", "new"], cwd=tmp_path, capture_output=True, check=False)
    found = {path.rpartition("new/")[2]: spread(ranges) for path, ranges in added_lines(done.stdout).items()}
    assert found == {"a b.py": {2, 4}, "new.py": {1, 2}, "ä\t.py": {2}}


def test_prefixes_are_removed_only_where_git_put_them() -> None:
    plain = b"--- x.py\t2024-01-01\n+++ b/x.py\t2024-01-01\n@@ -0,0 +1 @@\n+a\n"
    assert added_lines(plain) == {"b/x.py": ((1, 1),)}
    assert added_lines(plain.replace(b"--- x", b"--- a/x")) == {"x.py": ((1, 1),)}


def test_lines_inside_a_hunk_are_no_heads() -> None:
    patch = b"--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n--- a/y.py\n+++ b/y.py\n a\n"
    assert added_lines(patch) == {"x.py": ((1, 1),)}


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (b"+++ b/x.py\n@@ nonsense @@\n", "line 2: a hunk's head"),
        (b"+++ b/x.py\n@@ -1 +1,9 @@\n+a\n", "ends inside a hunk"),
        (b"+++ b/x.py\n@@ -1,3 +1,3 @@\n a\ndiff --git a/y b/y\n", "line 4: the hunk above is shorter"),
        (b"--- a/x\n+++ b/x\n@@@ -1 -1 +1 @@@\n", "combined diff"),
        (b"+++ b/x.py\n@@ -1,0 +1,1 @@\n-a\n", "longer than its head"),
    ],
)
def test_a_broken_patch_is_named_with_its_line(patch: bytes, said: str) -> None:
    with pytest.raises(PatchError, match=said):
        added_lines(patch)


@given(st.binary(max_size=300) | st.text('+-@ ,019ab/\n\\"', max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = added_lines(data)
    except PatchError:
        return
    assert all(first <= last for ranges in found.values() for first, last in ranges)


def test_a_long_patch_takes_linear_time() -> None:
    lines = 300_000
    patch = b"--- a/x.py\n+++ b/x.py\n@@ -1,1 +1,%d @@\n a\n" % (lines + 1) + b"+b\n" * lines + b'+++ "b/' + b"\\\\" * 300_000 + b'"\n'
    assert added_lines(patch)["x.py"] == ((2, lines + 1),)
