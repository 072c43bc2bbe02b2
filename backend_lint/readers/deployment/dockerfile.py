"""Dockerfiles: a tokenizer of our own for continuations, comments, heredocs and the JSON form. Linear, and it never raises."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.facts.deployment import Manifest, Port, Workload
from backend_lint.lazy_regex import lazy_regex
from backend_lint.readers.deployment.command import processes
from backend_lint.readers.deployment.draft import Draft
from backend_lint.readers.deployment.shell_words import split

_ESCAPE = lazy_regex(r"#[ \t]*escape[ \t]*=[ \t]*([\\`])[ \t]*$", re.IGNORECASE)
_DIRECTIVE = lazy_regex(r"#[ \t]*[a-z]{1,20}[ \t]*=", re.IGNORECASE)
_HEREDOC = lazy_regex(r"(?<!<)<<(?!<)-?[ \t]*(['\"]?)([A-Za-z_][A-Za-z0-9_.]{0,100})\1")
_FLAG = lazy_regex(r"--[a-z][a-z-]{0,40}(?:=(\S{0,500}))?[ \t]*")
_INSTRUCTION = lazy_regex(r"[ \t]*([A-Za-z]{2,20})(?:[ \t]+|$)")


def instructions(text: str) -> Iterator[tuple[str, str, int]]:
    """(instruction in capitals, its arguments with continuations joined, 1-based line) of a Dockerfile; comments and the text of heredocs left out.

    >>> list(instructions("FROM a\\nRUN b && \\\\\\n # why\\n  c\\n"))
    [('FROM', 'a', 1), ('RUN', 'b &&   c', 2)]
    """
    lines = text.split("\n")
    escape = _escape(lines)
    last = {line.strip("\t\r "): index for index, line in enumerate(lines)}
    index = 0
    while index < len(lines):
        line = lines[index].rstrip("\r")
        start = index
        index += 1
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        parts: list[str] = []
        while True:
            body = line.rstrip(" \t")
            continued = body.endswith(escape)
            parts.append(body[:-1] if continued else line)
            if not continued:
                break
            while index < len(lines) and (not lines[index].strip() or lines[index].lstrip().startswith("#")):
                index += 1
            if index >= len(lines):
                break
            line = lines[index].rstrip("\r")
            index += 1
        whole = "".join(parts)
        match = _INSTRUCTION.match(whole)
        if match is None:
            continue
        name = match.group(1).upper()
        if name in {"RUN", "COPY", "ADD"}:
            for heredoc in _HEREDOC.finditer(whole):
                if last.get(heredoc.group(2), -1) >= index:
                    index = _after_heredoc(lines, index, heredoc.group(2))
        yield name, whole[match.end() :].strip(), start + 1


def _escape(lines: list[str]) -> str:
    for line in lines:
        if match := _ESCAPE.match(line.strip()):
            return match.group(1)
        if not _DIRECTIVE.match(line):
            break
    return "\\"


def _after_heredoc(lines: list[str], index: int, word: str) -> int:
    for position in range(index, len(lines)):
        if lines[position].strip("\t\r ") == word:
            return position + 1
    return len(lines)


def words(arguments: str) -> list[str] | None:
    """The words of the JSON form of CMD, ENTRYPOINT or SHELL; None if it is the shell form.

    >>> words('["gunicorn", "app:app"]'), words("gunicorn app:app")
    (['gunicorn', 'app:app'], None)
    """
    if not arguments.startswith("[") or len(arguments) > 20_000:
        return None
    import json

    try:
        found = json.loads(arguments)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and all(isinstance(word, str) for word in found) else None


def read_dockerfile(text: str) -> Manifest:
    """The facts of a Dockerfile. `unit` is the name of the build stage, empty for a stage without one; only its last CMD and ENTRYPOINT count."""
    draft = Draft("dockerfile")
    stage, image = "", ""
    ends: dict[str, tuple[str, int]] = {}
    for name, arguments, line in instructions(text):
        if name == "FROM":
            _finish(draft, stage, ends)
            ends = {}
            image, stage = _stage(arguments)
            draft.workloads.append(Workload(stage, "image", line, image=image))
        elif name in {"CMD", "ENTRYPOINT"}:
            ends[name] = (arguments, line)
            if name == "ENTRYPOINT":
                ends.pop("CMD", None)
        elif name == "ENV":
            _assignments(draft, arguments, line, stage, "dockerfile")
        elif name == "ARG":
            declared, equals, value = arguments.partition("=")
            draft.variable(declared.strip(), value.strip().strip("'\"") if equals else None, line, stage, "dockerfile:arg")
        elif name == "EXPOSE":
            draft.ports.extend(Port(port.partition("/")[0], line, stage) for port in arguments.split()[:50])
        elif name == "HEALTHCHECK" and arguments.upper() != "NONE":
            _healthcheck(draft, arguments, line, stage)
    _finish(draft, stage, ends)
    return draft.finished()


def _stage(arguments: str) -> tuple[str, str]:
    rest = [word for word in arguments.split() if not word.startswith("--")]
    stage = rest[2] if len(rest) > 2 and rest[1].upper() == "AS" else ""
    return (rest[0] if rest else ""), stage


def _finish(draft: Draft, stage: str, ends: dict[str, tuple[str, int]]) -> None:
    entry, command = ends.get("ENTRYPOINT"), ends.get("CMD")
    entry_words = words(entry[0]) if entry else None
    command_words = words(command[0]) if command else None
    if entry is not None and entry_words is None:
        draft.processes.extend(processes(entry[0], entry[1], "dockerfile:entrypoint", stage))
    elif entry is not None and entry_words is not None:
        first = entry_words[0].rpartition("/")[2] if entry_words else ""
        if command is not None and (first.endswith(".sh") or "entrypoint" in first):
            draft.words(entry_words, entry[1], "dockerfile:entrypoint", stage)
            entry_words = []
        tail = command_words if command_words is not None else (["sh", "-c", command[0]] if command else [])
        combined = [*entry_words, *tail]
        if combined:
            draft.words(combined, (command or entry)[1], "dockerfile:cmd" if command else "dockerfile:entrypoint", stage)
    elif command is not None and command_words is not None:
        draft.words(command_words, command[1], "dockerfile:cmd", stage)
    elif command is not None:
        draft.processes.extend(processes(command[0], command[1], "dockerfile:cmd", stage))


def _assignments(draft: Draft, arguments: str, line: int, stage: str, source: str) -> None:
    flat = [word for command in split(arguments) for word in command]
    if flat and "=" not in flat[0]:
        draft.variable(flat[0], arguments[len(flat[0]) :].strip(), line, stage, source)
        return
    for word in flat:
        name, equals, value = word.partition("=")
        if equals:
            draft.variable(name, value, line, stage, source)


def _healthcheck(draft: Draft, arguments: str, line: int, stage: str) -> None:
    timeout = None
    while match := _FLAG.match(arguments):
        if match.group().startswith("--timeout="):
            timeout = match.group(1)
        arguments = arguments[match.end() :]
    command = arguments.removeprefix("CMD").strip()
    exec_form = words(command)
    draft.probe("healthcheck", stage, " ".join(exec_form) if exec_form is not None else command, line, timeout=timeout)
