"""How cost grows with lines: a straight line through what was measured, its picture, and what it says of sizes that were not measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 360, 64, 44, 28


class Line(NamedTuple):
    """``slope * x + start``; `fit` is the coefficient of determination, 1 for points on a line."""

    slope: float
    start: float
    fit: float

    def at(self, x: float) -> float:
        return self.slope * x + self.start


class Size(NamedTuple):
    """What a cold run over `lines` cost: CPU seconds in all and of reading alone, bytes at the peak, bytes of readings for others."""

    lines: int
    cpu: float
    read: float
    memory: int
    facts: int


def line(points: Sequence[tuple[float, float]]) -> Line:
    """Least squares. Raises ValueError below two different x."""
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / max(count, 1), sum(y for _, y in points) / max(count, 1)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if not spread:
        raise ValueError("it takes two sizes to draw a line")
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    start = mean_y - slope * mean_x
    total = sum((y - mean_y) ** 2 for _, y in points)
    return Line(slope, start, 1 - sum((y - slope * x - start) ** 2 for x, y in points) / total if total else 1.0)


def estimate(sizes: Sequence[Size], lines: int, workers: int) -> str:
    """A paragraph on a project of `lines`, with `workers` that read: from the slopes alone, nothing of it was run."""
    cpu, read = line([(one.lines, one.cpu) for one in sizes]), line([(one.lines, one.read) for one in sizes])
    memory, facts = line([(one.lines, one.memory) for one in sizes]), line([(one.lines, one.facts) for one in sizes])
    joined = cpu.at(lines) - read.at(lines)
    return (
        f"Each further million lines costs {cpu.slope * 1e6:.1f} CPU seconds ({read.slope * 1e6:.1f} of them for reading), {memory.slope:.0f} bytes a line at "
        f"the peak and {facts.slope:.0f} bytes a line of facts (R² of the straight lines: {cpu.fit:.3f}, {read.fit:.3f}, {memory.fit:.3f}, {facts.fit:.3f}). "
        f"From these slopes, on paper and not measured: {lines / 1e6:.0f} million lines take {_span(read.at(lines))} of CPU to read, "
        f"{_span(read.at(lines) / workers)} on {workers} workers, {_span(joined)} to join and judge in one process, "
        f"{memory.at(lines) / 1e9:.0f} GB there, and {facts.at(lines) / 1e9:.1f} GB of facts on the way."
    )


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} s"


def picture(sizes: Sequence[Size]) -> str:
    """An SVG: CPU seconds over lines with the straight line through them, readable on light and dark ground."""
    most_x, most_y = max(one.lines for one in sizes), max(max(one.cpu for one in sizes), 1e-9)
    fitted = line([(one.lines, one.cpu) for one in sizes])

    def x(value: float) -> float:
        return round(LEFT + (WIDTH - LEFT - 20) * value / most_x, 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / most_y, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img"',
        ' font-family="sans-serif" font-size="12">',
        "<title>CPU seconds of a cold run over lines of Python</title>",
        "<style>text{fill:#57606a}.a{stroke:#8c959f}.f{stroke:#0969da;fill:none}.p{fill:#0969da}.r{fill:#bf8700}</style>",
        f'<path class="a" fill="none" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - 20}"/>',
        f'<path class="f" stroke-dasharray="5 4" d="M{x(0)} {y(max(fitted.start, 0))}L{x(most_x)} {y(fitted.at(most_x))}"/>',
    ]
    for one in sizes:
        parts.append(f'<circle class="p" cx="{x(one.lines)}" cy="{y(one.cpu)}" r="4"><title>{one.lines:,} lines: {one.cpu:.2f} s</title></circle>')
        parts.append(f'<circle class="r" cx="{x(one.lines)}" cy="{y(one.read)}" r="3"><title>{one.lines:,} lines: {one.read:.2f} s to read</title></circle>')
    for step in range(5):
        parts.append(f'<text x="{x(most_x * step / 4)}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{most_x * step / 4e3:,.0f} k</text>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(most_y * step / 4) + 4}" text-anchor="end">{most_y * step / 4:.1f} s</text>')
    legend = f"CPU seconds, cold: all (blue), reading alone (yellow); dashed: straight line, R² {fitted.fit:.3f}"
    parts.append(f'<text x="{LEFT + 10}" y="{TOP - 8}">{legend}</text>')
    parts.append(f'<text x="{WIDTH - 20}" y="{HEIGHT - 8}" text-anchor="end">lines of Python</text></svg>')
    return "\n".join(parts) + "\n"
