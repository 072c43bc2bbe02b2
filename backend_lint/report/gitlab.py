"""The ``gitlab`` report: a Code Quality artifact."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from backend_lint.api import Severity
from backend_lint.engine.result import Result
from backend_lint.report.escape import visible
from backend_lint.report.wording import card, shortfall, unchecked_place

_SEVERITY = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}
_CATEGORY = {"security": "Security", "database": "Performance", "performance": "Performance", "architecture": "Complexity"}


def render(result: Result, prefix: str = "") -> str:
    """A JSON array; `prefix` leads from the repository's top to the project.

    GitLab drops entries with equal fingerprints, so a repeated one is hashed with its number.
    """
    entries: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for reported in result.findings:
        finding = reported.finding
        description = visible(finding.message)
        if finding.evidence:
            description += " (" + "; ".join(f"{visible(item.path)}:{item.line}: {visible(item.message)}" for item in finding.evidence) + ")"
        entries.append(
            {
                "type": "issue",
                "description": description,
                "check_name": visible(finding.rule),
                "fingerprint": _unique(reported.fingerprint, seen),
                "severity": _SEVERITY[finding.severity],
                "categories": [_CATEGORY.get(card(result, finding.rule).family, "Bug Risk")],
                "location": {"path": visible(prefix + finding.path), "lines": {"begin": max(finding.line, 1), "end": max(finding.end_line, finding.line, 1)}},
            }
        )
    for item in result.unchecked:
        digest = hashlib.blake2b(f"unchecked\0{item.path}\0{item.reason}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        entries.append(
            {
                "type": "issue",
                "description": f"not checked: {unchecked_place(item)}: {visible(item.reason)}",
                "check_name": "unchecked",
                "fingerprint": _unique(digest, seen),
                "severity": "info",
                "categories": ["Bug Risk"],
                "location": {"path": visible(prefix + item.path) or ".", "lines": {"begin": max(item.line, 1)}},
            }
        )
    for condition in result.conditions:
        if condition.status != "passed":
            digest = hashlib.blake2b(f"gate\0{condition.name}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
            entries.append(
                {
                    "type": "issue",
                    "description": "; ".join([f"gate: {visible(shortfall(condition))}", *map(visible, condition.details[:20])]),
                    "check_name": "gate",
                    "fingerprint": _unique(digest, seen),
                    "severity": "critical",
                    "categories": ["Bug Risk"],
                    "location": {"path": ".", "lines": {"begin": 1}},
                }
            )
    return json.dumps(entries, indent=2) + "\n"


def _unique(fingerprint: str, seen: dict[str, int]) -> str:
    number = seen[fingerprint] = seen.get(fingerprint, 0) + 1
    return fingerprint if number == 1 else hashlib.blake2b(f"{fingerprint}\0{number}".encode(), digest_size=16).hexdigest()
