"""``backend-lint fix``: applies the fixes of rules that have one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from backend_lint.cli.options import prepare, project_options
from backend_lint.cli.streams import say, wants_color, warn, write_report


@click.command("fix", short_help="Apply the fixes that rules offer.")
@project_options
@click.option("--unsafe", is_flag=True, help="Also fixes that may change what the code does.")
@click.option("--diff", is_flag=True, help="Print the changes and write nothing.")
def command(**given: Any) -> int:
    """Edit files in PATHS so that findings with a fix are gone; formatting and comments stay.

    A file whose fix did not take is left as it was and named. Exit code 0: every fix took; 1: a file was reverted, or --diff has something to show.
    """
    from backend_lint.engine.mend import mend

    prepared = prepare(given)
    outcome = mend(prepared.settings, prepared.registry, given["unsafe"], given["diff"])
    if outcome.diff:
        write_report(_for_terminal(outcome.diff) if sys.stdout.isatty() else outcome.diff)
    for path, reason in outcome.reverted:
        warn(f"{path}: {reason}", "left as it was")
    if prepared.settings.verbosity >= 0:
        verb = "would change" if given["diff"] else "changed"
        say(f"backend-lint: {verb} {_number(len(outcome.changed), 'file')}; {_number(outcome.remaining, 'finding')} left")
    return 1 if outcome.reverted or (given["diff"] and outcome.changed) else 0


def _for_terminal(diff: str) -> str:
    """A terminal must not obey what stands in the checked files; `patch` must get it unchanged."""
    from backend_lint.report.escape import visible
    from backend_lint.report.paint import painter

    paint = painter(wants_color("auto"))
    return "".join(f"{_painted(visible(line.expandtabs()), paint)}\n" for line in diff.splitlines())


def _painted(line: str, paint: Callable[[str, str], str]) -> str:
    part = {"+": "passed", "-": "failed", "@": "rail"}.get(line[:1])
    return paint("place", line) if line.startswith(("+++ ", "--- ")) else paint(part, line) if part else line


def _number(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"
