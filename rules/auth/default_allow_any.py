from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.authentication.defaults import open_default


class DefaultAllowAny(ProjectRule):
    """Views of Django REST framework answer anybody unless they say otherwise.

    ## What it does

    Reports `REST_FRAMEWORK` settings without `DEFAULT_PERMISSION_CLASSES`, or with `AllowAny` there, where at least one view has no `permission_classes` of its
    own and nothing else guards it.

    ## Why is this bad

    The framework's own default is `AllowAny`. A new view is public until somebody remembers to close it; with a closed default, forgetting is harmless.

    ## Example

    ```python
    # path: shop/settings.py
    ROOT_URLCONF = "shop.urls"
    INSTALLED_APPS = ["rest_framework"]
    REST_FRAMEWORK = {"PAGE_SIZE": 50}
    # path: shop/views.py
    from rest_framework.response import Response
    from rest_framework.views import APIView


    class Stock(APIView):
        def get(self, request):
            return Response({"left": 3})
    # path: shop/urls.py
    from django.urls import path

    from shop.views import Stock

    urlpatterns = [path("stock/", Stock.as_view())]
    # path: shop/__init__.py
    ```

    ## Use instead

    ```python
    # path: shop/settings.py
    ROOT_URLCONF = "shop.urls"
    INSTALLED_APPS = ["rest_framework"]
    REST_FRAMEWORK = {"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]}
    ```

    ## When this is wrong

    Where everything is public. Say so in each view with `permission_classes = [AllowAny]`, and the default can still be closed.

    ## References

    - [Django REST framework: permissions](https://www.django-rest-framework.org/api-guide/permissions/#setting-the-permission-policy)
    - [CWE-1188](https://cwe.mitre.org/data/definitions/1188.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = "all"
    tags = ("security", "owasp-api:2", "owasp-api:8", "cwe:1188", "cwe:306")
    roles = frozenset({Role.APPLICATION, Role.SETTINGS})

    def check(self, project: Project) -> Iterator[Finding]:
        found = open_default(project)
        if found is not None:
            count = len(found.routes)
            views = "1 view relies on it" if count == 1 else f"{count} views rely on it"
            message = f"`REST_FRAMEWORK` {found.says}, and {views}: set a permission that asks who calls, and open single views"
            evidence = []
            for route in found.routes[:3]:
                head = project.calls.head((route.module, route.function))
                evidence.append(Evidence(route.module, head.line, f"`{route.method} {route.path[:80]}` answers anybody"))
            yield self.finding(found.module.path, Place.at(found.line, found.column, len("REST_FRAMEWORK")), message, evidence=evidence)
