"""Asks the rules: what each says of the linked model, with the time that it took. One that raises costs its own findings and nothing else."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

from backend_lint.api import Finding, ProjectRule, ReportRule, Rule, SqlRule
from backend_lint.engine.asking_order import in_order
from backend_lint.engine.result import Timing
from backend_lint.facts.file import SourceFile, Unchecked
from backend_lint.facts.reading import Reading

if TYPE_CHECKING:
    from backend_lint.facts.report import Report
    from backend_lint.project import Project

Readings = Mapping[str, tuple[SourceFile, Reading]]
SoFar = Callable[[Sequence[Finding], frozenset[str]], None]
"""Findings of the rules that were asked so far, and their names."""
_OFTEN = 0.05
"""Seconds between two looks at what was said so far."""


class Clock:
    """CPU seconds by stage and by rule, those of workers included."""

    doing: ClassVar[str] = ""
    """The stage that was begun last in this process, for whoever waits."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        start = _cpu()
        Clock.doing = name
        try:
            yield
        finally:
            self.add(name, _cpu() - start)

    def add(self, name: str, seconds: float) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def timings(self) -> tuple[Timing, ...]:
        return tuple(Timing(name, round(seconds, 6)) for name, seconds in self.seconds.items())


def _cpu() -> float:
    """CPU seconds of this process and of those it has waited for."""
    ended = os.times()
    return time.process_time() + ended.children_user + ended.children_system


class Judged(NamedTuple):
    """What rules said of readings: raw findings, rules that failed, and by rule how often it could not tell."""

    findings: list[Finding]
    failures: list[Unchecked]
    unknown: dict[str, int]
    not_understood: tuple[Unchecked, ...] = ()
    failed: frozenset[str] = frozenset()
    """Names of the rules that failed: their suppressions are not called unused."""


class Kept(Protocol):
    """What rules said of the same model before."""

    def find(self) -> Judged | None: ...
    def keep(self, judged: Judged) -> None: ...


def judge(
    readings: Readings,
    rules: Sequence[Rule],
    link: Callable[[], Project],
    clock: Clock | None = None,
    reports: Sequence[Report] = (),
    kept: Callable[[], Kept | None] = lambda: None,
    so_far: SoFar | None = None,
) -> Judged:
    """The findings of all rules over readings and the reports of other tools; `link` makes the model of the readings, if some rule asks it.

    A rule speaks only of files whose role it names. `kept`: what the rules said of the model before, asked for if there are such rules.
    `so_far`: is told now and then what those said that are asked already.
    """
    clock = clock or Clock()
    findings: list[Finding] = []
    for _, reading in readings.values():
        findings += reading.findings
        for name, seconds in reading.timings.items():
            clock.add(f"rule {name}", seconds)
    asking = [rule for rule in rules if isinstance(rule, (ProjectRule, SqlRule, ReportRule))]
    if not asking:
        return Judged(findings, [], {})
    with clock.measure("recall"):
        place = kept()
        judged = place.find() if place is not None else None
    if judged is None:
        judged = _ask(readings, in_order(asking), link, clock, reports, so_far)
        if place is not None:
            place.keep(judged)
    return judged._replace(findings=findings + judged.findings)


def _ask(
    readings: Readings,
    asking: Sequence[ProjectRule | SqlRule | ReportRule],
    link: Callable[[], Project],
    clock: Clock,
    reports: Sequence[Report],
    so_far: SoFar | None = None,
) -> Judged:
    """What rules say of the linked model."""
    findings: list[Finding] = []
    failures: list[Unchecked] = []
    failed: set[str] = set()
    with clock.measure("link"):
        project = link()
    asked: list[str] = []
    last = time.monotonic()
    for rule in asking:
        own: list[Finding] = []
        with clock.measure(f"rule {rule.name}"):
            try:
                own += [one for one in _answers(rule, project, reports) if one.path not in readings or readings[one.path][0].role in rule.roles]
            except Exception as error:
                failures.append(Unchecked("", f"rule {rule.name} failed: {type(error).__name__}: {error}"[:300]))
                failed.add(rule.name)
                continue
        findings += own
        asked.append(rule.name)
        if so_far is not None and (now := time.monotonic()) - last > _OFTEN:
            last = now
            so_far(tuple(findings), frozenset(asked))
    missed = tuple(Unchecked(one.path, one.what, one.line) for one in project.not_understood())
    return Judged(findings, failures, dict(sorted(project.unknown.items())), missed, frozenset(failed))


def _answers(rule: ProjectRule | SqlRule | ReportRule, project: Project, reports: Sequence[Report]) -> Iterator[Finding]:
    if isinstance(rule, ProjectRule):
        yield from rule.check(project)
    elif isinstance(rule, SqlRule):
        for statement in project.statements:
            yield from rule.statement(statement, project)
    else:
        for report in reports:
            if report.path in rule.reports:
                yield from rule.judge(report, project)
