# ruff: noqa: A003, N805
"""Rarer ways to declare: two keys to one table, tables of tables, concrete inheritance, table arguments of mixins, conditions in Python."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import ARRAY, BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.ext.associationproxy import association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, backref, column_property, declared_attr, foreign, mapped_column, query_expression, relationship, remote
from sqlalchemy.types import UserDefinedType

PREFIX = "more_"
TABLE_OPTIONS = {"comment": "more"}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention={"uq": "%(table_name)s_%(column_0_N_name)s_unique", "ix": "idx_%(column_0_label)s"})


class Tsv(UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **options):
        return "tsvector"


class Tenanted:
    tenant = Column(String(20), nullable=False)

    @declared_attr
    def __table_args__(cls):
        return (Index(f"ix_{cls.__tablename__}_tenant", "tenant"), UniqueConstraint("tenant", "id"))


class Keyed:
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, sort_order=-1)


class City(Tenanted, Keyed, Base):
    __tablename__ = PREFIX + "cities"

    name: Mapped[str] = mapped_column(Text)
    twins = relationship("City", secondary="more_twins", primaryjoin="City.id == more_twins.c.left_id", secondaryjoin="City.id == more_twins.c.right_id")
    departures = relationship("Flight", foreign_keys="Flight.origin_id", back_populates="origin")
    arrivals = relationship("Flight", primaryjoin=lambda: City.id == foreign(Flight.target_id), viewonly=True)
    label = column_property(sa.func.upper(sa.text("name")))
    hint: Mapped[str] = query_expression()
    flight_codes = association_proxy("departures", "code")

    @hybrid_property
    def loud(self):
        return self.name.upper()


twins = Table(
    "more_twins",
    Base.metadata,
    Column("left_id", ForeignKey("more_cities.id"), primary_key=True),
    Column("right_id", ForeignKey("more_cities.id"), primary_key=True),
)


class Flight(Keyed, Base):
    __tablename__ = f"{PREFIX}flights"

    origin_id: Mapped[int] = mapped_column(ForeignKey("more_cities.id"), index=True)
    target_id: Mapped[int | None] = mapped_column(ForeignKey(City.id, ondelete="SET NULL", name="fk_flight_target"))
    code: Mapped[str] = mapped_column(String(8), unique=True, index=True)
    cancelled: Mapped[bool | None] = mapped_column(Boolean)
    seats: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    state: Mapped[str] = mapped_column(Text)
    search = mapped_column(Tsv, nullable=True)
    token = mapped_column(Uuid)
    origin: Mapped[City] = relationship(foreign_keys=[origin_id], back_populates="departures")
    target: Mapped[City | None] = relationship(foreign_keys=target_id)

    __table_args__ = (
        Index("ix_flights_running", "origin_id", postgresql_where=sa.and_(cancelled.column.is_(None), state.column.in_(["a", "b"]))),
        Index("ix_flights_odd", "target_id", unique=True, postgresql_where=(state.column != "x")),
        Index("ix_flights_off", sa.desc("code"), postgresql_where=~cancelled.column),
        Index("ix_flights_day", sa.func.coalesce(sa.text("target_id"), sa.text("origin_id")), "code"),
        Index("ix_flights_text", sa.cast(origin_id.column, Text)),
        CheckConstraint("target_id <> origin_id", name="elsewhere"),
        TABLE_OPTIONS,
    )


class Seat(Base):
    __table__ = Table(
        "more_seats",
        Base.metadata,
        Column("flight_id", ForeignKey("more_flights.id", ondelete="CASCADE"), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("row", String(2), key="line"),
        Index(None, "line", "number"),
    )

    flight = relationship(Flight, backref=backref("places", order_by="Seat.number", cascade="all"))


class Node(Base):
    __tablename__ = "more_nodes"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("more_nodes.id"))
    parent: Mapped[Node | None] = relationship(remote_side=[id], backref="children")
    path: Mapped[str] = mapped_column(String(50), server_default="")
    siblings = relationship("Node", primaryjoin=lambda: foreign(Node.parent_id) == remote(Node.parent_id), viewonly=True, uselist=True)


class Vehicle(Base):
    __tablename__ = "more_vehicles"

    id = mapped_column(Integer, primary_key=True)
    name = mapped_column(String(50))


class Car(Vehicle):
    """Concrete: nothing is shared."""

    __tablename__ = "more_cars"
    __mapper_args__ = {"concrete": True}

    id = mapped_column(Integer, primary_key=True)
    name = mapped_column(String(40))
    doors = mapped_column(Integer)


class Abstract(Base):
    __abstract__ = True

    ref = mapped_column(String(12), unique=True)

    @declared_attr
    def id(cls):
        return mapped_column(Integer, primary_key=True)

    @declared_attr.directive
    def __tablename__(cls):
        return PREFIX + cls.__name__.lower() + "s"


class Thing(Abstract):
    size = mapped_column(Integer, index=True)


class Gadget(Abstract):
    thing_id = mapped_column(ForeignKey(Thing.id), nullable=False)
    thing = relationship("Thing", backref=backref("gadget", uselist=False))


Index("ix_gadgets_either", Gadget.thing_id, postgresql_where=sa.or_(Gadget.ref.is_(None), Gadget.id > 5))


class Stamped:
    stamp: Mapped[str] = mapped_column(String(20), index=True)
    public = Column(String(20), unique=True)

    @declared_attr
    def noted(cls) -> Mapped[str]:
        return mapped_column(String(20), index=True)


class Party(Stamped, Base):
    """Mixin columns stay in the table of the class that has the mixin, as do its table arguments."""

    __tablename__ = "more_parties"
    __table_args__ = (Index("ix_parties_kind_stamp", "kind", "stamp"),)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "party"}

    id = mapped_column(Integer, primary_key=True)
    kind = mapped_column(String(10))


class Firm(Party):
    __tablename__ = "more_firms"
    __mapper_args__ = {"polymorphic_identity": "firm"}

    id = mapped_column(ForeignKey(Party.id), primary_key=True)
    company = mapped_column(String(40), unique=True)
