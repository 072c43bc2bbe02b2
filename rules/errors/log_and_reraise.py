from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role
from backend_lint.facts.python import Body, Handler
from backend_lint.project import Project, SourceModule
from backend_lint.project.blocks import protecting_handlers, within
from backend_lint.project.failures import Breadth, breadth, calls_in, caught, symbol_of
from backend_lint.project.loggers import LEVELS, LogCall, log_call


class LogAndReraise(ProjectRule):
    """An exception is logged and raised again, and the caller logs it once more.

    ## What it does

    Reports a clause that logs an exception as an error and raises it again, where a clause around it, or around a call of the function, logs it as an
    error too.

    ## Why is this bad

    One failure becomes two errors in the log, far apart: counts and alerts double, and whoever reads them looks for two causes.

    ## Example

    ```python
    import logging

    logger = logging.getLogger(__name__)


    def charge(order, gateway):
        try:
            gateway.charge(order)
        except Exception:
            logger.exception("not charged")
            raise


    def place(order, gateway):
        try:
            charge(order, gateway)
        except Exception:
            logger.exception("not placed")
    ```

    ## Use instead

    ```python
    import logging

    logger = logging.getLogger(__name__)


    def charge(order, gateway):
        gateway.charge(order)


    def place(order, gateway):
        try:
            charge(order, gateway)
        except Exception:
            logger.exception("not placed")
    ```

    ## When this is wrong

    Where the inner record holds what the outer clause cannot know: add it to the exception with `add_note`, or raise another one from it.

    ## References

    - [PEP 678: notes on exceptions](https://peps.python.org/pep-0678/)
    """

    severity, precision, since = "info", "high", "0.1"
    profile = Profile.ALL
    roles = frozenset({Role.APPLICATION, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        for module, index, function, body in project.functions("except"):
            if module.role not in self.roles:
                continue
            for handler in body.handlers:
                if not _raises_it_again(body, handler) or (logged := _error_log(project, module, index, body, handler)) is None:
                    continue
                types = caught(project, module.path, index, handler)
                around = next(_logged_again(project, module, index, body, handler, types), None)
                if around is not None:
                    message = "the exception is logged here and again by the clause that it is raised to: log it once, where it is handled"
                    yield self.finding(module.path, logged.call, message, symbol=symbol_of(function), evidence=[around])


def _raises_it_again(body: Body, handler: Handler) -> bool:
    own = (f"%{handler.name}",) if handler.name else ()
    return handler.raises and any(found.value in ("", *own) for _, found in within(body, body.raises, handler.block))


def _error_log(project: Project, module: SourceModule, index: int, body: Body, handler: Handler) -> LogCall | None:
    for _, call in calls_in(body, handler.block):
        logged = log_call(project, module.path, index, call)
        if logged is not None and logged.level >= LEVELS["error"]:
            return logged
    return None


def _logged_again(project: Project, module: SourceModule, index: int, body: Body, handler: Handler, types: list[str]) -> Iterator[Evidence]:
    """Where the exception that leaves the clause is logged once more: in this function, or in one that calls it."""
    outer = body.blocks[handler.block].parent
    places = [(module, index, body, around) for around in protecting_handlers(body, outer)]
    for (path, number), edge in project.calls.callers((module.path, index)):
        caller = project.modules[path]
        places += [(caller, number, caller.bodies[number], around) for around in protecting_handlers(caller.bodies[number], edge.call.block)]
    for where, number, its_body, around in places:
        if around.raises or (where.path == module.path and around.line == handler.line):
            continue
        if breadth(project, where.path, number, around) < Breadth.BROAD and not set(caught(project, where.path, number, around)) & set(types):
            continue
        if (logged := _error_log(project, where, number, its_body, around)) is not None:
            yield Evidence(where.path, logged.call.line, "logged again here")
