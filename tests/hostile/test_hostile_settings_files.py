"""Manifests and settings of other tools are read in every run: nobody may stop one with a line in them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine import requirements
from backend_lint.engine.coverage_config import read_config
from backend_lint.engine.import_linter import find, unreadable
from backend_lint.engine.requirements import Manifests
from backend_lint.engine.run import run
from backend_lint.readers.settings_text import ini, toml
from backend_lint.registry import Registry

LONG = {
    ".coveragerc": "[run]\nsource" + " " * 900_000 + "shop\n",
    "setup.cfg": "[importlinter]\n" + "a\n" * 400_000,
    ".importlinter": "[importlinter]\na" + "\t" * 900_000 + "b\n",
    "pyproject.toml": "[tool.importlinter]\n" + "a." * 400_000 + "a = 1\n",
}
"""Each took minutes: the standard library's parsers go back over what they have read."""


@pytest.mark.parametrize("name", LONG)
def test_one_long_line_holds_up_no_run(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(LONG[name])
    begun = time.monotonic()
    assert not read_config(tmp_path).path
    assert find(tmp_path) is None
    assert time.monotonic() - begun < 10
    if "importlinter" in LONG[name]:
        assert [flaw.path for flaw in unreadable(tmp_path)] == [name], "contracts must not be passed over in silence"


def test_settings_of_usual_size_are_read() -> None:
    assert toml("[tool.a.b]\n" + "c = 1.0\n")["tool"]["a"]["b"] == {"c": 1.0}
    text = "[options]\nname      = shop\nlong =\n" + "".join(f"    package-{number}\n" for number in range(2000))
    assert ini(text).get("options", "name") == "shop"


@pytest.mark.parametrize(
    "text", ["tool = 3", "[tool]\ncoverage = 3", "[tool]\npytest = []", "[tool.pytest]\nini_options = 3", "[tool.pytest.ini_options]\naddopts = 3"]
)
def test_tables_that_are_none_configure_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert not read_config(tmp_path).source


def test_a_manifest_names_files_that_no_file_system_has(tmp_path: Path) -> None:
    """A NUL in a name is an error of the call, not of the file: it took the whole run down."""
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "requirements.txt").write_bytes(b"-r a\0b.txt\n-r " + b"c" * 299 + b"\ndjango==5.2\n")
    assert [pin.name for pin in Manifests(tmp_path, ["a.py"])()[0].pins] == ["django"]
    assert run(Settings(root=tmp_path, cache=False, jobs=1), Registry.load(entry_points=False)).files == 1, "the rest is checked"


def _many(folder: Path, line: str) -> None:
    for number in range(60):
        (folder / f"requirements-{number:02}.txt").write_text("".join(line.replace("<n>", f"{number}-{each}") for each in range(2000)))


@pytest.mark.parametrize("line", ["-r requirements-00.txt\n", "-r away/<n>.txt\n", "-r <n>.txt\n"])
def test_lists_that_include_each_other_are_looked_at_so_often(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """120,000 names, each of them asked of the disk: 20 seconds in every run."""
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (project / "away").symlink_to(tmp_path / "elsewhere")
    _many(project, line)
    asked = []
    real = os.path.realpath
    monkeypatch.setattr(requirements.os.path, "realpath", lambda path: asked.append(path) or real(path))
    assert len(Manifests(project, []).names) <= 80
    assert len(asked) <= 500


def test_all_lists_together_are_read_up_to_so_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "_MOST_BYTES", 1000)
    for number in range(9):
        (tmp_path / f"requirements-{number}.txt").write_text("a==1\n" * 60)
    manifests = Manifests(tmp_path, [])
    assert [file.path for file in manifests()] == [f"requirements-{number}.txt" for number in range(3)]
    assert manifests() == manifests(), "what is asked twice is read once"


def test_devices_and_circles_of_links_are_no_manifests(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "requirements.txt")
    (tmp_path / "uv.lock").symlink_to("/dev/zero")
    (tmp_path / "requirements-a.txt").symlink_to("requirements-b.txt")
    (tmp_path / "requirements-b.txt").symlink_to("requirements-a.txt")
    assert Manifests(tmp_path, [])() == ()
