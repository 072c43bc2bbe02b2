"""What `init` proposes passes today, and fails what is new: a finding, coverage that falls, a file that loses what it had."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_runs import Run

BAD = "import requests\n\n\nasync def fetch(url):\n    try:\n        return requests.get(url)\n    except Exception:\n        pass\n"
LINES = "".join(f"x{number} = {number}\n" for number in range(1, 101))


def report(root: Path, covered: dict[str, tuple[int, int]]) -> None:
    """A report of coverage.py: path -> lines executed, lines in all."""
    classes = ""
    for path, (ran, whole) in covered.items():
        lines = "".join(f'<line number="{line}" hits="{int(line <= ran)}"/>' for line in range(1, whole + 1))
        classes += f'<class name="c" filename="{path}"><lines>{lines}</lines></class>'
    (root / "coverage.xml").write_text(f"<coverage><packages><package><classes>{classes}</classes></package></packages></coverage>")


@pytest.fixture
def measured(project: Path) -> Path:
    (project / "shop").mkdir()
    for name, text in (("orders.py", LINES), ("legacy.py", LINES), ("calls.py", BAD)):
        (project / "shop" / name).write_text(text)
    report(project, {"shop/orders.py": (97, 100), "shop/legacy.py": (41, 100), "shop/calls.py": (8, 8)})
    return project


def test_today_passes_and_one_bad_file_more_does_not(run: Run, project: Path) -> None:
    (project / "calls.py").write_text(BAD)
    assert run("check").returncode == 0, "only errors fail without a gate, and the sample has warnings"
    done = run("init")
    assert done.returncode == 0, done.stderr
    assert "of today; only new ones are reported" in done.stderr
    assert run("check").returncode == 0
    (project / "more.py").write_text(BAD)
    done = run("check")
    assert done.returncode == 1
    assert "findings.warning" in done.stdout and "FAILED" in done.stdout
    assert run("--show-settings").returncode == 0


def test_a_project_without_findings_gets_no_baseline(run: Run, project: Path) -> None:
    (project / "sums.py").write_text("def add(a, b):\n    return a + b\n")
    assert run("init").returncode == 0
    assert not (project / "backend-lint-baseline.json").exists()
    assert "baseline" not in (project / "backend-lint.toml").read_text().partition("[gate]")[0]
    assert run("check").returncode == 0


def test_coverage_of_today_becomes_floors_and_a_ratchet(run: Run, measured: Path) -> None:
    assert run("init").returncode == 0
    text = (measured / "backend-lint.toml").read_text()
    assert "total = 70\n" in text, "146 of 208 lines, rounded down"
    assert 'ratchet = "coverage-ratchet.json"' in text
    assert json.loads((measured / "coverage-ratchet.json").read_text())["files"] == {"shop/legacy.py": 41.0}
    done = run("check")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("covered", "failed"),
    [
        ({"shop/orders.py": (97, 100), "shop/legacy.py": (40, 100), "shop/calls.py": (8, 8)}, "coverage.file"),
        ({"shop/orders.py": (84, 100), "shop/legacy.py": (60, 100), "shop/calls.py": (8, 8)}, "coverage.file"),
        ({"shop/orders.py": (96, 100), "shop/legacy.py": (41, 100), "shop/calls.py": (7, 8)}, "coverage.total"),
    ],
)
def test_coverage_that_falls_fails(run: Run, measured: Path, covered: dict[str, tuple[int, int]], failed: str) -> None:
    assert run("init").returncode == 0
    report(measured, covered)
    done = run("check", "--format", "json")
    assert done.returncode == 1
    assert failed in [one["name"] for one in json.loads(done.stdout)["gate"]["conditions"] if one["status"] == "failed"]


def test_a_report_that_is_gone_fails_and_says_how_to_make_one(run: Run, measured: Path) -> None:
    assert run("init").returncode == 0
    (measured / "coverage.xml").unlink()
    done = run("check")
    assert done.returncode == 1
    assert "NOT MEASURED" in done.stdout and "coverage run -m pytest" in done.stdout


def test_a_baseline_that_is_there_is_not_replaced_without_being_asked(run: Run, project: Path) -> None:
    (project / "backend-lint-baseline.json").write_text("mine")
    done = run("init")
    assert done.returncode == 2 and "--force" in done.stderr
    assert (project / "backend-lint-baseline.json").read_text() == "mine"
    assert not (project / "backend-lint.toml").exists()
    assert run("init", "--force").returncode == 0


def test_it_reads_no_configuration_that_is_to_be_replaced(run: Run, project: Path) -> None:
    (project / "calls.py").write_text(BAD)
    (project / "backend-lint.toml").write_text("ignore = ['ALL']\n")
    assert run("init", "--force").returncode == 0
    assert json.loads((project / "backend-lint-baseline.json").read_text())["findings"]
    assert run("check").returncode == 0
