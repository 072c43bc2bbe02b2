"""Settings of a run: frozen, validated, every key known. Values come from the command line, else a configuration file, else the defaults here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec


class ConfigError(Exception):
    """What the user asked for cannot be done: usage, configuration, rules. The message is for the user; the exit code is 2."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Words that lead from a misspelling to the nearest known spelling; empty if none is near.

    >>> nearest("selct", ["select", "ignore"])
    "; did you mean 'select'?"
    """
    import difflib

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {found[0]!r}?" if found else ""


class PathOverride(msgspec.Struct, frozen=True):
    """What is different below some paths: `pattern` is a gitignore-like glob; rules may be switched off or given another severity ("off" or a severity)."""

    pattern: str
    ignore: tuple[str, ...] = ()
    severity: dict[str, str] = {}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`root` is the project root, absolute; `paths` are what the user asked to check, relative to the root with `/` (("",) for all)."""

    root: Path
    paths: tuple[str, ...] = ("",)
    config_file: Path | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    profile: str = "default"
    severity: dict[str, str] = {}
    """Rule -> severity set by the configuration."""
    exclude: tuple[str, ...] = ()
    roles: dict[str, tuple[str, ...]] = {}
    """Role -> globs that override the detection of path roles."""
    per_path: tuple[PathOverride, ...] = ()
    rule_options: dict[str, dict[str, Any]] = {}
    severity_threshold: str = "info"
    fail_on: str = "error"
    exit_zero: bool = False
    baseline: Path | None = None
    diff_base: str | None = None
    diff_mode: str = "findings"
    diff_file: Path | None = None
    formats: tuple[tuple[str, Path | None], ...] = (("text", None),)
    """Format and file; None for standard output."""
    gate: dict[str, Any] = {}
    database: dict[str, Any] = {}
    """What is known of the database: `dialect`, `rows` by table, `statistics` (files relative to the root), `migrations`, `deploys`."""
    cache: bool = True
    cache_dir: Path | None = None
    jobs: int = 0
    """0: as many as there are cores."""
    max_file_size: int = 1_000_000
    statistics: bool = False
    timings: bool = False
    show_files: bool = False
    stdin_filename: str | None = None
    stdin: bytes | None = None
    color: str = "auto"
    verbosity: int = 0
    guards: dict[str, str] = {}
    """What the project's own guards are worth: pattern of a name -> ``identity``, ``role``, ``object``, ``scope`` or ``none``."""
    layers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The project's own layers, lowest first: name and the modules (with all below them) that belong to it."""
    contracts: dict[str, dict[str, Any]] = {}
    """Contracts on imports, as they are written."""
    import_linter: str | None = None
    """The file with contracts of import-linter, relative to the root."""
    isolated: bool = False
    """No configuration file was asked, so none can be weaker than it was."""
    config_from: str | None = None
    """The git revision that the configuration and the baseline were read from."""
    baseline_data: bytes | None = None
    """The baseline's bytes at `config_from`; None: read `baseline` from the disk."""
    rules_dir: tuple[Path, ...] = ()
    """Folders with rules of an organisation; only from the command line or the user-level configuration."""
    explicit_paths: bool = False
    """Files were named on the command line (pre-commit): they are still subject to `exclude`."""
