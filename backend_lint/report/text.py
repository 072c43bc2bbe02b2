"""The ``text`` report: one block a finding, for a reviewer at a terminal."""

from __future__ import annotations

from collections.abc import Callable

from backend_lint.engine.result import Condition, Reported, Result
from backend_lint.report.escape import visible
from backend_lint.report.paint import painter
from backend_lint.report.wording import ORDER, card, help_of, named, number, place, summary, unchecked_place, verdict

WIDTH = 160
_NARROWEST = 40
_DOTS = len("... ") + len(" ...")
_FRAMED = 6
"""Evidence of one finding that is shown with its code; the rest of a long way is named."""
_ROWS = 10
_FEW = 6
"""Up to so many findings are their own summary."""

Paint = Callable[[str, str], str]


def render(result: Result, color: bool, width: int = WIDTH, link: Callable[[str], str] | None = None) -> str:
    """Findings with code frame, evidence and suggestion; then what was not checked, the gate's table, what to do first and the summary.

    `width`: columns of the terminal, for code. `link`: gives the address of a rule's page; empty for none.
    """
    paint = painter(color)
    blocks = ["\n".join(_block(reported, paint, max(width, _NARROWEST), link)) for reported in result.findings]
    if result.unchecked:
        head = paint("warning", f"not checked ({len(result.unchecked)})")
        blocks.append("\n".join([head, *(f"  {unchecked_place(item)}: {visible(item.reason)}" for item in result.unchecked)]))
    if result.conditions:
        blocks.append("\n".join(_gate(result, paint)))
    if len(result.findings) > _FEW:
        blocks.append("\n".join(_first(result, paint, link)))
    blocks.append(summary(result))
    return "\n\n".join(blocks) + "\n"


def _block(reported: Reported, paint: Paint, width: int, link: Callable[[str], str] | None) -> list[str]:
    finding = reported.finding
    beside = dict(enumerate(reported.beside[:_FRAMED]))
    numbers = [line for line, _ in reported.frame] + [finding.evidence[index].line for index, text in beside.items() if text]
    gutter = len(str(max(numbers, default=0)))
    room = max(_NARROWEST, width - gutter - 3 - _DOTS) if width < WIDTH else WIDTH
    head = paint(finding.severity, f"{finding.severity}[{_linked(finding.rule, link)}]")
    lines = [
        f"{head} {paint('place', visible(finding.message))}",
        f"{' ' * gutter}{paint('rail', '-->')} {place(finding)}",
    ]
    rail = paint("rail", f"{' ' * gutter} |")
    if reported.frame:
        lines.append(rail)
    for line, text in reported.frame:
        start = finding.column - 1 if line == finding.line else 0
        end = finding.end_column - 1 if line == finding.end_line else len(text)
        inside = finding.line <= line <= max(finding.end_line, finding.line)
        shown, before, under = _cut(text, start, max(end, start + 1), inside, room)
        lines.append(f"{paint('rail', f'{line:>{gutter}} |')} {shown}".rstrip())
        if inside and line == finding.line and under:
            lines.append(f"{rail} {' ' * before}{paint(finding.severity, '^' * under)}")
    indent = " " * gutter
    framed = {line for line, _ in reported.frame}
    for index, item in enumerate(finding.evidence):
        lines.append(f"{indent} {paint('rail', '=')} {visible(item.path)}:{item.line}: {visible(item.message)}")
        if (text := beside.get(index, "")) and not (item.path == finding.path and item.line in framed):
            lines.append(f"{paint('rail', f'{item.line:>{gutter}} |')} {paint('dim', _cut(text, 0, 0, False, room)[0])}".rstrip())
    if advice := help_of(finding):
        first, *rest = advice.splitlines() or [""]
        lines.append(f"{indent} {paint('rail', '=')} help: {_changed(first, paint)}".rstrip())
        lines += [f"{indent}         {_changed(line, paint)}".rstrip() for line in rest]
    return lines


def _linked(rule: str, link: Callable[[str], str] | None) -> str:
    """The rule's name, which leads to its page at a terminal that can follow links."""
    name = visible(rule)
    target = link(rule) if link is not None else ""
    return f"\x1b]8;;{target}\x1b\\{name}\x1b]8;;\x1b\\" if target else name


def _changed(line: str, paint: Paint) -> str:
    """A line of advice; those that a difference adds or removes are green or red."""
    part = "passed" if line.startswith("+") else "failed" if line.startswith("-") else "rail" if line.startswith("@@") else ""
    return paint(part, _line(line)) if part else _line(line)


def _first(result: Result, paint: Paint, link: Callable[[str], str] | None) -> list[str]:
    """The rules with the most urgent findings, worst and surest first, and what makes short work of them."""
    found: dict[str, list[Reported]] = {}
    for one in result.findings:
        found.setdefault(one.finding.rule, []).append(one)
    worst = {rule: min(ORDER[one.finding.severity] for one in ones) for rule, ones in found.items()}
    sure = ("very-high", "high", "medium")

    def order(rule: str) -> tuple[int, int, int, str]:
        precision = card(result, rule).precision
        return worst[rule], sure.index(precision) if precision in sure else len(sure), -len(found[rule]), rule

    ordered = sorted(found, key=order)
    names = list(ORDER)
    longest = max(len(visible(rule)) for rule in ordered[:_ROWS])
    lines = [paint("place", "what to do first")]
    for rule in ordered[:_ROWS]:
        severity = names[worst[rule]]
        cure = {"safe": "backend-lint fix", "unsafe": "backend-lint fix --unsafe"}.get(card(result, rule).fix, "")
        where = _where(found[rule])
        padding = " " * (longest - len(visible(rule)))
        named_rule = _linked(rule, link) + padding
        lines.append(f"  {paint(severity, f'{severity:<7}')} {len(found[rule]):>5}  {named_rule}  {where}{f'; {cure}' if cure else ''}")
    if len(ordered) > _ROWS:
        lines.append(paint("dim", f"  and {len(ordered) - _ROWS} more rules; --statistics lists all"))
    return lines


def _where(ones: list[Reported]) -> str:
    files = {one.finding.path for one in ones}
    first = visible(min(files))
    return first if len(files) == 1 else f"in {len(files)} files"


def _line(text: str) -> str:
    return visible(text.replace("\t", "    "))


def _cut(text: str, start: int, end: int, inside: bool, width: int) -> tuple[str, int, int]:
    """The part of a line that is shown, and where its underline starts and how wide it is, in terminal cells."""
    lead = width * 3 // 8
    first = max(0, start - lead) if inside and start > width - lead else 0
    last = first + width
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
