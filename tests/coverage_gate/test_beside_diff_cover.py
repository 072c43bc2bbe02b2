"""On the same report of coverage.py and the same diff of real git, the coverage of a change is the one that diff-cover counts."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

TREE = Path(__file__).resolve().parent.parent.parent
PRICES = '''"""Prices of a shop."""

import functools

RATES = {
    "north": 7,
    "south": 19,
}


def total(prices, discount=0):
    """The sum."""
    if discount > 10:
        raise ValueError(
            "too much"
        )
    return sum(
        price
        for price in prices
    ) - discount


@functools.cache
def rate(place):
    try:
        return RATES[place]
    except KeyError:
        return 0


def shown(price):
    if price < 0:
        sign = "-"
    else:
        sign = ""
    return f"{sign}{abs(price)}"
'''
STOCK = '''class Stock:
    def __init__(self):
        self.left = {}

    def put(self, name, count):
        self.left[name] = self.left.get(name, 0) + count

    def take(self, name, count):
        if self.left.get(name, 0) < count:
            raise LookupError(name)
        self.left[name] -= count
        return self.left[name]
'''
DRIVER = '''from shop.prices import rate, shown, total
from shop.stock import Stock

total([1, 2]), rate("north"), shown(3)
stock = Stock()
stock.put("tea", 3)
stock.take("tea", 1)
'''
IGNORED = "coverage.xml\n.coverage\n__pycache__\n"
FILES = {"shop/__init__.py": "", "shop/prices.py": PRICES, "shop/stock.py": STOCK, "tests/driver.py": DRIVER, ".gitignore": IGNORED}
Files = dict[str, str | None]


def prices(*pairs: tuple[str, str]) -> Files:
    text = PRICES
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return {"shop/prices.py": text}


def parts(text: str) -> list[str]:
    return text.split("\n\n\n")


CHANGES: dict[str, Files] = {
    "a line that runs": prices(("- discount", "- 2 * discount")),
    "a line that never runs": prices(("return 0", "return -1")),
    "a function that nobody calls": prices(("\n\ndef shown", "\n\ndef half(price):\n    whole = price // 2\n    return whole\n\n\ndef shown")),
    "a function that a test calls": {
        **prices(("\n\ndef shown", "\n\ndef half(price):\n    return price // 2\n\n\ndef shown")),
        "tests/driver.py": DRIVER + "from shop.prices import half\nhalf(3)\n",
    },
    "a branch": prices(('    return f"', '    if price > 1000:\n        sign += "!"\n    return f"')),
    "lines that are gone": prices(("    if discount > 10:\n        raise ValueError(\n            \"too much\"\n        )\n", "")),
    "comments and blank lines": prices(("    try:\n", "    # some places have none\n\n    try:\n")),
    "a docstring": prices(('"""The sum."""', '"""The sum of all prices.\n\n    Without tax.\n    """')),
    "the middle of a statement that runs": prices(("        for price in prices\n", "        for price in prices\n        if price\n")),
    "the middle of a statement that never runs": prices(('"too much"', '"far too much"')),
    "a decorator": prices(("@functools.cache", "@functools.lru_cache(maxsize=10)")),
    "two places": prices(('"north": 7', '"north": 8'), ("return 0", "return -1")),
    "two files": {**prices(("return 0", "return -1")), "shop/stock.py": STOCK.replace("raise LookupError(name)", "raise KeyError(name)")},
    "a new file that a test imports": {
        "shop/tax.py": "def tax(price):\n    return price // 5\n\n\ndef none():\n    return 0\n",
        "tests/driver.py": DRIVER + "from shop import tax\ntax.tax(3)\n",
    },
    "a new file that nobody imports": {"depot/worker.py": "def work():\n    return 1\n"},
    "a file that moved": {"shop/stock.py": None, "shop/store.py": STOCK, "tests/driver.py": DRIVER.replace("shop.stock", "shop.store")},
    "a file that moved and changed": {
        "shop/stock.py": None, "shop/depot/__init__.py": "", "shop/depot/stock.py": STOCK.replace("raise LookupError(name)", "raise KeyError(name)"),
        "tests/driver.py": DRIVER.replace("shop.stock", "shop.depot.stock"),
    },
    "functions that changed places": {"shop/prices.py": "\n\n\n".join([*parts(PRICES)[:1], *reversed(parts(PRICES.rstrip())[1:])]) + "\n"},
    "a block that is indented": {
        "shop/stock.py": STOCK.replace("        self.left[name] -=", "        if count:\n            self.left[name] -=").replace("    ret", "        ret"),
    },
    "ends of lines": {"shop/prices.py": PRICES.replace("\n", "\r\n")},
    "a class with a body": {
        "shop/stock.py": STOCK + "\n\nclass Empty(Stock):\n    least = [\n        one for one in range(3)\n    ]\n    take = lambda self, name: None\n",
    },
    "nothing": {},
}  # fmt: skip
UNCOMMITTED = ("two files", "a new file that a test imports", "a file that moved and changed")
EXPLAINED = {
    # diff-cover passes over what no report mentions; a new file that no test imports would then never lower the coverage of its change
    "a new file that nobody imports": {"depot/worker.py": "no report mentions the file"},
    # git compares bytes
    "ends of lines": {"shop/prices.py": "only the ends of lines differ"},
}


@pytest.fixture(scope="module")
def compared() -> Callable[..., object]:
    spec = importlib.util.spec_from_file_location("benchmark_diff_coverage", TREE / "benchmarks" / "diff_coverage.py")
    assert spec is not None and spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.compared  # type: ignore[no-any-return]


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=sample", "-c", "user.email=sample@localhost", "-c", "commit.gpgsign=false", "-c", "core.autocrlf=false")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def write(root: Path, files: Files) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_bytes(text.encode())


@pytest.mark.parametrize(("name", "committed"), [*((name, True) for name in CHANGES), *((name, False) for name in UNCOMMITTED)])
def test_the_counts_are_those_of_diff_cover(name: str, committed: bool, tmp_path: Path, compared: Callable[..., object]) -> None:
    write(tmp_path, {**FILES})
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "before")
    git(tmp_path, "checkout", "-qb", "change")
    write(tmp_path, CHANGES[name])
    if committed:
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-qm", "after", "--allow-empty")
    else:
        git(tmp_path, "add", "-A")  # git tells that a file moved only of what it knows
    for arguments in (["run", "--branch", "--source=shop", "tests/driver.py"], ["xml", "-q"]):
        command = [sys.executable, "-m", "coverage", *arguments]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, env=os.environ | {"PYTHONPATH": str(tmp_path)})
    one = compared(tmp_path, "coverage.xml", "main")
    assert one.reasons == EXPLAINED.get(name, {}), (one.ours, one.theirs)  # type: ignore[attr-defined]
    assert one.same_lines is (name not in EXPLAINED), (one.ours, one.theirs)  # type: ignore[attr-defined]
