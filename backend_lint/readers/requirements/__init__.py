"""Reads manifests and lock files of Python projects: which versions of which libraries they allow. Nothing is run, ``setup.py`` least of all."""

from __future__ import annotations

from collections.abc import Callable

from backend_lint.facts.requirements import PinFile
from backend_lint.lazy_regex import lazy_regex

__all__ = ["is_manifest", "read"]

_TEXT = lazy_regex(r"(?:^|[/._-])(?:requirements?|constraints?)(?:[._-][^/]*)?\.(?:txt|in|pip)$|(?:^|/)requirements?/(?:[^/]+/)?[^/]+\.(?:txt|in|pip)$")
_CONDA = lazy_regex(r"(?:^|/)environment[^/]{0,40}\.ya?ml$")
_LOCKS = frozenset({"poetry.lock", "uv.lock", "pdm.lock"})
_MOST_PINS = 5_000


def is_manifest(path: str) -> bool:
    """Whether a file says which libraries a project needs, told by its path alone.

    >>> [is_manifest(path) for path in ("requirements/base.txt", "requirements-dev.in", "app/uv.lock", "Pipfile", "robots.txt", "src/requirements.py")]
    [True, True, True, True, False, False]
    """
    return _reader(path) is not None


def read(path: str, data: bytes) -> PinFile:
    """What a manifest says; of one that cannot be read, why."""
    reader = _reader(path)
    if reader is None:
        return PinFile(path, unreadable="is no manifest")
    try:
        found = reader(path, data.decode("utf-8-sig", "replace"))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        return PinFile(path, unreadable=f"cannot be read: {error}"[:200].replace("\n", " "))
    return PinFile(path, found.pins[:_MOST_PINS], found.included)


def _reader(path: str) -> Callable[[str, str], PinFile] | None:
    from backend_lint.readers.requirements import files

    name = path.rpartition("/")[2]
    if name in _LOCKS:
        return files.lock
    known = {
        "pyproject.toml": files.pyproject, "setup.cfg": files.setup_cfg, "setup.py": files.setup_py, "Pipfile": files.pipfile,
        "Pipfile.lock": files.pipfile_lock,
    }
    if name in known:
        return known[name]
    if _TEXT.search(path) is not None:
        return files.requirements
    return files.environment if _CONDA.search(path) is not None else None
