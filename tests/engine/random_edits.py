"""A small backend out of samples of rules, and edits of it as people make them."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

FIXTURES = Path(__file__).parents[2] / "fixtures"
SAMPLES = (
    "database/app-level-uniqueness/bad.py", "queries/lazy-load-in-loop/bad_sqlalchemy.py", "queries/lazy-load-in-loop/bad_serialized.py",
    "transactions/read-modify-write-race/bad.py", "resilience/outbound-call-without-timeout/bad.py", "resilience/blocking-call-in-async/bad.py",
)  # fmt: skip


def laid_out(root: Path) -> Path:
    """Samples of rules side by side, with a test."""
    for number, name in enumerate(SAMPLES):
        folder = root / f"part{number}"
        folder.mkdir()
        (folder / "__init__.py").touch()
        shutil.copy(FIXTURES / name, folder / "views.py")
    (root / "tests").mkdir()
    (root / "tests" / "test_views.py").write_text("def test_one():\n    assert 1\n")
    return root


def edits(chance: random.Random, root: Path) -> Iterator[Callable[[], object]]:
    """Edits as people make them, some of which no rule can see."""
    before: dict[Path, bytes] = {}
    while True:
        files = sorted(path for path in root.rglob("*.py") if path.stat().st_size)
        path = chance.choice(files)
        lines = path.read_text().splitlines(keepends=True)
        at = chance.randrange(len(lines))
        new = {
            "remark": [*lines[:at], lines[at].rstrip("\n") + "  # a remark\n", *lines[at + 1 :]],
            "blank": [*lines[:at], "\n", *lines[at:]],
            "gone": lines[:at] + lines[at + 1 :],
            "twice": [*lines[:at], lines[at], *lines[at:]],
            "number": [*lines[:at], lines[at].replace("1", "7").replace("id", "name"), *lines[at + 1 :]],
            "added": [*lines, "\nADDED = 1\n"],
        }
        kind = chance.choice([*new, "back", "moved", "new"])
        if kind == "back" and before:
            known = chance.choice(sorted(before))
            yield lambda known=known: known.write_bytes(before.pop(known))  # type: ignore[misc]
        elif kind == "moved":
            yield lambda path=path: path.rename(path.with_name(f"{path.stem}_x.py"))  # type: ignore[misc]
        elif kind == "new":
            yield lambda path=path: shutil.copy(path, path.with_name(f"{path.stem}_y.py"))  # type: ignore[misc]
        elif kind in new:
            before.setdefault(path, path.read_bytes())
            text = "".join(new[kind])
            yield lambda path=path, text=text: path.write_text(text)  # type: ignore[misc]
