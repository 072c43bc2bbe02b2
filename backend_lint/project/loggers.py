"""Which calls write to a log, at which level, and whether they carry the exception at hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import Body, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.libraries import Effect
from backend_lint.project.value_text import call_ids, parse

if TYPE_CHECKING:
    from backend_lint.project import Project

LEVELS = {
    "trace": 5,
    "debug": 10,
    "info": 20,
    "msg": 20,
    "success": 20,
    "notice": 20,
    "warn": 30,
    "warning": 30,
    "error": 40,
    "exception": 40,
    "critical": 50,
    "fatal": 50,
    "adebug": 10,
    "ainfo": 20,
    "awarning": 30,
    "aerror": 40,
    "aexception": 40,
    "acritical": 50,
}
"""Methods of loggers and their levels as the standard library numbers them."""

_LOGGER_NAME = lazy_regex(r"(?:^|_|\.)(?:log|logger|logging|_logger|audit_log)$", re.IGNORECASE)
_TRACEBACKS = frozenset({"traceback.format_exc", "traceback.format_exception", "traceback.format_tb", "sys.exc_info", "sys.exception", "traceback.extract_tb"})
_NO_EXCEPTION = frozenset({"False", "None", "0", ""})


class LogCall(msgspec.Struct, frozen=True, gc=False):
    """A call of a logger. `level` as `logging` numbers it, 0 if unknown; `method` as written; `library` the logger's class if it resolved, else empty."""

    call: Call
    method: str
    level: int
    library: str = ""


def log_call(project: Project, path: str, function: int, call: Call) -> LogCall | None:
    """The call as a call of a logger; None if it is none. Loggers resolve across modules; one that does not is told by its name."""
    parsed = parse(call.callee)
    if parsed is None:
        return None
    method = parsed.steps[-1][1:] if parsed.steps and parsed.steps[-1][:1] == "." else parsed.root.lstrip("%")
    if method == "print":
        return LogCall(call, method, 20, "print") if call.callee == "print" else None
    target = project.value(path, function, call.callee)
    if target is not None and target.is_external and project.calls.effect(target) & Effect.LOG:
        owner, _, name = target.name.rpartition(".")
        return LogCall(call, name, _level(name, call), owner or name)
    if method in LEVELS or method in ("log", "alog"):
        owner = call.callee.rpartition(".")[0].replace("()", "")
        if (target is None or target.is_external) and owner and _LOGGER_NAME.search(owner):
            return LogCall(call, method, _level(method, call))
    return None


def _level(method: str, call: Call) -> int:
    if method in ("log", "alog") and call.args:
        name = call.args[0].strip("'\"").rpartition(".")[2].lower()
        return LEVELS.get(name, int(name) if name.isdigit() else 0)
    return LEVELS.get(method, 30)


def carries_exception(body: Body, logged: LogCall, name: str) -> bool:
    """Whether the record holds the exception: its traceback, or the exception bound to `name` among the values."""
    call = logged.call
    if logged.method.lstrip("a") in ("exception", "print_exc", "print_exception"):
        return True
    if any(key in ("exc_info", "stack_info", "exception", "exc", "error", "err", "**") and value not in _NO_EXCEPTION for key, value in call.keywords):
        return True
    if ".opt(" in call.callee or any("exception" in dict(body.calls[number].keywords) for number in call_ids(call.callee) if number < len(body.calls)):
        return True
    return mentions_exception(body, (*call.args, *(value for _, value in call.keywords)), name)


def has_traceback(body: Body, logged: LogCall) -> bool:
    """Whether the record holds the traceback."""
    return carries_exception(body, logged, "")


def mentions_exception(body: Body, values: tuple[str, ...], name: str, depth: int = 0) -> bool:
    """Whether values hold the exception bound to `name`, its text or its traceback, directly or through the calls that make them."""
    bound = re.compile(rf"%{re.escape(name)}\b") if name else None
    for value in values:
        if bound is not None and bound.search(value):
            return True
        if any(known in value for known in _TRACEBACKS):
            return True
        if depth < 3:
            for number in call_ids(value):
                call = body.calls[number] if number < len(body.calls) else None
                if call is not None and (
                    call.callee in _TRACEBACKS
                    or call.callee.rpartition(".")[2] in ("format_exc", "exc_info", "format_exception")
                    or mentions_exception(body, (*call.args, *(text for _, text in call.keywords)), name, depth + 1)
                ):
                    return True
    return False
