from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.failures import symbol_of
from backend_lint.project.ownership.assigned import RIGHTS, assigned
from backend_lint.project.ownership.writable_rights import writable_rights
from backend_lint.project.taint.serializers import shapes


class MassAssignment(ProjectRule):
    """A caller sets columns that are not his to set.

    ## What it does

    Reports mappings of a request that are unpacked into a model (`Model(**request.data)`, `create`, `update`), loops that `setattr` whatever name it holds,
    rights (`is_admin`, `is_staff` ...) that a route without authentication takes from it, serializers and forms of user models with `"__all__"` fields, and
    serializers with which everybody who is logged in writes a right.

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

    Where only trusted callers reach the route. Validated data of serializers, forms and pydantic models, mappings that are validated against a schema, names
    that are compared with a list, and routes for administrators are left alone.

    ## References

    - [OWASP API3:2023](https://owasp.org/API-Security/editions/2023/en/0xa3-broken-object-property-level-authorization/)
    - [CWE-915](https://cwe.mitre.org/data/definitions/915.html)
    """

    severity, precision, since = "warning", "medium", "0.1"
    profile = Profile.STRICT
    tags = ("cwe:915", "owasp-api:3", "security")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for module, index, function, body in project.functions():
            if module.role not in self.roles:
                continue
            for call in body.calls:
                found = assigned(project, (module.path, index), call)
                if found is not None:
                    message, trail = found
                    evidence = [Evidence(step.path, step.line, step.text) for step in trail.steps]
                    yield self.finding(module.path, call, message, symbol=symbol_of(function), evidence=evidence)
        for shape in shapes(project):
            if project.modules[shape.path].role in self.roles and shape.is_user and shape.fields == ("__all__",) and not RIGHTS & shape.read_only:
                message = "every field of a user can be written, `is_superuser` too: list the fields that a caller may set"
                yield self.finding(shape.path, Place.at(shape.line, shape.column), message, symbol=shape.name)
        for right in writable_rights(project):
            shape, route = right.shape, right.route
            message = f"whoever is logged in writes `{right.field}` with `{route.method} {route.path[:80]}`: put it into `read_only_fields`"
            evidence = [Evidence(route.declared_in, route.line, f"`{shape.name}` takes what is sent here")]
            yield self.finding(shape.path, Place.at(shape.line, shape.column), message, symbol=shape.name, evidence=evidence)
