"""The frame of a page that stands alone: nothing fetched, no script."""

from __future__ import annotations

from backend_lint.report.escape import xml
from backend_lint.report.html import asset, policy


def html_page(title: str, *parts: str) -> str:
    """`parts` are HTML, a line each at least."""
    style = asset("page.css")
    head = '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">'
    rules = f'<meta http-equiv="Content-Security-Policy" content="{policy(style)}">'
    begin = f"<title>{xml(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<h1>{xml(title)}</h1>"
    return "\n".join([head, rules, begin, *parts, "</body>\n</html>"]) + "\n"
