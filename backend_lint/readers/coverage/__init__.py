"""Reads what coverage tools write: bytes in, `facts.coverage.CoverageReport` out. Reports come from the checked project and are not to be trusted."""

from __future__ import annotations

import re

from backend_lint.facts.coverage import CoverageReport
from backend_lint.readers.coverage.records import UnknownFormatError, UnreadableError

__all__ = ["UnknownFormatError", "UnreadableError", "read"]

_GO = re.compile(rb"\s*mode: (?:set|count|atomic)\r?\n")
_LCOV = re.compile(rb"(?:\s*#[^\n]*\n)*\s*(?:TN:|SF:)")
_FORMATS = "coverage.py's .coverage, XML and JSON, Cobertura, LCOV, JaCoCo, Go cover profiles, Istanbul JSON and llvm-cov JSON"


def read(data: bytes) -> CoverageReport:
    """The report; its format is told by its content. Raises UnreadableError with the reason."""
    head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        raise UnreadableError("is empty")
    try:
        return _read(data, head)
    except (ValueError, OverflowError, RecursionError, LookupError, TypeError) as error:
        raise UnreadableError(f"is broken: {type(error).__name__}: {error}"[:300]) from None


def _read(data: bytes, head: bytes) -> CoverageReport:
    if head.startswith(b"SQLite format 3\0"):
        from backend_lint.readers.coverage.data_file import read_data

        return read_data(data)
    if head.startswith(b"<"):
        from backend_lint.readers.coverage.xml_reports import read_xml

        return read_xml(data)
    if head.startswith(b"{"):
        from backend_lint.readers.coverage.json_reports import read_json

        return read_json(data)
    if _GO.match(head):
        from backend_lint.readers.coverage.go_profile import read_go

        return read_go(data)
    if _LCOV.match(head):
        from backend_lint.readers.coverage.lcov import read_lcov

        return read_lcov(data)
    raise UnknownFormatError(f"is in none of the known formats: {_FORMATS}")
