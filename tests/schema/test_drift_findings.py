"""What a finding on models and migrations says: once a table, with both ways out where the model may be what is wrong."""

from __future__ import annotations

from pathlib import Path

import samples

from backend_lint.config import Settings
from backend_lint.engine.run import check_contents

MODELS = """
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Payment(Base):
    __tablename__ = "payments"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(10), unique=True)
    state: Mapped[str] = mapped_column(String(30), unique=True)
    kind: Mapped[str] = mapped_column(String(30), index=True)
    COLUMN
"""
FIRST = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

def upgrade():
    op.create_table(
        "payments", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("number", sa.String(10)),
        sa.Column("state", sa.String(30)), sa.Column("kind", sa.String(30)),
    )
"""


def said(column: str) -> list[str]:
    files = {"models.py": MODELS.replace("COLUMN", column), "alembic/env.py": "", "alembic/versions/0001_first.py": FIRST}
    settings = Settings(root=Path("/nonexistent"), profile="all", cache=False, jobs=1)
    judged = check_contents(settings, samples.registry(), {path: text.encode() for path, text in files.items()})[1]
    return [one.message for one in judged.findings if one.rule == "model-migration-drift"]


def test_what_one_table_lacks_is_one_finding_and_may_leave_the_model() -> None:
    (message,) = said("")
    assert message == (
        "unique constraint on (number), unique constraint on (state), index on (kind) of `payments` are in the model, and no migration makes them; "
        "add the migration, or take them out of the model"
    )


def test_a_column_wants_its_migration() -> None:
    found = said("note: Mapped[str] = mapped_column(String(9))")
    assert "column `note` of `payments` is in the model, and no migration makes it; add the migration" in found
    assert len(found) == 2
