"""The models of a market: every kind of mapping that the questions ask of."""

from __future__ import annotations

import datetime
import enum

from sqlalchemy import JSON, Boolean, Column, Computed, DateTime, Enum, ForeignKey, Index, Integer, MetaData, Numeric, String, Table, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, backref, mapped_column, relationship

metadata = MetaData()


class Base(DeclarativeBase):
    metadata = metadata


class Status(enum.Enum):
    NEW = "new"
    PAID = "paid"
    SENT = "sent"


class Timestamped:
    created_at: Mapped[datetime.datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime.datetime | None] = mapped_column(DateTime(timezone=True))


membership = Table(
    "membership",
    metadata,
    Column("account_id", ForeignKey("account.id"), primary_key=True),
    Column("team_id", ForeignKey("team.id"), primary_key=True),
)
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("actor", String(100), index=True),
    Column("subject", String(100)),
    Column("at", DateTime),
    Index("ix_audit_subject_at", "subject", "at"),
)


class Team(Base):
    __tablename__ = "team"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    accounts: Mapped[list[Account]] = relationship(secondary=membership, back_populates="teams")


class Account(Timestamped, Base):
    __tablename__ = "account"
    __table_args__ = (
        Index("ix_account_lower_email", func.lower(text("email"))),
        Index("ix_account_active_city", "city", postgresql_where=text("active")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    first_name: Mapped[str] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100), index=True)
    city: Mapped[str | None] = mapped_column(String(100))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    age: Mapped[int] = mapped_column(Integer)
    referrer_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    settings: Mapped[dict[str, object]] = mapped_column(JSONB)
    extra: Mapped[dict[str, object]] = mapped_column(JSON)
    labels: Mapped[list[str]] = mapped_column(ARRAY(String))
    token: Mapped[str | None] = mapped_column(UUID(as_uuid=False))
    nickname: Mapped[str | None] = mapped_column("nick_name", String(60))
    referrer: Mapped[Account | None] = relationship(remote_side=[id], backref="referred")  # noqa: A003
    orders: Mapped[list[Order]] = relationship(back_populates="account")
    latest = relationship("Order", lazy="dynamic", viewonly=True, order_by="Order.placed_at.desc()")
    teams: Mapped[list[Team]] = relationship(secondary=membership, back_populates="accounts")
    addresses: Mapped[list[Address]] = relationship(back_populates="account", cascade="all, delete-orphan")

    @hybrid_property
    def full_name(self) -> str:
        return self.first_name + " " + self.last_name

    @hybrid_property
    def adult(self) -> bool:
        return self.age >= 18

    @hybrid_property
    def mail(self) -> str:
        return self.email

    @mail.expression
    def mail(cls):  # noqa: N805
        return func.lower(cls.email)


class Address(Base):
    __tablename__ = "address"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    street: Mapped[str] = mapped_column(String(200))
    zip_code: Mapped[str] = mapped_column("zip", String(20))
    account: Mapped[Account] = relationship(back_populates="addresses")


class Order(Timestamped, Base):
    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_account_placed", "account_id", "placed_at"),
        Index("ix_orders_open", "number", postgresql_where=text("closed_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    billing_id: Mapped[int | None] = mapped_column(ForeignKey("address.id"))
    status: Mapped[Status] = mapped_column(Enum(Status, native_enum=False, length=10))
    total: Mapped[float] = mapped_column(Numeric(10, 2))
    placed_at: Mapped[datetime.datetime] = mapped_column(DateTime)
    closed_at: Mapped[datetime.datetime | None] = mapped_column(DateTime)
    note: Mapped[str | None] = mapped_column(Text)
    account: Mapped[Account] = relationship(back_populates="orders", foreign_keys=[account_id])
    billing: Mapped[Address | None] = relationship()
    items: Mapped[list[Item]] = relationship(back_populates="order")


class Product(Base):
    __tablename__ = "product"

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    price: Mapped[float] = mapped_column(Numeric(10, 2), index=True)
    stock: Mapped[int] = mapped_column(Integer)
    double_stock: Mapped[int] = mapped_column(Integer, Computed("stock * 2", persisted=True))
    category: Mapped[Category | None] = relationship(backref=backref("products"))


class Category(Base):
    __tablename__ = "category"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)
    parent: Mapped[Category | None] = relationship(remote_side=[id], back_populates="children")  # noqa: A003
    children: Mapped[list[Category]] = relationship(back_populates="parent")


class Item(Base):
    __tablename__ = "item"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    quantity: Mapped[int] = mapped_column(Integer)
    order: Mapped[Order] = relationship(back_populates="items")
    product: Mapped[Product] = relationship()


class Person(Base):
    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(100))
    phone: Mapped[str | None] = mapped_column(String(30), index=True)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}


class Seller(Person):
    __tablename__ = "seller"

    id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    region: Mapped[str] = mapped_column(String(50))
    license: Mapped[str] = mapped_column(String(50), index=True)
    __mapper_args__ = {"polymorphic_identity": "seller"}
