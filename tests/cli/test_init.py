"""``init`` shows what a project is made of and writes files that are valid, explained, and nobody else's."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from command_runs import Run

CLIENT = "import requests\n\n\ndef fetch(url):\n    return requests.get(url)\n"
API = (
    "from fastapi import FastAPI\n\nfrom shop.client import fetch\n\napp = FastAPI()\n\n\n"
    "@app.get('/orders')\ndef orders():\n    return fetch('https://stock.example/orders').json()\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "shop").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "requirements.txt").write_text("fastapi==0.110\npsycopg[binary]\n# flask\n")
    (folder / "shop" / "__init__.py").write_text("")
    (folder / "shop" / "client.py").write_text(CLIENT)
    (folder / "shop" / "api.py").write_text(API)
    (folder / "tests" / "test_shop.py").write_text("def test_it():\n    assert 1\n")
    (folder / "Dockerfile").write_text("FROM python:3.12-slim\n")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def files(project: Path) -> dict[str, bytes]:
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in project.rglob("*") if path.is_file() and ".git/" not in path.as_posix()}


def test_it_shows_what_it_found(run: Run) -> None:
    shown = {line.split()[0]: line.strip() for line in run("init", "--dry-run").stdout.splitlines() if line.startswith("  ")}
    assert "fastapi" in shown["frameworks"] and "flask" not in shown["frameworks"]
    assert "postgresql" in shown["database"] and "requirements.txt" in shown["database"]
    assert shown["routes"].split()[1] == "1"
    assert shown["tests"].startswith("tests") and "1 file" in shown["tests"]
    assert "no report found" in shown["coverage"] and "Dockerfile" in shown["manifests"]
    assert "1 finding" in shown["findings"]


def test_what_it_writes_is_valid_and_the_next_run_passes(run: Run, project: Path) -> None:
    done = run("init", "--github", "--gitlab")
    assert done.returncode == 0, done.stderr
    written = {"backend-lint.toml", "backend-lint-baseline.json", ".pre-commit-config.yaml", ".github/workflows/backend-lint.yml", ".gitlab-ci.yml"}
    assert written <= files(project).keys()
    assert all(f"wrote {path}" in done.stderr for path in written)
    settings = tomllib.loads((project / "backend-lint.toml").read_text())
    assert settings["baseline"] == "backend-lint-baseline.json" and settings["database"] == {"dialect": "postgresql"}
    assert len(json.loads((project / "backend-lint-baseline.json").read_text())["findings"]) == 1
    assert run("--show-settings").returncode == 0
    after = run()
    assert after.returncode == 0 and "1 in the baseline" in after.stdout
    (project / "shop" / "more.py").write_text(CLIENT + "\n\nRATES = fetch('https://bank.example/rates').json()\n")
    assert "shop/more.py" in run().stdout, "what is new is reported"


@pytest.mark.parametrize("path", ["backend-lint.toml", ".pre-commit-config.yaml", ".github/workflows/backend-lint.yml", ".gitlab-ci.yml"])
def test_every_key_is_explained(path: str, run: Run, project: Path) -> None:
    run("init", "--github", "--gitlab")
    lines = (project / path).read_text().splitlines()
    assert lines[0].startswith("#"), "the file says what it is for"
    assert sum(line.lstrip().startswith("#") for line in lines) >= 3
    if path.endswith(".toml"):
        keys = [index for index, line in enumerate(lines) if re.match(r"[a-z-]+ =", line) and not lines[index - 1].startswith("[")]
        assert keys and all(lines[index - 1].startswith("# ") for index in keys)


def test_jobs_ask_for_little_and_name_actions_by_commit(run: Run, project: Path) -> None:
    run("init", "--github", "--gitlab")
    text = (project / ".github/workflows/backend-lint.yml").read_text()
    job = yaml.safe_load(text)
    assert job["permissions"] == {"contents": "read", "security-events": "write"}
    used = re.findall(r"uses: (\S+)", text)
    assert len(used) == 3 and all(re.search(r"@[0-9a-f]{40}$", one) for one in used)
    scripts = [step["run"] for step in job["jobs"]["backend-lint"]["steps"] if "run" in step]
    assert not any("${{" in script for script in scripts), "what an event holds never becomes part of a script"
    pipeline = yaml.safe_load((project / ".gitlab-ci.yml").read_text())
    assert pipeline["backend-lint"]["artifacts"]["reports"]["codequality"] == "gl-code-quality-report.json"


def test_a_dry_run_writes_nothing(run: Run, project: Path) -> None:
    before = files(project)
    done = run("init", "--dry-run", "--github", "--gitlab")
    assert done.returncode == 0 and files(project) == before
    assert "profile = \"default\"" in done.stdout and "codequality" in done.stdout


def test_nothing_is_overwritten_without_force(run: Run, project: Path) -> None:
    (project / "backend-lint.toml").write_text("profile = 'all'\n")
    done = run("init")
    assert done.returncode == 2 and "--force" in done.stderr
    (project / "backend-lint.toml").unlink()
    (project / ".pre-commit-config.yaml").write_text("repos: []\n")
    (project / ".gitlab-ci.yml").write_text("build: {script: [make]}\n")
    done = run("init")
    assert done.returncode == 0, done.stderr
    assert ".pre-commit-config.yaml is there and stays as it is" in done.stderr
    assert (project / ".pre-commit-config.yaml").read_text() == "repos: []\n"
    assert (project / ".gitlab-ci.yml").read_text() == "build: {script: [make]}\n"
    assert "backend-lint:" in (project / ".gitlab/backend-lint.yml").read_text() and "include" in done.stderr
    assert run("init", "--force").returncode == 0
    assert "backend-lint" in (project / ".pre-commit-config.yaml").read_text()


def test_each_file_can_be_left_out(run: Run, project: Path) -> None:
    run("init", "--no-pre-commit", "--no-github", "--no-gitlab", "--no-baseline")
    assert {"backend-lint.toml"} == files(project).keys() & {"backend-lint.toml", "backend-lint-baseline.json", ".pre-commit-config.yaml", ".gitlab-ci.yml"}
    assert "baseline" not in tomllib.loads((project / "backend-lint.toml").read_text())


def test_where_jobs_run_is_seen(run: Run, project: Path) -> None:
    (project / ".git" / "config").write_text('[remote "origin"]\n\turl = git@gitlab.example.org:shop/shop.git\n')
    run("init")
    assert (project / ".gitlab-ci.yml").exists() and not (project / ".github").exists()


def test_a_hostile_name_adds_no_key(run: Run, project: Path) -> None:
    hostile = project / "requirements" / "x\nignore = ['ALL']\n#.txt"
    hostile.parent.mkdir()
    hostile.write_text("django\n")
    assert run("init").returncode == 0
    assert "ignore" not in tomllib.loads((project / "backend-lint.toml").read_text())


def test_a_link_is_not_written_through(run: Run, project: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (project / ".github").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    done = run("init", "--github")
    assert done.returncode == 2 and "link" in done.stderr
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("path", [".github", ".github/workflows", ".github/workflows/backend-lint.yml"])
def test_a_file_where_a_folder_is_wanted_stops_it_before_it_writes(path: str, run: Run, project: Path) -> None:
    """And a folder where a file is: half of what ``init`` writes would leave a project that the next ``init`` refuses."""
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).mkdir() if path.endswith(".yml") else (project / path).write_text("")
    before = files(project)
    done = run("init", "--github")
    if path.endswith(".yml"):
        assert done.returncode == 0 and "stays as it is" in done.stderr
        done = run("init", "--github", "--force")
    assert done.returncode == 2 and path in done.stderr and "Nothing was written" in done.stderr and "Traceback" not in done.stderr
    assert path.endswith(".yml") or files(project) == before


def test_an_empty_folder_is_a_project_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("init", cwd=tmp_path / "empty")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "empty").iterdir()] == ["backend-lint.toml"]


def test_services_whose_manifests_lie_in_their_folders_are_known_by_their_code(run: Run, project: Path) -> None:
    (project / "requirements.txt").rename(project / "shop" / "requirements.txt")
    (project / "shop" / "store.py").write_text("import psycopg\n\nconnection = psycopg.connect('postgresql://db/shop')\n")
    shown = {line.split()[0]: line.strip() for line in run("init", "--dry-run").stdout.splitlines() if line.startswith("  ")}
    assert "fastapi" in shown["frameworks"] and "imported" in shown["frameworks"]
    assert "postgresql" in shown["database"] and "as code and SQL speak" in shown["database"]
