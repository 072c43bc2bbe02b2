"""What becomes of raw findings: per-path settings, inline suppressions, baseline, comparison with a base revision.

What is left gets its identity and its frame, secrets hidden.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.api import Finding, Severity
from backend_lint.config import Settings
from backend_lint.engine.fingerprint import anchor, fingerprints
from backend_lint.engine.result import Card, Reported
from backend_lint.facts.reading import Reading, Suppression

if TYPE_CHECKING:
    from backend_lint.engine.difference import Difference

WITHOUT_REASON = "suppression-without-reason"
UNUSED = "unused-suppression"
UNKNOWN = "unknown-suppression"
ENGINE_RULES = frozenset({WITHOUT_REASON, UNUSED, UNKNOWN})

_SECRETS = frozenset({"cwe:798", "cwe:321"})
"""Tags of rules whose findings stand on secrets: no string of their lines is shown."""
_FRAME = 5
_WIDTH = 1000
_SHOWING_CODE = ("text", "html")
_KEPT = 64
"""Files whose lines are kept while their neighbours are looked at: findings of one rule often share the other side of their join."""

ReadLines = Callable[[str], list[str] | None]


def triage(
    findings: Iterable[Finding],
    readings: Mapping[str, Reading],
    settings: Settings,
    cards: Mapping[str, Card],
    ran: Collection[str],
    read_lines: ReadLines,
    difference: Difference | None = None,
) -> tuple[tuple[Reported, ...], int, int]:
    """The findings to report, sorted by path, line, column and rule; how many inline suppressions and the baseline took away.

    `cards` are all rules that exist, `ran` the names of those that were asked (the engine's own among them if they are switched on), `readings` the files
    that were checked. `read_lines` gives a file's lines, None if it cannot be read. Raises ConfigError for a baseline that cannot be used.
    """
    from backend_lint.engine.baseline import accepted

    entries = accepted(settings)
    known = frozenset(entry.fingerprint for entry in entries)
    off = _Overrides(settings)
    shows_code = any(name in _SHOWING_CODE for name, _ in settings.formats)
    read_lines = lru_cache(_KEPT)(read_lines)
    by_path: dict[str, list[Finding]] = defaultdict(list)
    for finding in _distinct(findings):
        by_path[finding.path].append(finding)
    for path, reading in readings.items():
        if reading.suppressions:
            by_path.setdefault(path, [])
    if difference is not None:
        difference.prepare({*by_path, *(item.path for group in by_path.values() for finding in group for item in finding.evidence)})
    homeless = None
    if entries:
        from backend_lint.engine.moved_findings import Homeless

        homeless = Homeless(entries, settings.root, lambda path: path in readings or read_lines(path) is not None)
    reported: list[Reported] = []
    inline = in_baseline = 0
    for path in sorted(by_path):
        group = by_path[path]
        lines = read_lines(path)
        about = readings.get(path)
        identities = dict(zip(group, fingerprints(anchor(finding, lines) for finding in group), strict=True))
        kept, silenced = _suppressed(group, about.suppressions if about else (), cards, ran, off, lines, path, whole=about is None or not about.unchecked)
        inline += silenced
        for finding in kept:
            if finding not in identities:
                identities[finding] = fingerprints([anchor(finding, lines)])[0]
        moved: Collection[Finding] = ()
        if homeless is not None:
            moved = homeless.found_again(group, lines, (finding for finding in kept if identities[finding] not in known))
        old = difference.formerly(path, read_lines) if difference is not None and group else None
        before = dict(zip(group, fingerprints(anchor(finding, lines, old) for finding in group), strict=True)) if old is not None else identities
        for finding in kept:
            graded = off.graded(finding)
            if graded is None:
                continue
            if identities[finding] in known or finding in moved:
                in_baseline += 1
                continue
            new = difference is None or difference.is_new(finding, before.get(finding, identities[finding]), lines, read_lines)
            beside = _beside(finding, read_lines, cards) if shows_code else ()
            reported.append(Reported(_redacted(graded), identities[finding], _frame(finding, lines, cards), new, beside))
    reported.sort(key=lambda item: (item.finding.path, item.finding.line, item.finding.column, item.finding.rule, item.finding.message))
    return tuple(reported), inline, in_baseline


def _distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Sorted by place and rule; of findings of one rule that say the same at the same place the first one."""

    def order(finding: Finding) -> tuple[str | int, ...]:
        return (finding.path, finding.line, finding.column, finding.rule, finding.end_line, finding.end_column, finding.message)

    kept: dict[tuple[str | int, ...], Finding] = {}
    for finding in sorted(findings, key=lambda one: (order(one), one.symbol, one.evidence, one.suggestion)):
        kept.setdefault(order(finding), finding)
    return list(kept.values())


class _Overrides:
    """Severities of the configuration, and what is switched off below some paths. The last matching section wins."""

    def __init__(self, settings: Settings) -> None:
        self.severity = settings.severity
        self.sections = settings.per_path
        self.matchers: list[Callable[[str], bool]] = []
        if self.sections:
            from backend_lint.engine.globs import matcher

            self.matchers = [matcher([section.pattern]) for section in self.sections]
        self.cached: dict[str, dict[str, str]] = {}

    def _of(self, path: str) -> dict[str, str]:
        if not self.sections:
            return {}
        if path not in self.cached:
            changes: dict[str, str] = {}
            for section, matches in zip(self.sections, self.matchers, strict=True):
                if matches(path):
                    changes.update(section.severity)
                    changes.update(dict.fromkeys(section.ignore, "off"))
            self.cached = {path: changes}
        return self.cached[path]

    def is_off(self, rule: str, path: str) -> bool:
        return (self._of(path).get(rule) or self.severity.get(rule)) == "off"

    def graded(self, finding: Finding) -> Finding | None:
        """The finding with the severity the configuration gives it; None if it is switched off there."""
        severity = self._of(finding.path).get(finding.rule) or self.severity.get(finding.rule)
        if severity is None:
            return finding
        return None if severity == "off" else replace(finding, severity=Severity(severity))


def _suppressed(
    group: list[Finding],
    suppressions: tuple[Suppression, ...],
    cards: Mapping[str, Card],
    ran: Collection[str],
    off: _Overrides,
    lines: list[str] | None,
    path: str,
    whole: bool,
) -> tuple[list[Finding], int]:
    """What no comment silences, with the findings on the comments themselves; and how many were silenced. `whole`: the file could be read to its end."""
    if not suppressions:
        return group, 0
    used: set[tuple[int, str]] = set()
    kept = [finding for finding in group if not _silenced(finding, suppressions, used)]
    silenced = sum(not off.is_off(finding.rule, path) for finding in group) - sum(not off.is_off(finding.rule, path) for finding in kept)
    own = [
        _at(suppression, rule, message, cards, lines, path)
        for index, suppression in enumerate(suppressions)
        for rule, message in _flaws(index, suppression, used, cards, ran, off, path, whole)
        if rule in ran
    ]
    left = [finding for finding in own if not _silenced(finding, suppressions, set())]
    return kept + left, silenced + len(own) - len(left)


def _silenced(finding: Finding, suppressions: tuple[Suppression, ...], used: set[tuple[int, str]]) -> bool:
    """Whether a comment covers the finding's first or last line. Every comment that does is in use."""
    found = False
    for index, suppression in enumerate(suppressions):
        if finding.rule in suppression.rules:
            first, last = suppression.applies_to, max(suppression.applies_until, suppression.applies_to)
            if not first or first <= finding.line <= last or first <= finding.end_line <= last:
                used.add((index, finding.rule))
                found = True
    return found


def _flaws(
    index: int,
    suppression: Suppression,
    used: set[tuple[int, str]],
    cards: Mapping[str, Card],
    ran: Collection[str],
    off: _Overrides,
    path: str,
    whole: bool,
) -> Iterable[tuple[str, str]]:
    """(rule, message) for everything that is wrong with one comment."""
    if not suppression.rules:
        yield UNKNOWN, "the comment names no rule and silences nothing, write `backend-lint: ignore[rule-name] reason`"
        return
    if not suppression.reason:
        yield WITHOUT_REASON, f"nobody says why {', '.join(suppression.rules)} is silenced, add the reason behind the bracket"
    for rule in dict.fromkeys(suppression.rules):
        if rule not in cards:
            from difflib import get_close_matches

            near = get_close_matches(rule, list(cards), n=1, cutoff=0.6)
            yield UNKNOWN, f"there is no rule {rule!r}, " + (f"write {near[0]!r}" if near else "remove it")
        elif whole and rule in ran and rule not in ENGINE_RULES and (index, rule) not in used and not off.is_off(rule, path):
            where = "in this file" if not suppression.applies_to else "here"
            yield UNUSED, f"{rule} finds nothing {where}, remove the suppression"


def _at(suppression: Suppression, rule: str, message: str, cards: Mapping[str, Card], lines: list[str] | None, path: str) -> Finding:
    line = suppression.line
    end = len(lines[line - 1]) + 1 if lines is not None and line <= len(lines) else suppression.column + 1
    severity = cards[rule].severity if rule in cards else Severity.WARNING
    return Finding(rule, path, line, suppression.column, line, max(end, suppression.column + 1), message, severity)


def _frame(finding: Finding, lines: list[str] | None, cards: Mapping[str, Card]) -> tuple[tuple[int, str], ...]:
    if lines is None or not 0 < finding.line <= len(lines):
        return ()
    from backend_lint.engine.redact import redact, without_strings

    is_about_secret = finding.rule in cards and not _SECRETS.isdisjoint(cards[finding.rule].tags)
    bare = not finding.path.endswith(".py")
    last = min(max(finding.end_line, finding.line), finding.line + _FRAME - 1, len(lines))
    # a secret that the cut would halve is still whole for the redaction
    shown = {number: redact(lines[number - 1][: 2 * _WIDTH], bare) for number in range(finding.line, last + 1)}
    return tuple((number, (without_strings(text) if is_about_secret else text)[:_WIDTH]) for number, text in shown.items())


def _beside(finding: Finding, read_lines: ReadLines, cards: Mapping[str, Card]) -> tuple[str, ...]:
    found = []
    for item in finding.evidence:
        lines = read_lines(item.path)
        shown = _frame(replace(finding, path=item.path, line=item.line, end_line=item.line), lines, cards)
        found.append(shown[0][1] if shown else "")
    return tuple(found)


def _redacted(finding: Finding) -> Finding:
    from backend_lint.engine.redact import redact

    return replace(
        finding,
        message=redact(finding.message),
        suggestion=redact(finding.suggestion),
        evidence=tuple(replace(item, message=redact(item.message)) for item in finding.evidence),
    )
