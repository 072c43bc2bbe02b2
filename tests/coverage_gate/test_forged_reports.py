"""Reports that are broken or forged never raise coverage, never crash, and say what is wrong with them."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from backend_lint.readers.coverage import UnreadableError, read

REPORTS = Path(__file__).parent / "reports"
NAMES = ["branch.data", "branch.xml", "branch.json", "branch.lcov", "cover.out", "llvm.json", "nyc.json", "c8.xml", "jacoco.xml"]


def xml(*classes: str) -> bytes:
    return f"<coverage><packages><package><classes>{''.join(classes)}</classes></package></packages></coverage>".encode()


def one_class(path: str, **hits: int) -> str:
    lines = "".join(f'<line number="{name[1:]}" hits="{count}"/>' for name, count in hits.items())
    return f'<class name="{path}" filename="{path}"><lines>{lines}</lines></class>'


def test_a_file_that_comes_twice_keeps_its_uncovered_lines() -> None:
    for order in (1, -1):
        report = read(xml(*[one_class("a.py", l1=0, l2=1), one_class("a.py", l1=1, l2=1, l3=1)][::order]))
        assert report.files[0].lines == {1: 0, 2: 1}
        assert "a.py is there twice" in report.doubtful[0]


def test_a_record_of_lcov_that_a_name_of_a_file_forged_does_not_count() -> None:
    honest = b"SF:a.py\nDA:1,1\nDA:2,0\nend_of_record\n"
    forged = b"SF:a.py\nDA:1,9\nDA:2,9\nDA:3,9\nend_of_record\n"
    for data in (honest + forged, forged + honest):
        assert read(data).files[0].lines == {1: 1, 2: 0}


def test_a_branch_that_comes_twice_is_taken_if_both_say_so() -> None:
    report = read(b"SF:a.py\nDA:1,1\nBRDA:1,0,a,1\nBRDA:1,0,b,0\nBRDA:1,0,b,1\nend_of_record\n")
    assert report.files[0].branches == {1: (1, 2)}


def test_classes_of_one_file_are_parts_of_it() -> None:
    inner = one_class("A.java", l1=1, l2=1).replace('name="A.java" ', 'name="A" ')
    outer = one_class("A.java", l2=0, l9=0).replace('name="A.java" ', 'name="A$B" ')
    report = read(xml(inner, outer))
    assert report.files[0].lines == {1: 1, 2: 0, 9: 0}
    assert not report.doubtful


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"hello", "none of the known formats"),
        (b"<html></html>", "root <html>"),
        (b"<coverage>", "no whole XML document"),
        (b'<?xml version="1.0" encoding="nowhere"?><coverage/>', "is broken: LookupError"),
        (b'<!DOCTYPE c [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><coverage>&b;</coverage>', "declares XML entities"),
        (b'<!DOCTYPE c [<!ENTITY a SYSTEM "file:///etc/passwd">]><coverage>&a;</coverage>', "declares XML entities"),
        (b"<coverage>" + b"<a>" * 100, "nested deeper"),
        (xml(one_class("a.py", l0=1)), "out of range"),
        (xml(one_class("a.py", l99999999999999999999=1)), "out of range"),
        (b"SF:a.py\nDA:1,1\n", "cut off"),
        (b"SF:a.py\nDA:-1,1\nend_of_record\n", "out of range"),
        (b"SF:a.py\nDA:x\nend_of_record\n", "broken"),
        (b"mode: set\na.go:1.1,2.2 1\n", "cut off or broken in line 2"),
        (b"mode: set\na.go:1.1,900000.2 1 1\n", "block of 899999 lines"),
        (b"{}[", "no whole JSON"),
        (b'{"meta": {}, "files": {"a.py": {"executed_lines": "all"}}}', "no whole JSON"),
        (b'{"meta": {}, "files": {"a.py": {"executed_lines": [0], "missing_lines": []}}}', "out of range"),
        (b'{"a":' * 5000, "is broken"),
        (b"SQLite format 3\0" + b"x" * 100, "broken data file"),
    ],
)
def test_what_cannot_be_used_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read(data)


def test_more_branches_taken_than_there_are_is_refused() -> None:
    line = '<line number="1" hits="1" branch="true" condition-coverage="100% (9/2)"/>'
    with pytest.raises(UnreadableError, match="9 of 2"):
        read(xml(f'<class name="a" filename="a.py"><lines>{line}</lines></class>'))


def test_a_name_with_control_characters_is_no_file() -> None:
    report = read(json.dumps({"meta": {}, "files": {"a\nb.py": {"executed_lines": [1], "missing_lines": []}}}).encode())
    assert not report.files
    assert "no name of a file" in report.doubtful[0]


@pytest.mark.parametrize("statement", ["CREATE VIEW arc2 AS SELECT 1", "CREATE TRIGGER t AFTER INSERT ON file BEGIN SELECT 1; END", "CREATE TABLE more (x)"])
def test_a_data_file_that_computes_is_refused(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "data"
    path.write_bytes((REPORTS / "branch.data").read_bytes())
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()
    with pytest.raises(UnreadableError, match="that no data file"):
        read(path.read_bytes())


def test_a_data_file_whose_bits_unfold_to_millions_of_lines_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes((REPORTS / "lines.data").read_bytes())
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE line_bits SET numbits = ?", (b"\xff" * 10_000_000,))
    connection.close()
    with pytest.raises(UnreadableError, match="lines above"):
        read(path.read_bytes())


@pytest.mark.parametrize("name", NAMES)
def test_truncated_and_damaged_reports_are_read_or_refused(name: str) -> None:
    whole = (REPORTS / name).read_bytes()
    chance = random.Random(7)
    for _ in range(60):
        cut = whole[: chance.randrange(len(whole))]
        damaged = bytearray(whole)
        for _ in range(3):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        for data in (cut, bytes(damaged)):
            try:
                report = read(data)
            except UnreadableError as error:
                assert str(error)
            else:
                assert all(0 <= taken <= ways for file in report.files for taken, ways in file.branches.values())


def test_an_endless_report_is_refused_within_the_memory_that_is_promised(tmp_path: Path) -> None:
    script = tmp_path / "read_it.py"
    script.write_text(
        "from backend_lint.readers.coverage import UnreadableError, read\n"
        "data = b'SF:a.py\\n' + b''.join(b'DA:%d,1\\n' % (n % 4999999 + 1) for n in range(2_200_000)) + b'end_of_record\\n'\n"
        "try:\n    read(data)\nexcept UnreadableError as error:\n    print(error)\n"
        # ru_maxrss would be that of the process that started this one, if it is larger
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=120)
    reason, kilobytes = done.stdout.splitlines()
    assert "more than 2,000,000 records" in reason
    assert int(kilobytes) < 500_000
