"""Each of the five kinds of rules is asked as its class says, and one that fails costs only its own findings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libcst as cst
import libcst.matchers as m
import pytest
from engine_rules import ForbiddenCall, Registry

from backend_lint.api import CstRule, Edit, File, Finding, ProjectRule, ReportRule, SqlRule
from backend_lint.config import Settings
from backend_lint.engine.run import run
from backend_lint.facts.file import Role
from backend_lint.facts.report import Report


class StarredImport(CstRule):
    severity, precision, since = "warning", "high", "0.1"
    triggers = (b"import *",)

    def visit_module(self, module: cst.Module, file: File) -> Iterator[Finding]:
        for node in m.findall(module, m.ImportStar()):
            yield self.finding(file.path, file.position(node), "star import, name what is needed")


class SelectStar(SqlRule):
    severity, precision, since = "info", "high", "0.1"

    def statement(self, statement: Any, project: Any) -> Iterator[Finding]:
        if "*" in statement.text:
            yield self.finding(statement.path, statement, f"selects every column in {statement.symbol}", symbol=statement.symbol)


class CoverageThere(ReportRule):
    severity, precision, since = "error", "high", "0.1"
    reports = ("coverage.xml", "reports/coverage.xml")

    def judge(self, report: Report, project: Any) -> Iterator[Finding]:
        yield self.finding(report.path, Edit(1, 1, 1, 2, ""), f"{len(report.data)} bytes against {len(project.modules)} modules")


class Pairs(ProjectRule):
    severity, precision, since = "warning", "high", "0.1"

    def check(self, project: Any) -> Iterator[Finding]:
        from backend_lint.api import Evidence

        paths = sorted(project.modules)
        yield self.finding(paths[0], Edit(1, 1, 1, 2, ""), "two sides", evidence=[Evidence(paths[-1], 1, "the other side")])


class Fails(SqlRule):
    severity, precision, since = "error", "high", "0.1"

    def statement(self, statement: Any, project: Any) -> Iterator[Finding]:
        raise KeyError("no")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text("from os import *\nforbidden()\n")
    (tmp_path / "db.py").write_text(
        "import sqlite3\nfrom sqlalchemy import text\nLONG = 'SELECT * FROM t WHERE " + "a = 1 AND " * 60 + "b = 2'\n"
        "def f(session, cursor):\n    cursor.execute('SELECT * FROM orders WHERE id = %s', (1,))\n"
        "def g(session):\n    session.execute(text(LONG))\n"
        "def h(cursor, table):\n    cursor.execute(f'SELECT * FROM {table}')\n    cursor.execute('* not a statement')\n"
        "def i():\n    sql = 'DELETE FROM t'\n    sqlite3.connect('x').cursor().execute(sql)\n"
    )
    (tmp_path / "coverage.xml").write_text("<coverage/>")
    return tmp_path


def outcome(root: Path, *rules: Any, **changes: Any) -> tuple[list[tuple[str, str, int, str]], list[str]]:
    result = run(Settings(root=root, cache=False, jobs=1, **changes), Registry(*rules))  # type: ignore[arg-type]
    found = [(one.finding.rule, one.finding.path, one.finding.line, one.finding.message) for one in result.findings]
    return found, [f"{one.path}: {one.reason}" for one in result.unchecked]


def test_libcst_rules_see_files_with_their_trigger(project: Path) -> None:
    found, unchecked = outcome(project, StarredImport("starred-import", "testing"), ForbiddenCall("forbidden-call", "testing"))
    assert [one[:3] for one in found] == [("starred-import", "a.py", 1), ("forbidden-call", "a.py", 2)]
    assert not unchecked


def test_sql_rules_see_each_constant_statement_once_and_whole(project: Path) -> None:
    found, unchecked = outcome(project, SelectStar("select-star", "testing"))
    assert found == [("select-star", "db.py", 5, "selects every column in f"), ("select-star", "db.py", 7, "selects every column in g")]
    assert not unchecked


def test_report_rules_get_the_reports_they_name(project: Path) -> None:
    found, unchecked = outcome(project, CoverageThere("coverage-there", "testing"))
    assert found == [("coverage-there", "coverage.xml", 1, "11 bytes against 2 modules")]
    assert not unchecked


def test_a_report_that_leads_out_of_the_root_is_named_and_not_read(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "coverage.xml"
    outside.write_text("<coverage/>")
    (project / "coverage.xml").unlink()
    (project / "coverage.xml").symlink_to(outside)
    found, unchecked = outcome(project, CoverageThere("coverage-there", "testing"))
    assert not found
    assert unchecked == ["coverage.xml: leads out of the project root"]


def test_a_rule_that_fails_costs_only_its_own_findings(project: Path) -> None:
    found, unchecked = outcome(project, Fails("fails", "testing"), SelectStar("select-star", "testing"))
    assert {one[0] for one in found} == {"select-star"}
    assert unchecked == [": rule fails failed: KeyError: 'no'"]


def test_a_named_file_gets_findings_whose_other_side_lies_in_it(project: Path) -> None:
    rule = Pairs("pairs", "testing")
    assert outcome(project, rule, paths=("db.py",), explicit_paths=True)[0] == [("pairs", "a.py", 1, "two sides")]
    assert outcome(project, rule, paths=("db.py",))[0] == []


class ManyModules(ProjectRule):
    severity, precision, since = "info", "high", "0.1"

    def check(self, project: Any) -> Iterator[Finding]:
        yield self.finding("a.py", Edit(1, 1, 1, 2, ""), " ".join(sorted(project.modules)))


class ReadsTests(ManyModules):
    reads = frozenset({Role.TEST})


def test_facts_of_tests_are_read_only_for_rules_that_ask(project: Path) -> None:
    (project / "tests").mkdir()
    (project / "tests" / "test_a.py").write_text("def test_a():\n    pass\n")
    (project / "tests" / "test_b.py").write_text("def (\n")
    found, unchecked = outcome(project, ManyModules("many-modules", "testing"))
    assert found[0][3] == "a.py db.py"
    assert unchecked == ["tests/test_b.py: syntax error: invalid syntax"], "a syntax error is named all the same"
    found, _ = outcome(project, ReadsTests("reads-tests", "testing"))
    assert found[0][3] == "a.py db.py tests/test_a.py"
