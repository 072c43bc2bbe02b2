"""Finds the reports of other tools that report rules ask for. They are mostly ignored by git, so they are looked up by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from backend_lint.api import ProjectRule, ReportRule, Rule
from backend_lint.config import Settings
from backend_lint.engine.discover import read_regular
from backend_lint.facts.coverage import Measured
from backend_lint.facts.file import SourceFile, Unchecked
from backend_lint.facts.performance import Measurements
from backend_lint.facts.reading import Reading
from backend_lint.facts.report import Report

if TYPE_CHECKING:
    from backend_lint.engine.recording import Watch

MAX_BYTES = 64_000_000
PLACES = (
    "coverage.xml", "coverage.json", ".coverage", "lcov.info", "coverage.lcov", "cobertura.xml", "coverage/lcov.info", "coverage/coverage-final.json",
    "coverage/cobertura-coverage.xml", "coverage/coverage.xml", "reports/coverage.xml", "test-reports/coverage.xml", "build/coverage.xml", "cov.xml",
    "cover.out", "coverage.out", "coverage.txt", "target/site/jacoco/jacoco.xml", "build/reports/jacoco/test/jacocoTestReport.xml",
)  # fmt: skip
"""Where tools put their reports if nobody says otherwise."""
MEASURED = (
    "load/summary.json", "k6/summary.json", "perf/summary.json", "performance/summary.json", "k6-summary.json", "load/locust_stats.csv", "locust_stats.csv",
    "load/locust_stats_history.csv", "locust_stats_history.csv", "load/results.jtl", "results.jtl", "jmeter/results.jtl", "load/vegeta.json", "vegeta.json",
    "pg_stat_statements.csv", "pg_stat_statements.json", "load/pg_stat_statements.csv",
)  # fmt: skip
"""Where reports of load tests and exports of databases lie by habit."""
DATA_FILE = ".coverage"
"""Every run of a single test leaves one, and it takes coverage.py's parser to read it: it counts only where the gate asks for coverage."""


def find(root: Path, names: Iterable[str]) -> tuple[list[Report], list[Unchecked]]:
    """The reports at `names`, paths relative to the root, and those that are there but cannot be read. What is not there is passed over."""
    found: list[Report] = []
    skipped: list[Unchecked] = []
    for name in sorted(set(names)):
        path = root / name
        if not os.path.lexists(path):
            continue
        if not path.resolve().is_relative_to(root.resolve()):
            skipped.append(Unchecked(name, "leads out of the project root"))
            continue
        try:
            found.append(Report(name, read_regular(os.fspath(path), MAX_BYTES)))
        except (OSError, ValueError) as error:
            skipped.append(Unchecked(name, f"cannot be read: {error}"[:300]))
    return found, skipped


def of_rules(settings: Settings, rules: Iterable[Rule], unchecked: list[Unchecked], watch: Watch | None) -> list[Report]:
    """The reports that report rules want, and into `unchecked` those that could not be read."""
    names = [name for rule in rules if isinstance(rule, ReportRule) for name in rule.reports]
    if not names:
        return []
    if watch is not None:
        watch.add(*(settings.root / name for name in names))
    found, skipped = find(settings.root, names)
    unchecked += skipped
    return found


def coverage_of(
    settings: Settings,
    rules: Iterable[Rule],
    readings: Mapping[str, tuple[SourceFile, Reading]],
    read_lines: Callable[[str], list[str] | None],
    unchecked: list[Unchecked],
    watch: Watch | None,
) -> Measured | None:
    """What the coverage reports say, into `unchecked` those that cannot be used; None if neither the gate nor, where there is a report, a rule asks."""
    asked = settings.gate.get("coverage")
    if asked is None and not any(isinstance(rule, ProjectRule) and Measured in rule.needs for rule in rules):
        return None
    names = (asked or {}).get("reports") or (PLACES if asked is not None else tuple(name for name in PLACES if name != DATA_FILE))
    if watch is not None:
        watch.add(*(settings.root / name for name in names))
    if asked is None and not any(os.path.lexists(settings.root / name) for name in names):
        return None
    from backend_lint.engine import coverage_config, coverage_stage

    if watch is not None:
        watch.add(*(settings.root / name for name in coverage_config.FILES))
        watch.add(settings.root / str((asked or {}).get("ratchet", "")))
    return coverage_stage.measured(settings, names, {path: file for path, (file, _) in readings.items()}, read_lines, unchecked)


def measured_by(settings: Settings, rules: Iterable[Rule], unchecked: list[Unchecked], watch: Watch | None) -> Measurements | None:
    """What load tests, databases and monitors measured; None if neither the gate nor, where there is a report, a rule asks."""
    asked = settings.gate.get("performance")
    if asked is None and not any(isinstance(rule, ProjectRule) and Measurements in rule.needs for rule in rules):
        return None
    names = (asked or {}).get("reports") or MEASURED
    if watch is not None:
        watch.add(*(settings.root / name for name in names))
    if asked is None and not any(os.path.lexists(settings.root / name) for name in (*names, *settings.database.get("statistics", ()))):
        return None
    from backend_lint.engine.performance_stage import measurements

    return measurements(settings, names, watch, unchecked)
