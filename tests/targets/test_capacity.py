"""How many connections the servers hold that a project starts: the programs' documented defaults, and nothing where a file does not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import read_model
from backend_lint.facts.performance import Measurements, Targets
from backend_lint.project.performance.capacity import Holder

UVICORN = "web: uvicorn app:app"
GUNICORN = "gunicorn app:app"


def first(root: Path, files: dict[str, str]) -> Holder | None:
    for name, text in {"app.py": "app = None\n", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    project, _ = read_model(Settings(root=root, cache=False, jobs=1))
    project.measurements = Measurements(targets=Targets(asked=("connections",)))
    holders = project.performance.holders
    return holders[0] if holders else None


@pytest.mark.parametrize(
    ("command", "limit"),
    [
        ("gunicorn app:app", 1),
        ("gunicorn app:app -w 4", 4),
        ("gunicorn app:app --workers=4 --worker-class sync", 4),
        ("gunicorn app:app -w 4 --threads 8", 4000),
        ("gunicorn app:app -w 4 -k gthread --threads 8 --worker-connections 100", 400),
        ("gunicorn app:app -w 2 -k gevent", 2000),
        ("gunicorn app:app -w 2 -k gevent --worker-connections 5000", 10_000),
        ("gunicorn app:app -w 2 -k uvicorn.workers.UvicornWorker", None),
        ("gunicorn app:app -w ${WORKERS}", None),
        ("gunicorn app:app -w ${WORKERS:-6}", 6),
        ("gunicorn app:app -w 4 -c elsewhere.py", None),
        ("uvicorn app:app --workers 4", None),
        ("uvicorn app:app --workers 4 --limit-concurrency 300", 1200),
        ("uvicorn app:app --limit-concurrency 300", 300),
        ("uwsgi --http :80 --module app --processes 4 --threads 2", 8),
        ("uwsgi --ini /etc/uwsgi.ini", None),
        ("waitress-serve app:app", 100),
        ("waitress-serve --connection-limit=800 app:app", 800),
    ],
)
def test_what_a_command_holds(tmp_path: Path, command: str, limit: int | None) -> None:
    holder = first(tmp_path, {"Dockerfile": f"FROM python:3.12\nCMD {command}\n"})
    assert holder is not None
    assert (holder.limit, holder.path, holder.line) == (limit, "Dockerfile", 2)


def test_configuration_file_of_gunicorn(tmp_path: Path) -> None:
    files = {"gunicorn.conf.py": 'workers = 3\nworker_class = "gevent"\nworker_connections = 200\n', "Dockerfile": f"FROM python:3.12\nCMD {GUNICORN}\n"}
    holder = first(tmp_path, files)
    assert holder is not None
    assert holder.limit == 600


def test_environment_sets_the_workers(tmp_path: Path) -> None:
    holder = first(tmp_path, {"Dockerfile": f"FROM python:3.12\nENV WEB_CONCURRENCY=5\nCMD {GUNICORN}\n"})
    assert holder is not None
    assert holder.limit == 5
    heroku = first(tmp_path / "heroku", {"Procfile": f"web: {GUNICORN}\n"})
    assert heroku is not None
    assert heroku.limit is None, "the platform sets WEB_CONCURRENCY by the size of the machine"


def test_copies_and_open_files(tmp_path: Path) -> None:
    service = "services:\n  api:\n    image: shop\n    command: gunicorn app:app -w 2 -k gevent\n    deploy:\n      replicas: 3\n"
    holder = first(tmp_path / "copies", {"compose.yaml": service})
    assert holder is not None
    assert (holder.limit, [one.message for one in holder.evidence]) == (6000, ["api runs 3 times"])
    holder = first(tmp_path / "files", {"compose.yaml": service + "    ulimits:\n      nofile: 256\n"})
    assert holder is not None
    assert holder.limit == 2 * 256 * 3
    workloads = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api\nspec:\n  replicas: 4\n"
    workloads += "  template:\n    spec:\n      containers:\n        - name: api\n"
    holder = first(tmp_path / "cluster", {"Dockerfile": f"FROM python:3.12\nCMD {GUNICORN} -w 8\n", "k8s/api.yaml": workloads})
    assert holder is not None
    assert holder.limit == 32


def test_of_several_ways_to_start_it_the_one_that_holds_most_counts(tmp_path: Path) -> None:
    holder = first(tmp_path, {"Dockerfile": f"FROM python:3.12\nCMD {GUNICORN} -w 2\n", "Procfile": f"web: {GUNICORN} -w 9\n"})
    assert holder is not None
    assert (holder.limit, holder.path) == (9, "Procfile")


def test_developers_machines_do_not_count(tmp_path: Path) -> None:
    assert first(tmp_path, {"docker-compose.dev.yml": "services:\n  api:\n    image: shop\n    command: gunicorn app:app -w 2\n"}) is None
    assert first(tmp_path / "reload", {"Procfile": f"{UVICORN} --reload --limit-concurrency 5\n"}) is None
