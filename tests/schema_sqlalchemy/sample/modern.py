# ruff: noqa: A003, N805, UP037, UP045
"""Models in the style of SQLAlchemy 2: annotated columns, a type map, `Annotated` columns, dataclasses."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from typing import Annotated, Any, Literal, Optional

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, MetaData, String, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, DynamicMapped, Mapped, MappedAsDataclass, WriteOnlyMapped, declared_attr, mapped_column, registry, relationship

big = Annotated[int, mapped_column(BigInteger, primary_key=True)]
label = Annotated[str, mapped_column(String(50), index=True)]
stamp = Annotated[datetime.datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
short = Annotated[str, 30]
company_key = Annotated[int, mapped_column(ForeignKey("modern_company.id", ondelete="RESTRICT"), index=True)]


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


class Base(DeclarativeBase):
    metadata = MetaData()
    type_annotation_map = {dict[str, Any]: JSONB, short: String(30), decimal.Decimal: String(64)}

    @declared_attr.directive
    def __tablename__(cls) -> str:
        return "modern_" + cls.__name__.lower()


class Audited:
    created: Mapped[stamp]
    changed: Mapped[Optional[datetime.datetime]] = mapped_column(index=True)


class Company(Audited, Base):
    id: Mapped[big]
    name: Mapped[label]
    site: Mapped[str | None]
    level: Mapped[Level]
    state: Mapped[Literal["new", "old"]] = mapped_column(String(3))
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    extra: Mapped[dict[str, Any]]
    rank: Mapped[short | None]
    worth: Mapped[decimal.Decimal]
    employees: Mapped[list[Employee]] = relationship(back_populates="company", cascade="all, delete-orphan")
    projects: DynamicMapped[Project] = relationship(back_populates="company")
    events: WriteOnlyMapped[Event] = relationship()
    badge: Mapped[Optional[Badge]] = relationship(back_populates="company", lazy="raise")

    __table_args__ = (Index("ix_company_active_name", "active", func.upper(text("name"))),)


class Badge(Base):
    company_id: Mapped[int] = mapped_column(ForeignKey("modern_company.id"), primary_key=True)
    text: Mapped[str] = mapped_column(Text, deferred=True)
    company: Mapped[Company] = relationship(back_populates="badge")


class Employee(Base):
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    company_id: Mapped[company_key]
    mentor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("modern_employee.id", ondelete="SET NULL"))
    born: Mapped[datetime.date]
    salary: Mapped[float | None]
    deleted: Mapped[datetime.datetime | None]
    search: Mapped[Any] = mapped_column(TSVECTOR, nullable=True)
    company: Mapped["Company"] = relationship(back_populates="employees", lazy="joined")
    mentor: Mapped[Employee | None] = relationship(remote_side="Employee.id", back_populates="pupils")
    pupils: Mapped[list[Employee]] = relationship(back_populates="mentor")
    projects: Mapped[set[Project]] = relationship(secondary=lambda: Assignment.__table__, back_populates="team", viewonly=True)
    assignments: Mapped[list["Assignment"]] = relationship(back_populates="employee")

    __table_args__ = (
        UniqueConstraint("company_id", "born", postgresql_nulls_not_distinct=True),
        Index("ix_employee_live", "company_id", "born", unique=True, postgresql_where=text("deleted IS NULL AND born IS NOT NULL")),
        Index("ix_employee_search", "search", postgresql_using="gin"),
        Index(None, "salary", "born"),
    )


class Project(Base):
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    company_id: Mapped[company_key]
    title: Mapped[str] = mapped_column(String(120), unique=True)
    company: Mapped[Company] = relationship(back_populates="projects")
    team: Mapped[set[Employee]] = relationship(secondary="modern_assignment", back_populates="projects", viewonly=True)

    __table_args__ = (Index("ix_project_title_lower", func.lower(title), unique=True), Index("ix_project_newest", id.desc().nullslast()))


class Assignment(Base):
    employee_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(Employee.id), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(Project.id), primary_key=True)
    role: Mapped[str | None] = mapped_column(String(20))
    employee: Mapped[Employee] = relationship(back_populates="assignments")
    project: Mapped[Project] = relationship()


class Event(Base):
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("modern_company.id"))
    kind: Mapped[str]
    payload: Mapped[bytes]
    at: Mapped[datetime.time]
    took: Mapped[datetime.timedelta]
    __mapper_args__ = {"polymorphic_on": "kind"}


class Login(Event):
    __tablename__ = None
    __mapper_args__ = {"polymorphic_identity": "login"}
    address: Mapped[str | None] = mapped_column(String(45), use_existing_column=True)


class Purchase(Event):
    __mapper_args__ = {"polymorphic_identity": "purchase"}
    id: Mapped[int] = mapped_column(ForeignKey("modern_event.id"), primary_key=True)
    total: Mapped[int]


data = registry(metadata=MetaData(schema="modern_data"), type_annotation_map={str: String(77)})


@data.mapped_as_dataclass
class Point:
    __tablename__ = "points"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    name: Mapped[str]
    line_id: Mapped[int | None] = mapped_column(ForeignKey("lines.id"), default=None)


@data.mapped
class Line:
    __tablename__ = "lines"

    id: Mapped[int] = mapped_column(primary_key=True)
    points: Mapped[list[Point]] = relationship()


class DataBase(MappedAsDataclass, DeclarativeBase):
    metadata = Base.metadata


class Setting(DataBase):
    __tablename__ = "modern_setting"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str | None] = mapped_column(default=None)
