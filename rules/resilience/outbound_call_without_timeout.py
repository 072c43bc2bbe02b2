from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Finding, Mends, Place, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.call_edits import with_keyword
from backend_lint.project.event_loop import answers_request
from backend_lint.project.hanging import Hanging, hanging
from backend_lint.project.libraries.outbound import Peer
from backend_lint.project.mail_settings import unbounded_mail
from backend_lint.project.timeouts import Limit, Outbound
from backend_lint.project.uncaught_timeout import catch_as_well

if TYPE_CHECKING:
    import libcst


class OutboundCallWithoutTimeout(ProjectRule, Mends):
    """A call to another machine may wait for ever.

    ## What it does

    Finds calls of other machines that nothing bounds: `requests` and its sessions, wherever they were made and through whatever attribute, wrapper or
    parameter they are reached; `urllib`, `urllib3`, `http.client`, gRPC stubs, SMTP, IMAP, FTP, SSH and LDAP clients, API clients whose documented default
    is no timeout, Django's e-mail settings without `EMAIL_TIMEOUT`; `timeout=None` written out; and, where a request waits for them, `aiohttp` and object
    storage clients that keep a default of several minutes. Timeouts of sessions, adapters, subclasses, wrappers and blocks such as `asyncio.timeout` count.
    The message says which request or task hangs. Where only commands that run at their times get there, or a time limit ends every task, it is an
    information; commands and scripts that somebody starts by hand and watches, and functions that nobody calls, are shown in the strict profile.
    Where the `except` around the call knows failures of the other side but not that it gives up waiting, the message says what it has to catch as well.

    The fix gives a call that takes `timeout=` ten seconds. It is unsafe: only you know how long this answer may take, and a call that needs longer fails.

    ## Why is this bad

    The other side will be slow one day. Without a deadline each call holds its worker until the peer answers, which may be never; a handful of them
    takes down every worker, and the service with them, although nothing of its own is broken.

    ## Example

    ```python
    import requests


    def rates() -> dict:
        response = requests.get("https://rates.example/latest")
        response.raise_for_status()
        return response.json()
    ```

    ## Use instead

    ```python
    import requests


    def rates() -> dict:
        response = requests.get("https://rates.example/latest", timeout=(3.05, 10))
        response.raise_for_status()
        return response.json()
    ```

    ## When this is wrong

    A stream that is opened with a timeout of None on purpose, to follow events or pass a body on for as long as it comes, is left alone: it needs a read
    timeout between messages. Something that cannot be seen bounds the call: a proxy that gives up, a patched library.

    ## Options

    - `peers`: whom calls are checked for: `http`, `mail`, `files` (FTP, SSH, object storage), `directory` (LDAP), `store` (Redis, MongoDB, drivers of
      databases) and `process` (`subprocess`). Default: all but `store` and `process`.
    - `longest-default`: how many seconds a library's own default may last. Default: 120.

    ## References

    - [requests: timeouts](https://requests.readthedocs.io/en/latest/user/advanced/#timeouts)
    - [Django: EMAIL_TIMEOUT](https://docs.djangoproject.com/en/stable/ref/settings/#email-timeout)
    """

    severity, precision, since = Severity.WARNING, "very-high", "0.1"
    fix = "unsafe"
    mends = ("Call",)
    tags = ("availability", "cwe:400", "owasp-api:4")
    options = {"peers": ("http", "mail", "files", "directory"), "longest-default": 120.0}

    def check(self, project: Project) -> Iterator[Finding]:
        peers = {Peer(peer) for peer in self.option("peers")}
        for found in project.timeouts.all():
            role = project.modules[found.path].role
            meant = found.limit is Limit.EXPLICIT and project.timeouts.is_stream(found)
            meant = meant or (found.limit is Limit.DEFAULT and not answers_request(project, (found.path, found.function)))
            if found.wait.peer not in peers or role not in self.roles or meant:
                continue
            if found.limit is Limit.UNKNOWN:
                project.note_unknown(self.name)
            elif found.limit is not Limit.GIVEN and (found.limit is not Limit.DEFAULT or (found.seconds or 0.0) > self.option("longest-default")):
                behind = hanging(project, (found.path, found.function))
                if behind.aside and not self.shows(Profile.STRICT):
                    continue
                yield self.finding(
                    found.path, found.call, _message(found, behind) + catch_as_well(project, found),
                    symbol=project.modules[found.path].functions[found.function].name if found.function else "",
                    evidence=(*found.evidence, *behind.evidence), suggestion=_suggestion(found),
                    severity=Severity.INFO if behind.soft or found.limit is Limit.DEFAULT else None,
                )
        if Peer.MAIL in peers:
            for path, assign, evidence in unbounded_mail(project):
                message = "SMTP host without `EMAIL_TIMEOUT`: sending mail may block for ever; set `EMAIL_TIMEOUT`"
                yield self.finding(path, Place.at(assign.line, assign.column), message, evidence=evidence, suggestion="EMAIL_TIMEOUT = 10")

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        import libcst

        if not isinstance(node, libcst.Call) or finding.suggestion != "timeout=10" or any(arg.star == "**" for arg in node.args):
            return None
        given = next((arg.value for arg in node.args if arg.keyword is not None and arg.keyword.value == "timeout"), libcst.Tuple([]))
        if not isinstance(given, libcst.Tuple) and not (isinstance(given, libcst.Name) and given.value == "None"):
            return None
        return with_keyword(node, "timeout", "10")


def _message(found: Outbound, behind: Hanging) -> str:
    name, cure = found.label, found.wait.cure or f"give it `{_keyword(found)}=`"
    if found.limit is Limit.DEFAULT:
        return f"`{name}` waits up to {found.seconds:g} s by default; give it a `{_keyword(found)}` that fits its caller"
    what = f"`{name}` has no timeout"
    if found.limit is Limit.EXPLICIT:
        what, cure = f"`{name}` is told to wait for ever, with a timeout of None", "give it a number of seconds"
    elif passed_on := _passed_on(found):
        cure = f'give it one where the caller gives none: `{passed_on}.setdefault("timeout", 10)`'
    who = "a thread of the pool hangs" if found.handed_over == "submit" else behind.who or "its caller hangs"
    return f"{what}: {who} while the other side does not answer; {cure}"


def _passed_on(found: Outbound) -> str:
    """The keywords that the call passes on: a `timeout=` beside them breaks every caller that gives one."""
    unpacked = next((value for name, value in found.call.keywords if name == "**"), "")
    return unpacked[1:] if unpacked.startswith("%") and _keyword(found) == "timeout" else ""


def _keyword(found: Outbound) -> str:
    return found.wait.keywords[0] if found.wait.keywords else ""


def _suggestion(found: Outbound) -> str:
    if passed_on := _passed_on(found):
        return f'{passed_on}.setdefault("timeout", 10)' if found.limit is Limit.MISSING else ""
    takes_keywords = found.handed_over in ("", "to_thread", "submit", "run_in_threadpool")
    return "timeout=10" if _keyword(found) == "timeout" and found.limit is not Limit.DEFAULT and takes_keywords else ""
