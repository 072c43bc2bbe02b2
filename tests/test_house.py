"""The conventions of the house, as tests: floors, sizes, names, cards, pages, messages, and that our own tools find nothing on us."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import samples

from backend_lint.card import HEADINGS, OPTIONAL_HEADINGS
from backend_lint.cli.new_rule import BLANK

TREE = samples.TREE
PYPROJECT = tomllib.loads((TREE / "pyproject.toml").read_text(encoding="utf-8"))
# a clone holds the rules beside the package, an installation inside it
LAYERS: dict[str, list[str]] = {
    floor: ["backend_lint.rules" if member == "rules" else member for member in members]
    for floor, members in PYPROJECT["tool"]["backend-lint"]["layers"].items()
}
SEEN_BY_RULES = ("backend_lint.api", "backend_lint.facts", "backend_lint.project", "backend_lint.sql")
EMPTY_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "misc"})
ACCEPTED_LARGE: tuple[str, ...] = ()
"""Modules that may be larger than the rest. Stays empty: split the module instead."""
RULE_LINES, MODULE_LINES = 150, 400


def module_name(path: Path) -> str:
    relative = path.relative_to(TREE)
    parts = ["backend_lint", *relative.parts] if relative.parts[0] == "rules" else list(relative.parts)
    name = ".".join(parts).removesuffix(".py")
    return name.removesuffix(".__init__")


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((TREE / folder).rglob("*.py")) if "__pycache__" not in path.parts]


MODULES = {module_name(path): path for path in python_files("backend_lint", "rules")}
RULES = {name: path for name, path in MODULES.items() if name.startswith("backend_lint.rules.") and path.name != "__init__.py"}


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def floor_of(name: str) -> int:
    """The index of the floor; -1 for the bare package, which holds the version only."""
    if name == "backend_lint":
        return -1
    floors = [index for index, members in enumerate(LAYERS.values()) if any(within(name, member) for member in members)]
    assert len(floors) == 1, f"{name} belongs to {len(floors)} floors of [tool.backend-lint.layers], not to one"
    return floors[0]


def imports(name: str, path: Path) -> Iterator[tuple[str, int]]:
    """What a module imports of our own, wherever in the file, as (module, line)."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*package[: len(package) + 1 - node.level], *filter(None, [node.module])]) if node.level else node.module or ""
            found = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names]
        else:
            continue
        yield from ((module, node.lineno) for module in found if within(module, "backend_lint"))


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


class TestFloors:
    def test_every_module_belongs_to_one_floor(self) -> None:
        for name in MODULES:
            floor_of(name)

    def test_every_floor_names_modules_that_exist(self) -> None:
        ghosts = [member for members in LAYERS.values() for member in members if member not in MODULES]
        assert not ghosts, f"[tool.backend-lint.layers] names modules that do not exist: {ghosts}"

    @pytest.mark.parametrize("name", MODULES)
    def test_module_imports_from_lower_floors_only(self, name: str) -> None:
        path = MODULES[name]
        wrong = [f"{path.relative_to(TREE)}:{line} imports {module}" for module, line in imports(name, path) if floor_of(module) > floor_of(name)]
        assert not wrong, "a floor imports only from lower floors and its own:\n" + "\n".join(wrong)

    @pytest.mark.parametrize(("one", "other"), [("backend_lint.readers", "backend_lint.project"), ("backend_lint.project", "backend_lint.readers")])
    def test_readers_and_model_do_not_know_each_other(self, one: str, other: str) -> None:
        wrong = [
            f"{path.relative_to(TREE)}:{line} imports {module}"
            for name, path in MODULES.items()
            if within(name, one)
            for module, line in imports(name, path)
            if within(module, other)
        ]
        assert not wrong, "\n".join(wrong)

    @pytest.mark.parametrize("name", RULES)
    def test_rule_sees_its_door_only(self, name: str) -> None:
        wrong = [
            f"{RULES[name].relative_to(TREE)}:{line} imports {module}"
            for module, line in imports(name, RULES[name])
            if not any(within(module, door) for door in SEEN_BY_RULES)
        ]
        assert not wrong, f"a rule sees only {', '.join(SEEN_BY_RULES)}, never a sister rule:\n" + "\n".join(wrong)

    def test_the_lowest_floor_needs_the_standard_library_only(self) -> None:
        lowest = {name: path for name, path in MODULES.items() if floor_of(name) == 0}
        outside = {module.partition(".")[0] for path in lowest.values() for module in imported(path)} - sys.stdlib_module_names
        assert lowest and outside == {"backend_lint"}

    def test_no_reader_knows_another(self) -> None:
        packages = sorted({name.split(".")[2] for name, path in MODULES.items() if within(name, "backend_lint.readers") and path.parent.name != "readers"})
        wrong = [
            f"{path.relative_to(TREE)}:{line} imports {module}"
            for one in packages
            for name, path in MODULES.items()
            if within(name, f"backend_lint.readers.{one}")
            for module, line in imports(name, path)
            if any(within(module, f"backend_lint.readers.{other}") for other in packages if other != one)
        ]
        assert len(packages) > 5 and not wrong, "\n".join(wrong)

    def test_the_engine_alone_starts_processes(self) -> None:
        starting = {name for name, path in MODULES.items() if {"subprocess", "multiprocessing", "signal"} & set(imported(path))}
        assert starting and all(within(name, "backend_lint.engine") for name in starting), sorted(starting)


class TestSizesAndNames:
    @pytest.mark.parametrize("name", MODULES)
    def test_module_is_not_two_modules(self, name: str) -> None:
        path = MODULES[name]
        limit = RULE_LINES if name in RULES else MODULE_LINES
        lines = path.read_bytes().count(b"\n")
        assert lines <= limit or name in ACCEPTED_LARGE, f"{path.relative_to(TREE)} has {lines} lines, more than {limit}: it has two jobs"

    def test_nothing_is_exempt_from_the_sizes(self) -> None:
        assert not ACCEPTED_LARGE

    def test_no_module_is_named_after_nothing(self) -> None:
        paths = python_files("backend_lint", "rules", "tests", "benchmarks")
        assert not [path for path in paths if path.stem in EMPTY_NAMES or path.parent.name in EMPTY_NAMES]

    def test_listed_packages_are_the_folders(self) -> None:
        folders = {module_name(path.parent / "__init__.py") for path in MODULES.values()}
        listed = PYPROJECT["tool"]["setuptools"]["packages"]
        assert sorted(folders | {"backend_lint.rules"}) == sorted(listed), "[tool.setuptools] packages and the folders differ"

    def test_nobodys_machine_stands_in_the_tree(self) -> None:
        # one bracket each, so that this line is not found itself
        home = re.compile(rb"/hom[e]/(?!user/|app/)[a-z]\w*/|/User[s]/\w+/|/roo[t]/|/wor[k]/(?:main|shared)\b|C:\\+User[s]\\+\w+")
        found = {path.relative_to(TREE).as_posix(): home.search(path.read_bytes()) for path in text_files()}
        wrong = {path: match.group() for path, match in found.items() if match}
        assert not wrong, f"a path of somebody's machine: {wrong}"


class TestRules:
    @pytest.mark.parametrize("name", [name for name in MODULES if within(name, "backend_lint.rules")])
    def test_nothing_of_the_scaffold_is_left(self, name: str) -> None:
        left = [number for number, line in enumerate(MODULES[name].read_text(encoding="utf-8").splitlines(), 1) if BLANK in line]
        assert not left, f"{MODULES[name].relative_to(TREE)} still says {BLANK!r} on lines {left}"

    @pytest.mark.parametrize("family", sorted({name.rpartition(".")[0] for name in RULES}))
    def test_family_says_what_it_is_about(self, family: str) -> None:
        assert ast.get_docstring(ast.parse(MODULES[family].read_bytes())) if family in MODULES else False, f"{family} has no __init__.py with a docstring"

    @pytest.mark.parametrize("name", samples.registry().rules)
    def test_page_has_its_headings_in_order(self, name: str) -> None:
        headings = list(samples.sections(samples.registry().card(name).help))
        assert [heading for heading in headings if heading in HEADINGS] == list(HEADINGS)
        assert not set(headings) - {*HEADINGS, *OPTIONAL_HEADINGS}, "a heading that no other page has"

    @pytest.mark.parametrize("name", samples.registry().rules)
    def test_options_stand_on_the_page(self, name: str) -> None:
        text = samples.sections(samples.registry().card(name).help).get("Options", "")
        missing = [option for option in samples.registry().rules[name].options if f"`{option}`" not in text]
        assert not missing, f"{name} does not document its options {missing}"

    @pytest.mark.parametrize("name", samples.registry().rules)
    def test_example_is_reported_and_its_mended_version_is_not(self, name: str, tmp_path: Path) -> None:
        sections = samples.sections(samples.registry().card(name).help)
        for heading, must in (("Example", True), ("Use instead", False)):
            root = tmp_path / heading
            files = samples.example_files(sections[heading])
            assert files, f"{name}: no code below {heading!r}"
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
            result = samples.check(root)
            assert not result.unchecked, f"{name}, {heading}: {result.unchecked}"
            found = bool(samples.reported(result, [name]))
            assert found == must, f"{name}: the code below {heading!r} is {'not ' if must else ''}reported\n{samples.show(result.findings)}"

    @pytest.mark.parametrize("sample", samples.samples("bad"), ids=lambda sample: sample.id)
    def test_messages_have_one_form(self, sample: samples.Sample, tmp_path: Path) -> None:
        samples.lay_out(sample.path, tmp_path)
        for one in samples.check(tmp_path).findings:
            for text in (one.finding.message, *(at.message for at in one.finding.evidence)):
                assert not message_flaws(text), f"{one.finding.rule}: {text!r}: {', '.join(message_flaws(text))}"

    @pytest.mark.parametrize(
        ("message", "flaw"),
        [
            ("Call without a timeout", "starts with a capital that no identifier has"),
            ("call without a timeout.", "ends with a full stop"),
            ("call\nwithout", "more than one line"),
            ("", "empty"),
            ("x" * 301, "longer than 300 characters"),
        ],
    )
    def test_wrong_messages_are_seen(self, message: str, flaw: str) -> None:
        assert flaw in message_flaws(message)

    @pytest.mark.parametrize("message", ["`requests.get` has no timeout", "Session.get is called", "HTTP call without a timeout", "POST /orders waits"])
    def test_right_messages_pass(self, message: str) -> None:
        assert not message_flaws(message)


def message_flaws(text: str) -> list[str]:
    """What is wrong with the form of a message: one lower-case line without a full stop; identifiers and acronyms keep their capitals."""
    found = []
    first = text.split(" ")[0] if text else ""
    plain_word = re.fullmatch(r"[A-Z][a-z]+[,:;]?", first)
    if not text.strip():
        found.append("empty")
    if plain_word and first.rstrip(",:;") not in IDENTIFIERS:
        found.append("starts with a capital that no identifier has")
    if text.rstrip().endswith(".") and not text.endswith("..."):
        found.append("ends with a full stop")
    if "\n" in text or "\r" in text:
        found.append("more than one line")
    if len(text) > 300:
        found.append("longer than 300 characters")
    return found


IDENTIFIERS = frozenset({"Lambda", "Session", "Celery", "Django", "Flask", "Python", "Retry", "Lock", "Thread", "Exception"})
"""Names that a message may start with although they look like a capitalised word."""


class TestOurOwnTools:
    def test_mypy_is_content(self) -> None:
        outcome = subprocess.run([sys.executable, "-m", "mypy", "--no-error-summary"], cwd=TREE, capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr

    def test_ruff_is_content(self) -> None:
        outcome = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise"], cwd=TREE, capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr

    @pytest.mark.parametrize("name", [name for name, path in MODULES.items() if b">>> " in path.read_bytes()])
    def test_examples_in_docstrings_hold(self, name: str) -> None:
        outcome = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
        assert outcome.attempted, f"{name} shows examples that doctest does not find"
        assert not outcome.failed

    def test_backend_lint_finds_nothing_on_itself(self) -> None:
        outcome = subprocess.run([sys.executable, "-m", "backend_lint", "check", "--no-cache", "--format", "concise"], cwd=TREE, capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def text_files() -> list[Path]:
    """The files that git would commit, without binary ones; every file of ours where this is no repository."""
    listing = subprocess.run(["git", "ls-files", "-zco", "--exclude-standard"], cwd=TREE, capture_output=True)
    if listing.returncode == 0:
        paths = [TREE / name for name in listing.stdout.decode().split("\0") if name]
    else:
        paths = [path for folder in ("backend_lint", "rules", "fixtures", "tests", "docs", "benchmarks") for path in (TREE / folder).rglob("*.*")]
    return [path for path in paths if path.is_file() and "__pycache__" not in path.parts and b"\0" not in path.read_bytes()[:4096]]
