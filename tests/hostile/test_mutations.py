"""Twenty thousand files that are almost right go through every reader and every rule: none fails, whatever it is handed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import samples
from benchmark_modules import benchmark

from backend_lint.config import Settings
from backend_lint.engine.run import check_contents

mutations = benchmark("mutations")

FILES = 20_000
PARTS = 4


def projects() -> dict[str, dict[str, bytes]]:
    """All samples by name, without the revisions that some are compared with."""
    return {
        str(sample.path.relative_to(samples.FIXTURES)): {name: path.read_bytes() for path, name in samples.files(sample.path) if not name.startswith("base/")}
        for sample in samples.samples("bad", "good", "fixed")
    }


@pytest.mark.parametrize("part", range(PARTS))
def test_no_reader_and_no_rule_fails(part: int) -> None:
    settings = Settings(root=Path("/nonexistent"), profile="all", cache=False, jobs=1)
    files = 0
    for name, contents in mutations.mutated_projects(projects(), 1000 + part):
        readings, judged = check_contents(settings, samples.registry(), contents)
        failed = [one.reason for _, reading in readings.values() for one in reading.unchecked if " reader failed: " in one.reason]
        assert not failed and not judged.failures, f"{name}: {failed or judged.failures}: {contents}"
        files += len(contents)
        if files >= FILES // PARTS:
            return


def test_changes_change() -> None:
    """The oracle is no oracle if nothing is mutated, or if all is noise that no parser lets through."""
    chance = random.Random(1)
    text = b"def f(a, b):\n    return a + b\n\n\nclass C:\n    x = 1\n" * 5
    changed = [mutations.mutated(text, [text], chance) for _ in range(400)]
    assert sum(one != text for one in changed) > 350

    def parses(data: bytes) -> bool:
        try:
            compile(data, "x", "exec", 0x400)
        except (SyntaxError, ValueError, OverflowError, RecursionError):
            return False
        return True

    assert 60 < sum(parses(one) for one in changed if one != text) < 340, "some parse and some do not"
