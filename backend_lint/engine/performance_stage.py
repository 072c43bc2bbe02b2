"""Joins the reports of load tests, databases and monitors: found, read as streams, with the targets that the configuration sets."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from msgspec.structs import replace

from backend_lint.config import Settings
from backend_lint.config_keys import PERFORMANCE
from backend_lint.engine import git, performance_baseline
from backend_lint.facts.file import Unchecked
from backend_lint.facts.performance import LoadReport, Measurements, StatementTime, Targets, Uptime
from backend_lint.project.performance.verdicts import LOAD, QUANTILES

if TYPE_CHECKING:
    from backend_lint.engine.recording import Watch

MAX_BYTES = 512_000_000
_NUMBERS = ("query_ms", "error_rate", "connections", "availability", "requests_per_second", "routes", "regression", "min_requests", "min_calls", "max_age_days")


def measurements(settings: Settings, names: Iterable[str], watch: Watch | None, unchecked: list[Unchecked]) -> Measurements:
    """What the reports at `names` say, and those that the configuration names as exports of a database."""
    asked: Mapping[str, Any] = settings.gate.get("performance", {})
    named = tuple(asked.get("reports", ()))
    exports = tuple(settings.database.get("statistics", ()))
    if watch is not None:
        watch.add(*(settings.root / name for name in (*names, *exports, asked.get("baseline", ""))))
    refused, problem = [], ""
    loads: list[LoadReport] = []
    statements: list[StatementTime] = []
    uptimes: list[Uptime] = []
    for name in dict.fromkeys((*sorted(names), *exports)):
        if not os.path.lexists(settings.root / name):
            if name in named:
                refused.append(f"no report at {name}: {LOAD}")
            continue
        _read(settings, name, float(asked.get("warm_up", 0)), name in named, (loads, statements, uptimes), refused)
    if not named:
        # one that was found by its name alone may be another program's
        unchecked += [Unchecked(path, reason) for path, _, reason in (text.partition(" ") for text in refused)]
        refused = []
        if not (loads or statements or uptimes):
            problem = f"no report was found: name them in gate.performance.reports, and {LOAD}"
    baseline, why = performance_baseline.load(settings.root, asked["baseline"]) if "baseline" in asked else (None, "")
    return Measurements(
        tuple(loads),
        tuple(statements),
        tuple(uptimes),
        problem,
        tuple(refused),
        _targets(asked),
        baseline,
        why or str(asked.get("baseline", "")),
        _built(settings.root),
    )


def _read(
    settings: Settings, name: str, warm_up: float, named: bool, into: tuple[list[LoadReport], list[StatementTime], list[Uptime]], refused: list[str]
) -> None:
    from backend_lint.readers.performance import UnknownFormatError, UnreadableError, read

    path = settings.root / name
    if not path.resolve().is_relative_to(settings.root.resolve()):
        refused.append(f"{name} leads out of the project root")
        return
    try:
        with _opened(path) as file:
            found = read(file, name, warm_up)
            written = os.fstat(file.fileno()).st_mtime
    except UnknownFormatError as error:
        if named:
            refused.append(f"{name} {error}")
        return
    except (UnreadableError, OSError) as error:
        refused.append(f"{name} {error}"[:600])
        return
    if isinstance(found, LoadReport):
        into[0].append(found if found.finished is not None else replace(found, finished=written))
    else:
        for one in found:
            if isinstance(one, StatementTime):
                into[1].append(one)
            else:
                into[2].append(one)


def _opened(path: Path) -> BinaryIO:
    """The file as a stream. Raises OSError for what is no regular file, or larger than any report; follows no link and waits for nothing."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
        os.close(handle)
        raise OSError("is not a regular file" if not stat.S_ISREG(status.st_mode) else f"is larger than {MAX_BYTES:,} bytes")
    return open(handle, "rb")


def _targets(asked: Mapping[str, Any]) -> Targets:
    quantiles = {95.0: 200.0} | {percent: float(asked[name]) for name, percent in QUANTILES.items() if name in asked}
    given: dict[str, Any] = {name: asked[name] for name in _NUMBERS if name in asked}
    return Targets(
        # a baseline that nothing is compared with would be no use
        asked=tuple(name for name in asked if name in PERFORMANCE) + (("regression",) if "baseline" in asked and "regression" not in asked else ()),
        quantiles=quantiles,
        endpoints=asked.get("endpoints", {}),
        names=asked.get("names", {}),
        **given,
    )


def _built(root: Path) -> float | None:
    """When the code was committed last; None outside of git. A clock of files deceives: a checkout writes every file anew."""
    try:
        return float(git.committed_at(root))
    except git.GitError:
        return None
