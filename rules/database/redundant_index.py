from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role, Severity
from backend_lint.facts.schema import Dialect, Implicit, Index, Table, TableKind
from backend_lint.project import Project
from backend_lint.project.asked_columns import asked_by_pattern
from backend_lint.project.schema.places import Place
from backend_lint.sql.keys import listed, named, superseded

_DROP = "drop it"


class _Superfluous(NamedTuple):
    short: Index
    other: Index
    place: Place
    evidence: list[Evidence]
    cure: str


class RedundantIndex(ProjectRule):
    """An index serves nothing that another index does not serve.

    ## What it does

    Finds indexes that repeat another one or are its beginning: the same columns, in the same order and direction, with the same operator class, collation and
    condition; one that is longer by more than two columns counts as another, for it is much larger. A unique index is only reported where another unique one
    is on the very same columns. The index that a foreign key brings (Django) is reported with the option `foreign-keys` only. Those of one table that are
    to be dropped are one finding. The default profile speaks of tables to which the service adds rows; `strict` of all, also of an index that a shared base
    class declares, or beside which Django makes one for patterns of a column that some query searches by its beginning.

    ## Why is this bad

    Every insert and update pays for each index, in time, in write-ahead log and in cache that queries could use.

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
        strict = self.shows(Profile.STRICT)
        for table in project.schema.tables.values():
            pairs = list(superseded(table)) if table.managed and table.kind is not TableKind.PARTITION else []
            if not pairs or not (strict or project.growing.is_written(table)):
                continue
            plain: list[_Superfluous] = []
            for index, other in pairs:
                if index.implicit is Implicit.FOREIGN_KEY and not self.option("foreign-keys"):
                    continue
                place = project.places.index(table, index)
                if index.name == other.name or (project.places.model(table.name) is not None and project.files[place.path].role is Role.MIGRATION):
                    continue  # a library's model declares it: there is no line to change
                if not strict and (asked_by_pattern(project, table, index) or any(key.expression for key in other.keys[len(index.keys) :])):
                    continue
                there = project.places.index(table, other)
                evidence = [Evidence(there.path, there.line, f"{named(other)} is on {listed(other)}")]
                found = _Superfluous(index, other, place, evidence, _cure(project, table, index, place))
                if index.implicit is Implicit.FOREIGN_KEY or not project.places.is_inherited(table, place, index):
                    plain.append(found)
                elif strict:
                    evidence.append(Evidence(place.path, place.line, "the line that makes it, which other tables inherit"))
                    cure = f"declare `{index.keys[0].column}` again in this model, without an index"
                    yield self._one(table, found._replace(place=project.places.table(table), cure=cure))
            if len(plain) > 1 and all(one.cure == _DROP for one in plain):
                yield self._several(table, plain)
            else:
                yield from (self._one(table, one) for one in plain)

    def _one(self, table: Table, one: _Superfluous) -> Finding:
        message = f"{named(one.short)} of `{table.name}` serves nothing that {named(one.other)} does not serve; {one.cure}"
        return self.finding(one.place.path, one.place, message, symbol=one.place.symbol, evidence=one.evidence)

    def _several(self, table: Table, found: list[_Superfluous]) -> Finding:
        place = found[0].place
        names = [named(one.short).removeprefix("index ") for one in found]
        evidence = [Evidence(one.place.path, one.place.line, f"{named(one.short)} is here, and {named(one.other)} is on {listed(one.other)}") for one in found]
        message = f"the indexes {', '.join(names[:-1])} and {names[-1]} of `{table.name}` serve nothing that others of its indexes do not serve; drop them"
        return self.finding(place.path, place, message, symbol=place.symbol, evidence=evidence)


def _cure(project: Project, table: Table, index: Index, place: Place) -> str:
    """``db_index=False`` where the field of a Django model makes the index, its ``_like`` index for searches by prefix along with it."""
    column = index.keys[0].column if len(index.keys) == 1 else ""
    if not column or not table.source.startswith("django") or index.unique:
        return _DROP
    field = project.places.column(table, column)
    if (field.path, field.line) != (place.path, place.line):
        return _DROP
    known = table.column(column)
    text = known is not None and known.type.startswith(("varchar", "text")) and project.schema.dialect is Dialect.POSTGRESQL
    return "set db_index=False on the field" + (", which drops its `_like` index for searches by prefix too" if text else "")
