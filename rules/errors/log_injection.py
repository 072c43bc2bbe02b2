from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, Profile, ProjectRule, Role
from backend_lint.facts.python import Body, Call
from backend_lint.project import Project, SourceModule
from backend_lint.project.failures import symbol_of
from backend_lint.project.loggers import LEVELS, log_call
from backend_lint.project.sensitive_values import shown_values

_READ = re.compile(
    r"^(?:%?(?:self\.)?request|flask\.request)\.(?:GET|POST|args|form|values|query_params|headers|META|COOKIES|cookies|query|match_info|path_info|data)"
    r"(?:\[[^\]]*\]|\.get|\.getlist)$"
)
_ESCAPED = re.compile(r"repr\([^()]*(?:\([^()]*\)[^()]*)*\)")
_STRUCTURED = frozenset(
    "pythonjsonlogger json_log_formatter logstash_async logstash_formatter ecs_logging google.cloud.logging structlog watchtower".split()
)


class LogInjection(ProjectRule):
    """Text of a request is written to the log as it is.

    ## What it does

    Reports calls of loggers that show a query parameter, a form field, a header or a cookie, in projects whose log has no structured format.

    ## Why is this bad

    A line break in the text starts a new record: whoever sends the request can forge entries, hide others, and mislead whoever reads them.

    ## Example

    ```python
    import logging

    logger = logging.getLogger(__name__)


    def search(request):
        logger.info("search for %s", request.GET["q"])
    ```

    ## Use instead

    ```python
    import logging

    logger = logging.getLogger(__name__)


    def search(request):
        logger.info("search for %r", request.GET["q"])
    ```

    ## When this is wrong

    Where a formatter escapes line breaks. Projects that use structlog or a JSON formatter are left alone.

    ## References

    - [CWE-117](https://cwe.mitre.org/data/definitions/117.html)
    """

    severity, precision, since = "info", "medium", "0.1"
    profile = Profile.ALL
    tags = ("cwe:117",)
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        if _is_structured(project):
            return
        for module in project.modules.values():
            if module.role not in self.roles:
                continue
            for index, body in enumerate(module.bodies):
                for call in body.calls:
                    logged = log_call(project, module.path, index, call) if (shown := _from_request(body, call)) else None
                    if logged is not None and logged.library != "print":
                        message = f"`{shown}` is written to the log as it came: show it with `%r`, or escape its line breaks"
                        yield self.finding(module.path, call, message, symbol=symbol_of(module.functions[index]))


def _is_structured(project: Project) -> bool:
    for module in project.modules.values():
        for found in module.facts.imports:
            if found.module in _STRUCTURED or found.module.partition(".")[0] in _STRUCTURED:
                return True
    return any(_mentions_json_format(module) for module in project.modules.values() if module.role is Role.SETTINGS)


def _mentions_json_format(module: SourceModule) -> bool:
    return any("JsonFormatter" in assign.value or "jsonlogger" in assign.value for assign in module.bodies[0].assigns)


def _from_request(body: Body, call: Call) -> str:
    """The value of a request that a call shows, for messages; empty if there is none."""
    if call.callee.rpartition(".")[2] not in LEVELS or not call.args or "%r" in call.args[0]:
        return ""
    for value in call.args:
        for shown in shown_values(_ESCAPED.sub("?", value)):
            if _READ.match(shown):
                return shown.replace("%", "")
            number = int(shown[1:]) if shown.startswith("#") and shown[1:].isdigit() else -1
            if 0 <= number < len(body.calls) and _READ.match(body.calls[number].callee):
                return f"{body.calls[number].callee.replace('%', '')}({', '.join(body.calls[number].args[:1])})"
    return ""
