"""Reads the configuration of coverage.py as plain data: its plugins are code of the checked repository and are never imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend_lint.engine.discover import read_regular
from backend_lint.facts.coverage_config import CoverageConfig
from backend_lint.readers import settings_text

FILES = (".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini", "pyproject.toml", "pytest.ini")
"""In the order in which coverage.py looks for its own; the first that has a section of it counts."""
_MAX_BYTES = 1_000_000
_MAX_ENTRIES = 200
_COV = re.compile(r"(?<!\S)--cov[= ]([^\s\"'-][^\s\"']{0,200})")
_TRUE = frozenset({"true", "1", "yes", "on"})
Sections = dict[str, Mapping[str, Any]]


def read_config(root: Path) -> CoverageConfig:
    """What is configured at the project root; of a file that cannot be read nothing."""
    found = CoverageConfig()
    options = ""
    for name in FILES:
        try:
            text = read_regular(root / name, _MAX_BYTES).decode("utf-8-sig")
            sections, pytest_options = _toml(text) if name.endswith(".toml") else _ini(text, own=name == ".coveragerc")
        except (OSError, ValueError):
            continue
        options += f" {pytest_options}"
        if not found.path and sections:
            found = _config(name, text, sections)
    if not found.source and (named := tuple(_COV.findall(options)[:_MAX_ENTRIES])):
        from msgspec.structs import replace

        found = replace(found, source=named)
    return found


def _ini(text: str, own: bool) -> tuple[Sections, str]:
    parser = settings_text.ini(text)
    sections: Sections = {}
    for name in parser.sections():
        plain = name.removeprefix("coverage:")
        if plain in ("run", "report") and (own or plain != name):
            sections[plain] = dict(parser.items(name))
    options = [parser.get(name, "addopts") for name in ("pytest", "tool:pytest") if parser.has_option(name, "addopts")]
    return sections, " ".join(options)


def _toml(text: str) -> tuple[Sections, str]:
    tool = _table(settings_text.toml(text), "tool")
    coverage = _table(tool, "coverage")
    options = _table(_table(tool, "pytest"), "ini_options").get("addopts", "")
    sections: Sections = {name: coverage[name] for name in ("run", "report") if isinstance(coverage.get(name), dict)}
    return sections, options if isinstance(options, str) else " ".join(_texts(options))


def _table(above: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = above.get(key)
    return value if isinstance(value, dict) else {}


def _config(name: str, text: str, sections: Sections) -> CoverageConfig:
    run, report = sections.get("run", {}), sections.get("report", {})
    branch, fail_under = run.get("branch"), report.get("fail_under")
    try:
        floor = float(str(fail_under)) if fail_under is not None else None
    except ValueError:
        floor = None
    return CoverageConfig(
        path=name,
        lines=_lines(text),
        branch=None if branch is None else str(branch).lower() in _TRUE,
        source=(*_texts(run.get("source")), *_texts(run.get("source_pkgs")), *_texts(run.get("source_dirs"))),
        include=(*_texts(run.get("include")), *_texts(report.get("include"))),
        omit=(*_texts(run.get("omit")), *_texts(report.get("omit"))),
        exclude=_texts(report["exclude_lines"], False) if "exclude_lines" in report else None,
        exclude_also=_texts(report.get("exclude_also"), False),
        partial=_texts(report["partial_branches"], False) if "partial_branches" in report else None,
        partial_also=_texts(report.get("partial_also"), False),
        plugins=_texts(run.get("plugins")),
        fail_under=floor,
    )


def _texts(value: Any, commas: bool = True) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(one for one in value if isinstance(one, str))[:_MAX_ENTRIES]
    if not isinstance(value, str):
        return ()
    parts = re.split(r"[,\n]", value) if commas else value.split("\n")
    return tuple(part.strip() for part in parts if part.strip())[:_MAX_ENTRIES]


def _lines(text: str) -> dict[str, int]:
    """Where each key of the sections stands."""
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*\[(?:tool\.coverage\.|coverage:)?(run|report)\]\s*(?:[#;].*)?$", line):
            section = match[1]
            found.setdefault(section, number)
        elif line.lstrip().startswith("["):
            section = "" if not line[:1].isspace() else section
        elif section and (match := re.match(r"(\w+)\s*[=:]", line)):
            found.setdefault(f"{section}.{match[1]}", number)
    return found
