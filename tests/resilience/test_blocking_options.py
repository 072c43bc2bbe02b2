"""The option of blocking-call-in-async: files count only where they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import run
from backend_lint.registry import Registry

SERVICE = """from pathlib import Path
from fastapi import FastAPI

app = FastAPI()


def load(name):
    return Path(name).read_text()


@app.get("/{name}")
async def show(name: str):
    return load(name)
"""


@pytest.mark.parametrize(("files", "expected"), [(False, []), (True, [13])])
def test_files_count_only_if_they_are_asked_for(tmp_path: Path, files: bool, expected: list[int]) -> None:
    (tmp_path / "app.py").write_text(SERVICE)
    options = {"blocking-call-in-async": {"files": files}}
    settings = Settings(root=tmp_path, select=("blocking-call-in-async",), rule_options=options, cache=False, jobs=1)
    result = run(settings, Registry.load(entry_points=False))
    assert [one.finding.line for one in result.findings] == expected
