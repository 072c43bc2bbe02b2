"""Small reports that unfold to gigabytes, take minutes, fill the terminal, or hide what no test ran."""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from coverage import CoverageData

from backend_lint.config import Settings
from backend_lint.engine.coverage_stage import measured
from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.readers.coverage import UnreadableError, read

LINES = {"/x/app/a.py": [1, 2, 4], "/x/app/b.py": [1, 400]}


def data_file(folder: Path, change: Callable[[sqlite3.Connection], object], arcs: bool = False) -> bytes:
    path = folder / "data"
    made = CoverageData(str(path))
    made.add_arcs({"/x/app/a.py": [(-1, 1), (1, 2), (2, -1)]}) if arcs else made.add_lines(LINES)
    made.write()
    made.close()
    connection = sqlite3.connect(path)
    change(connection)
    connection.commit()
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize("written", ["as (", "AS(", "as/**/(", "generated always as (", "AS--\n("])
def test_no_generated_column_runs(written: str, tmp_path: Path) -> None:
    def change(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE file")
        connection.execute(f"CREATE TABLE file (id integer primary key, path text {written} hex(zeroblob(4000))))")
        connection.execute("INSERT INTO file (id) VALUES (1)")

    with pytest.raises(UnreadableError, match="that no data file of coverage"):
        read(data_file(tmp_path, change))


def test_lines_of_many_contexts_are_joined_before_they_are_unfolded(tmp_path: Path) -> None:
    def change(connection: sqlite3.Connection) -> None:
        connection.executemany("INSERT INTO context (context) VALUES (?)", ((f"c{i}",) for i in range(4000)))
        bits = b"\xfe" + b"\xff" * 1500
        connection.executemany("INSERT INTO line_bits (file_id, context_id, numbits) VALUES (1, ?, ?)", ((i + 2, bits) for i in range(4000)))

    begun = time.process_time()
    report = read(data_file(tmp_path, change))
    assert time.process_time() - begun < 1.5, "a report of 30 MB takes 18 seconds"
    assert report.executed[0].lines == tuple(range(1, 12008))
    assert report.executed[1].lines == (1, 400)


def test_many_files_are_read_in_one_pass(tmp_path: Path) -> None:
    data = data_file(tmp_path, lambda one: one.executemany("INSERT INTO file (path) VALUES (?)", ((f"/x/{i}.py",) for i in range(40_000))))
    begun = time.process_time()
    assert len(read(data).executed) == 40_002
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("arcs", [False, True])
def test_the_same_is_read_as_coverage_itself_reads(arcs: bool, tmp_path: Path) -> None:
    report = read(data_file(tmp_path, lambda one: None, arcs))
    known = CoverageData(str(tmp_path / "data"))
    known.read()
    for one in report.executed:
        assert sorted(one.lines) == sorted(known.lines(one.path) or ())
        assert one.arcs is None if not arcs else sorted(one.arcs or ()) == sorted(known.arcs(one.path) or ())
    known.close()


@pytest.mark.parametrize("value", [12, "text", "x'00'"])
def test_values_of_another_kind_are_refused(value: object, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        read(data_file(tmp_path, lambda one: one.execute("UPDATE line_bits SET numbits = ?", (value,))))


def test_a_name_of_a_megabyte_is_no_name(tmp_path: Path) -> None:
    long = "a" * 1_000_000
    report = read(f"SF:{long}\nDA:1,1\nend_of_record\n".encode())
    assert not report.files
    assert len(report.doubtful[0]) < 400
    with pytest.raises(UnreadableError, match="a path of more than"):
        read(data_file(tmp_path, lambda one: one.execute("UPDATE file SET path = ? WHERE id = 1", (long,))))


def test_a_tag_of_a_million_attributes_takes_no_gigabyte(tmp_path: Path) -> None:
    report = tmp_path / "c.xml"
    report.write_text("<coverage " + " ".join(f"a{i}='>'" for i in range(1_500_000)) + "/>")
    script = "import pathlib, sys\nfrom backend_lint.readers.coverage import read\nread(pathlib.Path(sys.argv[1]).read_bytes())\n"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (400_000_000, 400_000_000))

    done = subprocess.run([sys.executable, "-c", script, str(report)], capture_output=True, text=True, timeout=60, preexec_fn=limit)
    assert "has a tag of more than" in done.stderr


def test_names_in_other_languages_hide_no_file_that_was_never_imported(tmp_path: Path) -> None:
    files = {}
    for name in ("a", "b"):
        path = f"app/{name}.py"
        (tmp_path / "app").mkdir(exist_ok=True)
        (tmp_path / path).write_text("x = 1\n")
        files[path] = SourceFile(path, Kind.PYTHON, Role.APPLICATION, 6)
    foreign = "".join(f"SF:other/{i}.zz\nDA:1,1\nend_of_record\n" for i in range(5))
    (tmp_path / "lcov.info").write_text(f"TN:\nSF:app/a.py\nDA:1,1\nend_of_record\n{foreign}")
    settings = Settings(root=tmp_path, cache=False, gate={"coverage": {"total": 90}})
    found = measured(settings, ["lcov.info"], files, lambda path: (tmp_path / path).read_text().splitlines(), [])
    assert found.never_imported == {"app/b.py"}, "five names that nobody knows would make a half covered project a covered one"


def _istanbul(number: int) -> str:
    places = {str(line): {"start": {"line": line, "column": 0}, "end": {"line": line, "column": 9}} for line in range(1, 500)}
    return json.dumps({"path": f"/a/m{number}.js", "statementMap": places, "s": dict.fromkeys(places, 1), "fnMap": {}, "f": {}, "branchMap": {}, "b": {}})


def _llvm(number: int) -> str:
    segments = [[line, 1, 1, True, True, False] for line in range(1, 2000)]
    return json.dumps({"filename": f"/a/m{number}.c", "segments": segments, "branches": [], "summary": {}})


def _coverage_py(number: int) -> str:
    return json.dumps({"executed_lines": list(range(1, 2000)), "missing_lines": [], "excluded_lines": [], "summary": {}})


@pytest.mark.parametrize(
    ("head", "one", "keyed", "tail"),
    [
        ("{", _istanbul, True, "}"),
        ('{"version": "2.0.1", "type": "llvm.coverage.json.export", "data": [{"functions": [], "totals": {}, "files": [', _llvm, False, "]}]}"),
        ('{"meta": {"format": 3, "version": "7.6", "branch_coverage": false}, "totals": {}, "files": {', _coverage_py, True, "}}"),
    ],
)
def test_the_largest_json_reports_fit_into_the_memory_that_is_promised(
    head: str, one: Callable[[int], str], keyed: bool, tail: str, tmp_path: Path
) -> None:
    parts, size = [], 0
    while size < 31_000_000:
        parts.append(f'"m{len(parts)}": {one(len(parts))}' if keyed else one(len(parts)))
        size += len(parts[-1]) + 2
    report = tmp_path / "report.json"
    report.write_text(head + ", ".join(parts) + tail)
    script = (
        "import pathlib, sys\nfrom backend_lint.readers.coverage import UnreadableError, read\n"
        "try:\n    read(pathlib.Path(sys.argv[1]).read_bytes())\nexcept UnreadableError as error:\n    assert '2,000,000 records' in str(error), error\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(report)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 500_000
