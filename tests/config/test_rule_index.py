"""The index of cards says what the rules say, and is not believed for a file that has changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backend_lint import rule_index
from backend_lint.registry import Registry, own_rules


def test_cards_are_the_same_with_and_without_the_index() -> None:
    known = Registry.load(entry_points=False)
    assert {name: known.card(name) for name in known.cards} == Registry.load(entry_points=False, index=False).cards


def test_every_own_rule_is_in_the_index_as_it_is() -> None:
    index = rule_index.read()
    files = [file for file in own_rules().glob("*/*.py") if not file.name.startswith("_")]
    assert len(index) == len(files)
    assert not [file.name for file in files if rule_index.card(index, file) is None], "run `python docs/generate.py`"


def test_a_changed_rule_is_read_anew(tmp_path: Path) -> None:
    original = next(file for file in sorted(own_rules().glob("*/*.py")) if not file.name.startswith("_"))
    changed = tmp_path / original.parent.name / original.name
    changed.parent.mkdir()
    changed.write_bytes(original.read_bytes())
    assert rule_index.card(rule_index.read(), changed) is not None
    changed.write_bytes(original.read_bytes() + b"\n")
    assert rule_index.card(rule_index.read(), changed) is None


@pytest.mark.parametrize("damage", [b"", b"{", b'{"errors/x.py": {"checksum": "1"}}', b"\xff\xfe"])
def test_a_damaged_index_is_none(damage: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "rule_index.json"
    broken.write_bytes(damage)
    monkeypatch.setattr(rule_index, "FILE", broken)
    assert rule_index.read() == {}
    assert len(Registry.load(entry_points=False).rules) > 50


def test_a_run_imports_no_rule_that_it_does_not_use(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import asyncio\n")
    script = (
        "import sys; from backend_lint.cli.start import main; main(['check', sys.argv[1], '--isolated', '--select', 'errors', '--no-cache']);"
        "print(sorted({name.split('.')[2] for name in sys.modules if name.startswith('backend_lint.rules.')}))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "['errors']", "the start of every run pays for rules that are not asked"
