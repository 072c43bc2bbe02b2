from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Role, Severity
from backend_lint.facts.query import Site
from backend_lint.facts.schema import Dialect, Index
from backend_lint.project import Project
from backend_lint.project.schema.foreign_keys import Unindexed, deleted_rows, followed_by_models, unindexed_keys

_SHOWN = 8
_FOLLOWED = ("cascade", "set null", "set default")


class UnindexedForeignKey(ProjectRule):
    """A foreign key has no index: each change of the parent reads the whole child table.

    ## What it does

    Finds foreign keys whose columns no index leads with, after models and all migrations. PostgreSQL, SQLite and Oracle do not index the referencing side of a
    foreign key; Django does unless told otherwise, and MySQL always does. A primary key, a unique constraint or a composite index that begins with the column
    counts, and so does a partial index that leaves out nulls only. Keys to short lists (countries, states) are left alone: nobody deletes those.

    It speaks where something follows the key from the parent: the database itself (`ON DELETE CASCADE`, `SET NULL`), a relationship of the model, a query
    or a join of the project; as an information where the program deletes parents, and where the project indexes most of its other keys. Keys that nothing
    is known to follow are reported with the option `all`.

    ## Why is this bad

    For every deleted parent the database looks for children, and without an index it reads the child table from end to end, with the parent's row locked.
    Deleting ten thousand users reads a table of ten million orders ten thousand times. Joins from parent to child do the same.

    ## Example

    ```python
    # path: shop/models.py
    from sqlalchemy import ForeignKey
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


    class Base(DeclarativeBase):
        pass


    class Customer(Base):
        __tablename__ = "customer"
        id: Mapped[int] = mapped_column(primary_key=True)


    class Order(Base):
        __tablename__ = "order"
        id: Mapped[int] = mapped_column(primary_key=True)
        customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from sqlalchemy import ForeignKey
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


    class Base(DeclarativeBase):
        pass


    class Customer(Base):
        __tablename__ = "customer"
        id: Mapped[int] = mapped_column(primary_key=True)


    class Order(Base):
        __tablename__ = "order"
        id: Mapped[int] = mapped_column(primary_key=True)
        customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    ```

    ## When this is wrong

    Parents are never deleted and nobody joins towards the child: then an index only costs writes. A table that stays small needs none: name it in
    `[tool.backend-lint.database]`, key `rows`.

    ## Options

    - `all`: also report keys that nothing is known to follow. Default: false.

    ## References

    - [PostgreSQL: foreign keys](https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK)
    - [SQLite: indexes of the child key](https://www.sqlite.org/foreignkeys.html#fk_indexes)
    """

    severity, precision, since = Severity.WARNING, "very-high", "0.2"
    fix = "patch"
    tags = ("database", "performance")
    roles = frozenset({Role.APPLICATION, Role.COMMAND, Role.SETTINGS, Role.MIGRATION})
    reads = frozenset({Role.MIGRATION})
    options = {"all": False}

    def check(self, project: Project) -> Iterator[Finding]:
        if project.schema.dialect is Dialect.MYSQL:
            return
        found, usual = unindexed_keys(project)
        followed = followed_by_models(project)
        deleted = deleted_rows(project) if found else {}
        for one in found:
            if not one.certain:
                project.note_unknown(self.name)
                continue
            used = project.answers.looked_up(one.table.name, one.columns)
            certain = used or (one.table.name, one.columns) in followed or any(key.on_delete in _FOLLOWED for key in one.keys)
            gone = [deleted[key.table] for key in one.keys if key.table in deleted]
            if certain or usual or gone or self.option("all"):
                yield self._finding(project, one, used, gone, None if certain else Severity.INFO)

    def _finding(self, project: Project, one: Unindexed, used: list[Site], gone: list[tuple[str, int]], severity: Severity | None) -> Finding:
        table, columns = one.table, one.columns
        at = project.places.column(table, columns[0])
        evidence = []
        for key in one.keys:
            parent = project.schema.table(key.table)
            if parent is not None:
                there = project.places.table(parent)
                evidence.append(Evidence(there.path, there.line, f"`{parent.name}` is the parent" + (f", on delete {key.on_delete}" if key.on_delete else "")))
        evidence += [Evidence(*place, "deletes a parent") for place in gone]
        places = {(site.path, site.line): site for site in used}
        evidence += [Evidence(*place, f"looks rows up by it: {site.text[:100]}") for place, site in list(places.items())[:_SHOWN]]
        for index in table.indexes:
            if _holds(index, columns):
                evidence.append(Evidence(*project.places.index(table, index)[:2], f"`{index.name}` does not begin with it"))
        parents = " or ".join(f"`{key.table}`" for key in one.keys)
        why = f"each of these queries reads all of `{table.name}`" if used else f"following it from {parents} reads all of `{table.name}`"
        return self.finding(
            at.path,
            at,
            f"foreign key `{table.name}.{', '.join(columns)}` has no index: {why}, and so does each delete there; index it",
            symbol=at.symbol,
            evidence=evidence,
            suggestion=project.answers.index_on(table, columns),
            severity=severity,
        )


def _holds(index: Index, columns: tuple[str, ...]) -> bool:
    return any(key.column in columns for key in index.keys[1:])
