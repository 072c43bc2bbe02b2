"""The ``markdown`` report: a comment on a pull request, or a step summary."""

from __future__ import annotations

from backend_lint.engine.result import Condition, Reported, Result
from backend_lint.report.escape import markdown, markdown_code
from backend_lint.report.wording import by_severity, help_of, named, number, plural, summary, verdict

MARKER = "<!-- backend-lint -->"
_LIMIT = 60_000
"""Characters; GitHub refuses a comment above 65,536."""


def render(result: Result) -> str:
    """A hidden marker to find the comment by, the summary, the gate's table, findings worst first, what was not checked. Cut with a note if it is too long."""
    blocks = [f"{MARKER}\n### backend-lint\n\n{markdown(summary(result))}\n"]
    if result.conditions:
        rows = [f"| {markdown_code(item.name)} | {number(item.measured)} | {number(item.required)} | {verdict(item)} |" for item in result.conditions]
        blocks.append("\n".join(["| condition | measured | required | status |", "| --- | ---: | ---: | --- |", *rows]) + "\n")
        blocks += [_why(item) for item in result.conditions if item.status != "passed" and (item.reason or item.details)]
    skipped = [f"- {markdown_code(item.path or 'project')}{f' line {item.line}' if item.line else ''}: {markdown(item.reason)}" for item in result.unchecked]
    shown = skipped[:50] + ([f"- and {len(skipped) - 50} more"] if len(skipped) > 50 else [])
    tail = f"\n\n**Not checked ({len(skipped)})**\n\n" + "\n".join(shown)[:10_000] + "\n" if skipped else ""
    length = sum(map(len, blocks)) + len(tail)
    findings = by_severity(result)
    for index, reported in enumerate(findings):
        block = _finding(reported)
        length += len(block)
        if length > _LIMIT:
            blocks.append(f"\n*{plural(len(findings) - index, 'more finding')}: the comment would be too long.*\n")
            break
        blocks.append(block)
    return "\n".join(blocks) + tail


def _why(item: Condition) -> str:
    reason = f": {markdown(item.reason)}" if item.reason else ""
    return "\n".join([f"- {markdown_code(item.name)} {verdict(item)}{reason}", *(f"  - {markdown_code(detail)}" for detail in named(item, 20))]) + "\n"


def _finding(reported: Reported) -> str:
    finding = reported.finding
    lines = [f"- **{finding.severity}** {markdown_code(finding.rule)} {markdown_code(f'{finding.path}:{finding.line}')}: {markdown(finding.message)}"]
    lines += [f"  - {markdown_code(f'{item.path}:{item.line}')}: {markdown(item.message)}" for item in finding.evidence[:10]]
    if advice := help_of(finding):
        lines.append(f"  - help: {markdown_code(advice[:1000])}")
    return "\n".join(lines)
