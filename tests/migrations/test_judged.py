"""Which migrations are judged: those that a base revision does not have, else the last ones and those that are named, or all."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import samples

from backend_lint.config import Settings
from backend_lint.engine.run import run

FIRST = "CREATE TABLE t (id bigserial PRIMARY KEY, a integer, b jsonb);\n"
INDEX = "CREATE INDEX i{0} ON t (a);\n"
RULE = "migration-index-not-concurrent"


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three migrations that are committed; the last two build an index each."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "V1__t.sql").write_text(FIRST)
    for number in (2, 3):
        (folder / f"V{number}__i.sql").write_text(INDEX.format(number))
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def judged(root: Path, **settings: object) -> list[str]:
    made = Settings(root=root, cache=False, jobs=1, select=("migrations",), **settings)  # type: ignore[arg-type]
    return [one.finding.path for one in run(made, samples.registry()).findings if one.finding.rule == RULE and one.new]


def test_the_last_ones_without_a_base(root: Path) -> None:
    assert judged(root) == ["migrations/V3__i.sql"]


def test_all_if_it_is_configured_or_the_profile_is_all(root: Path) -> None:
    both = ["migrations/V2__i.sql", "migrations/V3__i.sql"]
    assert judged(root, database={"migrations": "all"}) == both
    assert judged(root, profile="all") == both
    assert judged(root, profile="all", database={"migrations": "heads"}) == both[1:]


def test_those_that_are_named(root: Path) -> None:
    assert judged(root, paths=("migrations/V2__i.sql",), explicit_paths=True) == ["migrations/V2__i.sql"]
    assert judged(root, paths=("migrations",), explicit_paths=True) == ["migrations/V3__i.sql"]


@pytest.mark.parametrize("mode", ["findings", "lines", "files"])
def test_those_that_the_base_does_not_have(root: Path, mode: str) -> None:
    assert judged(root, diff_base="main", diff_mode=mode) == []
    for number in (4, 5):
        (root / "migrations" / f"V{number}__i.sql").write_text(INDEX.format(number))
    assert judged(root, diff_base="main", diff_mode=mode) == ["migrations/V4__i.sql", "migrations/V5__i.sql"]


def test_tables_that_the_same_change_makes_are_empty(root: Path) -> None:
    (root / "migrations" / "V4__s.sql").write_text("CREATE TABLE s (id bigserial PRIMARY KEY, a jsonb);\n")
    (root / "migrations" / "V5__i.sql").write_text("CREATE INDEX si ON s (id);\n")
    assert judged(root, diff_base="main") == []
    assert judged(root) == ["migrations/V5__i.sql"]


def test_a_patch_says_what_is_new(root: Path) -> None:
    for number in (4, 5):
        (root / "migrations" / f"V{number}__i.sql").write_text(INDEX.format(number))
    git(root, "add", "-N", ".")
    patch = subprocess.run(["git", "diff"], cwd=root, check=True, capture_output=True).stdout
    (root / "change.patch").write_bytes(patch)
    assert judged(root, diff_file=str(root / "change.patch")) == ["migrations/V4__i.sql", "migrations/V5__i.sql"]


def edited(root: Path) -> list[tuple[str, int]]:
    made = Settings(root=root, cache=False, jobs=1, select=("migration-edited-after-merge",), diff_base="main")
    return [(one.finding.path, one.finding.line) for one in run(made, samples.registry()).findings]


def test_what_is_edited_after_the_merge(root: Path) -> None:
    first = root / "migrations" / "V1__t.sql"
    assert edited(root) == []
    first.write_bytes(FIRST.replace("\n", "\r\n").encode())
    assert edited(root) == []
    first.write_text("-- the first table\n" + FIRST)
    assert edited(root) == []
    first.write_text(FIRST.replace("integer", "bigint"))
    (root / "migrations" / "V2__i.sql").unlink()
    assert edited(root) == [("migrations/V1__t.sql", 1), ("migrations/V2__i.sql", 1)]


def test_nothing_is_said_where_nothing_runs_meanwhile(root: Path) -> None:
    assert judged(root, database={"deploys": "downtime"}) == []
