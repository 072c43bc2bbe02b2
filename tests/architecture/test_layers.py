"""Layers and shapes: one that is seen where there is none accuses everybody, and one that is missed leaves the family silent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import samples

from backend_lint.config import ConfigError, Settings
from backend_lint.config_load import Request, load
from backend_lint.engine.architecture_plan import plan_of, verify_plan
from backend_lint.engine.run import check_contents, link_contents
from backend_lint.project.architecture import Architecture, Shape
from backend_lint.report import pictures
from backend_lint.report.maps import render

VIEW = "from flask import jsonify\n"


def project(files: dict[str, str]) -> Architecture:
    return link_contents(Settings(root=Path("/nowhere"), cache=False), {path: text.encode() for path, text in files.items()}).architecture


def layers_of(found: Architecture) -> dict[str, str]:
    return {found.graph.names[path]: str(place.layer) for path, place in found.layers.places.items()}


def packages(*folders: str) -> dict[str, str]:
    return {f"{folder}/__init__.py": "" for folder in folders}


CLEAN = {
    **packages("shop", "shop/domain", "shop/service_layer", "shop/adapters", "shop/entrypoints"),
    "shop/domain/model.py": "",
    "shop/service_layer/handlers.py": "from shop.domain import model\n",
    "shop/adapters/store.py": "from shop.domain import model\n",
    "shop/entrypoints/app.py": VIEW + "from shop.service_layer import handlers\n",
}
DJANGO = {
    "manage.py": "",
    **packages("orders", "orders/migrations", "stock"),
    "orders/models.py": "",
    "orders/views.py": "from django.shortcuts import render\nfrom orders.models import x\n",
    "stock/apps.py": "from django.apps import AppConfig\nclass StockConfig(AppConfig):\n    name = 'stock'\n",
    "stock/models.py": "",
    "stock/views.py": "from django.shortcuts import render\n",
}
FEATURES = {"shop/__init__.py": ""}
for _name in ("orders", "stock", "prices", "users", "carts"):
    FEATURES |= {f"shop/{_name}/__init__.py": "", f"shop/{_name}/models.py": "", f"shop/{_name}/service.py": f"from shop.{_name}.models import x\n"}
    FEATURES[f"shop/{_name}/router.py"] = f"from fastapi import APIRouter\nfrom shop.{_name} import service\n"
LAYERED = {
    **packages("app", "app/routes", "app/services"),
    "app/routes/orders.py": VIEW + "from app.services import orders\n",
    "app/services/orders.py": "",
}
MVC = {
    **packages("app", "app/views", "app/models"),
    "app/views/a.py": VIEW + "from app.models import a\n",
    "app/models/a.py": "",
    "app/templates/a.html": "<p>",
}
SHARED = {f"shop/{name}/{file}.py": "" for name in ("orders", "stock", "prices", "users", "carts") for file in ("service", "repository")}
SHARED |= {path.replace("service", "endpoints"): "from fastapi import APIRouter\n" for path in SHARED if path.endswith("service.py")}
SHARED |= {f"shop/{name}/service.py": "" for name in "abcdefgh"} | {f"shop/models/m{number}.py": "" for number in range(40)}
HEXAGONS: dict[str, str] = {}
for _name in ("orders", "stock"):
    HEXAGONS |= {f"shop/{_name}/models.py": "", f"shop/{_name}/core.py": f"from shop.{_name} import models\n"}
    HEXAGONS |= {f"shop/{_name}/orm.py": f"from shop.{_name} import models\n", f"shop/{_name}/db.py": f"from shop.{_name} import models, orm\n"}
    HEXAGONS |= {f"shop/{_name}/blueprints.py": f"from sanic import Blueprint\nfrom shop.{_name} import core, models\n"}
FLAT = {"main.py": "from fastapi import FastAPI\nfrom database import x\n", "database.py": ""}


@pytest.mark.parametrize(
    ("files", "shape"),
    [
        (CLEAN, Shape.CLEAN),
        (DJANGO, Shape.DJANGO),
        (FEATURES, Shape.SLICES),
        (SHARED, Shape.SLICES),
        (HEXAGONS, Shape.CLEAN),
        (LAYERED, Shape.LAYERED),
        (MVC, Shape.MVC),
        (FLAT, Shape.FLAT),
        ({"tool.py": "import json\n"}, Shape.NONE),
    ],
)
def test_shape_is_recognised_with_what_shows_it(files: dict[str, str], shape: Shape) -> None:
    found = project(files).recognised
    assert found.shape is shape, found.evidence
    assert all(found.evidence)


def test_a_domain_that_knows_its_adapters_is_no_clean_architecture() -> None:
    files = {**CLEAN, "shop/domain/order.py": "from shop.adapters import store\nfrom shop.service_layer import handlers\nfrom shop.entrypoints import app\n"}
    assert project(files).recognised.shape is Shape.LAYERED


def test_a_domain_of_functions_over_the_models_lies_above_them() -> None:
    files = {
        **packages("shop", "shop/orders", "shop/orders/models", "shop/orders/domain", "shop/orders/views"),
        "shop/orders/models/order.py": "",
        "shop/orders/domain/place.py": "from shop.orders.models import order\n",
        "shop/orders/views/place.py": VIEW + "from shop.orders.domain import place\n",
    }
    assert [str(one) for one in project(files).layers.order] == ["models", "domain", "entry"]
    assert [str(one) for one in project(CLEAN).layers.order] == ["domain", "adapters", "services", "entry"]


def test_modules_stand_in_the_layer_that_their_folder_names() -> None:
    assert layers_of(project(CLEAN))["shop.service_layer.handlers"] == "services"
    assert layers_of(project(FEATURES))["shop.orders.service"] == "services"
    assert layers_of(project(FLAT)) == {}


def test_models_beside_tables_are_the_domain() -> None:
    seats = layers_of(project(HEXAGONS))
    assert [seats[f"shop.orders.{file}"] for file in ("models", "core", "orm", "db", "blueprints")] == ["domain", "services", "models", "persistence", "entry"]
    assert "shop.core" not in layers_of(project({**FEATURES, "shop/core.py": ""})), "such a file means something else outside of a feature with layers"


def test_a_folder_api_that_is_the_whole_backend_is_no_layer() -> None:
    files = {**packages("api", "api/services", "api/routes"), "api/services/a.py": "", "api/routes/a.py": VIEW + "from api.services import a\n"}
    assert layers_of(project(files))["api.services.a"] == "services"


def test_a_feature_that_is_called_like_a_layer_is_a_feature() -> None:
    files = {**FEATURES, "shop/endpoints/__init__.py": "", "shop/endpoints/models.py": "", "shop/endpoints/service.py": ""}
    assert layers_of(project(files))["shop.endpoints.service"] == "services"


def test_what_a_folder_name_means_in_most_features_it_means_in_all() -> None:
    files = {f"shop/{name}/models.py": "" for name in "abcd"} | {f"shop/{name}/api/calls.py": VIEW for name in "abc"}
    files["shop/d/api/calls.py"] = "import json\n"
    assert layers_of(project(files))["shop.d.api.calls"] == "entry"
    assert "shop.d.api.calls" not in layers_of(project({path: text.replace(VIEW, "") for path, text in files.items()} | {"shop/views.py": VIEW}))


def test_a_file_in_a_folder_that_is_no_layer_may_be_called_like_one() -> None:
    files = {f"shop/{name}/{file}.py": "" for name in ("a", "b", "c", "web") for file in ("models", "x", "y", "z", "q")}
    files |= {f"shop/{name}/views.py": VIEW for name in ("a", "b", "c", "web")}
    del files["shop/web/models.py"]
    assert layers_of(project(files))["shop.web.views"] == "entry"
    assert "shop.web.x" not in layers_of(project(files))


def test_a_folder_web_without_web_framework_is_no_layer() -> None:
    files = {**packages("app", "app/web", "app/services"), "app/web/scrape.py": "import re\n", "app/services/a.py": "from app.web import scrape\n"}
    assert layers_of(project(files)) == {}


def test_only_imports_of_what_answers_requests_are_sure() -> None:
    routes = {f"app/routes/r{number}.py": VIEW + "from app.services import orders\n" for number in range(30)}
    route = "from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('/orders')\ndef orders():\n    return []\n"
    files = {**LAYERED, **routes, "app/routes/answers.py": route, "app/routes/shapes.py": "SIZE = 1\n"}
    files["app/services/orders.py"] = "from app.routes.answers import orders\nfrom app.routes.shapes import SIZE\n"
    contents = {path: text.encode() for path, text in files.items()}
    for profile, lines in (("default", [1]), ("strict", [1, 2])):
        settings = Settings(root=Path("/nowhere"), cache=False, jobs=1, profile=profile)
        found = check_contents(settings, samples.registry(), contents)[1].findings
        assert [one.line for one in found if one.rule == "layer-import-violation"] == lines, profile


def test_our_own_floors_are_checked_by_the_rule() -> None:
    settings = load(Request(cwd=samples.TREE)).settings
    folders = ("backend_lint", "rules")
    contents = {path.relative_to(samples.TREE).as_posix(): path.read_bytes() for folder in folders for path in (samples.TREE / folder).rglob("*.py")}
    asked = Settings(root=samples.TREE, select=("declared-layer-violation",), layers=settings.layers, cache=False, jobs=1)
    assert settings.layers
    assert not check_contents(asked, samples.registry(), contents)[1].findings
    contents["backend_lint/duration.py"] = b"from backend_lint.engine import run\n"
    found = check_contents(asked, samples.registry(), contents)[1].findings
    assert [(one.path, one.line) for one in found] == [("backend_lint/duration.py", 1)]


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        ((("services", ("shop.service_layers",)),), "layers.services: no module 'shop.service_layers' in this project; did you mean 'shop.service_layer'?"),
        ((("low", ("shop.domain",)), ("high", ("shop.domain",))), "layers.high: 'shop.domain' is in layer 'low' as well"),
    ],
)
def test_layers_that_do_not_fit_the_project_are_an_error(layers: tuple[tuple[str, tuple[str, ...]], ...], reason: str) -> None:
    settings = Settings(root=Path("/nowhere"), cache=False, layers=layers)
    model = link_contents(settings, {path: text.encode() for path, text in CLEAN.items()})
    with pytest.raises(ConfigError) as raised:
        verify_plan(model, plan_of(settings)[0])
    assert reason in str(raised.value)


@pytest.mark.parametrize("format_", ["text", "json", "mermaid", "html"])
def test_picture_shows_layers_and_marks_what_is_wrong(format_: str) -> None:
    files = {
        **LAYERED,
        **{f"app/routes/r{number}.py": VIEW + "from app.services import orders\n" for number in range(20)},
        "app/services/orders.py": "import app.routes.r1\n",
    }
    model = link_contents(Settings(root=Path("/nowhere"), cache=False), {path: text.encode() for path, text in files.items()})
    shown = render("layers", model, format_)
    assert "app.services" in shown and "app.routes" in shown
    marked = {"text": "points outward", "json": '"forbidden": true', "mermaid": "linkStyle", "html": 'class="bad"'}[format_]
    assert marked in shown
    assert marked not in render("layers", link_contents(Settings(root=Path("/nowhere"), cache=False), {k: v.encode() for k, v in LAYERED.items()}), format_)


def test_large_picture_holds_all_that_is_drawn_and_leads_arrows_past_boxes() -> None:
    names = [f"package{number}" for number in range(70)]
    boxes = [pictures.Box(name, f"row{number // 30}", "database-read, database-write, http, queue, mail") for number, name in enumerate(names)]
    lines = [pictures.Line(one, other, 1, "part of a cycle" if number == 3 else "") for one in names for number, other in enumerate(names[::7]) if one != other]
    drawn = pictures.page("Layers", ["<b>"], boxes, lines, ["row0", "row1", "row2"])
    found = re.search(r'viewBox="0 0 (\d+) (\d+)"', drawn)
    assert found is not None and "<b>" not in drawn
    courses = [[tuple(map(int, point.split(","))) for point in re.findall(r"-?\d+,-?\d+", course)] for course in re.findall(r' d="(M[^"]+)"', drawn)]
    points = [point for course in courses for point in course]
    assert len(courses) > 600
    assert all(0 <= x <= int(found[1]) and 0 <= y <= int(found[2]) for x, y in points), "arrows are cut off at the edge of the picture"
    assert not [course for course in courses if course[0][0] == course[-1][0] == course[1][0] and abs(course[0][1] - course[-1][1]) > 150], "behind boxes"
    assert '<svg viewBox' in drawn and 'class="drawing many"' in drawn, "so many arrows are pale"


@pytest.mark.parametrize("format_", ["text", "json", "mermaid", "html"])
def test_picture_of_calls_shows_effects_and_packages_that_call_each_other(format_: str) -> None:
    files = {
        **packages("app", "app/orders", "app/billing"),
        "app/orders/place.py": "import requests\nfrom app.billing import charge\nclass Placer:\n    def place(self):\n        requests.get('/')\n"
        "        charge.charge()\ndef later():\n    pass\n",
        "app/billing/charge.py": "def charge():\n    from app.orders import place\n    place.later()\n",
    }
    shown = render("calls", link_contents(Settings(root=Path("/nowhere"), cache=False), {k: v.encode() for k, v in files.items()}), format_)
    assert "http" in shown and "app.orders" in shown
    assert {"text": "both ways", "json": '"cycle": true', "mermaid": "linkStyle", "html": 'class="bad"'}[format_] in shown
