from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.authentication.tokens import endless, without_expiry


class JwtClaimsUnchecked(ProjectRule):
    """A token is good for ever.

    ## What it does

    Reports tokens that are issued with PyJWT or python-jose without `exp`, where all claims are known, and tokens that are verified with `verify_exp` off.

    ## Why is this bad

    A token that leaked into a log or a backup lets its finder in until the key is changed, and changing the key throws everybody out.

    ## Example

    ```python
    import jwt


    def issue(user_id: int, key: str) -> str:
        return jwt.encode({"sub": str(user_id)}, key, algorithm="HS256")
    ```

    ## Use instead

    ```python
    from datetime import UTC, datetime, timedelta

    import jwt


    def issue(user_id: int, key: str) -> str:
        end = datetime.now(UTC) + timedelta(minutes=15)
        return jwt.encode({"sub": str(user_id), "exp": end}, key, algorithm="HS256")
    ```

    ## When this is wrong

    Where the token is looked up in a table that can forget it, or serves one message only. Code that reads tokens to refresh or revoke them is left alone.

    ## References

    - [RFC 8725: JWT best current practices](https://www.rfc-editor.org/rfc/rfc8725)
    - [CWE-613](https://cwe.mitre.org/data/definitions/613.html)
    """

    severity, precision, since = "warning", "high", "0.1"
    profile = "all"
    tags = ("security", "owasp-api:2", "cwe:613")
    roles = frozenset({Role.APPLICATION, Role.SETTINGS})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in endless(project):
            message = "token is issued without `exp`, who finds it is let in for ever: give it an end that is minutes away"
            yield self.finding(found.module.path, found.call, message, symbol=found.symbol)
        for found in without_expiry(project):
            message = "end of the token is not looked at, one that leaked lets in for ever: leave `verify_exp` on"
            yield self.finding(found.module.path, found.call, message, symbol=found.symbol)
