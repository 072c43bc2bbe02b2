"""Reports that the real tools made (`reports/make.sh`) are read to the numbers that the tools print themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend_lint.facts.coverage import CoverageReport, FileCoverage, Measured, per_cent
from backend_lint.readers.coverage import read
from backend_lint.readers.coverage.statements import analysed

REPORTS = Path(__file__).parent / "reports"
SOURCES = REPORTS / "sources" / "py"


def files_of(report: CoverageReport) -> list[FileCoverage]:
    made = [analysed((SOURCES / one.path.removeprefix("/srv/shop/py/")).read_text(), one) for one in report.executed]
    return [*report.files, *(one for one in made if one is not None)]


def total(name: str) -> tuple[float, CoverageReport, list[FileCoverage]]:
    report = read((REPORTS / name).read_bytes())
    files = files_of(report)
    units = [Measured(combined=report.combined).units(file) for file in files]
    return per_cent(sum(covered for covered, _ in units), sum(whole for _, whole in units)), report, files


def printed(name: str) -> list[str]:
    """The last row of the table that ``coverage report --precision=6`` printed: statements, missing, branches, partial, per cent."""
    return (REPORTS / name).read_text().split("TOTAL")[1].split()


@pytest.mark.parametrize("name", ["branch.data", "branch.xml", "branch.json", "lines.data", "lines.xml", "lines.json"])
def test_formats_of_coverage_py_give_what_coverage_report_prints(name: str) -> None:
    percent, report, files = total(name)
    row = printed(name.partition(".")[0] + ".txt")
    assert f"{percent:.6f}%" == row[-1]
    assert sum(len(file.lines) for file in files) == int(row[0])
    assert sum(len(file.lines) - file.covered for file in files) == int(row[1])
    assert report.branches is name.startswith("branch")
    if report.branches:
        assert sum(file.branches_all for file in files) == int(row[2])


@pytest.mark.parametrize("name", ["branch.lcov", "lines.lcov", "branch.data", "branch.xml"])
def test_formats_agree_line_by_line(name: str) -> None:
    def lines(report: str) -> dict[str, dict[int, bool]]:
        return {Path(file.path).name: {line: hits > 0 for line, hits in file.lines.items()} for file in total(report)[2]}

    assert lines(name) == lines("branch.json")


@pytest.mark.parametrize("name", ["branch.data", "branch.xml", "branch.lcov"])
def test_formats_agree_on_branches(name: str) -> None:
    def branches(report: str) -> dict[str, dict[int, tuple[int, int]]]:
        return {Path(file.path).name: dict(file.branches) for file in total(report)[2]}

    assert branches(name) == branches("branch.json")


def test_untaken_branches_say_where_they_lead() -> None:
    for name in ("branch.data", "branch.xml", "branch.json"):
        prices = next(file for file in total(name)[2] if file.path.endswith("prices.py"))
        assert prices.untaken[13] == ("14",), name
        assert prices.untaken[16] == ("17",), name


def test_go_counts_statements_as_go_tool_cover() -> None:
    percent, _, _ = total("cover.out")
    assert f"{percent:.1f}%" == (REPORTS / "cover.txt").read_text().split()[-1]


@pytest.mark.parametrize("name", ["llvm.json", "llvm.lcov"])
def test_llvm_counts_lines_and_branches_as_llvm_cov_report(name: str) -> None:
    percent, _, files = total(name)
    row = (REPORTS / "llvm.txt").read_text().split("TOTAL")[1].split()
    assert (len(files[0].lines), f"{percent:.2f}%") == (int(row[6]), row[8])
    assert (files[0].branches_all, files[0].branches_all - files[0].branches_taken) == (int(row[9]), int(row[10]))


@pytest.mark.parametrize("name", ["nyc.json", "nyc.lcov", "c8.json", "c8.lcov", "c8.xml"])
def test_javascript_counts_as_nyc_and_c8_print(name: str) -> None:
    percent, _, files = total(name)
    row = [cell.strip() for cell in re.search(r"All files \|(.*)", (REPORTS / f"{name.partition('.')[0]}.txt").read_text())[1].split("|")]  # type: ignore[index]
    assert percent == float(row[3])
    assert per_cent(files[0].branches_taken, files[0].branches_all) == float(row[1])


def test_jacoco_counts_as_its_own_counters() -> None:
    found = re.findall(r'<counter type="(\w+)" missed="(\d+)" covered="(\d+)"/>', (REPORTS / "jacoco.xml").read_text())
    counters = {kind: (int(missed), int(covered)) for kind, missed, covered in found}
    percent, _, files = total("jacoco.xml")
    assert percent == per_cent(counters["LINE"][1], sum(counters["LINE"]))
    assert (files[0].branches_all, files[0].branches_taken) == (sum(counters["BRANCH"]), counters["BRANCH"][1])
    assert files[0].path == "com/acme/shop/Cart.java"
