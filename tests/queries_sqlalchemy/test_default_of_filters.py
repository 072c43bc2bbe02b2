"""What the default profile says of filters that callers choose among: only what is asked every time is sure to need an index."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from backend_lint.engine.run import run
from tests import samples

_MODELS = """
from sqlalchemy import BigInteger, Column, ForeignKey, String, create_engine
from sqlalchemy.orm import declarative_base

Base = declarative_base()
engine = create_engine("postgresql+psycopg://db/shop")


class Sender(Base):
    __tablename__ = "sender"
    id = Column(BigInteger, primary_key=True)


class Parcel(Base):
    __tablename__ = "parcel"
    id = Column(BigInteger, primary_key=True)
    number = Column(String(40), index=True)
    code = Column(String(40))
    sender_id = Column(BigInteger, ForeignKey("sender.id"), index=True)
"""
_APP = """
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Parcel, engine

app = FastAPI()


@app.post("/parcels")
def make(number: str, code: str):
    with Session(engine) as session:
        session.add(Parcel(number=number, code=code))
        session.commit()


"""
_ALWAYS = """
@app.get("/parcels/{code}")
def find(code: str, number: str | None = None):
    query = select(Parcel).where(Parcel.code == code)
    if number:
        query = query.where(Parcel.number == number)
    with Session(engine) as session:
        return [one.id for one in session.scalars(query).all()]
"""
_CHOSEN = """
def parcels(session, number=None, code=None):
    query = select(Parcel)
    if number is not None:
        query = query.where(Parcel.number == number)
    if code is not None:
        query = query.where(Parcel.code == code)
    return session.scalars(query).all()


@app.get("/parcels/{number}")
def find(number: str):
    with Session(engine) as session:
        return [one.id for one in parcels(session, number=number)]
"""
_IN_A_LOOP = """
def parcels(session, fields, further):
    query = select(Parcel)
    for name, value in fields.items():
        query = query.where(getattr(Parcel, name) == value)
    return session.scalars(query.where(*further)).all()


@app.get("/parcels/{number}")
def find(number: str, code: str):
    with Session(engine) as session:
        return [one.id for one in parcels(session, {"number": number}, [Parcel.code == code])]
"""
_ELSE_ALL = """
@app.get("/parcels")
def find(code: str | None = None):
    with Session(engine) as session:
        if code:
            found = session.query(Parcel).filter(Parcel.code == code)
        else:
            found = session.query(Parcel).all()
        return [one.id for one in found]
"""
_SEVERAL = """
@app.get("/codes/{code}")
def by_code(code: str, number: str):
    with Session(engine) as session:
        return session.scalars(select(Parcel).where(Parcel.code == code)).first()


@app.get("/parcels/{code}")
def by_both(code: str, sender: str):
    with Session(engine) as session:
        return session.scalars(select(Parcel).where(Parcel.code == code, Parcel.label == sender)).first()


@app.get("/labels/{label}")
def by_label(label: str):
    with Session(engine) as session:
        return session.scalars(select(Parcel).where(Parcel.label == label)).first()
"""


def told(root: Path, app: str, profile: str = "default") -> list[tuple[str, str]]:
    root.mkdir(parents=True, exist_ok=True)
    (root / "models.py").write_text(_MODELS.replace("sender_id", "label = Column(String(40))\n    sender_id") if ".label" in app else _MODELS)
    (root / "app.py").write_text(_APP + app)
    settings = msgspec.structs.replace(samples.settings(root), profile=profile)
    found = [one.finding for one in run(settings, samples.registry()).findings if one.finding.rule == "unindexed-filter"]
    return [(one.message, one.evidence[-1].message) for one in found]


def test_what_is_asked_every_time_is_told_by_default(tmp_path: Path) -> None:
    assert len(told(tmp_path, _ALWAYS)) == 1


@pytest.mark.parametrize("app", [_CHOSEN, _IN_A_LOOP, _ELSE_ALL], ids=["chosen", "in a loop", "else all"])
def test_what_callers_may_leave_out_is_not_told_by_default(tmp_path: Path, app: str) -> None:
    """Nobody asks for the code alone, or the whole table is read all the same."""
    assert not told(tmp_path, app)


def test_each_column_that_is_asked_alone_gets_an_index_that_begins_with_it(tmp_path: Path) -> None:
    """One index over both serves only the queries for its first column."""
    advised = [index.partition('", ')[2] for _, index in told(tmp_path, _SEVERAL)]
    assert sorted(one.split(",")[0].strip(')"') for one in advised) == ["code", "label"], advised
