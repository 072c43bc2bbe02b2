"""Contracts that are checked alone are checked on imports alone, and get the verdicts of a whole run."""

import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from backend_lint.config import Settings
from backend_lint.engine.result import Result
from backend_lint.engine.run import run
from backend_lint.registry import Registry

ALONE = ("broken-import-contract", "stale-contract-exception")
CONTRACT = """
[contracts.orders-do-not-bill]
type = "forbidden"
source = ["shop.orders"]
forbidden = ["shop.billing"]
allow = [
  { import = "shop.orders.gone -> shop.billing", reason = "until it goes" },
  { import = "shop.orders.broken -> shop.billing", reason = "until it goes" },
]
"""
FILES = {
    "shop/__init__.py": "",
    "shop/orders/__init__.py": "from shop.billing import charge  # backend-lint: ignore[broken-import-contract] as agreed\n",
    "shop/orders/far.py": "def f():\n    from shop import near\n",
    "shop/orders/gone.py": "x = 1; import os\n",
    "shop/orders/broken.py": "import shop.billing\nx = = 1\n",
    "shop/near.py": "from shop.billing import b, a\n",
    "shop/billing/__init__.py": "",
    "shop/billing/a.py": "",
    "shop/billing/b.py": "",
    "backend-lint.toml": CONTRACT,
}


@pytest.fixture
def code(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "code"


def checked(root: Path, select: tuple[str, ...], cache: Path | None = None) -> Result:
    contracts = {
        "orders-do-not-bill": {
            "type": "forbidden",
            "source": ["shop.orders"],
            "forbidden": ["shop.billing"],
            "allow": [
                {"importer": "shop.orders.gone", "imported": "shop.billing", "reason": "until it goes"},
                {"importer": "shop.orders.broken", "imported": "shop.billing", "reason": "until it goes"},
            ],
        }
    }
    return run(Settings(root=root, select=select, contracts=contracts, cache=cache is not None, cache_dir=cache), Registry.load())


def test_the_verdicts_are_those_of_a_whole_run(code: Path, tmp_path: Path) -> None:
    whole = checked(code, (*ALONE, "swallowed-exception"))
    assert {one.finding.rule for one in whole.findings} == set(ALONE)
    assert [one.path for one in whole.unchecked] == ["shop/orders/broken.py"]
    for _ in range(2):  # the second time out of the cache
        alone = checked(code, ALONE, tmp_path / "cache")
        assert (alone.findings, alone.unchecked, alone.suppressed_inline) == (whole.findings, whole.unchecked, whole.suppressed_inline)
        # and whoever asks for all facts is not given those
        both = checked(code, (*ALONE, "swallowed-exception"), tmp_path / "cache")
        assert (both.findings, both.unchecked) == (whole.findings, whole.unchecked)


def test_the_whole_reader_is_asked_for_odd_files_only(code: Path) -> None:
    from backend_lint.readers import python

    with mock.patch.object(python, "read", wraps=python.read) as read:
        checked(code, ALONE)
    assert sorted(call.args[1].path for call in read.call_args_list) == ["shop/orders/broken.py", "shop/orders/gone.py"]


def test_the_chain_shown_is_the_same_in_every_process(code: Path) -> None:
    command = [sys.executable, "-m", "backend_lint", "check", str(code), "--config", str(code / "backend-lint.toml"), "--no-cache", "--exit-zero"]
    answers = {
        subprocess.run(
            [*command, "--select", ",".join(ALONE)], env={**os.environ, "PYTHONHASHSEED": str(seed)}, capture_output=True, text=True
        ).stdout
        for seed in range(1, 5)
    }
    assert len(answers) == 1
    assert "shop.near" in answers.pop()
