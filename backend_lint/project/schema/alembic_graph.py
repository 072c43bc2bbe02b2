"""Alembic's revisions: which files they are, which environment they belong to, and the order in which ``upgrade heads`` runs them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.schema import Dialect
from backend_lint.project.schema.history import Node
from backend_lint.project.schema.sqlalchemy_values import Frame, Value

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.modules import SourceModule
    from backend_lint.project.schema.sqlalchemy_evaluate import Values

_DIALECTS = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "pgsql": "postgresql",
    "pg": "postgresql",
    "sqlite": "sqlite",
    "mysql": "mysql",
    "mariadb": "mysql",
}


class Revision(NamedTuple):
    """One migration: `upgrade` is the index of its function in the module at `path`.

    `down`: what it follows; `depends`: what has to be there as well, perhaps of another package, whose history it does not continue.
    """

    name: str
    down: tuple[str, ...]
    path: str
    upgrade: int
    depends: tuple[str, ...] = ()


def revisions(project: Project, values: Values) -> list[Revision]:
    """All revisions of a project, in order of path."""
    found = []
    for path, module in project.modules.items():
        if not _may_be(module):
            continue
        names = module.names
        if names.get("revision", ("",))[0] != "assign" or names.get("upgrade", ("",))[0] != "function":
            continue
        frame = Frame(path, 0)
        name = values.evaluate(frame, "revision")
        if isinstance(name, str):
            down = values.evaluate(frame, "down_revision") if "down_revision" in names else None
            depends = values.evaluate(frame, "depends_on") if "depends_on" in names else None
            found.append(Revision(name, _strings(down), path, names["upgrade"][1], _strings(depends)))
    return found


def _may_be(module: SourceModule) -> bool:
    if not any(function.name == "upgrade" for function in module.functions):
        return False
    return module.role is Role.MIGRATION or "/versions/" in f"/{module.path}" or any(found.module.startswith("alembic") for found in module.facts.imports)


def _strings(value: Value) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, tuple) else ()


def environments(project: Project, found: Iterable[Revision], dialect: Dialect) -> list[list[Revision]]:
    """The revisions by environment (the nearest folder above with an ``env.py``), each in the order in which they run.

    Of folders that are named after dialects only that of `dialect` counts.
    """
    groups: dict[str, list[Revision]] = {}
    for revision in found:
        groups.setdefault(_home(project, revision.path), []).append(revision)
    return [ordered(_of_dialect(group, dialect)) for _, group in sorted(groups.items())]


def node_of(project: Project, revision: Revision) -> Node:
    """A revision in its graph."""
    module = project.modules[revision.path]
    kind, number = module.names.get("down_revision", module.names["revision"])
    line = module.bodies[0].assigns[number].line if kind == "assign" else 1
    labels, at = module.names.get("branch_labels", ("", 0))
    branch = labels == "assign" and module.bodies[0].assigns[at].value != "None"
    return Node(revision.path, line, _home(project, revision.path), revision.name, revision.down, function=revision.upgrade, branch=branch)


def _home(project: Project, path: str) -> str:
    folder = path.rpartition("/")[0]
    while True:
        if f"{folder}/env.py".lstrip("/") in project.modules:
            return folder
        if not folder:
            break
        folder = folder.rpartition("/")[0]
    before, versions, _ = f"/{path}".rpartition("/versions/")
    return before.lstrip("/") if versions else path.rpartition("/")[0]


def _of_dialect(group: list[Revision], dialect: Dialect) -> list[Revision]:
    """Without the copies for other dialects: ``versions/sqlite`` beside ``versions/postgresql``."""
    spoken = {revision.path: _dialect_of(revision.path) for revision in group}
    present = set(spoken.values()) - {""}
    if len(present) < 2 or dialect.value not in present:
        return group
    return [revision for revision in group if spoken[revision.path] in ("", dialect.value)]


def _dialect_of(path: str) -> str:
    return next((found for part in reversed(path.split("/")[:-1]) if (found := _DIALECTS.get(part.lower()))), "")


def ordered(group: list[Revision]) -> list[Revision]:
    """Each revision behind all that it follows; of several that could come next the one that follows the last one, else the first by path."""
    by_name = {revision.name: revision for revision in group}
    waiting: dict[str, set[str]] = {}
    followers: dict[str, list[Revision]] = {}
    for revision in by_name.values():
        before = {target for name in (*revision.down, *revision.depends) if (target := _full(name, by_name)) is not None and target != revision.name}
        waiting[revision.name] = before
        for name in before:
            followers.setdefault(name, []).append(revision)
    ready = [revision for revision in by_name.values() if not waiting[revision.name]]
    ready.sort(key=lambda revision: revision.path, reverse=True)
    found: list[Revision] = []
    while ready:
        revision = ready.pop()
        found.append(revision)
        for follower in sorted(followers.get(revision.name, ()), key=lambda one: one.path, reverse=True):
            waiting[follower.name].discard(revision.name)
            if not waiting[follower.name]:
                ready.append(follower)
    placed = {revision.name for revision in found}
    return found + [revision for revision in by_name.values() if revision.name not in placed]


def _full(name: str, by_name: dict[str, Revision]) -> str | None:
    """The revision that a name means; a beginning will do."""
    if name in by_name:
        return name
    found = [known for known in by_name if known.startswith(name)] if len(name) >= 4 else []
    return found[0] if len(found) == 1 else None
