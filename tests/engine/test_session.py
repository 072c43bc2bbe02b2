"""A session answers what a run on its own would, whatever was edited between its checks."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from random_edits import edits, laid_out

from backend_lint.api import Finding
from backend_lint.config import ConfigError, Settings
from backend_lint.engine import judge, read_stage
from backend_lint.engine.first_answer import FirstAnswer
from backend_lint.engine.result import Reported, Result
from backend_lint.engine.run import run
from backend_lint.engine.session import Session
from backend_lint.engine.triage import ENGINE_RULES, UNUSED
from backend_lint.project.modules import SourceModule
from backend_lint.registry import Registry


@pytest.fixture(scope="module")
def rules() -> Registry:
    return Registry.load(entry_points=False)


@pytest.fixture(autouse=True)
def _later(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An hour has passed since any edit: stamps are trusted. The collector runs again afterwards."""
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 3600 * 10**9)
    yield
    gc.enable()


@pytest.fixture
def backend(project: Path) -> Path:
    return laid_out(project)


def settings(root: Path, **options: Any) -> Settings:
    return Settings(root=root, **{"jobs": 1, "profile": "all", **options})


def first_answer(session: Session, path: str, data: bytes, before: str) -> tuple[Reported, ...] | None:
    assert session.told is not None
    answer = FirstAnswer(session.settings, session.registry, session.told, path, data, before)
    return answer.reported() if answer.can_tell else None


def shown_of(reported: Sequence[Reported]) -> bytes:
    return msgspec.json.encode([one for one in reported if one.finding.rule not in ENGINE_RULES])


def shown(result: Result) -> bytes:
    return msgspec.json.encode(result)


@pytest.mark.parametrize("seed", [3, 4])
def test_after_any_edit_a_session_answers_what_a_run_would(backend: Path, rules: Registry, seed: int) -> None:
    session = Session(settings(backend), rules)
    session.check()
    for _, edit in zip(range(14), edits(random.Random(seed), backend), strict=False):
        edit()
        assert shown(session.check()) == shown(run(settings(backend, cache=False), rules))


def test_told_what_changed_it_looks_at_nothing_else(backend: Path, rules: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(settings(backend), rules)
    session.check()
    read: list[str] = []
    decoded: list[str] = []
    real_read, real_init = read_stage.read_file, SourceModule.__init__
    monkeypatch.setattr(read_stage, "read_file", lambda file, *rest: read.append(file.path) or real_read(file, *rest))
    monkeypatch.setattr(SourceModule, "__init__", lambda self, path, *rest: decoded.append(path) or real_init(self, path, *rest))
    target = backend / "part3" / "views.py"
    target.write_text(target.read_text() + "\nADDED = 1\n")
    (backend / "unseen.py").write_text("x = 1\n")
    expected = session.check(["part3/views.py"])
    assert read == decoded == ["part3/views.py"] and "unseen.py" not in expected.checked
    assert "unseen.py" in session.check().checked
    target.unlink()
    assert "part3/views.py" not in session.check(["part3/views.py"]).checked
    assert shown(session.check()) == shown(run(settings(backend, cache=False), rules))


def test_the_collector_waits_for_rest(backend: Path, rules: Registry) -> None:
    session = Session(settings(backend), rules)
    assert gc.isenabled()
    session.check()
    assert not gc.isenabled()
    session.rest()
    assert gc.isenabled()


def test_a_check_that_cannot_be_served_leaves_a_session_that_can(backend: Path, rules: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(settings(backend), rules)
    with monkeypatch.context() as patched:
        patched.setattr(Registry, "instantiate", lambda *_: (_ for _ in ()).throw(ConfigError("no such rule")))
        with pytest.raises(ConfigError):
            session.check()
    assert shown(session.check()) == shown(run(settings(backend, cache=False), rules))
    session.rest()


@pytest.mark.parametrize("seed", [5, 6])
def test_what_is_said_early_stood_there_or_is_of_the_whole_answer(backend: Path, rules: Registry, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "_OFTEN", -1.0)  # after every rule
    session = Session(settings(backend), rules)
    session.check()
    compared = 0
    for _, edit in zip(range(12), edits(random.Random(seed), backend), strict=False):
        before = {path: path.read_text() for path in backend.rglob("*.py")}
        told = session.told
        assert told is not None
        edit()
        early: list[tuple[tuple[Finding, ...], frozenset[str]]] = []
        whole = session.check(so_far=lambda fresh, asked, early=early: early.append((tuple(fresh), asked))).findings  # type: ignore[misc]
        for path in (path for path in backend.rglob("*.py") if before.get(path, "") not in ("", path.read_text())):
            name = path.relative_to(backend).as_posix()
            answer = FirstAnswer(session.settings, rules, told, name, path.read_bytes(), before[path])
            then = [one for one in whole if one.finding.path == name]
            old, new = before[path].splitlines(), path.read_text().splitlines()
            stood = {(one.rule, old[one.line - 1]) for one in told.findings if one.path == name}
            for fresh, asked in [((), frozenset()), *early]:
                first = answer.reported(fresh, asked)
                known = asked - ENGINE_RULES
                assert [one.finding for one in first if one.finding.rule in known] == [one.finding for one in then if one.finding.rule in known]
                others = [one.finding for one in first if one.finding.rule not in known | ENGINE_RULES]
                assert all((one.rule, new[one.line - 1]) in stood for one in others)
                compared += len(others)
            if early:
                assert shown_of(first) == shown_of(then)
    assert compared > 10


def test_a_first_answer_is_the_whole_one_where_lines_only_moved(backend: Path, rules: Registry) -> None:
    session = Session(settings(backend), rules)
    session.check()
    target = backend / "part3" / "views.py"
    before = target.read_text()
    target.write_text("# a remark\n\n" + before)
    first = first_answer(session, "part3/views.py", target.read_bytes(), before)
    whole = [one for one in session.check().findings if one.finding.path == "part3/views.py"]
    assert first is not None and any(one.finding.evidence for one in first)
    assert msgspec.json.encode(first) == msgspec.json.encode(whole)


def test_a_first_answer_calls_no_comment_unused_that_stands_by_an_edited_place(backend: Path, rules: Registry) -> None:
    target = backend / "part4" / "views.py"
    line = next(one for one in Session(settings(backend), rules).check().findings if one.finding.path == "part4/views.py").finding
    lines = target.read_text().splitlines(keepends=True)
    lines.insert(line.line - 1, f"{' ' * (line.column - 1)}# backend-lint: ignore[{line.rule}] known\n")
    target.write_text("".join(lines))
    session = Session(settings(backend), rules)
    session.check()
    before = target.read_text()
    lines[line.line] = lines[line.line].rstrip("\n") + "  # a remark\n"
    target.write_text("".join(lines))
    first = first_answer(session, "part4/views.py", target.read_bytes(), before)
    assert first is not None and not [one for one in first if one.finding.rule in (UNUSED, line.rule) and one.finding.line in (line.line, line.line + 1)]


def test_of_a_file_that_is_no_python_any_more_a_first_answer_says_nothing(backend: Path, rules: Registry) -> None:
    session = Session(settings(backend), rules)
    session.check()
    before = (backend / "part3" / "views.py").read_text()
    assert first_answer(session, "part3/views.py", f"{before}\ndef (:\n".encode(), before) == ()
    assert first_answer(session, "part3/views.py", b"\xff\xfe\x00\xd8", before) is None
    assert first_answer(session, "part3/notes.xyz", b"", "") is None
