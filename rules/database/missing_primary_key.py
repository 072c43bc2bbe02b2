from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Role, Severity
from backend_lint.facts.ddl import CreateTable
from backend_lint.facts.schema import Table, TableKind
from backend_lint.project import Project

_PASSING = re.compile(
    r"(?:^|[_.])(?:staging|stage|stg|tmp|temp|temporary|raw|imports?|logs?|audit|history|metrics|events_raw|backup|bak|old|archive)(?:$|_)"
)


class MissingPrimaryKey(ProjectRule):
    """A table has neither a primary key nor a unique key without nulls.

    ## What it does

    Finds tables without a primary key and without any unique index. Views (as is what a class stands for
    whose key only its `__mapper_args__` name), partitions, tables for staging, logs and backups by their name, and those that a migration fills are left out.
    So are tables of which not all is known, and scripts of SQL beside the models of an ORM.

    ## Why is this bad

    Nothing stops the same row from being stored twice, and then no statement can address one of the two. Logical replication refuses updates and deletes of the
    table, or reads it from end to end for each; an association table without a key links the same pair twice.

    ## Example

    ```python
    # path: shop/models.py
    from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table

    metadata = MetaData()
    product = Table("product", metadata, Column("id", Integer, primary_key=True))
    tag = Table("tag", metadata, Column("id", Integer, primary_key=True))
    product_tag = Table(
        "product_tag",
        metadata,
        Column("product_id", ForeignKey("product.id"), index=True),
        Column("tag_id", ForeignKey("tag.id"), index=True),
    )
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table

    metadata = MetaData()
    product = Table("product", metadata, Column("id", Integer, primary_key=True))
    tag = Table("tag", metadata, Column("id", Integer, primary_key=True))
    product_tag = Table(
        "product_tag",
        metadata,
        Column("product_id", ForeignKey("product.id"), primary_key=True),
        Column("tag_id", ForeignKey("tag.id"), primary_key=True, index=True),
    )
    ```

    ## When this is wrong

    Rows are only appended and read in bulk, and doubles do no harm.

    ## References

    - [PostgreSQL: replica identity](https://www.postgresql.org/docs/current/logical-replication-publication.html#LOGICAL-REPLICATION-PUBLICATION-REPLICA-IDENTITY)
    """

    severity, precision, since = Severity.WARNING, "very-high", "0.2"
    fix = "patch"
    tags = ("database", "correctness")
    roles = frozenset({Role.APPLICATION, Role.COMMAND, Role.SETTINGS, Role.MIGRATION})
    reads = frozenset({Role.MIGRATION})

    def check(self, project: Project) -> Iterator[Finding]:
        steps = (one for history in project.schema.histories for done in history.done.values() for one in done)
        copies = {one.table for one in steps if isinstance(one.change, CreateTable) and one.change.like}  # their keys may be copied apart
        for table in project.schema.tables.values():
            if table.primary_key or table.kind is not TableKind.TABLE or not table.managed or not table.columns or _is_filled_once(table):
                continue
            if table.unknown or table.name in copies:
                project.note_unknown(self.name)
            elif not any(index.unique for index in table.indexes) and not _is_aside(project, table):
                yield self._finding(project, table)

    def _finding(self, project: Project, table: Table) -> Finding:
        place = project.places.table(table)
        links = [column for key in table.foreign_keys for column in key.columns]
        pair = len(links) == 2 and len(table.columns) <= 3
        what = f"nothing stops it from linking the same pair twice; make ({', '.join(links)}) its primary key" if pair else "rows can double; give it one"
        evidence = []
        declared = project.schema.declared.get(table.name)
        if declared is not None and declared.primary_key and declared.path != table.path:
            what = f"the model declares ({', '.join(declared.primary_key)}), and no migration makes it; add one"
            evidence.append(Evidence(table.path, table.line, "the migrations make the table here, without a key"))
        for key in table.foreign_keys[:2] if pair else ():
            there = project.places.column(table, key.columns[0])
            evidence.append(Evidence(there.path, there.line, f"`{key.columns[0]}` refers to `{key.table}`"))
        return self.finding(place.path, place, f"table `{table.name}` has no primary key: {what}", symbol=place.symbol, evidence=evidence)


def _is_filled_once(table: Table) -> bool:
    """It is there for a while or to be read in bulk, or a migration puts its row into it: a mark, a version, a switch."""
    return _PASSING.search(table.name.lower()) is not None or (table.seeded and not table.foreign_keys)


def _is_aside(project: Project, table: Table) -> bool:
    """A script of SQL makes it, in a project whose tables are those of its models."""
    return table.path.endswith(".sql") and bool(project.schema.mapped) and project.places.model(table.name) is None
