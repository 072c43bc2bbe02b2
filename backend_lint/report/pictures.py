"""Draws boxes and arrows: as a Mermaid flowchart, and as SVG in a page of its own, without scripts. What is wrong is red."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from backend_lint.lazy_regex import lazy_regex
from backend_lint.report.escape import visible, xml
from backend_lint.report.html_page import html_page

_NOT_LABEL = lazy_regex(r'["<>&;`#|\[\]{}()\\]')
_STYLE = """
:root { color-scheme: light dark; --text: #1c1e21; --ground: #fff; --line: #8a919c; --box: #f2f3f5; --bad: #b3261e; --soft: #5c6470; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e6ea; --ground: #17191c; --line: #6b7380; --box: #24272c; --bad: #f0857b; --soft: #a2aab5; } }
body { font: 14px/1.45 system-ui, sans-serif; color: var(--text); background: var(--ground); margin: 2rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin-top: 2rem; } ul { padding-left: 1.2rem; }
svg { max-width: 100%; height: auto; font: 12px system-ui, sans-serif; } text { fill: var(--text); } .row { fill: var(--soft); font-weight: 600; }
rect { fill: var(--box); stroke: var(--line); } path { fill: none; stroke: var(--line); } .bad { stroke: var(--bad); stroke-width: 2; }
#bad path { fill: var(--bad); }
#ok path { fill: var(--line); stroke: none; } .wrong { color: var(--bad); }
table { border-collapse: collapse; } th, td { text-align: left; padding: .2rem .8rem .2rem 0; }
"""
_BOX, _HIGH, _GAP, _ROW, _LEFT, _PER_ROW = 190, 34, 24, 96, 110, 7


class Box(NamedTuple):
    """`row` is the heading of the line that the box stands in; `detail` a second line."""

    name: str
    row: str
    detail: str = ""


class Line(NamedTuple):
    """An arrow; `wrong` says what is wrong with it, empty if nothing is."""

    source: str
    target: str
    times: int
    wrong: str = ""


def mermaid(boxes: Sequence[Box], lines: Sequence[Line], rows: Sequence[str]) -> str:
    """A flowchart; boxes of one row stand in a subgraph, wrong arrows are red."""
    number = {box.name: f"n{index}" for index, box in enumerate(boxes)}
    drawn = ["flowchart TB"]
    for index, row in enumerate(rows):
        inside = [box for box in boxes if box.row == row]
        indent = "    "
        if row and inside:
            drawn.append(f'    subgraph r{index}["{_label(row)}"]')
            indent = "        "
        drawn += [f'{indent}{number[box.name]}["{_label(box.name)}{"<br/>" + _label(box.detail) if box.detail else ""}"]' for box in inside]
        if row and inside:
            drawn.append("    end")
    red = []
    for index, line in enumerate(lines):
        text = f"{line.times}{' ' + _label(line.wrong) if line.wrong else ''}"
        drawn.append(f'    {number[line.source]} -->|"{text}"| {number[line.target]}')
        if line.wrong:
            red.append(str(index))
    if red:
        drawn.append(f"    linkStyle {','.join(red)} stroke:#b3261e,stroke-width:2px,color:#b3261e")
    return "\n".join(drawn) + "\n"


def page(title: str, notes: Iterable[str], boxes: Sequence[Box], lines: Sequence[Line], rows: Sequence[str], below: str = "") -> str:
    """An HTML page: notes, the drawing, the wrong arrows in words, then `below`, which is HTML."""
    wrong = [f"<li><code>{xml(line.source)}</code> → <code>{xml(line.target)}</code>: {xml(line.wrong)}</li>" for line in lines if line.wrong]
    parts = [
        f"<ul>{''.join(f'<li>{xml(note)}</li>' for note in notes)}</ul>",
        _svg(boxes, lines, rows),
    ]
    if wrong:
        parts.append(f'<h2 class="wrong">Arrows that should not be there</h2>\n<ul>{"".join(wrong)}</ul>')
    return html_page(title, _STYLE, *parts, below)


def _svg(boxes: Sequence[Box], lines: Sequence[Line], rows: Sequence[str]) -> str:
    at: dict[str, tuple[int, int]] = {}
    heads: list[str] = []
    top = 20
    for row in rows:
        inside = [box for box in boxes if box.row == row]
        for start in range(0, len(inside), _PER_ROW):
            if start == 0 and row:
                heads.append(f'<text class="row" x="8" y="{top + 21}">{xml(row)}</text>')
            for index, box in enumerate(inside[start : start + _PER_ROW]):
                at[box.name] = _LEFT + index * (_BOX + _GAP), top
            top += _ROW
    drawn = [_path(at, line) for line in sorted(lines, key=lambda line: bool(line.wrong))] + [_rect(at, box) for box in boxes]
    width = max((x for x, _ in at.values()), default=0) + _BOX + 20
    arrow = '<path d="M0,0L8,4L0,8z"/>'
    marks = "".join(
        f'<marker id="{name}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">{arrow}</marker>'
        for name in ("ok", "bad")
    )
    size = f'viewBox="0 0 {width} {top}" width="{width}" height="{top}"'
    return f'<svg {size} role="img"><defs>{marks}</defs>{"".join(heads)}{"".join(drawn)}</svg>'


def _path(at: Mapping[str, tuple[int, int]], line: Line) -> str:
    (x1, y1), (x2, y2) = at[line.source], at[line.target]
    down = y2 > y1
    level = y1 == y2
    sx, sy = x1 + _BOX // 2 + (12 if down else -12), y1 if level or not down else y1 + _HIGH
    tx, ty = x2 + _BOX // 2 + (12 if down else -12), y2 if level or down else y2 + _HIGH
    bend = 46 if level else 30
    control = f"C{sx},{sy - bend if level or not down else sy + bend} {tx},{ty - bend if level or down else ty + bend} {tx},{ty}"
    kind, mark = (' class="bad"', "bad") if line.wrong else ("", "ok")
    title = f"{line.source} → {line.target}: {line.times}{' ' + line.wrong if line.wrong else ''}"
    return f'<path{kind} marker-end="url(#{mark})" d="M{sx},{sy}{control}"><title>{xml(title)}</title></path>'


def _rect(at: Mapping[str, tuple[int, int]], box: Box) -> str:
    x, y = at[box.name]
    shown = box.name if len(box.name) <= 30 else f"…{box.name[-29:]}"
    second = f'<tspan x="{x + 8}" dy="12" font-size="9">{xml(box.detail[:44])}</tspan>' if box.detail else ""
    text = f'<text x="{x + 8}" y="{y + (15 if box.detail else 21)}">{xml(shown)}{second}</text>'
    return f'<g><title>{xml(f"{box.name} {box.detail}")}</title><rect x="{x}" y="{y}" width="{_BOX}" height="{_HIGH}" rx="4"/>{text}</g>'


def _label(text: str) -> str:
    return _NOT_LABEL.sub("_", visible(text))
