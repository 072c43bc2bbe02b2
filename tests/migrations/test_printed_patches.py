# ruff: noqa: E501
"""The patches that are printed: they can be run, they do what the migration did, and none of the rules says anything of them."""

from __future__ import annotations

import ast
from pathlib import Path

import postgres_server
import pytest
import samples
from measure import Probe
from statements import FILL, ROWS, SETUP, WRITES

from backend_lint.engine.run import run
from backend_lint.sql.split import statements

FAMILY = ("migration-index-not-concurrent", "migration-constraint-validates-inline", "migration-type-rewrite", "migration-concurrent-in-transaction")
DANGEROUS = [
    "CREATE INDEX x1 ON t (a, b DESC)",
    "CREATE INDEX x1 ON t (lower(d)) WHERE a > 5",
    "CREATE UNIQUE INDEX x1 ON t (b) INCLUDE (c)",
    "CREATE INDEX x1 ON t USING gin (i jsonb_path_ops)",
    "ALTER TABLE t ADD CONSTRAINT x1 UNIQUE (b)",
    "ALTER TABLE nokey ADD PRIMARY KEY (id)",
    "ALTER TABLE t ADD CONSTRAINT x1 FOREIGN KEY (b) REFERENCES r (id) ON DELETE CASCADE",
    "ALTER TABLE t ADD CONSTRAINT x1 CHECK (a > 0)",
    "ALTER TABLE t ALTER COLUMN b SET NOT NULL",
]


def suggested(root: Path, folder: str, statement: str) -> str:
    """The one patch for a statement in a file of SQL."""
    (root / folder).mkdir()
    (root / folder / "V1__first.sql").write_text(SETUP)
    (root / folder / "V2__change.sql").write_text(f"{statement};\n")
    found = run(samples.settings(root, select=FAMILY, database={"dialect": "postgresql", "migrations": "heads"}), samples.registry()).findings
    assert len(found) == 1, statement
    return found[0].finding.suggestion


@pytest.mark.parametrize("statement", DANGEROUS)
def test_patches_run_and_lock_nobody_out(statement: str, tmp_path: Path) -> None:
    patch = suggested(tmp_path, "flyway", statement)
    assert patch, statement
    connection = postgres_server.database("patches")
    connection.execute(SETUP)
    connection.execute(FILL)
    connection.close()
    probe = Probe(postgres_server.uri_of("patches"), WRITES, ROWS)
    for one in statements(patch):
        if "CONCURRENTLY" not in one.text:
            seen = probe.in_transaction([one.text])
            assert not any(table.blocks_writes or table.blocks_reads for table in seen.values()), one.text
        probe.main.execute(one.text)
    (tmp_path / "flyway" / "V2__change.sql").unlink()
    for number, one in enumerate(statements(patch), 2):
        (tmp_path / "flyway" / f"V{number}__x.sql").write_text(one.text + ";\n")
    settings = samples.settings(tmp_path, select=FAMILY, database={"dialect": "postgresql", "migrations": "all"})
    assert [one.finding for one in run(settings, samples.registry()).findings if "V1__" not in one.finding.path] == []


@pytest.mark.parametrize("rule", FAMILY)
def test_patches_in_python_can_be_read(rule: str, tmp_path: Path) -> None:
    samples.lay_out(samples.FIXTURES / "migrations" / rule / "bad", tmp_path)
    found = [one.finding for one in samples.check(tmp_path).findings if one.finding.rule == rule and one.finding.path.endswith(".py")]
    patches = [one.suggestion for one in found if "\n" in one.suggestion]
    assert patches or rule in ("migration-type-rewrite", "migration-concurrent-in-transaction")
    for patch in patches:
        ast.parse(patch)


@pytest.mark.parametrize("name", ['x"); DROP TABLE t; --', "x'; DROP TABLE t; --", "x\\n; DROP TABLE t", 'x" + str(1) + "'])
def test_names_that_are_more_than_names_give_no_patch(name: str, tmp_path: Path) -> None:
    versions = tmp_path / "stock" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "stock" / "env.py").write_text('URL = "postgresql://localhost/stock"\n')
    body = f"    op.create_index({name!r}, 'item', ['a'])\n    op.create_foreign_key({name!r}, 'item', 'maker', ['a'], ['b'])\n    op.create_index('i', {name!r}, ['a'])\n"
    body += f"    op.create_check_constraint({name!r}, 'item', 'a > 0')\n    op.alter_column('item', {name!r}, nullable=False)\n    op.create_unique_constraint('u', 'item', [{name!r}])\n"
    (versions / "a.py").write_text(f'from alembic import op\n\nrevision = "a"\ndown_revision = None\n\n\ndef upgrade():\n{body}')
    found = [one.finding for one in run(samples.settings(tmp_path, select=FAMILY), samples.registry()).findings]
    assert len(found) >= 4
    assert not [one.suggestion for one in found if "DROP TABLE" in one.suggestion or "str(1)" in one.suggestion]
