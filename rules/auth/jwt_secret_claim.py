from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.authentication.tokens import shown_secrets


class JwtSecretClaim(ProjectRule):
    """A token carries a secret that everybody who holds it can read.

    ## What it does

    Reports tokens that are issued with PyJWT or python-jose with a password, its hash or a key among their claims.

    ## Why is this bad

    A signed token is not encrypted: browsers, proxies and logs keep it, and base64 is all that stands before its claims.

    ## Example

    ```python
    import jwt


    def issue(user, password: str, key: str, end: int) -> str:
        return jwt.encode({"sub": user.id, "password": password, "exp": end}, key, algorithm="HS256")
    ```

    ## Use instead

    ```python
    import jwt


    def issue(user, key: str, end: int) -> str:
        return jwt.encode({"sub": user.id, "exp": end}, key, algorithm="HS256")
    ```

    ## When this is wrong

    Where the token never leaves the machine, or the value is a placeholder.

    ## References

    - [RFC 8725: JWT best current practices](https://www.rfc-editor.org/rfc/rfc8725)
    - [CWE-522](https://cwe.mitre.org/data/definitions/522.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = "all"
    tags = ("security", "owasp-api:2", "cwe:522")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for found, name in shown_secrets(project):
            message = f"`{name}` is a claim of the token, which is signed and not encrypted, everybody who holds it can read it: leave it out"
            yield self.finding(found.module.path, found.call, message, symbol=found.symbol)
