from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Place, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.authentication.enumeration import telling


class AccountEnumeration(ProjectRule):
    """A login tells strangers who has an account.

    ## What it does

    Reports routes for logging in and for forgotten passwords, open to everybody, whose answer says that there is no such user, account or mail address.

    ## Why is this bad

    Lists of mail addresses are run through the form until it is known who is a customer. Guessing passwords, and mails that look like yours, then go to those
    only; and for some services it is a secret already that somebody uses them.

    ## Example

    ```python
    from fastapi import FastAPI, HTTPException

    app = FastAPI()


    @app.post("/forgot-password")
    def forgot_password(email: str, users, mails):
        user = users.by_email(email)
        if user is None:
            raise HTTPException(404, "No user with this address: email not found")
        mails.put(user)
    ```

    ## Use instead

    ```python
    from fastapi import FastAPI

    app = FastAPI()


    @app.post("/forgot-password")
    def forgot_password(email: str, users, mails):
        user = users.by_email(email)
        if user is not None:
            mails.put(user)
        return {"message": "If the address is known, a mail is on its way."}
    ```

    ## When this is wrong

    Where it is public who has an account. The times of both answers differ as well if only one of them hashes a password; this is not looked at.

    ## References

    - [OWASP: authentication and error messages](https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#authentication-and-error-messages)
    - [CWE-204](https://cwe.mitre.org/data/definitions/204.html)
    """

    severity, precision, since = "info", "high", "0.1"
    profile = Profile.STRICT
    tags = ("security", "owasp-api:2", "cwe:204")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in telling(project):
            path, function = found.key
            method = "" if found.route.method == "*" else f"{found.route.method} "
            message = f"`{method}{found.route.path[:80]}` tells strangers that there is no such account: give the same answer whether there is one or not"
            symbol = project.modules[path].functions[function].name
            yield self.finding(path, Place(found.at.line, found.at.column, found.at.end_line, found.at.end_column), message, symbol=symbol)
