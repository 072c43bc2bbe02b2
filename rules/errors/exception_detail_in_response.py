from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Role
from backend_lint.facts.python import Body, Call, Function, Raise, Return
from backend_lint.project import Project, SourceModule
from backend_lint.project.attempts import Attempt, attempted
from backend_lint.project.blocks import around, enclosing_handler
from backend_lint.project.exception_texts import is_looked_at, shows_exception
from backend_lint.project.failures import clause_text, is_about_peer, leaks_inside, symbol_of
from backend_lint.project.responses import answer_of, is_http_error, is_own_error, refuses_request
from backend_lint.project.value_text import call_ids

_TRIAL = re.compile(r"(?:^|[._])test_|_test$|_test_(?:connection|credentials|settings)|Test(?:ing|Connection)|[a-z]Test[A-Z.]")
_ABOUT_INPUT = frozenset({"ValidationError", "ParseError", "RequestValidationError", "SuspiciousOperation"})
"""Errors that say what is wrong with what the client sent: their text is for the client unless it comes from a resource."""


class ExceptionDetailInResponse(ProjectRule):
    """The text of an unforeseen exception is sent to the client.

    ## What it does

    Reports `str(error)`, the exception itself or its traceback in a response or an HTTP error, where the clause catches everything or errors of databases,
    HTTP, brokers, mail or the operating system, and the `try` body does more than convert values.

    ## Why is this bad

    Such texts name tables, constraints, queries, hosts, paths and versions: they show an attacker the inside, and tell a user nothing.

    ## Example

    ```python
    from fastapi import FastAPI, HTTPException

    app = FastAPI()


    @app.get("/orders")
    def orders(store):
        try:
            return store.fetch_orders()
        except Exception as error:
            raise HTTPException(500, detail=str(error)) from error
    ```

    ## Use instead

    ```python
    import logging

    from fastapi import FastAPI, HTTPException

    app = FastAPI()
    logger = logging.getLogger(__name__)


    @app.get("/orders")
    def orders(store):
        try:
            return store.fetch_orders()
        except Exception as error:
            logger.exception("orders could not be loaded")
            raise HTTPException(500, detail="orders could not be loaded") from error
    ```

    ## When this is wrong

    Where only trusted operators see the answer. Functions called `test_...` or `..._test`, which try out a connection for whoever sets it up, exceptions of
    the project's own, `PermissionError`, `ValueError` and validation errors are left alone: their text is often meant for the user. So is a `ValidationError`
    or `ParseError` around code that no database, file or other machine is seen in.

    ## References

    - [CWE-209](https://cwe.mitre.org/data/definitions/209.html)
    """

    severity, precision, since = "warning", "high", "0.1"
    profile = "strict"
    tags = ("cwe:209", "owasp-api:8")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for module, index, function, body in project.functions("except"):
            if module.role in self.roles and body.handlers and not _TRIAL.search(function.name):
                yield from self._function(project, module, index, function, body)

    def _function(self, project: Project, module: SourceModule, index: int, function: Function, body: Body) -> Iterator[Finding]:
        wide: dict[tuple[int, bool], bool] = {}
        for at, values in self._sinks(project, module, index, body):
            handler = enclosing_handler(body, at.block)
            if handler is None or is_looked_at(body, handler, at.block):
                continue
            if not shows_exception(body, values, handler.name):
                continue
            if isinstance(at, Raise) and is_own_error(project, module.path, index, body, at) and is_about_peer(project, module.path, index, handler):
                continue
            about_input = isinstance(at, Raise) and any(_last(body, number) in _ABOUT_INPUT for number in call_ids(at.value)[:1])
            if (handler.block, about_input) not in wide:
                tried = attempted(project, module, index, body, handler).kind
                enough = tried is Attempt.WORK if about_input else tried not in (Attempt.NOTHING, Attempt.CONVERSION)
                wide[handler.block, about_input] = enough and leaks_inside(project, module.path, index, handler)
            if wide[handler.block, about_input]:
                evidence = [Evidence(module.path, handler.line, f"{clause_text(handler)} catches errors whose text was not written for users")]
                message = "the text of an unforeseen exception is sent to the client: log it, and answer with a text of your own"
                yield self.finding(module.path, at, message, symbol=symbol_of(function), evidence=evidence)

    @staticmethod
    def _sinks(project: Project, module: SourceModule, index: int, body: Body) -> Iterator[tuple[Return | Raise | Call, tuple[str, ...]]]:
        """Places inside clauses that answer the client, with the values that they send."""
        blocks = {handler.block for handler in body.handlers}
        routed = False
        for found in body.returns:
            if not found.value or not any(number in blocks for number, _ in around(body, found.block)):
                continue
            answer = answer_of(project, module, index, body, found.value)
            if answer.is_response and answer.call >= 0:
                call = body.calls[answer.call]
                yield found, (*call.args, *(value for key, value in call.keywords if key not in ("headers",)))
            elif answer.is_response or (found.value[:1] in "{[f(s" and (routed := routed or bool(project.routes.by_handler((module.path, index))))):
                yield found, (found.value,)
        for raised in body.raises:
            for number in call_ids(raised.value)[:1]:
                call = body.calls[number]
                if is_http_error(project, module.path, index, call):
                    yield raised, (*call.args, *(value for key, value in call.keywords if key not in ("headers",)))
        for call in body.calls:
            if call.block and refuses_request(project, module.path, index, call):
                yield call, (*call.args, *(value for _, value in call.keywords))


def _last(body: Body, number: int) -> str:
    return body.calls[number].callee.rpartition(".")[2] if number < len(body.calls) else ""
