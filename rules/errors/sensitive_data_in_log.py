from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, ProjectRule, Role
from backend_lint.facts.python import BlockKind, Body, Call
from backend_lint.facts.route import EntryKind
from backend_lint.project import Project, SourceModule
from backend_lint.project.blocks import around
from backend_lint.project.failures import symbol_of
from backend_lint.project.loggers import LEVELS, log_call
from backend_lint.project.sensitive_values import is_about_login, is_object, is_secret_name, secret_name, shown_values, whole_request
from backend_lint.project.value_text import call_ids

_DEVELOPMENT = re.compile(r"debug|develop|is_dev\b|is_local|testing|local_mode", re.IGNORECASE)
_SWITCH = re.compile(
    r"(?:^|[\W_])(?:LOG|DUMP|PRINT|TRACE)_(?:\w+_)?(?:PAYLOAD|BODY|BODIES|HEADERS?|REQUESTS?|RESPONSES?|SECRETS?|SENSITIVE|PII|AUTH)", re.IGNORECASE
)
"""Settings that somebody switches on to see just this."""


class SensitiveDataInLog(ProjectRule):
    """A password, a token or a whole set of headers is written to the log.

    ## What it does

    Reports calls of loggers that are given a value whose name says it is a secret (`password`, `access_token`, `api_key`, `card_number` ...), the headers or
    cookies of a request as a whole, or, in code about logging in, a request's whole body. `print` counts where a request reaches it.

    ## Why is this bad

    Logs are copied to many places, kept for long and read by many. A secret in them is a secret no more, and has to be changed.

    ## Example

    ```python
    import logging

    logger = logging.getLogger(__name__)


    def login(name, password):
        logger.info("login of %s with %s", name, password)
    ```

    ## Use instead

    ```python
    import logging

    logger = logging.getLogger(__name__)


    def login(name, password):
        logger.info("login of %s", name)
    ```

    ## When this is wrong

    Where the name misleads, or a filter of the logging configuration redacts the value. Lengths, comparisons, slices and the results of masking functions are
    left alone, and so is what runs only while debugging, or where a setting such as `LOG_HEADERS` asks for it.

    ## References

    - [CWE-532](https://cwe.mitre.org/data/definitions/532.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = "strict"
    tags = ("cwe:532",)
    roles = frozenset({Role.APPLICATION, Role.SETTINGS})

    def check(self, project: Project) -> Iterator[Finding]:
        for module in project.modules.values():
            if module.role not in self.roles:
                continue
            for index, body in enumerate(module.bodies):
                for call in body.calls:
                    if _may_log(call) and (shown := _secret(module, index, body, call)) and self._is_logged(project, module, index, body, call):
                        message = f"`{shown}` is written to the log: leave it out, or log something that identifies it without being it"
                        yield self.finding(module.path, call, message, symbol=symbol_of(module.functions[index]))

    @staticmethod
    def _is_logged(project: Project, module: SourceModule, index: int, body: Body, call: Call) -> bool:
        logged = log_call(project, module.path, index, call)
        if logged is None or _only_while_developing(body, call):
            return False
        if logged.library != "print":
            return True
        reached = project.reached_from((module.path, index))
        return reached is not None and reached[0].kind in (EntryKind.ROUTE, EntryKind.WEBSOCKET)


def _may_log(call: Call) -> bool:
    last = call.callee.rpartition(".")[2]
    return bool(call.args or call.keywords) and (last in LEVELS or last in ("log", "alog", "print"))


def _secret(module: SourceModule, index: int, body: Body, call: Call) -> str:
    """The name of the secret that a call is given; empty if there is none."""
    about_login = is_about_login(f"{module.path} {module.functions[index].name}")
    for key, value in (*(("", value) for value in call.args), *call.keywords):
        for shown in shown_values(value):
            name = secret_name(body, shown, about_login) or whole_request(shown, about_login)
            if name and not (name == "token" and is_object(body, shown)):
                return name
            if is_secret_name(key) and not shown.startswith("#"):
                return key
    return ""


def _only_while_developing(body: Body, call: Call) -> bool:
    for _, block in around(body, call.block):
        if block.kind is BlockKind.IF:
            calls = [body.calls[number] for number in call_ids(block.subject) if number < len(body.calls)]
            if any(_DEVELOPMENT.search(text) for text in (block.subject, *(call.callee for call in calls))):
                return True
            if any(_SWITCH.search(text) for text in (block.subject, *(text for call in calls for text in call.args))):
                return True
    return False
