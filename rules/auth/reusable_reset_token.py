from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.authentication.reset_tokens import reusable_reset_tokens


class ReusableResetToken(ProjectRule):
    """A link that sets a new password can be used again.

    ## What it does

    Reports handlers that set a password for whoever brings a token and let the token be: signed tokens (JWT, itsdangerous, Django's signing) that nothing
    marks as used or binds to the password that is replaced, and tokens that are looked up in a column that nobody clears.

    ## Why is this bad

    Links stay in histories, mailboxes and logs of proxies. Whoever finds one that was used can set the password once more: within its time if it has one, and
    for ever if not. The owner, who has just chosen a new password, feels safe.

    ## Example

    ```python
    from fastapi import FastAPI, HTTPException
    from shop.models import User, hashed

    app = FastAPI()


    @app.post("/reset-password")
    def reset_password(token: str, password: str, session):
        user = session.query(User).filter_by(reset_token=token).first()
        if user is None:
            raise HTTPException(400)
        user.hashed_password = hashed(password)
        session.commit()
    ```

    ## Use instead

    ```python
    from fastapi import FastAPI, HTTPException
    from shop.models import User, hashed

    app = FastAPI()


    @app.post("/reset-password")
    def reset_password(token: str, password: str, session):
        user = session.query(User).filter_by(reset_token=token).first()
        if user is None:
            raise HTTPException(400)
        user.hashed_password = hashed(password)
        user.reset_token = None
        session.commit()
    ```

    ## When this is wrong

    Where something else ends the token: a trigger, a job, a store with a time. Handlers that reach code that speaks of tokens being used, deleted or revoked,
    or of a time of the last change, are left alone.

    ## References

    - [OWASP: forgotten passwords](https://cheatsheetseries.owasp.org/cheatsheets/Forgot_Password_Cheat_Sheet.html)
    - [CWE-640](https://cwe.mitre.org/data/definitions/640.html)
    """

    severity, precision, since = "warning", "medium", "0.1"
    profile = Profile.STRICT
    tags = ("security", "owasp-api:2", "cwe:640")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in reusable_reset_tokens(project):
            path, function = found.route.module, found.route.function
            head = project.modules[path].functions[function]
            if found.column:
                message = f"whoever knows a used link sets the password again: `{found.column}` is not cleared, set it to `None` with the new password"
            else:
                message = "whoever finds a used link sets the password again until it expires: sign part of the old password's hash into it, or keep used ones"
            evidence = [Evidence(found.key[0], found.call.line, "the token is taken here, and nothing ends it")]
            yield self.finding(path, Place.at(head.line, head.column), message, symbol=head.name, evidence=evidence)
