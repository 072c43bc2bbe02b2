from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Severity
from backend_lint.facts.python import Body, Call
from backend_lint.project import Project
from backend_lint.project.retries import Retry
from backend_lint.project.value_text import constant_number, split

_METHODS = ("allowed_methods", "method_whitelist")
_UNSAFE = ("'POST'", "'PATCH'")
_ACTS = re.compile(
    r"(?:^|_)(?:charge|pay|payment|refund|payout|transfer|purchase|checkout|withdraw|subscribe"
    r"|send_(?:mail|email|sms|message)|create_(?:order|payment|charge|invoice))(?:_|$)"
)
_POSTS = re.compile(r"\.(?:post|patch|create|send)$")
_CHAT = re.compile(r"webhook|chat|slack|discord|mattermost|msteams|teams|telegram|notif(?:y|ication|ier)|alert", re.IGNORECASE)
_SAFE_ERRORS = re.compile(r"ConnectTimeout|ConnectError|ConnectionRefused|NewConnection|RateLimit|TooManyRequests|Throttl|429")


class RetryNonIdempotent(ProjectRule):
    """A call that must happen once is repeated when its answer is lost.

    ## What it does

    Finds `urllib3` retries that include POST or PATCH (`allowed_methods=None` includes all methods), and retry decorators or loops around a POST or an SDK
    call of a function that charges, pays, refunds, orders or sends a message, without an idempotency key.

    ## Why is this bad

    A timeout does not say whether the other side did the work. Repeating the call charges the card twice, creates the order twice, sends the mail twice.

    ## Example

    ```python
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    session = requests.Session()
    session.mount("https://", HTTPAdapter(max_retries=Retry(total=3, backoff_factor=0.5, allowed_methods=["GET", "POST"])))
    ```

    ## Use instead

    ```python
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    session = requests.Session()
    session.mount("https://", HTTPAdapter(max_retries=Retry(total=3, backoff_factor=0.5, allowed_methods=["GET"])))
    ```

    ## When this is wrong

    The POST only reads, as search and GraphQL queries do, or the other side recognises a repeated request by something in it. Messages
    to chats and webhooks are left alone: an alert that comes twice is better than one that is lost.

    ## References

    - [RFC 9110: idempotent methods](https://www.rfc-editor.org/rfc/rfc9110#name-idempotent-methods)
    - [Idempotent requests at Stripe](https://docs.stripe.com/api/idempotent_requests)
    """

    severity, precision, since = Severity.WARNING, "high", "0.1"
    profile = "strict"
    tags = ("correctness", "availability")

    def check(self, project: Project) -> Iterator[Finding]:
        for retry in project.retries.all():
            module = project.modules[retry.path]
            if retry.call is None or module.role not in self.roles or (retry.attempts is not None and retry.attempts <= 1):
                continue
            symbol = module.functions[retry.function].name
            if retry.kind == "urllib3":
                if methods := _unsafe_methods(retry.call):
                    yield self.finding(
                        retry.path,
                        retry.call,
                        f"failed requests are repeated for {methods} although the first may have worked; allow idempotent methods only",
                        symbol=symbol,
                    )
            elif retry.kind != "celery" and (acted := _act(project, retry)) is not None:
                yield self.finding(
                    retry.path,
                    retry.call,
                    f"{project.calls.label((retry.path, retry.function))} is repeated when its answer is lost and may act twice; send an idempotency key",
                    symbol=symbol,
                    evidence=(Evidence(retry.path, acted.line, "this is repeated"),) if acted is not retry.call else (),
                )


def _unsafe_methods(call: Call) -> str:
    keywords = dict(call.keywords)
    given = next((keywords[name] for name in _METHODS if name in keywords), "")
    if keywords.get("read", "") in ("0", "False") or constant_number(keywords.get("total", "")) == 0:
        return ""
    if given in ("None", "False"):
        return "every method, POST too,"
    found = [method.strip("'") for method in _UNSAFE if method in split(given.removeprefix("frozenset(").removeprefix("set(").rstrip(")").strip("[]{}"))]
    return " and ".join(found)


def _act(project: Project, retry: Retry) -> Call | None:
    """The call in a repeated function that must happen once."""
    module = project.modules[retry.path]
    head, body = module.functions[retry.function], module.bodies[retry.function]
    name = head.name.rpartition(".")[2].lower()
    if not _ACTS.search(name) or name.startswith(("get_", "fetch_", "list_", "check_", "is_", "has_", "should_")) or _says_idempotent(body, retry):
        return None
    acted = next((call for call in body.calls if _POSTS.search(call.callee)), None)
    if acted is not None and name.strip("_") == "send_message" and _CHAT.search(" ".join((retry.path, head.name, *acted.args))):
        return None  # an alert in a chat: twice is better than never
    return acted


def _says_idempotent(body: Body, retry: Retry) -> bool:
    configured = " ".join((*retry.call.args, *(value for _, value in retry.call.keywords))) if retry.call is not None else ""
    texts = [text for call in body.calls for text in (*call.args, *(f"{name}={value}" for name, value in call.keywords))]
    texts += [text for assign in body.assigns for text in (assign.target, assign.value)]
    return bool(_SAFE_ERRORS.search(configured)) or any("idempoten" in text.lower() or "dedup" in text.lower() for text in texts)
