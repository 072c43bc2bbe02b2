from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role, Severity
from backend_lint.facts.schema import Dialect
from backend_lint.project import Project
from backend_lint.project.schema.foreign_keys import Followed, Follows, Unindexed, between_large, is_sure, unindexed_keys

_SHOWN = 8


class UnindexedForeignKey(ProjectRule):
    """A foreign key has no index: each change of the parent reads the whole child table.

    ## What it does

    Finds foreign keys whose columns no index leads with, after models and all migrations. PostgreSQL, SQLite and Oracle do not index the referencing side of a
    foreign key; Django does unless told otherwise, and MySQL always does. A primary key, a unique constraint or a composite index that begins with the column
    counts, and so does a partial index that leaves out nulls only. Keys to short lists (countries, states) are left alone: nobody deletes those.

    It speaks where something follows the key from the parent: a query that finds rows by it, or reaches them from a parent's; code that loads a parent's
    children. Joins from a child to its parent do not count, nor queries that find the child's rows by an index, or better by another column. It is an
    information where requests or messages only delete parents, for which the database looks for children. Keys that nothing is known to follow are reported
    with the option `all`, whatever clause `ON DELETE` they have.

    The default profile speaks where requests to known routes, or messages that something sends, look the children up, and where the program makes such rows
    at work, parents too. `strict` adds keys of which that is not certain, such as those to a handful of parents, and those followed by deletes only.

    ## Why is this bad

    For every deleted parent the database looks for children, and without an index it reads the child table from end to end, with the parent's row locked.
    Joins from parent to child do the same.

    ## Example

    ```python
    # path: shop/tables.py
    from sqlalchemy import Column, ForeignKey, Integer, MetaData, Select, Table, select

    metadata = MetaData()
    customer = Table("customer", metadata, Column("id", Integer, primary_key=True))
    order = Table(
        "order",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("customer_id", Integer, ForeignKey("customer.id", ondelete="CASCADE")),
    )


    def orders(number: int) -> Select[tuple[int]]:
        return select(order.c.id).where(order.c.customer_id == number)
    ```

    ## Use instead

    ```python
    # path: shop/tables.py
    from sqlalchemy import Column, ForeignKey, Integer, MetaData, Select, Table, select

    metadata = MetaData()
    customer = Table("customer", metadata, Column("id", Integer, primary_key=True))
    order = Table(
        "order",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("customer_id", Integer, ForeignKey("customer.id", ondelete="CASCADE"), index=True),
    )


    def orders(number: int) -> Select[tuple[int]]:
        return select(order.c.id).where(order.c.customer_id == number)
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
        follows = Follows(project, found := [large for one in unindexed_keys(project) if (large := between_large(project, one)) is not None])
        for one in found:
            if not one.certain:
                project.note_unknown(self.name)
                continue
            followed = follows.of(one)
            if not (followed.queries or followed.loaded is not None or followed.deletes or self.option("all")):
                continue
            if self.shows(Profile.DEFAULT if is_sure(project, one, followed) else Profile.STRICT):
                yield self._finding(project, one, followed)

    def _finding(self, project: Project, one: Unindexed, followed: Followed) -> Finding:
        table, columns = one.table, one.columns
        at = project.places.column(table, columns[0])
        evidence = []
        for key in one.keys:
            if (parent := project.schema.table(key.table)) is not None:
                there = project.places.table(parent)
                clause = f", on delete {key.on_delete}" if key.on_delete else ""
                evidence += [Evidence(there.path, there.line, f"`{parent.name}` is the parent{clause}")] if there.path else []
        evidence += [Evidence(*place, "deletes a parent") for place in followed.deletes.values()]
        if followed.loaded is not None:
            evidence.append(Evidence(followed.loaded.path, followed.loaded.line, f"loads `{followed.loaded.name}`"))
        places = {(site.path, site.line): site for site in sorted(followed.queries, key=lambda site: not project.answers.is_awaited(site))}
        evidence += [Evidence(*place, f"looks rows up by it: {site.text[:100]}") for place, site in list(places.items())[:_SHOWN]]
        for index in table.indexes:
            if index.where_text and index.keys and index.keys[0].column in columns:
                evidence.append(Evidence(*project.places.index(table, index)[:2], f"`{index.name}` holds only rows with {index.where_text[:80]}"))
            elif any(key.column in columns for key in index.keys[1:]):
                evidence.append(Evidence(*project.places.index(table, index)[:2], f"`{index.name}` does not begin with it"))
        return self.finding(
            at.path,
            at,
            f"foreign key `{table.name}.{', '.join(columns)}` has no index: {_why(one, followed)}; index it",
            symbol=at.symbol,
            evidence=evidence,
            suggestion=project.answers.index_on(table, columns),
            severity=None if followed.queries or followed.loaded is not None else Severity.INFO,
        )


def _why(one: Unindexed, followed: Followed) -> str:
    whole = f"reads all of `{one.table.name}`"
    parents = " or ".join(f"`{key.table}`" for key in one.keys)
    each = f"each delete from {' or '.join(f'`{name}`' for name in followed.deletes)}"
    what = "each of these queries" if followed.queries else f"each load of `{followed.loaded.name}`" if followed.loaded is not None else ""
    if what:
        return f"{what} {whole}" + (f", and so does {each}" if followed.deletes else "")
    if followed.deletes:
        return f"{each} {whole}"
    return f"no query or delete seen here follows it, but any delete from {parents} {whole}"
