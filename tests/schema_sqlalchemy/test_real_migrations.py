"""What migrations of public applications taught: tables made elsewhere, names that are asked for, directions and lengths written in odd places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import read_project
from backend_lint.facts.schema import IndexKey, Table
from backend_lint.project import Project

Build = Callable[..., dict[str, Table]]
MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import registry

rules = registry(metadata=sa.MetaData(naming_convention={"ix": "idx_%(column_0_N_label)s"}))
Base = rules.generate_base()


class Run(Base):
    __tablename__ = "runs"
    id = sa.Column(sa.Integer, primary_key=True)
    note = sa.Column(sa.String(250))
"""
TABLES = """
op.create_table("a", sa.Column("id", sa.Integer(), primary_key=True))
op.create_table("b", sa.Column("id", sa.Integer(), primary_key=True))
op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("a_id", sa.Integer(), sa.ForeignKey("a.id")),
                sa.Column("b_id", sa.Integer(), sa.ForeignKey("b.id")), sa.Column("at", sa.DateTime(), index=True))
op.create_table("one", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("a_id", sa.Integer(), sa.ForeignKey("a.id")))
"""


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Writes revisions, given as bodies of `upgrade`, and gives the tables of the project."""

    def written(*bodies: str) -> dict[str, Table]:
        versions = tmp_path / "alembic" / "versions"
        versions.mkdir(parents=True)
        (tmp_path / "models.py").write_text(MODELS)
        (tmp_path / "alembic" / "env.py").write_text("import models\nfrom alembic import context\n\ntarget_metadata = models.Base.metadata\n")
        for number, body in enumerate(bodies):
            head = f"import sqlalchemy as sa\nfrom alembic import op\nimport reflection\nrevision = 'r{number}'\n"
            head += f"down_revision = {f'r{number - 1}' if number else None!r}\n\n\ndef upgrade():\n"
            (versions / f"r{number}.py").write_text(head + "".join(f"    {line}\n" for line in body.strip().splitlines()))
        return dict(Project.link(read_project(Settings(root=tmp_path, cache=False, jobs=1))).schema.tables)

    return written


def keys(table: Table) -> list[tuple[str, tuple[str, ...]]]:
    return sorted((key.name, key.columns) for key in table.foreign_keys)


def test_the_only_foreign_key_is_the_one_that_is_dropped(build: Build) -> None:
    table = build(TABLES, 'op.drop_constraint(reflection.name_of("one"), "one", type_="foreignkey")')["one"]
    assert not table.foreign_keys and not table.unknown


def test_a_foreign_key_takes_the_place_of_the_one_over_its_columns(build: Build) -> None:
    drop = 'op.drop_constraint(reflection.name_of("t"), "t", type_="foreignkey")'
    table = build(TABLES, f'{drop}\nop.create_foreign_key("fk_new", "t", "a", ["a_id"], ["id"], ondelete="CASCADE")')["t"]
    assert keys(table) == [("fk_new", ("a_id",)), ("t_b_id_fkey", ("b_id",))]
    assert not table.unknown


def test_one_of_several_foreign_keys_that_goes_leaves_the_table_unknown(build: Build) -> None:
    assert build(TABLES, 'op.drop_constraint(reflection.name_of("t"), "t", type_="foreignkey")')["t"].unknown


def test_a_table_that_is_made_elsewhere_has_what_migrations_say_of_its_columns(build: Build) -> None:
    change = 'op.alter_column("runs", "note", type_=sa.String(8000), nullable=False)\nop.add_column("runs", sa.Column("ended", sa.BigInteger()))'
    columns = {column.name: (column.type, column.nullable) for column in build(TABLES, change)["runs"].columns}
    assert columns == {"id": ("integer", False), "note": ("varchar(8000)", False), "ended": ("bigint", True)}


def test_the_convention_of_a_generated_base_names_indexes(build: Build) -> None:
    assert "idx_t_at" in {index.name for index in build(TABLES)["t"].indexes}


def test_a_direction_may_be_given_as_an_operator_class(build: Build) -> None:
    made = (
        'op.create_index("ix", "t", ["a_id", "id"], postgresql_ops={"id": "DESC"})\nop.create_index("iy", "t", ["a_id"], postgresql_ops={"a_id": "int4_ops"})'
    )
    found = {index.name: index.keys for index in build(TABLES, made)["t"].indexes}
    assert found["ix"] == (IndexKey("a_id"), IndexKey("id", descending=True))
    assert found["iy"] == (IndexKey("a_id"),)


def test_a_length_that_is_not_known_is_said_to_be_so(build: Build) -> None:
    table = build(TABLES, 'op.add_column("t", sa.Column("name", sa.String(reflection.LENGTH)))')["t"]
    column = table.column("name")
    assert column is not None and column.type == "varchar(?)"


@pytest.mark.parametrize(
    ("drop", "key"),
    [
        ('op.drop_constraint("PRIMARY", "t", type_="primary")', ()),
        ('op.drop_constraint("pk_of_t", "t", type_="primary")\nop.create_primary_key("t_key", "t", ["id", "at"])', ("id", "at")),
    ],
)
def test_the_primary_key_goes_whatever_it_is_called(build: Build, drop: str, key: tuple[str, ...]) -> None:
    table = build(TABLES, drop)["t"]
    assert table.primary_key == key and not table.unknown
