"""The map of routes: its shape, and which models a route touches."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from backend_lint.project import Project
from backend_lint.report.maps import render

Linked = Callable[[dict[str, str]], Project]


def entries(project: Project) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(render("routes", project, "json"))["routes"]
    return found


def test_a_route_has_every_name_of_the_stable_shape(sample: Callable[[str], Project]) -> None:
    found = next(entry for entry in entries(sample("fast")) if entry["path"] == "/health")
    assert found == {
        "method": "GET",
        "path": "/health",
        "handler": {"name": "health", "path": "shop/main.py", "line": 27},
        "guards": [],
        "authenticated": False,
        "request": None,
        "response": None,
        "reads": [],
        "writes": [],
        "needs": [],
        "limits": [],
        "registered": {"path": "shop/main.py", "line": 26},
        "framework": "fastapi",
    }


def test_a_generic_view_is_shown_at_its_class(sample: Callable[[str], Project]) -> None:
    found = next(entry for entry in entries(sample("django_app")) if (entry["method"], entry["path"]) == ("DELETE", "/api/v1/items/<name>/"))
    assert found["handler"] == {"name": "ItemViewSet.destroy", "path": "shop/views.py", "line": 22}
    assert (found["reads"], found["writes"]) == (["Item"], ["Item"])


def test_text_has_a_line_for_each_route(sample: Callable[[str], Project]) -> None:
    text = render("routes", sample("flask_app"), "text")
    routes = text.partition("\n\n")[0].splitlines()[1:]
    assert len([line for line in routes if not line.startswith("    ")]) == len(sample("flask_app").routes)


SQLALCHEMY = (
    "from fastapi import FastAPI\nfrom sqlalchemy import delete, select\nfrom sqlalchemy.orm import DeclarativeBase, Session\napp = FastAPI()\n"
    "class Base(DeclarativeBase): ...\nclass Order(Base):\n    __tablename__ = 'orders'\nclass Line(Base):\n    __tablename__ = 'lines'\n"
    "def helper(db: Session):\n    db.add(Line())\n@app.get('/')\ndef f(db: Session):\n    "
)
DJANGO = "from django.db import models\nfrom django.urls import path\nclass Order(models.Model): ...\nurlpatterns = [path('', f)]\ndef f(request):\n    "


@pytest.mark.parametrize(
    ("text", "reads", "writes"),
    [
        (SQLALCHEMY + "db.scalars(select(Order).where(Order.id == 1))", ["Order"], []),
        (SQLALCHEMY + "db.query(Order.id, Line).filter(x).all()", ["Line", "Order"], []),
        (SQLALCHEMY + "db.query(Order).filter(x).delete()", ["Order"], ["Order"]),
        (SQLALCHEMY + "helper(db)", [], ["Line"]),
        (SQLALCHEMY + "db.execute('select 1')", None, []),
        (SQLALCHEMY + "return {}", [], []),
        (DJANGO + "Order.objects.filter(x=1).first()", ["Order"], []),
        (DJANGO + "Order.objects.filter(x=1).update(x=2)", [], ["Order"]),
        (DJANGO + "Order(x=1).save()", [], ["Order"]),
    ],
)
def test_models_that_a_route_touches(linked: Linked, text: str, reads: list[str] | None, writes: list[str] | None) -> None:
    (found,) = entries(linked({"app.py": text + "\n"}))
    assert (found["reads"], found["writes"]) == (reads, writes)


FAST = (
    "from fastapi import Depends, FastAPI, HTTPException, Security\nfrom fastapi_limiter.depends import RateLimiter\nfrom slowapi import Limiter\n"
    "app = FastAPI()\nlimiter = Limiter(key_func=str)\ndef who():\n    raise HTTPException(401)\n"
    "def needs_role(*names):\n    def check():\n        raise HTTPException(403)\n    return check\n"
)
FLASK = (
    "from flask import Flask\nfrom flask_limiter import Limiter\nfrom flask_login import login_required\nfrom roles import roles_required\n"
    "app = Flask(__name__)\n"
)
REST = (
    "from django.urls import path\nfrom rest_framework.views import APIView\nfrom rest_framework.throttling import UserRateThrottle, ScopedRateThrottle\n"
    "REST_FRAMEWORK = {'DEFAULT_THROTTLE_CLASSES': ['rest_framework.throttling.AnonRateThrottle'],\n"
    "  'DEFAULT_THROTTLE_RATES': {'anon': '9/day', 'up': '3/min'}}\n"
)


@pytest.mark.parametrize(
    ("text", "needs", "rates"),
    [
        (FAST + "@app.get('/')\ndef f(u=Security(who, scopes=['items:read'])): ...", ["items:read"], []),
        (FAST + "@app.get('/', dependencies=[Depends(needs_role('admin', 'editor'))])\ndef f(): ...", ["admin", "editor"], []),
        (FAST + "@app.get('/', dependencies=[Depends(RateLimiter(times=2, seconds=5))])\ndef f(): ...", [], ["2/5 s"]),
        (FAST + "@app.get('/')\n@limiter.limit('5/minute')\ndef f(request): ...", [], ["5/minute"]),
        (FAST + "@app.get('/')\n@limiter.limit(asked())\ndef f(request): ...", [], [None]),
        (FLASK + "@app.route('/')\n@roles_required('admin')\ndef f(): ...", ["admin"], []),
        (FLASK + "Limiter(app=app, default_limits=['100/hour'])\n@app.route('/')\ndef f(): ...", [], ["100/hour"]),
        (FLASK + "@app.route('/')\n@login_required\ndef f(): ...", [], []),
        (REST + "class V(APIView):\n    def get(self, request): ...\nurlpatterns = [path('', V.as_view())]", [], ["9/day"]),
        (REST + "class V(APIView):\n    throttle_classes = [ScopedRateThrottle]\n    throttle_scope = 'up'\n"
         "    def get(self, request): ...\nurlpatterns = [path('', V.as_view())]", [], ["3/min"]),
        (REST + "class T(UserRateThrottle):\n    rate = '1/s'\nclass V(APIView):\n    throttle_classes = [T]\n"
         "    def get(self, request): ...\nurlpatterns = [path('', V.as_view())]", [], ["1/s"]),
        (
            "from django.contrib.auth.decorators import permission_required\nfrom django.urls import path\n"
            "@permission_required('shop.view_item', login_url='/in')\ndef f(request): ...\nurlpatterns = [path('', f)]",
            ["shop.view_item"],
            [],
        ),
    ],
)  # fmt: skip
def test_roles_and_limits_of_a_route(linked: Linked, text: str, needs: list[str], rates: list[str | None]) -> None:
    (found,) = entries(linked({"app.py": text + "\n"}))
    assert (found["needs"], [limit["rate"] for limit in found["limits"]]) == (needs, rates)


def test_a_limiter_guards_nobody(linked: Linked) -> None:
    text = FAST + "@app.get('/', dependencies=[Depends(RateLimiter(times=2, seconds=5))])\ndef f(): ...\n"
    (found,) = entries(linked({"app.py": text}))
    assert (found["guards"], found["authenticated"]) == ([], False)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("from fastapi import FastAPI\napp = FastAPI()\nfor one in found():\n    app.include_router(one)\n", "include_router(one): the router is not known"),
        ("from django.urls import include, path\nurlpatterns = [path('a/', include('allauth.urls'))]\n", "include('allauth.urls'): a library's, or not found"),
        (
            "from flask import Flask\napp = Flask(__name__)\nfor one in found():\n    app.register_blueprint(one)\n",
            "register_blueprint(one): what is registered is not known",
        ),
    ],
)  # fmt: skip
def test_registrations_that_are_not_understood_are_shown(linked: Linked, text: str, what: str) -> None:
    content = json.loads(render("routes", linked({"app.py": text}), "json"))
    assert [one["what"] for one in content["not_understood"]] == [what]


def test_the_page_holds_every_route_and_nothing_of_the_checked_code_as_markup(linked: Linked) -> None:
    text = "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/<script>alert(1)</script>')\ndef f(): ...\n@app.get('/b')\ndef g(): ...\n"
    page = render("routes", linked({"app.py": text}), "html")
    assert page.count("<tr>") == 3
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "://" not in page, "the page must not lead anywhere, let alone fetch"


def test_not_every_map_is_a_page(linked: Linked) -> None:
    with pytest.raises(KeyError):
        render("config", linked({"app.py": "x = 1\n"}), "html")


def test_a_router_that_is_imported_by_name_is_not_understood(linked: Linked) -> None:
    code = (
        "from importlib import import_module\nfrom fastapi import FastAPI\napp = FastAPI()\n"
        "for name in ('a', 'b'):\n    app.include_router(import_module(f'routers.{name}').router)\n"
    )
    unread = json.loads(render("routes", linked({"app.py": code}), "json"))["not_understood"]
    assert [one["line"] for one in unread] == [5], "routes behind a router that is imported by name are missing, and nobody says so"
