"""``backend-lint completion SHELL``: what a shell needs to complete commands and options."""

from __future__ import annotations

import click

from backend_lint.cli.streams import write_report


@click.command("completion", short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the script that makes SHELL complete backend-lint's commands and options.

    bash: `eval "$(backend-lint completion bash)"` in ~/.bashrc; zsh likewise in ~/.zshrc; fish: into ~/.config/fish/completions/backend-lint.fish.
    """
    from click.shell_completion import get_completion_class

    from backend_lint.cli.app import app

    kind = get_completion_class(shell)
    assert kind is not None
    try:
        # click asks the installed bash for its version; a machine without one still gets the script
        script = kind(app, {}, "backend-lint", "_BACKEND_LINT_COMPLETE").source()
    except RuntimeError as error:
        raise click.ClickException(str(error)) from None
    write_report(script + "\n")
    return 0
