"""What discovery knows of a file before anybody opened it."""

from __future__ import annotations

import enum

import msgspec


class Role(enum.StrEnum):
    """What a file is for. Rules say in which roles they speak."""

    APPLICATION = "application"
    TEST = "test"
    MIGRATION = "migration"
    COMMAND = "command"
    """A management command or a command-line entry point."""
    SCRIPT = "script"
    """Seeds, one-off scripts, tooling, documentation examples, notebooks."""
    GENERATED = "generated"
    SETTINGS = "settings"
    """Configuration as code: Django settings, gunicorn.conf.py, celeryconfig.py."""


class Kind(enum.StrEnum):
    """Which reader a file belongs to."""

    PYTHON = "python"
    SQL = "sql"
    PRISMA = "prisma"
    YAML = "yaml"
    TOML = "toml"
    INI = "ini"
    JSON = "json"
    DOCKERFILE = "dockerfile"
    PROCFILE = "procfile"
    DOTENV = "dotenv"
    SHELL = "shell"
    TERRAFORM = "terraform"
    NGINX = "nginx"
    TEMPLATE = "template"
    """HTML of Django and Jinja."""


class Asked(enum.IntEnum):
    """Which facts of a Python file are asked for: all; imports only; imports only, and whether the file can be parsed at all."""

    ALL = 0
    IMPORTS = 1
    IMPORTS_AND_SYNTAX = 2


class SourceFile(msgspec.Struct, frozen=True):
    """A file that discovery found. `path` is relative to the project root with `/`.

    `syntax_only`: no rule of the run reads facts of such a file, so it is parsed and no more.
    """

    path: str
    kind: Kind
    role: Role
    size: int
    syntax_only: bool = False
    asked: Asked = Asked.ALL


class Unchecked(msgspec.Struct, frozen=True, order=True):
    """A file, or a rule on a file, that was not checked, and why."""

    path: str
    reason: str
    line: int = 0
