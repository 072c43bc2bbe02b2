"""Which lines of a Python file are statements and where its branches lead, by coverage.py's own parser: a data file does not say."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from typing import Any, NamedTuple

from backend_lint.facts.coverage import Executed, FileCoverage

_MAX_PATTERN = 500
INSTALL = "pip install 'backend-lint[coverage]'"
"""How coverage.py's parser and RE2 come in: most runs read no coverage, or a report that says all."""


def is_installed() -> bool:
    """Whether `analysed` and `matching` can be asked."""
    return all(importlib.util.find_spec(name) is not None for name in ("coverage", "re2"))


class Exclusions(NamedTuple):
    """What the project's configuration of coverage.py leaves out: regular expressions, as its keys ``exclude_lines``, ``exclude_also`` and so on hold them.

    None stands for coverage.py's own. They are matched by RE2, in linear time; what RE2 does not know leaves nothing out.
    """

    lines: tuple[str, ...] | None = None
    also: tuple[str, ...] = ()
    partial: tuple[str, ...] | None = None
    partial_also: tuple[str, ...] = ()


def analysed(text: str, executed: Executed, exclusions: Exclusions = Exclusions()) -> FileCoverage | None:  # noqa: B008 - immutable
    """What coverage.py would report of the file; None if it cannot be parsed. Only where `is_installed`."""
    from coverage.results import analysis_from_file_reporter

    try:
        reporter = _reporter(text, executed.path, exclusions)
        analysis = analysis_from_file_reporter(_Data(executed), 0, reporter, executed.path)  # type: ignore[arg-type]
        lines = {line: int(line in analysis.executed) for line in analysis.statements}
        ways: dict[int, tuple[int, int]] = {}
        untaken: dict[int, tuple[str, ...]] = {}
        if executed.arcs is not None:
            ways = {line: (taken, whole) for line, (whole, taken) in analysis.branch_stats().items()}
            untaken = {line: tuple("exit" if end < 0 else str(end) for end in ends) for line, ends in analysis.missing_branch_arcs().items()}
    except Exception:  # coverage.py's parser on text that nobody vouches for: one file is not measured, the run goes on
        return None
    return FileCoverage(executed.path, lines, ways, untaken)


class _Data:
    """What the analysis asks of a data file."""

    def __init__(self, executed: Executed) -> None:
        self._executed = executed

    def has_arcs(self) -> bool:
        return self._executed.arcs is not None

    def lines(self, filename: str) -> list[int]:
        return list(self._executed.lines)

    def arcs(self, filename: str) -> list[tuple[int, int]] | None:
        return None if self._executed.arcs is None else list(self._executed.arcs)


def _reporter(text: str, path: str, exclusions: Exclusions) -> Any:
    from coverage.config import DEFAULT_EXCLUDE, DEFAULT_PARTIAL, DEFAULT_PARTIAL_ALWAYS
    from coverage.parser import PythonParser
    from coverage.plugin import FileReporter

    excluded = [*(DEFAULT_EXCLUDE if exclusions.lines is None else exclusions.lines), *exclusions.also]
    partial = [*(DEFAULT_PARTIAL if exclusions.partial is None else exclusions.partial), *exclusions.partial_also, *DEFAULT_PARTIAL_ALWAYS]

    class Parser(PythonParser):
        """coverage.py's parser, with RE2 in place of `re`: the expressions come from the checked project."""

        def lines_matching(self, regex: str) -> set[int]:
            return {self.multiline_map.get(line, line) for line in matching(self.text, regex.split("\0"))}

    parser = Parser(text=text, filename=path, exclude="\0".join(excluded) or None)
    parser.parse_source()

    class Reporter(FileReporter):
        """The parser's answers under the names that the analysis asks for."""

        def lines(self) -> set[int]:
            return parser.statements

        def excluded_lines(self) -> set[int]:
            return parser.excluded

        def translate_lines(self, lines: Iterable[int]) -> set[int]:
            return parser.translate_lines(lines)

        def translate_arcs(self, arcs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
            return parser.translate_arcs(arcs)

        def arcs(self) -> set[tuple[int, int]]:
            return parser.arcs()

        def exit_counts(self) -> dict[int, int]:
            return parser.exit_counts()

        def no_branch_lines(self) -> set[int]:
            return parser.lines_matching("\0".join(partial))

    return Reporter(path)


def matching(text: str, patterns: Iterable[str]) -> set[int]:
    """The lines that a match of some pattern touches, as coverage.py finds them: each pattern is looked for in the whole text."""
    import re2

    options = re2.Options()
    options.log_errors = False
    found: set[int] = set()
    for pattern in patterns:
        if not pattern or len(pattern) > _MAX_PATTERN:
            continue
        try:
            matches = re2.finditer(f"(?m){pattern}", text, options)
            at, line = 0, 1
            for match in matches:
                start, end = match.span()
                line += text.count("\n", at, start)
                at = start
                found.update(range(line, line + text.count("\n", start, end) + 1))
        except re2.error:
            continue
    return found
