from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.authentication.link_tokens import endless_links


class EndlessLinkToken(ProjectRule):
    """A link that lets somebody in works however old it is.

    ## What it does

    Reports signed tokens for password resets, confirmations, invitations and logins by mail that are read without their age: `loads` and `unsign` of
    itsdangerous and of Django's signing without `max_age`, and serializers that write no time into the token at all.

    ## Why is this bad

    Mails are forwarded, kept for years and read by whoever takes a mailbox over. A link for resetting a password from five years ago still sets a new one.

    ## Example

    ```python
    from itsdangerous import URLSafeTimedSerializer

    serializer = URLSafeTimedSerializer("key from the settings")


    def reset_password(token: str, users):
        return users.get(serializer.loads(token))
    ```

    ## Use instead

    ```python
    from itsdangerous import URLSafeTimedSerializer

    serializer = URLSafeTimedSerializer("key from the settings")


    def reset_password(token: str, users):
        return users.get(serializer.loads(token, max_age=3600))
    ```

    ## When this is wrong

    Where the token ends in another way. Functions that speak of an age, a date of expiry, or of the token being used up are left alone, and so are links that
    are meant to stay: unsubscribing, feeds, downloads.

    ## References

    - [OWASP: forgotten passwords](https://cheatsheetseries.owasp.org/cheatsheets/Forgot_Password_Cheat_Sheet.html)
    - [CWE-613](https://cwe.mitre.org/data/definitions/613.html), [CWE-640](https://cwe.mitre.org/data/definitions/640.html)
    """

    severity, precision, since = "warning", "high", "0.1"
    profile = Profile.STRICT
    tags = ("security", "owasp-api:2", "cwe:613", "cwe:640")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in endless_links(project):
            if found.module.role in self.roles:
                knows_time = not found.name.endswith(("URLSafeSerializer.loads", ".Signer.unsign"))
                cure = "give `max_age`" if knows_time else "sign it with a serializer that knows the time, and give `max_age`"
                message = f"token of a link is accepted however old it is, so that an old mail lets somebody in: {cure}"
                yield self.finding(found.module.path, found.call, message, symbol=found.symbol)
