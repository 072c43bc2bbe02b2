"""When Django wrote migrations, as it says in their first lines: what was made and changed within one piece of work no released code knew in between."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from backend_lint.facts import ddl

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.migrating import Migration, Migrations, Step

_ONE_WORK = datetime.timedelta(days=2)


def is_one_work(project: Project, migration: Migration, step: Step) -> bool:
    """The table or the column that a step changes was made in the same application, less than two days apart. With a base revision that says what is new."""
    if project.base is not None:
        return False
    change = step.done.change
    made = [step.done.born, project.migrations.added(migration.path, step.done.table, change.old) if isinstance(change, ddl.RenameColumn) else ""]
    own = _written(project, migration.path)
    return own is not None and any(
        one and _folder(one) == _folder(migration.path) and (then := _written(project, one)) is not None and abs(own - then) < _ONE_WORK for one in made
    )


def follows_maker(migrations: Migrations, migration: Migration, step: Step) -> bool:
    """The migration just before this one makes the table, and it is not what the application begins with: both may be of one release."""
    maker = next((node for history in migrations.histories for node in history.nodes if node.path == step.done.born), None)
    if maker is None or maker.initial or maker.group != migration.node.group or maker.name not in migration.node.parents:
        return False
    return any(parent.partition(".")[0] == maker.group for parent in maker.parents)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _written(project: Project, path: str) -> datetime.datetime | None:
    module = project.modules.get(path)
    said = next((one[8:] for one in module.facts.features if one.startswith("written ")), "") if module is not None else ""
    try:
        return datetime.datetime.strptime(said, "%Y-%m-%d %H:%M")
    except ValueError:
        return None
