"""Which versions of a library a project pins, in each format that says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import samples

from backend_lint.config import Settings
from backend_lint.engine.recording import Watch
from backend_lint.engine.requirements import Manifests
from backend_lint.engine.run import run
from backend_lint.project.requirements import Requirements, Versions
from backend_lint.readers.requirements import read

FIVE_TWO = Versions((5, 2), (5, 3))
EXACT = Versions((5, 2, 4), (5, 2, 4, 0))

FORMATS = {
    "requirements.txt": ("# x\nDjango[argon2]>=5.2,<5.3 ; python_version > '3.9'  # why\n-e .\n", FIVE_TWO),
    "requirements/production.in": ("django ~= 5.2.0\n", FIVE_TWO),
    "requirements/generated/production.txt": ("django==5.2.4 \\\n    --hash=sha256:abc\n", EXACT),
    "pyproject.toml": ('[project]\nname = "shop"\ndependencies = ["django>=5.2,<5.3", "celery"]\n', FIVE_TWO),
    "app/pyproject.toml": ('[tool.poetry.dependencies]\ndjango = { version = "~5.2", extras = ["x"] }\n', FIVE_TWO),
    "db/pyproject.toml": ('[tool.poetry.group.main.dependencies]\nDjango = "5.2.4"\n', EXACT),
    "web/pyproject.toml": ('[dependency-groups]\nmain = ["django==5.2.*", { include-group = "dev" }]\n', FIVE_TWO),
    "setup.cfg": ("[metadata]\ninstall_requires = django==1\n[options]\ninstall_requires =\n    django>=5.2\n    django<5.3\n", Versions(None, None)),
    "api/setup.cfg": ("[options]\ninstall_requires = django>=5.2,<5.3\n", FIVE_TWO),
    "setup.py": ("raise SystemExit('never run')\nsetup(install_requires=['django>=5.2,<5.3', \"celery\"])\n", FIVE_TWO),
    "Pipfile": ('[packages]\ndjango = "==5.2.4"\ncelery = "*"\n', EXACT),
    "Pipfile.lock": (json.dumps({"default": {"django": {"version": "==5.2.4"}}}), EXACT),
    "poetry.lock": ('[[package]]\nname = "django"\nversion = "5.2.4"\n', EXACT),
    "uv.lock": ('version = 1\n\n[[package]]\nname = "django"\nversion = "5.2.4"\nsource = { registry = "x" }\n', EXACT),
    "pdm.lock": ('[[package]]\nname = "django"\nversion = "5.2.4"\n', EXACT),
    "environment.yml": ("dependencies:\n  - python=3.12\n  - django=5.2\n  - pip:\n    - celery==5.4\n", FIVE_TWO),
}


@pytest.mark.parametrize("path", FORMATS)
def test_each_format_tells_the_range(path: str) -> None:
    text, expected = FORMATS[path]
    file = read(path, text.encode())
    assert not file.unreadable
    assert Requirements([file]).versions("django") == expected


HOSTILE = {
    "requirements.txt": [b"django==" + b"9" * 100_000, b"\xff\xfe\x00" * 1000, b"django" + b"[" * 100_000, b"-r " + b"../" * 1000 + b"etc/passwd\n" * 1000],
    "pyproject.toml": [
        b"[project\n", b"project = 1\ntool = 2\ndependency-groups = 3\n", b"[project]\ndependencies = 4\n", b"a = " + b"[" * 5000,
        b"a." * 90_000 + b"a = 1\n", (b"a." * 90 + b"a = 1\n") * 1000,
    ],
    "uv.lock": [b'name = "django"\n' * 200_000, b'[[package]]\nname = "django"\nversion = "main"\n'],
    "Pipfile.lock": [b"[]", b'{"default": {"django": 1}}', b"[" * 100_000, b'{"default": {"django": {"version": 5}}}'],
    "setup.py": [b'"' + b"a" * 2_000_000, b"'a >= " * 200_000],
    "setup.cfg": [b"[options\n", b"install_requires\n", b"[options]\ninstall_requires = a" + b" " * 500_000 + b"b\n"],
    "environment.yml": [b"- " * 300_000, b"- a" + b" " * 500_000 + b"="],
}


@pytest.mark.parametrize("path", HOSTILE)
def test_what_is_malformed_is_unknown_and_nothing_worse(path: str) -> None:
    for data in HOSTILE[path]:
        file = read(path, data)
        assert Requirements([file]).at_least("django", (5,)) is None
        assert len(file.unreadable) < 250
        assert "\n" not in file.unreadable


def test_a_lock_beats_a_range_and_the_nearest_project_counts(tmp_path: Path) -> None:
    for name, text in {
        "requirements.txt": "django>=3\n",
        "uv.lock": '[[package]]\nname = "django"\nversion = "5.1"\n',
        "worker/requirements/base.txt": "django==4.2.1\n",
        "worker/requirements/dev.txt": "-r base.txt\ncelery<6\n",
        "worker/jobs/tasks.py": "",
        "shop/models.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    known = Requirements(Manifests(tmp_path, ["worker/jobs/tasks.py", "shop/models.py"])())
    assert known.versions("django", "shop/models.py") == Versions((5, 1), (5, 1, 0))
    assert known.at_least("django", (5,), "shop/models.py") is True
    assert known.at_least("django", (5,), "worker/jobs/tasks.py") is False
    assert known.at_least("celery", (6,), "worker/jobs/tasks.py") is False
    assert known.at_least("celery", (5,), "worker/jobs/tasks.py") is None
    assert known.versions("sqlalchemy") is None


def test_nothing_outside_of_the_project_is_read(tmp_path: Path) -> None:
    root, other = tmp_path / "project", tmp_path / "other"
    root.mkdir()
    other.mkdir()
    (other / "secret.txt").write_text("django==5.2\n")
    (root / "requirements.txt").write_text("-r ../other/secret.txt\n-r /etc/hosts\n-r link/secret.txt\n-r itself.txt\n")
    (root / "itself.txt").write_text("-r requirements.txt\n-r itself.txt\n")
    (root / "link").symlink_to(other)
    (root / "requirements-linked.txt").symlink_to(other / "secret.txt")
    files = Manifests(root, [])()
    assert sorted(file.path for file in files) == ["itself.txt", "requirements.txt"]
    assert Requirements(files).versions("django") is None


def test_an_answer_holds_as_long_as_the_manifests_do(tmp_path: Path) -> None:
    """Both short cuts, of a run in which nothing changed and of facts that say the same, must see another version of Django."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text("[tool.backend-lint]\n")
    (project / "requirements.txt").write_text("-r more.txt\n")
    (project / "more.txt").write_text("django==4.2\n")
    found = Manifests(project, [])
    assert found.names == ("pyproject.toml", "requirements.txt", "more.txt")
    before = found.stamps()
    assert Manifests(project, []).stamps() == before
    (project / "more.txt").write_text("django==5.2\n")
    assert Manifests(project, []).stamps() != before
    watch = Watch()
    run(Settings(root=project, cache=False), samples.registry(), watch)
    assert {str(project / name) for name in found.names} <= set(watch._others), "the record names them whether or not a rule asked"
