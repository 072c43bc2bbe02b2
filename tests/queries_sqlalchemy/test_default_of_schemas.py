"""What the default profile leaves to others: a parent of few rows, an index that the model has and no migration makes; and for whom each lazy query is."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from backend_lint.api import Finding
from backend_lint.engine.run import run
from tests import samples

_MODELS = """
from sqlalchemy import BigInteger, Column, ForeignKey, String, create_engine
from sqlalchemy.orm import Session, declarative_base, relationship

Base = declarative_base()
engine = create_engine("postgresql+psycopg://db/shop")


class {parent}(Base):
    __tablename__ = "{table}"
    id = Column(BigInteger, primary_key=True)
    name = Column(String(40))


class Parcel(Base):
    __tablename__ = "parcel"
    id = Column(BigInteger, primary_key=True)
    code = Column(String(40){unique})
    {table}_id = Column(BigInteger, ForeignKey("{table}.id"))
    receipt = relationship("Receipt", uselist=False)


class Receipt(Base):
    __tablename__ = "receipt"
    id = Column(BigInteger, primary_key=True)
    parcel_id = Column(BigInteger, ForeignKey("parcel.id"), unique=True)
    text = Column(String(40))
"""
_APP = """
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Parcel, Receipt, {parent}, engine

app = FastAPI()


@app.post("/parcels")
def make(code: str):
    with Session(engine) as session:
        session.add(Parcel(code=code))
        session.commit()


@app.get("/parcels/{{owner}}")
def show(owner: int):
    with Session(engine) as session:
        return [one.code for one in session.scalars(select(Parcel).where(Parcel.{table}_id == owner)).all()]


@app.get("/codes/{{code}}")
def find(code: str):
    with Session(engine) as session:
        return session.scalars(select(Parcel).where(Parcel.code == code)).first()


@app.get("/texts")
def texts():
    with Session(engine) as session:
        return [one.receipt.text for one in session.scalars(select(Parcel)).all()]
{more}
"""
_OPENS = """

@app.post("/owners")
def open_one(name: str):
    with Session(engine) as session:
        session.add({parent}(name=name))
        session.commit()
"""
_MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("depot", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("name", sa.String(40)))
    op.create_table("parcel", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("code", sa.String(40)), sa.Column("depot_id", sa.BigInteger))
"""


def told(root: Path, parent: str = "Depot", unique: str = "", more: str = "", profile: str = "default", migrated: bool = False) -> list[Finding]:
    names = {"parent": parent, "table": parent.lower(), "unique": unique}
    root.mkdir(parents=True, exist_ok=True)
    (root / "models.py").write_text(_MODELS.format(**names))
    (root / "app.py").write_text(_APP.format(**names, more=more.format(**names)))
    if migrated:
        (root / "alembic" / "versions").mkdir(parents=True)
        (root / "alembic" / "env.py").write_text("")
        (root / "alembic" / "versions" / "0001_first.py").write_text(_MIGRATION)
    settings = msgspec.structs.replace(samples.settings(root), profile=profile)
    return [one.finding for one in run(settings, samples.registry()).findings]


def _of(found: list[Finding], rule: str) -> list[str]:
    return [one.message for one in found if one.rule == rule]


@pytest.mark.parametrize(("parent", "more"), [("Depot", _OPENS), ("Customer", "")])
def test_a_key_to_parents_that_become_more_is_told_by_default(tmp_path: Path, parent: str, more: str) -> None:
    """Each parent has some of the rows, and more of them every day are none of his."""
    assert len(_of(told(tmp_path, parent, more=more), "unindexed-foreign-key")) == 1


def test_a_key_to_parents_that_nobody_makes_is_left_to_strict(tmp_path: Path) -> None:
    """A handful of depots: each has a large share of the rows, and an index pays little."""
    assert not _of(told(tmp_path / "default"), "unindexed-foreign-key")
    assert len(_of(told(tmp_path / "strict", profile="strict"), "unindexed-foreign-key")) == 1


def test_an_index_that_only_the_model_has_is_one_finding(tmp_path: Path) -> None:
    """To declare it a second time does not help; the migration is what is missing."""
    found = told(tmp_path / "declared", unique=", unique=True", migrated=True)
    assert len(_of(found, "model-migration-drift")) == 1
    assert not [one for one in _of(found, "unindexed-filter") if "`code`" in one]
    assert [one for one in _of(told(tmp_path / "bare", migrated=True), "unindexed-filter") if "`code`" in one]


def test_what_lies_on_the_other_side_is_asked_for_each_row(tmp_path: Path) -> None:
    """No two parcels have one receipt: the session has none of them before."""
    (message,) = _of(told(tmp_path), "lazy-load-in-loop")
    assert message.startswith("one query per row of `Parcel` for `receipt`")
