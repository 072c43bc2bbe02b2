"""The same rules come out of a wheel, an editable install and a bare clone, and nothing of ours lies about in site-packages."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from clones import TREE, Environment, copy_tree

from backend_lint import __version__
from backend_lint.registry import Registry

OWN = set(Registry.load(entry_points=False).rules)
BAD = "import requests\n\n\ndef fetch(url):\n    return requests.get(url)\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # setuptools leaves build/ and *.egg-info behind: in a copy of its own
    source = copy_tree(tmp_path_factory.mktemp("wheel") / "source")
    target = source.parent / "dist"
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(target), str(source)]
    outcome = subprocess.run(command, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("installed"))
    environment.install(wheel)
    return environment


def names(listing: str) -> set[str]:
    """The names that ``backend-lint rules --format json`` lists, without the engine's own."""
    data = json.loads(listing)
    return {rule["name"] for rule in (data["rules"] if isinstance(data, dict) else data) if rule["family"] != "engine"}


class TestWheel:
    def test_holds_our_package_only(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            tops = {name.split("/")[0] for name in archive.namelist()}
        assert tops == {"backend_lint", f"backend_lint-{__version__}.dist-info"}

    def test_holds_every_module(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            held = {name for name in archive.namelist() if name.endswith(".py")}
        wanted = {path.relative_to(TREE).as_posix() for path in (TREE / "backend_lint").rglob("*.py")}
        wanted |= {f"backend_lint/{path.relative_to(TREE).as_posix()}" for path in (TREE / "rules").rglob("*.py")}
        assert held == wanted

    def test_holds_what_the_html_report_is_made_of(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            held = {name.rpartition("/")[2] for name in archive.namelist() if name.startswith("backend_lint/report/assets/")}
        assert held == {path.name for path in (TREE / "backend_lint" / "report" / "assets").iterdir()}

    def test_command_says_its_version(self, installed: Environment) -> None:
        assert __version__ in installed.execute(installed.scripts / "backend-lint", "--version")

    def test_command_lists_every_rule(self, installed: Environment) -> None:
        assert names(installed.execute(installed.scripts / "backend-lint", "rules", "--format", "json")) == OWN

    def test_no_rules_package_beside_ours(self, installed: Environment) -> None:
        assert not (installed.packages / "rules").exists()
        assert (installed.packages / "backend_lint" / "rules").is_dir()
        installed.run("-c", "import rules", status=1)

    def test_checks_a_project(self, installed: Environment, tmp_path: Path) -> None:
        (tmp_path / "client.py").write_text(BAD)
        report = json.loads(installed.execute(installed.scripts / "backend-lint", "--format", "json", "--no-cache", "--fail-on", "never", cwd=tmp_path))
        assert [finding["rule"] for finding in report["findings"]] == ["outbound-call-without-timeout"]


def test_editable_install_lists_every_rule(tmp_path: Path) -> None:
    source = copy_tree(tmp_path / "source")
    environment = Environment(tmp_path / "environment")
    environment.install("--editable", source)
    assert names(environment.execute(environment.scripts / "backend-lint", "rules", "--format", "json")) == OWN
    assert not (environment.packages / "rules").exists()
    family = next(path.parent.name for path in (source / "rules").glob("*/*.py") if not path.name.startswith("_"))
    extra = next(path for path in (source / "rules" / family).glob("*.py") if not path.name.startswith("_"))
    (source / "rules" / family / "one_more.py").write_bytes(extra.read_bytes())
    listed = names(environment.execute(environment.scripts / "backend-lint", "rules", "--format", "json"))
    assert listed - OWN == {"one-more"}, "an editable install must see a rule as soon as its file is there"


def test_bare_clone_lists_every_rule(tmp_path: Path) -> None:
    clone = copy_tree(tmp_path / "clone")
    environment = Environment(tmp_path / "environment")
    assert names(environment.run("-m", "backend_lint", "rules", "--format", "json", cwd=clone)) == OWN


def test_core_installation_stays_below_40_megabytes(installed: Environment) -> None:
    listing = installed.run(TREE / "benchmarks" / "size.py", "backend-lint")
    total = float(listing.splitlines()[-1].split()[0])
    assert 5 < total < 40, listing
