# ruff: noqa: E501
"""Migrations and models that were written to take long, to take memory or to confuse end in bounded time, unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import read_project
from backend_lint.facts.schema import Dialect
from backend_lint.project import Project
from backend_lint.project.schema.alembic import replay
from backend_lint.project.schema.source import Replayed
from backend_lint.project.schema.sqlalchemy import declared

HEAD = "import sqlalchemy as sa\nfrom alembic import op\nrevision = 'a'\ndown_revision = None\n"
DOUBLED = "X0 = 'ab' * 3 or 'abcdef'\nX0 = 'abcdef'\n" + "".join(f"X{number} = X{number - 1} + X{number - 1}\n" for number in range(1, 60))
SAMPLES = {
    "doubling": HEAD + DOUBLED + "def upgrade():\n    op.execute('DROP TABLE ' + X59)\n",
    "doubling in a loop": HEAD + "def upgrade():\n    x = ['a']\n    for i in range(100000):\n        x += x\n    op.drop_table(x)\n",
    "nested loops": HEAD
    + "def upgrade():\n"
    + "".join("    " * (depth + 1) + f"for a{depth} in range(1000):\n" for depth in range(6))
    + "    " * 7
    + "op.add_column('t', sa.Column(str(a0), sa.Integer()))\n",
    "a range without end": HEAD + "def upgrade():\n    for n in range(10 ** 30):\n        op.drop_table(f't{n}')\n    for n in range(1000000000000):\n        op.drop_table(f't{n}')\n",
    "recursion": HEAD + "def f(x):\n    op.drop_table(x)\n    f(f(f(x)))\n    return f(x) + f(x)\n\n\ndef upgrade():\n    f(f('a'))\n",
    "a name that is itself": HEAD + "A = B\nB = A\nC = C + C\n\n\ndef upgrade():\n    op.drop_table(A + C)\n",
    "a comprehension of comprehensions": HEAD
    + "def g(n):\n    return [g(m) for m in range(400)]\n\n\ndef upgrade():\n    for x in [[y for y in range(400)] for z in range(400)]:\n        op.drop_table(g(x))\n",
    "a revision that follows itself": HEAD.replace("None", "'a'") + "def upgrade():\n    op.drop_table('x')\n",
    "nonsense": HEAD + "def upgrade():\n    op.create_table()\n    op.add_column(*[], **{})\n    op.create_index(None, None, None)\n    op.drop_constraint()\n    op.alter_column('t')\n"
    "    op.batch_alter_table().drop_column()\n    op.execute()\n    op.rename_table('t')\n    op.bulk_insert()\n    op.create_foreign_key()\n    op.create_exclude_constraint()\n",
    "while": HEAD + "def upgrade():\n    while True:\n        op.drop_table('t')\n",
}  # fmt: skip


def read(root: Path) -> Replayed:
    project = Project.link(read_project(Settings(root=root, cache=False, jobs=1)))
    return replay(project, declared(project), Dialect.POSTGRESQL)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_hostile_migration_ends(name: str, tmp_path: Path) -> None:
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "a.py").write_text(SAMPLES[name])
    assert isinstance(read(tmp_path), Replayed)


def test_revisions_that_follow_each_other_end(tmp_path: Path) -> None:
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    for number in range(20):
        body = HEAD.replace("'a'", f"'r{number}'").replace("None", f"'r{(number + 1) % 20}'")
        (versions / f"r{number}.py").write_text(body + f"def upgrade():\n    op.create_table('t{number}', sa.Column('id', sa.Integer(), primary_key=True))\n")
    assert len(read(tmp_path).tables) == 20


MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base, relationship, mapped_column, Mapped, DeclarativeBase
Base = declarative_base()


class A(B):
    __tablename__ = "a"
    id = sa.Column(sa.Integer, primary_key=True)
    b = relationship("B", secondary="c", primaryjoin="==", foreign_keys="[[[")


class B(A):
    __tablename__ = "b"
    id = sa.Column(sa.ForeignKey("a.id"), primary_key=True)


class C(Base):
    __tablename__ = "c"
    __table_args__ = (sa.Index(), sa.UniqueConstraint(None), sa.ForeignKeyConstraint(["x"], []), sa.PrimaryKeyConstraint(*unknown), {}, None, 5)
    id = sa.Column()
    x = sa.Column(sa.Column(sa.Column()))
    y: Mapped[Mapped[Mapped["Mapped[int | None"]]] = mapped_column(sa.ForeignKey(""))
    z = sa.Column(sa.ForeignKey(C.z), sa.ForeignKey("."), primary_key=5, nullable="x")


class D(Base):
    __tablename__ = D.__tablename__
    id = id
    e = relationship(lambda: E, backref=5, secondary=lambda: lambda: 3)
"""


def test_hostile_models_are_read_to_the_end(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(MODELS)
    project = Project.link(read_project(Settings(root=tmp_path, cache=False, jobs=1)))
    found = declared(project)
    assert "c" in found.tables
