"""The benchmarks' own arithmetic: a scorer that counts wrong would praise or damn the linter for nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from benchmark_modules import benchmark

TREE = Path(__file__).resolve().parent.parent.parent


accuracy, packages, measure, architecture = (benchmark(name) for name in ("accuracy", "packages", "measure", "architecture_truth"))

BEFORE = """import requests


@trace
def fetch(url):
    a = 1
    b = 2
    c = 3
    d = 4
    return requests.get(url)


def other():
    return 1
"""
SPEAKS = {"no-timeout": {"missing-timeout"}, "swallowed": {"swallowed-exception"}}


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def repos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the made-up repository acme/shop with one commit."""
    repos = tmp_path_factory.mktemp("repos")
    clone = repos / "acme+shop"
    (clone / "app").mkdir(parents=True)
    (clone / "app" / "client.py").write_text(BEFORE)
    (clone / "image.bin").write_bytes(b"\0")
    git(clone, "init", "--quiet")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "One")
    return repos


def case(repos: Path, **changes: object) -> dict[str, object]:
    raw: dict[str, object] = {"id": "A1", "repo": "acme/shop", "commit": git(repos / "acme+shop", "rev-parse", "HEAD"), "path": "app/client.py", "line": 10}
    return {**raw, "class": "missing-timeout", "kind": "vuln", "difficulty": "easy", **changes}


def read(tmp_path: Path, *raw: dict[str, object]) -> list[object]:
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(json.dumps(one) for one in raw) + "\n")
    return list(accuracy.read_cases(file))


class TestAccuracy:
    @pytest.mark.parametrize(
        ("line", "rule", "verdict"),
        [
            (10, "no-timeout", "near"),
            (13, "no-timeout", "near"),
            (14, "no-timeout", "missed"),
            (5, "no-timeout", "inside"),
            (4, "no-timeout", "inside"),
            (10, "swallowed", "missed"),
        ],
    )
    def test_defect_is_found_near_its_place_or_in_its_function(self, line: int, rule: str, verdict: str, repos: Path, tmp_path: Path) -> None:
        (one,) = read(tmp_path, case(repos))
        clone = accuracy.find_clone(repos, "acme/shop")
        assert accuracy.judge(one, [{"rule": rule, "path": "app/client.py", "line": line}], SPEAKS, clone) == verdict

    def test_evidence_counts_as_a_place(self, repos: Path, tmp_path: Path) -> None:
        (one,) = read(tmp_path, case(repos))
        finding = {"rule": "no-timeout", "path": "app/api.py", "line": 1, "evidence": [{"path": "app/client.py", "line": 10}]}
        assert accuracy.judge(one, [finding], SPEAKS, accuracy.find_clone(repos, "acme/shop")) == "near"

    @pytest.mark.parametrize(("line", "verdict"), [(9, "silent"), (10, "false alarm"), (12, "false alarm"), (13, "silent")])
    def test_clean_place_is_a_false_alarm_between_its_lines_only(self, line: int, verdict: str, repos: Path, tmp_path: Path) -> None:
        (one,) = read(tmp_path, case(repos, kind="clean", line_end=12))
        found = [{"rule": "no-timeout", "path": "app/client.py", "line": line}]
        assert accuracy.judge(one, found, SPEAKS, accuracy.find_clone(repos, "acme/shop")) == verdict

    def test_pair_holds_only_if_the_mended_side_is_silent(self, repos: Path, tmp_path: Path) -> None:
        held = (case(repos, pair="P"), case(repos, id="A2", kind="clean", pair="P"))
        cases = read(tmp_path, *held, case(repos, id="B1", pair="Q"), case(repos, id="B2", kind="clean", pair="Q"))
        text = accuracy.summary(accuracy.counted(cases, {"A1": "near", "A2": "silent", "B1": "inside", "B2": "false alarm"}))
        assert "pairs that hold: 1/2" in text
        assert "2/2" in next(line for line in text.splitlines() if line.startswith("ALL "))

    def test_hard_cases_are_counted_apart(self, repos: Path, tmp_path: Path) -> None:
        cases = read(tmp_path, case(repos), case(repos, id="A2", difficulty="hard"))
        lines = {line.split("  ")[0]: line for line in accuracy.summary(accuracy.counted(cases, {"A1": "near", "A2": "missed"})).splitlines()}
        assert "1/2" in lines["ALL"]
        assert "1/1" in lines["ALL but hard"]

    def test_tree_of_a_commit_is_laid_out_without_what_no_linter_reads(self, repos: Path, tmp_path: Path) -> None:
        clone = accuracy.find_clone(repos, "acme/shop")
        clone.lay_out("HEAD", tmp_path)
        assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == ["app/client.py"]
        assert (tmp_path / "app" / "client.py").read_text() == BEFORE

    def test_broken_case_names_its_line(self, tmp_path: Path) -> None:
        (tmp_path / "cases.jsonl").write_text('{"id": 1}\n')
        with pytest.raises(ValueError, match=r"cases\.jsonl:1: not a case"):
            accuracy.read_cases(tmp_path / "cases.jsonl")


class TestCorpus:
    def test_wheel_cannot_write_outside_of_its_tree(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "odd.whl", "w") as archive:
            archive.writestr("../escaped.py", "x = 1\n")
            archive.writestr("package/module.py", "x = 1\n")
            archive.writestr("package/image.png", "x")
        packages.unpack(tmp_path / "odd.whl", tmp_path / "out" / "tree")
        assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*.p*"))] == ["out/tree/package/module.py"]

    def test_assembled_tree_has_the_size_that_was_asked_for(self, tmp_path: Path) -> None:
        for name in ("one", "two"):
            (tmp_path / "in" / name).mkdir(parents=True)
            (tmp_path / "in" / name / "module.py").write_text("x = 1\n" * 100)
        trees = {"one": tmp_path / "in" / "one", "two": tmp_path / "in" / "two"}
        assert packages.assemble(trees, 450, tmp_path / "out") == 500
        assert packages.line_count(tmp_path / "out") == 500


class TestMeasure:
    def test_cpu_time_of_children_counts(self, tmp_path: Path) -> None:
        work = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(3_000_000))'])"
        idle = measure.run([sys.executable, "-c", "pass"], tmp_path)
        busy = measure.run([sys.executable, "-c", work], tmp_path)
        assert busy.cpu > idle.cpu

    def test_tool_that_fails_is_no_measurement(self, tmp_path: Path) -> None:
        with pytest.raises(measure.FailedError, match="exit 2"):
            measure.run([sys.executable, "-c", "import sys; sys.exit(2)"], tmp_path)


def test_edits_are_drawn_from_commits_of_one_file_and_laid_out(tmp_path: Path) -> None:
    """A checkout that keeps files of another commit would measure, and compare, another edit."""
    root = tmp_path / "repository"
    root.mkdir()

    def git(*arguments: str) -> None:
        named = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
        subprocess.run(["git", "-C", str(root), *named, *arguments], check=True, capture_output=True)

    git("init")
    for number, names in enumerate((("a.py", "b.py"), ("a.py",), ("c.md",), ("b.py",), ("a.py", "c.md"))):
        for name in names:
            (root / name).write_text(f"x = {number}\n")
        git("add", "-A")
        git("commit", "-m", str(number))
    (tmp_path / "work").mkdir()
    checkout = benchmark("edits").Checkout(root, tmp_path / "work")
    drawn = list(checkout.of_one_file(100))
    assert [path for _, path in drawn] == ["b.py", "a.py"]
    commit, path = drawn[0]
    checkout.at(f"{commit}^")
    assert (checkout.tree / path).read_text() == "x = 0\n" and (checkout.tree / "c.md").read_text() == "x = 2\n"
    checkout.at(commit)
    assert (checkout.tree / path).read_text() == "x = 3\n"
    checkout.at(f"{drawn[1][0]}")
    assert sorted(one.name for one in checkout.tree.iterdir()) == ["a.py", "b.py"]
    assert not (root / "index").exists()
def test_a_backend_agrees_if_shape_and_layers_are_as_it_says(tmp_path: Path) -> None:
    truth = {"document": "a.md", "quote": "routes call services", "shapes": ["layered"], "layers": {"app/routes/*.py": "entry"}}
    right = [{"path": f"app/routes/{number}.py", "layer": "entry"} for number in range(9)]
    beside = [{"path": "app/routes/__init__.py", "layer": None}, {"path": "app/routes/v1/a.py", "layer": None}]
    seen = {"shape": "layered", "modules": [*right, {"path": "app/routes/x.py", "layer": "models"}, *beside]}
    assert architecture.compared(truth, seen, True) == ("layered", True, {"app/routes/*.py": (9, 10)}, True)
    assert not architecture.compared(truth, {**seen, "shape": "flat"}, True).agrees
    assert not architecture.compared(truth, {**seen, "modules": seen["modules"][1:]}, True).agrees, "eight of nine are too few"
    assert not architecture.compared(truth, {**seen, "modules": []}, True).agrees, "nothing that is there agrees with nothing"
    (tmp_path / "a.md").write_text("Our routes\ncall  services.\n")
    assert architecture.quoted(tmp_path, truth)
    assert architecture.quoted(tmp_path, {**truth, "quote": "services call routes"}) is False
