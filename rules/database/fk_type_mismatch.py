from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role, Severity
from backend_lint.facts.schema import Column, ForeignKey, Table
from backend_lint.project import Project
from backend_lint.sql.types import base, is_text

_LISTS = frozenset({"tinyint", "smallint"})
"""Types that somebody chose for the key of a short list."""
_NUMBERS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}


class FkTypeMismatch(ProjectRule):
    """A foreign key column has another type than the key it refers to.

    ## What it does

    Compares the type of each foreign key column with that of the column it refers to, after models and migrations: a 32-bit integer that refers to a 64-bit
    one, a number or a text that refers to a UUID. Lengths of texts and precision of numbers do not count, and a column whose type is not known is left
    alone.

    ## Why is this bad

    A narrower column refuses the first parent whose key does not fit, years later and in production: inserts of children fail while parents still get in.
    Where the types differ in kind, every join converts values, and some databases cannot use the index for it.

    ## Example

    ```python
    # path: shop/models.py
    from sqlalchemy import BigInteger, ForeignKey, Integer
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


    class Base(DeclarativeBase):
        pass


    class Customer(Base):
        __tablename__ = "customer"
        id: Mapped[int] = mapped_column(BigInteger, primary_key=True)


    class Order(Base):
        __tablename__ = "order"
        id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
        customer_id: Mapped[int] = mapped_column(Integer, ForeignKey("customer.id"), index=True)
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from sqlalchemy import BigInteger, ForeignKey
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


    class Base(DeclarativeBase):
        pass


    class Customer(Base):
        __tablename__ = "customer"
        id: Mapped[int] = mapped_column(BigInteger, primary_key=True)


    class Order(Base):
        __tablename__ = "order"
        id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
        customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    ```

    ## When this is wrong

    The migration that widens the column is under way. SQLite does not care about integer widths and is not checked for them.

    ## References

    - [PostgreSQL: integer types](https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-INT)
    """

    severity, precision, since = Severity.WARNING, "very-high", "0.2"
    tags = ("database", "correctness")
    roles = frozenset({Role.APPLICATION, Role.COMMAND, Role.SETTINGS, Role.MIGRATION})
    reads = frozenset({Role.MIGRATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for table in project.schema.tables.values():
            for key in table.foreign_keys:
                parent = project.schema.table(key.table)
                if parent is None or not table.managed or not parent.managed or len(key.columns) != len(key.to_columns):
                    continue
                if table.unknown or parent.unknown or not project.schema.is_meant(parent.name, table.path):
                    project.note_unknown(self.name)
                    continue
                if table.source.startswith("django") and parent.source.startswith("django"):
                    continue  # Django gives every key the type of what it refers to, whatever class the field is of
                for own, other in zip(key.columns, key.to_columns, strict=True):
                    yield from self._compare(project, table, key, own, parent, other)

    def _compare(self, project: Project, table: Table, key: ForeignKey, own: str, parent: Table, other: str) -> Iterator[Finding]:
        child_column, parent_column = table.column(own), parent.column(other)
        if child_column is None or parent_column is None or not child_column.type or not parent_column.type:
            return
        if not (_agreed(project, table, child_column) and _agreed(project, parent, parent_column)):
            project.note_unknown(self.name)
            return
        wrong = _differ(child_column.type, parent_column.type, project.schema.dialect.value)
        if not wrong or (base(child_column.type) in _LISTS and not self.shows(Profile.STRICT)):
            return
        place, there = project.places.column(table, own), project.places.column(parent, other)
        yield self.finding(
            place.path,
            place,
            f"`{table.name}.{own}` is {child_column.type}, `{parent.name}.{other}` it refers to is {parent_column.type}: {wrong}; give both one type",
            symbol=place.symbol,
            evidence=(Evidence(there.path, there.line, f"`{parent.name}.{other}` is {parent_column.type}"),),
        )


def _agreed(project: Project, table: Table, column: Column) -> bool:
    """The model, if there is one, declares the type that migrations leave; else one of the two was not read right."""
    declared = project.schema.declared.get(table.name)
    own = declared.column(column.name) if declared is not None else None
    return own is None or not own.type or base(own.type) == base(column.type)


def _differ(child: str, parent: str, dialect: str) -> str:
    """What goes wrong between two types; empty if nothing does, or nobody knows."""
    own, other = base(child), base(parent)
    if own in _NUMBERS and other in _NUMBERS:
        if dialect == "sqlite" or _NUMBERS[own] >= _NUMBERS[other]:
            return ""
        return f"a parent beyond {2 ** (_NUMBERS[own] - 1) - 1} cannot be referred to"
    kinds = [_kind(child), _kind(parent)]
    if "" in kinds or kinds[0] == kinds[1] or dialect == "sqlite":
        return ""
    return "every join converts one side"


def _kind(type_: str) -> str:
    name = base(type_)
    if name in _NUMBERS or name == "numeric":
        return "number"
    return "text" if is_text(type_) else "uuid" if name == "uuid" else ""
