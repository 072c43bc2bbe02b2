from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.schema.drift import Drift, drifts
from backend_lint.project.schema.places import Place

_SHOWN = 4


class ModelMigrationDrift(ProjectRule):
    """A model and its migrations disagree about the table.

    ## What it does

    Replays all migrations and compares what they leave with what the models declare: columns, plain indexes and unique constraints that only one side has.
    Types, defaults, expressions and conditions are not compared, nor is an index in whose place the other side has one that begins with the same columns,
    such as that of the primary key. Where several services have a table of one name, each model is compared with the migrations that stand nearest.
    Unmanaged models, tables that a migration changes in a way that is not known for certain, and columns that a class gets by a function, a mixin's
    `declared_attr` or a mapper of its own are left alone.

    ## Why is this bad

    A column that no migration makes fails the first query in production, although all tests pass: they build their tables from the models. A unique
    constraint that exists only in the model is checked by nobody.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Order(models.Model):
        number = models.CharField(max_length=20)
        note = models.TextField(default="")
    ```

    ```python
    # path: shop/migrations/0001_initial.py
    from django.db import migrations, models


    class Migration(migrations.Migration):
        initial = True
        operations = [
            migrations.CreateModel(
                name="Order",
                fields=[
                    ("id", models.BigAutoField(primary_key=True)),
                    ("number", models.CharField(max_length=20)),
                ],
            ),
        ]
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Order(models.Model):
        number = models.CharField(max_length=20)
        note = models.TextField(default="")
    ```

    ```python
    # path: shop/migrations/0001_initial.py
    from django.db import migrations, models


    class Migration(migrations.Migration):
        initial = True
        operations = [
            migrations.CreateModel(
                name="Order",
                fields=[
                    ("id", models.BigAutoField(primary_key=True)),
                    ("number", models.CharField(max_length=20)),
                    ("note", models.TextField(default="")),
                ],
            ),
        ]
    ```

    ## When this is wrong

    The other half is on its way in another change, or an index was made by hand on purpose.

    ## References

    - [Django: makemigrations --check](https://docs.djangoproject.com/en/stable/ref/django-admin/#cmdoption-makemigrations-check)
    - [Alembic: check](https://alembic.sqlalchemy.org/en/latest/autogenerate.html#running-alembic-check-to-test-for-new-upgrade-operations)
    """

    severity, precision, since = Severity.WARNING, "high", "0.2"
    automatic = True
    tags = ("database", "correctness")
    roles = frozenset({Role.APPLICATION, Role.COMMAND, Role.SETTINGS, Role.MIGRATION})
    reads = frozenset({Role.MIGRATION})

    def check(self, project: Project) -> Iterator[Finding]:
        groups: dict[tuple[str, str, bool, str], list[Drift]] = {}
        for drift in drifts(project):
            groups.setdefault((drift.declared.name, drift.missing_in, bool(drift.column), drift.instead), []).append(drift)
        for group in groups.values():
            yield self._finding(project, group)

    def _finding(self, project: Project, group: list[Drift]) -> Finding:
        drift = group[0]
        name = drift.declared.name
        place, *others = [_place(project, one) for one in group]
        there = [Evidence(drift.migrated.path, drift.migrated.line, f"the migrations make `{name}` here")] if drift.migrated.path != place.path else []
        if drift.made[1] and drift.made != (drift.migrated.path, drift.migrated.line):
            there.insert(0, Evidence(*drift.made, f"{drift.instead or drift.what} comes from here"))
        there += [Evidence(at.path, at.line, f"{one.what} is declared here") for at, one in zip(others, group[1:], strict=True) if at.line != place.line]
        shown = ", ".join(one.what for one in group[:_SHOWN]) + (f" and {len(group) - _SHOWN} more" if len(group) > _SHOWN else "")
        are, them = ("is", "it") if len(group) == 1 else ("are", "them")
        if drift.instead:
            message = f"{shown} of `{name}` {are} in the model, and the migrations leave {drift.instead} instead; declare that"
        elif drift.missing_in == "migrations":
            way = "" if drift.column else f", or take {them} out of the model"
            message = f"{shown} of `{name}` {are} in the model, and no migration makes {them}; add the migration{way}"
        else:
            message = f"{shown} of `{name}` {are} left by the migrations, and the model does not know {them}; declare {them}, or drop {them} in a migration"
        return self.finding(place.path, place, message, symbol=place.symbol, evidence=there)


def _place(project: Project, drift: Drift) -> Place:
    if drift.key is not None and drift.key.line:
        return project.places.index(drift.declared, drift.key)
    return project.places.column(drift.declared, drift.column) if drift.column else project.places.table(drift.declared)
