"""A shop with one hole for each category of the OWASP API Security Top 10, and its twin without them."""

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

APPS = samples.FIXTURES / "apps" / "owasp_api"
CATEGORIES = range(1, 11)
HOLE = re.compile(r"# hole: API(\d+)")
LATER = {4: "unbounded-request", 9: "old-version-less-guarded"}
"""Rules that a category waits for; its test runs as soon as they are there."""


@functools.cache
def findings(app: str) -> tuple[Reported, ...]:
    """What the families of security say of one of the applications; it does not lie below a folder whose name makes it test data."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "service"
        shutil.copytree(APPS / app, root)
        return tuple(one for one in samples.check(root).findings if samples.registry().cards[one.finding.rule].family in ("security", "auth"))


@functools.cache
def holes() -> dict[int, tuple[str, int, int]]:
    """The place of each category's hole: path, first and last line. A mark on the head of a function stands for all of it."""
    found = {}
    for path in sorted((APPS / "holes").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        ends = {node.lineno: node.end_lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)}
        for number, line in enumerate(source.splitlines(), 1):
            if match := HOLE.search(line):
                found[int(match.group(1))] = (path.relative_to(APPS / "holes").as_posix(), number, ends.get(number) or number)
    return found


def inside(one: Reported, place: tuple[str, int, int]) -> bool:
    return one.finding.path == place[0] and place[1] <= one.finding.line <= place[2]


def test_application_has_one_hole_for_each_category() -> None:
    marks = [match for path in (APPS / "holes").rglob("*.py") for match in HOLE.findall(path.read_text(encoding="utf-8"))]
    assert sorted(map(int, marks)) == list(CATEGORIES)


@pytest.mark.parametrize("category", CATEGORIES)
def test_hole_is_reported_where_it_is(category: int) -> None:
    if category in LATER and LATER[category] not in samples.registry().cards:
        pytest.skip(f"{LATER[category]} is not there yet")
    cards = samples.registry().cards
    place = holes()[category]
    speaking = [one for one in findings("holes") if f"owasp-api:{category}" in cards[one.finding.rule].tags and inside(one, place)]
    assert speaking, f"nothing with the tag owasp-api:{category} at {place}:\n{samples.show(findings('holes'))}"


def test_nothing_is_reported_beside_the_holes() -> None:
    beside = [one for one in findings("holes") if not any(inside(one, place) for place in holes().values())]
    assert not beside, samples.show(beside)


def test_mended_twin_is_silent() -> None:
    assert not findings("mended"), samples.show(findings("mended"))


def test_twins_differ_in_the_holes_only() -> None:
    mended = {path.relative_to(APPS / "mended") for path in (APPS / "mended").rglob("*.py")}
    left = {path.relative_to(APPS / "holes") for path in (APPS / "holes").rglob("*.py")}
    assert mended <= left
    assert {path.as_posix() for path in left - mended} == {holes()[9][0]}


def test_findings_say_their_category_and_weakness() -> None:
    cards = samples.registry().cards
    for one in findings("holes"):
        tags = cards[one.finding.rule].tags
        assert any(tag.startswith("owasp-api:") for tag in tags), one.finding.rule
        assert any(tag.startswith("cwe:") for tag in tags), one.finding.rule


def test_command_lists_rules_for_every_category() -> None:
    result = CliRunner().invoke(command, ["--tag", "owasp-api"], standalone_mode=False)
    assert result.exit_code == 0, result.output
    heads = [line for line in result.output.splitlines() if line and not line.startswith(" ")]
    assert heads == [f"owasp-api:{number}" for number in CATEGORIES], result.output
