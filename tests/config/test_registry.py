"""Rule packs open from every place they may lie in, and a broken rule is named before anything runs."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from backend_lint.card import ENGINE_CARDS, HEADINGS, flaws
from backend_lint.config import ConfigError, Settings
from backend_lint.registry import Registry, own_rules

_PAGE = "\n\n".join(["Something is wrong.", *(f"## {heading}\n\nText." for heading in HEADINGS)])
_RULE = f'''
import ast
from backend_lint.api import Mends, NodeRule, ProjectRule, ReportRule, Rule

class {{name}}({{base}}):
    """{_PAGE}
    """

    severity, precision, since = "warning", "high", "0.1"
    nodes = (ast.Call,)
    {{more}}

    def visit(self, node, file):
        return iter(())
'''


def _write(folder: Path, family: str, name: str, *, base: str = "NodeRule[ast.Call]", more: str = "pass", source: str | None = None) -> Path:
    file = folder / family / f"{name}.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source if source is not None else _RULE.format(name="Flaw", base=base, more=more))
    return file


def test_our_own_rules_load_and_carry_whole_cards() -> None:
    registry = Registry.load(entry_points=False)
    for name, rule in registry.rules.items():
        assert flaws(rule) == [], name
        file = Path(sys.modules[rule.__module__].__file__ or "")
        assert (file.stem.replace("_", "-"), file.parent.name.replace("_", "-")) == (name, registry.card(name).family)
    assert registry.cards.keys() == registry.rules.keys() | ENGINE_CARDS.keys()
    assert own_rules().is_dir()


def test_a_folder_of_the_user_is_a_pack(tmp_path: Path) -> None:
    _write(tmp_path, "house", "no_prints", more="tags = ('house:1',)")
    (tmp_path / "house" / "_shared.py").write_text("raise RuntimeError('not a rule')")
    (tmp_path / "notes.txt").write_text("")
    registry = Registry.load([tmp_path], entry_points=False)
    assert registry.card("no-prints").family == "house"
    assert registry.card("no-prints").summary == "Something is wrong."
    assert registry.resolve("house") == registry.resolve("house:1") == {"no-prints"}
    assert "no-prints" in {rule.name for rule in registry.instantiate(Settings(root=tmp_path))}


def test_two_folders_in_one_process_do_not_mix(tmp_path: Path) -> None:
    for name in ("one", "two"):
        _write(tmp_path / name, "house", f"rule_{name}")
        assert f"rule-{name}" in Registry.load([tmp_path / name], entry_points=False).rules
    both = Registry.load([tmp_path / "one", tmp_path / "two"], entry_points=False).rules
    assert {"rule-one", "rule-two"} <= both.keys()


def test_an_installed_pack_is_found_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path / "acme_pack", "acme", "acme_rule")
    (tmp_path / "acme_pack" / "__init__.py").write_text("")
    info = tmp_path / "acme_pack-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-pack\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[backend_lint.rules]\nacme = acme_pack\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "acme-rule" in Registry.load().rules
    assert "acme-rule" not in Registry.load(entry_points=False).rules
    (info / "entry_points.txt").write_text("[backend_lint.rules]\nacme = missing_pack\n")
    with pytest.raises(ConfigError, match=r"'acme' \(missing_pack\) cannot be imported"):
        Registry.load()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"more": "severity = 'bad'"}, "`severity` is 'bad', not one of error, warning, info"),
        ({"more": "precision = None"}, "`precision` is missing"),
        ({"more": "profile = 'wide'"}, "`profile` is 'wide'"),
        ({"more": "since = ''"}, "`since` is missing"),
        ({"more": "roles = frozenset()"}, "`roles` must hold at least one Role"),
        ({"more": "tags = 'owasp-api:1'"}, "`tags` must be a tuple of texts"),
        ({"more": "nodes = ()"}, "`nodes` is missing"),
        ({"more": "fix = 'often'"}, "`fix` is 'often'"),
        ({"more": "fix = 'safe'"}, "does not inherit Mends"),
        ({"more": "fix = 'unsafe'", "base": "Mends, NodeRule[ast.Call]"}, "does not inherit Mends with `mends`"),
        ({"more": "options = {'when': object()}"}, "option 'when' has a default of the unsupported type object"),
        ({"base": "Rule"}, "it is none of NodeRule"),
        ({"base": "ReportRule"}, "`reports` is missing"),
        ({"source": "x = 1"}, "holds exactly one public Rule subclass, this one holds 0"),
        ({"source": "from backend_lint.api import *\nclass A(NodeRule): ...\nclass B(NodeRule): ..."}, r"holds 2 \(A, B\)"),
        ({"source": "\n\nimport no_such_thing"}, r"flaw\.py:3: the rule cannot be imported: ModuleNotFoundError"),
        ({"source": "def f(:"}, r"flaw\.py:1: the rule cannot be imported: SyntaxError"),
    ],
)
def test_a_broken_rule_file_is_named_with_what_is_missing(tmp_path: Path, change: dict[str, str], message: str) -> None:
    _write(tmp_path, "house", "flaw", **change)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=message) as error:
        Registry.load([tmp_path], entry_points=False)
    assert str(tmp_path / "house" / "flaw.py") in str(error.value)


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_page_without_a_heading_is_named(tmp_path: Path, heading: str) -> None:
    source = _RULE.format(name="Flaw", base="NodeRule[ast.Call]", more="pass").replace(f"## {heading}\n", "## Something else\n")
    _write(tmp_path, "house", "flaw", source=source)
    with pytest.raises(ConfigError, match=f"no heading '{heading}'"):
        Registry.load([tmp_path], entry_points=False)


def test_headings_out_of_order_are_named(tmp_path: Path) -> None:
    source = _RULE.format(name="Flaw", base="NodeRule[ast.Call]", more="pass").replace("## Example", "## X").replace("## Use instead", "## Example")
    _write(tmp_path, "house", "flaw", source=source.replace("## X", "## Use instead"))
    with pytest.raises(ConfigError, match="out of order"):
        Registry.load([tmp_path], entry_points=False)


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, "house", "unused_suppression")
    with pytest.raises(ConfigError, match="'unused-suppression' is there twice"):
        Registry.load([tmp_path], entry_points=False)


def test_a_family_with_the_name_of_a_rule_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, "house", "mine")
    _write(tmp_path, "mine", "other")
    with pytest.raises(ConfigError, match="family 'mine' has the name of a rule"):
        Registry.load([tmp_path], entry_points=False)


@pytest.mark.parametrize("name", ["NoPrints", "no-prints", "1st"])
def test_a_file_name_that_is_no_module_name_is_refused(tmp_path: Path, name: str) -> None:
    _write(tmp_path, "house", name)
    with pytest.raises(ConfigError, match="lower-case letters, digits and underscores"):
        Registry.load([tmp_path], entry_points=False)


def test_a_rules_dir_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere is not a folder"):
        Registry.load([tmp_path / "nowhere"], entry_points=False)


def test_pages_of_engine_findings_have_all_headings() -> None:
    for card in ENGINE_CARDS.values():
        for heading in HEADINGS:
            assert f"## {heading}\n" in card.help, card.name
        assert card.help == textwrap.dedent(card.help)
