from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Profile, ProjectRule, Role
from backend_lint.facts.python import Call
from backend_lint.project import Project
from backend_lint.project.authentication.cookies import open_cookies
from backend_lint.project.authentication.library_calls import place_of


class CookieFlags(ProjectRule):
    """A cookie that lets somebody in is sent in the clear, or can be read by scripts.

    ## What it does

    Reports `set_cookie` for sessions and tokens without `httponly=True` or without `secure=True`, and settings that switch these off for the session cookie.

    ## Why is this bad

    Without `HttpOnly` one injected script takes the session away; without `Secure` the first request over plain HTTP shows it to everybody on the way.

    ## Example

    ```python
    from flask import make_response


    def login(token: str):
        response = make_response("welcome")
        response.set_cookie("access_token", token)
        return response
    ```

    ## Use instead

    ```python
    from flask import make_response


    def login(token: str):
        response = make_response("welcome")
        response.set_cookie("access_token", token, httponly=True, secure=True, samesite="Lax")
        return response
    ```

    ## When this is wrong

    Where a script has to read the cookie. Behind a proxy that ends TLS, `secure=True` is right as well: the browser speaks TLS.

    ## References

    - [MDN: Set-Cookie](https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Set-Cookie)
    - [CWE-614](https://cwe.mitre.org/data/definitions/614.html)
    """

    severity, precision, since = "warning", "high", "0.1"
    profile = Profile.DEFAULT
    tags = ("security", "owasp-api:2", "owasp-api:8", "cwe:614", "cwe:1004")
    roles = frozenset({Role.APPLICATION, Role.SETTINGS})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in open_cookies(project):
            name = found.name.replace("`", "")[:60]
            if isinstance(found.at, Call):
                message = f"cookie `{name}` is set without {found.what}: {_given_away(found.what)}"
            elif not self.shows(Profile.STRICT):
                continue  # settings of one file are often set again by another
            else:
                message = f"`{name}` takes {found.what} from the session cookie, which scripts or plain HTTP then give away: leave it on in production"
            yield self.finding(found.module.path, place_of(found.at), message, symbol=found.symbol)


def _given_away(missing: str) -> str:
    if "HttpOnly" not in missing:
        return "plain HTTP gives it away; set `secure=True`"
    if "Secure" not in missing:
        return "scripts on the page can read it; set `httponly=True`"
    return "scripts or plain HTTP give it away; set `httponly=True` and `secure=True`"
