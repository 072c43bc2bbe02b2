"""What a project is made of, as its whole code says: shown by ``init`` before it writes anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from backend_lint.cli.detect import FRAMEWORKS, detect
from backend_lint.cli.options import Prepared
from backend_lint.config import Settings
from backend_lint.engine.discover import Candidate, discover, text_or_nothing
from backend_lint.engine.result import Result
from backend_lint.engine.roles import role_finder
from backend_lint.facts.file import Kind, Role

_MANIFESTS = {
    Kind.DOCKERFILE: "Dockerfile",
    Kind.PROCFILE: "Procfile",
    Kind.NGINX: "nginx",
    Kind.TERRAFORM: "Terraform",
    Kind.DOTENV: "environment file",
}
_PACKAGES = {"djangorestframework": "rest_framework"}
"""What is imported, where it is not called as what is installed."""
_HOSTS = (("github", ".github"), ("gitlab", ".gitlab-ci.yml"))


class Found(NamedTuple):
    """`what` it is, what was found, and the file or reason that shows it."""

    what: str
    value: str
    why: str


class Survey(NamedTuple):
    """`dialect` is empty if no driver names it; `host` is ``github``, ``gitlab`` or empty.

    `layers`: the recognised ones with their packages, lowest first; `result` is a run without a baseline."""

    found: tuple[Found, ...]
    dialect: str
    host: str
    layers: tuple[tuple[str, tuple[str, ...]], ...]
    result: Result


def survey(prepared: Prepared) -> Survey:
    """Reads the project once for its findings and once for its model; the second reading comes out of the cache."""
    from msgspec.structs import replace

    from backend_lint.engine.run import read_model, run
    from backend_lint.report.layer_maps import layers_map

    settings = replace(prepared.settings, baseline=None, baseline_data=None, diff_base=None, diff_file=None)
    result = run(settings, prepared.registry)
    project, _ = read_model(settings)
    detected = detect(settings.root)
    frameworks = [one for one in detected if one.name.startswith("framework ")]
    dialect = next((one for one in detected if one.name == "dialect"), None)
    names = [one.name.removeprefix("framework ") for one in frameworks]
    # manifests of a repository with several services lie in their folders
    imported = [name for name in FRAMEWORKS if _PACKAGES.get(name, name) in project.imported and name not in names]
    why = ", ".join(part for part in (_files(one.why for one in frameworks), "imported" if imported else "") if part)
    found = [Found("frameworks", ", ".join([*names, *imported]) or "none known", why)]
    if dialect is not None:
        found.append(Found("database", dialect.value, dialect.why))
    else:
        known = project.schema.dialect_known
        found.append(Found("database", str(project.schema.dialect) if known else "no driver named", "as code and SQL speak" if known else ""))
    routes = list(project.routes)
    if routes:
        kinds = Counter(route.framework for route in routes)
        found.append(Found("routes", str(len(routes)), ", ".join(f"{times} of {name}" for name, times in kinds.most_common())))
    tables = project.schema.tables.values()
    if tables:
        sources = Counter(table.source or "models" for table in tables)
        found.append(Found("tables", str(len(tables)), ", ".join(f"{times} from {name}" for name, times in sources.most_common(4))))
    candidates = discover(settings).candidates
    migrations, tests = _of_role(Role.MIGRATION, candidates, settings), _of_role(Role.TEST, candidates, settings)
    found.append(Found("migrations", _count(migrations), _folder(migrations)))
    shape = project.architecture.recognised
    packages = layers_map(project)["packages"]
    members = {str(name): tuple(one["name"] for one in packages if one["layer"] == str(name)) for name in project.architecture.layers.order}
    layers = tuple((name, found_there) for name, found_there in members.items() if found_there)
    found.append(Found("architecture", str(shape.shape), "; ".join(shape.evidence[:2])))
    found.append(Found("tests", _count(tests), _folder(tests)))
    coverage = result.coverage
    measured = ", ".join(coverage.reports) if coverage is not None and coverage.reports else ""
    found.append(Found("coverage", "measured" if measured else "no report found", measured or "`coverage run -m pytest && coverage xml` makes one"))
    manifests = Counter(_MANIFESTS[one.kind] for one in candidates if one.kind in _MANIFESTS)
    manifests.update("Compose" for one in detected if one.name == "container composition")
    found.append(Found("manifests", ", ".join(f"{times} {name}" if times > 1 else name for name, times in manifests.most_common()) or "none found", ""))
    return Survey(tuple(found), dialect.value if dialect is not None else "", _host(settings.root), layers, result)


def _of_role(role: Role, candidates: Iterable[Candidate], settings: Settings) -> list[str]:
    role_of = role_finder(settings.roles)
    return [one.path for one in candidates if one.kind in (Kind.PYTHON, Kind.SQL) and role_of(one.path, b"") is role]


def _files(paths: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(paths))


def _count(paths: list[str]) -> str:
    return "none found" if not paths else "1 file" if len(paths) == 1 else f"{len(paths)} files"


def _folder(paths: list[str]) -> str:
    """The folders that hold most of some files."""
    folders = Counter(path.rpartition("/")[0] or "." for path in paths)
    return ", ".join(name for name, _ in folders.most_common(2)) + (" ..." if len(folders) > 2 else "")


def _host(root: Path) -> str:
    """Which service runs the project's jobs, as files say; nothing is asked."""
    for name, file in _HOSTS:
        if (root / file).exists():
            return name
    text = text_or_nothing(root / ".git" / "config", 100_000)
    return next((name for name, _ in _HOSTS if f"{name}." in text), "")
