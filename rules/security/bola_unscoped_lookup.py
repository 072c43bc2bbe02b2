from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.ownership.cures import cure_of

if TYPE_CHECKING:
    from backend_lint.project.ownership.unscoped import Unscoped

_DOES = {"taken": "refer to", "read": "read", "changed": "change", "deleted": "delete"}


class BolaUnscopedLookup(ProjectRule):
    """A row that belongs to somebody is looked up for whoever names its number.

    ## What it does

    Learns from foreign keys, chains of keys (item, order, user) and tables of members which tables' rows belong to a user or a tenant, and from the queries of
    all handlers which of them ask for the owner. A handler is reported if it reads, changes or deletes such a row by a value of the request and neither the
    query, nor anything before or after it, brings the row together with the one who calls. Views of Django and Django REST framework that a library answers
    for count as well, and so do serializers that take a reference to any row.

    The default profile speaks only where other handlers of the project limit queries for the same table to the caller. `strict` adds rows that are changed or
    deleted, `all` those that are read, where only the key says whose they are.

    ## Why is this bad

    Numbers are counted up, and UUIDs stand in links, logs and answers. Whoever sends another one gets somebody else's row: it is the most frequent hole of
    APIs, and no test that uses one account finds it.

    ## Example

    ```python
    from django.contrib.auth.decorators import login_required
    from django.contrib.auth.models import User
    from django.db import models
    from django.http import JsonResponse
    from django.shortcuts import get_object_or_404
    from django.urls import path


    class Invoice(models.Model):
        user = models.ForeignKey(User, on_delete=models.CASCADE)
        total = models.IntegerField()


    @login_required
    def invoices(request):
        return JsonResponse({"ids": [one.pk for one in Invoice.objects.filter(user=request.user)[:50]]})


    @login_required
    def invoice(request, pk):
        found = get_object_or_404(Invoice, pk=pk)
        return JsonResponse({"total": found.total})


    urlpatterns = [path("invoices/", invoices), path("invoices/<int:pk>/", invoice)]
    ```

    ## Use instead

    ```python
    from django.contrib.auth.decorators import login_required
    from django.contrib.auth.models import User
    from django.db import models
    from django.http import JsonResponse
    from django.shortcuts import get_object_or_404
    from django.urls import path


    class Invoice(models.Model):
        user = models.ForeignKey(User, on_delete=models.CASCADE)
        total = models.IntegerField()


    @login_required
    def invoice(request, pk):
        found = get_object_or_404(Invoice, pk=pk, user=request.user)
        return JsonResponse({"total": found.total})


    urlpatterns = [path("invoices/<int:pk>/", invoice)]
    ```

    ## When this is wrong

    Where everybody who is logged in may see or change the rows. Handlers are left alone that ask for a role or a permission, that hand the row or its number to
    a function that knows the caller, that compare the owner, or of which this is not sure.

    ## References

    - [OWASP API1:2023 Broken Object Level Authorization](https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/)
    - [CWE-639](https://cwe.mitre.org/data/definitions/639.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = Profile.DEFAULT
    tags = ("security", "owasp-api:1", "cwe:639", "cwe:862")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in project.ownership.unscoped:
            if self.shows(found.profile):
                evidence = tuple(_evidence(project, found))
                yield self.finding(found.path, found.at, _message(project, found), symbol=found.symbol, evidence=evidence)


def _message(project: Project, found: Unscoped) -> str:
    method = "" if found.route.method == "*" else f"{found.route.method} "
    path = re.sub(r"\s+", "", found.route.path)[:80]
    keys = project.ownership.keys
    if found.table in keys.users:
        whose, cure = "any user's account", "take the account from the login, or compare it with the caller"
    else:
        name = _named(project, found.table)
        owner = _named(project, found.key.target) if found.key.target else "owner"
        whose = f"any {owner}'s `{name}`"
        cure = cure_of(found)
    return f"whoever may call `{method}{path}` can {_DOES[found.effect]} {whose}, nothing asks whose row it is: {cure}"


def _named(project: Project, table: str) -> str:
    known = project.schema.table(table)
    mapped = project.schema.mapped.get(known.model) if known is not None and known.model is not None else None
    return mapped.name.rpartition(".")[2] if mapped is not None else "user" if table == "auth_user" else table


def _evidence(project: Project, found: Unscoped) -> Iterator[Evidence]:
    if found.key.line and found.table not in project.ownership.keys.users:
        leads = f" leads to its {_named(project, found.key.target)}" if found.key.target else " says whose row it is"
        yield Evidence(found.key.path, found.key.line, f"`{', '.join(found.key.columns)}`{leads}")
    others = dict.fromkeys((site.path, site.function) for site in found.siblings if (site.path, site.function) != found.handler)
    for key in tuple(others)[:2]:
        head = project.calls.head(key)
        yield Evidence(key[0], head.line, f"`{head.name.replace('.<locals>', '')}` asks for the caller's rows only")
    for caller, edge in found.way:
        yield Evidence(caller[0], edge.call.line, f"{project.calls.label(caller)} calls {edge.target.name}")
    if not found.way and (found.route.declared_in, found.route.line) != (found.path, found.at.line):
        yield Evidence(found.route.declared_in, found.route.line, "routed here")
