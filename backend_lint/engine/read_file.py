"""The map stage for one file: its bytes go to the reader of its kind. Raises nothing; needs no other file, no disk and no git."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import msgspec

from backend_lint.api import CstRule, LocalRule, NodeRule
from backend_lint.engine.limits import INSTALL_LIBCST, suspicious
from backend_lint.facts.file import Asked, Kind, SourceFile, Unchecked
from backend_lint.facts.reading import Reading

MARK = b"backend-lint:"
_DECLARES_AN_APP = "apps.py"
"""What such a file says of a Django app is no import, and the shape of a project rests on it."""


def read_file(file: SourceFile, data: bytes, rules: Sequence[LocalRule], timed: bool = False) -> Reading:
    """The reading of one file, with its inline suppressions."""
    try:
        reading = _read(file, data, rules, timed)
        if MARK in data and not reading.suppressions:
            reading = _with_suppressions(reading, file, data)
    except (RecursionError, MemoryError):
        return not_read(file.path, "is nested too deeply or too large to be analysed")
    except Exception as error:
        return not_read(file.path, f"the reader failed: {type(error).__name__}: {error}"[:300])
    return reading


def whole_only(kind: Kind, path: str) -> bool:
    """The imports of such a file are not read alone."""
    return kind is not Kind.PYTHON or path.endswith(_DECLARES_AN_APP)


def read_imports(file: SourceFile, data: bytes) -> Reading | None:
    """The reading of a file with its imports for facts, and its inline suppressions; None if it is one for `read_file`."""
    from backend_lint.readers.python.imports import is_python, read_imports

    reading = read_imports(data)
    if reading is None or (file.asked is Asked.IMPORTS_AND_SYNTAX and (suspicious(data) or not is_python(data))):
        return None
    return _with_suppressions(reading, file, data) if MARK in data else reading


def not_read(path: str, reason: str, line: int = 0) -> Reading:
    """The reading of a file that could not be read."""
    return Reading(facts=msgspec.Raw(), lines=0, unchecked=(Unchecked(path, reason, line),))


def _read(file: SourceFile, data: bytes, rules: Sequence[LocalRule], timed: bool) -> Reading:
    if file.kind is Kind.PYTHON:
        from backend_lint.readers import python

        reading = python.read(data, file, [rule for rule in rules if isinstance(rule, NodeRule)], timed=timed)
        asking = [rule for rule in rules if isinstance(rule, CstRule) and file.role in rule.roles and any(trigger in data for trigger in rule.triggers)]
        return _with_cst(reading, file, data, asking, timed) if asking and reading.facts else reading
    if file.kind in (Kind.SQL, Kind.PRISMA):
        from backend_lint.readers import sql

        return sql.read(data, file)
    if file.kind is Kind.TEMPLATE:
        from backend_lint.readers import templates

        return templates.read(data, file)
    from backend_lint.readers import deployment

    return deployment.read(data, file)


def _with_cst(reading: Reading, file: SourceFile, data: bytes, rules: Sequence[CstRule], timed: bool) -> Reading:
    if importlib.util.find_spec("libcst") is None:
        names = ", ".join(rule.name for rule in rules)
        unread = Unchecked(file.path, f"{names}: needs LibCST, which is not installed: {INSTALL_LIBCST}")
        return msgspec.structs.replace(reading, unchecked=(*reading.unchecked, unread))
    from backend_lint.engine.cst_stage import visit

    findings, unchecked, seconds = visit(file, data, rules)
    return msgspec.structs.replace(
        reading,
        findings=(*reading.findings, *findings),
        unchecked=(*reading.unchecked, *unchecked),
        timings={**reading.timings, **seconds} if timed else reading.timings,
    )


def _with_suppressions(reading: Reading, file: SourceFile, data: bytes) -> Reading:
    from backend_lint.engine.suppress import read_suppressions
    from backend_lint.source import UndecodableError, decode

    try:
        text = decode(data)
    except UndecodableError:
        return reading
    return msgspec.structs.replace(reading, suppressions=tuple(read_suppressions(text, file.kind)))
