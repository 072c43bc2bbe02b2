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


SCRIPT = "import requests\n\n\ndef main():\n    requests.get('https://a.example')\n\n\nif __name__ == '__main__':\n    main()\n"


@pytest.mark.parametrize(
    ("path", "profile", "found"),
    [("fill.py", "default", 0), ("fill.py", "strict", 1), ("cronjobs/fill.py", "default", 1)],
    ids=["somebody watches it", "strict", "a timer starts it"],
)
def test_a_script_that_somebody_watches_is_left_to_the_strict_profile(tmp_path: Path, path: str, profile: str, found: int) -> None:
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text(SCRIPT)
    settings = Settings(root=tmp_path, profile=profile, cache=False, jobs=1)  # type: ignore[arg-type]
    rules = [one.finding.rule for one in run(settings, Registry.load(entry_points=False)).findings]
    assert rules.count("outbound-call-without-timeout") == found


WRAPPER = "import requests\n\n\nclass Client:\n    def get(self, url, **options):\n        return requests.get(url, **options)\n\n\ndef rates():\n    return Client().get('https://a.example')\n"


def test_a_wrapper_that_passes_keywords_on_is_told_to_set_a_default(tmp_path: Path) -> None:
    (tmp_path / "client.py").write_text(WRAPPER)
    settings = Settings(root=tmp_path, select=("outbound-call-without-timeout",), cache=False, jobs=1)
    (found,) = run(settings, Registry.load(entry_points=False)).findings
    assert found.finding.suggestion == 'options.setdefault("timeout", 10)', "`timeout=` beside `**options` breaks callers that give one"


CALLED = "import requests\n\n\ndef rates(url):\n    return requests.get(url)\n\n\ndef names(url):\n    return requests.get(url)\n"
LIST = "from fastapi import FastAPI\nfrom client import rates\n\napp = FastAPI()\n\n\n@app.get('/')\ndef show(url: str):\n    return rates(url).json()\n"


def test_a_function_that_nobody_calls_keeps_nobody_waiting(tmp_path: Path) -> None:
    (tmp_path / "client.py").write_text(CALLED)
    (tmp_path / "api.py").write_text(LIST)
    lines = {}
    for profile in ("default", "strict"):
        found = run(Settings(root=tmp_path, profile=profile, cache=False, jobs=1), Registry.load(entry_points=False)).findings
        lines[profile] = [one.finding.line for one in found if one.finding.rule == "outbound-call-without-timeout"]
    assert lines == {"default": [5], "strict": [5, 9]}


def test_what_only_commands_call_through_a_class_of_their_own_is_no_warning(tmp_path: Path) -> None:
    """No entry is known: the method `handle` of the base calls the `run` of whoever inherits from it."""
    commands = tmp_path / "shop" / "management" / "commands"
    commands.mkdir(parents=True)
    (tmp_path / "shop" / "old.py").write_text(CLIENT)
    (commands / "move_orders.py").write_text("from shop.old import fetch\n\n\nclass Move:\n    def go(self):\n        fetch('https://a.example')\n")
    settings = Settings(root=tmp_path, select=("outbound-call-without-timeout",), cache=False, jobs=1)
    (found,) = run(settings, Registry.load(entry_points=False)).findings
    assert str(found.finding.severity) == "info"
