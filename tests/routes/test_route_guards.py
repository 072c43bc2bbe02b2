"""What runs before a handler, and whether it checks who calls."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backend_lint.facts.route import Route
from backend_lint.project import Project

Linked = Callable[[dict[str, str]], Project]


def route(project: Project, method: str, path: str) -> Route:
    found = [one for one in project.routes if (one.method, one.path) == (method, path)]
    assert len(found) == 1, [(one.method, one.path) for one in project.routes]
    return found[0]


def verdicts(found: Route) -> dict[str, bool | None]:
    return {guard.name: guard.verifies for guard in found.guards}


@pytest.mark.parametrize(
    ("method", "path", "authenticated"),
    [
        ("GET", "/health", False),
        ("GET", "/api/v1/items/", False),
        ("POST", "/api/v1/items", True),
        ("PATCH", "/api/v1/items/{item_id}", True),
        ("DELETE", "/api/v1/items/{item_id}", False),
        ("GET", "/api/v1/orders", True),
        ("GET", "/api/v1/orders/{order_id}/lines/", True),
        ("WEBSOCKET", "/api/v1/orders/ws", True),
        ("GET", "/admin/stats", False),
    ],
)
def test_fastapi_routes_inherit_dependencies(sample: Callable[[str], Project], method: str, path: str, authenticated: bool) -> None:
    assert route(sample("fast"), method, path).authenticated is authenticated


def test_a_guard_that_only_takes_a_token_does_not_verify_it(sample: Callable[[str], Project]) -> None:
    found = verdicts(route(sample("fast"), "POST", "/api/v1/items"))
    assert found == {"fastapi.security.OAuth2PasswordBearer": None, "current_user": True}


def test_a_guard_that_refuses_for_another_reason_verifies_nobody(sample: Callable[[str], Project]) -> None:
    assert verdicts(route(sample("fast"), "GET", "/api/v1/orders/{order_id}/lines/"))["limited"] is False


def test_dependencies_are_functions_that_run_before_the_handler(sample: Callable[[str], Project]) -> None:
    project = sample("fast")
    found = route(project, "DELETE", "/api/v1/orders/{order_id}")
    names = {project.calls.head(key).name for key in found.dependencies}
    assert names == {"get_db", "current_user", "requires.<locals>.check"}


def test_request_and_response_models_are_named(sample: Callable[[str], Project]) -> None:
    project = sample("fast")
    created = route(project, "POST", "/api/v1/items")
    assert (created.request, created.response) == ("Item", "ItemOut")
    assert route(project, "GET", "/api/v1/items/").response == "list[ItemOut]"


@pytest.mark.parametrize(
    ("method", "path", "authenticated"),
    [
        ("*", "/", False),
        ("GET", "/legacy/feed/", True),
        ("*", "/blog/drafts/", True),
        ("GET", "/blog/archive/<int:year>/", True),
        ("POST", "/blog/<slug:slug>/edit/", True),
        ("GET", "/blog/", False),
        ("GET", "/api/v1/items/<name>/", True),
        ("POST", "/api/v1/items/<name>/set-price/", False),
        ("GET", "/api/v1/status/", False),
        ("GET", "/api/reports/<pk>", True),
        ("PUT", "/shop/orders/<uuid:pk>/", True),
        ("GET", "/shop/carts/", False),
        ("POST", "/shop/checkout/", True),
    ],
)
def test_django_routes_have_the_guards_of_class_decorator_and_settings(sample: Callable[[str], Project], method: str, path: str, authenticated: bool) -> None:
    assert route(sample("django_app"), method, path).authenticated is authenticated


@pytest.mark.parametrize(
    ("method", "path", "authenticated"),
    [
        ("GET", "/", False),
        ("POST", "/contact", True),
        ("GET", "/admin/", True),
        ("GET", "/api/v2/orders", True),
        ("DELETE", "/api/v2/things", True),
        ("GET", "/api/v2/export", False),
        ("GET", "/version", False),
    ],
)
def test_flask_routes_have_the_guards_of_decorators_and_hooks(sample: Callable[[str], Project], method: str, path: str, authenticated: bool) -> None:
    assert route(sample("flask_app"), method, path).authenticated is authenticated


def test_routes_of_tests_are_left_out(linked: Linked) -> None:
    project = linked({"tests/test_app.py": "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/x')\ndef x(): ...\n"})
    assert list(project.routes) == []


def test_a_router_that_is_an_argument_is_the_one_that_is_handed_in(linked: Linked) -> None:
    project = linked(
        {
            "app.py": "from fastapi import FastAPI\nfrom wiring import wire\napp = FastAPI()\nwire('x', target=app)\n",
            "wiring.py": "from api import router\ndef wire(name, target):\n    target.include_router(router, prefix='/v1')\n",
            "api.py": "from fastapi import APIRouter\nrouter = APIRouter(prefix='/a')\n@router.get('/b')\ndef b(): ...\n",
        }
    )
    assert [found.path for found in project.routes] == ["/v1/a/b"]


def test_routers_that_include_each_other_end(linked: Linked) -> None:
    text = "from fastapi import APIRouter\na = APIRouter(prefix='/a')\nb = APIRouter(prefix='/b')\n"
    text += "@a.get('/x')\ndef x(): ...\na.include_router(b)\nb.include_router(a)\n"
    assert "/a/x" in {found.path for found in linked({"app.py": text}).routes}


def test_includes_that_double_at_every_step_are_bounded(linked: Linked) -> None:
    lines = ["from fastapi import APIRouter", "r0 = APIRouter()", "@r0.get('/x')", "def x(): ..."]
    for step in range(1, 40):
        lines += [f"r{step} = APIRouter()", f"r{step}.include_router(r{step - 1}, prefix='/a')", f"r{step}.include_router(r{step - 1}, prefix='/b')"]
    assert len(linked({"app.py": "\n".join(lines)}).routes) <= 50_000


def test_urlconfs_that_include_each_other_end(linked: Linked) -> None:
    text = "from django.urls import include, path\nurlpatterns = [path('a/', include('{other}')), path('x/', view)]\ndef view(request): ...\n"
    project = linked({"one.py": text.format(other="two"), "two.py": text.format(other="one")})
    assert [found.path for found in project.routes] == ["/{?}a/x/", "/{?}x/"]


def test_an_unknown_prefix_is_shown_as_unknown(linked: Linked) -> None:
    text = "import os\nfrom fastapi import APIRouter\nrouter = APIRouter(prefix=os.environ['PREFIX'])\n@router.get('/x')\ndef x(): ...\n"
    assert [found.path for found in linked({"app.py": text}).routes] == ["{?}/x"]


@pytest.mark.parametrize(
    ("guard", "authenticated"),
    [
        ("def f(u=Depends(optional_user)): ...", None),
        ("def f(u=Depends(users.current_user(optional=True))): ...", None),
        ("def f(u=Depends(users.current_user())): ...", True),
        ("def f(u=Depends(get_session)): ...", False),
        ("def f(u=Depends(allowed('x'))): ...", True),
        ("def f(u: Role): ...", True),
        ("def f(request): log(user=request.user)", None),
        ("def f():\n    raise HTTPException(status_code=403)", True),
    ],
)
def test_verdicts_on_guards_in_many_spellings(linked: Linked, guard: str, authenticated: bool | None) -> None:
    text = (
        "from collections.abc import Callable\nfrom typing import Annotated\nfrom fastapi import Depends, FastAPI, HTTPException\n"
        "from fastapi_users import FastAPIUsers\n"
        "from lib import optional_user, get_session\nusers = FastAPIUsers()\napp = FastAPI()\n"
        "def allowed(name) -> Callable[..., None]:\n    def check():\n        raise AppError(Codes.INSUFFICIENT_PERMISSIONS)\n    return check\n"
        "def acl():\n    return Depends(allowed('y'))\nRole = Annotated[dict, acl()]\n"
    )
    project = linked({"app.py": f"{text}@app.get('/')\n{guard}\n"})
    assert route(project, "GET", "/").authenticated is authenticated


def test_what_a_controller_class_asks_for_guards_its_methods(linked: Linked) -> None:
    text = (
        "from fastapi import APIRouter, Depends, HTTPException\nrouter = APIRouter(prefix='/u')\n"
        "def current_user():\n    raise HTTPException(401)\n"
        "class Base:\n    user: dict = Depends(current_user)\n"
        "@controller(router)\nclass Users(Base):\n    @router.get('')\n    def all(self): ...\n"
    )
    assert route(linked({"app.py": text}), "GET", "/u").authenticated is True


def test_a_middleware_that_turns_callers_away_leaves_the_verdict_open(linked: Linked) -> None:
    text = (
        "from fastapi import FastAPI\nfrom starlette.responses import JSONResponse\napp = FastAPI()\n@app.middleware('http')\n"
        "async def check(request, call_next):\n"
        "    if not request.headers.get('x'):\n        return JSONResponse({}, status_code=401)\n"
        "    return await call_next(request)\n@app.get('/')\ndef f(): ...\n"
    )
    assert route(linked({"app.py": text}), "GET", "/").authenticated is None


def test_a_blueprint_hook_that_refuses_for_another_reason_guards_nothing(linked: Linked) -> None:
    text = (
        "from flask import Flask, abort, request, session\napp = Flask(__name__)\n@app.before_request\ndef csrf():\n"
        "    if session['nonce'] != request.form['nonce']:\n        abort(403)\n@app.route('/')\ndef f(): ...\n"
    )
    assert route(linked({"app.py": text}), "GET", "/").authenticated is False


def test_aiohttp_routes_of_tables_calls_and_sub_applications(linked: Linked) -> None:
    text = (
        "from aiohttp import web\nroutes = web.RouteTableDef()\n@routes.get('/a')\nasync def a(request): ...\n"
        "@routes.view('/v')\nclass V(web.View):\n    async def post(self): ...\n"
        "async def b(request):\n    raise web.HTTPUnauthorized()\n"
        "def make():\n    app = web.Application()\n"
        "    app.add_routes(routes)\n    app.router.add_post('/b', b)\n"
        "    app.add_routes([web.put('/c', b)])\n    inner = web.Application()\n"
        "    inner.router.add_route('DELETE', '/d', b)\n    app.add_subapp('/in/', inner)\n    return app\n"
    )
    found = {(one.method, one.path, one.name, one.authenticated) for one in linked({"app.py": text}).routes}
    expected = {("GET", "/a", "a", False), ("POST", "/v", "V.post", False), ("POST", "/b", "b", True), ("PUT", "/c", "b", True), ("DELETE", "/in/d", "b", True)}
    assert found == expected


def test_litestar_routes_of_controllers_and_routers(linked: Linked) -> None:
    text = (
        "from litestar import Controller, Litestar, Router, get, post\n"
        "from litestar.exceptions import NotAuthorizedException\n"
        "def check(connection, handler):\n    raise NotAuthorizedException()\n@get('/health')\nasync def health(): ...\n"
        "class Orders(Controller):\n    path = '/orders'\n    guards = [check]\n"
        "    @get()\n    async def all(self): ...\n    @post(path='/{order_id:int}')\n    async def one(self): ...\n"
        "app = Litestar(route_handlers=[health, Router(path='/v1', route_handlers=[Orders])])\n"
    )
    found = {(one.method, one.path, one.name, one.authenticated) for one in linked({"app.py": text}).routes}
    assert found == {("GET", "/health", "health", False), ("GET", "/v1/orders", "Orders.all", True), ("POST", "/v1/orders/{order_id:int}", "Orders.one", True)}


def test_resources_are_found_through_an_api_of_the_project_s_own(linked: Linked) -> None:
    text = (
        "from flask import Flask\nfrom flask_restful import Api, Resource\nclass OwnApi(Api):\n    def add_org_resource(self, resource, *urls):\n"
        "        return self.add_resource(resource, *urls)\nclass Item(Resource):\n    def get(self): ...\n    def delete(self): ...\n"
        "app = Flask(__name__)\napi = OwnApi(app, prefix='/api')\napi.add_org_resource(Item, '/items', '/things')\n"
    )
    found = [(one.method, one.path) for one in linked({"app.py": text}).routes]
    assert found == [("DELETE", "/api/items"), ("GET", "/api/items"), ("DELETE", "/api/things"), ("GET", "/api/things")]


@pytest.mark.parametrize(
    "lines",
    [
        ["from django.urls import path", "l0 = [path('x', v)]", *(f"l{n} = [{','.join([f'*l{n - 1}'] * 12)}]" for n in range(1, 12)), "urlpatterns = l11"],
        [
            "from fastapi import APIRouter",
            "p0 = '/x'",
            *(f"p{n} = {'+'.join([f'p{n - 1}'] * 12)}" for n in range(1, 12)),
            "r = APIRouter(prefix=p11)",
            "@r.get('/')",
            "def f(): ...",
        ],
        ["from fastapi import APIRouter", "r0 = APIRouter()", *(f"r{n} = APIRouter()\n" + f"r{n}.include_router(r{n - 1})\n" * 12 for n in range(1, 12))],
        [
            "from litestar import Litestar, Router",
            "r0 = Router()",
            *(f"r{n} = Router(route_handlers=[{','.join([f'r{n - 1}'] * 12)}])" for n in range(1, 12)),
            "Litestar(route_handlers=[r11])",
        ],
    ],
    ids=["lists", "prefixes", "routers", "litestar"],
)
def test_what_grows_twelvefold_at_every_step_is_bounded(linked: Linked, lines: list[str]) -> None:
    assert len(linked({"app.py": "\n".join(lines) + "\n"}).routes) <= 50_000


def test_django_s_login_middleware_guards_every_route(linked: Linked) -> None:
    project = linked(
        {
            "settings.py": "ROOT_URLCONF = 'urls'\nMIDDLEWARE = ['django.contrib.auth.middleware.LoginRequiredMiddleware']\n",
            "urls.py": "from django.urls import path\ndef f(request): ...\nurlpatterns = [path('', f)]\n",
        }
    )
    assert verdicts(route(project, "*", "/")) == {"LoginRequiredMiddleware": True}


def test_a_middleware_that_hands_the_view_to_login_required_leaves_no_route_open(linked: Linked) -> None:
    """Some addresses pass, so that it is not known which: never open."""
    project = linked(
        {
            "settings.py": "ROOT_URLCONF = 'urls'\nMIDDLEWARE = ['gate.Gate']\n",
            "gate.py": "from django.contrib.auth.decorators import login_required\n\n\nclass Gate:\n    def __init__(self, get_response):\n"
            "        self.get_response = get_response\n\n    def __call__(self, request):\n        return self.get_response(request)\n\n"
            "    def process_view(self, request, view, args, kwargs):\n        if request.path.startswith('/accounts'):\n            return None\n"
            "        return login_required(view)(request, *args, **kwargs)\n",
            "urls.py": "from django.urls import path\ndef f(request): ...\nurlpatterns = [path('', f)]\n",
        }
    )
    assert route(project, "*", "/").authenticated is None


@pytest.mark.parametrize(("switch", "guarded"), [("True", None), ("False", False), ("os.environ.get('CLOSED')", None)])
def test_a_login_middleware_behind_a_switch_guards_only_while_it_is_on(linked: Linked, switch: str, guarded: bool | None) -> None:
    project = linked(
        {
            "settings.py": f"import os\nROOT_URLCONF = 'urls'\nMIDDLEWARE = ['django.middleware.common.CommonMiddleware']\nCLOSED = {switch}\nif CLOSED:\n"
            "    MIDDLEWARE.insert(1, 'django.contrib.auth.middleware.LoginRequiredMiddleware')\n",
            "urls.py": "from django.urls import path\ndef f(request): ...\nurlpatterns = [path('', f)]\n",
        }
    )
    assert route(project, "*", "/").authenticated is guarded


REST = (
    "from django.urls import path\nfrom rest_framework.permissions import AllowAny, IsAuthenticated\nfrom rest_framework.settings import api_settings\n"
    "from rest_framework.views import APIView\nfrom django.utils.module_loading import import_string\n"
    "PERMITTED = 'rest_framework.permissions.IsAuthenticated'\nREST_FRAMEWORK = {'DEFAULT_PERMISSION_CLASSES': [PERMITTED]}\n"
)


@pytest.mark.parametrize(
    ("body", "authenticated"),
    [
        ("permission_classes = api_settings.DEFAULT_PERMISSION_CLASSES + [AllowAny]", True),
        ("permission_classes = [import_string(PERMITTED)]", True),
        ("permission_classes = ()", False),
        ("@property\n    def permission_classes(self):\n        if self.request:\n            return [IsAuthenticated]\n"
         "        return api_settings.DEFAULT_PERMISSION_CLASSES", True),
        ("@property\n    def permission_classes(self):\n        if self.request:\n            return [AllowAny]\n        return [IsAuthenticated]", None),
        ("def get_permissions(self):\n        return [IsAuthenticated()]", True),
        ("def get_permissions(self):\n        return found()", None),
    ],
)  # fmt: skip
def test_permissions_from_settings_and_properties(linked: Linked, body: str, authenticated: bool | None) -> None:
    text = f"{REST}class V(APIView):\n    {body}\n    def get(self, request): ...\nurlpatterns = [path('', V.as_view())]\n"
    assert route(linked({"urls.py": text}), "GET", "/").authenticated is authenticated


@pytest.mark.parametrize(
    ("handler", "authenticated"),
    [
        ("def login(request):\n    if not check(request.POST):\n        return HttpResponse(status=401)", False),
        ("def sign_up(request):\n    if not settings.OPEN:\n        return HttpResponseForbidden()", False),
        ("def sign_in(request):\n    if not request.user.is_authenticated:\n        return HttpResponseForbidden()", None),
        ("def f(request):\n    if not settings.OPEN:\n        return HttpResponseForbidden()", None),
        ("def f(request):\n    if not request.user.is_staff:\n        return HttpResponseForbidden()", True),
        ("def f(request):\n    return redirect(reverse('user-login'))", True),
        ("def f(request):\n    if request.headers.get('X-Key') != settings.KEY:\n        return HttpResponseForbidden()", True),
        ("@login_required\ndef g(request): ...\ndef f(request):\n    return g(request)", True),
        ("@login_required\ndef g(request): ...\ndef f(request):\n    if request.method == 'GET':\n        return page()\n    return g(request)", False),
    ],
)
def test_a_handler_is_closed_only_if_it_turns_unknown_callers_away(linked: Linked, handler: str, authenticated: bool | None) -> None:
    name = handler.rpartition("def ")[2].partition("(")[0]
    text = (
        "from django.conf import settings\nfrom django.contrib.auth.decorators import login_required\n"
        "from django.http import HttpResponse, HttpResponseForbidden\nfrom django.shortcuts import redirect, render\nfrom django.urls import path, reverse\n"
        f"{handler}\nurlpatterns = [path('', {name})]\n"
    )
    assert route(linked({"urls.py": text}), "*", "/").authenticated is authenticated


@pytest.mark.parametrize(
    ("caught", "guarded"),
    [("User.DoesNotExist", False), ("Exception", True)],
)
def test_a_middleware_that_refuses_only_wrong_credentials_guards_nothing(linked: Linked, caught: str, guarded: bool) -> None:
    middleware = (
        "class M:\n    def __init__(self, get_response):\n        self.get_response = get_response\n    def __call__(self, request):\n        try:\n"
        f"            found = read(request)\n            if found:\n                request.user = User.objects.get(pk=found)\n        except {caught}:\n"
        "            return JsonResponse({}, status=401)\n        return self.get_response(request)\n"
    )
    project = linked(
        {
            "settings.py": "ROOT_URLCONF = 'urls'\nMIDDLEWARE = ['middleware.M']\n",
            "middleware.py": middleware,
            "urls.py": "from django.urls import path\ndef f(request): ...\nurlpatterns = [path('', f)]\n",
        }
    )
    assert bool(route(project, "*", "/").guards) is guarded


def test_a_checker_object_that_a_dependency_calls_is_followed(linked: Linked) -> None:
    text = (
        "from fastapi import Depends, FastAPI, HTTPException\napp = FastAPI()\n"
        "class Checker:\n    def __call__(self, request):\n        raise HTTPException(401)\n"
        "def wallet(request):\n    check = Checker()\n    return check(request)\n@app.get('/')\ndef f(w=Depends(wallet)): ...\n"
    )
    assert route(linked({"app.py": text}), "GET", "/").authenticated is True


def test_starlette_s_own_decorator_guards(linked: Linked) -> None:
    text = "from fastapi import FastAPI\nfrom starlette.authentication import requires\napp = FastAPI()\n"
    text += "@app.get('/')\n@requires('admin')\ndef f(request): ...\n"
    found = route(linked({"app.py": text}), "GET", "/")
    assert (found.authenticated, found.guards[0].needs) == (True, ("admin",))


@pytest.mark.parametrize(
    ("body", "listed", "created"),
    [
        ("if self.action == 'list':\n            return [AllowAny()]\n        return [IsAuthenticated()]", False, True),
        ("if self.action in ('create', 'x'):\n            classes = [IsAuthenticated]\n        else:\n            classes = [AllowAny]\n"
         "        return [one() for one in classes]", False, True),
        ("if self.action == 'list':\n            self.permission_classes = (AllowAny,)\n        return super().get_permissions()", False, True),
        ("if self.request.method in SAFE_METHODS:\n            return [AllowAny()]\n        return [IsAuthenticated()]", False, True),
        ("if not self.action == 'create':\n            return [AllowAny()]\n        return [one() for one in self.permission_classes]", False, True),
        ("if self.action == 'list' and found():\n            return [IsAuthenticated()]\n        return super().get_permissions()", True, True),
        ("if self.action == 'list' and found():\n            return [AllowAny()]\n        return super().get_permissions()", None, True),
        ("if found():\n            return [AllowAny()]\n        return [IsAuthenticated()]", None, None),
        ("for one in found():\n            return [AllowAny()]\n        return [one]", None, None),
    ],
)  # fmt: skip
def test_permissions_that_a_view_chooses_by_its_action(linked: Linked, body: str, listed: bool | None, created: bool | None) -> None:
    text = (
        "from rest_framework.permissions import AllowAny, IsAuthenticated, SAFE_METHODS\nfrom rest_framework.routers import SimpleRouter\n"
        "from rest_framework.viewsets import ModelViewSet\nREST_FRAMEWORK = {'DEFAULT_PERMISSION_CLASSES': ['rest_framework.permissions.IsAuthenticated']}\n"
        f"class V(ModelViewSet):\n    def get_permissions(self):\n        {body}\nrouter = SimpleRouter()\nrouter.register('v', V)\nurlpatterns = router.urls\n"
    )
    project = linked({"urls.py": text})
    assert (route(project, "GET", "/v/").authenticated, route(project, "POST", "/v/").authenticated) == (listed, created)


@pytest.mark.parametrize(
    ("pattern", "authenticated"),
    [
        ("path('', allauth.account.views.login)", False),
        ("path('', allauth.account.views.password_change)", None),
        ("path('', SpectacularAPIView.as_view())", False),
        ("path('', own(f))", True),
    ],
)
def test_views_and_decorators_of_libraries(linked: Linked, pattern: str, authenticated: bool | None) -> None:
    text = (
        "import allauth.account.views\nfrom django.contrib.auth.decorators import user_passes_test\nfrom django.urls import path\n"
        "from drf_spectacular.views import SpectacularAPIView\nown = user_passes_test(lambda user: user.is_staff)\ndef f(request): ...\n"
        f"urlpatterns = [{pattern}]\n"
    )
    assert {found.authenticated for found in linked({"urls.py": text}).routes} == {authenticated}


def test_ready_made_views_have_the_methods_of_their_library(linked: Linked) -> None:
    text = "from allauth.account import views\nfrom django.urls import path\nurlpatterns = [path('in', views.login), path('out', views.logout)]\n"
    assert {(one.method, one.path) for one in linked({"urls.py": text}).routes} == {
        *((method, "/in") for method in ("GET", "POST", "PUT")),
        *((method, "/out") for method in ("GET", "POST")),
    }


def test_a_schema_that_a_setting_closes_is_not_open(linked: Linked) -> None:
    text = (
        "from django.urls import path\nfrom drf_spectacular.views import SpectacularAPIView\nSPECTACULAR_SETTINGS = {'SERVE_PERMISSIONS': found()}\n"
        "urlpatterns = [path('', SpectacularAPIView.as_view())]\n"
    )
    (found,) = linked({"urls.py": text}).routes
    assert found.authenticated is None
