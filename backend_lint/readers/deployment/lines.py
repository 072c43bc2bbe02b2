"""Files that are read line by line: Procfile, shell scripts, dotenv, INI files of uWSGI, supervisord and systemd, nginx."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.facts.deployment import Bound, EnvironmentFile, Manifest, Port, Process, Workload
from backend_lint.lazy_regex import lazy_regex
from backend_lint.readers.deployment.command import process, processes
from backend_lint.readers.deployment.draft import Draft
from backend_lint.readers.deployment.shell_words import split
from backend_lint.source import split_lines

_PROCFILE = lazy_regex(r"([A-Za-z0-9_-]{1,100}):[ \t]*(.{1,5000})")
_DOTENV = lazy_regex(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]{0,199})[ \t]*=(.*)", re.DOTALL)
_SECTION = lazy_regex(r"\[([^\]]{1,200})\]")
_OPTION = lazy_regex(r"([A-Za-z][\w.-]{0,100})[ \t]*[=:][ \t]*(.*)", re.DOTALL)
_HERE = lazy_regex(r"(?<!<)<<(?!<)-?[ \t]*(['\"]?)(\w{1,100})\1")
_NGINX_TOKEN = lazy_regex(
    r"\n|#[^\n]*|\$\{[^}\n]{0,100}\}|[{};]|\"[^\"\\]*(?:\\.[^\"\\]*)*\"?|'[^'\\]*(?:\\.[^'\\]*)*'?|[^\s{};\"'#$]+|\$",
    re.DOTALL,
)
_NGINX_READ = {
    "proxy_read_timeout": "nginx-proxy-read",
    "fastcgi_read_timeout": "nginx-fastcgi-read",
    "uwsgi_read_timeout": "nginx-uwsgi-read",
    "grpc_read_timeout": "nginx-grpc-read",
}


def read_procfile(text: str) -> Manifest:
    """A Procfile: one process a line; `unit` is the process type."""
    draft = Draft("procfile")
    for number, line in enumerate(split_lines(text), 1):
        if match := _PROCFILE.match(line):
            name = match.group(1)
            started = processes(match.group(2), number, "procfile", name, shell=False)
            draft.workloads.append(Workload(name, "process-type", number))
            draft.processes.extend(started)
    return draft.finished()


def read_shell(text: str) -> Manifest:
    """A shell script: the known servers, workers and commands it starts, and the variables it exports."""
    draft = Draft("shell")
    for number, line in _logical_lines(text):
        for words in split(line):
            if words[0] == "export":
                for word in words[1:]:
                    name, equals, value = word.partition("=")
                    if equals:
                        draft.variable(name, value, number, source="shell")
                continue
            draft.processes.extend(process(words, number, "shell", known_only=True, shell=True))
    found = draft.finished()
    return found if found.processes or found.variables else Manifest("")


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    lines = split_lines(text)
    index = 0
    while index < len(lines):
        start = index
        parts = [lines[index]]
        index += 1
        while parts[-1].endswith("\\") and index < len(lines) and len(parts) < 200:
            parts[-1] = parts[-1][:-1]
            parts.append(lines[index])
            index += 1
        whole = " ".join(parts)
        if heredoc := _HERE.search(whole):
            while index < len(lines) and lines[index].strip() != heredoc.group(2):
                index += 1
            index += 1
        if not whole.lstrip().startswith("#"):
            yield start + 1, whole


def read_dotenv(text: str) -> Manifest:
    """A ``.env`` file: its variables, values hidden where the name says that they are secret."""
    draft = Draft("dotenv")
    lines = split_lines(text)
    index = 0
    while index < len(lines):
        line, number = lines[index], index + 1
        index += 1
        match = _DOTENV.match(line)
        if match is None or line.lstrip().startswith("#"):
            continue
        value = match.group(2).strip()
        if value[:1] in {"'", '"'}:
            quote = value[0]
            value = value[1:]
            end = next((at for at in range(index, min(len(lines), index + 200)) if quote in lines[at]), None) if quote not in value else None
            if end is not None:
                value = "\n".join([value, *lines[index : end + 1]])
                index = end + 1
            value = value.partition(quote)[0]
        else:
            value = re.split(r"[ \t]#", value, maxsplit=1)[0].strip()
        draft.variable(match.group(1), value, number)
    return draft.finished()


def _options(text: str) -> Iterator[tuple[str, str, str, int]]:
    """(section, key, value, line) of an INI text; continuation lines are joined."""
    section, held = "", None
    for number, line in enumerate(split_lines(text), 1):
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        if line[0] in " \t" and held is not None:
            held = (held[0], held[1], f"{held[2].removesuffix(chr(92))} {stripped}"[:20_000], held[3])
            continue
        if held is not None:
            yield held
            held = None
        if match := _SECTION.match(stripped):
            section = match.group(1)
        elif match := _OPTION.match(stripped):
            held = (section, match.group(1), match.group(2).strip(), number)
    if held is not None:
        yield held


def read_ini(text: str) -> Manifest:
    """An INI file of uWSGI, supervisord or systemd; empty facts if it is none of them."""
    uwsgi = {"master", "harakiri", "processes", "workers", "module", "wsgi-file", "http-timeout", "socket-timeout", "threads", "enable-threads", "cheaper"}
    draft = Draft("")
    options: list[tuple[str, str]] = []
    first = 0
    target = ""
    for section, key, value, line in _options(text):
        kind, _, unit = section.partition(":")
        if section == "uwsgi":
            draft.form = "uwsgi"
            first = first or line
            if key == "module" or key == "wsgi-file":
                target = value
            if key in uwsgi or key.startswith(("harakiri", "cheaper")):
                options.append((key, value[:200]))
            if key == "env" and "=" in value:
                draft.variable(*value.partition("=")[::2], line, source="uwsgi")
        elif kind == "program":
            draft.form = "supervisord"
            if key == "command":
                draft.processes.extend(processes(value, line, "supervisord", unit, shell=False))
            elif key == "environment":
                for name, held in _pairs(value):
                    draft.variable(name, held, line, unit)
            elif key == "numprocs":
                draft.workloads.append(Workload(unit, "program", line, int(value) if value.isdigit() and len(value) < 9 else None))
            elif key == "stopwaitsecs":
                draft.deadline("stop-wait", Bound.SHUTDOWN, value, line, unit)
        elif section == "Service":
            _systemd(draft, key, value, line)
    if draft.form == "uwsgi":
        draft.processes.append(Process("uwsgi", "web", first, "uwsgi", "", "", target, tuple(options)))
    return draft.finished()


def _systemd(draft: Draft, key: str, value: str, line: int) -> None:
    if key == "ExecStart":
        draft.form = "systemd"
        draft.processes.extend(processes(value.lstrip("-@:+!"), line, "systemd", shell=False))
    elif key == "Environment":
        for words in split(value):
            for word in words:
                name, equals, held = word.partition("=")
                if equals:
                    draft.variable(name, held, line, source="systemd")
    elif key == "EnvironmentFile":
        draft.files.append(EnvironmentFile(value.lstrip("-"), line))
    elif key == "TimeoutStopSec":
        draft.deadline("stop-wait", Bound.SHUTDOWN, value, line)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in re.finditer(r"([A-Za-z_]\w{0,199})=(\"[^\"]*\"|'[^']*'|[^,]*)", text):
        yield part.group(1), part.group(2).strip("\"'")


def read_nginx(text: str) -> Manifest:
    """The read timeouts towards upstreams, and the ports, of an nginx configuration. `unit` is the ``location`` or ``server`` that holds them."""
    draft = Draft("nginx")
    blocks: list[str] = []
    server = ""
    for words, line, opens in _directives(text):
        if opens is None:
            if blocks:
                blocks.pop()
        elif opens:
            blocks.append(" ".join(words)[:100])
        elif words:
            if words[0] in _NGINX_READ and len(words) > 1:
                value = words[1] if "$" not in words[1] else None
                unit = next((block for block in reversed(blocks) if block.startswith("location")), server)
                draft.deadline(_NGINX_READ[words[0]], Bound.REQUEST, value, line, unit)
            elif words[0] == "listen" and len(words) > 1:
                draft.ports.append(Port(words[1].rpartition(":")[2], line, "nginx"))
            elif words[0] == "keepalive_timeout" and len(words) > 1:
                draft.deadline("nginx-keepalive", Bound.CONNECTION, words[1], line)
            elif words[0] == "server_name" and len(words) > 1:
                server = words[1]
    return draft.finished()


def _directives(text: str) -> Iterator[tuple[list[str], int, bool | None]]:
    """(words, line, True if a block opens, False for a directive, None for a closing brace)."""
    words: list[str] = []
    line, start = 1, 1
    for match in _NGINX_TOKEN.finditer(text):
        token = match.group()
        if token == "\n":
            line += 1
        elif token == "{" or token == ";":
            yield words, start, token == "{"
            words = []
        elif token == "}":
            yield [], line, None
            words = []
        elif token[0] != "#":
            if not words:
                start = line
            words.append(token.strip("\"'"))
            line += token.count("\n")
