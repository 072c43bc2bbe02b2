"""fly.toml and railway.toml."""

from __future__ import annotations

import re
from typing import Any

from backend_lint.facts.deployment import Bound, Manifest, Port
from backend_lint.readers.deployment.command import processes
from backend_lint.readers.deployment.draft import Draft
from backend_lint.readers.deployment.tree import UnreadableError

_LONGEST_LINE = 4096
"""Python's TOML parser is quadratic in the length of a dotted key."""


def read_toml(text: str) -> Manifest:
    """Processes, variables and ports. Raises UnreadableError naming the line."""
    import tomllib

    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > _LONGEST_LINE:
            raise UnreadableError(f"holds a line of more than {_LONGEST_LINE} characters", number)
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise UnreadableError("is nested too deeply") from None
    except ValueError as error:
        found = re.search(r"at line (\d+)", str(error))
        raise UnreadableError(f"is not valid TOML: {str(error).splitlines()[0][:150]}", int(found.group(1)) if found else 0) from None
    draft = Draft("platform")
    for name, value in _table(table, "env").items():
        draft.variable(name, str(value), _line(text, name), source="fly")
    for name, value in _table(table, "processes").items():
        draft.processes.extend(processes(str(value), _line(text, name), "fly", name, shell=False))
    start = _table(table, "deploy").get("startCommand")
    if isinstance(start, str):
        draft.processes.extend(processes(start, _line(text, "startCommand"), "railway:startCommand"))
    port = _table(table, "http_service").get("internal_port")
    if isinstance(port, int):
        draft.ports.append(Port(str(port), _line(text, "internal_port")))
    timeout = table.get("kill_timeout")
    if isinstance(timeout, (int, str)) and not isinstance(timeout, bool):
        draft.deadline("kill-timeout", Bound.SHUTDOWN, str(timeout), _line(text, "kill_timeout"))
    return draft.finished()


def _table(table: dict[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _line(text: str, key: str) -> int:
    match = re.search(rf"^[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*=", text, re.MULTILINE)
    return text.count("\n", 0, match.start()) + 1 if match else 1
