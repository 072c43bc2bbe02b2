from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Kind, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.migrating import Runner
from backend_lint.project.migrating.application_code import imported
from backend_lint.project.schema.places import Place


class MigrationImportsAppModel(ProjectRule):
    """A migration works with the application's models as they are today.

    ## What it does

    Reports models, and functions that use the database, which the functions of a migration take from the application instead of `apps.get_model`
    (Django) or a table that is written down in the migration (Alembic). Bases, validators and `upload_to` functions in operations are left alone:
    Django writes them itself.

    ## Why is this bad

    The migration runs again on each new database, in each test and on each installation that comes later, with the model of that day: it names columns
    that the table does not have yet, and fails, although it did not change.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Order(models.Model):
        state = models.CharField(max_length=10)
    # path: shop/migrations/0002_state.py
    from django.db import migrations

    from shop.models import Order


    def close(apps, schema_editor):
        Order.objects.filter(pk=1).update(state="closed")


    class Migration(migrations.Migration):
        dependencies = []
        operations = [migrations.RunPython(close, migrations.RunPython.noop)]
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Order(models.Model):
        state = models.CharField(max_length=10)
    # path: shop/migrations/0002_state.py
    from django.db import migrations


    def close(apps, schema_editor):
        Order = apps.get_model("shop", "Order")
        Order.objects.filter(pk=1).update(state="closed")


    class Migration(migrations.Migration):
        dependencies = []
        operations = [migrations.RunPython(close, migrations.RunPython.noop)]
    ```

    In Alembic: `orders = sa.table("orders", sa.column("state"))`.

    ## When this is wrong

    The function that is called works with any state of the schema.

    ## References

    - [Django: data migrations](https://docs.djangoproject.com/en/stable/topics/migrations/#data-migrations)
    """

    severity, precision, since = Severity.ERROR, "high", "0.3"
    tags = ("database", "correctness")
    kinds = (Kind.PYTHON, Kind.SQL)
    roles = frozenset({Role.MIGRATION, Role.APPLICATION, Role.SETTINGS, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        for migration in project.migrations.judged:
            if not migration.runner.is_python:
                continue
            django = migration.runner is Runner.DJANGO
            remedy = 'take it from apps.get_model("app", "Model")' if django else "write down the table with sa.table in the migration"
            for found in imported(project, migration.node):
                if found.model:
                    message = f"the migration uses the model `{found.name}` as it is today, not as it was then; {remedy}"
                else:
                    message = f"the migration calls `{found.name}`, which works with today's models; copy what it needs into the migration"
                evidence = (Evidence(*found.there, "it is defined here, and changes with the application"),)
                yield self.finding(migration.path, Place(migration.path, found.line), message, evidence=evidence)
