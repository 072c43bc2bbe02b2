"""A report is not written where the checked repository says; what is no patch does not let everything pass."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend_lint.engine.patch import PatchError, added_lines

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_of_the_project_does_not_lead_the_report_out_of_it(tmp_path: Path) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside"
    project.mkdir()
    outside.write_text("precious")
    (project / "a.py").write_text("x = 1\n")
    (project / "report.json").symlink_to(outside)
    (project / "inside.json").symlink_to("target.json")
    environment = {**os.environ, "PYTHONPATH": os.fspath(ROOT), "BACKEND_LINT_CACHE_DIR": os.fspath(tmp_path / "cache")}

    def run(output: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "backend_lint", "check", "--isolated", "--output", f"json={output}"]
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)

    refused = run("report.json")
    assert (refused.returncode, outside.read_text()) == (2, "precious")
    assert "report.json: a symbolic link of the project leads out of it" in refused.stderr
    assert run("inside.json").returncode == 0
    assert (project / "target.json").exists()


@pytest.mark.parametrize("data", [b"import os\n", b"<html>error 502</html>", b"fatal: bad revision\n"])
def test_what_is_no_patch_is_refused(data: bytes) -> None:
    with pytest.raises(PatchError, match="no unified diff"):
        added_lines(data)


@pytest.mark.parametrize("data", [b"", b"\n", b"diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", b"--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"])
def test_a_patch_that_adds_nothing_names_nothing(data: bytes) -> None:
    assert added_lines(data) == {}
