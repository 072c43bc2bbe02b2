"""Labels of other tools' test files: a mark that is read wrong praises or damns four tools at once."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
peers, classes = importlib.import_module("security_peers"), importlib.import_module("security_classes")
sys.path.remove(str(BENCHMARKS))

RULE = """rules:
  - id: shell-with-input
    metadata:
      cwe: ["CWE-78: OS Command Injection"]
  - id: unfriendly-name
    metadata:
      category: style
"""
TEST = """import os

# ruleid: shell-with-input
os.system(
    given
)
# ok: shell-with-input, unfriendly-name
# todoruleid: unfriendly-name
os.system("ls")


# todoruleid: shell-with-input
@decorated
def later(line):
    command = line
    os.system(command)


os.popen(
    # ruleid: shell-with-input
    given
)
"""
FUNCTIONAL = """class Tests:
    def test_shell(self):
        expect = {"SEVERITY": {"LOW": 1, "HIGH": 2}, "CONFIDENCE": {"HIGH": 3}}
        self.check_example("shell.py", expect)
"""


@pytest.fixture
def places(tmp_path: Path) -> list[object]:
    folder = tmp_path / "rules" / "python"
    folder.mkdir(parents=True)
    (folder / "shell.yaml").write_text(RULE)
    (folder / "shell.py").write_text(TEST)
    found, _, _ = peers.semgrep_places(tmp_path / "rules", tmp_path / "files")
    return list(found)


def test_a_mark_names_the_next_statement_in_the_class_of_its_rule(places: list[object]) -> None:
    assert [(one.line, one.end_line, one.is_bad, one.kind) for one in places] == [
        (4, 6, True, "command injection"),
        (9, 9, False, "command injection"),
        (13, 16, True, "command injection"),
        (19, 22, True, "command injection"),  # the mark stands inside of the statement
    ]


def test_what_is_bound_is_judged_where_it_is_read_as_well() -> None:
    assert peers.uses("x = 1\ny = 2\nprint(x)\nx = 3\n") == {1: (3, 3)}


def test_a_block_counts_by_its_head() -> None:
    assert peers.spans("with a as b:\n    c()\n")[1] == (1, 1)


def test_expected_counts_of_bandit_are_read(tmp_path: Path) -> None:
    file = tmp_path / "tests" / "functional" / "test_functional.py"
    file.parent.mkdir(parents=True)
    file.write_text(FUNCTIONAL)
    assert peers.expected_counts(tmp_path) == {"shell.py": 3}


def test_only_findings_of_the_same_class_count() -> None:
    place = peers.Place("semgrep", "a.py", 3, 4, "SSRF", True, "x")
    hit = peers.Said("a.py", 4, 4, frozenset({"SSRF"}), "r")
    assert peers.is_hit(place, {"a.py": [hit]})
    assert not peers.is_hit(place, {"a.py": [hit._replace(kinds=frozenset({"XXE"}))]})
    assert not peers.is_hit(place, {"a.py": [hit._replace(line=5)]})


def test_score_counts_hits_and_false_alarms_of_each_tool() -> None:
    bad = peers.Place("semgrep", "a.py", 3, 3, "SSRF", True, "x")
    said = {tool: {} for tool in peers.TOOLS}
    said["bandit"] = {"a.py": [peers.Said("a.py", 3, 3, frozenset({"SSRF"}), "r"), peers.Said("a.py", 9, 9, frozenset({"SSRF"}), "r")]}
    table = peers.score([bad, bad._replace(line=9, end_line=9, is_bad=False)], said)
    assert table["SSRF"]["semgrep"]["bandit"] == [1, 1, 1, 1]
    assert table["SSRF"]["semgrep"]["semgrep"] == [0, 1, 0, 1]


def test_ruff_numbers_its_rules_as_bandit_does() -> None:
    assert classes.of_ruff("S608") == classes.of_bandit("B608") == "SQL injection"
