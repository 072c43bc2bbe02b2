"""Does `backend-lint map routes` show the table that the framework itself has built, and does it know which routes answer without credentials?

Starts a public application in its own environment, in a child process, asks its framework for the routes (``app.routes``, the URL resolver, ``url_map``)
and compares them with the map of the same source:

    python -m venv /tmp/app && /tmp/app/bin/pip install -r TREE/requirements.txt
    python benchmarks/routes_truth.py healthchecks --python /tmp/app/bin/python --source TREE --ask --write

This is one of the places where checked code runs, deliberately and never as a part of the linter. What each application needs to start stands in
`APPLICATIONS`; every other one can be given with ``--framework`` and ``--app``. With ``--ask`` each route is also asked by the framework's own HTTP client
without credentials, on a small database; 401, 403, 407 and a redirect to a login page are refusals, everything else is an answer. Nobody is asked outside of
this machine by us; what the application itself does is its own affair: run it where it can do no harm.

A route counts if its handler, or the URLconf it stands in, belongs to the source: routes that a library brings along are in the framework's table only. Left
out on both sides: Django's admin site, format suffixes and root views of REST framework's routers, FastAPI's documentation, HEAD and OPTIONS. Regular
expressions of parameters are not compared, only their names. A Django function without a decorator that says so answers every method in the framework's
table; the map may know better. Exit status 1 if a share is below ``--goal``.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

TREE = Path(__file__).resolve().parent.parent
RESULTS = TREE / "benchmarks" / "results" / "routes.json"
PAGE = TREE / "docs" / "maps.md"
MARK = "<!-- routes truth -->"
DUMPERS = {"asgi": "dump_fast.py", "django": "dump_django.py", "flask": "dump_flask.py"}
MOST_SHOWN = 40
_MAP = ("--format", "json", "--isolated", "--no-cache", "-q")


@dataclasses.dataclass(frozen=True)
class Application:
    """How an application starts. `app` is ``module:name`` (``module:factory()``), for Django its settings; `below`: the folder of the source to read and
    to import from; `prepare`: arguments for its Python before routes are asked."""

    framework: str
    app: str
    below: str = ""
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    prepare: tuple[str, ...] = ()
    start: bool = False
    """It registers routes while it starts."""
    apart: tuple[str, ...] = ()
    """Folders of other applications in the same source: their routes are in the map only."""


_HEALTHCHECKS = dict.fromkeys(
    (
        "DISCORD_CLIENT_ID DISCORD_CLIENT_SECRET GITHUB_CLIENT_ID GITHUB_CLIENT_SECRET GITHUB_PUBLIC_LINK GITHUB_PRIVATE_KEY MATRIX_HOMESERVER "
        "MATRIX_USER_ID MATRIX_ACCESS_TOKEN PD_APP_ID PUSHBULLET_CLIENT_ID PUSHBULLET_CLIENT_SECRET PUSHOVER_API_TOKEN PUSHOVER_SUBSCRIPTION_URL "
        "SIGNAL_CLI_SOCKET SLACK_CLIENT_ID SLACK_CLIENT_SECRET TELEGRAM_BOT_NAME TELEGRAM_TOKEN TRELLO_APP_KEY TWILIO_ACCOUNT TWILIO_AUTH TWILIO_FROM "
        "TWILIO_MESSAGING_SERVICE_SID"
    ).split(),
    "x",
) | dict.fromkeys(("APPRISE_ENABLED", "SHELL_ENABLED", "TWILIO_USE_WHATSAPP", "WHATSAPP_DOWN_CONTENT_SID", "WHATSAPP_UP_CONTENT_SID"), "True")
"""Every integration is switched on: one that is not answers 404 before anything else."""
APPLICATIONS = {
    "healthchecks": Application(
        "django", "hc.settings", env={"DB_NAME": "{work}/hc.sqlite", "DEBUG": "False", **_HEALTHCHECKS}, prepare=("manage.py", "migrate")
    ),
    "label-studio": Application(
        "django",
        "core.settings.label_studio",
        below="label_studio",
        env={"LABEL_STUDIO_BASE_DATA_DIR": "{work}/label-studio", "DJANGO_DB": "sqlite", "SECRET_KEY": "x" * 32},
        prepare=("manage.py", "migrate"),
    ),
    "lnbits": Application(
        "asgi",
        "lnbits.app:create_app()",
        env={
            "LNBITS_DATA_FOLDER": "{work}/lnbits",
            "LNBITS_EXTENSIONS_PATH": "{work}/lnbits",
            "LNBITS_ADMIN_UI": "false",
            "LNBITS_BACKEND_WALLET_CLASS": "VoidWallet",
        },
        prepare=("-c", "import os; os.makedirs(r'{work}/lnbits/extensions', exist_ok=True)"),
        start=True,
    ),
    "mealie": Application("asgi", "mealie.app:app", env={"DATA_DIR": "{work}/mealie", "PRODUCTION": "True"}),
    "paperless-ngx": Application(
        "django",
        "paperless.settings",
        below="src",
        env={"PAPERLESS_DATA_DIR": "{work}/paperless", "PAPERLESS_MEDIA_ROOT": "{work}/paperless", "PAPERLESS_SECRET_KEY": "x" * 32},
        prepare=("manage.py", "migrate", "--skip-checks"),
    ),
    "prefect": Application(
        "asgi",
        "prefect.server.api.server:create_app()",
        env={"PREFECT_HOME": "{work}/prefect", "PREFECT_SERVER_METRICS_ENABLED": "true"},
        apart=("prefect/runner/", "prefect/cli/", "prefect/utilities/", "prefect/task_worker.py", "prefect/server/services/", "prefect/testing/"),
    ),
    "redash": Application(
        "flask",
        "redash.app:create_app()",
        env={"REDASH_COOKIE_SECRET": "x" * 32, "REDASH_SECRET_KEY": "x" * 32, "REDASH_DATABASE_URL": "sqlite:///{work}/redash.sqlite"},
    ),
    "superset": Application(
        "flask",
        "superset.app:create_app()",
        env={
            "SUPERSET_SECRET_KEY": "x" * 42,
            "SUPERSET_HOME": "{work}/superset",
            "SUPERSET_FEATURE_ENABLE_EXTENSIONS": "true",
            "SUPERSET_FEATURE_GLOBAL_TASK_FRAMEWORK": "true",
        },
        prepare=("-m", "flask", "--app", "superset.app:create_app()", "db", "upgrade", "-d", "superset/migrations"),
    ),
}


class Row(NamedTuple):
    """One method of one path. `known`: what the map says of callers without credentials; `answer`: what one was answered."""

    method: str
    path: str
    handler: str
    file: str = ""
    answer: str | None = None
    known: bool | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    application = APPLICATIONS.get(options.name) or Application(options.framework, options.app, options.below)
    if options.app:
        application = dataclasses.replace(application, app=options.app)
    source = (options.source / application.below).resolve()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    env |= {key: value.format(work=work, source=source) for key, value in {**application.env, **dict(one.split("=", 1) for one in options.env)}.items()}
    python = str(options.python.absolute())
    if application.prepare and (options.ask or application.start):
        _ran([python, *(part.format(work=work) for part in application.prepare)], source, env)
    dumper = TREE / "tests" / "routes" / DUMPERS[application.framework]
    printed = _ran([python, str(dumper), application.app, "--source", str(source), *(["--start"] * application.start), *(["--ask"] * options.ask)], source, env)
    real = [Row(*row) for row in json.loads(printed.splitlines()[-1])]
    started = time.perf_counter()
    told = _ran([sys.executable, "-m", "backend_lint", "map", "routes", *_MAP], source, os.environ | {"PYTHONPATH": str(TREE)})
    seconds = time.perf_counter() - started
    ours = [Row(one["method"], one["path"], one["handler"]["name"], one["handler"]["path"], None, one["authenticated"]) for one in json.loads(told)["routes"]]
    found = compared(real, ours, str(source), application.apart)
    outcome = {"framework": application.framework, "version": options.version, **found.counts(), "seconds": round(seconds, 2)}
    _show(options.name, found, outcome, shown=MOST_SHOWN if options.differences else 0)
    if options.ask:
        access = found.access()
        outcome["access"] = access
        _show_access(found, access, shown=MOST_SHOWN if options.differences else 0)
    if options.write:
        _write(options.name, outcome)
    return 1 if min(outcome["found_share"], outcome["true_share"]) < options.goal else 0


def _ran(command: list[str], folder: Path, env: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=dict(env), capture_output=True, text=True, timeout=1800, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


# -- comparing ---------------------------------------------------------------------------------------


@dataclasses.dataclass
class Comparison:
    """Rows of the framework that the map has, each with its row; what one of both has alone; what is left out and why."""

    pairs: list[tuple[Row, Row]]
    missing: list[Row]
    extra: list[Row]
    left_out: Counter[str]

    def counts(self) -> dict[str, Any]:
        """What is written down; shares of 1."""
        mine = {id(row) for _, row in self.pairs}
        real, ours = len(self.pairs) + len(self.missing), len(mine) + len(self.extra)
        same = sum(1 for row, own in self.pairs if same_handler(row.handler, own.handler))
        return {
            "routes": real,
            "in_map": ours,
            "found": len(self.pairs),
            "found_share": round(len(self.pairs) / real, 4) if real else 0.0,
            "true": len(mine),
            "true_share": round(len(mine) / ours, 4) if ours else 0.0,
            "same_handler": same,
            "same_handler_share": round(same / len(self.pairs), 4) if self.pairs else 0.0,
            "unknown_part": sum(1 for row in self.extra if "{?}" in row.path),
            "left_out": dict(sorted(self.left_out.items())),
        }

    def asked(self) -> list[tuple[Row, Row]]:
        """Pairs of which the answer is known."""
        return [(row, own) for row, own in self.pairs if row.answer is not None and row.answer.startswith(("refused", "answered", "failed"))]

    def access(self) -> dict[str, Any]:
        """How often the map says what a client found; unknown counts against the share."""
        pairs = self.asked()
        equal = sum(1 for row, own in pairs if own.known is row.answer.startswith("refused"))  # type: ignore[union-attr]
        unknown = sum(1 for _, own in pairs if own.known is None)
        told = len(pairs) - unknown
        return {
            "asked": len(pairs),
            "refused": sum(1 for row, _ in pairs if row.answer.startswith("refused")),  # type: ignore[union-attr]
            "equal": equal,
            "unknown": unknown,
            "share": round(equal / len(pairs), 4) if pairs else 0.0,
            "share_of_told": round(equal / told, 4) if told else 0.0,
        }


def plain(path: str) -> str:
    """A path for comparison: named groups of regular expressions as ``<name>``, anchors and optional slashes at the end as one spelling.

    >>> plain(r"/a/(?P<pk>[0-9]+(?:x|y))/$")
    '/a/<pk>/'
    """
    out, position = "", 0
    path = re.sub(r"\\([-./_@])", r"\1", path).replace("\\Z", "").replace("$", "").replace("^", "")
    while position < len(path):
        match = re.compile(r"\(\?P<(\w+)>").match(path, position)
        if match is None:
            out += path[position]
            position += 1
            continue
        depth = 0
        while position < len(path):
            depth += {"(": 1, ")": -1}.get(path[position], 0) if path[position - 1] != "\\" else 0
            position += 1
            if not depth:
                break
        out += f"<{match[1]}>"
    return out


def same_handler(one: str, other: str) -> bool:
    """The class is the same, or for functions the name: whatever decorators put in front of it, and whatever method of a generic view the map follows it to.

    A ready-made view of a library, ``login = LoginView.as_view()``, is named by its library in the map.
    """
    if re.fullmatch(r"[a-z_]+(?:\.[a-z_]+){2,}", other) and "View" in one:
        made, named = one.partition("View")[0].lower(), other.rpartition(".")[2].replace("_", "")
        return made in named or named in made
    left, right = (name.split(".<locals>")[0] if name.endswith("wrapper") else name.replace(".<locals>", "") for name in (one, other))
    first, second = ([part for part in name.split(".") if part[:1].isupper()] for name in (left, right))
    return first[-1] == second[-1] if first and second else left.rpartition(".")[2] == right.rpartition(".")[2]


def compared(real: list[Row], ours: list[Row], source: str, apart: tuple[str, ...] = ()) -> Comparison:
    """Rows are equal if method and path are; `source` is the folder whose routes count."""
    left_out: Counter[str] = Counter()
    of_libraries = set()
    counted: dict[str, dict[str, Row]] = {}
    for row in real:
        path = plain(row.path)
        if row.file and (not row.file.startswith(source + os.sep) or "site-packages" in row.file[len(source) :]):
            of_libraries.add((row.method, path))
            left_out["of libraries"] += 1
        else:
            counted.setdefault(path, {})[row.method] = row
    table: dict[str, dict[str, Row]] = {}
    for row in ours:
        path = plain(row.path)
        if row.handler.endswith("admin.site.urls") or row.handler.startswith("django.contrib.admin"):
            left_out["admin"] += 1
        elif apart and row.file.startswith(apart):
            left_out["of other applications, in the map"] += 1
        elif path not in counted and any(one == (row.method, path) or (one[1] == path and "*" in (one[0], row.method)) for one in of_libraries):
            left_out["of libraries, in the map"] += 1
        elif row.method not in ("HEAD", "OPTIONS", "TRACE"):
            table.setdefault(path, {})[row.method] = row
    pairs, missing, extra = [], [], []
    for path in sorted({*counted, *table}):
        theirs, mine = counted.get(path, {}), dict(table.get(path, {}))
        used = set()
        for method, row in theirs.items():
            if method in mine:
                pairs.append((row, mine[method]))
                used.add(method)
            elif method == "*" and mine:
                pairs.append((row, next(iter(mine.values()))))
                used.update(mine)
            else:
                missing.append(row)
        if "*" in theirs:
            used.update(mine)
            pairs += [(theirs["*"], row) for row in list(mine.values())[1:] if "*" not in mine]
        extra += [row for method, row in mine.items() if method not in used]
    return Comparison(pairs, missing, extra, left_out)


# -- showing -----------------------------------------------------------------------------------------


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _show(name: str, found: Comparison, outcome: Mapping[str, Any], shown: int) -> None:
    _say(
        f"{name} {outcome['version']}: {outcome['found']} of {outcome['routes']} routes found ({outcome['found_share']:.2%}), "
        f"{outcome['true']} of {outcome['in_map']} in the map are real ({outcome['true_share']:.2%}), "
        f"handler the same for {outcome['same_handler_share']:.2%}; left out {outcome['left_out']}; {outcome['seconds']} s"
    )
    for title, rows in (("only in the framework's table", found.missing), ("only in the map", found.extra)):
        if shown and rows:
            _say(f"  {title} ({len(rows)})")
            for row in rows[:shown]:
                _say(f"    {row.method:<9} {row.path}  {row.handler}")
    wrong = [(row, own) for row, own in found.pairs if not same_handler(row.handler, own.handler)]
    for row, own in wrong[:shown]:
        _say(f"    handler   {row.method} {row.path}  {row.handler} / {own.handler}")


def _show_access(found: Comparison, access: Mapping[str, Any], shown: int) -> None:
    _say(f"  asked without credentials: {access['equal']} of {access['asked']} as the map says ({access['share']:.2%}), {access['unknown']} unknown to it")
    wrong = [(row, own) for row, own in found.asked() if own.known is not row.answer.startswith("refused")]  # type: ignore[union-attr]
    for row, own in wrong[: 4 * shown]:
        _say(f"    {row.answer:<14} {own.known!s:<6} {row.method} {row.path}  {row.handler}")
    late = [row for row, _ in found.pairs if row.answer is not None and row.answer.startswith("late")]
    for row in late[:shown]:
        _say(f"    no answer in time  {row.method} {row.path}")


def _write(name: str, outcome: Mapping[str, Any]) -> None:
    held = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"applications": {}}
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=TREE, capture_output=True, text=True, check=False).stdout.strip()
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    run = {"date": datetime.date.today().isoformat(), "commit": commit, "python": platform.python_version(), "machine": machine}
    held["applications"][name] = {**outcome, **run}
    held["applications"] = dict(sorted(held["applications"].items()))
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(held, indent=2) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    start, end = page.index(MARK) + len(MARK), page.index("<!-- end -->", page.index(MARK))
    PAGE.write_text(f"{page[:start]}\n{_table(held['applications'])}{page[end:]}", encoding="utf-8")


def _table(applications: Mapping[str, Any]) -> str:
    """The outcome as Markdown."""
    lines = ["| application | framework | routes | found | real | asked | as the map says |", "|---|---|---:|---:|---:|---:|---:|"]
    for name, one in applications.items():
        access = one.get("access")
        asked = f"{access['asked']} | {access['share']:.1%}" if access else "|"
        lines.append(f"| {name} {one['version']} | {one['framework']} | {one['routes']} | {one['found_share']:.1%} | {one['true_share']:.1%} | {asked} |")
    return "\n".join(lines) + "\n"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", help=f"of the application: {', '.join(APPLICATIONS)}, or any with --framework and --app")
    parser.add_argument("--python", type=Path, required=True, help="the interpreter of the environment that the application is installed in")
    parser.add_argument("--source", type=Path, required=True, help="the tree to import from and to read")
    parser.add_argument("--version", default="", help="of the application, or the commit of the tree: written down only")
    parser.add_argument("--framework", choices=DUMPERS, default="asgi")
    parser.add_argument("--app", default="", help="module:name or module:factory(), for Django the settings module")
    parser.add_argument("--below", default="", help="the folder of the source to read")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--work", type=Path, default=Path("/tmp/routes-truth"), help="where the application may write")
    parser.add_argument("--ask", action="store_true", help="ask each route without credentials")
    parser.add_argument("--differences", action="store_true", help="list what differs")
    parser.add_argument("--goal", type=float, default=0.98)
    parser.add_argument("--write", action="store_true", help=f"keep the counts in {RESULTS.relative_to(TREE)}")
    options = parser.parse_args(arguments)
    if options.name not in APPLICATIONS and not options.app:
        parser.error(f"how does {options.name} start? give --framework and --app")
    return options


if __name__ == "__main__":
    sys.exit(main())
