"""``backend-lint merge``: the report on a project whose files were read in parts by ``backend-lint check --shard``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from backend_lint.cli.check import asked, report, report_options
from backend_lint.cli.options import Prepared, rule_options
from backend_lint.cli.streams import write_bytes, write_report


@click.command("merge", short_help="Report on a project that was read in parts (check --shard).")
@rule_options
@report_options
@click.argument("parts", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_context
def command(context: click.Context, /, **given: Any) -> int:
    """Report on a project from PARTS, the files that `backend-lint check --shard` wrote.

    Run it at the same revision and with the same options as the parts; it prints what `backend-lint check` would. A file that no part has is read here.
    """
    from backend_lint.engine.run import Elsewhere

    prepared, cwd = asked({**given, "paths": ()}, {})
    return report(prepared, cwd, Elsewhere(parts=tuple(cwd / one for one in given["parts"])), fixes=given["show_fixes"])


def write_part(prepared: Prepared, text: str, path: Path | None, cwd: Path) -> int:
    """Reads a part of the files and writes their readings. Raises ConfigError."""
    from backend_lint.engine.run import read_part
    from backend_lint.engine.shards import Shard

    shard = Shard.parse(text)
    path = path or Path(f"backend-lint-{shard.number}-of-{shard.total}.readings")
    data, read, total = read_part(prepared.settings, prepared.registry, shard)
    write_bytes(cwd / path, data)
    if prepared.settings.verbosity >= 0:
        write_report(f"{path}: {read} of {total} files\n")
    return 0
