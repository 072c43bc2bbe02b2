"""The ``concise`` report: one line a finding."""

from __future__ import annotations

from backend_lint.engine.result import Result
from backend_lint.report.escape import visible
from backend_lint.report.paint import painter
from backend_lint.report.wording import place, shortfall, summary, unchecked_place


def render(result: Result, color: bool) -> str:
    """``path:line:column: severity[rule] message``, then what was not checked, failed conditions and the summary."""
    paint = painter(color)
    lines = []
    for reported in result.findings:
        finding = reported.finding
        head = paint(finding.severity, f"{finding.severity}[{visible(finding.rule)}]")
        lines.append(f"{paint('place', place(finding))}: {head} {visible(finding.message)}")
    lines += [f"{paint('place', unchecked_place(item))}: {paint('warning', 'not checked')}: {visible(item.reason)}" for item in result.unchecked]
    for condition in result.conditions:
        if condition.status != "passed":
            lines.append(f"gate: {visible(shortfall(condition))}")
            lines += [f"gate: {visible(condition.name)}: {visible(detail)}" for detail in condition.details]
    lines.append(summary(result))
    return "\n".join(lines) + "\n"
