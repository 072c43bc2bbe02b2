"""Files that break parsers are named as not checked; the rest is checked. In a real process, for some of them kill one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend_lint.config import Settings
from backend_lint.engine.limits import suspicious
from backend_lint.engine.result import Result
from backend_lint.engine.run import check_contents

ROOT = Path(__file__).parents[2]
Check = Callable[..., Result]

BOMBS: dict[str, bytes] = {
    "brackets.py": b"x = " + b"[" * 100_000 + b"]" * 100_000,
    "brackets_open.py": b"(" * 200_000,
    "calls.py": b"q" + b".f()" * 100_000,
    "attributes.py": b"q" + b".f" * 100_000,
    "sum.py": b"x = " + b"1+" * 100_000 + b"1",
    "minus.py": b"x = " + b"-" * 100_000 + b"1",
    "nots.py": b"x = " + b"not " * 50_000 + b"1",
    "lambdas.py": b"x = " + b"lambda:" * 50_000 + b"1",
    "indents.py": b"\n".join(b" " * depth + b"if x:" for depth in range(300)) + b"\n" + b" " * 300 + b"pass",
    "elifs.py": b"if x: pass\n" + b"elif x: pass\n" * 20_000,
    "subscripts.py": b"x" + b"[0]" * 100_000,
    "ternaries.py": b"x = " + b"1 if y else " * 30_000 + b"2",
    "comparisons.py": b"x = " + b"1 < " * 50_000 + b"2",
    "strings.py": b"x = " + b"'a' " * 100_000,
    "fstrings.py": b"x = " + b"f'{" * 100 + b"1" + b"}'" * 100,
    "digits.py": b"x = " + b"9" * 100_000,
    "decorators.py": b"@d\n" * 50_000 + b"def f(): pass",
    "withs.py": b"with " + b", ".join([b"a"] * 20_000) + b": pass",
    "line.py": b"x = '" + b"a" * 900_000 + b"'",
    "lines.py": b"\n" * 900_000,
    "awaits.py": b"async def f():\n x = " + b"await " * 50_000 + b"y",
    "walrus.py": b"x = " + b"(a := " * 50_000 + b"1" + b")" * 50_000,
    "dict.py": b"x = " + b"{1:" * 50_000 + b"1" + b"}" * 50_000,
    "match.py": b"match x:\n case " + b"[" * 50_000 + b"]" * 50_000 + b": pass",
    "deploy/values.yaml": b"- " * 30_000,
    "deploy/docker-compose.yml": b"a: &a [x]\n" + b"".join(b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 8)) for i in range(20)),
}
TEXTS: dict[str, tuple[bytes, str | None]] = {
    "bom.py": (b"\xef\xbb\xbfforbidden()\n", None),
    "latin.py": ("# -*- coding: latin-1 -*-\nforbidden('é')\n".encode("latin-1"), None),
    "crlf.py": (b"x = 1\r\nforbidden()\r\n", None),
    "cr.py": (b"x = 1\rforbidden()\r", None),
    "mixed.py": (b"x = 1\r\ny = 2\rforbidden()\n", None),
    "formfeed.py": (b"x = 1\n\x0c\nforbidden()\n", None),
    "separator.py": ("x = '\u2028'; forbidden()".encode(), None),
    "surrogate.py": (b"x = '\\ud800'; forbidden()", None),
    "bidi.py": ("x = '\u202e'; forbidden()".encode(), None),
    "tabs.py": (b"if x:\n\tforbidden()\n", None),
    "unended.py": (b"forbidden()", None),
    "nul.py": (b"x = 1\0\n", "NUL"),
    "utf16.py": ("forbidden()\n".encode("utf-16"), ""),
    "broken.py": (b"x = '\xff'\n", "utf-8"),
    "unknown.py": (b"# coding: no-such-codec\nx = 1\n", "no-such-codec"),
    "syntax.py": (b"def f(:\n", "syntax error"),
}


def test_bombs_cost_only_themselves(project: Path) -> None:
    for name, data in BOMBS.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_bytes(data)
    (project / "plain.py").write_text("forbidden()\n")
    (project / "empty.py").write_bytes(b"")
    program = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]\n"
        "from engine_rules import Registry\nfrom pathlib import Path\nimport msgspec\n"
        "from backend_lint.config import Settings\nfrom backend_lint.engine.run import run\n"
        f"for jobs in (1, 2):\n    print(msgspec.json.encode(run(Settings(root=Path({str(project)!r}), jobs=jobs, cache=False), Registry())).decode())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    one, two = done.stdout.splitlines()
    assert one == two
    result = json.loads(one)
    assert [found["finding"]["path"] for found in result["findings"] if found["finding"]["rule"] == "forbidden-call"] == ["plain.py"]
    refused = {skipped["path"] for skipped in result["unchecked"]}
    assert {"brackets.py", "brackets_open.py", "indents.py", "digits.py", "calls.py"} - {"digits.py"} <= refused
    assert not refused & {"plain.py", "empty.py", "lines.py", "line.py", "decorators.py"}
    assert all(skipped["reason"] for skipped in result["unchecked"])


def test_a_run_imports_starts_and_writes_nothing_of_the_project(project: Path, tmp_path: Path) -> None:
    """Everything the interpreter does is audited: imports, processes, sockets, files opened for writing."""
    for name in ("ast.py", "click.py", "conftest.py", "sitecustomize.py", "setup.py", "app/__init__.py", "app/views.py", "git", "msgspec.py"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(f"open({str(tmp_path / 'executed')!r}, 'w')\nforbidden()\n")
        (project / name).chmod(0o755)
    (project / "pyproject.toml").write_text('[build-system]\nbuild-backend = "setup"\n')
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    program = f"""
import sys, os
sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]
from engine_rules import Registry
from pathlib import Path
from backend_lint.config import Settings
from backend_lint.engine import read_stage
from backend_lint.engine.run import run
root, cache = {str(project)!r}, {str(tmp_path / "cache")!r}
read_stage.IN_PROCESS_BYTES = 100
def audit(event, arguments):
    text = [os.fsdecode(one) if isinstance(one, bytes) else str(one) for one in arguments]
    if event == "import" and len(text) > 1 and text[1].startswith(root):
        print("IMPORT", *text)
    elif event in ("subprocess.Popen", "os.posix_spawn") and not text[0].endswith("/git"):
        print("PROCESS", *text)
    elif event in ("socket.connect", "socket.getaddrinfo", "os.system", "os.exec", "pickle.find_class"):
        print(event, *text)
    elif event == "open" and not isinstance(arguments[0], int) and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        if not text[0].startswith((cache, os.devnull)) and "__pycache__" not in text[0]:
            print("WRITE", *text)
sys.addaudithook(audit)
os.chdir(root)
for jobs in (1, 2):
    result = run(Settings(root=Path(root), jobs=jobs, cache_dir=Path(cache + str(jobs))), Registry())
    print(len(result.checked), len([one for one in result.findings if one.finding.rule == "forbidden-call"]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "8 7\n8 7\n", done.stdout + done.stderr[-2000:]
    assert not (tmp_path / "executed").exists()


def test_every_encoding_is_read_or_named(project: Path, check: Check) -> None:
    for name, (data, _) in TEXTS.items():
        (project / name).write_bytes(data)
    result = check(project)
    told = {skipped.path: skipped.reason for skipped in result.unchecked}
    found = {reported.finding.path for reported in result.findings if reported.finding.rule == "forbidden-call"}
    for name, (_, reason) in TEXTS.items():
        if reason is None:
            assert name in found and name not in told, name
        elif reason:
            assert reason in told[name], name
        else:
            assert (name in found) != (name in told), name


def test_a_rule_that_raises_costs_its_own_findings(project: Path, check: Check, registry: Any) -> None:
    class Broken(type(registry.made[1])):  # type: ignore[misc]
        def check(self, model: Any) -> Any:
            yield from super().check(model)
            raise RuntimeError("no such table")

    (project / "a.py").write_text("forbidden()\n")
    registry.made[1] = Broken("many-modules", "testing")
    result = check(project)
    assert [reported.finding.rule for reported in result.findings] == ["forbidden-call"]
    assert [(skipped.path, skipped.reason) for skipped in result.unchecked] == [("", "rule many-modules failed: RuntimeError: no such table")]


def test_times_are_told_only_when_asked_for(project: Path, check: Check) -> None:
    """Else the same input would not give the same bytes."""
    (project / "a.py").write_text("forbidden()\n")
    plain = check(project)
    assert plain.seconds == 0.0 and plain.timings == ()
    timed = check(project, timings=True)
    assert {"discover", "read", "link", "triage", "rule forbidden-call", "rule many-modules"} <= {timing.name for timing in timed.timings}
    assert timed.findings == plain.findings


def test_only_what_was_asked_for_is_reported_and_all_is_linked(project: Path, check: Check) -> None:
    (project / "sub").mkdir()
    for name in ("a.py", "sub/b.py", "subtle.py"):
        (project / name).write_text("forbidden()\n")
    (project / "broken.py").write_text("x = (\n")
    result = check(project, paths=("sub",))
    assert {(reported.finding.path, reported.finding.message) for reported in result.findings} == {
        ("sub/b.py", "forbidden is called, call allowed instead"),
        ("sub/b.py", "one of 3 modules"),
    }
    assert result.checked == ("sub/b.py",) and not result.unchecked and result.files == 1


def test_a_rule_speaks_only_of_files_in_its_roles(project: Path, check: Check) -> None:
    for name in ("a.py", "tests/test_a.py", "scripts/x.py", "generated_pb2.py"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("forbidden()\n")
    assert {reported.finding.path for reported in check(project).findings} == {"a.py"}
    assert {reported.finding.path for reported in check(project, roles={"application": ("tests/**",)}).findings} == {"a.py", "tests/test_a.py"}


def test_standard_input_stands_for_its_file(project: Path, check: Check) -> None:
    (project / "a.py").write_text("x = 1\n")
    (project / "b.py").write_text("forbidden()\n")
    result = check(project, stdin=b"forbidden()\nforbidden()\n", stdin_filename="a.py")
    assert [(one.finding.path, one.finding.line) for one in result.findings if one.finding.rule == "forbidden-call"] == [("a.py", 1), ("a.py", 2)]
    fresh = check(project, stdin=b"forbidden()\n", stdin_filename="new/c.py")
    assert {one.finding.path for one in fresh.findings} == {"new/c.py"}


def test_contents_are_checked_as_a_checkout_of_them_would_be(project: Path, check: Check, registry: Any) -> None:
    contents = dict.fromkeys(("a.py", "sub/b.py", "node_modules/c.py", "build/d.py", "old/e.py", "notes.txt"), b"forbidden()\n")
    contents["big.py"] = b"x" * 2000
    for name, data in contents.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_bytes(data)
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    options: dict[str, Any] = {"max_file_size": 1000, "exclude": ("old",)}
    expected = check(project, **options)
    assert {one.finding.path for one in expected.findings} == {"a.py", "sub/b.py", "build/d.py"}
    settings = Settings(root=project / "elsewhere", jobs=1, **options)
    readings, judged = check_contents(settings, registry, contents)
    assert tuple(readings) == expected.checked
    assert set(judged.findings) == {one.finding for one in expected.findings}
    assert check_contents(settings, registry, contents) == (readings, judged)


@pytest.mark.parametrize("data", [BOMBS[name] for name in ("brackets.py", "calls.py", "minus.py", "nots.py", "sum.py", "line.py", "deploy/values.yaml")])
def test_signs_of_a_bomb_are_seen(data: bytes) -> None:
    assert suspicious(data)


def test_ordinary_source_is_not_suspicious() -> None:
    for path in (ROOT / "backend_lint").rglob("*.py"):
        assert not suspicious(path.read_bytes()), path
