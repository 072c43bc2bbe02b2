"""The ``text`` report: one block a finding, for a reviewer at a terminal."""

from __future__ import annotations

from collections.abc import Callable

from backend_lint.engine.result import Condition, Reported, Result
from backend_lint.report.escape import visible
from backend_lint.report.paint import painter
from backend_lint.report.wording import help_of, named, number, place, summary, unchecked_place, verdict

_WIDTH = 160
_LEAD = 60


def render(result: Result, color: bool) -> str:
    """Findings with code frame, evidence and suggestion; then what was not checked, the gate's table and the summary."""
    paint = painter(color)
    blocks = ["\n".join(_block(reported, paint)) for reported in result.findings]
    if result.unchecked:
        head = paint("warning", f"not checked ({len(result.unchecked)})")
        blocks.append("\n".join([head, *(f"  {unchecked_place(item)}: {visible(item.reason)}" for item in result.unchecked)]))
    if result.conditions:
        blocks.append("\n".join(_gate(result, paint)))
    blocks.append(summary(result))
    return "\n\n".join(blocks) + "\n"


def _block(reported: Reported, paint: Callable[[str, str], str]) -> list[str]:
    finding = reported.finding
    gutter = len(str(max((line for line, _ in reported.frame), default=0)))
    lines = [
        f"{paint(finding.severity, f'{finding.severity}[{visible(finding.rule)}]')} {paint('place', visible(finding.message))}",
        f"{' ' * gutter}{paint('rail', '-->')} {place(finding)}",
    ]
    rail = paint("rail", f"{' ' * gutter} |")
    if reported.frame:
        lines.append(rail)
    for line, text in reported.frame:
        start = finding.column - 1 if line == finding.line else 0
        end = finding.end_column - 1 if line == finding.end_line else len(text)
        inside = finding.line <= line <= max(finding.end_line, finding.line)
        shown, before, under = _cut(text, start, max(end, start + 1), inside)
        lines.append(f"{paint('rail', f'{line:>{gutter}} |')} {shown}".rstrip())
        if inside and line == finding.line and under:
            lines.append(f"{rail} {' ' * before}{paint(finding.severity, '^' * under)}")
    indent = " " * gutter
    lines += [f"{indent} {paint('rail', '=')} {visible(item.path)}:{item.line}: {visible(item.message)}" for item in finding.evidence]
    if advice := help_of(finding):
        first, *rest = advice.splitlines() or [""]
        lines.append(f"{indent} {paint('rail', '=')} help: {_line(first)}".rstrip())
        lines += [f"{indent}         {_line(line)}".rstrip() for line in rest]
    return lines


def _line(text: str) -> str:
    return visible(text.replace("\t", "    "))


def _cut(text: str, start: int, end: int, inside: bool) -> tuple[str, int, int]:
    """The part of a line that is shown, and where its underline starts and how wide it is, in terminal cells."""
    first = max(0, start - _LEAD) if inside and start > _WIDTH - _LEAD else 0
    last = first + _WIDTH
    head = "... " if first else ""
    tail = " ..." if len(text) > last else ""
    before, marked = text[first:start], text[start : min(end, last)]
    if not inside or start >= len(text):
        return head + _line(text[first:last]) + tail, 0, 0
    return head + _line(text[first:last]) + tail, len(head) + _cells(_line(before)), _cells(_line(marked.rstrip()))


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1 for character in text)


def _why(item: Condition, paint: Callable[[str, str], str]) -> list[str]:
    if item.status == "passed":
        return []
    lines = [paint("dim", f"    {visible(item.reason)}")] if item.reason else []
    return lines + [f"      {visible(detail)}" for detail in named(item, 20)]


def _gate(result: Result, paint: Callable[[str, str], str]) -> list[str]:
    rows = [("condition", "measured", "required", "status")]
    rows += [(visible(item.name), number(item.measured), number(item.required), verdict(item)) for item in result.conditions]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = []
    for index, (name, measured, required, status) in enumerate(rows):
        part = "dim" if not index else "passed" if status == "PASSED" else "failed"
        lines.append(f"  {name:<{widths[0]}}  {measured:>{widths[1]}}  {required:>{widths[2]}}  {paint(part, status)}")
        lines += _why(result.conditions[index - 1], paint) if index else []
    return [paint("place", "gate"), *lines]
