"""Code that is odd but valid costs no rule its answer: each of these once ended one with an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import run
from backend_lint.registry import Registry

ODD = {
    "a query in a loop over what a class gives": (
        "from sqlalchemy import Column, Integer\nfrom sqlalchemy.orm import DeclarativeBase, Session\n\n\nclass Base(DeclarativeBase):\n    pass\n\n\n"
        "class Item(Base):\n    __tablename__ = 'items'\n    id = Column(Integer, primary_key=True)\n\n\n"
        "class Kinds(list):\n    pass\n\n\nclass Names(Kinds):\n    pass\n\n\n"
        "def each(session: Session):\n    for name in Names('abc'):\n        session.query(Item).filter(Item.id == name).first()\n"
    ),
    "a mixin of models that a function makes": (
        "from sqlalchemy import Column, Integer\nfrom sqlalchemy.orm import DeclarativeBase\n\n\nclass Base(DeclarativeBase):\n    pass\n\n\n"
        "def named(name):\n    def with_name(method):\n        return method\n\n    class Mixin:\n        @with_name(name)\n        def label(cls):\n"
        "            return name\n\n    return Mixin\n\n\n"
        "class Item(named('a'), Base):\n    __tablename__ = 'items'\n    id = Column(Integer, primary_key=True)\n\n\n"
        "def made():\n    print(1)\n    print(2)\n\n    class Inner(Base):\n        __tablename__ = 'inner'\n        id = Column(Integer, primary_key=True)\n\n"
        "        @named('b')\n        def label(self):\n            return 'b'\n\n    return Inner\n"
    ),
    "an annotation with nothing in its brackets": (
        "class Store:\n    pass\n\n\nclass Shop:\n    def __init__(self, store: 'tuple[()]', other: 'type[()]' = ()) -> None:\n"
        "        self.store = Store()\n        self.other = other\n"
    ),
    "an empty str()": (
        "import sqlite3\n\n\ndef rows(c: sqlite3.Cursor, more):\n    text = str()\n"
        "    text += 'SELECT a FROM t'\n    if more:\n        text += str() + ' WHERE b = 1'\n"
        "    return c.execute(str()), c.execute(text)\n"
    ),
}


@pytest.mark.parametrize("what", ODD)
def test_no_rule_fails(what: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(ODD[what])
    result = run(Settings(root=tmp_path, profile="all", cache=False, jobs=1), Registry.load(entry_points=False))
    assert not result.unchecked


def test_models_in_a_folder_called_migrations_are_no_rows_of_a_query(tmp_path: Path) -> None:
    """They are of the migrations, and no model of the application: a rule that asked for their columns failed."""
    model = "from sqlalchemy import Column, Integer\nfrom app.base import Base\n\n\nclass Attempt(Base):\n    __tablename__ = 'attempts'\n"
    model += "    id = Column(Integer, primary_key=True)\n    blocked = Column(Integer)\n"
    query = "from sqlalchemy import select\nfrom sqlalchemy.orm import Session\nfrom database.migrations.create_attempts import Attempt\n\n\n"
    query += "def unblock(session: Session):\n    for attempt in session.scalars(select(Attempt)):\n        attempt.blocked = 0\n    session.commit()\n"
    base = "from sqlalchemy.orm import DeclarativeBase\n\n\nclass Base(DeclarativeBase):\n    pass\n"
    for path, text in {"app/base.py": base, "database/migrations/create_attempts.py": model, "app/attempts.py": query}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert not run(Settings(root=tmp_path, profile="all", cache=False, jobs=1), Registry.load(entry_points=False)).unchecked
