"""A call that hangs costs a service its workers, and somebody at a prompt a Ctrl-C: the entry decides the severity."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import run
from backend_lint.registry import Registry

CLIENT = "import requests\n\n\ndef fetch(url):\n    return requests.get(url)\n"
COMMAND = "import click\nfrom client import fetch\n\n\n@click.command()\ndef show():\n    print(fetch('https://a.example').status_code)\n"
ROUTE = "from fastapi import FastAPI\nfrom client import fetch\n\napp = FastAPI()\n\n\n@app.get('/')\ndef show():\n    return fetch('https://a.example').status_code\n"


@pytest.mark.parametrize(
    ("entries", "severity"),
    [({}, "warning"), ({"commands.py": COMMAND}, "info"), ({"api.py": ROUTE}, "warning"), ({"commands.py": COMMAND, "api.py": ROUTE}, "warning")],
    ids=["unknown", "command", "route", "both"],
)
def test_the_entry_decides_how_bad_a_missing_timeout_is(tmp_path: Path, entries: dict[str, str], severity: str) -> None:
    for name, text in {"client.py": CLIENT, **entries}.items():
        (tmp_path / name).write_text(text)
    settings = Settings(root=tmp_path, select=("outbound-call-without-timeout",), cache=False, jobs=1)
    (found,) = run(settings, Registry.load(entry_points=False)).findings
    assert (found.finding.path, found.finding.line, str(found.finding.severity)) == ("client.py", 5, severity)


TASK = "from celery import Celery\nfrom client import fetch\n\napp = Celery()\n{conf}\n\n@app.task{limit}\ndef refresh():\n    fetch('https://a.example')\n"


@pytest.mark.parametrize(
    ("conf", "limit", "severity", "said"),
    [
        ("", "", "warning", "the task `refresh` and its worker hang"),
        ("", "(time_limit=60)", "info", "only the time limit of 60 s ends the task `refresh`"),
        ("app.conf.task_time_limit = 300", "", "info", "only the time limit of 300 s ends the task `refresh`"),
    ],
    ids=["none", "its own", "of all tasks"],
)
def test_a_task_that_something_ends_costs_less_than_one_that_nothing_ends(tmp_path: Path, conf: str, limit: str, severity: str, said: str) -> None:
    (tmp_path / "client.py").write_text(CLIENT)
    (tmp_path / "jobs.py").write_text(TASK.format(conf=conf, limit=limit))
    settings = Settings(root=tmp_path, select=("outbound-call-without-timeout",), cache=False, jobs=1)
    (found,) = run(settings, Registry.load(entry_points=False)).findings
    assert str(found.finding.severity) == severity
    assert said in found.finding.message
    assert any(one.path == "jobs.py" for one in found.finding.evidence), "the reader is not told which task"
