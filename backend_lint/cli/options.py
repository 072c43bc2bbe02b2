"""Options that several commands share, and the way from them to the settings and rules of a run."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from backend_lint.config import ConfigError, Settings, nearest
from backend_lint.config_keys import SEVERITIES
from backend_lint.config_load import Loaded, Request, load, settle
from backend_lint.registry import Registry

Command = TypeVar("Command", bound=Callable[..., Any])


def complete_rules(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """What a shell offers where rules, families and tags are named: the last of them, where commas part several."""
    before, comma, last = incomplete.rpartition(",")
    cards = Registry.load(()).cards.values()
    names = {"ALL", *(name for card in cards for name in (card.name, card.family, *card.tags))}
    return sorted(f"{before}{comma}{name}" for name in names if name.startswith(last))


class Prepared(NamedTuple):
    """What a command works with."""

    settings: Settings
    registry: Registry
    loaded: Loaded


_names = functools.partial(click.option, multiple=True, metavar="NAMES", shell_complete=complete_rules)
_RULES = (
    _names("--select", help="Rules, families, tags or ALL, instead of the profile's; with commas, repeatable."),
    _names("--extend-select", help="Rules, families or tags on top."),
    _names("--ignore", help="Rules, families or tags to leave out."),
    click.option("--profile", type=click.Choice(["default", "strict", "all"]), help="How sure a rule must be to speak."),
    click.option("--rules-dir", type=click.Path(file_okay=False, path_type=Path), multiple=True, help="A folder with rules of your own; its code is run."),
)
_READING = (
    click.option("--exclude", multiple=True, metavar="GLOB", help="Files to leave out, as in .gitignore; repeatable."),
    click.option("--config", multiple=True, metavar="PATH|KEY=VALUE", help="A configuration file, or one setting as TOML; repeatable."),
    click.option("--config-from", metavar="REF", help="Read configuration and baseline from this git revision."),
    click.option("--isolated", is_flag=True, help="Read no configuration file."),
    click.option("--no-cache", is_flag=True, help="Neither read nor write cached results."),
    click.option("--cache-dir", type=click.Path(file_okay=False, path_type=Path), help="Where results are kept between runs."),
    click.option("--jobs", "-j", type=click.IntRange(0, 512), help="Worker processes; 0: as many as there are cores."),
    click.option("--quiet", "-q", count=True, help="Say less."),
    click.option("--verbose", "-v", count=True, help="Say more."),
)
_NONE: dict[str, Any] = {
    **dict.fromkeys(("select", "extend_select", "ignore", "exclude", "paths", "config", "rules_dir"), ()),
    **dict.fromkeys(("profile", "jobs", "config_from", "cache_dir")),
    **dict.fromkeys(("isolated", "no_cache"), False),
    **dict.fromkeys(("quiet", "verbose"), 0),
}
"""What a command has where it offers no such option."""


def project_options(command: Command) -> Command:
    """Adds the paths and the options that say what is checked, by which rules."""
    return _paths(rule_options(command))


def model_options(command: Command) -> Command:
    """Adds the paths and the options that say what is read, for a command that asks no rule."""
    return _paths(_with(_READING, command))


def rule_options(command: Command) -> Command:
    """Adds the options that say what is checked, by which rules."""
    return _with((*_RULES, *_READING), command)


def _paths(command: Command) -> Command:
    # a type of paths, so that shells complete them
    return click.argument("paths", nargs=-1, type=click.Path())(command)


def _with(options: Sequence[Callable[[Command], Command]], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def prepare(given: dict[str, Any], rest: dict[str, Any] | None = None, *, folder: Path | None = None, **options: Any) -> Prepared:
    """Settings and rules of a run. `given` holds values of `project_options`; `options` are further keys of the configuration, None for not given.

    `folder`: where relative paths begin and the project is looked for; default: the working directory.
    """
    from backend_lint.cli.streams import warn

    given = {**_NONE, **given}
    asked: dict[str, Any] = {key.replace("_", "-"): value for key, value in options.items() if value is not None}
    for key in ("select", "extend_select", "ignore"):
        if given[key]:
            name = key.replace("_", "-")
            asked[name] = tuple(one.strip() for part in given[key] for one in part.split(",") if one.strip())
            if not asked[name]:
                raise ConfigError(f"--{name} names nothing; `backend-lint rules` lists what it could name")
    if given["exclude"]:
        asked["exclude"] = tuple(given["exclude"])
    for key in ("profile", "jobs"):
        if given[key] is not None:
            asked[key] = given[key]
    cwd = folder or working_directory()
    for path in given["paths"]:
        _refuse_what_is_no_path(cwd, path)
    if given["no_cache"]:
        asked["cache"] = False
    if given["cache_dir"] is not None:
        asked["cache-dir"] = cwd / given["cache_dir"]
    if given["rules_dir"]:
        asked["rules-dir"] = tuple(cwd / one for one in given["rules_dir"])
    loaded = load(
        Request(
            cwd=cwd,
            paths=given["paths"],
            config=given["config"],
            isolated=given["isolated"],
            options=asked,
            rest={"verbosity": given["verbose"] - given["quiet"], **(rest or {})},
            config_from=given["config_from"],
            read_revision=_reader_at(given["config_from"]),
        )
    )
    registry = Registry.load(loaded.settings.rules_dir)
    settings = settle(loaded, registry)
    if settings.verbosity >= 0:
        for note in loaded.notes:
            warn(note)
    return Prepared(settings, registry, loaded)


def working_directory() -> Path:
    """Where the command was started. Raises ConfigError if that folder is gone."""
    try:
        return Path.cwd()
    except OSError:
        raise ConfigError("the working directory does not exist any more") from None


def choice_of_severity(*more: str) -> click.Choice[str]:
    return click.Choice([*SEVERITIES, *more])


def read_stdin(limit: int) -> bytes:
    """All of standard input. Raises ConfigError above `limit` bytes."""
    if sys.stdin is None:
        raise ConfigError("standard input is closed")
    data = sys.stdin.buffer.read(limit + 1)
    if len(data) > limit:
        raise ConfigError(f"standard input holds more than max-file-size ({limit} bytes)")
    return data


def _refuse_what_is_no_path(cwd: Path, path: str) -> None:
    from backend_lint.cli.app import COMMANDS

    if path == "-":
        raise ConfigError("- is standard input, which only `backend-lint check` reads")
    if not path:
        raise ConfigError("a path is empty; . is the working directory")
    if "/" not in path and "." not in path and path not in COMMANDS and (hint := nearest(path, COMMANDS)) and not (cwd / path).exists():
        raise ConfigError(f"{path}: no such file, directory or command{hint}")


def _reader_at(revision: str | None) -> Callable[[Path, str], bytes | None] | None:
    if revision is None:
        return None

    def read(root: Path, path: str) -> bytes | None:
        from backend_lint.engine.git import GitError, read_blob

        try:
            return read_blob(root, revision, path)
        except GitError as error:
            raise ConfigError(f"--config-from {revision}: {error}") from None

    return read
