from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from backend_lint.api import Finding, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.authentication.library_calls import place_of
from backend_lint.project.authentication.oauth import misused_flows
from backend_lint.project.authentication.pkce import without_pkce


class OauthFlowMisuse(ProjectRule):
    """An OAuth flow hands a password or a token to the wrong side.

    ## What it does

    Reports token requests with the password grant, authorization requests of the implicit flow, an address to return to that is taken from the request,
    pages that exchange the code of whoever comes without `state`, clients without a secret that exchange codes without PKCE, authorization servers that let
    such clients do so, and `OAUTHLIB_INSECURE_TRANSPORT` switched on outside of development.

    ## Why is this bad

    With the password grant the application sees the password, and no second factor can be asked for. The implicit flow puts the token into the address. Who
    chooses the address to return to receives the code. Without `state` a link with somebody else's code logs a visitor in to his account. Codes pass through
    browsers and logs: where neither a secret nor PKCE ties a code to who asked for it, whoever sees it gets the token.

    ## Example

    ```python
    import requests


    def token(name: str, password: str) -> str:
        data = {"grant_type": "password", "username": name, "password": password}
        response = requests.post("https://id.example/token", data=data, timeout=5)
        response.raise_for_status()
        return response.json()["access_token"]
    ```

    ## Use instead

    ```python
    import requests


    def token(code: str, verifier: str) -> str:
        data = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        response = requests.post("https://id.example/token", data=data, timeout=5)
        response.raise_for_status()
        return response.json()["access_token"]
    ```

    ## When this is wrong

    Where a machine of one's own logs in at a server of one's own that offers nothing else.

    ## References

    - [RFC 9700: OAuth 2.0 security best current practice](https://www.rfc-editor.org/rfc/rfc9700)
    - [RFC 7636: proof key for code exchange](https://www.rfc-editor.org/rfc/rfc7636)
    - [CWE-522](https://cwe.mitre.org/data/definitions/522.html)
    """

    severity, precision, since = "warning", "medium", "0.1"
    profile = "all"
    tags = ("security", "owasp-api:2", "cwe:522", "cwe:601")
    roles = frozenset({Role.APPLICATION, Role.SETTINGS})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in chain(misused_flows(project), without_pkce(project)):
            yield self.finding(found.module.path, place_of(found.at), _MESSAGES[found.kind], symbol=found.symbol)


_MESSAGES = {
    "password": "password grant: the application handles passwords, and no second factor can be asked for; use the authorization code with PKCE",
    "implicit": "implicit flow: the token stands in the address, which histories and logs keep; use the authorization code with PKCE",
    "redirect": "caller chooses where the code is sent: compare the address with the registered ones first",
    "state": "code is exchanged for whoever brings one, so a visitor can be logged in to somebody else's account: compare `state` with the visitor's session",
    "plain": "OAuth over plain HTTP is allowed, anybody on the way reads codes and tokens: switch it on for development only",
    "pkce": "client without a secret exchanges codes without PKCE, so who intercepts a code gets the token: send a `code_challenge` and its `code_verifier`",
    "pkce-not-required": "clients without a secret may exchange codes without PKCE, so who intercepts a code gets the token: require it of them",
}
