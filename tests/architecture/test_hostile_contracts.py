"""Contract files that the checked project wrote to hang the run, to read what lies outside it, or to be passed over."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from backend_lint.api import ProjectRule
from backend_lint.config import ConfigError, Settings
from backend_lint.engine import architecture_plan
from backend_lint.engine.architecture_plan import plan_of
from backend_lint.engine.run import link_contents
from backend_lint.project import Project
from backend_lint.project.architecture import contracts as module
from backend_lint.project.architecture.contracts import _pattern
from backend_lint.registry import Registry

HEAD = "[importlinter]\nroot_package = p\n"
RING = {f"p/m{i}.py": f"from p import m{(i + 1) % 30}\n".encode() for i in range(30)} | {"p/__init__.py": b""}


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("a.*.c", "a.b.c", True),
        ("a.*.c", "a.b.b.c", False),
        ("a.**.c", "a.b.b.c", True),
        ("a.**.c", "a.c", False),
        ("a.**", "a", False),
        ("**.b.*", "a.b.b.c", True),
        ("**.**", "a", False),
        ("*.**.*", "a.b.c", True),
        ("a.b*", "a.bc", False),
    ],
)
def test_stars_stand_for_one_part_and_for_one_or_more(pattern: str, name: str, fits: bool) -> None:
    assert _pattern(pattern)(name) is fits


def test_a_name_of_many_stars_does_not_hang() -> None:
    begun = time.process_time()
    assert not _pattern(".".join(["**"] * 40) + ".x")(".".join(["p"] * 900))
    assert time.process_time() - begun < 2, "going back for each ** takes longer than the universe is old"


def _project(root: Path, contracts: str) -> Project:
    (root / ".importlinter").write_text(HEAD + contracts)
    settings = Settings(root=root, cache=False)
    made = link_contents(settings, RING)
    made.plan = plan_of(settings)[0]
    return made


def _findings(project: Project) -> list[str]:
    settings = Settings(root=Path("/nowhere"), cache=False, select=("broken-import-contract", "stale-contract-exception"))
    rules = Registry.load(entry_points=False).instantiate(settings)
    return [finding.message for rule in rules if isinstance(rule, ProjectRule) for finding in rule.check(project)]


def test_contracts_that_nobody_can_check_are_an_error_and_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_STEPS", 2_000)
    project = _project(tmp_path, "[importlinter:contract:1]\nname = apart\ntype = independence\nmodules = p.*\n")
    found = [one for one in _findings(project) if "not checked" in one]
    assert len(found) == 1
    assert "contract `apart` and those after it are not checked" in found[0]
    assert "name packages" in found[0]


def test_many_contracts_are_read_in_one_pass(tmp_path: Path) -> None:
    text = "".join(f"[importlinter:contract:{i}]\nname=x\ntype=forbidden\nsource_modules=p.a\nforbidden_modules=p.b\n" for i in range(8_000))
    (tmp_path / ".importlinter").write_text(HEAD + text)
    begun = time.process_time()
    plan, _ = plan_of(Settings(root=tmp_path, cache=False))
    assert time.process_time() - begun < 4, "looking for the line of each contract from the top takes 20 seconds"
    assert plan.contracts[-1].line == 3 + 7_999 * 5


def test_a_contract_file_outside_the_root_is_not_read(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    secret = tmp_path / "secret"
    secret.write_text("PASSWORD importlinter\n")
    (root / "link").symlink_to(tmp_path)
    for name in ("../secret", str(secret), "link/secret"):
        with pytest.raises(ConfigError, match="leads out of the project root") as raised:
            plan_of(Settings(root=root, cache=False, import_linter=name))
        assert "PASSWORD" not in str(raised.value)


def test_a_contract_file_too_large_to_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".importlinter").write_text(HEAD + "# pad\n" * 200_000 + "[importlinter:contract:1]\nname=x\ntype=independence\nmodules=p.a\n")
    plan, unread = plan_of(Settings(root=tmp_path, cache=False))
    assert not plan.contracts
    assert [(one.path, "cannot be read" in one.reason) for one in unread] == [(".importlinter", True)]


def test_layers_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(architecture_plan, "_MOST_PAIRS", 100)
    project = _project(tmp_path, "[importlinter:contract:1]\nname=x\ntype=layers\nlayers=\n" + "".join(f"    (z{i})\n" for i in range(50)))
    assert project.plan is not None
    with pytest.raises(ConfigError, match="more than 100 pairs"):
        architecture_plan.verify_plan(project, project.plan)
