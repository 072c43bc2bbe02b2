from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.authentication.fixation import kept_keys
from backend_lint.project.authentication.library_calls import place_of


class SessionFixation(ProjectRule):
    """A session keeps its key when somebody logs in.

    ## What it does

    Reports functions that check a password and note the user in the session that was there before, without a new key: sessions of Django, Flask-Session and
    others that are kept on the server. Sessions that travel in the cookie itself have no key, and are left alone.

    ## Why is this bad

    Who can give a visitor a session (a link on a shared machine, a cookie of a sister domain) knows its key. Once the visitor has logged in with it, both are.

    ## Example

    ```python
    from django.contrib.auth import authenticate
    from django.http import HttpResponse


    def log_in(request):
        user = authenticate(request, username=request.POST["name"], password=request.POST["password"])
        if user is None:
            return HttpResponse(status=401)
        request.session["user_id"] = user.pk
        return HttpResponse(status=204)
    ```

    ## Use instead

    ```python
    from django.contrib.auth import authenticate, login
    from django.http import HttpResponse


    def log_in(request):
        user = authenticate(request, username=request.POST["name"], password=request.POST["password"])
        if user is None:
            return HttpResponse(status=401)
        login(request, user)
        return HttpResponse(status=204)
    ```

    ## When this is wrong

    Where something else changes the key before: a middleware, or the proxy. Functions that log in through a library, clear the session or change its key are
    left alone.

    ## References

    - [OWASP: session management](https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html#renew-the-session-id-after-any-privilege-level-change)
    - [CWE-384](https://cwe.mitre.org/data/definitions/384.html)
    """

    severity, precision, since = "warning", "high", "0.1"
    profile = Profile.STRICT
    tags = ("security", "owasp-api:2", "cwe:384")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in kept_keys(project):
            message = "session keeps its key when somebody logs in, who knew it before is logged in as well: change the key first, or use the library's login"
            yield self.finding(found.module.path, place_of(found.at), message, symbol=found.symbol)
