"""Fixes: what is edited, what is refused, and what is taken back, with rules of our own in a real run."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libcst as cst
import pytest

from backend_lint.api import File, Finding, Mends, NodeRule
from backend_lint.card import ENGINE_CARDS, card_of
from backend_lint.config import Settings
from backend_lint.engine.mend import MendResult, mend
from backend_lint.registry import Registry


class CallRule(NodeRule[ast.Call]):
    """A call of a marked function."""

    severity, precision, since, fix = "error", "high", "0.1", "safe"
    nodes = (ast.Call,)
    function = ""

    def visit(self, node: ast.Call, file: File) -> Iterator[Finding]:
        if isinstance(node.func, ast.Name) and node.func.id == self.function and not any(word.arg == "timeout" for word in node.keywords):
            yield self.finding(file.path, file.position(node), f"call of {self.function}", symbol=file.symbol)


class Timeout(Mends, CallRule):
    """Adds a timeout."""

    function = "get"
    mends = ("Call",)

    def mend(self, node: cst.CSTNode, finding: Finding) -> cst.CSTNode | None:
        assert isinstance(node, cst.Call)
        if any(word.star for word in node.args):
            return None
        equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        return node.with_changes(args=[*node.args, cst.Arg(cst.Integer("5"), cst.Name("timeout"), equal)])


class Named(Timeout):
    """Adds a named timeout."""

    function, fix, imports = "post", "unsafe", ("app.limits:TIMEOUT", "logging")


class Opened(Timeout):
    """Mends the statement around the call: a simple one becomes two, a ``with`` opens something else."""

    function = "opened"
    mends = ("SimpleStatementLine", "With")

    def mend(self, node: cst.CSTNode, finding: Finding) -> cst.CSTNode | cst.FlattenSentinel[Any] | None:
        if isinstance(node, cst.With):
            return node.with_changes(items=[cst.WithItem(cst.Name("other"))])
        assert isinstance(node, cst.SimpleStatementLine)
        return cst.FlattenSentinel([node.with_changes(body=[cst.Expr(cst.Name("one"))]), cst.parse_statement("two")])


class Shared(Timeout):
    """Needs a definition on module level, and an import for some of its findings only."""

    function = "shared"

    def mend(self, node: cst.CSTNode, finding: Finding) -> cst.CSTNode | None:
        return cst.parse_expression(f"made_{finding.line}()")

    def above(self, node: cst.CSTNode, finding: Finding) -> cst.BaseCompoundStatement | None:
        made = cst.parse_statement(f"def made_{finding.line}():\n    return 1\n")
        assert isinstance(made, cst.FunctionDef)
        return made

    def imports_for(self, finding: Finding) -> tuple[str, ...]:
        return ("first",) if finding.line == 1 else ()


class Idle(Timeout):
    """Says it fixes and does not."""

    function = "idle"

    def mend(self, node: cst.CSTNode, finding: Finding) -> cst.CSTNode | None:
        assert isinstance(node, cst.Call)
        return node.with_changes(args=[*node.args, cst.Arg(cst.Integer("5"))])


class Raising(Timeout):
    """Raises."""

    function = "raising"

    def mend(self, node: cst.CSTNode, finding: Finding) -> cst.CSTNode | None:
        raise KeyError("oops")


class Harmful(Timeout):
    """Makes a finding of another rule."""

    function = "harmful"

    def mend(self, node: cst.CSTNode, finding: Finding) -> cst.CSTNode | None:
        return cst.parse_expression("get(1)")


class Syntax(Timeout):
    """Makes text that is no Python."""

    function = "syntax"

    def mend(self, node: cst.CSTNode, finding: Finding) -> cst.CSTNode | None:
        return cst.Name("class")


class Chain(Timeout):
    """Each fix makes the next finding."""

    function = "chain"

    def mend(self, node: cst.CSTNode, finding: Finding) -> cst.CSTNode | None:
        return cst.parse_expression("chain2()")


class Chain2(Timeout):
    """And back."""

    function = "chain2"

    def mend(self, node: cst.CSTNode, finding: Finding) -> cst.CSTNode | None:
        return cst.parse_expression("chain()")


class Hinted(Timeout):
    """Writes what its finding suggests, and that looks like a secret."""

    function = "hinted"

    def visit(self, node: ast.Call, file: File) -> Iterator[Finding]:
        for finding in super().visit(node, file):
            yield self.finding(file.path, file.position(node), finding.message, suggestion='timeout=dict(token="abcdefgh")')

    def mend(self, node: cst.CSTNode, finding: Finding) -> cst.CSTNode | None:
        return cst.parse_expression(f"hinted({finding.suggestion})")


class Patch(Timeout):
    """Is printed, never applied."""

    function, fix = "patched", "patch"


def registry() -> Registry:
    rules: dict[str, Any] = {}
    for rule in (Timeout, Named, Opened, Shared, Idle, Raising, Harmful, Syntax, Chain, Chain2, Hinted, Patch):
        rule.name, rule.family = rule.__name__.lower(), "test"
        rules[rule.name] = rule
    return Registry(rules, {**{name: card_of(rule, name, "test") for name, rule in rules.items()}, **ENGINE_CARDS})


def fix(root: Path, unsafe: bool = False, diff: bool = False, **settings: Any) -> MendResult:
    return mend(Settings(root=root, cache=False, jobs=1, **settings), registry(), unsafe, diff)


def fixed(root: Path, text: str | bytes, **options: Any) -> bytes:
    (root / "app.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    fix(root, **options)
    return (root / "app.py").read_bytes()


def test_a_fix_keeps_everything_else(tmp_path: Path) -> None:
    text = "# -*- coding: utf-8 -*-\nx = [ get( 'ä' ,  # why\n  2) ]\n\n\n\nclass  A : pass\n"
    assert fixed(tmp_path, text).decode() == text.replace("2)", "2, timeout=5)")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("get(1)\n", "get(1, timeout=5)\n"),
        ("get(1)\r\nx = 1\r\n", "get(1, timeout=5)\r\nx = 1\r\n"),
        ("\ufeffget(1)", "\ufeffget(1, timeout=5)"),
        ("ä = '🎉'; get(1)  # ä\n", "ä = '🎉'; get(1, timeout=5)  # ä\n"),
        ("get(get(1), get(2))\n", "get(get(1, timeout=5), get(2, timeout=5), timeout=5)\n"),
        ("get(1)(2)\n", "get(1, timeout=5)(2)\n"),
        ("(get(1))\n", "(get(1, timeout=5))\n"),
        ("async def f():\n\tawait get(1)\n", "async def f():\n\tawait get(1, timeout=5)\n"),
        ("f'{get(1)}'\n", "f'{get(1, timeout=5)}'\n"),
    ],
)
def test_a_fix_stands_where_the_finding_stands(before: str, after: str, tmp_path: Path) -> None:
    assert fixed(tmp_path, before).decode() == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = [\n  1, opened(2)]  # why\nz\n", "one  # why\ntwo\nz\n"),
        ("if x:\r\n\topened(1)\r\n", "if x:\r\n\tone\r\n\ttwo\r\n"),
        ("with opened(1) as x:\n    # first\n    y\n", "with other:\n    # first\n    y\n"),
        ("with x:\n    y = opened(1)\n", "with x:\n    one\n    two\n"),
        ("x = opened(opened(1))\nopened(2)\n", "one\ntwo\none\ntwo\n"),
        ("x = opened(get(1))\nget(2)\n", "one\ntwo\nget(2, timeout=5)\n"),
    ],
)
def test_a_statement_is_mended_around_the_finding(before: str, after: str, tmp_path: Path) -> None:
    end = "\r\n" if "\r\n" in before else "\n"
    head = f"from parts import one, other, two{end}"
    assert fixed(tmp_path, head + before).decode() == head + after


@pytest.mark.parametrize("text", ["if opened(1):\n    x\n", "if x: opened(1)\n", "with x:\n    if opened(1):\n        y\n", "with x: opened(1)\n"])
def test_a_statement_of_another_kind_is_left_alone(text: str, tmp_path: Path) -> None:
    assert fixed(tmp_path, text).decode() == text


def test_definitions_stand_in_front_of_what_needs_them(tmp_path: Path) -> None:
    text = "x = 0\r\n\r\n\r\n# of f\r\n@d\r\ndef f():\r\n    def g():\r\n        return shared(1)\r\n    return shared(2)\r\n\r\n\r\ny = shared(3)\r\n"
    made = [f"def made_{line}():\r\n    return 1\r\n\r\n\r\n" for line in (8, 9, 12)]
    after = text.replace("shared(1)", "made_8()").replace("shared(2)", "made_9()").replace("shared(3)", "made_12()")
    wanted = after.replace("# of f", made[0] + made[1] + "# of f")
    wanted = wanted.replace("\r\n\r\n\r\ny =", f"\r\n\r\n\r\n{made[2]}y =")
    assert fixed(tmp_path, text).decode() == wanted


def test_an_import_is_added_only_for_the_fix_that_needs_it(tmp_path: Path) -> None:
    assert "import first" in fixed(tmp_path, "x = shared(1)\n").decode()
    assert "import first" not in fixed(tmp_path, "\nx = shared(1)\n").decode()


def test_a_fix_sees_the_finding_before_secrets_are_hidden(tmp_path: Path) -> None:
    assert fixed(tmp_path, "hinted(1)\n") == b'hinted(timeout=dict(token="abcdefgh"))\n'


def test_an_encoding_is_kept(tmp_path: Path) -> None:
    assert fixed(tmp_path, "# coding: latin-1\nget('ä')\n".encode("latin-1")) == "# coding: latin-1\nget('ä', timeout=5)\n".encode("latin-1")


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("get(1)\nget(*a)\n", "utf-8")
    assert fix(tmp_path) == MendResult(("app.py",), "", (), 1)
    text = (tmp_path / "app.py").read_bytes()
    assert fix(tmp_path) == MendResult((), "", (), 1)
    assert (tmp_path / "app.py").read_bytes() == text == b"get(1, timeout=5)\nget(*a)\n"


def test_only_safe_fixes_unless_asked(tmp_path: Path) -> None:
    assert fixed(tmp_path, "post(1)\npatched(1)\n") == b"post(1)\npatched(1)\n"
    after = fixed(tmp_path, "post(1)\npatched(1)\n", unsafe=True).decode()
    assert after.endswith("post(1, timeout=5)\npatched(1)\n")


def test_needed_imports_are_added_once(tmp_path: Path) -> None:
    text = '"""Doc."""\nfrom __future__ import annotations\nimport logging\n\npost(1)\npost(2)\n'
    after = fixed(tmp_path, text, unsafe=True).decode()
    assert after.count("from app.limits import TIMEOUT") == 1
    assert after.count("import logging") == 1
    assert after.index("__future__") < after.index("app.limits") < after.index("post(")
    assert "app.limits" not in fixed(tmp_path, "get(1)\n", unsafe=True).decode()


def test_a_diff_is_printed_and_nothing_written(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(b"x = 1\nget(1)")
    outcome = fix(tmp_path, diff=True)
    assert (
        outcome.diff
        == "--- a/app.py\n+++ b/app.py\n@@ -1,2 +1,2 @@\n x = 1\n-get(1)\n\\ No newline at end of file\n+get(1, timeout=5)\n\\ No newline at end of file\n"
    )
    assert outcome.changed == ("app.py",)
    assert (tmp_path / "app.py").read_bytes() == b"x = 1\nget(1)"


def test_a_diff_can_be_applied_by_git(tmp_path: Path) -> None:
    import subprocess

    name = "ä \t\x1b\n.py"
    (tmp_path / name).write_bytes(b"x = '\x0c'\r\nget(1)\r\n# \xe2\x80\xa8 y\n")
    outcome = fix(tmp_path, diff=True)
    assert "\x1b" not in outcome.diff.split("@@")[0]
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=outcome.diff.encode(), check=True)
    assert (tmp_path / name).read_bytes() == b"x = '\x0c'\r\nget(1, timeout=5)\r\n# \xe2\x80\xa8 y\n"


def test_suppressed_and_accepted_findings_are_not_fixed(tmp_path: Path) -> None:
    text = "get(1)  # backend-lint: ignore[timeout] the session has one\n"
    assert fixed(tmp_path, text).decode() == text
    from backend_lint.engine import baseline
    from backend_lint.engine.run import run

    (tmp_path / "app.py").write_text("get(1)\n", "utf-8")
    baseline.create(tmp_path / "b.json", run(Settings(root=tmp_path, cache=False), registry()))
    assert fix(tmp_path, baseline=tmp_path / "b.json").changed == ()


def test_only_the_asked_paths_are_fixed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text("get(1)\n", "utf-8")
    assert fix(tmp_path, paths=("a",)).changed == ("a/app.py",)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("idle", "the fix of idle did not take"),
        ("raising", "the fix failed: KeyError"),
        ("harmful", "a fix would bring findings of timeout"),
        ("syntax", "no valid Python"),
        ("chain", "chain2"),
    ],
)
def test_a_file_whose_fix_did_not_take_is_left_as_it_was(function: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("get(1)\n", "utf-8")
    text = f"from calls import chain2, get\n{function}(1)\nx = 1\n"
    (tmp_path / "app.py").write_text(text, "utf-8")
    outcome = fix(tmp_path)
    assert [path for path, _ in outcome.reverted] == ["app.py"]
    assert reason in outcome.reverted[0][1]
    assert (tmp_path / "app.py").read_text("utf-8") == text
    assert (tmp_path / "good.py").read_text("utf-8") == "get(1, timeout=5)\n"
    assert outcome.remaining == 1


@pytest.mark.parametrize(
    ("around", "edited"),
    [
        ("class A[T: int](list[T]):\n    def f[\n        S,\n    ](self):\n        get(1)\n", True),
        ("type A[T] = list[T]\nx = f\"{a[\"b\"]} {get(1)}\"\n", True),
        ("try:\n    get(1)\nexcept A, B: get(1)\n", True),
        ("x = f\"{f\"{f\"{get(1)}\"}\"}\"\n", sys.version_info >= (3, 12)),
    ],
)
def test_newer_syntax_is_edited_where_it_stands(around: str, edited: bool, tmp_path: Path) -> None:
    """A file that an older interpreter reads in other words keeps its own words; it is left where its columns are not those of the reading."""
    assert fixed(tmp_path, around).decode() == (around.replace("get(1)", "get(1, timeout=5)") if edited else around)


@pytest.mark.parametrize(
    "text",
    [
        "get(1)\rx = 1\r",
        "get(1)\nx = " + "-" * 400 + "1\n",
        "get(1)\nx = a" + ".b()" * 2000 + "\n",
        "get(1)\nx = " + "+".join(["1"] * 5000) + "\n",
        "get(1)\n" + "".join(f"{' ' * depth}if x:\n" for depth in range(95)) + " " * 95 + "pass\n",
    ],
)
def test_what_cannot_be_edited_safely_is_refused_or_edited_whole(text: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(text.encode())
    outcome = fix(tmp_path)
    after = (tmp_path / "app.py").read_bytes()
    assert after in (text.encode(), text.replace("get(1)", "get(1, timeout=5)").encode())
    assert (after == text.encode()) == (outcome.changed == ())


def test_broken_files_beside_it_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("get(1\n", "utf-8")
    (tmp_path / "binary.py").write_bytes(b"get(1)\0")
    (tmp_path / "nested.py").write_text("(" * 3000 + ")" * 3000, "utf-8")
    assert fixed(tmp_path, "get(1)\n") == b"get(1, timeout=5)\n"


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    (root / "real").mkdir(parents=True)
    outside.mkdir()
    (outside / "app.py").write_text("get(1)\n", "utf-8")
    (root / "real" / "app.py").write_text("get(1)\n", "utf-8")
    (root / "link.py").symlink_to(outside / "app.py")
    (root / "inside.py").symlink_to(root / "real" / "app.py")
    (root / "folder").symlink_to(outside)
    outcome = fix(root)
    assert outcome.changed == ("real/app.py",)
    assert (outside / "app.py").read_text("utf-8") == "get(1)\n"
    assert (root / "inside.py").is_symlink() and (root / "link.py").is_symlink()


def test_a_link_that_was_named_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("get(1)\n", "utf-8")
    (tmp_path / "link.py").symlink_to("app.py")
    outcome = fix(tmp_path, paths=("link.py",), explicit_paths=True)
    assert outcome == MendResult((), "", (("link.py", "it is a link; fix app.py itself"),), 0)
    assert (tmp_path / "app.py").read_text("utf-8") == "get(1)\n"


def test_a_name_that_is_no_utf8_is_fixed(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    (tmp_path / name).write_text("get(1)\n", "utf-8")
    assert fix(tmp_path).changed == ("caf\\xe9.py",)
    assert (tmp_path / name).read_text("utf-8") == "get(1, timeout=5)\n"


def test_the_mode_is_kept_and_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("get(1)\n", "utf-8")
    (tmp_path / "app.py").chmod(0o751)
    fix(tmp_path)
    assert (tmp_path / "app.py").stat().st_mode & 0o777 == 0o751
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_text("get(1)\n", "utf-8")
    from backend_lint.engine.mend import _Session

    check = _Session._check

    def meddling(self: Any) -> Any:
        (tmp_path / "app.py").write_text("get(2)\n", "utf-8")
        return check(self)

    monkeypatch.setattr(_Session, "_check", meddling)
    outcome = fix(tmp_path)
    assert outcome.reverted == (("app.py", "it was changed by somebody else in the meantime"),)
    assert (tmp_path / "app.py").read_text("utf-8") == "get(2)\n"
