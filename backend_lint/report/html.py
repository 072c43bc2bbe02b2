"""The ``html`` report: one file that needs nothing else, to read on a screen, on paper and with a screen reader.

What is checked is not trusted: the template escapes every text, the data of the script are JSON without a sign that HTML knows, and the page's own policy lets
no other script run and no request leave.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from backend_lint import __version__
from backend_lint.engine.result import Reported, Result
from backend_lint.report.escape import visible
from backend_lint.report.wording import by_severity, card, counts, help_of, named, number, place, plural, unchecked_place, verdict

if TYPE_CHECKING:
    from jinja2 import Environment

    from backend_lint.engine.baseline import Entry
    from backend_lint.report.page_model import About

_DRAWN_TABLES = 400
"""More boxes than that are no diagram; the list has them all."""


def render(result: Result, project: str = "", about: About | None = None, baseline: Sequence[Entry] | None = None) -> str:
    """The page. `about` is what was understood of the `project`, `baseline` what was accepted; without them those parts are left out."""
    ordered = by_severity(result)
    reach = dict(zip(map(id, result.findings), about.reach, strict=True)) if about is not None else {}
    findings = [_row(one, result, reach.get(id(one))) for one in ordered]
    tables = [_drawn(table) for table in about.tables[:_DRAWN_TABLES]] if about is not None else []
    details = {"findings": [_details(one, about) for one in ordered], "tables": tables}
    # of one fingerprint there may be several, an id is one element's
    _number_doubles(findings)
    template = environment().get_template("report.html")
    return template.render(
        **frame(details),
        version=__version__,
        project=visible(project) or "project",
        result=result,
        counts=counts(result),
        findings=findings,
        choices={name: sorted({one[name] for one in findings}) for name in ("family", "rule", "reach")},
        rules=_rules(result),
        about=about,
        tables=about.tables if about is not None else [],
        queried=True,
        drawing=_layers(about),
        trend=_trend(result, baseline),
        guarded=Counter(route["authenticated"] for route in about.routes) if about is not None else {},
    ) + "\n"


def schema_page(content: Mapping[str, list[dict[str, Any]]]) -> str:
    """The map of the schema as a page: the diagram, and the tables in words."""
    from backend_lint.report.page_model import numbered

    tables = numbered(content["tables"], [])
    data = {"findings": [], "tables": [_drawn(table) for table in tables[:_DRAWN_TABLES]]}
    return environment().get_template("schema.html").render(**frame(data), tables=tables, unread=content["not_understood"], queried=False) + "\n"


def frame(data: Mapping[str, Any]) -> dict[str, str]:
    """Style, script with its `data`, and the policy that lets only these two be used."""
    style = asset("page.css") + asset("report.css")
    script = asset("report.js")
    if data["tables"]:
        script = f"/* dagre {asset('dagre.LICENSE')} */\n{asset('dagre.min.js').partition('//# sourceMappingURL')[0]}\n{script}"
    return {"style": style, "script": script, "policy": policy(style, script), "data": as_data(data)}


def as_data(content: Any) -> str:
    """JSON that may stand inside a ``script`` element: no sign in it begins or ends one."""
    text = json.dumps(content, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def policy(style: str, script: str = "") -> str:
    """What the page may do: its own style and script, nothing that is fetched or sent."""

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")

    runs = f" script-src 'sha256-{digest(script)}';" if script else ""
    return f"default-src 'none'; style-src 'sha256-{digest(style)}';{runs} base-uri 'none'; form-action 'none'"


@cache
def asset(name: str) -> str:
    """A file that stands beside this module."""
    return (resources.files("backend_lint.report") / "assets" / name).read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """The template engine, escaping whatever it is given."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    found = Environment(loader=FunctionLoader(asset), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    found.filters.update(visible=visible, number=number, verdict=verdict, plural=plural, place=unchecked_place, named=lambda item: named(item, 50))
    return found


def _row(one: Reported, result: Result, reach: tuple[str, str] | None) -> dict[str, Any]:
    finding = one.finding
    return {
        "id": f"f-{one.fingerprint}",
        "severity": finding.severity.value,
        "rule": visible(finding.rule),
        "family": card(result, finding.rule).family or "other",
        "message": visible(finding.message),
        "path": visible(finding.path),
        "place": place(finding),
        "reach": reach[0] if reach is not None else "",
        "new": one.new,
    }


def _number_doubles(findings: Sequence[dict[str, Any]]) -> None:
    seen: Counter[str] = Counter()
    for one in findings:
        seen[one["id"]] += 1
        if seen[one["id"]] > 1:
            one["id"] += f"-{seen[one['id']]}"


def _details(one: Reported, about: About | None) -> dict[str, Any]:
    """What is shown when a finding is opened."""
    finding = one.finding
    frame = [[line, visible(text.replace("\t", "    "))] for line, text in one.frame]
    evidence = []
    for index, item in enumerate(finding.evidence):
        found: dict[str, Any] = {"at": f"{visible(item.path)}:{item.line}", "line": item.line, "says": visible(item.message)}
        if index < len(one.beside) and one.beside[index]:
            found["code"] = visible(one.beside[index].replace("\t", "    "))
        if about is not None and (link := about.anchors.get((item.path, item.line))) is not None:
            found["what"], found["to"] = visible(link[0]), link[1]
        evidence.append(found)
    return {
        "frame": frame,
        "mark": _mark(one),
        "evidence": evidence,
        "help": [visible(line.replace("\t", "    ")) for line in help_of(finding).split("\n")] if help_of(finding) else [],
        "symbol": visible(finding.symbol),
    }


def _mark(one: Reported) -> list[int]:
    """The line, and from where to where in it, the finding stands; columns from 0 in the text that is shown."""
    finding = one.finding
    first = next((text for line, text in one.frame if line == finding.line), "")
    end = finding.end_column - 1 if finding.end_line == finding.line else len(first)

    def shown(column: int) -> int:
        return len(visible(first[:column].replace("\t", "    ")))

    start = max(0, finding.column - 1)
    if not first[start : max(finding.column, end)].strip():  # a place that says no more than the line
        start, end = len(first) - len(first.lstrip()), len(first)
    return [finding.line, shown(start), shown(max(start + 1, end))]


def _drawn(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table as the diagram needs it."""
    leading = {index["keys"][0].split(" ")[0] for index in table["indexes"] if index["keys"]}
    foreign = {column for key in table["foreign_keys"] for column in key["columns"]}
    held = (("P", set(table["primary_key"])), ("F", foreign), ("I", leading))
    columns = [
        [visible(one["name"]), visible(one["type"] or "?"), "".join(sign for sign, names in held if one["name"] in names)] for one in table["columns"]
    ]
    return {
        "id": table["id"],
        "name": visible(table["name"]),
        "columns": columns,
        "to": [[visible(key["table"]), visible(", ".join(key["columns"]))] for key in table["foreign_keys"]],
        "unserved": len(table["unserved"]),
        "group": visible(table["path"].rpartition("/")[0]) or "elsewhere",
    }


def _rules(result: Result) -> list[dict[str, Any]]:
    """The pages of the rules that found something, most findings first."""
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    reader = MarkdownIt("commonmark", {"html": False}).disable(["image"])
    found = Counter(one.finding.rule for one in result.findings)
    pages = []
    for rule, times in sorted(found.items(), key=lambda item: (-item[1], item[0])):
        about = card(result, rule)
        page = "\n".join("##" + line if line.startswith("## ") else line for line in about.help.partition("\n")[2].split("\n"))
        pages.append({"name": visible(rule), "times": times, "card": about, "page": Markup(reader.render(page))})  # the reader escapes
    return pages


def _layers(about: About | None) -> Any:
    if about is None or not about.layers["packages"]:
        return None
    from markupsafe import Markup

    from backend_lint.report.layer_maps import layers_drawing
    from backend_lint.report.pictures import svg

    return Markup(svg(*layers_drawing(about.layers), "Packages by layer, and who imports whom"))  # escaped where it is drawn


def _trend(result: Result, baseline: Iterable[Entry] | None) -> dict[str, Any] | None:
    """The findings against what was accepted; None without a baseline."""
    if baseline is None:
        return None
    accepted = Counter(entry.rule for entry in baseline)
    now = Counter(one.finding.rule for one in result.findings)
    whole = sum(accepted.values())
    ordered = sorted({*accepted, *now}, key=lambda rule: (-now[rule], -accepted[rule], rule))
    rows = [{"rule": visible(rule), "accepted": accepted[rule], "new": now[rule]} for rule in ordered]
    still = min(result.suppressed_baseline, whole)
    return {"rows": rows[:50], "more": max(0, len(rows) - 50), "accepted": whole, "still": still, "mended": whole - still, "new": sum(now.values())}
