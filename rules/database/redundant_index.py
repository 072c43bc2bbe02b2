from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role, Severity
from backend_lint.facts.schema import Dialect, Implicit, Index, Table, TableKind
from backend_lint.project import Project
from backend_lint.project.asked_columns import asked_by_pattern
from backend_lint.project.schema.places import Place
from backend_lint.sql.keys import superseded


class RedundantIndex(ProjectRule):
    """An index serves nothing that another index does not serve.

    ## What it does

    Finds indexes that repeat another one or are its beginning: the same columns, in the same order and direction, with the same operator class, collation and
    condition; one that is longer by more than two columns counts as another, for it is much larger. A unique index is only reported where another unique one
    is on the very same columns. The index that a foreign key brings (Django) is reported
    with the option `foreign-keys` only, and in the profile `strict` one that a shared base class declares for all its tables, or
    beside which Django makes an index for patterns of a column that some query searches by its beginning.

    ## Why is this bad

    Every insert and update pays for each index, in time, in write-ahead log and in cache that queries could use. Of two that serve the same queries one is pure
    cost.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Order(models.Model):
        number = models.CharField(max_length=20)
        placed = models.DateTimeField()

        class Meta:
            app_label = "shop"
            indexes = [
                models.Index(fields=["placed"], name="order_placed"),
                models.Index(fields=["placed", "number"], name="order_placed_number"),
            ]
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Order(models.Model):
        number = models.CharField(max_length=20)
        placed = models.DateTimeField()

        class Meta:
            app_label = "shop"
            indexes = [models.Index(fields=["placed", "number"], name="order_placed_number")]
    ```

    ## When this is wrong

    The shorter index is much smaller than the longer one and is read so often that this matters, or it is there for index-only scans.

    ## Options

    - `foreign-keys`: also report the index that Django makes for a foreign key where a composite index begins with it (`db_index=False`). Default: false.

    ## References

    - [PostgreSQL: multicolumn indexes](https://www.postgresql.org/docs/current/indexes-multicolumn.html)
    """

    severity, precision, since = Severity.WARNING, "very-high", "0.2"
    fix = "patch"
    tags = ("database", "performance")
    roles = frozenset({Role.APPLICATION, Role.COMMAND, Role.SETTINGS, Role.MIGRATION})
    reads = frozenset({Role.MIGRATION})
    options = {"foreign-keys": False}

    def check(self, project: Project) -> Iterator[Finding]:
        for table in project.schema.tables.values():
            for index, other in superseded(table) if table.managed and table.kind is not TableKind.PARTITION else ():
                if index.implicit is Implicit.FOREIGN_KEY and not self.option("foreign-keys"):
                    continue
                place = project.places.index(table, index)
                if index.name == other.name or (project.places.model(table.name) is not None and project.files[place.path].role is Role.MIGRATION):
                    continue  # a library's model declares it: there is no line to change
                there = project.places.index(table, other)
                evidence = [Evidence(there.path, there.line, f"{_named(other)} is on {_keys(other)}")]
                cure = _cure(project, table, index, place)
                if asked_by_pattern(project, table, index) and not self.shows(Profile.STRICT):
                    continue
                if index.implicit is not Implicit.FOREIGN_KEY and project.places.is_inherited(table, place):
                    if not self.shows(Profile.STRICT):
                        continue  # other tables have it from the same line
                    evidence.append(Evidence(place.path, place.line, "the line that makes it, which other tables inherit"))
                    cure, place = f"declare `{index.keys[0].column}` again in this model, without an index", project.places.table(table)
                yield self.finding(
                    place.path,
                    place,
                    f"{_named(index)} of `{table.name}` serves nothing that {_named(other)} does not serve; {cure}",
                    symbol=place.symbol,
                    evidence=evidence,
                )


def _cure(project: Project, table: Table, index: Index, place: Place) -> str:
    """``db_index=False`` where the field of a Django model makes the index, its ``_like`` index for searches by prefix along with it."""
    column = index.keys[0].column if len(index.keys) == 1 else ""
    if not column or not table.source.startswith("django") or index.unique:
        return "drop it"
    field = project.places.column(table, column)
    if (field.path, field.line) != (place.path, place.line):
        return "drop it"
    known = table.column(column)
    text = known is not None and known.type.startswith(("varchar", "text")) and project.schema.dialect is Dialect.POSTGRESQL
    return "set db_index=False on the field" + (", which drops its `_like` index for searches by prefix too" if text else "")


def _keys(index: Index) -> str:
    return "(" + ", ".join((key.column or key.expression) + (" desc" if key.descending else "") for key in index.keys) + ")"


def _named(index: Index) -> str:
    kind = {Implicit.PRIMARY_KEY: "the primary key", Implicit.UNIQUE: "the unique constraint", Implicit.FOREIGN_KEY: "the foreign key's index"}
    what = kind.get(index.implicit, "unique index" if index.unique else "index")
    return f"{what} `{index.name}`" if index.name else f"{what} on {_keys(index)}"
