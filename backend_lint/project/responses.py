"""What a returned value answers: an HTTP response, its status, and whether it says failure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import Body, Call, Raise
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.value_text import alternatives, call_ids, constant_string, parse, split

if TYPE_CHECKING:
    from backend_lint.project import Project, SourceModule

_FIXED = {
    "HttpResponseBadRequest": 400,
    "HttpResponseForbidden": 403,
    "HttpResponseNotFound": 404,
    "HttpResponseNotAllowed": 405,
    "HttpResponseGone": 410,
    "HttpResponseServerError": 500,
    "HttpResponseRedirect": 302,
    "HttpResponsePermanentRedirect": 301,
    "RedirectResponse": 307,
    "redirect": 302,
}
_RESPONSES = frozenset(
    (
    "JsonResponse HttpResponse Response JSONResponse ORJSONResponse UJSONResponse PlainTextResponse HTMLResponse jsonify make_response "
    "StreamingHttpResponse json_response TemplateResponse render render_template json text"
).split()
)
"""Calls that build a response, by their last name."""
_BODIES = frozenset({"jsonify"})
"""Of these, calls whose keywords are the body."""
_PAGES = frozenset("TemplateResponse render render_template".split())
FRAMEWORKS = frozenset(
    "django rest_framework flask quart fastapi starlette aiohttp sanic ninja litestar werkzeug pyramid flask_restful "
    "ninja_extra connexion".split()
)
"""Top-level names of web frameworks."""
_STATUS_KEYS = ("status", "status_code", "code", "http_status")
_STATUS = lazy_regex(r"(?:HTTP_)?([1-5]\d\d)(?:_|$|\b)")
_NAMED_STATUS = {
    "OK": 200,
    "CREATED": 201,
    "ACCEPTED": 202,
    "NO_CONTENT": 204,
    "BAD_REQUEST": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "CONFLICT": 409,
    "UNPROCESSABLE_ENTITY": 422,
    "TOO_MANY_REQUESTS": 429,
    "INTERNAL_SERVER_ERROR": 500,
    "BAD_GATEWAY": 502,
    "SERVICE_UNAVAILABLE": 503,
    "GATEWAY_TIMEOUT": 504,
}
_ERROR_NAME = lazy_regex(
    r"err(?:or|ors)?(?:$|_|\b)|fail|bad_?request|not_?found|forbidden|unauthori[sz]ed|denied|invalid|exception|abort|unavailable|problem|response_\d{3}|_40[0-9]|_50[0-9]",
    re.IGNORECASE,
)
_ERROR_KEYS = frozenset({"error", "errors", "err", "error_message", "error_msg", "errormessage", "exception", "failure", "error_code"})
_SUCCESS_KEYS = frozenset({"success", "ok", "succeeded", "is_success"})
_STATE_KEYS = frozenset({"status", "result", "state", "outcome"})
_FAILED = frozenset({"error", "fail", "failed", "failure", "ko", "err", "exception"})


def is_error_name(name: str) -> bool:
    """Whether a name says failure: ``error_response``, ``response_404``, ``bad_request``."""
    return bool(_ERROR_NAME.search(name))


class Answer(msgspec.Struct, frozen=True):
    """What a value answers. `status`: 0 if none is given; `known`: nothing about the status is computed; `says_failure`: its body does.

    `is_page`: it is a rendered page; `call`: number of the call that builds the response, -1 if there is none; `named_error`: a name in it says error.
    """

    status: int = 0
    known: bool = True
    says_failure: bool = False
    is_response: bool = False
    is_page: bool = False
    named_error: bool = False
    call: int = -1

    @property
    def is_error(self) -> bool:
        """The receiver can tell that it failed."""
        return self.status >= 400 or self.says_failure or self.named_error


def status_of(text: str) -> int | None:
    """The HTTP status that a value stands for: ``404``, ``status.HTTP_404_NOT_FOUND``, ``HTTPStatus.NOT_FOUND``; None if it is unknown."""
    if text.isdigit():
        return int(text) if len(text) == 3 else None
    last = text.removesuffix(".value").rpartition(".")[2]
    if found := _STATUS.match(last):
        return int(found.group(1))
    constant = constant_string(text)
    if constant is not None and (found := _STATUS.match(constant)):
        return int(found.group(1))
    return _NAMED_STATUS.get(last)


def says_failure(value: str) -> bool:
    """Whether a dict display says failure: an ``error`` key, ``success`` false, ``status`` ``"error"``."""
    if not (value.startswith("{") and value.endswith("}")):
        return False
    for item in split(value[1:-1]):
        key_text, _, content = _pair(item)
        key = (constant_string(key_text) or "").lower()
        if key == "jsonrpc":
            return False
        if key in _ERROR_KEYS and content not in ("None", "''", '""', "False", "[]", "0", "{}"):
            return True
        if key in _SUCCESS_KEYS and content == "False":
            return True
        if key in _STATE_KEYS and ((constant_string(content) or "").lower() in _FAILED or (status_of(content) or 0) >= 400):
            return True
    return False


def _pair(item: str) -> tuple[str, str, str]:
    parts = split(item, ":")
    return (parts[0], ":", item[len(parts[0]) + 1 :]) if len(parts) > 1 else (item, "", "")


def answer_of(project: Project, module: SourceModule, function: int, body: Body, value: str) -> Answer:
    """What a returned value answers."""
    options = alternatives(value)
    if len(options) > 1:
        return Answer(known=False)
    if value.startswith("["):
        items = split(value[1:-1])
        if len(items) >= 2:
            first = answer_of(project, module, function, body, items[0])
            status = status_of(items[1])
            if status is not None:
                return msgspec.structs.replace(first, status=status, is_response=True)
            failure = first.says_failure or items[0] in ("False", "None")
            return Answer(known=False, says_failure=failure, named_error=any(_ERROR_NAME.search(item) for item in items))
        return Answer()
    if value.startswith("{"):
        return Answer(says_failure=says_failure(value))
    parsed = parse(value)
    if parsed is None:
        return Answer()
    if parsed.root.startswith("#") and not parsed.steps:
        number = int(parsed.root[1:])
        return _answer_of_call(project, module, function, body, number) if number < len(body.calls) else Answer(known=False)
    return Answer(known=False, named_error=bool(_ERROR_NAME.search(value)))


def _answer_of_call(project: Project, module: SourceModule, function: int, body: Body, number: int) -> Answer:
    call = body.calls[number]
    last = call.callee.rpartition(".")[2]
    if last in _FIXED:
        return Answer(_FIXED[last], is_response=True, call=number)
    status, known = _status_argument(call, last) if last not in _BODIES else (0, True)
    failure = any(says_failure(value) for value in call.args)
    if last not in _RESPONSES or not builds_response(project, module.path, function, call):
        return Answer(status, known and not status, failure, named_error=bool(_ERROR_NAME.search(last)), call=number)
    failure = failure or says_failure("{" + ",".join(f"'{key}':{value}" for key, value in call.keywords if key not in _STATUS_KEYS or last in _BODIES) + "}")
    failure = failure or any(says_failure(value) for key, value in call.keywords if key in ("content", "data", "body"))
    if call.args and call.args[0].startswith("#") and status:
        made = call.args[0][1:]
        failure = failure or (made.isdigit() and bool(_ERROR_NAME.search(body.calls[int(made)].callee.rpartition(".")[2])))
    if last == "make_response" and call.args:
        for inner in call_ids(call.args[0]):
            failure = failure or (inner < number and _answer_of_call(project, module, function, body, inner).says_failure)
    return Answer(status, known, failure, True, last in _PAGES, call=number)


def _status_argument(call: Call, last: str) -> tuple[int, bool]:
    status = 0
    known = True
    for key, value in call.keywords:
        if key in _STATUS_KEYS:
            found = status_of(value)
            status, known = (found, True) if found is not None else (0, False)
        elif key == "**":
            known = False
    if last in _RESPONSES and not status:
        for value in call.args[1:]:
            if (found := status_of(value)) is not None:
                status = found
            elif value[:1] not in "'\"{[":
                known = False
    return status, known


def builds_response(project: Project, path: str, function: int, call: Call) -> bool:
    """Whether a call makes an HTTP response of a web framework."""
    target = project.value(path, function, call.callee)
    if target is None:
        return False
    return any(name.partition(".")[0] in FRAMEWORKS for name in project.resolver.classes.external_names(target)) if not target.name.startswith(
        "function"
    ) else False


_HTTP_ERRORS = frozenset({"HTTPException", "APIException", "HttpError", "ApiError", "Abort", "HTTPError", "Http404", "PermissionDenied"})


def is_http_error(project: Project, path: str, function: int, call: Call) -> bool:
    """Whether a call makes an exception of a web framework that becomes the answer, with the text it is given."""
    target = project.value(path, function, call.callee)
    if target is None:
        return False
    names = project.resolver.classes.external_names(target)
    ours = [name for name in names if name.partition(".")[0] in FRAMEWORKS]
    return any(name.rpartition(".")[2] in _HTTP_ERRORS or ".exceptions." in name or ".HTTP" in name for name in ours)


def is_own_error(project: Project, path: str, function: int, body: Body, raised: Raise) -> bool:
    """Whether what is raised is an exception of the project itself: it was written to be shown."""
    for number in call_ids(raised.value)[:1]:
        target = project.value(path, function, body.calls[number].callee)
        return target is not None and not target.is_external
    return False


def refuses_request(project: Project, path: str, function: int, call: Call) -> bool:
    """Whether a call ends the request with an error: ``flask.abort``."""
    target = project.value(path, function, call.callee) if call.callee.rpartition(".")[2] == "abort" else None
    return target is not None and target.is_external and target.name.partition(".")[0] in FRAMEWORKS
