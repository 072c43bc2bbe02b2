"""What a change lets pass by editing the gate's own configuration or baseline, told from the base revision."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from backend_lint.api import Finding, Severity
from backend_lint.config import ConfigError, Settings
from backend_lint.config_file import NAMES, Layer, line_of, read_chain, shown
from backend_lint.config_load import chain_at
from backend_lint.engine import baseline, git
from backend_lint.engine.fingerprint import anchor
from backend_lint.engine.moved_findings import is_gone
from backend_lint.engine.result import Reported
from backend_lint.engine.suppress import read_suppressions
from backend_lint.facts.file import Role, SourceFile
from backend_lint.facts.reading import Reading
from backend_lint.source import UndecodableError, decode

_FEW_ROWS = 1000
"""A table below this needs no index, so none is asked for."""
RULE = "weakened-gate"
_GROWS = ("ignore", "exclude")
"""Lists that let more pass with every entry."""
_RANKS: dict[str, tuple[str, ...]] = {"profile": ("all", "strict", "default"), "fail-on": ("info", "warning", "error", "never")}
"""From strict to lenient."""
_DEFAULTS = {"profile": "default", "fail-on": "error"}
_SEVERITIES = ("error", "warning", "info", "off")
_MAY = ("baseline", "max-file-size")
"""Keys of which any change may let more pass."""
_OFTEN = ("guards", "severity-threshold", "rules")
"""Keys that change with the code, and may let more pass: told, and no reason to fail."""
ALLOWED = RULE
"""The key of ``gate`` that says how many such findings a change may have."""
_HIGHER_IS_STRICTER = ("coverage", "availability", "connections", "routes", "requests_per_second", "requests-per-second")


class Weakened(NamedTuple):
    """`allowed`: how many warnings among `findings` the gate of the base lets pass; None if it has no gate."""

    findings: list[Reported]
    allowed: int | None


def weakened(settings: Settings, base: str, reference: str, readings: Mapping[str, tuple[SourceFile, Reading]]) -> Weakened:
    """Findings on the configuration, the baseline and the suppressions of the project; none where they are as they were or only stricter.

    A project that had no configuration of ours has nothing that could be weaker now.
    """
    earlier, now = _chains(settings, base)
    if not earlier:
        return Weakened([], None)
    before = _values(earlier)
    found = [*_configuration(settings, earlier, now, reference), *_baseline(settings, base, reference)]
    found += [*_ratchet(settings, base, reference), *_runs(settings, base, reference)]
    found += _suppressions(settings, base, reference, readings)
    gate = before.get("gate")
    return Weakened([Reported(finding, anchor(finding, None)) for finding in found], int(gate.get(ALLOWED, 0)) if gate else None)


def _chains(settings: Settings, base: str) -> tuple[list[Layer], list[Layer]]:
    """The configuration at the base and now; two empty ones if they cannot be compared."""
    file = settings.config_file
    if settings.isolated:
        return [], []

    def read(path: Path) -> bytes | None:
        return _at(settings.root, base, path) if path.is_relative_to(settings.root) else None

    try:
        if file is not None and (not file.is_relative_to(settings.root) or file.parent != settings.root or file.name not in NAMES):
            inside = file.is_relative_to(settings.root)
            return (read_chain(file, settings.root, lambda path: read(path) or b"") if inside else []), (read_chain(file, settings.root) if inside else [])
        return chain_at(settings.root, read), read_chain(file, settings.root) if file is not None else []
    except ConfigError:
        return [], []  # written for another version of backend-lint: not comparable


def _configuration(settings: Settings, earlier: list[Layer], now: list[Layer], reference: str) -> Iterator[Finding]:
    before = _values(earlier)
    for key, value in _pairs(before, _values(now)):
        for keys, what in _weaker(key, before.get(key), value):
            layer = next((one for one in reversed(now) if key in one.values), now[-1] if now else earlier[-1])
            line = line_of(layer.text, (*layer.prefix, *keys)) if now else 1
            severity = Severity.INFO if key in _OFTEN else Severity.WARNING
            yield _finding(_path(layer, settings.root), line or 1, f"`{'.'.join(keys)}` {what}", reference, severity)


def _pairs(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(key, now.get(key)) for key in sorted({*before, *now}) if before.get(key) != now.get(key)]


def _values(layers: list[Layer]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.values.items():
            old = joined.get(key)
            joined[key] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return joined


def _at(root: Path, base: str, path: Path) -> bytes | None:
    """The file at the base revision; None if it was not there. Raises ConfigError if git cannot tell."""
    try:
        return _blob(root, base, path)
    except git.GitError as error:
        raise ConfigError(f"{shown(path, root)} at the base revision cannot be read: {error}") from None


def _blob(root: Path, base: str, path: Path) -> bytes | None:
    return git.read_blob(root, base, os.path.relpath(path, root).replace(os.sep, "/"))


def _path(layer: Layer, root: Path) -> str:
    return shown(layer.file, root) if layer.file is not None else layer.source


def _weaker(key: str, before: Any, now: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Keys that let more pass now, each with what changed."""
    if key in _GROWS:
        added = sorted(set(now or ()) - set(before or ()))
        if added:
            yield (key,), f"has {', '.join(added)} more"
    elif key == "select":
        missing = sorted(set(before or ()) - set(now or ())) if now is not None else ()
        if missing or (before is None and now is not None):
            yield (key,), f"no longer has {', '.join(missing)}" if missing else "narrows the rules that run"
    elif key == "extend-select":
        if missing := sorted(set(before or ()) - set(now or ())):
            yield (key,), f"no longer has {', '.join(missing)}"
    elif key in _RANKS:
        ranks, default = _RANKS[key], _DEFAULTS[key]
        if ranks.index(now or default) > ranks.index(before or default):
            yield (key,), f"went from {before or default} to {now or default}"
    elif key == "severity":
        for name in sorted({*(before or {}), *(now or {})}):
            old, new = (before or {}).get(name), (now or {}).get(name)
            if new != old and (new is None or old is None or _SEVERITIES.index(new) > _SEVERITIES.index(old)) and new != "error":
                yield (key, name), f"went from {old or 'the default'} to {new or 'the default'}"
    elif key == "gate":
        yield from _weaker_gate((key,), before or {}, now or {})
    elif key == "database":
        old_rows, new_rows = (before or {}).get("rows", {}), (now or {}).get("rows", {})
        for name in sorted(new_rows):
            if new_rows[name] < _FEW_ROWS and old_rows.get(name, _FEW_ROWS) >= _FEW_ROWS:
                yield (key, "rows", name), f"says that {name} has {new_rows[name]} rows"
    elif key == "per-path":
        yield from _weaker_paths(before or {}, now or {})
    elif key == "roles":
        for role in sorted(now or {}):
            if role != Role.APPLICATION and (added := sorted(set(now[role]) - set((before or {}).get(role, ())))):
                yield (key, role), f"takes {', '.join(added)} out of the application"
    elif key in (*_MAY, *_OFTEN):
        yield (key,), "changed"


def _weaker_paths(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    for pattern, table in sorted(now.items()):
        old = before.get(pattern, {})
        off = {name for name, severity in table.get("severity", {}).items() if severity == "off"} | set(table.get("ignore", ()))
        off -= {name for name, severity in old.get("severity", {}).items() if severity == "off"} | set(old.get("ignore", ()))
        if off:
            yield ("per-path", pattern), f"ignores {', '.join(sorted(off))} more"
        for name, severity in sorted(table.get("severity", {}).items()):
            was = old.get("severity", {}).get(name, "error")
            if severity != "off" and severity != was and _SEVERITIES.index(severity) > _SEVERITIES.index(was):
                yield ("per-path", pattern), f"makes {name} {severity}"


def _weaker_gate(keys: tuple[str, ...], before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, old in before.items():
        new = now.get(name)
        inner = (*keys, name)
        if isinstance(old, dict):
            yield from _weaker_gate(inner, old, new if isinstance(new, dict) else {})
        elif new is None:
            yield inner, "is gone"
        elif isinstance(old, (int, float)) and isinstance(new, (int, float)):
            stricter_up = any(part in _HIGHER_IS_STRICTER for part in inner)
            if (new < old) if stricter_up else (new > old):
                yield inner, f"went from {old} to {new}"
    if now.get(ALLOWED, 0) > before.get(ALLOWED, 0) and ALLOWED not in before and len(keys) == 1:
        yield (*keys, ALLOWED), f"lets {now[ALLOWED]} of these pass"
    if keys[-1] == "files":
        # a floor of its own is lower than that of all files, or there would be no need of one
        for name in now.keys() - before.keys():
            yield (*keys, name), f"gives files a floor of {now[name]:g}"
    if keys[-1] == "endpoints":
        for name in now.keys() - before.keys():
            yield (*keys, name), f"gives an endpoint {now[name]:g} ms"
    if keys[-1] == "performance" and "endpoints" in now and "endpoints" not in before:
        yield from _weaker_gate((*keys, "endpoints"), {}, now["endpoints"])
    if keys[-1] == "coverage" and "files" in now and "files" not in before:
        yield from _weaker_gate((*keys, "files"), {}, now["files"])


def _baseline(settings: Settings, base: str, reference: str) -> Iterator[Finding]:
    file = settings.baseline
    if file is None or not file.is_relative_to(settings.root) or not file.is_file():
        return
    data = _at(settings.root, base, file)
    before = {entry.fingerprint: entry for entry in baseline.parse(data, f"{file} at {reference}")} if data else {}
    now = baseline.load(file)
    dropped = before.keys() - {entry.fingerprint for entry in now}
    # a file that was renamed has its findings under another path, and accepts no more than before
    moved = Counter((before[one].rule, before[one].message) for one in dropped if is_gone(settings.root, before[one].path))
    added = []
    for entry in now:
        if entry.fingerprint not in before:
            if moved[entry.rule, entry.message] > 0:
                moved[entry.rule, entry.message] -= 1
            else:
                added.append(entry)
    if added:
        count = f"{len(added)} findings" if len(added) > 1 else f"a finding of {added[0].rule}"
        yield _finding(shown(file, settings.root), 1, f"the baseline accepts {count} more", reference)


def _ratchet(settings: Settings, base: str, reference: str) -> Iterator[Finding]:
    name = settings.gate.get("coverage", {}).get("ratchet")
    data = _at(settings.root, base, settings.root / name) if name else None
    if not name or data is None:
        return
    from backend_lint.engine import coverage_ratchet

    before, now = coverage_ratchet.parse(data, f"{name} at {reference}"), coverage_ratchet.load(settings.root, name)
    lower = sorted(path for path, percent in now.items() if percent < before.get(path, 100.0))
    if lower:
        yield _finding(name, 1, f"the ratchet asks less of {len(lower)} files ({lower[0][:100]} for one)", reference)


def _suppressions(settings: Settings, base: str, reference: str, readings: Mapping[str, tuple[SourceFile, Reading]]) -> Iterator[Finding]:
    """Inline suppressions that the base does not have; they say their reasons, and a reader of the change shall see them."""
    for path, (file, reading) in readings.items():
        if not reading.suppressions:
            continue
        data = _at(settings.root, base, settings.root / path)
        try:
            before = Counter((one.rules, one.reason) for one in read_suppressions(decode(data), file.kind)) if data else Counter()
        except UndecodableError:
            continue
        for one in reading.suppressions:
            before[one.rules, one.reason] -= 1
            if before[one.rules, one.reason] < 0 and one.rules:
                yield _finding(path, one.line, f"a suppression of {', '.join(one.rules)} is new", reference, Severity.INFO)


def _runs(settings: Settings, base: str, reference: str) -> Iterator[Finding]:
    """A baseline of load tests in which endpoints are slower, or are no longer there."""
    name = settings.gate.get("performance", {}).get("baseline")
    data = _at(settings.root, base, settings.root / name) if name else None
    if not name or data is None:
        return
    from backend_lint.engine import performance_baseline

    before, now = performance_baseline.parse(data, f"{name} at {reference}"), performance_baseline.load(settings.root, name)[0] or {}
    slower = sorted(label for label, runs in before.items() if performance_baseline.allows_more(runs, now.get(label, ())))
    if slower:
        yield _finding(name, 1, f"the baseline of load tests lets {len(slower)} endpoints be slower ({slower[0][:100]} for one)", reference)


def _finding(path: str, line: int, what: str, reference: str, severity: Severity = Severity.WARNING) -> Finding:
    return Finding(
        rule=RULE,
        path=path,
        line=line,
        column=1,
        end_line=line,
        end_column=1,
        message=f"{what} since {reference}, so more may pass; agree on it in review, or judge with --config-from {reference}",
        severity=severity,
    )
