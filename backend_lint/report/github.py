"""The ``github`` report: workflow commands that become annotations, and the step summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from backend_lint.api import Finding, Severity
from backend_lint.engine.result import Result
from backend_lint.report.escape import annotation, annotation_property, visible
from backend_lint.report.wording import by_severity, help_of, named, place, plural, shortfall, summary, unchecked_place

_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_LIMIT = 10
"""Annotations of one kind that GitHub keeps per step; it drops the rest without a word."""


def render(result: Result, environ: Mapping[str, str], prefix: str = "") -> str:
    """Errors first, at most ten annotations of a kind, then everything that found no room as plain lines and a notice that says how many.

    `prefix` leads from the repository's top to the project.
    Appends a Markdown summary to the file that ``GITHUB_STEP_SUMMARY`` names in `environ`; if that fails, a warning says so.
    """
    commands: list[str] = []
    rest: list[str] = []
    used: Counter[str] = Counter(notice=1)
    failed = [item for item in result.conditions if item.status != "passed"]
    for item in failed:
        message = "\n".join([shortfall(item), *named(item, 20)])
        _place(commands, rest, used, "error", "::error title=gate::" + annotation(message), f"gate: {visible(shortfall(item))}")
    for reported in by_severity(result):
        finding = reported.finding
        line = f"{place(finding)}: {finding.severity}[{visible(finding.rule)}] {visible(finding.message)}"
        _place(commands, rest, used, _COMMAND[finding.severity], _command(finding, prefix), line)
    for skipped in result.unchecked:
        where = f" file={annotation_property(prefix + skipped.path)},line={max(skipped.line, 1)}," if skipped.path else " "
        _place(
            commands,
            rest,
            used,
            "warning",
            f"::warning{where}title=not checked::{annotation(skipped.reason)}",
            f"{unchecked_place(skipped)}: not checked: {visible(skipped.reason)}",
        )
    order = {"error": 0, "warning": 1, "notice": 2}
    commands.sort(key=lambda command: order[command[2:].split(" ", 1)[0].split("::", 1)[0]])
    if warning := _summarise(result, environ.get("GITHUB_STEP_SUMMARY", "")):
        commands.append(warning)
    if rest:
        commands.append(f"::notice title=backend-lint::{plural(len(rest), 'more line')} in the log of this step, without an annotation")
    passed = [f"gate: {visible(shortfall(item))}" for item in result.conditions if item.status == "passed"]
    # "- " keeps a line that starts with "::" from being a command
    lines = [*commands, *(f"- {line.replace('##[', '## [')}" for line in (*rest, *passed)), summary(result)]
    return "\n".join(lines) + "\n"


def _place(commands: list[str], rest: list[str], used: Counter[str], kind: str, command: str, line: str) -> None:
    if used[kind] < _LIMIT:
        used[kind] += 1
        commands.append(command)
    else:
        rest.append(line)


def _command(finding: Finding, prefix: str) -> str:
    properties = [f"file={annotation_property(prefix + finding.path)}", f"line={finding.line}", f"endLine={finding.end_line}"]
    if finding.end_line == finding.line:
        properties += [f"col={finding.column}", f"endColumn={finding.end_column}"]
    parts = [finding.message]
    parts += [f"{prefix}{item.path}:{item.line}: {item.message}" for item in finding.evidence]
    parts += [f"help: {advice}"] if (advice := help_of(finding)) else []
    title = annotation_property(finding.rule)
    return f"::{_COMMAND[finding.severity]} {','.join(properties)},title={title}::{annotation(chr(10).join(parts))}"


def _summarise(result: Result, path: str) -> str:
    if not path:
        return ""
    from backend_lint.report import markdown

    try:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(markdown.render(result))
    except OSError as error:
        return f"::warning title=backend-lint::{annotation(f'the step summary could not be written: {error}')}"
    return ""
