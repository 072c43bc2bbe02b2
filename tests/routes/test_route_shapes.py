"""Paths and methods of routes in the shapes that real projects register them in."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.project import Project
from backend_lint.readers import deployment, python

Linked = Callable[[dict[str, str]], Project]


def table(project: Project) -> set[tuple[str, str, str]]:
    return {(route.method, route.path, route.name) for route in project.routes}


# -- FastAPI ------------------------------------------------------------------------------------------


def test_an_application_is_found_behind_the_function_that_makes_it(linked: Linked) -> None:
    text = (
        "import os\nfrom fastapi import FastAPI\nCACHE: dict[str, FastAPI] = {}\n"
        "def make(health='/health') -> FastAPI:\n    if 'x' in CACHE:\n        return CACHE['x']\n    inner = FastAPI()\n"
        "    @inner.get(health)\n    def ok(): ...\n    return inner\n"
        "def main():\n    app = FastAPI()\n    inner = make()\n    if os.environ.get('BASE'):\n        app.mount(os.environ['BASE'], app=inner)\n"
        "    else:\n        app.mount('/api', app=inner)\n    return app\n"
    )
    assert table(linked({"app.py": text})) == {("GET", "/api/health", "make.<locals>.ok")}


@pytest.mark.parametrize(
    ("calls", "path"),
    [("make()", "/a"), ("make('/b')", "/b"), ("make('/b')\nmake('/c')", "{?}"), ("make(found())", "{?}")],
)
def test_a_parameter_is_what_all_callers_hand_in_or_its_default(linked: Linked, calls: str, path: str) -> None:
    text = f"from fastapi import FastAPI\ndef make(at='/a'):\n    app = FastAPI()\n    @app.get(at)\n    def f(): ...\n    return app\n{calls}\n"
    assert {route.path for route in linked({"app.py": text}).routes} == {path}


def test_texts_in_texts_are_followed(linked: Linked) -> None:
    text = "from fastapi import FastAPI\nV = 'v1'\nE = ''\nP = f\"/{f'{V}'}\"\napp = FastAPI()\n@app.get(f'{P}{E}/x')\ndef f(): ...\n"
    assert {route.path for route in linked({"app.py": text}).routes} == {"/v1/x"}


# -- Django -------------------------------------------------------------------------------------------

SETTINGS = "ROOT_URLCONF = 'urls'\nBASE = 'data'\nDEBUG = True\n"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("path(settings.BASE + '/x', f)", {("*", "/data/x", "f")}),
        ("path(settings.OTHER + '/x', f)", {("*", "/{?}/x", "f")}),
        ("path('x', lambda request: HttpResponse('a'))", {("*", "/x", "<lambda>")}),
        ("path('x', V().as_view())", {("GET", "/x", "V.get")}),
        ("path('x', S.as_view(actions={'post': 'run'}))", {("POST", "/x", "S.run")}),
    ],
)
def test_patterns_in_many_spellings(linked: Linked, pattern: str, found: set[tuple[str, str, str]]) -> None:
    text = (
        "from django.conf import settings\nfrom django.http import HttpResponse\nfrom django.urls import path\nfrom django.views import View\n"
        "from rest_framework.viewsets import ViewSet\n"
        "class V(View):\n    def get(self, request): ...\nclass S(ViewSet):\n    def run(self, request): ...\ndef f(request): ...\n"
        f"urlpatterns = [{pattern}]\n"
    )
    assert table(linked({"config/settings.py": SETTINGS, "urls.py": text})) == found


def test_settings_that_do_not_agree_are_not_known(linked: Linked) -> None:
    text = "from django.conf import settings\nfrom django.urls import path\ndef f(request): ...\nurlpatterns = [path(settings.BASE + '/x', f)]\n"
    other = SETTINGS.replace("'data'", "'other'")
    assert {route.path for route in linked({"one/settings.py": SETTINGS, "two/settings.py": other, "urls.py": text}).routes} == {"/{?}/x"}


# -- Flask and AppBuilder -----------------------------------------------------------------------------


def test_a_rule_that_flask_would_refuse_is_not_known(linked: Linked) -> None:
    text = "from flask import Blueprint\nbp = Blueprint('a', __name__, url_prefix='/a')\ndef f(): ...\nbp.add_url_rule('!/admin', 'f', f)\n"
    assert {route.path for route in linked({"app.py": text}).routes} == {"/a/{?}"}


APPBUILDER = (
    "from flask_appbuilder import AppBuilder, BaseView, IndexView, ModelRestApi, ModelView, expose\nappbuilder = AppBuilder()\n"
    "class Names:\n    LIST = 'list'\n    GET = 'get'\n    INFO = 'info'\n    SOME = {GET, INFO}\n"
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("class Api(ModelRestApi):\n    resource_name = 'item'\n    include_route_methods = Names.SOME | {'extra'}\n"
         "    @expose('/extra', methods=['POST'])\n    def extra(self): ...\n    @expose('/other')\n    def other(self): ...\nappbuilder.add_api(Api)",
         {("GET", "/api/v1/item/<int:pk>", "Api.get"), ("GET", "/api/v1/item/_info", "Api.info"), ("POST", "/api/v1/item/extra", "Api.extra")}),
        ("class Items(ModelView):\n    include_route_methods = Names.LIST\nappbuilder.add_view(Items, 'x')", {("GET", "/items/list/", "Items.list")}),
        ("class Items(ModelView):\n    route_base = '/i'\n    include_route_methods = {Names.LIST}\n    @expose('/all/')\n    def list(self): ...\n"
         "appbuilder.add_view(Items(), 'x')", {("GET", "/i/all/", "Items.list")}),
        ("class Start(IndexView): ...\nappbuilder.indexview = Start", {("GET", "/", "Start.index")}),
        ("class Unused(ModelView): ...", set()),
        ("class Base(ModelView):\n    include_route_methods = {'list'}\nclass Items(Base): ...\nappbuilder.add_view_no_menu(Items)",
         {("GET", "/items/list/", "Items.list")}),
        ("class Items(ModelView):\n    exclude_route_methods = {'list', 'show', 'add', 'edit', 'delete', 'download', 'action'}\n"
         "appbuilder.add_view(Items, 'x')", {("POST", "/items/action_post", "Items.action_post")}),
    ],
)  # fmt: skip
def test_what_classes_of_appbuilder_expose(linked: Linked, text: str, found: set[tuple[str, str, str]]) -> None:
    assert table(linked({"app.py": f"{APPBUILDER}{text}\n"})) == found


# -- Connexion ----------------------------------------------------------------------------------------

SPECIFICATION = """
openapi: "3.0.3"
servers:
  - url: https://example.org/base
security: []
paths:
  /items:
    get:
      operationId: shop.items.all
  /items/{item-id}/{n}:
    parameters:
      - $ref: "#/components/parameters/N"
    post:
      x-openapi-router-controller: shop.items
      operationId: one
      security: [{key: []}]
    delete:
      operationId: shop.items.gone
components:
  parameters:
    N: {name: n, in: path, schema: {type: integer}}
"""


def with_specification(call: str) -> Project:
    files = {
        "shop/__init__.py": "",
        "shop/items.py": "def all(): ...\ndef one(item_id, n): ...\n",
        "shop/app.py": f"import connexion\napp = connexion.FlaskApp(__name__)\n{call}\n",
    }
    readings = {}
    for path, text in files.items():
        file = SourceFile(path, Kind.PYTHON, Role.APPLICATION, len(text))
        readings[path] = (file, python.read(text.encode(), file))
    file = SourceFile("shop/api.yaml", Kind.YAML, Role.APPLICATION, len(SPECIFICATION))
    readings["shop/api.yaml"] = (file, deployment.read(SPECIFICATION.encode(), file))
    return Project.link(readings)


@pytest.mark.parametrize(
    ("call", "base"),
    [("app.add_api('api.yaml')", "/base"), ("app.add_api('api.yaml', base_path='/v2')", "/v2"), ("app.add_api('api.yaml', base_path=found())", "{?}")],
)
def test_operations_of_an_openapi_file_are_routes(call: str, base: str) -> None:
    project = with_specification(call)
    assert {(one.method, one.path.lstrip("/"), one.name, one.authenticated) for one in project.routes} == {
        ("GET", f"{base}/items".lstrip("/"), "all", False),
        ("POST", f"{base}/items/<item_id>/<int:n>".lstrip("/"), "one", True),
    }
    assert [what for _, _, what in project.routes.unread] == ["DELETE /items/{item-id}/{n}: shop.items.gone is not found"]


def test_a_contract_that_names_no_functions_is_no_table() -> None:
    text = SPECIFICATION.replace("shop.items.", "").replace("x-openapi-router-controller: shop.items", "summary: x")
    reading = deployment.read(text.encode(), SourceFile("api.yaml", Kind.YAML, Role.APPLICATION, len(text)))
    assert msgspec.msgpack.decode(reading.facts)[0] == ""
