"""The command group. A command is imported when it is called; without one, ``check`` is meant."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

import click

from backend_lint import __version__
from backend_lint.cli.start import INTERRUPTED
from backend_lint.config import ConfigError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "check": "check",
    "merge": "merge",
    "fix": "fix",
    "explain": "explain",
    "rules": "rules",
    "map": "map",
    "index-advice": "index_advice",
    "baseline": "baseline",
    "init": "init",
    "new-rule": "new_rule",
    "lsp": "lsp",
    "clean": "clean",
    "completion": "completion",
    "schema": "schema",
}


class LazyGroup(click.Group):
    """Imports ``cli/NAME.py`` for its ``command`` only when NAME is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"backend_lint.cli.{COMMANDS[cmd_name]}").command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Of the first word: commands, and what `check` takes, which is meant where none is named."""
        from click.shell_completion import CompletionItem

        found = super().shell_complete(ctx, incomplete)
        if not incomplete or incomplete[0].isalnum():
            # files first: the scripts of shells take them for what is left where nothing else fits
            return [CompletionItem(incomplete, type="file"), *found]
        check = self.get_command(ctx, "check")
        assert check is not None
        known = {item.value for item in found}
        return [*found, *(item for item in check.shell_complete(click.Context(check, ctx, "check"), incomplete) if item.value not in known)]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing and not args:  # a shell completes the first word
            return super().parse_args(ctx, args)
        if args and args[0] == "help" and not os.path.exists("help"):  # noqa: PTH110
            args = [*args[1:2], "--help"]
        if not args or args[0] not in (*COMMANDS, "--help", "-h", "--version", "-V"):
            args = ["check", *args]
        return super().parse_args(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, "-V", "--version", prog_name="backend-lint", message="%(prog)s %(version)s")
def app() -> None:
    """Reviews a backend: routes, calls, transactions and deployment, joined across files.

    `backend-lint [PATHS]` is `backend-lint check [PATHS]`. Exit code 0: nothing at or above --fail-on (default: error), and the gate holds; 1: findings, or
    the gate failed; 2: it could not judge.
    """


def run(arguments: list[str]) -> int:
    """Runs a command line; every failure is a message on standard error and an exit code."""
    from backend_lint.cli.streams import abandon_stdout, say, transcript, warn

    transcript.reset()
    try:
        code = app.main(args=arguments, prog_name="backend-lint", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort:
        say("backend-lint: interrupted")
        return INTERRUPTED
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" ({context.command_path} --help lists the options)" if context is not None and isinstance(error, click.UsageError) else ""
        warn(" ".join(error.format_message().split()) + hint, "error")
        return 2
    except ConfigError as error:
        warn(str(error), "error")
        return 2
    except BrokenPipeError:
        abandon_stdout()
        return 2
    except Exception as error:
        return _internal(error)


def _internal(error: Exception) -> int:
    from backend_lint.cli.streams import abandon_stdout, say, warn
    from backend_lint.engine.git import GitError

    if isinstance(error, GitError):
        warn(str(error), "error")
        return 2
    if isinstance(error, OSError):
        abandon_stdout()
        name = f"{os.fsdecode(error.filename)}: " if error.filename is not None else ""
        warn(f"{name}{error.strerror or error}", "error")
        return 2
    trace = error.__traceback__
    place = ""
    while trace is not None:
        place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119
        trace = trace.tb_next
    warn(f"internal error: {type(error).__name__}: {error} (at {place}); it could not judge. BACKEND_LINT_TRACEBACK=1 shows more for a bug report", "error")
    if os.environ.get("BACKEND_LINT_TRACEBACK"):
        import traceback

        say(traceback.format_exc())
    return 2

