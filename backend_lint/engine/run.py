"""A run: discover, read, link, check, triage. The gate and the reports come after it."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from backend_lint.api import Finding, NodeRule, ProjectRule, Rule
from backend_lint.config import Settings
from backend_lint.engine.discover import Candidate, Discovery, discover, read_regular
from backend_lint.engine.read_stage import Sources, read_all
from backend_lint.engine.result import Reported, Result, Timing
from backend_lint.engine.roles import role_finder
from backend_lint.facts.file import SourceFile, Unchecked
from backend_lint.facts.reading import Reading
from backend_lint.readers import wanted

if TYPE_CHECKING:
    from backend_lint.engine.recording import Watch
    from backend_lint.registry import Registry

Readings = Mapping[str, tuple[SourceFile, Reading]]


class Clock:
    """CPU seconds by stage and by rule, those of workers included."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        start = _cpu()
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


def run(settings: Settings, registry: Registry, watch: Watch | None = None) -> Result:
    """What the rules say of the project. Raises ConfigError for settings that cannot be served; the checked files raise nothing.

    `watch` notes what the outcome depends on.
    """
    started = time.perf_counter()
    clock = Clock()
    enabled = gc.isenabled()
    gc.disable()
    try:
        result = _run(settings, registry, clock, watch)
    finally:
        if enabled:
            gc.enable()
    if settings.timings:
        from msgspec.structs import replace

        result = replace(result, seconds=round(time.perf_counter() - started, 3), timings=clock.timings())
    return result


def _run(settings: Settings, registry: Registry, clock: Clock, watch: Watch | None) -> Result:
    rules = registry.instantiate(settings)
    with clock.measure("discover"):
        discovery = discover(settings)
        sources = _disk(settings, discovery, watch)
    with clock.measure("read"):
        readings, notes = _read(settings, sources, local_rules(rules))
    asked = _asked(settings)
    checked = {path: reading for path, (_, reading) in readings.items() if asked(path)}
    unchecked = [skipped for skipped in discovery.unchecked if asked(skipped.path)]
    for reading in checked.values():
        unchecked += reading.unchecked
    findings, failures = check(readings, rules, clock)
    names = {candidate.path: candidate.name for candidate in discovery.candidates}

    def read_lines(path: str) -> list[str] | None:
        from backend_lint.source import UndecodableError, decode, split_lines

        if path not in names:
            return None
        try:
            candidate = next(one for one in sources.candidates if one.path == path)
            return split_lines(decode(sources.load(candidate)))
        except (OSError, UndecodableError):
            return None

    with clock.measure("triage"):
        reported, inline, baseline = _triage([one for one in findings if asked(one.path)], checked, settings, registry, rules, read_lines)
    if watch is not None:
        watch.discovered(settings, discovery)
    notes = [*discovery.notes, *notes]
    if not checked:
        notes.append("nothing to check: no file that a reader understands was found")
    return Result(
        findings=tuple(reported),
        unchecked=tuple(sorted({*unchecked, *failures})),
        cards=registry.effective_cards(settings),
        suppressed_inline=inline,
        suppressed_baseline=baseline,
        files=len(checked),
        lines=sum(reading.lines for reading in checked.values()),
        notes=tuple(notes),
        checked=tuple(checked),
    )


def check(readings: Readings, rules: Sequence[Rule], clock: Clock | None = None) -> tuple[list[Finding], list[Unchecked]]:
    """The findings of local and project rules over readings, and which rules failed. A rule speaks only of files whose role it names."""
    clock = clock or Clock()
    findings: list[Finding] = []
    failures: list[Unchecked] = []
    for _, reading in readings.values():
        findings += reading.findings
        for name, seconds in reading.timings.items():
            clock.add(f"rule {name}", seconds)
    asking = [rule for rule in rules if isinstance(rule, ProjectRule)]
    if not asking:
        return findings, failures
    from backend_lint.project import Project

    with clock.measure("link"):
        project = Project.link(readings)
    for rule in asking:
        own: list[Finding] = []
        with clock.measure(f"rule {rule.name}"):
            try:
                own += [one for one in rule.check(project) if one.path not in readings or readings[one.path][0].role in rule.roles]
            except Exception as error:
                failures.append(Unchecked("", f"rule {rule.name} failed: {type(error).__name__}: {error}"[:300]))
                continue
        findings += own
    return findings, failures


def _read(settings: Settings, sources: Sources, rules: Sequence[NodeRule[Any]]) -> tuple[dict[str, tuple[SourceFile, Reading]], list[str]]:
    """Readings by path, and what is to be said of the cache."""
    if not settings.cache:
        return read_all(sources, rules, None, settings.jobs, settings.timings), []
    from backend_lint.engine.cache import open_cache

    cache = open_cache(settings, rules)
    try:
        readings = read_all(sources, rules, cache, settings.jobs, settings.timings)
    finally:
        cache.close()
    return readings, cache.notes


def local_rules(rules: Iterable[Rule]) -> list[NodeRule[Any]]:
    """The rules that look at one file while it is read."""
    return [rule for rule in rules if isinstance(rule, NodeRule)]


def _disk(settings: Settings, discovery: Discovery, watch: Watch | None = None) -> Sources:
    root = os.fspath(settings.root).rstrip(os.sep) + os.sep
    candidates = discovery.candidates
    given = settings.stdin if settings.stdin_filename is not None else None
    if given is not None and settings.stdin_filename is not None:
        path = settings.stdin_filename
        candidates = [one for one in candidates if one.path != path]
        kind = wanted(path)
        if kind is not None:
            candidates = sorted([*candidates, Candidate(path, path, kind, (0, 0, 0, 0, 0))])

    def load(candidate: Candidate) -> bytes:
        if given is not None and candidate.path == settings.stdin_filename:
            return given
        data = read_regular(root + candidate.name, settings.max_file_size)
        if watch is not None:
            watch.loaded(root, candidate, data)
        return data

    return Sources(candidates, load, role_finder(settings.roles))


def _asked(settings: Settings) -> Callable[[str], bool]:
    """Whether a path lies in what the user asked to check."""
    asked = tuple(path.rstrip("/") for path in settings.paths)
    if settings.stdin_filename is not None:
        asked = (settings.stdin_filename,)
    if "" in asked or "." in asked:
        return lambda path: True
    exact = frozenset(asked)
    below = tuple(path + "/" for path in asked)
    return lambda path: path in exact or path.startswith(below)


def _triage(
    findings: list[Finding],
    readings: Mapping[str, Reading],
    settings: Settings,
    registry: Registry,
    rules: Sequence[Rule],
    read_lines: Callable[[str], list[str] | None],
) -> tuple[Iterable[Reported], int, int]:
    try:
        from backend_lint.engine.triage import triage
    except ImportError:
        return [Reported(finding, "") for finding in sorted(findings, key=lambda one: (one.path, one.line, one.column, one.rule))], 0, 0
    return triage(findings, readings, settings, registry.cards, {rule.name for rule in rules}, read_lines)
