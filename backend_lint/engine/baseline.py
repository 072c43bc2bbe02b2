"""Accepted findings: a JSON file, sorted, one finding a line, so that merges of it seldom conflict.

    {"version": 1, "findings": [
    {"fingerprint": "...", "rule": "...", "path": "...", "message": "..."}
    ]}

Findings are known by their fingerprint; the rest is for the reader of a change.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from backend_lint.config import ConfigError, Settings
from backend_lint.engine.discover import asked_for
from backend_lint.engine.result import Reported, Result
from backend_lint.lazy_regex import lazy_regex

VERSION = 1
_LARGEST = 64_000_000
_FINGERPRINT = lazy_regex(r"[0-9a-f]{32}")


class Entry(msgspec.Struct, frozen=True, order=True):
    """One accepted finding, in the order of the file."""

    path: str
    rule: str
    fingerprint: str
    message: str


def accepted(settings: Settings) -> tuple[Entry, ...]:
    """The entries of the run's baseline; none without one. Raises ConfigError for a missing, unreadable or damaged file."""
    if settings.baseline is None:
        return ()
    if settings.baseline_data is not None:
        return parse(settings.baseline_data, f"{settings.baseline} at {settings.config_from}") if settings.baseline_data else ()
    return load(settings.baseline)


def load(path: Path) -> tuple[Entry, ...]:
    """The entries of a baseline. Raises ConfigError naming the file, the line if it is known, and the way out."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        raise ConfigError(f"baseline {path} does not exist; `backend-lint baseline create` writes it") from None
    except OSError as error:
        raise ConfigError(f"baseline {path} cannot be read: {error.strerror}") from None
    about = os.fstat(handle)
    if not stat.S_ISREG(about.st_mode):
        os.close(handle)
        raise ConfigError(f"baseline {path} is no regular file")
    with os.fdopen(handle, "rb") as stream:
        if about.st_size > _LARGEST:
            raise ConfigError(f"baseline {path} is larger than {_LARGEST // 1_000_000} MB; it is no baseline")
        return parse(stream.read(_LARGEST + 1), str(path))


def create(path: Path, result: Result, paths: Sequence[str] = ("",)) -> int:
    """Writes a baseline of all findings of `result`, a run without one; returns their number. Raises ConfigError if the file cannot be written."""
    return _write(path, _entries(result.findings))


def update(path: Path, result: Result, paths: Sequence[str] = ("",)) -> int:
    """Replaces the findings of a baseline by those of `result`, a run over `paths` without a baseline; returns their number. Raises ConfigError.

    What the run did not look at, or could not read, stays.
    """
    asked = asked_for(paths)
    kept = [entry for entry in load(path) if not _judged(entry, result, asked)]
    return _write(path, {*kept, *_entries(result.findings)})


def prune(path: Path, result: Result, paths: Sequence[str] = ("",), moved: Iterable[Reported] = ()) -> int:
    """Removes what `result`, a run over `paths` without a baseline, no longer holds, and adds nothing; returns how many are left. Raises ConfigError.

    `moved` are findings of it that the baseline accepted under the old path of their file: they stand under the new one from now on.
    """
    there = {reported.fingerprint for reported in result.findings}
    asked = asked_for(paths)
    kept = {entry for entry in load(path) if entry.fingerprint in there or not _judged(entry, result, asked)}
    return _write(path, kept | _entries(moved))


def _judged(entry: Entry, result: Result, asked: Callable[[str], bool]) -> bool:
    """Whether the run would have found the entry if it were still there."""
    return asked(entry.path) and entry.path not in {item.path for item in result.unchecked} and (entry.rule in result.cards or not result.cards)


def _entries(findings: Iterable[Reported]) -> set[Entry]:
    return {Entry(reported.finding.path, reported.finding.rule, reported.fingerprint, reported.finding.message) for reported in findings}


def _write(path: Path, entries: Iterable[Entry]) -> int:
    from backend_lint.engine.write import replace_file

    ordered = sorted(entries)
    lines = (json.dumps({"fingerprint": entry.fingerprint, "rule": entry.rule, "path": entry.path, "message": entry.message}) for entry in ordered)
    body = ",\n".join(lines)
    try:
        replace_file(path, (f'{{"version": {VERSION}, "findings": [\n{body}\n]}}\n' if body else f'{{"version": {VERSION}, "findings": []}}\n').encode("ascii"))
    except OSError as error:
        raise ConfigError(f"baseline {path} cannot be written: {error.strerror or error}") from None
    return len(ordered)


def parse(data: bytes, name: str) -> tuple[Entry, ...]:
    way_out = "restore it, or write a new one with `backend-lint baseline create`"
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ConfigError(f"baseline {name} is not UTF-8; {way_out}") from None
    except json.JSONDecodeError as error:
        conflict = b"<" * 7 + b" " in data and b">" * 7 + b" " in data
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
