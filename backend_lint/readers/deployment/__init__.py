"""Reads deployment and configuration files: containers, orchestrators, platforms, process managers, proxies, environment files."""

from __future__ import annotations

import msgspec

from backend_lint.facts.deployment import Manifest
from backend_lint.facts.file import Kind, SourceFile, Unchecked
from backend_lint.facts.reading import Reading
from backend_lint.source import UndecodableError, decode

__all__ = ["KINDS", "VERSION", "read"]

VERSION = "4"
"""Part of the cache key: raise it when the facts of unchanged bytes change."""

KINDS = frozenset({Kind.YAML, Kind.JSON, Kind.TOML, Kind.INI, Kind.NGINX, Kind.DOCKERFILE, Kind.PROCFILE, Kind.DOTENV, Kind.SHELL, Kind.TERRAFORM})

_SHELL_TRIGGERS = (b"gunicorn", b"uvicorn", b"celery", b"uwsgi", b"manage.py", b"hypercorn", b"daphne", b"granian", b"alembic", b"python", b"flask", b"export ")
_OF_PROXIES = frozenset({Kind.NGINX, Kind.YAML, Kind.TOML, Kind.TERRAFORM})
_ENCODED = msgspec.msgpack.Encoder()


def read(data: bytes, file: SourceFile) -> Reading:
    """The facts of one file as `facts.deployment.Manifest`. Raises nothing: what cannot be read is in `Reading.unchecked`."""
    from backend_lint.readers.deployment.tree import UnreadableError

    lines = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    try:
        return Reading(msgspec.Raw(_ENCODED.encode(_throttled(_manifest(data, file), data, file.kind))), lines)
    except (UndecodableError, UnreadableError) as error:
        unchecked = Unchecked(file.path, error.reason, error.line)
    except (RecursionError, MemoryError):
        unchecked = Unchecked(file.path, "is nested too deeply to be read")
    except Exception as error:
        unchecked = Unchecked(file.path, f"the {file.kind.value} reader failed: {type(error).__name__}: {error}"[:300])
    return Reading(msgspec.Raw(b""), lines, unchecked=(unchecked,))


def _throttled(manifest: Manifest, data: bytes, kind: Kind) -> Manifest:
    """With the limits that a proxy's or gateway's file sets; those of Kong and Traefik have no other facts."""
    if kind not in _OF_PROXIES:
        return manifest
    from backend_lint.readers.deployment.throttles import throttles

    found = throttles(data)
    return msgspec.structs.replace(manifest, form=manifest.form or "gateway", throttles=found) if found else manifest


def _manifest(data: bytes, file: SourceFile) -> Manifest:
    kind = file.kind
    if kind is Kind.SHELL and (not any(trigger in data for trigger in _SHELL_TRIGGERS) or not _is_shell(data, file.path)):
        return Manifest("")
    if kind is Kind.YAML and b":" not in data:
        return Manifest("")
    if kind is Kind.YAML:
        return _yaml(data, file.path)
    text = decode(data)
    if kind is Kind.JSON:
        from backend_lint.readers.deployment.yaml_file import read_json

        return read_json(file.path, text)
    if kind is Kind.DOCKERFILE:
        from backend_lint.readers.deployment.dockerfile import read_dockerfile

        return read_dockerfile(text)
    if kind is Kind.TERRAFORM:
        from backend_lint.readers.deployment.terraform import read_terraform

        return read_terraform(text)
    if kind is Kind.TOML:
        from backend_lint.readers.deployment.toml_file import read_toml

        return read_toml(text)
    from backend_lint.readers.deployment import lines
    from backend_lint.readers.deployment.databases import is_database_file, read_database_file

    if kind is Kind.INI and is_database_file(file.path):
        return read_database_file(file.path, text)
    readers = {
        Kind.PROCFILE: lines.read_procfile,
        Kind.SHELL: lines.read_shell,
        Kind.DOTENV: lines.read_dotenv,
        Kind.INI: lines.read_ini,
        Kind.NGINX: lines.read_nginx,
    }
    return readers[kind](text) if kind in readers else Manifest("")


def _yaml(data: bytes, path: str) -> Manifest:
    from backend_lint.readers.deployment.yaml_file import read_yaml, recognised

    try:
        text = decode(data)
    except UndecodableError:
        if recognised(path, "") is None:
            return Manifest("")
        raise
    return read_yaml(path, text)


def _is_shell(data: bytes, path: str) -> bool:
    name = path.rpartition("/")[2]
    return "." in name or (data.startswith(b"#!") and b"sh" in data[:80].split(b"\n", 1)[0])
