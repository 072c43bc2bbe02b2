"""What the configuration says of the database, and the exports of its statistics that people really make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backend_lint.engine.database_statistics import known_database

PSQL_CSV = """relid,schemaname,relname,seq_scan,seq_tup_read,idx_scan,n_live_tup
16400,public,shop_order,12,400000,90,1234567
16410,audit,event,3,9,0,42
"""
STATEMENTS = """userid,query,calls,total_exec_time,mean_exec_time,rows
10,"SELECT id, ""name""
FROM shop_order WHERE number = $1",1200,216000.5,180.0,1200
"""


def known(root: Path, **settings: Any) -> Any:
    return known_database(root, settings)


def test_csv_as_psql_writes_it(tmp_path: Path) -> None:
    (tmp_path / "tables.csv").write_text(PSQL_CSV)
    found, skipped = known(tmp_path, statistics=["tables.csv"])
    assert not skipped
    assert [(one.name, one.rows, one.whole_scans, one.index_scans, one.line) for one in found.tables] == [
        ("shop_order", 1234567, 12, 90, 2),
        ("audit.event", 42, 3, 0, 3),
    ]


@pytest.mark.parametrize("separator", ["\t", "|", ";"])
def test_other_separators_and_a_byte_order_mark(tmp_path: Path, separator: str) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbf" + PSQL_CSV.replace(",", separator).encode())
    found, skipped = known(tmp_path, statistics=["t.csv"])
    assert [one.rows for one in found.tables] == [1234567, 42] and not skipped


def test_json_of_rows(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps([{"relname": "a", "n_live_tup": 5}, {"TABLE_NAME": "b", "TABLE_ROWS": "1,000"}, "x", {"relname": None}]))
    found, skipped = known(tmp_path, statistics=["t.json"])
    assert [(one.name, one.rows) for one in found.tables] == [("a", 5), ("b", 1000)] and not skipped


def test_statements_with_their_times(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(STATEMENTS)
    found, skipped = known(tmp_path, statistics=["s.csv"])
    assert [(one.calls, one.mean_ms) for one in found.statements] == [(1200, 180.0)] and not skipped
    assert found.statements[0].text.endswith("number = $1")


def test_mean_is_worked_out_where_only_the_total_is_there(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("query,calls,total_time\nselect 1,4,10\nselect 2,0,0\n")
    assert [(one.text, one.mean_ms) for one in known(tmp_path, statistics=["s.csv"])[0].statements] == [("select 1", 2.5)]


def test_configuration_wins_over_an_export(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(PSQL_CSV)
    found, _ = known(tmp_path, statistics=["t.csv"], rows={"shop_order": 7}, dialect="mysql")
    assert {one.name: one.rows for one in found.tables} == {"shop_order": 7, "audit.event": 42}
    assert found.dialect == "mysql"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "holds no rows"),
        (b"a,b\n1,2\n", "holds no rows"),
        (b"[1, 2", "neither CSV nor JSON"),
        (b"[" * 100_000, "neither CSV nor JSON"),
        (b'relname,n_live_tup\n"' + b"x" * 2_000_000, "neither CSV nor JSON"),
        (b"relname,n_live_tup\nt,many\n", "holds no rows"),
    ],
)
def test_what_is_no_export_is_named_with_the_way_out(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    found, skipped = known(tmp_path, statistics=["t.csv"])
    assert not found.tables
    assert [one.path for one in skipped] == ["t.csv"] and reason in skipped[0].reason


def test_missing_file_and_one_outside_the_root(tmp_path: Path) -> None:
    inside = tmp_path / "project"
    inside.mkdir()
    (tmp_path / "t.csv").write_text(PSQL_CSV)
    (inside / "link.csv").symlink_to(tmp_path / "t.csv")
    found, skipped = known(inside, statistics=["link.csv", "none.csv"])
    assert not found.tables
    assert {one.path: one.reason for one in skipped} == {"link.csv": "leads out of the project root", "none.csv": "statistics file does not exist"}
