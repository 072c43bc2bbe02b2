from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Finding, Mends, Profile, ProjectRule, Role
from backend_lint.facts.python import Body, Call, Use
from backend_lint.project import Project
from backend_lint.project.authentication.exposure import UNVERIFIED, is_asked_for, unverified_tls
from backend_lint.project.authentication.library_calls import LibraryCall
from backend_lint.project.blocks import around

if TYPE_CHECKING:
    import libcst

_TLS = "certificate of the other side is not verified, anybody on the way can read and answer: "
_SSH = "whatever key the SSH server shows is accepted, anybody on the way can read and answer: load its known key and use `RejectPolicy`"

_PLAIN = ("url", "verify", "timeout", "allow_redirects", "stream")
"""What a request may be given that sends nothing along."""


class TlsVerificationDisabled(ProjectRule, Mends):
    """A call over TLS accepts any certificate.

    ## What it does

    Reports `verify=False` of requests and httpx, `ssl=False` of aiohttp, `cert_reqs="CERT_NONE"` of urllib3 and `ssl`, `ssl._create_unverified_context()`,
    and paramiko's `AutoAddPolicy` and `WarningPolicy`, which accept any server of SSH.

    The fix removes `verify=False`. It is unsafe: a server whose certificate nobody trusts is then refused, which is the point.

    ## Why is this bad

    Whoever stands between the two machines reads and changes what they say, passwords and tokens included, and nobody notices.

    ## Example

    ```python
    import requests


    def rates() -> dict:
        response = requests.get("https://rates.example/latest", verify=False, timeout=5)
        response.raise_for_status()
        return response.json()
    ```

    ## Use instead

    ```python
    import requests


    def rates() -> dict:
        response = requests.get("https://rates.example/latest", verify="/etc/ssl/own-ca.pem", timeout=5)
        response.raise_for_status()
        return response.json()
    ```

    ## When this is wrong

    Where the call never leaves the machine. Calls of `localhost`, branches for debugging and files for development are left alone; where a setting
    of that name is asked first, the profile `strict` reports it.

    ## References

    - [OWASP API10:2023 Unsafe Consumption of APIs](https://owasp.org/API-Security/editions/2023/en/0xaa-unsafe-consumption-of-apis/)
    - [CWE-295](https://cwe.mitre.org/data/definitions/295.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = Profile.DEFAULT
    fix = "unsafe"
    mends = ("Call",)
    tags = ("security", "owasp-api:8", "owasp-api:10", "cwe:295")
    roles = frozenset({Role.APPLICATION, Role.SETTINGS})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in unverified_tls(project):
            is_shell = found.name.endswith("host_key_policy")
            asked_for = is_asked_for(found.module.bodies[found.function], found.call)
            second = _is_second_try(found.module.bodies[found.function], found.call)
            if (is_shell or asked_for or second or _only_asks_whether(found.call)) and not self.shows(Profile.STRICT):
                continue
            message = _SSH if is_shell else f"{_TLS}{_cure(found)}"
            yield self.finding(found.module.path, found.call, message, symbol=found.symbol)

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        import libcst

        if not isinstance(node, libcst.Call):
            return None
        kept = [arg for arg in node.args if not (arg.keyword is not None and arg.keyword.value == "verify" and _is_false(arg.value))]
        if len(kept) == len(node.args):
            return None
        if kept and node.args[-1] not in kept:
            kept[-1] = kept[-1].with_changes(comma=node.args[-1].comma)
        return node.with_changes(args=kept)


def _cure(found: LibraryCall) -> str:
    """What switched it off, and what takes its place where the certificate is of an authority of one's own."""
    given = dict(found.call.keywords)
    if found.name in UNVERIFIED:
        return "use `ssl.create_default_context`, with `cafile` for an authority of your own"
    for name in ("ssl", "verify_ssl"):
        if given.get(name) == "False":
            return f"drop `{name}=False`; for an authority of your own, give `ssl` a context that knows it"
    if "cert_reqs" in given:
        return "require certificates with `CERT_REQUIRED`, and give `ca_certs` for an authority of your own"
    return "drop `verify=False`; for an authority of your own, give `verify` its certificate"


def _only_asks_whether(call: Call) -> bool:
    """Nothing is sent along, and the answer is dropped, or has no content: is there anybody?"""
    if call.callee.endswith(".head") and all(name in _PLAIN for name, _ in call.keywords):
        return True
    return call.use is Use.DROPPED and all(name in ("url", "verify", "timeout") for name, _ in call.keywords)


def _is_second_try(body: Body, call: Call) -> bool:
    """What failed for its certificate is asked once more without one, and nothing is sent along: whoever wrote it wants whatever answers."""
    above = {index for index, _ in around(body, call.block)}
    caught = any(one.block in above and any(name.endswith(("SSLError", "CertificateError")) for name in one.types) for one in body.handlers)
    return caught and call.callee.endswith((".get", ".head")) and all(name in _PLAIN for name, _ in call.keywords)


def _is_false(node: libcst.BaseExpression) -> bool:
    import libcst

    return isinstance(node, libcst.Name) and node.value == "False"
