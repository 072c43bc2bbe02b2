"""Findings to report on, and the texts an attacker may put into a repository."""

from __future__ import annotations

import os

from backend_lint.api import Evidence, Finding, Severity
from backend_lint.engine.result import Card, Reported

HOSTILE = (
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "a\nb",
    "a\r\n::error file=x::injected",
    "::error::injected",
    "::set-output name=x::y",
    "##[error]injected",
    "x ##[add-mask]y",
    "</script><script>alert(1)</script>",
    "]]></failure><injected/>",
    '"><injected a="',
    "%0A::error::injected",
    "%25%0D%3A%2C",
    "[/red][link](https://evil.example)",
    os.fsdecode(b"caf\xe9/\xff.py"),
    "\udfff\ud800",
    "\u202egnp.exe\u2066",
    "\x00\x01\x85\x9b31m\x7f",
    "\ufffe\uffff\U0001f600",
    "-rf",
    "C:\\x,y:z",
    "`a` ``b`` | c |",
    "@everyone #1 <!-- -->",
    "../../etc/passwd",
    "{0} {1}",
    "\u2028line\u2029",
    "\ufeff\u200b",
    "",
)


def card(name: str = "unindexed-filter", **values: object) -> Card:
    fields: dict[str, object] = {
        "family": "database",
        "severity": Severity.WARNING,
        "precision": "high",
        "profile": "default",
        "since": "0.1",
        "fix": "unsafe",
        "tags": ("owasp-api:4",),
        "summary": "A filter has no index.",
        "help": "A filter has no index.\n\n## What it does\n\nJoins.",
    }
    return Card(name, **{**fields, **values})  # type: ignore[arg-type]


def reported(number: int = 0, **values: object) -> Reported:
    fields: dict[str, object] = {
        "rule": "unindexed-filter",
        "path": "shop/views.py",
        "line": 41 + number,
        "column": 12,
        "end_line": 41 + number,
        "end_column": 20,
        "message": "filter on shop_order.created has no index, add one",
        "severity": Severity.WARNING,
        "symbol": "OrderList.get_queryset",
        "evidence": (Evidence("shop/models.py", 8, "column declared here, no index"),),
        "suggestion": "CREATE INDEX ON shop_order (created)",
    }
    finding = Finding(**{**fields, **values})  # type: ignore[arg-type]
    return Reported(finding, f"{number:032x}", ((finding.line, "    return Order.objects.filter(created=day)"),))
