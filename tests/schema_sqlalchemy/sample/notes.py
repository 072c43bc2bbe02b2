# ruff: noqa: UP006, UP035, UP042, UP045
"""Models of SQLModel."""

import datetime
import decimal
import enum
import uuid
from typing import ClassVar, List, Optional

from sqlalchemy import JSON, Column, DateTime, Index, UniqueConstraint, func
from sqlmodel import Field, Relationship, SQLModel


class Grade(str, enum.Enum):
    A = "a"
    B = "b"


class Tagging(SQLModel, table=True):
    note_id: Optional[int] = Field(default=None, foreign_key="note.id", primary_key=True)
    tag_id: Optional[int] = Field(default=None, foreign_key="sm_tags.id", primary_key=True, ondelete="CASCADE")


class NoteBase(SQLModel):
    title: str = Field(index=True, max_length=90)
    text: Optional[str] = None
    grade: Grade = Grade.A
    stars: int = Field(default=0, ge=0)


class Writer(SQLModel, table=True):
    __tablename__ = "sm_writers"
    __table_args__ = (UniqueConstraint("name", "mail"), Index("ix_writers_name_mail", "name", "mail", unique=True))

    limit: ClassVar[int] = 5
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    name: str
    mail: str = Field(unique=True)
    born: Optional[datetime.date] = Field(default=None, nullable=True)
    joined: datetime.datetime = Field(sa_column=Column(DateTime(timezone=True), server_default=func.now(), nullable=False))
    notes: List["Note"] = Relationship(back_populates="writer")


class Note(NoteBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
    price: decimal.Decimal = Field(default=0, max_digits=8, decimal_places=3)
    extra: dict = Field(default_factory=dict, sa_type=JSON)
    public: bool = Field(sa_column_kwargs={"server_default": "false"})
    writer_id: uuid.UUID | None = Field(default=None, foreign_key="sm_writers.id", index=True)
    writer: Optional[Writer] = Relationship(back_populates="notes", sa_relationship_kwargs={"lazy": "selectin"})
    tags: list["Tag"] = Relationship(back_populates="notes", link_model=Tagging)


class NotePublic(NoteBase):
    id: int


class Tag(SQLModel, table=True):
    __tablename__: str = "sm_tags"

    id: Optional[int] = Field(default=None, primary_key=True)
    name: str = Field(unique=True, index=True)
    weight: float = 1.0
    notes: list[Note] = Relationship(back_populates="tags", link_model=Tagging)
