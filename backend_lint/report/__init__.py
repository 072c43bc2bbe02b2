"""One module a format: a `Result` in, text out. Formats are imported when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend_lint.config import Settings
    from backend_lint.engine.result import Result
    from backend_lint.report.page_model import About

__all__ = ["FORMATS", "render"]

FORMATS = ("text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown", "html")


def render(
    name: str,
    result: Result,
    settings: Settings,
    color: bool,
    environ: Mapping[str, str] | None = None,
    about: Callable[[], About] | None = None,
    terminal: int = 0,
) -> str:
    """The report `name` of `result`, ending in a newline; `color` matters to ``text`` and ``concise`` only.

    The text can be encoded as UTF-8. ``github``, ``gitlab`` and ``sarif`` read in `environ` (default: the process's) where the checkout lies, and ``github``
    appends to the file that ``GITHUB_STEP_SUMMARY`` names. ``html`` shows what `about` says of the project.
    `terminal`: its columns, if ``text`` is for one.

    Raises ValueError for an unknown format.
    """
    if name in ("github", "gitlab", "sarif"):
        import os

        return _for_ci(name, result, settings, os.environ if environ is None else environ)
    match name:
        case "text":
            from backend_lint.report import text

            if not terminal:
                return text.render(result, color)
            from backend_lint.report.links import rule_page

            return text.render(result, color, terminal, rule_page if color else None)
        case "concise":
            from backend_lint.report import concise

            return concise.render(result, color)
        case "json" | "jsonl":
            from backend_lint.report import json

            return json.render(result) if name == "json" else json.render_lines(result)
        case "junit":
            from backend_lint.report import junit

            return junit.render(result)
        case "markdown":
            from backend_lint.report import markdown

            return markdown.render(result)
        case "html":
            from backend_lint.report import html

            baseline = None
            if settings.baseline is not None and settings.baseline_data is None:
                from backend_lint.engine.baseline import load

                baseline = load(settings.baseline)
            return html.render(result, settings.root.name, about() if about is not None else None, baseline)
    raise ValueError(f"unknown format {name!r}: one of {', '.join(FORMATS)}")


def _for_ci(name: str, result: Result, settings: Settings, environ: Mapping[str, str]) -> str:
    from backend_lint.report.wording import repository_prefix

    prefix = repository_prefix(settings.root, environ.get("CI_PROJECT_DIR" if name == "gitlab" else "GITHUB_WORKSPACE"))
    if name == "gitlab":
        from backend_lint.report import gitlab

        return gitlab.render(result, prefix)
    if name == "sarif":
        from backend_lint.report import sarif

        return sarif.render(result, prefix)
    from backend_lint.report import github

    return github.render(result, environ, prefix)
