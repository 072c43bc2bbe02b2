from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role
from backend_lint.facts.python import BlockKind, Call
from backend_lint.project import FunctionKey, Project, RefKind
from backend_lint.project.failures import symbol_of
from backend_lint.project.taint import Mode, Trail
from backend_lint.project.taint.serializers import Shape, shapes
from backend_lint.project.taint.sources import Trait
from backend_lint.project.value_text import alternatives

_WRITES = frozenset({"create", "acreate", "update", "aupdate", "update_or_create", "get_or_create", "values", "insert"})
_RIGHTS = frozenset({"is_staff", "is_superuser", "is_admin", "admin", "superuser", "is_root"})
_NOT_RAW = frozenset("([{'\"f")


class MassAssignment(ProjectRule):
    """A caller sets columns that are not his to set.

    ## What it does

    Reports mappings of a request that are unpacked into a model (`Model(**request.data)`, `create`, `update`), loops that `setattr` whatever name it holds,
    rights (`is_admin`, `is_staff` ...) that a route without authentication takes from it, and serializers and forms of user models with `"__all__"` fields.

    ## Why is this bad

    Every column that the model has, or will have, can be written: the owner, the role, the balance, the flag that says who is staff.

    ## Example

    ```python
    from django.db import models
    from django.http import JsonResponse
    from rest_framework.views import APIView


    class Account(models.Model):
        name = models.CharField(max_length=50)
        is_staff = models.BooleanField(default=False)


    class AccountView(APIView):
        def post(self, request):
            account = Account.objects.create(**request.data)
            return JsonResponse({"id": account.pk})
    ```

    ## Use instead

    ```python
    from rest_framework import serializers

    from .models import Account


    class AccountSerializer(serializers.ModelSerializer):
        class Meta:
            model = Account
            fields = ("name",)
    ```

    ## When this is wrong

    Where only administrators reach the route. Validated data of serializers, forms and pydantic models, and names that are compared with a list, are left
    alone.

    ## References

    - [OWASP API3:2023](https://owasp.org/API-Security/editions/2023/en/0xa3-broken-object-property-level-authorization/)
    - [CWE-915](https://cwe.mitre.org/data/definitions/915.html)
    """

    severity, precision, since = "warning", "medium", "0.1"
    profile = Profile.ALL
    tags = ("cwe:915", "owasp-api:3", "security")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for module, index, function, body in project.functions():
            if module.role not in self.roles:
                continue
            for call in body.calls:
                found = _sink(project, (module.path, index), call)
                if found is not None:
                    message, trail = found
                    evidence = [Evidence(step.path, step.line, step.text) for step in trail.steps]
                    yield self.finding(module.path, call, message, symbol=symbol_of(function), evidence=evidence)
        for shape in shapes(project):
            if project.modules[shape.path].role in self.roles and shape.is_user and shape.fields == ("__all__",) and not _RIGHTS & shape.read_only:
                message = "every field of a user can be written, `is_superuser` too: list the fields that a caller may set"
                yield self.finding(shape.path, _Place(shape), message, symbol=shape.name)


def _sink(project: Project, key: FunctionKey, call: Call) -> tuple[str, Trail] | None:
    if call.callee == "setattr" and len(call.args) == 3 and call.args[1][:1] in "%#":
        trail = _whole(project, key, call.args[1])
        return (f"`{trail.source.shown}` of the request names the attribute that is set: compare it with a list of allowed names", trail) if trail else None
    spread = next((value for name, value in call.keywords if name == "**"), "")
    if spread and spread[0] not in _NOT_RAW and _is_write(project, key, call):
        trail = _whole(project, key, spread)
        if trail is not None:
            return f"`{trail.source.shown}` of the request is written to a row with whatever it holds: name the columns that a caller may set", trail
        return None
    for name, value in call.keywords:
        if name in _RIGHTS and _is_write(project, key, call) and _is_open(project, key):
            trail = next((one for text in (value, *_choices(project, key, value, name)) for one in project.taint.flows.trails(key, text)), None)
            if trail is not None:
                return f"anybody sets `{name}` with `{trail.source.shown}` of the request: do not take it from the request", trail
    return None


def _whole(project: Project, key: FunctionKey, text: str) -> Trail | None:
    """How a mapping whose keys the caller chooses gets there."""
    trails = project.taint.flows.trails(key, text, Mode.WHOLE)
    return next((one for one in trails if Trait.HEADER not in one.source.traits), None)


def _choices(project: Project, key: FunctionKey, value: str, name: str) -> Iterator[str]:
    """The conditions under which a right is granted: ``if sent["admin"]: admin = True``."""
    body = project.calls.body(key)
    if "True" in alternatives(value) or value == f"%{name}":
        for assign in project.modules[key[0]].assigns_to(key[1], f"%{name}"):
            block = body.blocks[assign.block]
            if assign.value == "True" and block.kind is BlockKind.IF:
                yield block.subject


def _is_write(project: Project, key: FunctionKey, call: Call) -> bool:
    """Whether a call makes or changes a row."""
    ref = project.value(*key, call.callee)
    if ref is not None and ref.kind is RefKind.CLASS:
        return project.schema.of(ref) is not None
    return ref is not None and ref.is_external and ref.name.startswith(("django.db.models.", "sqlalchemy.")) and ref.name.rpartition(".")[2] in _WRITES


def _is_open(project: Project, key: FunctionKey) -> bool:
    """Only routes that nobody has to sign in for lead to the function itself."""
    routes = project.routes.by_handler(key)
    return bool(routes) and all(route.authenticated is False for route in routes)


class _Place:
    def __init__(self, shape: Shape) -> None:
        self.line = self.end_line = shape.line
        self.column = self.end_column = shape.column
