"""A run: discover, read, link, check, triage. The gate and the reports come after it."""

from __future__ import annotations

import functools
import gc
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec import MsgspecError
from msgspec.structs import replace

from backend_lint.api import CstRule, Finding, LocalRule, NodeRule, ProjectRule, Rule
from backend_lint.config import ConfigError, Settings
from backend_lint.engine.discover import Candidate, Discovery, asked_for, discover, given, printable, read_regular
from backend_lint.engine.judge import Clock, Judged, Kept, Readings, judge
from backend_lint.engine.kept_answers import kept_answers
from backend_lint.engine.kept_texts import kept_texts
from backend_lint.engine.read_stage import Executor, Others, Sources, asked_facts, read_all
from backend_lint.engine.reports import coverage_of, measured_by, of_rules
from backend_lint.engine.requirements import Manifests
from backend_lint.engine.result import Reported, Result
from backend_lint.engine.roles import role_finder
from backend_lint.engine.triage import triage
from backend_lint.facts.database import KnownDatabase
from backend_lint.facts.file import Asked, Role, SourceFile, Unchecked
from backend_lint.facts.reading import Reading
from backend_lint.readers import wanted

if TYPE_CHECKING:
    from pathlib import Path

    from backend_lint.engine.memory import Memory
    from backend_lint.engine.recording import Watch
    from backend_lint.engine.shards import Shard
    from backend_lint.engine.weakened import Weakened
    from backend_lint.facts.architecture import Plan
    from backend_lint.facts.coverage import Measured
    from backend_lint.project import Project
    from backend_lint.project.base import Base
    from backend_lint.project.modules import SourceModule
    from backend_lint.registry import Registry
    from backend_lint.sql.memo import Statements


class Elsewhere(NamedTuple):
    """Who reads files besides this machine: an `executor`, which must be able to import the rules; others before, whose `parts` lie in these files."""

    executor: Executor | None = None
    parts: tuple[Path, ...] = ()


def run(
    settings: Settings, registry: Registry, watch: Watch | None = None, elsewhere: Elsewhere | None = None, memory: Memory | None = None
) -> Result:
    """What the rules say of the project. Raises ConfigError for settings that cannot be served; the checked files raise nothing.

    `watch` notes what the outcome depends on; `elsewhere` says who reads files besides this machine; `memory` is what an earlier run of this process left
    and this one leaves to the next, see `session.Session`.
    """
    started = time.perf_counter()
    clock = Clock()
    enabled = gc.isenabled()
    gc.disable()
    try:
        result = _run(settings, registry, clock, watch, elsewhere, memory)
    finally:
        if enabled:
            gc.enable()
    if settings.timings:
        result = replace(result, seconds=round(time.perf_counter() - started, 3), timings=clock.timings())
    return result


def _run(
    settings: Settings, registry: Registry, clock: Clock, watch: Watch | None, elsewhere: Elsewhere | None, memory: Memory | None
) -> Result:
    rules = registry.instantiate(settings)
    plan, odd_contracts = _plan(settings, rules, watch)
    rules = _serving(rules, plan)
    with clock.measure("discover"):
        discovery = discover(settings) if memory is None else memory.discover(settings)
        facts = asked_facts(settings, rules) if memory is None and elsewhere is None else Asked.ALL
        sources = _disk(settings, discovery, watch, roles_read(rules))._replace(asked=facts)
    with clock.measure("read"):
        readings, notes = _read(settings, sources, local_rules(rules), elsewhere, memory=memory)
    asked = _asked(settings)
    checked = {path: reading for path, (_, reading) in readings.items() if asked(path)}
    unchecked = [skipped for skipped in discovery.unchecked if asked(skipped.path)] + odd_contracts
    for reading in checked.values():
        unchecked += reading.unchecked
    reports = of_rules(settings, rules, unchecked, watch)
    with clock.measure("coverage"):
        coverage = coverage_of(settings, rules, readings, _line_reader(sources), unchecked, watch)
    with clock.measure("performance"):
        measured = measured_by(settings, rules, unchecked, watch)
    texts, texts_notes = kept_texts(settings) if memory is None else memory.texts(settings)
    base = None
    if settings.diff_base is not None:
        from backend_lint.engine.base_model import base_model

        base = base_model(settings, _line_reader(sources))
    database = _known(settings, unchecked, watch)

    manifests = Manifests(settings.root, readings)
    if watch is not None:
        watch.add(*(settings.root / name for name in manifests.names))

    @functools.cache
    def link() -> Project:
        try:
            project = _linked(settings, readings, database, texts, plan, base, memory.modules if memory is not None else None, manifests)
        except MsgspecError:
            raise ConfigError("the cache holds what backend-lint never wrote there: remove it with `backend-lint clean`, or use --no-cache") from None
        project.coverage = coverage or project.coverage
        project.measurements = measured or project.measurements
        if settings.explicit_paths:
            project.named = frozenset(map(printable, settings.paths)) & readings.keys()
        if plan is not None:
            from backend_lint.engine.architecture_plan import verify_plan

            verify_plan(project, plan)
        return project

    def kept() -> Kept | None:
        handed = (reports, database, plan, coverage, measured, manifests.stamps())
        return kept_answers(settings, registry, rules, readings, handed, answers_notes, memory)

    answers_notes: list[str] = []
    judged = judge(readings, rules, link, clock, reports, kept, memory.so_far if memory is not None else None)
    if coverage is not None and coverage.files and settings.gate.get("coverage", {}).get("layers"):
        coverage = _with_layers(coverage, link())
    with clock.measure("targets"):
        targets = link().performance.verdicts if measured is not None and measured.targets.asked else ()
    with clock.measure("triage"):
        ours = [finding for finding in judged.findings if asked(finding.path) or _touches(settings, finding, asked)]
        difference = None
        if settings.diff_base is not None or settings.diff_file is not None:
            from backend_lint.engine.difference import compare

            difference = compare(settings, registry)
        ran = registry.enabled(settings) - judged.failed
        reported, inline, baseline = triage(ours, checked, settings, registry.cards, ran, _line_reader(sources), difference)
        if memory is not None:
            memory.tell(rules, judged, ran, asked)
        loosened, weakenings = _loosened(settings, readings) if settings.diff_base is not None else ((), None)
    if watch is not None:
        watch.discovered(settings, discovery)
    notes = list(dict.fromkeys((*discovery.notes, *notes, *texts_notes, *answers_notes)))
    if not checked:
        notes.append("nothing to check: no file that a reader understands was found")
    return Result(
        findings=tuple(sorted((*reported, *loosened), key=_order)) if loosened else tuple(reported),
        unchecked=tuple(sorted({*unchecked, *judged.failures})),
        cards={**registry.effective_cards(settings), **{one.finding.rule: registry.cards[one.finding.rule] for one in loosened}},
        suppressed_inline=inline,
        suppressed_baseline=baseline,
        files=len(checked),
        lines=sum(reading.lines for reading in checked.values()),
        unknown=judged.unknown,
        not_understood=judged.not_understood,
        notes=tuple(notes),
        checked=tuple(checked),
        coverage=coverage,
        weakenings=weakenings,
        targets=targets,
    )


def _with_layers(coverage: Measured, project: Project) -> Measured:
    """The coverage with the layer of each file, for the gate, which sees no model."""
    return replace(coverage, layers={path: str(place.layer) for path, place in project.architecture.layers.places.items()})


def _loosened(settings: Settings, readings: Readings) -> Weakened:
    """What the change since the base revision does to its own judges; nothing where the base's configuration is used."""
    from backend_lint.engine.weakened import Weakened, weakened

    if settings.diff_base is None or settings.config_from is not None:
        return Weakened([], None)
    from backend_lint.engine.difference import base_revision

    return weakened(settings, base_revision(settings.root, settings.diff_base), settings.diff_base, readings)


def _order(one: Reported) -> tuple[str, int, int, str]:
    finding = one.finding
    return finding.path, finding.line, finding.column, finding.rule


def check_contents(settings: Settings, registry: Registry, contents: Mapping[str, bytes]) -> tuple[dict[str, tuple[SourceFile, Reading]], Judged]:
    """The readings and raw findings of files that are not on disk, such as those of another revision: path relative to the root -> bytes.

    What the configuration excludes, and what no reader understands, is left out.
    """
    discovery = given(settings, contents)
    rules = registry.instantiate(settings)
    plan, _ = _plan(settings, rules)
    rules = _serving(rules, plan)
    sources = Sources(discovery.candidates, lambda candidate: contents[candidate.name], role_finder(settings.roles), roles_read(rules))
    readings, _ = _read(settings, sources, local_rules(rules), on_disk=False)
    return readings, judge(readings, rules, lambda: _linked(settings, readings, _known(settings, []), kept_texts(settings)[0], plan))


def link_contents(settings: Settings, contents: Mapping[str, bytes]) -> Project:
    """The linked model of files that are not on disk, with all roles."""
    sources = Sources(given(settings, contents).candidates, lambda candidate: contents[candidate.name], role_finder(settings.roles))
    readings, _ = _read(settings, sources, [], on_disk=False)
    return _linked(settings, readings, _known(settings, []), kept_texts(settings)[0])


def _linked(
    settings: Settings,
    readings: Readings,
    database: KnownDatabase,
    texts: Statements,
    plan: Plan | None = None,
    base: Base | None = None,
    known: dict[str, tuple[Reading, SourceModule]] | None = None,
    manifests: Manifests | None = None,
) -> Project:
    """The model of readings, with what the settings say of it. Manifests are those on disk, also for another revision's files."""
    from backend_lint.project import Project

    project = Project.link(readings, database, texts, base, known)
    project.worths = settings.guards
    project.plan = plan
    project.pin_files = manifests or Manifests(settings.root, readings)
    return project


def read_project(settings: Settings) -> dict[str, tuple[SourceFile, Reading]]:
    """The readings of the project on disk, for whoever asks the model and not the rules."""
    return _read(settings, _disk(settings, discover(settings)), [])[0]


def read_part(settings: Settings, registry: Registry, shard: Shard) -> tuple[bytes, int, int]:
    """The readings of a part of the files, for whoever joins all parts (`Elsewhere.parts`); of how many files they are, and how many there are."""
    from backend_lint.engine.shards import Written

    rules = registry.instantiate(settings)
    rules = _serving(rules, _plan(settings, rules)[0])
    local = local_rules(rules)
    sources = _disk(settings, discover(settings), None, roles_read(rules))
    part = sources._replace(candidates=shard.of(sources.candidates))
    written = Written(settings, local)
    read_all(part, local, written, settings.jobs, settings.timings)
    return written.encoded(), len(part.candidates), len(sources.candidates)


def _others(settings: Settings, rules: Sequence[LocalRule], elsewhere: Elsewhere | None) -> Others:
    if elsewhere is None:
        return Others(None, None, [])
    if not elsewhere.parts:
        return Others(elsewhere.executor, None, [])
    from backend_lint.engine.shards import Parts

    return Others(elsewhere.executor, Parts(settings, rules, elsewhere.parts), [])


def _read(
    settings: Settings,
    sources: Sources,
    rules: Sequence[LocalRule],
    elsewhere: Elsewhere | None = None,
    on_disk: bool = True,
    memory: Memory | None = None,
) -> tuple[dict[str, tuple[SourceFile, Reading]], list[str]]:
    """Readings by path, and what is to be said of the cache and of those who read elsewhere."""
    if memory is not None:
        return memory.read(sources, lambda unread, first: _read(settings if first else replace(settings, cache=False), unread, rules, elsewhere))
    others = _others(settings, rules, elsewhere)
    if not settings.cache:
        return read_all(sources, rules, None, settings.jobs, settings.timings, others), others.said()
    from backend_lint.engine.cache import open_cache

    cache = open_cache(settings, rules, on_disk, sources.read_roles, sources.asked)
    try:
        readings = read_all(sources, rules, cache, settings.jobs, settings.timings, others)
    finally:
        cache.close()
    return readings, [*cache.notes, *others.said()]


def local_rules(rules: Iterable[Rule]) -> list[LocalRule]:
    """The rules that look at one file while it is read."""
    return [rule for rule in rules if isinstance(rule, (NodeRule, CstRule))]


def _plan(settings: Settings, rules: Iterable[Rule], watch: Watch | None = None) -> tuple[Plan | None, list[Unchecked]]:
    """The declared layers and contracts, if a rule or the gate asks for them and there are some; and contracts that cannot be read."""
    if not any(rule.family == "architecture" for rule in rules) and not settings.gate.get("coverage", {}).get("layers"):
        return None, []
    from backend_lint.engine.architecture_plan import contract_files, plan_of

    if watch is not None:
        watch.add(*contract_files(settings))
    plan, unread = plan_of(settings)
    return (plan if plan.layers or plan.contracts else None), unread


def _serving(rules: list[Rule], plan: Plan | None) -> list[Rule]:
    """The rules without those that only judge contracts, where there are none: they would have files read that nobody else needs."""
    from backend_lint.facts.architecture import Contract

    return rules if plan is not None and plan.contracts else [rule for rule in rules if not (isinstance(rule, ProjectRule) and Contract in rule.needs)]


def roles_read(rules: Iterable[Rule]) -> frozenset[Role]:
    """The roles whose facts some rule reads. Facts of what application code may import are always read."""
    always = frozenset(Role) - {Role.TEST, Role.MIGRATION, Role.GENERATED}
    return always.union(*(rule.read_roles() for rule in rules))


def _known(settings: Settings, unchecked: list[Unchecked], watch: Watch | None = None) -> KnownDatabase:
    """What configuration and statistics say of the database, and into `unchecked` the exports that could not be read."""
    # a patch says which lines are new, and what stands on others is left out later
    history = "all" if settings.profile == "all" or settings.diff_file is not None else "heads"
    if not settings.database:
        return KnownDatabase(migrations=history)
    from backend_lint.engine.database_statistics import known_database

    if watch is not None:
        watch.add(*(settings.root / name for name in settings.database.get("statistics", ())))
    found, skipped = known_database(settings.root, {"migrations": history, **settings.database})
    unchecked += skipped
    return found


def read_model(settings: Settings) -> tuple[Project, list[Unchecked]]:
    """The linked model of the project on disk with all roles, for whoever asks it and not the rules, and what could not be read."""
    from backend_lint.engine.architecture_plan import plan_of

    readings = read_project(settings)
    unchecked = [skipped for _, reading in readings.values() for skipped in reading.unchecked]
    plan, odd_contracts = plan_of(settings)
    project = _linked(settings, readings, _known(settings, unchecked), kept_texts(settings)[0], plan)
    return project, unchecked + odd_contracts


def _disk(settings: Settings, discovery: Discovery, watch: Watch | None = None, read_roles: frozenset[Role] | None = None) -> Sources:
    root = os.fspath(settings.root).rstrip(os.sep) + os.sep
    candidates = discovery.candidates
    text = settings.stdin if settings.stdin_filename is not None else None
    if text is not None and settings.stdin_filename is not None:
        path = settings.stdin_filename
        candidates = [one for one in candidates if one.path != path]
        kind = wanted(path)
        if kind is not None:
            candidates = sorted([*candidates, Candidate(path, path, kind, (0, 0, 0, 0, 0))])

    def load(candidate: Candidate) -> bytes:
        if text is not None and candidate.path == settings.stdin_filename:
            return text
        data = read_regular(root + candidate.name, settings.max_file_size)
        if watch is not None:
            watch.loaded(root, candidate, data)
        return data

    return Sources(candidates, load, role_finder(settings.roles), read_roles)


def _line_reader(sources: Sources) -> Callable[[str], list[str] | None]:
    """Lines of a file by its path; None if it is no text file of the project."""
    from backend_lint.source import UndecodableError, decode, split_lines

    candidates = {candidate.path: candidate for candidate in sources.candidates}

    def lines(path: str) -> list[str] | None:
        try:
            return split_lines(decode(sources.load(candidates[path])))
        except (KeyError, OSError, UndecodableError):
            return None

    return lines


def _touches(settings: Settings, finding: Finding, asked: Callable[[str], bool]) -> bool:
    """A file was named (a pre-commit hook names those that changed), and the other side of the finding lies in it."""
    return settings.explicit_paths and any(asked(evidence.path) for evidence in finding.evidence)


def _asked(settings: Settings) -> Callable[[str], bool]:
    """Whether a path lies in what the user asked to check."""
    return asked_for(settings.paths if settings.stdin_filename is None else (settings.stdin_filename,))
