"""What coverage.py is told to leave out, read as data from every file where it may stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.engine.coverage_config import read_config
from backend_lint.engine.coverage_scope import left_out
from backend_lint.facts.coverage_config import CoverageConfig


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".coveragerc", "[run]\nbranch = True\nsource = app\nomit =\n    */a.py\n    */b.py\n"),
        ("setup.cfg", "[coverage:run]\nbranch = yes\nsource = app\nomit = */a.py, */b.py\n"),
        ("tox.ini", "[coverage:run]\nbranch = 1\nsource = app\nomit = */a.py, */b.py\n"),
        ("pyproject.toml", '[tool.coverage.run]\nbranch = true\nsource = ["app"]\nomit = ["*/a.py", "*/b.py"]\n'),
    ],
)
def test_every_file_says_the_same(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    found = read_config(tmp_path)
    assert (found.path, found.branch, found.source, found.omit) == (name, True, ("app",), ("*/a.py", "*/b.py"))
    assert found.lines["run"] == 1
    assert found.lines["run.branch"] == 2


def test_pytest_names_what_is_measured(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "-q --cov=shop --cov-report=xml"\n')
    assert read_config(tmp_path).source == ("shop",)


@pytest.mark.parametrize("text", ["[run\n", "[run]\nbranch\n", "\0", "[run]\nomit = " + "*a" * 50_000])
def test_a_broken_configuration_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / ".coveragerc").write_text(text)
    asked = left_out(read_config(tmp_path))
    assert asked("app/a.py") == ""


@pytest.mark.parametrize(
    ("config", "path", "key"),
    [
        (CoverageConfig(omit=("*/migrations/*",)), "app/migrations/0001.py", "omit"),
        (CoverageConfig(omit=("*/migrations/*",)), "app/migrations/old/0001.py", "omit"),
        (CoverageConfig(omit=("app/*.py",)), "app/sub/a.py", ""),
        (CoverageConfig(omit=("app/**/a.py",)), "app/sub/deep/a.py", "omit"),
        (CoverageConfig(omit=("[unclosed",)), "app/a.py", ""),
        (CoverageConfig(source=("app",)), "app/a.py", ""),
        (CoverageConfig(source=("app",)), "application/a.py", "source"),
        (CoverageConfig(source=("shop.core",)), "src/shop/core/a.py", ""),
        (CoverageConfig(source=(".",)), "anything/a.py", ""),
        (CoverageConfig(source=("*app*",)), "other/a.py", ""),
        (CoverageConfig(include=("app/*",)), "other/a.py", "include"),
    ],
)
def test_what_is_left_out(config: CoverageConfig, path: str, key: str) -> None:
    assert left_out(config)(path) == key
