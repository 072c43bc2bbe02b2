"""What is read of a project that nobody trusts, a target each: seeds, and what takes bytes and must neither fail nor take long.

The first byte of an input picks the name under which the rest is read; the names of a target stay in their order.
"""

from __future__ import annotations

import contextlib
import functools
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from guided_seeds import DEPLOYED, REQUIRED, SET

TREE = Path(__file__).resolve().parent.parent
_MOST = 20_000


class FailedError(Exception):
    """A reader or a rule failed where the run would say that it was not checked."""


class Target(NamedTuple):
    """`check` is handed a name and bytes; what it may raise by contract it keeps to itself."""

    names: tuple[str, ...]
    check: Callable[[str, bytes], object]
    seeds: Callable[[], Iterator[tuple[str, bytes]]]

    def inputs(self) -> list[bytes]:
        return sorted({bytes([self.names.index(name)]) + data for name, data in self.seeds() if len(data) <= _MOST})

    def take(self, data: bytes) -> None:
        if data:
            self.check(self.names[data[0] % len(self.names)], data[1:])


# files of a project

_PYTHON = ("app/views.py", "app/models.py", "app/migrations/0001_a.py", "app/settings.py", "alembic/versions/a.py", "tests/test_a.py")
_SQL = ("db/schema.sql", "migrations/1.sql", "prisma/schema.prisma")
_MANIFESTS = (
    "docker-compose.yml", "k8s/deployment.yaml", "fly.toml", "railway.toml", "uwsgi.ini", "supervisord.conf", "app.json", "zappa_settings.json", "Dockerfile",
    "Procfile", ".env", "entrypoint.sh", "main.tf", "nginx.conf", "web.service", "openapi.yaml",
)
_TEMPLATES = ("templates/a.html", "templates/a.jinja2")


@functools.cache
def _files() -> tuple[tuple[str, bytes], ...]:
    """Every file of the samples and of the projects beside the tests."""
    folders = (TREE / "fixtures", TREE / "tests")
    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return tuple((path.relative_to(TREE).as_posix(), path.read_bytes()) for path in paths)


def _read(name: str, data: bytes) -> None:
    from backend_lint.engine.read_file import read_file
    from backend_lint.engine.roles import role_finder
    from backend_lint.facts.file import SourceFile
    from backend_lint.readers import wanted

    kind = wanted(name)
    assert kind is not None, name
    reading = read_file(SourceFile(name, kind, role_finder({})(name, data), len(data)), data, ())
    if failed := [one.reason for one in reading.unchecked if " reader failed: " in one.reason]:
        raise FailedError(failed[0])


def _ruled(name: str, data: bytes) -> None:
    from backend_lint.config import Settings
    from backend_lint.engine.run import check_contents

    settings = Settings(root=Path("/nonexistent"), profile="all", cache=False, jobs=1)
    _, judged = check_contents(settings, _registry(), {name: data})
    if judged.failures:
        raise FailedError(str(judged.failures[0]))


@functools.cache
def _registry():  # type: ignore[no-untyped-def]
    from backend_lint.registry import Registry

    return Registry.load(entry_points=False)


def _of_kind(names: tuple[str, ...]) -> Callable[[], Iterator[tuple[str, bytes]]]:
    """Files that are read as one of the names is; a file of Python is also what a comment in it says it lies as."""

    def seeds() -> Iterator[tuple[str, bytes]]:
        from backend_lint.readers import wanted

        by_kind: dict[object, list[str]] = {}
        for name in names:
            by_kind.setdefault(wanted(name), []).append(name)
        for number, (path, data) in enumerate(_files()):
            fitting = by_kind.get(wanted(path))
            if fitting:
                yield fitting[number % len(fitting)], data

    return seeds


def _written(texts: Mapping[str, str], more: Callable[[], Iterator[tuple[str, bytes]]] = lambda: iter(())) -> Callable[[], Iterator[tuple[str, bytes]]]:
    return lambda: chain(((name, text.encode()) for name, text in texts.items()), more())


# manifests of libraries

_REQUIREMENTS = (
    "requirements.txt", "pyproject.toml", "setup.cfg", "setup.py", "Pipfile", "Pipfile.lock", "poetry.lock", "uv.lock", "pdm.lock", "environment.yml",
)


def _manifest(name: str, data: bytes) -> None:
    from backend_lint.readers import requirements

    requirements.read(name, data)


# reports of other tools


def _coverage(name: str, data: bytes) -> None:
    from backend_lint.readers import coverage

    with contextlib.suppress(coverage.UnreadableError):
        coverage.read(data)


def _performance(name: str, data: bytes) -> None:
    from backend_lint.readers import performance

    with contextlib.suppress(performance.UnreadableError):
        performance.read(io.BytesIO(data), name, warm_up=1.0)


def _below(*folders: str) -> Callable[[], Iterator[tuple[str, bytes]]]:
    return lambda: ((_REPORT[0], data) for path, data in _files() if any(f"/{folder}/" in f"/{path}" for folder in folders) and not path.endswith(".py"))


_REPORT = ("report",)

# settings

_SETTINGS = (
    "backend-lint.toml", "pyproject.toml", ".importlinter", "setup.cfg", ".coveragerc", "baseline", "ratchet", "performance baseline", "patch", ".gitignore",
    "statistics",
)


def _set(name: str, data: bytes) -> None:
    from backend_lint.config import ConfigError
    from backend_lint.config_file import parse
    from backend_lint.engine import baseline, coverage_config, coverage_ratchet, database_statistics, gitignore, import_linter, patch, performance_baseline

    try:
        if name in ("backend-lint.toml", "pyproject.toml"):
            parse(data, name, Path("/nonexistent"), trusted=False, pyproject=name == "pyproject.toml")
        if name == "baseline":
            baseline.parse(data, name)
        elif name == "ratchet":
            coverage_ratchet.parse(data, name)
        elif name == "performance baseline":
            performance_baseline.parse(data, name)
        elif name == "patch":
            patch.added_lines(data)
        elif name == ".gitignore":
            made, _ = gitignore.specification(data.decode("utf-8", "replace"))
            made.match_file("src/build/a.py")
        else:
            folder = _folder()
            (folder / name).write_bytes(data)
            if name == "statistics":
                database_statistics.known_database(folder, {"statistics": [name]})
            else:
                coverage_config.read_config(folder)
                import_linter.unreadable(folder)
                import_linter.find(folder)
                import_linter.read(folder, name)
            (folder / name).unlink()
    except (ConfigError, patch.PatchError):
        pass


@functools.cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="backend-lint-"))


def _settings_files() -> Iterator[tuple[str, bytes]]:
    yield from ((name, text.encode()) for name, text in SET.items())
    yield "pyproject.toml", (TREE / "pyproject.toml").read_bytes()
    for path, data in _files():
        name = path.rpartition("/")[2]
        if name in ("pyproject.toml", ".coveragerc", ".importlinter"):
            yield name, data


# what a run kept, or another one


def _kept(name: str, data: bytes) -> None:
    """A reading that somebody forged for a part: it is refused, or a rule that stumbles over it is the only one that is not checked."""
    import msgspec

    from backend_lint.config import Settings
    from backend_lint.engine.foreign import holds
    from backend_lint.engine.judge import judge
    from backend_lint.engine.wire import decode_reading
    from backend_lint.facts.file import Kind, Role, SourceFile
    from backend_lint.project import Project

    kind = {"py": Kind.PYTHON, "sql": Kind.SQL, "yml": Kind.YAML}[name.rpartition(".")[2]]
    try:
        reading = decode_reading(data)
    except msgspec.DecodeError:
        return
    if not holds(kind, reading):
        return
    readings = {name: (SourceFile(name, kind, Role.APPLICATION, 100), reading)}
    rules = _registry().instantiate(Settings(root=Path("/nonexistent"), profile="all"))
    judge(readings, rules, lambda: Project.link(readings))


def _readings() -> Iterator[tuple[str, bytes]]:
    from backend_lint.engine.read_file import read_file
    from backend_lint.engine.wire import encode_reading
    from backend_lint.facts.file import Kind, Role, SourceFile

    kinds = {".py": ("a.py", Kind.PYTHON), ".sql": ("a.sql", Kind.SQL), ".yml": ("a.yml", Kind.YAML)}
    for number, (path, data) in enumerate(_files()):
        known = kinds.get(Path(path).suffix)
        if known is not None and (number % 10 == 0 or known[1] is not Kind.PYTHON):
            yield known[0], encode_reading(read_file(SourceFile(known[0], known[1], Role.APPLICATION, len(data)), data, ()))


TARGETS: dict[str, Target] = {
    "python": Target(_PYTHON, _read, _of_kind(_PYTHON)),
    "sql": Target(_SQL, _read, _of_kind(_SQL)),
    "manifests": Target(_MANIFESTS, _read, _written(DEPLOYED, _of_kind(_MANIFESTS))),
    "templates": Target(_TEMPLATES, _read, _of_kind(_TEMPLATES)),
    "rules": Target(_PYTHON, _ruled, _of_kind(_PYTHON)),
    "requirements": Target(_REQUIREMENTS, _manifest, _written(REQUIRED)),
    "coverage": Target(_REPORT, _coverage, _below("coverage_gate/reports")),
    "performance": Target(_REPORT, _performance, _below("targets/reports", "fixtures/performance")),
    "settings": Target(_SETTINGS, _set, _settings_files),
    "kept": Target(("a.py", "a.sql", "a.yml"), _kept, _readings),
}
