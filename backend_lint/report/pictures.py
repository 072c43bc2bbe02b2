"""Draws boxes and arrows: as a Mermaid flowchart, and as SVG in a page of its own, without scripts. What is wrong is red."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from backend_lint.lazy_regex import lazy_regex
from backend_lint.report.escape import visible, xml
from backend_lint.report.html_page import html_page

_NOT_LABEL = lazy_regex(r'["<>&;`#|\[\]{}()\\]')
_BOX, _HIGH, _GAP, _ROW, _SIDE, _TOP, _PER_ROW = 190, 34, 26, 96, 80, 56, 7
_LEFT = 90 + _SIDE
_DETAIL = 36
"""Letters that fit into the second line of a box."""
_MANY = 60
"""Of so many arrows the right ones are pale, so that one sees the others."""


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


_LEGEND = "An arrow leads from who uses to what is used. Red: should not be there. Point at an arrow or a box to see its name and how often."


def page(title: str, notes: Iterable[str], boxes: Sequence[Box], lines: Sequence[Line], rows: Sequence[str], below: str = "") -> str:
    """An HTML page: notes, the drawing, the wrong arrows in words, then `below`, which is HTML."""
    wrong = [f"<li><code>{xml(line.source)}</code> → <code>{xml(line.target)}</code>: {xml(line.wrong)}</li>" for line in lines if line.wrong]
    parts = [
        f"<ul>{''.join(f'<li>{xml(note)}</li>' for note in notes)}</ul>",
        f'<p class="legend">{_LEGEND}</p>',
        f'<div class="picture">{svg(boxes, lines, rows, title)}</div>',
    ]
    if wrong:
        parts.append(f'<h2 class="wrong">Arrows that should not be there</h2>\n<ul>{"".join(wrong)}</ul>')
    return html_page(title, *parts, below)


def svg(boxes: Sequence[Box], lines: Sequence[Line], rows: Sequence[str], title: str) -> str:
    """The drawing; `title` is what a screen reader says of it."""
    at: dict[str, tuple[int, int]] = {}
    heads: list[str] = []
    top = _TOP
    widest = max((min(_PER_ROW, len([box for box in boxes if box.row == row])) for row in rows), default=0)
    for row in rows:
        inside = [box for box in boxes if box.row == row]
        for start in range(0, len(inside), _PER_ROW):
            if start == 0 and row and len(rows) > 1:
                heads.append(f'<text class="row" x="8" y="{top + 21}">{xml(row)}</text>')
            shown = inside[start : start + _PER_ROW]
            # what stands alone stands in the middle, so that arrows lead to both sides of it
            indent = (widest - len(shown)) * (_BOX + _GAP) // 2 if start == 0 else 0
            for index, box in enumerate(shown):
                at[box.name] = _LEFT + indent + index * (_BOX + _GAP), top
            top += _ROW
    drawn = [_path(at, line) for line in sorted(lines, key=lambda line: bool(line.wrong))] + [_rect(at, box) for box in boxes]
    width = max((x for x, _ in at.values()), default=0) + _BOX + _SIDE + 20
    arrow = '<path d="M0,0L8,4L0,8z"/>'
    marks = "".join(
        f'<marker id="{name}" viewBox="0 0 8 8" refX="8" refY="4" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto">{arrow}</marker>'
        for name in ("ok", "bad")
    )
    size = f'viewBox="0 0 {width} {top}" width="{width}" height="{top}"'
    many = " many" if len(lines) > _MANY else ""
    return f'<svg {size} role="img" class="drawing{many}"><title>{xml(title)}</title><defs>{marks}</defs>{"".join(heads)}{"".join(drawn)}</svg>'


def _swing(one: tuple[int, int], other: tuple[int, int]) -> int:
    """How far an arrow leads aside, if boxes of its own column stand between its ends."""
    rows = abs(one[1] - other[1]) // _ROW
    return min(20 + 14 * rows, _SIDE) if one[0] == other[0] and rows > 1 else 0


def _path(at: Mapping[str, tuple[int, int]], line: Line) -> str:
    (x1, y1), (x2, y2) = at[line.source], at[line.target]
    down = y2 > y1
    level = y1 == y2
    if swing := _swing((x1, y1), (x2, y2)):
        # down on the right, up on the left
        side = x1 + _BOX if down else x1
        out = side + (swing if down else -swing) * 4 // 3
        middle, end = y1 + _HIGH // 2, y2 + _HIGH // 2
        course = f"M{side},{middle}C{out},{middle} {out},{end} {side},{end}"
    else:
        sx, sy = x1 + _BOX // 2 + (12 if down else -12), y1 if level or not down else y1 + _HIGH
        tx, ty = x2 + _BOX // 2 + (12 if down else -12), y2 if level or down else y2 + _HIGH
        bend = 46 if level else 30
        course = f"M{sx},{sy}C{sx},{sy - bend if level or not down else sy + bend} {tx},{ty - bend if level or down else ty + bend} {tx},{ty}"
    kind, mark = (' class="bad"', "bad") if line.wrong else ("", "ok")
    title = f"{line.source} → {line.target}: {line.times}{' ' + line.wrong if line.wrong else ''}"
    return f'<path{kind} marker-end="url(#{mark})" d="{course}"><title>{xml(title)}</title></path>'


def _rect(at: Mapping[str, tuple[int, int]], box: Box) -> str:
    x, y = at[box.name]
    shown = box.name if len(box.name) <= 27 else f"…{box.name[-26:]}"
    detail = box.detail if len(box.detail) <= _DETAIL else f"{box.detail[: _DETAIL - 1]}…"
    second = f'<tspan class="detail" x="{x + 8}" dy="12">{xml(detail)}</tspan>' if box.detail else ""
    text = f'<text x="{x + 8}" y="{y + (15 if box.detail else 21)}">{xml(shown)}{second}</text>'
    return f'<g><title>{xml(f"{box.name} {box.detail}")}</title><rect x="{x}" y="{y}" width="{_BOX}" height="{_HIGH}" rx="4"/>{text}</g>'


def _label(text: str) -> str:
    return _NOT_LABEL.sub("_", visible(text))
