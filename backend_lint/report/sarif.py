"""The ``sarif`` report: SARIF 2.1.0 as GitHub code scanning reads it."""

from __future__ import annotations

import json
from typing import Any

from backend_lint import __version__
from backend_lint.api import Severity
from backend_lint.engine.result import Card, Reported, Result
from backend_lint.facts.file import Unchecked
from backend_lint.report.escape import sarif_text, uri, visible
from backend_lint.report.wording import by_severity, card, help_of, named, shortfall, unchecked_place

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SECURITY_SEVERITY = {Severity.ERROR: "8.0", Severity.WARNING: "5.5", Severity.INFO: "2.5"}
_RESULTS = 25_000
_RELATED = 100
_TAGS = 20


def render(result: Result, prefix: str = "") -> str:
    """One run: every rule that ran, at most 25,000 results (worst first beyond that, with a notice), what was not checked as notifications.

    `prefix` leads from the repository's top to the project.
    """
    names = sorted({*result.cards, *(reported.finding.rule for reported in result.findings)})
    index = {name: position for position, name in enumerate(names)}
    kept = list(result.findings) if len(result.findings) <= _RESULTS else by_severity(result)[:_RESULTS]
    notifications = [_notification(skipped, prefix) for skipped in result.unchecked]
    if dropped := len(result.findings) - len(kept):
        notifications.append({"level": "warning", "message": {"text": f"{dropped} findings left out: code scanning takes {_RESULTS} at most"}})
    for item in result.conditions:
        if item.status != "passed":
            text = "\n".join([f"gate: {shortfall(item)}", *named(item, 50)])
            notifications.append({"level": "error", "message": {"text": sarif_text(text)}})
    run = {
        "tool": {
            "driver": {
                "name": "backend-lint",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(card(result, name)) for name in names],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not result.unchecked, "toolExecutionNotifications": notifications}],
        "results": [_result(reported, index, prefix) for reported in kept],
        "properties": {
            "gate": "passed" if result.passed else "failed",
            "conditions": [
                {"name": sarif_text(item.name), "measured": item.measured, "required": item.required, "status": item.status} for item in result.conditions
            ],
            "files": result.files,
            "suppressedInline": result.suppressed_inline,
            "suppressedBaseline": result.suppressed_baseline,
        },
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(about: Card) -> dict[str, Any]:
    tags = [tag for tag in (about.family, *about.tags) if tag]
    properties: dict[str, Any] = {}
    if any(tag.startswith(("owasp", "cwe", "security")) for tag in tags):
        tags.insert(0, "security")
        properties["security-severity"] = _SECURITY_SEVERITY[about.severity]
    properties["tags"] = list(dict.fromkeys(tags))[:_TAGS]
    if about.precision:
        properties["precision"] = about.precision
    summary = about.summary or about.name
    rule: dict[str, Any] = {
        "id": visible(about.name),
        "name": "".join(part.capitalize() for part in visible(about.name).split("-")),
        "shortDescription": {"text": sarif_text(summary)},
        "fullDescription": {"text": sarif_text(summary)},
        "defaultConfiguration": {"level": _LEVEL[about.severity]},
        "properties": properties,
    }
    if about.help:
        rule["help"] = {"text": about.help, "markdown": about.help}
    return rule


def _result(reported: Reported, index: dict[str, int], prefix: str) -> dict[str, Any]:
    finding = reported.finding
    message = f"{finding.message}\nhelp: {advice}" if (advice := help_of(finding)) else finding.message
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": _artifact(prefix + finding.path),
            "region": {
                "startLine": max(finding.line, 1),
                "startColumn": max(finding.column, 1),
                "endLine": max(finding.end_line, finding.line, 1),
                "endColumn": max(finding.end_column, 1),
            },
        }
    }
    if finding.symbol:
        location["logicalLocations"] = [{"fullyQualifiedName": visible(finding.symbol)}]
    body: dict[str, Any] = {
        "ruleId": visible(finding.rule),
        "ruleIndex": index[finding.rule],
        "level": _LEVEL[finding.severity],
        "message": {"text": sarif_text(message)},
        "locations": [location],
        "partialFingerprints": {"primaryLocationLineHash": f"{reported.fingerprint}:1", "backendLint/v1": reported.fingerprint},
    }
    if finding.evidence:
        body["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": {"artifactLocation": _artifact(prefix + item.path), "region": {"startLine": max(item.line, 1)}},
                "message": {"text": sarif_text(item.message)},
            }
            for number, item in enumerate(finding.evidence[:_RELATED])
        ]
    return body


def _artifact(path: str) -> dict[str, str]:
    return {"uri": uri(path), "uriBaseId": "%SRCROOT%"}


def _notification(item: Unchecked, prefix: str) -> dict[str, Any]:
    body: dict[str, Any] = {"level": "warning", "message": {"text": sarif_text(f"not checked: {unchecked_place(item)}: {item.reason}")}}
    if item.path:
        body["locations"] = [{"physicalLocation": {"artifactLocation": _artifact(prefix + item.path), "region": {"startLine": max(item.line, 1)}}}]
    return body
