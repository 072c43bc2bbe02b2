from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role
from backend_lint.facts.python import Body, Function, Handler, Return
from backend_lint.project import Project, SourceModule
from backend_lint.project.blocks import enclosing_handler
from backend_lint.project.failures import Breadth, breadth, clause_text, symbol_of
from backend_lint.project.responses import answer_of, says_failure

_ALWAYS_200 = re.compile(r"webhook|hook|callback|slack|graphql|rpc|health|probe|heartbeat|ipn|oembed|lti|scim", re.IGNORECASE)

_PROMISES = re.compile(r"Exception|Error|Any\b|object|Result")
_ABOUT_ERRORS = re.compile(r"error|exc|catch|raises|validate|check", re.IGNORECASE)
_ASKS = re.compile(r"isinstance\((?!%e)[^()]+,(?:Base)?Exception\)")


class ErrorReturnedAsSuccess(ProjectRule):
    """A failure is answered as if the call had succeeded.

    ## What it does

    Reports an `except` clause that returns a response whose body says failure (an `error` key, `success: false`, `status: "error"`) without a status of
    4xx or 5xx, and one that returns the exception itself as the function's result.

    ## Why is this bad

    Clients, proxies, monitors and retries go by the status: they count the failure as a success, cache it, and never try again.

    ## Example

    ```python
    from django.http import JsonResponse


    def pay(request, gateway):
        try:
            gateway.charge(request.POST["token"])
        except gateway.Declined:
            return JsonResponse({"error": "declined"})
        return JsonResponse({"paid": True})
    ```

    ## Use instead

    ```python
    from django.http import JsonResponse


    def pay(request, gateway):
        try:
            gateway.charge(request.POST["token"])
        except gateway.Declined:
            return JsonResponse({"error": "declined"}, status=402)
        return JsonResponse({"paid": True})
    ```

    ## When this is wrong

    Where a protocol wants status 200 for failures: GraphQL, JSON-RPC, some webhooks. Functions and modules with such names are left alone, and so is a
    status of 2xx that a clause for expected errors gives itself.

    ## References

    - [RFC 9110: status codes](https://www.rfc-editor.org/rfc/rfc9110#name-status-codes)
    """

    severity, precision, since = "warning", "high", "0.1"
    profile = Profile.STRICT
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for module, index, function, body in project.functions("except"):
            if module.role not in self.roles or not body.handlers or _ALWAYS_200.search(f"{module.path} {function.name}"):
                continue
            for found in body.returns:
                handler = enclosing_handler(body, found.block)
                if handler is None or handler.comment or not found.value:
                    continue
                if message := self._judge(project, module, index, function, body, handler, found):
                    evidence = [Evidence(module.path, handler.line, f"{clause_text(handler)} ends here")]
                    yield self.finding(module.path, found, message, symbol=symbol_of(function), evidence=evidence)

    def _judge(self, project: Project, module: SourceModule, index: int, function: Function, body: Body, handler: Handler, found: Return) -> str:
        """The message, empty if there is nothing to say."""
        if handler.name and found.value == f"%{handler.name}":
            if _hands_out_errors(function, body, handler) or breadth(project, module.path, index, handler) < Breadth.BROAD or _is_asked_for(project):
                return ""
            return "the exception is returned as if it were the result: raise it, or return a result that says failure"
        answer = answer_of(project, module, index, body, found.value)
        routed = bool(project.routes.by_handler((module.path, index)))
        chosen = bool(answer.status) and breadth(project, module.path, index, handler) < Breadth.BROAD
        if answer.is_response and not answer.is_page and answer.known and answer.says_failure and answer.status < 300 and not chosen:
            status = answer.status or 200
            return f"a failure is answered with status {status}: give the response a 4xx or 5xx status"
        if routed and not answer.is_response and says_failure(found.value):
            return "a failure is answered with status 200: raise an HTTP error, or return a response with a 4xx or 5xx status"
        return ""


def _is_asked_for(project: Project) -> bool:
    """Somewhere a result is asked whether it is an exception."""
    return any(_ASKS.search(block.subject) for _, _, _, body in project.functions() for block in body.blocks)


def _hands_out_errors(function: Function, body: Body, handler: Handler) -> bool:
    """The function promises exceptions: its annotation says so, or other returns are errors or nothing as well."""
    if _PROMISES.search(function.returns) or _ABOUT_ERRORS.search(function.name.rpartition(".")[2]):
        return True
    others = [other.value for other in body.returns if enclosing_handler(body, other.block) is not handler]
    return all(value in ("", "None") for value in others)
