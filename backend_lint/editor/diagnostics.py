"""Findings as the protocol has them: diagnostics with their evidence, and the rule's page for whoever points at one."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types

from backend_lint.api import Severity
from backend_lint.editor.places import column, lines_of, to_uri
from backend_lint.editor.session import Session
from backend_lint.engine.result import Reported
from backend_lint.report.escape import markdown, markdown_code, visible
from backend_lint.report.wording import card, help_of

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}
_RELATED = 50


def diagnostics(session: Session, path: str, text: str | None, encoding: str) -> list[types.Diagnostic]:
    """The findings of a file. `text` is what was checked, None where it is not known: columns are then those of ASCII text."""
    lines = [] if text is None else lines_of(text)
    return [_diagnostic(session, one, lines, encoding) for one in session.shown(path)]


def place_of(reported: Reported, lines: Sequence[str], encoding: str) -> types.Range:
    """Where a finding stands, never empty and never outside the file."""
    finding = reported.finding

    def at(line: int, number: int) -> types.Position:
        if lines and line > len(lines):
            line, number = len(lines), len(lines[-1]) + 1
        shown = lines[line - 1] if 0 < line <= len(lines) else None
        return types.Position(max(0, line - 1), max(0, number - 1) if shown is None else column(shown, number, encoding))

    start, end = at(finding.line, finding.column), at(finding.end_line, finding.end_column)
    if (end.line, end.character) <= (start.line, start.character):
        end = types.Position(start.line, start.character + 1)
    return types.Range(start, end)


def _diagnostic(session: Session, reported: Reported, lines: Sequence[str], encoding: str) -> types.Diagnostic:
    finding = reported.finding
    advice = help_of(finding)
    message = visible(finding.message) + (f"\nhelp: {_lines(advice)}" if advice else "")
    related = [
        types.DiagnosticRelatedInformation(
            types.Location(to_uri(session.root / item.path), types.Range(types.Position(max(0, item.line - 1), 0), types.Position(max(0, item.line - 1), 0))),
            visible(item.message),
        )
        for item in finding.evidence[:_RELATED]
    ]
    return types.Diagnostic(
        range=place_of(reported, lines, encoding),
        message=message,
        severity=_SEVERITIES[finding.severity],
        code=finding.rule,
        source="backend-lint",
        related_information=related or None,
        data={"fingerprint": reported.fingerprint},
    )


def hover(session: Session, reported: Sequence[Reported]) -> str:
    """What is found at one place, and the page of each rule, as Markdown. Only the page is ours: all else is escaped."""
    parts = []
    assert session.result is not None
    for one in reported:
        finding = one.finding
        about = card(session.result, finding.rule)
        parts.append(f"**{finding.severity}** {markdown_code(finding.rule)}: {markdown(finding.message)}")
        parts += [f"- {markdown_code(f'{item.path}:{item.line}')} {markdown(item.message)}" for item in finding.evidence[:_RELATED]]
        if advice := help_of(finding):
            parts.append("\n".join(["```", *(visible(line).replace("```", "'''") for line in advice.split("\n")), "```"]))
    for rule in dict.fromkeys(one.finding.rule for one in reported):
        about = card(session.result, rule)
        facts = " · ".join(filter(None, (about.family, f"precision {about.precision}", f"fix {about.fix}", ", ".join(about.tags))))
        parts += ["---", f"### {rule}", f"*{facts}*", about.help]
    return "\n\n".join(parts)


def _lines(text: str) -> str:
    return "\n".join(visible(line.replace("\t", "    ")) for line in text.split("\n"))
