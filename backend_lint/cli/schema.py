"""``backend-lint schema``: the JSON schema of the configuration, for editors."""

from __future__ import annotations

import click

from backend_lint.cli.streams import write_report


@click.command("schema", short_help="Print the JSON schema of the configuration.")
def command() -> int:
    """Print the JSON schema of backend-lint.toml."""
    import json

    from backend_lint.config_keys import schema

    write_report(json.dumps(schema(), indent=2) + "\n")
    return 0
