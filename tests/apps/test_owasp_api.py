"""Shops with one hole for each category of the OWASP API Security Top 10, one with FastAPI and one with Django REST framework, and their twins without."""

from __future__ import annotations

import ast
import functools
import re
import shutil
import tempfile
from pathlib import Path

import pytest
import samples
from click.testing import CliRunner

from backend_lint.cli.rules import command
from backend_lint.engine.result import Reported

APPS = samples.FIXTURES / "apps"
SHOPS = ("owasp_api", "owasp_drf")
CATEGORIES = range(1, 11)
HOLE = re.compile(r"# hole: API(\d+)")


@functools.cache
def findings(shop: str, app: str) -> tuple[Reported, ...]:
    """What the families of security say of one of the applications; it does not lie below a folder whose name makes it test data."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "service"
        shutil.copytree(APPS / shop / app, root)
        return tuple(one for one in samples.check(root).findings if samples.registry().cards[one.finding.rule].family in ("security", "auth"))


@functools.cache
def holes(shop: str) -> dict[int, tuple[str, int, int]]:
    """The place of each category's hole: path, first and last line. A mark on the head of a function stands for all of it."""
    found = {}
    for path in sorted((APPS / shop / "holes").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        ends = {node.lineno: node.end_lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)}
        for number, line in enumerate(source.splitlines(), 1):
            if match := HOLE.search(line):
                found[int(match.group(1))] = (path.relative_to(APPS / shop / "holes").as_posix(), number, ends.get(number) or number)
    return found


def inside(one: Reported, place: tuple[str, int, int]) -> bool:
    return one.finding.path == place[0] and place[1] <= one.finding.line <= place[2]


@pytest.mark.parametrize("shop", SHOPS)
def test_application_has_one_hole_for_each_category(shop: str) -> None:
    marks = [match for path in (APPS / shop / "holes").rglob("*.py") for match in HOLE.findall(path.read_text(encoding="utf-8"))]
    assert sorted(map(int, marks)) == list(CATEGORIES)


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("category", CATEGORIES)
def test_hole_is_reported_where_it_is(shop: str, category: int) -> None:
    cards = samples.registry().cards
    place = holes(shop)[category]
    speaking = [one for one in findings(shop, "holes") if f"owasp-api:{category}" in cards[one.finding.rule].tags and inside(one, place)]
    assert speaking, f"nothing with the tag owasp-api:{category} at {place}:\n{samples.show(findings('holes'))}"


@pytest.mark.parametrize("shop", SHOPS)
def test_nothing_is_reported_beside_the_holes(shop: str) -> None:
    beside = [one for one in findings(shop, "holes") if not any(inside(one, place) for place in holes(shop).values())]
    assert not beside, samples.show(beside)


@pytest.mark.parametrize("shop", SHOPS)
def test_mended_twin_is_silent(shop: str) -> None:
    assert not findings(shop, "mended"), samples.show(findings(shop, "mended"))


@pytest.mark.parametrize("shop", SHOPS)
def test_twins_differ_in_the_holes_only(shop: str) -> None:
    mended = {path.relative_to(APPS / shop / "mended") for path in (APPS / shop / "mended").rglob("*.py")}
    left = {path.relative_to(APPS / shop / "holes") for path in (APPS / shop / "holes").rglob("*.py")}
    assert mended <= left
    removed = {path.as_posix() for path in left - mended}
    assert holes(shop)[9][0] in removed and removed <= {holes(shop)[9][0], "shop/urls_before.py"}


@pytest.mark.parametrize("shop", SHOPS)
def test_findings_say_their_category_and_weakness(shop: str) -> None:
    cards = samples.registry().cards
    for one in findings(shop, "holes"):
        tags = cards[one.finding.rule].tags
        assert any(tag.startswith("owasp-api:") for tag in tags), one.finding.rule
        assert any(tag.startswith("cwe:") for tag in tags), one.finding.rule


def test_command_lists_rules_for_every_category() -> None:
    result = CliRunner().invoke(command, ["--tag", "owasp-api"], standalone_mode=False)
    assert result.exit_code == 0, result.output
    heads = [line for line in result.output.splitlines() if line and not line.startswith(" ")]
    assert heads == [f"owasp-api:{number}" for number in CATEGORIES], result.output
