"""Contracts: a verdict that differs from import-linter's would keep every team that has contracts from moving over.

The verdicts in `VERDICTS` are import-linter's own, asked for each of these projects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend_lint.config import ConfigError, Settings
from backend_lint.config_keys import KEYS, BadValueError
from backend_lint.engine.architecture_plan import plan_of, verify_plan
from backend_lint.engine.run import link_contents
from backend_lint.project import Project

PACKAGES = ("pkg", "pkg/high", "pkg/mid", "pkg/low", "pkg/side")
LAYERS = "type = layers\nlayers =\n    high\n    mid\n    low\ncontainers = pkg\n"
FORBIDDEN = "type = forbidden\nsource_modules = pkg.high\nforbidden_modules = pkg.low\n"
INDEPENDENCE = "type = independence\nmodules =\n    pkg.high\n    pkg.low\n"
ACYCLIC = "type = acyclic_siblings\nancestors = pkg\n"
PRIVATE = "type = private_modules\n"
PROTECTED = "type = protected\nprotected_modules = pkg.low\nallowed_importers = pkg.mid\n"
VERDICTS = [
    (LAYERS, {}, "kept"),
    (LAYERS, {"high/a": "import pkg.low.a"}, "kept"),
    (LAYERS, {"low/a": "import pkg.high.a"}, "broken"),
    (LAYERS, {"low/a": "import pkg.side.a", "side/a": "from pkg.high import a"}, "broken"),
    (LAYERS, {"low/a": "def late():\n    from ..mid import a"}, "broken"),
    (LAYERS.replace("high\n", "high | side\n"), {"high/a": "import pkg.side.a"}, "broken"),
    (LAYERS.replace("high\n", "high : side\n"), {"high/a": "import pkg.side.a"}, "kept"),
    (LAYERS.replace("low\n", "low\n    (lowest)\n"), {}, "kept"),
    (LAYERS + "ignore_imports = pkg.low.* -> pkg.high.**\n", {"low/a": "import pkg.high.a"}, "kept"),
    (LAYERS + "ignore_imports = pkg.low.b -> pkg.high.a\n", {"low/a": "import pkg.high.a"}, "stale"),
    (FORBIDDEN, {"high/a": "import pkg.mid.a", "mid/a": "import pkg.low"}, "broken"),
    (FORBIDDEN + "allow_indirect_imports = True\n", {"high/a": "import pkg.mid.a", "mid/a": "import pkg.low"}, "kept"),
    (FORBIDDEN + "as_packages = False\n", {"high/a": "import pkg.low.a"}, "kept"),
    (FORBIDDEN.replace("pkg.low", "django"), {"high/a": "from django.db import models"}, "broken"),
    (FORBIDDEN.replace("pkg.low", "django"), {"high/a": "from djangorestframework import x"}, "kept"),
    (INDEPENDENCE, {"low/a": "import pkg.side.a", "side/a": "import pkg.high.a"}, "broken"),
    (INDEPENDENCE, {"side/a": "import pkg.high.a\nimport pkg.low.a"}, "kept"),
    (PROTECTED, {"mid/a": "import pkg.low.a", "low/a": "from . import b"}, "kept"),
    (PROTECTED, {"high/a": "import pkg.low.a"}, "broken"),
    (ACYCLIC, {"high/a": "import pkg.low.a", "low/a": "import pkg.mid.a", "mid/a": "import pkg.high.b"}, "broken"),
    (ACYCLIC, {"high/a": "import pkg.low.a", "low/a": "import pkg.mid.a"}, "kept"),
    (ACYCLIC, {"high/a": "import pkg.high.b", "high/b": "import pkg.high.a"}, "broken"),
    (ACYCLIC + "depth = 0\n", {"high/a": "import pkg.high.b", "high/b": "import pkg.high.a"}, "kept"),
    (ACYCLIC + "skip_descendants = pkg.high\n", {"high/a": "import pkg.high.b", "high/b": "import pkg.high.a"}, "kept"),
    (ACYCLIC + "skip_descendants = pkg.high\n", {"high/a": "import pkg.low", "low/b": "import pkg.high.a"}, "broken"),
    (ACYCLIC, {"__init__": "import pkg.high", "high/a": "import pkg"}, "kept"),
    (PRIVATE, {"high/_p": "", "high/a": "from . import _p"}, "kept"),
    (PRIVATE, {"high/_p": "", "low/a": "from pkg.high import _p"}, "broken"),
    (PRIVATE, {"high/_p/__init__": "", "high/_p/x": "", "high/a": "import pkg.high._p.x", "low/a": "import pkg.high._p.x"}, "broken"),
    (PRIVATE, {"high/__main__": "", "low/a": "import pkg.high.__main__"}, "kept"),
    (PRIVATE + "packages_with_private_modules = pkg.low\n", {"high/_p": "", "low/a": "from pkg.high import _p"}, "kept"),
    (PRIVATE + "ignore_imports = pkg.low.a -> pkg.high._p\n", {"high/_p": "", "low/a": "from pkg.high import _p"}, "kept"),
    (LAYERS + "exhaustive = True\n", {}, "broken"),
    (LAYERS + "exhaustive = True\nexhaustive_ignores = side\n", {}, "kept"),
    (LAYERS + "exhaustive = True\nexhaustive_ignores = side\n", {"extra": ""}, "broken"),
    (FORBIDDEN.replace("pkg.low", "pkg.*"), {"high/a": "import pkg.high.b"}, "kept"),
    (FORBIDDEN.replace("pkg.low", "pkg.*"), {"high/a": "import pkg.side.b"}, "broken"),
    (LAYERS + "broken_contract_guidance = ask the platform team\n", {"low/a": "import pkg.high.a"}, "broken"),
]


def project(root: Path, texts: dict[str, str], settings: Settings) -> Project:
    files = {f"{package}/__init__.py": b"" for package in PACKAGES} | {f"{package}/{name}.py": b"" for package in PACKAGES[1:] for name in "ab"}
    files |= {f"pkg/{name}.py": text.encode() for name, text in texts.items()}
    made = link_contents(settings, files)
    made.plan = plan_of(settings)[0]
    return made


def declared(root: Path, contracts: dict[str, Any]) -> Settings:
    return Settings(root=root, cache=False, contracts=KEYS["contracts"].check(contracts))


def import_linter(root: Path, contract: str, name: str = ".importlinter") -> Settings:
    (root / name).write_text(f"[importlinter]\nroot_package = pkg\ninclude_external_packages = True\n[importlinter:contract:one]\nname = One\n{contract}")
    return Settings(root=root, cache=False, import_linter=name)


def verdict(made: Project) -> str:
    contracts = made.architecture.contracts
    contract = contracts.contracts[0]
    return "stale" if contracts.stale(contract) else "broken" if contracts.breaches(contract) or contracts.undeclared(contract) else "kept"


@pytest.mark.parametrize(("contract", "texts", "expected"), VERDICTS)
def test_verdict_is_that_of_import_linter(contract: str, texts: dict[str, str], expected: str, tmp_path: Path) -> None:
    assert verdict(project(tmp_path, texts, import_linter(tmp_path, contract))) == expected


def test_imports_that_only_type_checkers_see_may_be_left_out(tmp_path: Path) -> None:
    texts = {"low/a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pkg.high.a\n"}
    assert verdict(project(tmp_path, texts, import_linter(tmp_path, LAYERS))) == "broken"
    file = tmp_path / ".importlinter"
    file.write_text(file.read_text().replace("root_package", "exclude_type_checking_imports = True\nroot_package"))
    assert verdict(project(tmp_path, texts, Settings(root=tmp_path, cache=False))) == "kept", "the file is found without being named"


def test_contracts_are_read_from_toml(tmp_path: Path) -> None:
    text = '[tool.importlinter]\nroot_packages = ["pkg"]\n[[tool.importlinter.contracts]]\nname = "One"\ntype = "layers"\ncontainers = ["pkg"]\n'
    (tmp_path / "pyproject.toml").write_text(text + 'layers = ["high", "mid | side", "low"]\nignore_imports = ["pkg.low.a -> pkg.mid.a"]\n')
    plan, unread = plan_of(Settings(root=tmp_path, cache=False))
    assert not unread
    assert [(row.modules, row.independent) for row in plan.contracts[0].rows] == [(("high",), True), (("mid", "side"), True), (("low",), True)]
    assert plan.contracts[0].allowed[0].importer == "pkg.low.a"
    assert plan.contracts[0].line == 4


def test_what_is_in_no_layer_is_named_with_what_the_team_says(tmp_path: Path) -> None:
    settings = import_linter(tmp_path, LAYERS + "exhaustive = True\nbroken_contract_guidance =\n    See the handbook,\n    chapter two.\n")
    made = project(tmp_path, {}, settings)
    contract = made.architecture.contracts.contracts[0]
    assert [(one.container, one.name) for one in made.architecture.contracts.undeclared(contract)] == [("pkg", "pkg.side")]
    assert made.architecture.contracts.home("pkg.side") == "pkg/side/__init__.py"
    assert contract.guidance == "See the handbook, chapter two."


def test_every_import_that_leads_out_is_shown_with_its_chain(tmp_path: Path) -> None:
    texts = {"low/a": "import pkg.side.a", "low/b": "\nimport pkg.high.b", "side/a": "import pkg.high.a"}
    contracts = project(tmp_path, texts, import_linter(tmp_path, LAYERS)).architecture.contracts
    found = [[(arrow.importer, arrow.line) for arrow in one.chain] for one in contracts.breaches(contracts.contracts[0])]
    assert found == [[("pkg/low/a.py", 1), ("pkg/side/a.py", 1)], [("pkg/low/b.py", 2)]]


@pytest.mark.parametrize(
    ("contract", "reason"),
    [
        ("type = layer\nlayers = pkg\n", "one.type: 'layer' is none of layers, forbidden, independence, protected, acyclic_siblings, private_modules; did"),
        (FORBIDDEN + "alow_indirect_imports = True\n", "alow_indirect_imports: a contract of type forbidden has no such key; did you mean 'allow_indirect"),
        (LAYERS.replace("mid", "mid | side : low"), "one.layers: 'mid | side : low' has modules that are independent"),
        (LAYERS.replace("containers = pkg\n", "exhaustive = True\n"), "one.exhaustive: without containers"),
        (ACYCLIC + "depth = deep\n", "one.depth: 'deep' is no whole number"),
        (FORBIDDEN + "ignore_imports = pkg.a => pkg.b\n", "ignore_imports: 'pkg.a => pkg.b' is not of the form"),
    ],
)
def test_a_contract_that_cannot_be_read_is_named(contract: str, reason: str, tmp_path: Path) -> None:
    settings = import_linter(tmp_path, contract)
    with pytest.raises(ConfigError) as raised:
        plan_of(settings)
    assert reason in str(raised.value)
    plan, unread = plan_of(Settings(root=tmp_path, cache=False))
    assert not plan.contracts
    assert [(one.path, reason in one.reason) for one in unread] == [(".importlinter", True)], "a file that nobody named stops nothing, and is not passed over"


@pytest.mark.parametrize(
    ("contracts", "reason"),
    [
        ({"c": {"type": "forbidden", "source": ["pkg.hihg"], "forbidden": ["pkg.low"]}}, "no module 'pkg.hihg' in this project; did you mean 'pkg.high'?"),
        ({"c": {"type": "forbidden", "source": ["pkg.high"], "forbidden": ["pkg.lov"]}}, "no module 'pkg.lov' in this project; did you mean 'pkg.low'?"),
        ({"c": {"type": "forbidden", "source": ["pkg.high"], "forbidden": ["pkg.high.a"]}}, "'pkg.high' must not import 'pkg.high.a', and one lies in"),
        ({"c": {"type": "independence", "modules": ["pkg", "pkg.low"]}}, "'pkg' and 'pkg.low' are to be independent, and one lies in the other"),
        ({"c": {"type": "layers", "layers": ["pkg.high", "pkg.low", "pkg.high"]}}, "'pkg.high' is layer 1 and layer 3"),
        ({"c": {"type": "layers", "layers": ["pkg", "pkg.low"]}}, "'pkg' and 'pkg.low' are layers, and one lies in the other"),
        (
            {"c": {"type": "layers", "layers": ["pkg.high", "pkg.low"]}, "d": {"type": "layers", "layers": ["pkg.low", "pkg.high"]}},
            "contracts.d: 'pkg.low' is above 'pkg.high' here and below it in configuration: contracts.c: the layers form a cycle",
        ),
        ({"c": {"type": "independence", "modules": ["pkg.high"], "source": ["pkg.low"]}}, "c.source: a contract of type independence has no such key"),
        ({"c": {"type": "forbidden", "source": ["pkg.high"]}}, "contracts.c.forbidden: a contract of type forbidden names at least one module here"),
    ],
)
def test_a_contract_that_makes_no_sense_is_an_error(contracts: dict[str, Any], reason: str, tmp_path: Path) -> None:
    settings = declared(tmp_path, contracts)
    with pytest.raises(ConfigError) as raised:
        made = project(tmp_path, {}, settings)
        assert made.plan is not None
        verify_plan(made, made.plan)
    assert reason in str(raised.value)


@pytest.mark.parametrize(
    ("contract", "keys", "reason"),
    [
        ({"source": ["a"]}, ("c",), "needs a type"),
        ({"type": "forbiden"}, ("c", "type"), "did you mean 'forbidden'?"),
        ({"type": "independence", "modules": "a"}, ("c", "modules"), "must be a list of texts"),
        ({"type": "independence", "allow": [{"import": "a -> b"}]}, ("c", "allow", "reason"), "the exception a -> b says no reason"),
        ({"type": "independence", "allow": [{"import": "a b", "reason": "x"}]}, ("c", "allow", "import"), "'a b' is not of the form"),
    ],
)
def test_a_contract_is_checked_as_it_is_read(contract: dict[str, Any], keys: tuple[str, ...], reason: str) -> None:
    with pytest.raises(BadValueError) as raised:
        KEYS["contracts"].check({"c": contract})
    assert raised.value.keys == keys
    assert reason in raised.value.reason
