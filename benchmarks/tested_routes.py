"""Does `untested-route` know which routes a test suite calls?

Runs the whole test suite of a public application in its own environment, with coverage and with a middleware that notes each route that a request reaches
(`route_recorder.py`), and compares that with what the rule says of the same source and the same coverage report:

    python benchmarks/tested_routes.py healthchecks --source TREE --version v3.13 --write

This is one of the places where checked code runs, deliberately and never as a part of the linter. The source is copied, and what the suite needs is installed
from PyPI into an environment below `--work`, unless `--python` names one that has it. How each application's suite is run stands in `APPLICATIONS`.

Every route of the map counts, one method of one path, but those that the rule leaves alone: health, metrics, documentation. A route is called if a request
with its method reached its path, whatever became of it then; it is judged right if the rule reports exactly what is not called. `--alone` compares what the
rule says without a coverage report as well. Exit status 1 if the share of routes that are judged right is below ``--goal``.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from routes_truth import plain

from backend_lint.project.routes import is_operational

TREE = Path(__file__).resolve().parent.parent
RESULTS = TREE / "benchmarks" / "results" / "tested_routes.json"
RECORDER = TREE / "benchmarks" / "route_recorder.py"
_RULE = ("check", "--select", "untested-route", "--format", "json", "--isolated", "--no-cache", "--exit-zero", "-q")
_MAP = ("map", "routes", "--format", "json", "--isolated", "--no-cache", "-q")
_ROUTE = re.compile(r"(\S+ )?(\S+) is declared here")
_FIRST = re.compile(r"no test (?:calls|gets to the handler of) (?:([A-Z]+) )?(/\S*?)(?: and \d+ more)?: (.*)")


@dataclasses.dataclass(frozen=True)
class Application:
    """How the suite of an application runs. `install`: arguments of pip; `suite`: those of its Python, ``{recorder}`` the file that notes routes."""

    framework: str
    install: tuple[str, ...]
    suite: tuple[str, ...]
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    without: tuple[str, ...] = ()
    """Folders of tests that the suite does not run, because they need other services: they are taken out of the copy."""


_PYTEST = ("-m", "pytest", "-q", "-p", "route_recorder", "-W", "ignore")
APPLICATIONS = {
    "healthchecks": Application(
        "django",
        ("-r", "requirements.txt", "coverage"),
        ("-m", "coverage", "run", "--branch", "--source", "hc", "{recorder}", "manage.py", "test", "-v0"),
        {"DB_NAME": "{work}/hc.sqlite"},
    ),
    "ctfd": Application(
        "flask",
        (
            "-r requirements.txt pytest==8.4.2 pytest-xdist pytest-cov coverage==7.10.7 moto==4.1.11 flask_profiler==1.8.1 flask-debugtoolbar==0.11.0 "
            "Faker==4.1.0 psycopg2-binary"
        ).split(),
        (*_PYTEST, "-n", "{jobs}", "--dist", "loadfile", "--cov", "CTFd", "--cov-branch", "--cov-report="),
    ),
    "lnbits": Application(
        "starlette",
        (".", "anyio>=4.12.1", "asgi-lifespan>=2.1", "json5", "mock", "openai", "pytest>=9", "pytest-cov>=7", "pytest-httpserver", "pytest-md", "pytest-mock"),
        (*_PYTEST, "--cov", "lnbits", "--cov-branch", "--cov-report=", "tests/api", "tests/unit"),
        {"LNBITS_DATA_FOLDER": "{work}/data", "LNBITS_BACKEND_WALLET_CLASS": "FakeWallet", "DEBUG": "true"},
        without=("tests/regtest", "tests/wallets"),
    ),
}


@dataclasses.dataclass(frozen=True)
class Judged:
    """One route: whether a test called it, and whether the rule says that none does."""

    method: str
    path: str
    called: bool
    reported: bool
    of: str = ""

    @property
    def right(self) -> bool:
        return self.called is not self.reported


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    application = APPLICATIONS[options.name]
    work = (options.work / options.name).resolve()
    source = work / "source"
    if not options.keep or not (source / "coverage.xml").exists():
        _suite(application, options, work, source)
    called = recorded(work / "called")
    routes = json.loads(_ran([sys.executable, "-m", "backend_lint", *_MAP], source, os.environ | {"PYTHONPATH": str(TREE)}))["routes"]
    outcome: dict[str, Any] = {"framework": application.framework, "version": options.version}
    judged = _compared(options.name, "with its coverage report", routes, called, source, options.differences)
    outcome |= counts(judged)
    if options.alone:
        (source / "coverage.xml").rename(work / "coverage.xml")
        try:
            alone = _compared(options.name, "from the tests alone", routes, called, source, options.differences)
        finally:
            (work / "coverage.xml").rename(source / "coverage.xml")
        outcome["without_report"] = counts(alone)
    if options.write:
        _write(options.name, outcome)
    return 1 if outcome["share"] < options.goal else 0


def _suite(application: Application, options: argparse.Namespace, work: Path, source: Path) -> None:
    """Installs and runs; leaves ``coverage.xml`` in the copy of the source, and the calls beside it."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(work / "called", ignore_errors=True)
    shutil.copytree(options.source, source, symlinks=True, ignore=shutil.ignore_patterns(".git", "node_modules"))
    for folder in application.without:
        shutil.rmtree(source / folder, ignore_errors=True)
    (work / "called").mkdir(parents=True)
    python = str(options.python.absolute()) if options.python else str(work / "venv" / "bin" / "python")
    if not options.python and not Path(python).exists():
        subprocess.run([sys.executable, "-m", "venv", str(work / "venv")], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *application.install], cwd=source, check=True)
    words = {"work": str(work), "recorder": str(RECORDER), "jobs": str(options.jobs)}
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")}
    env |= {"ROUTES": str(work / "called"), "FRAMEWORK": application.framework, "PYTHONPATH": str(RECORDER.parent)}
    env |= {key: value.format(**words) for key, value in application.env.items()}
    done = subprocess.run([python, *(part.format(**words) for part in application.suite)], cwd=source, env=env, capture_output=True, text=True, check=False)
    _say(f"{options.name}: {(done.stdout + done.stderr).strip()[-300:]}")
    if done.returncode not in (0, 1) or not any((work / "called").iterdir()):
        sys.exit(f"the suite ended with {done.returncode}:\n{done.stderr[-3000:]}")
    _ran([python, "-m", "coverage", "xml", "-q", "-o", "coverage.xml"], source, env)


def recorded(folder: Path) -> dict[str, set[str]]:
    """Path of a route as `plain` writes it -> the methods of the requests that reached it."""
    called: dict[str, set[str]] = {}
    for file in folder.iterdir():
        for line in file.read_text(encoding="utf-8").splitlines():
            method, path = line.split("\t")
            called.setdefault(plain("/" + path.lstrip("/")), set()).add(method)
    return called


def judged_of(routes: Sequence[Mapping[str, Any]], called: Mapping[str, set[str]], findings: Sequence[Mapping[str, Any]]) -> list[Judged]:
    """Each route of the map with what the suite and the rule say of it."""
    whole: set[tuple[str, int]] = set()
    single: set[tuple[str, int, str, str]] = set()
    for one in findings:
        if not (match := _FIRST.fullmatch(one["message"])):
            sys.exit(f"a message of the rule is not understood: {one['message']}")
        place = one["path"], one["line"]
        if "only get to its handler" not in match[3]:
            if "answers first" not in match[3]:
                whole.add(place)
            continue
        single.add((*place, match[1] or "*", match[2]))
        single |= {(*place, (found[1] or "*").strip(), found[2]) for text in one["evidence"] if (found := _ROUTE.fullmatch(text["message"]))}
    judged = []
    for route in routes:
        method, handler = route["method"], route["handler"]
        methods = called.get(plain(route["path"]), set())
        place = handler["path"], handler["line"]
        is_called = bool(methods) if method == "*" else method in methods
        judged.append(Judged(method, route["path"], is_called, place in whole or (*place, method, route["path"]) in single, handler["name"]))
    return judged


def counts(judged: Sequence[Judged]) -> dict[str, Any]:
    """What is written down; shares of 1."""
    alone = [one for one in judged if is_operational(one.path)]
    judged = [one for one in judged if not is_operational(one.path)]
    right = sum(one.right for one in judged)
    reported = [one for one in judged if one.reported]
    return {
        "routes": len(judged),
        "left_alone": len(alone),
        "called": sum(one.called for one in judged),
        "reported": len(reported),
        "reported_right": sum(one.right for one in reported),
        "right": right,
        "share": round(right / len(judged), 4) if judged else 0.0,
    }


def _compared(
    name: str, how: str, routes: Sequence[Mapping[str, Any]], called: Mapping[str, set[str]], source: Path, differences: bool
) -> list[Judged]:
    told = _ran([sys.executable, "-m", "backend_lint", *_RULE], source, os.environ | {"PYTHONPATH": str(TREE)})
    judged = judged_of(routes, called, json.loads(told)["findings"])
    found = counts(judged)
    _say(
        f"{name} {how}: {found['right']} of {found['routes']} routes judged right ({found['share']:.2%}), {found['left_alone']} more left alone; "
        f"{found['called']} are called by tests, "
        f"{found['reported']} reported, {found['reported_right']} of them right"
    )
    for one in judged:
        if differences and not one.right:
            _say(f"    {'called' if one.called else 'not called':<11} {'reported' if one.reported else 'silent':<9} {one.method} {one.path}  {one.of}")
    return judged


def _ran(command: list[str], folder: Path, env: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=dict(env), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _write(name: str, outcome: Mapping[str, Any]) -> None:
    held = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    held[name] = {**outcome, "date": datetime.date.today().isoformat(), "python": platform.python_version()}
    RESULTS.write_text(json.dumps(dict(sorted(held.items())), indent=2) + "\n", encoding="utf-8")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", choices=APPLICATIONS)
    parser.add_argument("--source", type=Path, required=True, help="the tree of the application, with its tests")
    parser.add_argument("--version", default="", help="of the tree: written down only")
    parser.add_argument("--python", type=Path, help="the interpreter of an environment that has everything")
    parser.add_argument("--work", type=Path, default=Path("/tmp/tested-routes"), help="where the copy, the environment and the calls are kept")
    parser.add_argument("--jobs", type=int, default=2, help="processes of the suite, if it can be split")
    parser.add_argument("--keep", action="store_true", help="compare with the last run of the suite, if there is one")
    parser.add_argument("--alone", action="store_true", help="also compare what the rule says without a coverage report")
    parser.add_argument("--differences", action="store_true", help="list the routes that are judged wrong")
    parser.add_argument("--goal", type=float, default=0.95)
    parser.add_argument("--write", action="store_true", help=f"keep the counts in {RESULTS.relative_to(TREE)}")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
