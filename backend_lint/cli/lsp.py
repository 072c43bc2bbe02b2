"""``backend-lint lsp``: findings in an editor that speaks the language server protocol."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from backend_lint.cli.options import Prepared, prepare, project_options
from backend_lint.config import ConfigError

INSTALL = "pip install 'backend-lint[lsp]'"


@click.command("lsp", short_help="Serve an editor over standard input and output.")
@project_options
@click.option("--only-open", is_flag=True, help="Show findings of open files only; default: of the whole project.")
def command(only_open: bool, **given: Any) -> int:
    """Speak the language server protocol on standard input and output; an editor starts this.

    Files are checked when they are opened and saved, as they are on disk. Options hold for every project that the editor opens.
    """
    if given["paths"]:
        raise ConfigError("the editor says which project is checked: name no path")
    if importlib.util.find_spec("pygls") is None:
        raise ConfigError(f"the language server needs pygls, which is not installed: {INSTALL}")
    if sys.stdin is None:
        raise ConfigError("standard input is closed: there is no editor to serve")
    from backend_lint.editor.server import Incoming, make

    # nothing else may write to the stream of messages: not even a library that prints
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno() if sys.stderr is not None else os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR if given["quiet"] else logging.WARNING, format="backend-lint: %(message)s")
    # what went wrong with a message is said by the server itself; the rest is an editor that is gone
    for name in ("pygls", "concurrent.futures"):
        logging.getLogger(name).setLevel(logging.CRITICAL)

    def prepared(folder: Path) -> Prepared:
        return prepare({**given, "quiet": given["quiet"] + 1}, folder=folder)

    make(prepared, only_open).start_io(Incoming(sys.stdin.buffer), answers)  # type: ignore[arg-type]  # what is read of a stream, no more
    return 0
