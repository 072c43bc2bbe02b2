"""Whether anything bounds how long a migration waits for a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.act import Act, ActKind
from backend_lint.facts.file import Role
from backend_lint.project.migrating.model import Migration, Step
from backend_lint.sql.locks import Lock

if TYPE_CHECKING:
    from backend_lint.project import Project

_SETTINGS = ("lock_timeout", "statement_timeout")
_SIGNS = (b"lock_timeout", b"statement_timeout", b"zero_downtime_migrations", b"safemigrate")


def made_safe(project: Project) -> bool:
    """The database engine of the settings is a library's that makes indexes and constraints in steps (django-pg-zero-downtime-migrations)."""
    settings = (module for path, module in project.modules.items() if module.role is Role.SETTINGS or "settings" in path)
    return any(b"django_zero_downtime_migrations" in bytes(module.facts.bodies) for module in settings)


def set_everywhere(project: Project) -> bool:
    """Settings, environment of the migrations or deployment set a timeout, or a library does that retries."""
    for path, module in project.modules.items():
        if not (path.endswith("env.py") or module.role in (Role.SETTINGS, Role.COMMAND) or "settings" in path or "config" in path):
            continue
        values = " ".join(one.value for fact in module.facts.classes for one in fact.attributes).encode()
        if any(sign in bytes(module.facts.bodies) or sign in values for sign in _SIGNS):
            return True
    return any(sign in bytes(facts) for facts in project.manifests.values() for sign in _SIGNS)


def unbounded(project: Project, migration: Migration) -> Step | None:
    """The first step that waits for a lock which everybody who comes later queues behind, without a bound; None if there is none."""
    for step in migration.steps:
        change = step.done.change
        if isinstance(change, Act) and change.kind is ActKind.SET and change.name in _SETTINGS and change.value not in ("0", "default", "DEFAULT"):
            return None
        if not step.done.doubted and any(cost.lock >= Lock.SHARE for cost in step.done.costs) and not step.fresh and project.migrations.waits(step):
            return step
    return None
