"""Command lines: which known server, worker or command they start, with which options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backend_lint.facts.deployment import Process
from backend_lint.lazy_regex import lazy_regex
from backend_lint.readers.deployment.shell_words import split
from backend_lint.redaction import redacted_command

_SHELLS = {"sh", "bash", "ash", "dash", "zsh"}
_PROGRAM = lazy_regex(r"[\w./$~{@][^\s<>]{0,500}")
_KEYWORDS = frozenset({"if", "then", "elif", "else", "while", "until", "do", "!", "{"})
"""Shell words that stand before a command."""
_HOUSEKEEPING = frozenset(
    {
        *(
            "fi",
            "done",
            "esac",
            "}",
            ":",
            "[",
            "[[",
            "test",
            "true",
            "false",
            "for",
            "case",
            "in",
            "function",
            "return",
            "exit",
            "break",
            "continue",
            "shift",
            "local",
        ),
        *(
            "set",
            "unset",
            "export",
            "readonly",
            "source",
            ".",
            "cd",
            "trap",
            "wait",
            "read",
            "eval",
            "umask",
            "ulimit",
            "alias",
            "type",
            "hash",
            "sleep",
            "sync",
        ),
        *(
            "echo",
            "printf",
            "cat",
            "tee",
            "ls",
            "mkdir",
            "rmdir",
            "rm",
            "cp",
            "mv",
            "ln",
            "touch",
            "chmod",
            "chown",
            "find",
            "grep",
            "sed",
            "awk",
            "cut",
            "tr",
            "head",
        ),
        *(
            "tail",
            "sort",
            "uniq",
            "wc",
            "xargs",
            "date",
            "tar",
            "curl",
            "wget",
            "which",
            "id",
            "kill",
            "apt-get",
            "apk",
            "update-ca-certificates",
            "pip",
            "openssl",
        ),
    }
)
"""Commands that end at once or change nothing that matters here."""
_WRAPPERS = {
    # wrapper -> how many positional words of its own stand before the program
    "exec": 0,
    "command": 0,
    "nohup": 0,
    "time": 0,
    "sudo": 0,
    "env": 0,
    "tini": 0,
    "dumb-init": 0,
    "catatonit": 0,
    "ddtrace-run": 0,
    "opentelemetry-instrument": 0,
    "scout_apm_run": 0,
    "watchmedo": 1,
    "newrelic-admin": 1,
    "poetry": 1,
    "pipenv": 1,
    "pdm": 1,
    "uv": 1,
    "rye": 1,
    "hatch": 1,
    "conda": 1,
    "doppler": 1,
    "chamber": 2,
    "su-exec": 1,
    "gosu": 1,
    "setpriv": 0,
    "stdbuf": 0,
    "nice": 0,
    "timeout": 1,
    "honcho": 1,
    "wait-for-it.sh": 1,
    "wait-for-it": 1,
    "wait-for": 1,
}
_WRAPPER_VALUES = {
    "sudo": {"-u", "-g"},
    "env": {"-u", "-C"},
    "conda": {"-n", "-p"},
    "nice": {"-n"},
    "wait-for-it.sh": {"-t", "-h", "-p"},
    "wait-for-it": {"-t", "-h", "-p"},
    "uv": {"--extra", "--group", "--python", "-p", "--with"},
    "watchmedo": {"-d", "-p", "--directory", "--pattern", "--patterns"},
}
_RUNNERS = {"poetry", "pipenv", "pdm", "uv", "rye", "hatch", "conda"}
"""Package managers: they start something only as ``X run``."""

_ROLES = {
    "gunicorn": "web",
    "uvicorn": "web",
    "hypercorn": "web",
    "daphne": "web",
    "granian": "web",
    "uwsgi": "web",
    "waitress-serve": "web",
    "fastapi": "web",
    "flask": "web",
    "sanic": "web",
    "litestar": "web",
    "robyn": "web",
    "mod_wsgi-express": "web",
    "nginx": "other",
    "celery": "worker",
    "rq": "worker",
    "rqworker": "worker",
    "dramatiq": "worker",
    "arq": "worker",
    "taskiq": "worker",
    "huey_consumer": "worker",
    "huey_consumer.py": "worker",
    "procrastinate": "worker",
    "faust": "worker",
    "streamlit": "web",
    "alembic": "command",
    "aerich": "command",
    "python": "command",
    "django-admin": "command",
    "prefect": "other",
    "airflow": "other",
}
_SHORT = {
    "gunicorn": "b=bind w=workers k=worker-class t=timeout c=config n=name u=user g=group p=pid e=env",
    "hypercorn": "b=bind w=workers k=worker-class c=config p=pid u=user g=group m=umask",
    "daphne": "b=bind p=port t=http-timeout e=endpoint u=unix-socket v=verbosity",
    "uwsgi": "p=processes t=harakiri w=module s=socket z=socket-timeout l=listen H=home",
    "celery": "A=app b=broker c=concurrency P=pool Q=queues l=loglevel n=hostname f=logfile S=scheduler s=schedule B=beat",
    "dramatiq": "p=processes t=threads Q=queues",
    "flask": "h=host p=port A=app",
    "alembic": "c=config n=name x=x",
}
_FLAG_NAMES = (
    "reload preload daemon no-sendfile reuse-port check-config print-config proxy-headers no-proxy-headers no-access-log use-colors no-use-colors factory "
    "master die-on-term vacuum enable-threads lazy-apps need-app single-interpreter thunder-lock http-keepalive beat without-gossip without-mingle "
    "without-heartbeat events task-events noinput no-input debug with-threads without-threads access-log no-ws with-scheduler burst verbose quiet insecure "
    "noreload autoreload capture-output log-master"
)
_FLAGS = frozenset(_FLAG_NAMES.split())
_VALUELESS_SHORT = {"gunicorn": "DRh", "celery": "BEDO", "uwsgi": "MTCi", "dramatiq": "v", "uvicorn": "h", "hypercorn": "h"}


def processes(text: str, line: int, source: str, unit: str = "", *, known_only: bool = False, shell: bool = True) -> list[Process]:
    """The processes a shell command line starts. `known_only` leaves out programs that we have no role for; `shell` says that a shell stands in between."""
    found: list[Process] = []
    for words in split(text[:20_000]):
        found.extend(process(words, line, source, unit, known_only=known_only, shell=shell))
    return found


def process(words: Sequence[str], line: int, source: str, unit: str = "", *, known_only: bool = False, shell: bool = False, depth: int = 0) -> list[Process]:
    """The processes that one list of words starts: one, or as many as the text of ``sh -c`` has."""
    rest = [word for word in words if "\0" not in word][:400]
    replaces = not shell
    while rest:
        name = rest[0].rpartition("/")[2]
        if rest[0] in _KEYWORDS:
            rest = rest[1:]
            continue
        head, equals, _ = rest[0].partition("=")
        if equals and head.replace("_", "a").isalnum() and not head[0].isdigit():
            rest = rest[1:]
        elif shell and rest[0] in _HOUSEKEEPING:
            return []
        elif name in _SHELLS and len(rest) > 2 and rest[1].startswith("-") and rest[1].endswith("c") and depth < 3:
            inner: list[Process] = []
            for command in split(rest[2]):
                inner.extend(process(command, line, source, unit, known_only=known_only, shell=True, depth=depth + 1))
            return inner
        elif name in _WRAPPERS:
            if name == "exec":
                replaces = True
            if name in _RUNNERS and "run" not in rest[1:4]:
                return []
            rest = _unwrapped(name, rest[1:])
        else:
            break
    if not rest:
        return []
    if not _PROGRAM.fullmatch(rest[0]) or (len(rest) > 1 and rest[0].startswith("python") and rest[1] == "-c"):
        return []
    made = _identified(rest, line, source, unit, replaces)
    return [made] if made.program in _ROLES or not known_only else []


def _unwrapped(name: str, rest: list[str]) -> list[str]:
    positional = _WRAPPERS[name]
    if "--" in rest[:20] and name not in {"exec", "env", "sudo"}:
        return rest[rest.index("--") + 1 :]
    with_values = _WRAPPER_VALUES.get(name, set())
    while rest and (rest[0].startswith("-") or positional > 0):
        if rest[0].startswith("-"):
            rest = rest[2:] if rest[0] in with_values else rest[1:]
        else:
            positional -= 1
            rest = rest[1:]
    return rest


def _identified(words: list[str], line: int, source: str, unit: str, replaces: bool) -> Process:
    program = words[0].rpartition("/")[2]
    arguments = words[1:]
    command = " ".join(redacted_command(" ".join(words)[:2000]).split())[:300]
    if program.startswith(("python", "pypy")) and not program.endswith(".py"):
        program = "python"
        while arguments and arguments[0].startswith("-") and arguments[0] not in {"-m", "-c"} and not arguments[0].startswith("-m"):
            arguments = arguments[2:] if arguments[0] in {"-W", "-X"} else arguments[1:]
        if len(arguments) > 1 and arguments[0] == "-m":
            module = arguments[1]
            if module.partition(".")[0] in _ROLES:
                program, arguments = module.partition(".")[0], arguments[2:]
            else:
                return Process(program, _script_role(arguments[1:]), line, source, unit, command, module, _options(program, arguments[2:])[0], replaces)
    if program in {"python", "manage.py", "django-admin"}:
        if program != "python":
            arguments = [program, *arguments]
        script = arguments[0] if arguments else ""
        return Process("python", _script_role(arguments), line, source, unit, command, script, _options("python", arguments[1:])[0], replaces)
    options, positional = _options(program, arguments)
    role = _ROLES.get(program, "other")
    if program == "celery":
        role = _celery_role(positional, dict(options))
    elif program == "flask" or program == "fastapi":
        role = "web" if {"run", "dev"} & set(positional) else "command"
    elif program in {"rq", "taskiq", "procrastinate"} and positional and "worker" not in positional[0]:
        role = "scheduler" if "scheduler" in positional[0] else "command"
    target = next((word for word in positional if word not in {"run", "dev", "worker", "beat", "flower"}), "")
    if program in {"celery", "flask"}:
        target = dict(options).get("app", target)
    return Process(program, role, line, source, unit, command, target, options, replaces)


def _celery_role(positional: Iterable[str], options: dict[str, str]) -> str:
    words = set(positional)
    if "worker" in words:
        return "worker"
    if "beat" in words:
        return "scheduler"
    return "other" if "flower" in words else "command"


def _script_role(arguments: Sequence[str]) -> str:
    if arguments and arguments[0].rpartition("/")[2] in {"manage.py", "django-admin"} and len(arguments) > 1:
        if arguments[1] in {"runserver", "runserver_plus"}:
            return "web"
        if arguments[1] in {"rqworker", "qcluster", "run_huey", "rundramatiq", "process_tasks", "celery", "db_worker"}:
            return "worker"
    return "command"


def _options(program: str, arguments: Sequence[str]) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """Options under their long names, and the positional words."""
    short = dict(pair.split("=") for pair in _SHORT.get(program, "").split())
    valueless = _VALUELESS_SHORT.get(program, "")
    options: list[tuple[str, str]] = []
    positional: list[str] = []
    index = 0
    while index < len(arguments):
        word = arguments[index]
        following = arguments[index + 1] if index + 1 < len(arguments) else "-"
        takes = not following.startswith("-") or following[1:].replace(".", "").isdigit()
        index += 1
        if word.startswith("--") and len(word) > 2:
            name, equals, value = word[2:].partition("=")
            if not equals and takes and name not in _FLAGS:
                value, index = following, index + 1
            elif not equals:
                value = "true"
            options.append((name.replace("_", "-"), redacted_command(f"{name}={value}")[len(name) + 1 :][:200]))
        elif len(word) > 1 and word[0] == "-" and word[1].isalpha():
            letter = word[1]
            name = short.get(letter, letter)
            if len(word) > 2 and not short:
                name, _, value = word[1:].partition("=")
                value = value or "true"
            elif len(word) > 2:
                value = word[2:].removeprefix("=")
            elif takes and letter not in valueless:
                value, index = following, index + 1
            else:
                value = "true"
            options.append((name, value[:200]))
        elif word.startswith((">", "<", "2>", "1>")):
            index += word in {">", "<", ">>", "2>", "1>"}
        else:
            positional.append(word)
    return tuple(options[:60]), positional
