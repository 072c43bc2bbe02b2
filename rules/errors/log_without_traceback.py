from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Finding, Mends, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.failures import Breadth, Fate, breadth, outcome, symbol_of
from backend_lint.project.loggers import has_traceback

if TYPE_CHECKING:
    import libcst

_METHODS = ("error", "critical", "fatal")
_OWN_TRACEBACKS = ("structlog", "loguru", "print", "warnings")


class LogWithoutTraceback(ProjectRule, Mends):
    """An unforeseen exception is logged as an error without its traceback.

    ## What it does

    Reports `logger.error` and `logger.critical` in a clause that catches everything, or errors of databases, HTTP, brokers and mail, does not raise again,
    and logs the traceback nowhere.

    ## Why is this bad

    The text of an exception seldom says where it came from: `KeyError: 'id'` may be any of a thousand lines.

    ## Example

    ```python
    import logging

    logger = logging.getLogger(__name__)


    def announce(order, partner):
        try:
            partner.announce(order)
        except Exception as error:
            logger.error("not announced: %s", error)
    ```

    ## Use instead

    ```python
    import logging

    logger = logging.getLogger(__name__)


    def announce(order, partner):
        try:
            partner.announce(order)
        except Exception as error:
            logger.exception("not announced: %s", error)
    ```

    ## When this is wrong

    Where the exception is expected and its text says all. Loguru and structlog are left alone: their configuration may add the traceback.

    ## References

    - [Python: Logger.exception](https://docs.python.org/3/library/logging.html#logging.Logger.exception)
    """

    severity, precision, since = "info", "high", "0.1"
    profile = Profile.ALL
    fix = "safe"
    roles = frozenset({Role.APPLICATION, Role.COMMAND})
    mends = ("Call",)

    def check(self, project: Project) -> Iterator[Finding]:
        for module, index, function, body in project.functions("except"):
            if module.role not in self.roles:
                continue
            for handler in body.handlers:
                if handler.raises or breadth(project, module.path, index, handler) < Breadth.RESOURCE:
                    continue
                result = outcome(project, module, index, body, handler, thorough=True)
                if result.fate is Fate.REPORTED or any(has_traceback(body, logged) for logged in result.logs):
                    continue
                for logged in result.logs:
                    if logged.method in _METHODS and not logged.library.startswith(_OWN_TRACEBACKS):
                        better = "`exception`" if logged.method == "error" else "`exc_info=True`"
                        message = f"an unforeseen exception is logged without its traceback: use {better}"
                        yield self.finding(module.path, logged.call, message, symbol=symbol_of(function))

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        import libcst as cst

        if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
            return None
        if any(arg.keyword and arg.keyword.value == "exc_info" for arg in node.args):
            return None
        if node.func.attr.value == "error":
            return node.with_changes(func=node.func.with_changes(attr=cst.Name("exception")))
        added = cst.Arg(cst.Name("True"), cst.Name("exc_info"), cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")))
        return node.with_changes(args=[*node.args, added])
