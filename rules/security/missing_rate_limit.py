from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.authentication.entrances import Attempt, attempts


class MissingRateLimit(ProjectRule):
    """A password or a code can be guessed, or a mailbox flooded, as often as somebody likes.

    ## What it does

    Reports routes without a limit that nobody has to sign in for and that check a password or a one-time code, or send a mail to whom the caller names
    (a forgotten password, a new account, one more confirmation): in their handler, in forms and serializers that it validates, further down, or in a view of
    a library. A limit is a decorator, a throttle, a dependency, or anything on the way whose name speaks of limits, attempts, locks or captchas.

    ## Why is this bad

    A six-digit code is guessed within hours, and lists of passwords from elsewhere are tried on every account. Who floods mailboxes in your name has the
    domain on block lists by noon, and every mail is paid for.

    ## Example

    ```python
    from fastapi import FastAPI, HTTPException

    app = FastAPI()


    @app.post("/login")
    def login(name: str, password: str, store):
        if not store.verify_password(name, password):
            raise HTTPException(401)
        return store.session(name)
    ```

    ## Use instead

    ```python
    from fastapi import FastAPI, HTTPException, Request
    from slowapi import Limiter
    from slowapi.util import get_remote_address

    app = FastAPI()
    limiter = Limiter(key_func=get_remote_address)


    @app.post("/login")
    @limiter.limit("5/minute")
    def login(request: Request, name: str, password: str, store):
        if not store.verify_password(name, password):
            raise HTTPException(401)
        return store.session(name)
    ```

    ## When this is wrong

    Where a gateway that is configured elsewhere limits requests. A project is left alone, and its routes are counted as not known, if a file of its own proxy
    limits requests (`limit_req` of nginx, limits of an ingress, Kong, Traefik, Envoy or an API gateway), if it has a middleware or default limits, if columns
    or settings count failures, or if a library locks accounts (django-axes, django-defender); so is what goes through django-allauth, which limits itself.
    Mails that a queue or a scheduler asks for, and passwords asked for again by who changes how he signs in, are reported by the profile `strict` only,
    and so are mails that a setting turns on, and those of a registration, of which an address gets one.

    ## References

    - [OWASP API4:2023](https://owasp.org/API-Security/editions/2023/en/0xa4-unrestricted-resource-consumption/)
    - [CWE-307](https://cwe.mitre.org/data/definitions/307.html)
    """

    severity, precision, since = "warning", "high", "0.1"
    profile = Profile.DEFAULT
    tags = ("cwe:307", "owasp-api:2", "owasp-api:4", "owasp-api:6", "security")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in attempts(project):
            route = found.route
            path = route.module if route.function >= 0 else route.declared_in
            module = project.modules[path]
            if module.role not in self.roles or not self.shows(found.profile):
                continue
            place, symbol = Place.at(route.line), ""
            if route.function >= 0:
                head = module.functions[route.function]
                place, symbol = Place.at(head.line, head.column), head.name
            evidence = [Evidence(found.path, found.line, found.what)]
            evidence += [Evidence(form, line, f"`{name}` takes what the caller gives, and limits nothing") for form, line, name in found.forms[:2]]
            yield self.finding(path, place, _message(found), symbol=symbol, evidence=evidence)


def _message(found: Attempt) -> str:
    method = "" if found.route.method == "*" else f"{found.route.method} "
    route = f"{method}{re.sub(r'[ ]+', '', found.route.path)[:80]}"
    if found.once:
        return f"`{route}` sends mail to every new address that anybody names, without a limit, so it can be used for mass mail: limit requests by caller"
    if found.sends and "sms" in found.what.lower():
        return f"`{route}` sends text messages for anybody who asks, without a limit, and each is paid for: limit requests by number and by caller"
    if found.sends:
        return f"`{route}` sends mail for anybody who asks, without a limit, so a mailbox can be flooded: limit requests by mail address and by caller"
    return f"`{route}` checks a secret without a limit, so it can be guessed: limit attempts by account and address"
