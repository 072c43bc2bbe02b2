"""The documentation says what the program does: pages of rules are fresh, commands print what the pages show, keys and links are real."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from backend_lint.api import Severity
from backend_lint.card import Card
from backend_lint.config_keys import KEYS
from backend_lint.registry import Registry

TREE = Path(__file__).resolve().parent.parent.parent
DOCS = TREE / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), TREE / "README.md", TREE / "SECURITY.md", TREE / "CHANGELOG.md", TREE / "CONTRIBUTING.md"]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


generate = load("generate")
console = load("console")


def test_pages_of_rules_are_fresh() -> None:
    old = [path.name for path in generate.stale(generate.rule_pages())]
    assert not old, f"run `python docs/generate.py`: {old} differ from the rules"


@pytest.mark.parametrize("page", generate.SHOWN, ids=lambda path: path.name)
def test_commands_print_what_the_page_shows(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert generate.completed(text) == text


def test_pictures_of_the_terminal_show_what_the_program_prints() -> None:
    pictures = load("screenshots").terminal_pictures()
    old = [path.name for path, text in pictures.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    assert not old, f"run `python docs/screenshots.py`: {old} differ from what the program prints"
    assert not [path.name for path, text in pictures.items() if re.search(r"url\(\s*[\"']?https?:|<image|<script", text)], "a picture asks nobody"


def test_configuration_page_explains_every_key() -> None:
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert not [key for key in KEYS if f"| `{key}` |" not in text]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]


def test_every_rule_has_a_page_and_a_line_in_the_list() -> None:
    listing = (DOCS / "rules" / "README.md").read_text(encoding="utf-8")
    for name in Registry.load(entry_points=False).cards:
        assert (DOCS / "rules" / f"{name}.md").is_file()
        assert f"[{name}]({name}.md)" in listing


def test_page_of_a_rule_says_what_its_card_says() -> None:
    page = "A call is late.\n\n## Why\n\nIt is."
    card = Card("late-call", "demo", Severity.WARNING, "high", "strict", "0.3", "unsafe", ("owasp-api:4",), "A call is late.", page, "node")
    text = generate.page(card)
    for part in ("# late-call\n", "| Family | demo |", "| Profile | strict |", "fix --unsafe", "`owasp-api:4`", "## Why\n\nIt is.", "ignore[late-call]"):
        assert part in text


def test_commands_of_a_page_are_run_in_its_own_project() -> None:
    page = "```python\n# path: a/b.py\nx = 1\n```\n\n```console\n$ cat a/b.py; false\nold\n$ pwd | grep -c project\n```\n"
    assert console.executed(page) == page.replace("old\n", "x = 1\n").replace("-c project\n", "-c project\n1\n")


def test_machine_runs_the_command_of_the_readme() -> None:
    script = (TREE / ".ci" / "run").read_text(encoding="utf-8")
    extraction = re.search(r"^command=\$\((.+)\)$", script, re.MULTILINE)
    assert extraction is not None, ".ci/run no longer takes its command from the README"
    found = subprocess.run(["sh", "-c", extraction[1]], cwd=TREE, capture_output=True, text=True, check=True).stdout.strip()
    assert ".[test]" in found
    assert "-m pytest" in found
    assert found in (TREE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["exit 2", "echo 'project: not checked: rule late-call failed: NameError'"])
def test_failure_does_not_become_documentation(command: str) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        console.executed(f"```console\n$ {command}\n```\n")
