"""``new-rule`` in a copy of the tree: the rule loads, nothing else needs an edit, and the tests that stand say what is still missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from clones import TREE, copy_tree

from backend_lint.registry import Registry

KINDS = ("cst", "node", "project", "report", "sql")


def backend_lint(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "backend_lint", *arguments], cwd=cwd, env=environment(cwd), capture_output=True, text=True)


def environment(cwd: Path) -> dict[str, str]:
    """The package of the clone at `cwd` if there is one, else that of this tree."""
    package = cwd if (cwd / "backend_lint").is_dir() else TREE
    return {**os.environ, "PYTHONPATH": str(package), "NO_COLOR": "1"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with one new rule in a new family."""
    clone = copy_tree(tmp_path_factory.mktemp("new-rule") / "clone")
    done = backend_lint(clone, "new-rule", "ledger", "unbalanced-entry")
    assert done.returncode == 0, done.stderr
    return clone


def test_rule_is_there_at_once(tree: Path) -> None:
    explained = backend_lint(tree, "explain", "unbalanced-entry")
    assert explained.returncode == 0, explained.stderr
    assert "FILL IN" in explained.stdout


def test_new_family_is_entered_in_the_list_of_packages(tree: Path) -> None:
    packages = tomllib.loads((tree / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert "backend_lint.rules.ledger" in packages
    assert packages == sorted(packages)


def test_tests_say_what_is_missing(tree: Path) -> None:
    command = [sys.executable, "-m", "pytest", "tests/test_rules.py", "tests/test_house.py", "-k", "unbalanced", "-p", "no:xdist", "--tb=line"]
    outcome = subprocess.run(command, cwd=tree, env=environment(tree), capture_output=True, text=True)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    failed = {line.split("::")[-1].split("[")[0] for line in outcome.stdout.splitlines() if line.startswith("FAILED")}
    assert failed == {
        "test_bad_sample_is_reported_where_it_is_marked",
        "test_example_is_reported_and_its_mended_version_is_not",
        "test_nothing_of_the_scaffold_is_left",
    }, outcome.stdout


def test_scaffold_passes_the_linters(tree: Path) -> None:
    for command in (["ruff", "check", "--no-cache", "rules/ledger"], ["mypy", "rules/ledger"]):
        outcome = subprocess.run([sys.executable, "-m", *command], cwd=tree, env=environment(tree), capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stdout


def test_second_rule_of_that_name_is_refused(tree: Path) -> None:
    again = backend_lint(tree, "new-rule", "ledger", "unbalanced-entry")
    assert again.returncode == 2
    assert "is there already" in again.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_loads_from_a_folder_of_an_organisation(kind: str, tmp_path: Path) -> None:
    rules = tmp_path / "house" / "rules"
    name = f"{kind}-thing"
    done = backend_lint(tmp_path, "new-rule", "house-rules", name, "--kind", kind, "--rules-dir", str(rules))
    assert done.returncode == 0, done.stderr
    registry = Registry.load([rules], entry_points=False)
    assert registry.card(name).kind == kind
    assert registry.card(name).family == "house-rules"
    assert registry.card(name).profile == "all", "a new rule stays out of the default profile until it is measured"
    assert (tmp_path / "house" / "fixtures" / "house-rules" / name / "bad.py").is_file()
    checked = backend_lint(tmp_path / "house", "--rules-dir", str(rules), "--select", name, "--no-cache", "--format", "json", "fixtures")
    assert checked.returncode == 0, "a scaffold reports nothing and breaks nothing: " + checked.stderr
    assert json.loads(checked.stdout)["unchecked"] == []


@pytest.mark.parametrize("name", ["Upper", "two words", "../escape", "-dash", "class"])
def test_odd_names_are_refused(name: str, tmp_path: Path) -> None:
    refused = backend_lint(tmp_path, "new-rule", "--rules-dir", str(tmp_path / "rules"), "--", "family", name)
    assert refused.returncode == 2
    assert "lower-case words" in refused.stderr
    assert not list(tmp_path.iterdir())


def test_outside_of_a_clone_a_folder_must_be_named(tmp_path: Path) -> None:
    refused = backend_lint(tmp_path, "new-rule", "family", "name")
    assert refused.returncode == 2
    assert "--rules-dir" in refused.stderr
