"""The baseline file: what it takes away, how it is written, and what is said of a damaged one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from triage_samples import CARDS, found, names, sift

from backend_lint.config import ConfigError, Settings
from backend_lint.engine import baseline
from backend_lint.engine.moved_findings import Homeless, moved_in
from backend_lint.engine.result import Reported, Result
from backend_lint.facts.file import Unchecked

TEXT = "get(a)\nget(b)\nget(b)\n"


def result(text: str = TEXT, path: str = "app.py", unchecked: tuple[Unchecked, ...] = ()) -> Result:
    reported: tuple[Reported, ...] = sift(text, path=path)[0]
    return Result(findings=reported, unchecked=unchecked, cards=CARDS)


def test_accepted_findings_are_not_reported_again(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    assert baseline.create(file, result()) == 3
    reported, inline, in_baseline = sift("import x\n" + TEXT + "get(c)\n", baseline=file)
    assert (names(reported), inline, in_baseline) == ([("missing-timeout", 5)], 0, 3)


def test_one_more_of_equal_findings_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.create(file, result())
    assert names(sift(TEXT + "get(b)\n", baseline=file)[0]) == [("missing-timeout", 4)]


def test_the_file_is_sorted_with_one_finding_a_line(tmp_path: Path) -> None:
    one, two = tmp_path / "1.json", tmp_path / "2.json"
    both = Result(findings=(*result(path="b.py").findings, *result().findings), unchecked=(), cards={})
    baseline.create(one, both)
    baseline.create(two, Result(findings=both.findings[::-1], unchecked=(), cards={}))
    assert one.read_bytes() == two.read_bytes()
    lines = one.read_text("ascii").splitlines()
    assert lines[0] == '{"version": 1, "findings": ['
    assert lines[-1] == "]}"
    entries = [json.loads(line.rstrip(",")) for line in lines[1:-1]]
    assert [list(entry) for entry in entries] == [["fingerprint", "rule", "path", "message"]] * 6
    assert [entry["path"] for entry in entries] == ["app.py"] * 3 + ["b.py"] * 3


def test_an_empty_baseline_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    assert baseline.create(file, result("x\n")) == 0
    assert baseline.load(file) == ()


def test_a_path_that_is_no_utf8_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.create(file, result(path=os.fsdecode(b"caf\xe9.py")))
    assert {entry.path for entry in baseline.load(file)} == {os.fsdecode(b"caf\xe9.py")}


def test_update_takes_today_and_prune_only_removes(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.create(file, result())
    assert baseline.prune(file, result("get(a)\nget(new)\n")) == 1
    assert baseline.update(file, result("get(new)\nget(newer)\n")) == 2
    assert {entry.fingerprint for entry in baseline.load(file)} == {one.fingerprint for one in result("get(new)\nget(newer)\n").findings}


def test_a_renamed_file_keeps_what_was_accepted(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.create(file, result(path="old/app.py"))
    reported, _, in_baseline = sift(TEXT + "get(new)\n", path="app.py", baseline=file)
    assert (names(reported), in_baseline) == ([("missing-timeout", 4)], 3), "a rename brings nothing back, and hides nothing new"
    assert len(sift(TEXT, path="app.py", baseline=file, root=tmp_path)[0]) == 0
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "app.py").write_text(TEXT)
    assert len(sift(TEXT, path="app.py", baseline=file, root=tmp_path)[0]) == 3, "a copy beside the old file is new"


def test_each_accepted_finding_of_a_file_that_is_gone_is_found_again_once(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.create(file, result("get(a)\n", path="old.py"))
    homeless = Homeless(baseline.load(file), tmp_path, lambda path: False)
    for path, times in (("one.py", 1), ("two.py", 0)):
        group = found("get(a)\n", path=path)
        assert len(homeless.found_again(group, ["get(a)"], group)) == times, path


def test_pruning_moves_what_was_renamed(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(TEXT)
    file = tmp_path / "baseline.json"
    baseline.create(file, result("get(a)\nget(b)\nget(gone)\n", path="old.py"))
    now = result("get(a)\nget(b)\nget(b)\n")
    assert baseline.prune(file, now, moved=moved_in(now, baseline.load(file), Settings(root=tmp_path))) == 2
    assert {entry.path for entry in baseline.load(file)} == {"app.py"}
    assert names(sift(TEXT, baseline=file, root=tmp_path)[0]) == [("missing-timeout", 3)]


@pytest.mark.parametrize("write", [baseline.update, baseline.prune])
def test_what_the_run_did_not_see_stays(write: object, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.create(file, Result(findings=(*result().findings, *result(path="lib/b.py").findings), unchecked=(), cards={}))
    assert write(file, result("x = 1\n"), ["app.py"]) == 3  # type: ignore[operator]
    assert write(file, result("x = 1\n", unchecked=(Unchecked("lib/b.py", "invalid syntax"),)), [""]) == 3  # type: ignore[operator]
    assert write(file, result("x = 1\n"), ["lib/"]) == 0  # type: ignore[operator]


def test_the_mode_of_the_file_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.create(file, result())
    file.chmod(0o640)
    baseline.update(file, result("get(z)\n"))
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["baseline.json"]


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("keep", "utf-8")
    (tmp_path / "baseline.json").symlink_to(target)
    with pytest.raises(ConfigError, match="no regular file"):
        baseline.create(tmp_path / "baseline.json", result())
    assert target.read_text("utf-8") == "keep"


def test_the_baseline_of_another_revision_counts_instead_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.create(file, result())
    data = file.read_bytes()
    baseline.create(file, result("get(z)\n"))
    assert sift(TEXT, baseline=file, baseline_data=data)[2] == 3
    assert sift(TEXT, baseline=file, baseline_data=b"")[2] == 0


ENTRY = '{"fingerprint": "' + "0" * 32 + '", "rule": "r", "path": "p", "message": "m"}'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "line 1"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"{}", "is no baseline"),
        (b"[]", "is no baseline"),
        (b'{"version": 2, "findings": []}', "has version '2', this backend-lint reads 1"),
        (b'{"version": 1, "findings": {}}', "is no baseline"),
        (b'{"version": 1, "findings": [1]}', "finding 1"),
        (f'{{"version": 1, "findings": [{ENTRY}, {{"rule": 1}}]}}'.encode(), "finding 2"),
        (b'{"version": 1, "findings": [\n{"fingerprint": }', "line 2"),
        (b"<<<<<<< ours\n{}\n>>>>>>> theirs\n", "merge conflict"),
        (b"[" * 100_000, "is no JSON that a baseline could be"),
        (b'{"version": ' + b"9" * 10_000 + b"}", "baseline"),
    ],
)
def test_a_damaged_baseline_is_a_clear_error(data: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    file.write_bytes(data)
    with pytest.raises(ConfigError, match=said) as raised:
        baseline.load(file)
    assert str(file) in str(raised.value)
    assert "`backend-lint baseline" in str(raised.value)


def test_a_missing_baseline_and_one_that_is_no_file_are_clear_errors(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name, said in (("gone", "does not exist"), ("fifo", "no regular file"), ("", "cannot be read|no regular file")):
        with pytest.raises(ConfigError, match=said):
            baseline.load(tmp_path / name)


def test_findings_of_other_rules_stay_when_few_are_selected(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.create(file, Result(findings=sift(TEXT, found(TEXT, rule="broad-except"))[0], unchecked=(), cards=CARDS))
    few = Result(findings=(), unchecked=(), cards={"missing-timeout": CARDS["missing-timeout"]})
    assert baseline.prune(file, few) == 3
