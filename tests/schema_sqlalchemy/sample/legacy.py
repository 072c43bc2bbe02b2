# ruff: noqa: A003, N805
"""Models in the style of SQLAlchemy 1.4: a declarative base with a naming convention, mixins, inheritance, helpers that make columns."""

import enum
import functools
import re

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.declarative import declared_attr
from sqlalchemy.orm import backref, declarative_base, relationship, synonym

convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
Base = declarative_base(metadata=sa.MetaData(naming_convention=convention))
Required = functools.partial(sa.Column, nullable=False)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Upper(sa.types.TypeDecorator):
    """A type of the project's own."""

    impl = sa.String
    cache_ok = True


class AnyUUID(sa.types.TypeDecorator):
    """The recipe for identifiers on every database."""

    impl = sa.CHAR
    cache_ok = True

    def load_dialect_impl(self, dialect):
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID())
        return dialect.type_descriptor(sa.CHAR(32))


def underscored(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def money(**options):
    return sa.Column(sa.Numeric(12, 2), **options)


class Named:
    @declared_attr
    def __tablename__(cls):
        return f"legacy_{underscored(cls.__name__)}s"


class Stamped:
    created = sa.Column(sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False, index=True)
    changed = sa.Column(sa.DateTime, nullable=True)


class Owned:
    @declared_attr
    def owner_id(cls):
        return sa.Column(sa.ForeignKey("legacy_people.id", ondelete="CASCADE"), index=True)

    @declared_attr
    def owner(cls):
        return relationship("Person", foreign_keys=[cls.owner_id])


class Person(Stamped, Base):
    __tablename__ = "legacy_people"

    id = sa.Column(sa.Integer, primary_key=True)
    email = sa.Column("email_address", sa.String(200), unique=True, nullable=False)
    name = Required(sa.Unicode(80))
    login = synonym("name")
    code = sa.Column(Upper(8), index=True, unique=True)
    color = sa.Column(sa.Enum(Color), server_default="RED")
    manager_id = sa.Column(sa.Integer, sa.ForeignKey("legacy_people.id"))
    reports = relationship("Person", backref=backref("manager", remote_side=[id]))
    groups = relationship("UserGroup", secondary="legacy_members", back_populates="people", lazy="selectin")
    notes = relationship("Note", back_populates="author", lazy="dynamic", foreign_keys="Note.author_id")

    __table_args__ = (
        sa.Index("ix_people_lower_email", sa.func.lower(email)),
        sa.Index("ix_people_recent", sa.text("created DESC"), "name"),
        sa.CheckConstraint("length(name) > 0", name="name_given"),
    )


class UserGroup(Named, Stamped, Base):
    id = sa.Column(sa.BigInteger, primary_key=True)
    title = sa.Column(sa.Text, nullable=False)
    tags = sa.Column(postgresql.ARRAY(sa.String(20)), nullable=False, server_default="{}")
    people = relationship("Person", secondary="legacy_members", back_populates="groups")

    __table_args__ = (
        sa.Index("ix_groups_tags", "tags", postgresql_using="gin"),
        sa.Index("ix_groups_title_pattern", "title", postgresql_ops={"title": "text_pattern_ops"}),
        {"comment": "groups of people"},
    )


members = sa.Table(
    "legacy_members",
    Base.metadata,
    sa.Column("person_id", sa.ForeignKey("legacy_people.id"), primary_key=True),
    sa.Column("group_id", sa.ForeignKey(UserGroup.id, ondelete="CASCADE"), primary_key=True, index=True),
    sa.Column("since", sa.Date),
)


class Note(Named, Owned, Base):
    id = sa.Column(AnyUUID, primary_key=True)
    author_id = sa.Column(sa.Integer, sa.ForeignKey(Person.id), nullable=False)
    author = relationship(Person, back_populates="notes", foreign_keys=[author_id])
    body = sa.Column(sa.Text)
    data = sa.Column(sa.JSON().with_variant(postgresql.JSONB(), "postgresql"))
    pinned = sa.Column(sa.Boolean, server_default=sa.false(), nullable=False)
    words = sa.Column(sa.Integer, sa.Computed("length(body)", persisted=True))

    __table_args__ = (
        sa.UniqueConstraint("author_id", "body"),
        sa.Index("ix_notes_pinned", "author_id", postgresql_where=pinned.is_(True)),
        sa.Index("ix_notes_kind", sa.text("(data ->> 'kind')")),
        sa.Index("ix_notes_words", "author_id", postgresql_include=["words"]),
    )


class Document(Base):
    __tablename__ = "legacy_documents"

    id = sa.Column(sa.Integer, primary_key=True)
    kind = sa.Column(sa.String(20), nullable=False)
    price = money(nullable=False)
    __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "document"}


class Invoice(Document):
    """Joined: a table of its own."""

    __tablename__ = "legacy_invoices"

    id = sa.Column(sa.Integer, sa.ForeignKey("legacy_documents.id"), primary_key=True)
    number = sa.Column(sa.String(30), unique=True)
    __mapper_args__ = {"polymorphic_identity": "invoice"}


class Receipt(Document):
    """Single: columns in the parent's table."""

    paid_by = sa.Column(sa.String(40), index=True)
    payer_id = sa.Column(sa.Integer, sa.ForeignKey("legacy_people.id"))
    payer = relationship("Person")
    __mapper_args__ = {"polymorphic_identity": "receipt"}


class Line(Base):
    __tablename__ = "legacy_lines"

    document_id = sa.Column(sa.Integer, nullable=False)
    position = sa.Column(sa.SmallInteger, nullable=False)
    amount = sa.Column(sa.Float(53))
    rate = sa.Column(postgresql.DOUBLE_PRECISION)
    tax = sa.Column(sa.REAL)
    at = sa.Column(sa.Time)
    length = sa.Column(sa.Interval)
    raw = sa.Column(sa.LargeBinary)
    mood = sa.Column(sa.Enum("good", "bad", name="legacy_mood", native_enum=False))
    document = relationship("Document", backref="lines", uselist=False)

    __table_args__ = (
        sa.PrimaryKeyConstraint("document_id", "position"),
        sa.ForeignKeyConstraint(["document_id"], ["legacy_documents.id"], ondelete="CASCADE"),
    )


class Remark(Base):
    __tablename__ = "legacy_remarks"

    id = sa.Column(sa.Integer, primary_key=True)
    document_id = sa.Column(sa.Integer)
    position = sa.Column(sa.SmallInteger)
    text = sa.Column(sa.String(collation="C"))
    line = relationship(Line, primaryjoin="and_(Line.document_id == Remark.document_id, Line.position == Remark.position)")

    __table_args__ = (
        sa.ForeignKeyConstraint(["document_id", "position"], ["legacy_lines.document_id", "legacy_lines.position"]),
        sa.UniqueConstraint("document_id", "position", name="one_remark", deferrable=True, initially="DEFERRED"),
    )


sa.Index("ix_remarks_document", Remark.document_id.desc(), Remark.position)
sa.Index("ix_members_since", members.c.since, unique=False)


class Shape(Base):
    __tablename__ = "shapes"
    __table_args__ = {"schema": "legacy_other"}

    id = sa.Column(sa.Integer, primary_key=True)
    person_id = sa.Column(sa.Integer, sa.ForeignKey("legacy_people.id"), index=True)
    next_id = sa.Column(sa.Integer, sa.ForeignKey("legacy_other.shapes.id"))
    person = relationship(Person, lazy="joined", innerjoin=True)


class Counter(Base):
    __tablename__ = "legacy_counters"

    id = sa.Column(sa.Integer, sa.Identity(always=True), primary_key=True)
    key = sa.Column("counter_key", sa.String(60), key="k", nullable=False)
    period = sa.Column(postgresql.TSTZRANGE)
    value = sa.Column(sa.BigInteger, server_default=sa.text("0"))

    __table_args__ = (
        sa.UniqueConstraint("k"),
        postgresql.ExcludeConstraint(("period", "&&"), name="legacy_counters_excl", using="gist"),
    )
