"""The list of hostile input, an item each in a real process; what a run does to the machine; kills, crowds, full disks. More: benchmarks/hostile.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from benchmark_modules import benchmark

TREE = Path(__file__).resolve().parent.parent.parent
hostile, items = benchmark("hostile"), benchmark("hostile_items")


@pytest.mark.parametrize("name", items.ITEMS)
def test_an_item_of_the_list_breaks_nothing(name: str) -> None:
    """Every format is tried by the benchmark; those that are parsed, and the one that a terminal shows, here."""
    outcome = hostile.item(name, ("json", "text"))
    assert not outcome.problems, "\n".join(outcome.problems)


def test_a_run_only_reads(tmp_path: Path) -> None:
    """Over our own samples: no import from the tree, no socket, no process but git's plumbing, no write outside cache and named output."""
    outcome = hostile.audit(TREE / "fixtures")
    assert not outcome.problems, "\n".join(outcome.problems)


def test_the_audit_sees_what_it_is_to_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "import socket, subprocess, sys\nsys.path.insert(0, '.')\nimport planted\nopen('written', 'w')\nsubprocess.run(['true'])\n"
    evil += "socket.socket().connect_ex(('127.0.0.1', 9))\n"
    (tmp_path / "planted.py").write_text("")
    monkeypatch.setattr(hostile, "command", lambda *arguments: [sys.executable, "-c", evil])
    problems = "\n".join(hostile.audit(tmp_path).problems)
    for trace in (f"import\t{tmp_path}/planted.py", f"write\t{tmp_path}/written", "start\ttrue", "socket\tsocket.connect"):
        assert trace in problems, problems


def test_kills_and_crowds_leave_a_cache_that_lies_not() -> None:
    for outcome in (hostile.kills(30, seed=7), hostile.crowd(2)):
        assert not outcome.problems, "\n".join(outcome.problems)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_full_disks_are_told() -> None:
    for outcome in hostile.disks():
        assert not outcome.problems, "\n".join((outcome.name, *outcome.problems))
