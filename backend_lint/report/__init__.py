"""One module a format: a `Result` in, text out. Formats are imported when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend_lint.config import Settings
    from backend_lint.engine.result import Result

__all__ = ["FORMATS", "render"]

FORMATS = ("text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown")


def render(name: str, result: Result, settings: Settings, color: bool, environ: Mapping[str, str] | None = None) -> str:
    """The report `name` of `result`, ending in a newline; `color` matters to ``text`` and ``concise`` only.

    The text can be encoded as UTF-8. `environ` (default: the process's) is read by ``github`` alone, which also appends to the file that
    ``GITHUB_STEP_SUMMARY`` names. Raises ValueError for an unknown format.
    """
    match name:
        case "text":
            from backend_lint.report import text

            return text.render(result, color)
        case "concise":
            from backend_lint.report import concise

            return concise.render(result, color)
        case "json" | "jsonl":
            from backend_lint.report import json

            return json.render(result) if name == "json" else json.render_lines(result)
        case "sarif":
            from backend_lint.report import sarif

            return sarif.render(result)
        case "github":
            import os

            from backend_lint.report import github

            return github.render(result, os.environ if environ is None else environ)
        case "gitlab":
            from backend_lint.report import gitlab

            return gitlab.render(result)
        case "junit":
            from backend_lint.report import junit

            return junit.render(result)
        case "markdown":
            from backend_lint.report import markdown

            return markdown.render(result)
    raise ValueError(f"unknown format {name!r}: one of {', '.join(FORMATS)}")
