"""Accepted findings: a JSON file, sorted, one finding a line, so that merges of it seldom conflict.

    {"version": 1, "findings": [
    {"fingerprint": "...", "rule": "...", "path": "...", "message": "..."}
    ]}

Findings are known by their fingerprint; the rest is for the reader of a change.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

import msgspec

from backend_lint.config import ConfigError, Settings
from backend_lint.engine.result import Reported, Result

VERSION = 1
_LARGEST = 64_000_000
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")


class Entry(msgspec.Struct, frozen=True, order=True):
    """One accepted finding, in the order of the file."""

    path: str
    rule: str
    fingerprint: str
    message: str


class Change(msgspec.Struct, frozen=True):
    """What writing a baseline did: how many entries it holds now, and how many came and went."""

    entries: int
    added: int
    removed: int


def accepted(settings: Settings) -> frozenset[str]:
    """The fingerprints of the run's baseline; empty without one. Raises ConfigError for a missing, unreadable or damaged file."""
    if settings.baseline is None:
        return frozenset()
    if settings.baseline_data is not None:
        entries = _parse(settings.baseline_data, f"{settings.baseline} at {settings.config_from}") if settings.baseline_data else ()
    else:
        entries = load(settings.baseline)
    return frozenset(entry.fingerprint for entry in entries)


def load(path: Path) -> tuple[Entry, ...]:
    """The entries of a baseline. Raises ConfigError naming the file, the line if it is known, and the way out."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        raise ConfigError(f"baseline {path} does not exist; `backend-lint baseline create` writes it") from None
    except OSError as error:
        raise ConfigError(f"baseline {path} cannot be read: {error.strerror}") from None
    with os.fdopen(handle, "rb") as stream:
        about = os.fstat(stream.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise ConfigError(f"baseline {path} is no regular file")
        if about.st_size > _LARGEST:
            raise ConfigError(f"baseline {path} is larger than {_LARGEST // 1_000_000} MB; it is no baseline")
        return _parse(stream.read(_LARGEST + 1), str(path))


def create(path: Path, result: Result) -> Change:
    """Writes a baseline of all findings of `result`, a run without one. Raises ConfigError if the file is there already or cannot be written."""
    if os.path.lexists(path):
        raise ConfigError(f"baseline {path} exists; `backend-lint baseline update` replaces its findings, `prune` only removes what is mended")
    entries = _entries(result.findings)
    _write(path, entries)
    return Change(len(entries), len(entries), 0)


def update(path: Path, result: Result) -> Change:
    """Replaces the findings of a baseline by those of `result`, a run without one. Raises ConfigError."""
    before = {entry.fingerprint for entry in load(path)}
    entries = _entries(result.findings)
    after = {entry.fingerprint for entry in entries}
    _write(path, entries)
    return Change(len(entries), len(after - before), len(before - after))


def prune(path: Path, result: Result) -> Change:
    """Removes the findings that `result`, a run without a baseline, no longer holds; adds none. Raises ConfigError."""
    before = load(path)
    there = {reported.fingerprint for reported in result.findings}
    entries = sorted({entry for entry in before if entry.fingerprint in there})
    _write(path, entries)
    return Change(len(entries), 0, len({entry.fingerprint for entry in before} - there))


def _entries(findings: Iterable[Reported]) -> list[Entry]:
    return sorted({Entry(reported.finding.path, reported.finding.rule, reported.fingerprint, reported.finding.message) for reported in findings})


def _write(path: Path, entries: Iterable[Entry]) -> None:
    from backend_lint.engine.write import replace_file

    lines = (json.dumps({"fingerprint": entry.fingerprint, "rule": entry.rule, "path": entry.path, "message": entry.message}) for entry in entries)
    body = ",\n".join(lines)
    try:
        replace_file(path, (f'{{"version": {VERSION}, "findings": [\n{body}\n]}}\n' if body else f'{{"version": {VERSION}, "findings": []}}\n').encode("ascii"))
    except OSError as error:
        raise ConfigError(f"baseline {path} cannot be written: {error.strerror or error}") from None


def _parse(data: bytes, name: str) -> tuple[Entry, ...]:
    way_out = "restore it, or write a new one with `backend-lint baseline create`"
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ConfigError(f"baseline {name} is not UTF-8; {way_out}") from None
    except json.JSONDecodeError as error:
        conflict = b"<<<<<<< " in data and b">>>>>>> " in data
        hint = "it holds merge conflict markers: keep the lines of both sides, then run `backend-lint baseline prune`" if conflict else way_out
        raise ConfigError(f"baseline {name}, line {error.lineno}: {error.msg}; {hint}") from None
    except (RecursionError, ValueError):
        raise ConfigError(f"baseline {name} is no JSON that a baseline could be; {way_out}") from None
    if not isinstance(document, dict) or not isinstance(document.get("findings"), list):
        raise ConfigError(f"baseline {name} is no baseline: an object with `version` and `findings` is expected; {way_out}")
    if document.get("version") != VERSION:
        raise ConfigError(f"baseline {name} has version {str(document.get('version'))[:20]!r}, this backend-lint reads {VERSION}; {way_out}")
    entries = []
    for number, item in enumerate(document["findings"], 1):
        fields = [item.get(key) if isinstance(item, dict) else None for key in ("path", "rule", "fingerprint", "message")]
        path, rule, fingerprint, message = (field if isinstance(field, str) else None for field in fields)
        if path is None or rule is None or message is None or fingerprint is None or not _FINGERPRINT.fullmatch(fingerprint):
            raise ConfigError(f"baseline {name}, finding {number}: `fingerprint` (32 hexadecimal digits), `rule`, `path` and `message` are expected; {way_out}")
        entries.append(Entry(path, rule, fingerprint, message))
    return tuple(entries)
