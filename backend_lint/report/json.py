"""The ``json`` and ``jsonl`` reports: the stable shape that other programs read."""

from __future__ import annotations

import json
from typing import Any

from backend_lint import __version__
from backend_lint.engine.result import Reported, Result
from backend_lint.facts.file import Unchecked
from backend_lint.report.escape import visible
from backend_lint.report.wording import card, counts

SCHEMA_VERSION = 1


def render(result: Result) -> str:
    """One object, ASCII only, keys in the documented order."""
    return json.dumps(document(result), indent=2) + "\n"


def render_lines(result: Result) -> str:
    """One object a line, told apart by ``type``: ``finding``, ``unchecked``, ``condition``, and ``summary`` last."""
    whole = document(result)
    lines: list[dict[str, Any]] = [{"type": "finding", **item} for item in whole["findings"]]
    lines += [{"type": "unchecked", **item} for item in whole["unchecked"]]
    lines += [{"type": "condition", **item} for item in whole["gate"]["conditions"]]
    lines.append(
        {
            "type": "summary",
            "schema_version": SCHEMA_VERSION,
            "tool": whole["tool"],
            "passed": whole["gate"]["passed"],
            "suppressed": whole["suppressed"],
            **whole["summary"],
        }
    )
    return "".join(json.dumps(line) + "\n" for line in lines)


def document(result: Result) -> dict[str, Any]:
    """The report as plain data; bytes of a path that are no UTF-8 are written ``\\xNN``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "backend-lint", "version": __version__},
        "findings": [_finding(reported, result) for reported in result.findings],
        "gate": {
            "passed": result.passed,
            "conditions": [
                {
                    "name": _text(item.name),
                    "measured": item.measured,
                    "required": item.required,
                    "status": item.status,
                    "reason": _text(item.reason) or None,
                    "details": [_text(detail) for detail in item.details],
                }
                for item in result.conditions
            ],
        },
        "unchecked": [{"path": _text(item.path), "reason": _reason(item)} for item in result.unchecked],
        "suppressed": {"inline": result.suppressed_inline, "baseline": result.suppressed_baseline},
        "summary": {
            "files": result.files,
            "lines": result.lines,
            **counts(result),
            "unknown": sum(result.unknown.values()),
            "seconds": result.seconds,
        },
    }


def _finding(reported: Reported, result: Result) -> dict[str, Any]:
    finding = reported.finding
    about = card(result, finding.rule)
    return {
        "rule": _text(finding.rule),
        "family": about.family,
        "severity": finding.severity.value,
        "precision": about.precision,
        "tags": list(about.tags),
        "message": _text(finding.message),
        "path": _text(finding.path),
        "line": finding.line,
        "column": finding.column,
        "end_line": finding.end_line,
        "end_column": finding.end_column,
        "symbol": _text(finding.symbol),
        "evidence": [{"path": _text(item.path), "line": item.line, "message": _text(item.message)} for item in finding.evidence],
        "suggestion": _text(finding.suggestion) or None,
        "fix": None if about.fix == "none" else {"safe": about.fix == "safe", "edits": []},
        "fingerprint": reported.fingerprint,
    }


def _reason(item: Unchecked) -> str:
    return _text(f"line {item.line}: {item.reason}" if item.line else item.reason)


def _text(text: str) -> str:
    """JSON escapes control characters itself; only what no Unicode text may hold is written out."""
    return text if text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text) else visible(text)
