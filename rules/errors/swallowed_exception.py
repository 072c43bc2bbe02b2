from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, ProjectRule, Role
from backend_lint.facts.python import Body, Function, Handler
from backend_lint.project import Effect, Project, SourceModule, failures
from backend_lint.project.attempts import Attempt, Attempted, attempted, imports_in, tells_itself
from backend_lint.project.blocks import within
from backend_lint.project.failures import Breadth, Fate, Outcome, breadth, outcome
from backend_lint.project.loggers import LEVELS
from backend_lint.project.name_words import leading, words

_QUIET = words(
    "del exit aexit repr str close aclose stop shutdown cleanup teardown disconnect safe safely try maybe quiet quietly silent silently suppress "
    "ignore best_effort cache cached "
    "metric metrics stats telemetry analytics track"
)
_PREDICATE = leading("is has can should check verify valid validate exists supports allow allowed available ping probe broken enabled healthy test")
_SAVES = words("save commit send publish bulk_create bulk_update insert upsert")
_NO = re.compile(r"\[?(?:(?:True|False|None),?)+\]?")
_CHECKS = leading("verify validate authenticate authorize decode")
_CHOSEN = re.compile(r"fallback|default", re.IGNORECASE)
_MINOR = Effect.FILE | Effect.SUBPROCESS | Effect.CPU | Effect.SLEEP
_LASTING = Effect.DATABASE_WRITE | Effect.COMMIT | Effect.MAIL | Effect.QUEUE


class SwallowedException(ProjectRule):
    """An exception is caught, and nobody learns of it.

    ## What it does

    Reports an `except` clause that catches everything (bare, `Exception`, `BaseException`) around real work, and neither raises, logs the exception,
    reports it, nor hands it on; a log record with a fixed text, without the exception, counts as lost too. Clauses for errors of databases, brokers and mail
    are reported if they only pass on after a write. Also reports `return`, `break` and `continue` in `finally`: they drop whatever exception is under way.

    ## Why is this bad

    The database is down, a column was renamed, a variable is misspelt: all look alike, and none is seen. Users get empty or wrong answers,
    and who is on call has no trace to start from.

    ## Example

    ```python
    import requests


    def notify(order):
        try:
            requests.post("https://partner.example/orders", json=order, timeout=5)
        except Exception:
            pass
    ```

    ## Use instead

    ```python
    import logging

    import requests

    logger = logging.getLogger(__name__)


    def notify(order):
        try:
            requests.post("https://partner.example/orders", json=order, timeout=5)
        except requests.RequestException:
            logger.exception("order %s was not announced", order["id"])
    ```

    ## When this is wrong

    Where losing the work is meant. A comment in the clause that says why silences the rule, as does one that excuses the clause to another linter
    (`noqa: S110`, `nosec B110`). It is silent for optional imports, for clean-up, caches, metrics
    and conversions of values, in `__del__` and `__exit__`, in functions called `try_...` or `safe_...`, and for loops that raise after the last attempt.

    ## References

    - [Python: exceptions](https://docs.python.org/3/tutorial/errors.html#handling-exceptions)
    - [CWE-390](https://cwe.mitre.org/data/definitions/390.html)
    """

    severity, precision, since = "warning", "high", "0.1"
    profile = "strict"
    tags = ("cwe:390",)
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for module, index, function, body in project.functions("except"):
            if module.role in self.roles:
                for handler in body.handlers:
                    if message := self._judge(project, module, index, function, body, handler):
                        yield self.finding(module.path, failures.head(handler), message, symbol=failures.symbol_of(function))
        for module, _, function, body in project.functions("finally-return"):
            if module.role in self.roles:
                for place, keyword in failures.drops_in_finally(body):
                    message = f"`{keyword}` in `finally` drops the exception that is under way: move it behind the `try` statement"
                    yield self.finding(module.path, place, message, symbol=failures.symbol_of(function))

    def _judge(self, project: Project, module: SourceModule, index: int, function: Function, body: Body, handler: Handler) -> str:
        """The message, empty if there is nothing to say."""
        if handler.comment or handler.uses_name:
            return ""
        width = breadth(project, module.path, index, handler)
        if width < Breadth.RESOURCE or failures.in_error_path(body, body.blocks[handler.block].parent) or imports_in(module, body, handler):
            return ""
        if width is not Breadth.BARE and (_QUIET.search(failures.plain_name(function)) or failures.is_instrumentation(module.path)):
            return ""
        result = outcome(project, module, index, body, handler)
        if result.fate > (Fate.ACTED if width is Breadth.BARE else Fate.ANSWERED):
            return ""
        tried = attempted(project, module, index, body, handler)
        if not _matters(width, result, tried, handler) or (tried.call is not None and tells_itself(project, module, index, tried.call)):
            return ""
        if _is_chosen(function, body, handler, tried) or (width is not Breadth.BARE and failures.raises_after_loop(body, handler)):
            return ""
        caught = failures.clause_text(handler)
        what = f" of `{shown}`" if tried.call is not None and (shown := failures.call_name(tried.call.callee)) else ""
        if result.fate is Fate.NAMED:
            return f"{caught} logs that something failed, but not what{what}: log the exception with its traceback, or catch what is expected"
        if result.fate is Fate.ANSWERED:
            return f"{caught} answers every error{what} alike and leaves no trace: log the exception, or catch what is expected"
        return f"{caught} swallows every error{what}: log the exception, let it rise, or say in a comment why it may be lost"


def _matters(width: Breadth, result: Outcome, tried: Attempted, handler: Handler) -> bool:
    if width is Breadth.BARE:
        told = result.fate is Fate.ACTED or (result.fate is Fate.NAMED and tried.kind is Attempt.CONVERSION)
        return tried.kind is Attempt.WORK or (tried.kind not in (Attempt.NOTHING, Attempt.CLEANUP) and not told)
    if width is Breadth.RESOURCE:
        dropped = result.fate is Fate.LOST and handler.shape in ("pass", "continue") and tried.kind is Attempt.WORK
        saved = tried.call is not None and bool(_SAVES.search(tried.call.callee.rpartition(".")[2]))
        return dropped and (saved if not tried.effects else bool(tried.effects & _LASTING))
    if result.fate is Fate.NAMED:
        return tried.kind is Attempt.WORK or (tried.kind >= Attempt.UNKNOWN and any(logged.level >= LEVELS["warning"] for logged in result.logs))
    if tried.kind is not Attempt.WORK or (tried.call is not None and _CHECKS.match(tried.call.callee.rpartition(".")[2])):
        return False
    return not tried.effects & _MINOR or bool(tried.effects & Effect.SLOW & ~_MINOR)


def _is_chosen(function: Function, body: Body, handler: Handler, tried: Attempted) -> bool:
    """The answer is one that the caller asked for: a predicate's false, a named fallback."""
    values = [found.value for _, found in within(body, body.returns, handler.block)]
    values += [found.value for _, found in within(body, body.assigns, handler.block)]
    if any(_CHOSEN.search(value) for value in values) or failures.takes_other_choice(body, handler, tried.call):
        return True
    return bool(values) and all(map(_NO.fullmatch, values)) and bool(_PREDICATE.search(failures.plain_name(function)))
