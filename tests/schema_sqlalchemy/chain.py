# ruff: noqa: E501
"""A chain of Alembic migrations that does everything that migrations do, as texts.

A step is a slug and the body of its ``upgrade``, or behind a first line ``#!`` the rest of the module.
"""

from __future__ import annotations

from pathlib import Path

ENV = """
from alembic import context
from sqlalchemy import MetaData, create_engine, pool
import os

convention = {"ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s"}
target_metadata = MetaData(naming_convention=convention)

engine = create_engine(os.environ["CHAIN_URI"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=target_metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
HELPERS = """
import sqlalchemy as sa
from alembic import op


def table_exists(name):
    return sa.inspect(op.get_bind()).has_table(name)


def has_column(table, column):
    inspector = sa.inspect(op.get_bind())
    for found in inspector.get_columns(table):
        if found["name"] == column:
            return True
    return False


def add_columns(table, *columns):
    missing = []
    for column in columns:
        if not has_column(table, column.name):
            missing.append(column)
    with op.batch_alter_table(table) as batch:
        for column in missing:
            batch.add_column(column)


def audited(name, *parts, prefix="ch_"):
    op.create_table(
        prefix + name,
        sa.Column("id", sa.BigInteger(), primary_key=True),
        *parts,
        sa.Column("made", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
"""
HEAD = '''"""{slug}"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "{revision}"
down_revision = {down}
branch_labels = None
depends_on = None

'''
STEPS: tuple[tuple[str, str], ...] = (
    (
        "create",
        """
op.create_table("ch_users", sa.Column("id", sa.Integer(), nullable=False), sa.Column("email", sa.String(length=120), nullable=True),
    sa.Column("name", sa.Unicode(50), nullable=False), sa.Column("old", sa.Integer()), sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("email"))
op.create_index(op.f("ix_ch_users_name"), "ch_users", ["name"], unique=False)
""",
    ),
    (
        "create keys",
        """
op.create_table(
    "ch_posts",
    sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False),
    sa.Column("user_id", sa.Integer(), sa.ForeignKey("ch_users.id", ondelete="CASCADE"), index=True),
    sa.Column("slug", sa.String(80), unique=True),
    sa.Column("body", sa.Text(), server_default=""),
    sa.Column("state", sa.Enum("draft", "live", name="ch_state"), server_default="draft", nullable=False),
    sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column("tags", sa.ARRAY(sa.String(20)), nullable=True),
    sa.ForeignKeyConstraint(["slug"], ["ch_users.email"], name=op.f("fk_posts_slug")),
    sa.CheckConstraint("length(body) < 10000", name="body_short"),
    sa.PrimaryKeyConstraint("id", name="posts_key"),
)
""",
    ),
    (
        "add columns",
        'op.add_column("ch_posts", sa.Column("seen", sa.Integer(), server_default=sa.text("0"), nullable=False))\nop.add_column("ch_posts", sa.Column("rank", sa.SmallInteger(), index=True))',
    ),
    ("add unique", 'op.add_column("ch_users", sa.Column("login", sa.String(30), unique=True))'),
    ("add key", 'op.add_column("ch_users", sa.Column("boss_id", sa.Integer(), sa.ForeignKey("ch_users.id", ondelete="SET NULL"), nullable=True))'),
    ("alter type", 'op.alter_column("ch_posts", "seen", existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False)'),
    ("alter null", 'op.alter_column("ch_users", "email", existing_type=sa.String(120), nullable=False)'),
    ("alter default", 'op.alter_column("ch_posts", "body", server_default=None)\nop.alter_column("ch_users", "old", server_default="7")'),
    ("rename column", 'op.alter_column("ch_users", "old", new_column_name="age", type_=sa.SmallInteger(), existing_type=sa.Integer())'),
    ("drop column", 'op.drop_column("ch_posts", "rank")'),
    (
        "indexes",
        """
op.create_index("ix_posts_lower", "ch_posts", [sa.text("lower(slug)")], unique=True)
op.create_index("ix_posts_live", "ch_posts", ["user_id", sa.text("seen DESC")], postgresql_where=sa.text("state = 'live'"))
op.create_index("ix_posts_tags", "ch_posts", ["tags"], postgresql_using="gin")
op.create_index("ix_posts_data", "ch_posts", [sa.text("data jsonb_path_ops")], postgresql_using="gin")
op.create_index("ix_posts_body", "ch_posts", ["body"], postgresql_ops={"body": "text_pattern_ops"})
op.create_index("ix_posts_covering", "ch_posts", ["user_id"], postgresql_include=["seen"], if_not_exists=True)
op.create_index(None, "ch_posts", ["seen", "user_id"])
""",
    ),
    ("drop index", 'op.drop_index("ix_posts_body", table_name="ch_posts")\nop.drop_index(op.f("ix_ch_posts_user_id"), "ch_posts")'),
    (
        "constraints",
        """
op.create_unique_constraint("one_login", "ch_users", ["login", "email"])
op.create_unique_constraint(None, "ch_users", ["name"])
op.create_check_constraint("age_given", "ch_users", "age > 0")
op.create_foreign_key(None, "ch_posts", "ch_users", ["seen"], ["id"], ondelete="RESTRICT")
""",
    ),
    (
        "drop constraints",
        """
op.drop_constraint("one_login", "ch_users", type_="unique")
op.drop_constraint("fk_posts_slug", "ch_posts", type_="foreignkey")
op.drop_constraint(op.f("uq_ch_users_email"), "ch_users")
""",
    ),
    (
        "primary key",
        """
op.create_table("ch_pairs", sa.Column("a", sa.Integer()), sa.Column("b", sa.Integer(), nullable=False))
op.create_primary_key("pairs_key", "ch_pairs", ["a", "b"])
""",
    ),
    (
        "batch",
        """
with op.batch_alter_table("ch_pairs", schema=None) as batch_op:
    batch_op.add_column(sa.Column("c", sa.Numeric(8, 2), nullable=True))
    batch_op.create_index(batch_op.f("ix_ch_pairs_c"), ["c"], unique=False)
    batch_op.create_foreign_key("fk_pairs_a", "ch_users", ["a"], ["id"])
    batch_op.alter_column("b", new_column_name="d")
    batch_op.create_unique_constraint("uq_pairs_d", ["d"])
    batch_op.create_check_constraint("positive", "d > 0")
""",
    ),
    (
        "batch drop",
        """
with op.batch_alter_table("ch_pairs") as batch_op:
    batch_op.drop_index("ix_ch_pairs_c")
    batch_op.drop_constraint("fk_pairs_a", type_="foreignkey")
    batch_op.drop_column("c")
""",
    ),
    (
        "loop",
        """
for name in ("red", "green", "blue"):
    op.create_table(f"ch_{name}", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("word", sa.String(10)))
    op.create_index(f"ix_{name}_word", f"ch_{name}", ["word"])
""",
    ),
    (
        "loop of pairs",
        """
for table, column in [("ch_red", "word"), ("ch_green", "word")]:
    op.alter_column(table, column, type_=sa.Text(), existing_type=sa.String(10))
    op.add_column(table, sa.Column("n", sa.Integer()))
""",
    ),
    (
        "loop of a mapping",
        """
for table, columns in {"ch_red": ["n"], "ch_green": ["n", "word"]}.items():
    op.create_index("ix_" + table + "_" + "_".join(columns), table, columns)
""",
    ),
    (
        "constants",
        """#!
TABLE = "ch_blue"
COLUMNS = [sa.Column("x", sa.Integer()), sa.Column("y", sa.Integer(), nullable=False, server_default="0")]
NAMES = {"x": "ix_blue_x"}


def upgrade():
    for column in COLUMNS:
        op.add_column(TABLE, column)
    for name, index in NAMES.items():
        op.create_index(index, TABLE, [name])
""",
    ),
    (
        "helpers",
        """#!
from helpers import add_columns, audited, has_column, table_exists


def upgrade():
    audited("audit", sa.Column("what", sa.String(40), index=True), sa.UniqueConstraint("what", "id"))
    if not table_exists("ch_red"):
        op.create_table("ch_red", sa.Column("never", sa.Integer()))
    if not has_column("ch_red", "n"):
        op.add_column("ch_red", sa.Column("never", sa.Integer()))
    add_columns("ch_red", sa.Column("n", sa.Integer()), sa.Column("m", sa.Integer(), nullable=True))
""",
    ),
    (
        "dialect",
        """
bind = op.get_bind()
if bind.dialect.name == "postgresql":
    op.add_column("ch_red", sa.Column("doc", postgresql.JSONB()))
elif bind.dialect.name == "mysql":
    op.add_column("ch_red", sa.Column("doc", sa.JSON()))
else:
    op.add_column("ch_red", sa.Column("doc", sa.Text()))
if bind.dialect.name != "postgresql":
    op.drop_table("ch_red")
""",
    ),
    (
        "inspector",
        """
inspector = sa.inspect(op.get_bind())
tables = inspector.get_table_names()
if "ch_green" in tables and "ch_none" not in tables:
    columns = [column["name"] for column in inspector.get_columns("ch_green")]
    if "n" in columns:
        op.drop_column("ch_green", "n")
    indexes = {index["name"] for index in inspector.get_indexes("ch_red")}
    if "ix_ch_red_n" in indexes:
        op.drop_index("ix_ch_red_n", table_name="ch_red")
    if any(key["name"] == "nothing" for key in inspector.get_foreign_keys("ch_posts")):
        op.drop_table("ch_posts")
""",
    ),
    (
        "early return",
        """
if sa.inspect(op.get_bind()).has_table("ch_blue"):
    op.add_column("ch_blue", sa.Column("z", sa.Integer()))
    return
op.create_table("ch_blue", sa.Column("never", sa.Integer()))
""",
    ),
    (
        "continue",
        """
existing = set(sa.inspect(op.get_bind()).get_table_names())
for table in ("ch_red", "ch_none", "ch_green"):
    if table not in existing:
        continue
    op.add_column(table, sa.Column("late", sa.Date()))
    if table == "ch_green":
        break
""",
    ),
    (
        "sql",
        """
op.execute("ALTER TABLE ch_users ADD COLUMN note varchar(33) NOT NULL DEFAULT ''")
op.execute(sa.text("CREATE INDEX ix_users_note ON ch_users USING btree (upper(note)) WHERE note IS NOT NULL"))
op.get_bind().execute(sa.text("CREATE TABLE ch_sql (id bigserial PRIMARY KEY, at timestamptz NOT NULL, UNIQUE (at))"))
op.execute("UPDATE ch_users SET note = 'x' WHERE note = 'y'")
""",
    ),
    (
        "sql of names",
        '''#!
TABLE = "ch_sql"


def upgrade():
    op.execute(f"ALTER TABLE {TABLE} ADD COLUMN price numeric(10, 4)")
    op.execute("ALTER TABLE %s ADD COLUMN cost real" % TABLE)
    op.execute("CREATE INDEX {0}_price ON {0} (price DESC NULLS LAST)".format(TABLE))
    for name in ("left", "right"):
        op.execute(
            f"""
            ALTER TABLE {TABLE}
            ADD COLUMN "{name}_side" integer,
            ADD CONSTRAINT {name}_positive CHECK ("{name}_side" > 0)
            """
        )
''',
    ),
    ("rename table", 'op.rename_table("ch_blue", "ch_azure")\nop.execute("ALTER INDEX ix_blue_x RENAME TO ix_azure_x")'),
    ("drop table", 'op.drop_table("ch_green")'),
    (
        "bulk insert",
        """
kinds = op.create_table("ch_kinds", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("label", sa.String(12), nullable=False))
op.bulk_insert(sa.table("ch_kinds", sa.column("id", sa.Integer), sa.column("label", sa.String)), [{"id": 1, "label": "a"}, {"id": 2, "label": "b"}])
""",
    ),
    (
        "autocommit",
        """
with op.get_context().autocommit_block():
    op.create_index("ix_kinds_label", "ch_kinds", ["label"], postgresql_concurrently=True)
    op.execute("ALTER TYPE ch_state ADD VALUE IF NOT EXISTS 'gone'")
""",
    ),
    (
        "own models",
        """#!
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Thing(Base):
    __tablename__ = "ch_things"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(20), index=True)


class Other(Base):
    __tablename__ = "ch_others"
    id = sa.Column(sa.Integer, primary_key=True)
    thing_id = sa.Column(sa.ForeignKey("ch_things.id"))


def upgrade():
    Base.metadata.create_all(op.get_bind())
""",
    ),
    (
        "own table",
        """#!
extra = sa.Table("ch_extra", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("v", sa.Float))


def upgrade():
    extra.create(op.get_bind())
    op.add_column("ch_extra", sa.Column("w", sa.Double()))
""",
    ),
    (
        "schema",
        """
op.execute("CREATE SCHEMA IF NOT EXISTS ch_other")
op.create_table("away", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("user_id", sa.Integer()), schema="ch_other")
op.create_foreign_key("fk_away_user", "away", "ch_users", ["user_id"], ["id"], source_schema="ch_other", referent_schema="public")
op.create_index("ix_away_user", "away", ["user_id"], schema="ch_other")
op.add_column("away", sa.Column("t", sa.Text()), schema="ch_other")
""",
    ),
    ("schema changes", 'op.alter_column("away", "t", nullable=False, schema="ch_other")\nop.drop_index("ix_away_user", table_name="away", schema="ch_other")'),
    (
        "rows of a query",
        """
connection = op.get_bind()
for row in connection.execute(sa.text("SELECT id FROM ch_users")).fetchall():
    op.drop_table(f"ch_user_{row.id}")
if connection.execute(sa.text("SELECT count(*) FROM ch_users WHERE id > 5")).fetchone() is None:
    op.drop_table("ch_users")
""",
    ),
    (
        "try",
        """
try:
    op.add_column("ch_kinds", sa.Column("tried", sa.Integer()))
    raise ValueError("not today")
    op.add_column("ch_kinds", sa.Column("never", sa.Integer()))
except ValueError:
    op.add_column("ch_kinds", sa.Column("handled", sa.Integer()))
""",
    ),
    (
        "identity",
        """
op.create_table("ch_ids", sa.Column("id", sa.BigInteger(), sa.Identity(always=True, start=5), nullable=False), sa.Column("g", sa.Integer(), sa.Computed("id * 2", persisted=True)),
    sa.PrimaryKeyConstraint("id"))
""",
    ),
    (
        "types",
        """
op.create_table("ch_types", sa.Column("a", sa.Boolean()), sa.Column("b", sa.LargeBinary()), sa.Column("c", sa.Time(timezone=True)), sa.Column("d", sa.Interval()),
    sa.Column("e", postgresql.INET()), sa.Column("f", postgresql.TSVECTOR()), sa.Column("g", sa.Uuid()), sa.Column("h", sa.CHAR(3)), sa.Column("i", sa.Float(10)),
    sa.Column("j", postgresql.ARRAY(sa.Integer())), sa.Column("k", postgresql.TIMESTAMP(timezone=True)), sa.Column("l", sa.VARCHAR()), sa.Column("m", postgresql.ENUM("x", name="ch_m")))
""",
    ),
    (
        "star",
        """
columns = [sa.Column(name, sa.Integer()) for name in ("p", "q", "r")]
columns += [sa.Column("s", sa.Text())]
op.create_table("ch_star", sa.Column("id", sa.Integer(), primary_key=True), *columns, sa.UniqueConstraint("p", "q", name="star_pq", deferrable=True, initially="DEFERRED"))
""",
    ),
    (
        "exclude",
        'op.add_column("ch_star", sa.Column("during", postgresql.TSRANGE()))\nop.create_exclude_constraint("star_during", "ch_star", ("during", "&&"), using="gist")',
    ),
    (
        "nulls",
        'op.create_index("ix_star_r", "ch_star", ["r"], unique=True, postgresql_nulls_not_distinct=True)\nop.create_unique_constraint("uq_star_s", "ch_star", ["s"])',
    ),
    ("comments", 'op.create_table_comment("ch_star", "stars")\nop.alter_column("ch_star", "r", comment="radius")'),
    ("if exists", 'op.drop_index("ix_nothing", table_name="ch_star", if_exists=True)\nop.execute("DROP TABLE IF EXISTS ch_nothing")'),
    (
        "long names",
        """
op.create_table("ch_a_table_with_a_rather_long_name", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("a_column_with_a_rather_long_name_too", sa.Integer(), index=True),
    sa.UniqueConstraint("a_column_with_a_rather_long_name_too", "id"), sa.ForeignKeyConstraint(["a_column_with_a_rather_long_name_too"], ["ch_users.id"]))
""",
    ),
    (
        "walrus",
        """
if (found := sa.inspect(op.get_bind()).get_unique_constraints("ch_star")):
    for constraint in found:
        if constraint["column_names"] == ["s"]:
            op.drop_constraint(constraint["name"], "ch_star", type_="unique")
""",
    ),
    (
        "mutation",
        """
pending = []
for name in ("u", "v"):
    pending.append(sa.Column(f"col_{name}", sa.Integer()))
    if name == "u":
        pending.append(sa.Column("col_extra", sa.Integer()))
for column in pending:
    op.add_column("ch_kinds", column)
""",
    ),
    (
        "module",
        """#!
import helpers as tools


def upgrade():
    _work(op, "ch_kinds")
    tools.audited("more", sa.Column("k", sa.Integer()), prefix="ch_z_")


def _work(operations, table, size=5):
    operations.add_column(table, sa.Column("sized", sa.String(size)))
    operations.create_index(f"ix_{table}_sized", table, ["sized"])
""",
    ),
    ("drop cascade", 'op.execute("ALTER TABLE ch_users DROP COLUMN login CASCADE")\nop.execute("DROP TABLE ch_pairs")'),
    ("set key", 'op.drop_constraint("posts_key", "ch_posts", type_="primary")\nop.create_primary_key(None, "ch_posts", ["id", "seen"])'),
)
"""A branch: two revisions that follow the third, and one that merges them."""
LEFT = 'op.create_table("ch_left", sa.Column("id", sa.Integer(), primary_key=True))'
RIGHT = 'op.create_table("ch_right", sa.Column("id", sa.Integer(), primary_key=True))'


def write(folder: Path) -> int:
    """Write the chain as an Alembic environment; gives the number of revisions."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "migrations" / "env.py").write_text(ENV)
    (folder / "migrations" / "helpers.py").write_text(HELPERS)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = migrations\nprepend_sys_path = migrations\npath_separator = os\n")
    last = ""
    for number, (slug, text) in enumerate(STEPS):
        last = _write(versions, f"r{number:03}", repr(last) if last else "None", slug, text)
    _write(versions, "left", "'r002'", "left", LEFT)
    _write(versions, "right", "'r002'", "right", RIGHT)
    _write(versions, "merge", f"({last!r}, 'left', 'right')", "merge", "pass")
    return len(STEPS) + 3


def _write(versions: Path, revision: str, down: str, slug: str, text: str) -> str:
    head = HEAD.format(slug=slug, revision=revision, down=down)
    if text.startswith("#!"):
        body = text[2:]
    else:
        lines = "\n".join("    " + line if line else line for line in text.strip("\n").splitlines())
        body = f"\ndef upgrade():\n{lines}\n"
    (versions / f"{revision}_{slug.replace(' ', '_')}.py").write_text(head + body.lstrip("\n") + "\n\ndef downgrade():\n    pass\n")
    return revision
