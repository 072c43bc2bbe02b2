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
    }


def test_a_generic_view_is_shown_at_its_class(sample: Callable[[str], Project]) -> None:
    found = next(entry for entry in entries(sample("django_app")) if (entry["method"], entry["path"]) == ("DELETE", "/api/v1/items/<name>/"))
    assert found["handler"] == {"name": "ItemViewSet.destroy", "path": "shop/views.py", "line": 22}
    assert (found["reads"], found["writes"]) == (["Item"], ["Item"])


def test_text_has_a_line_for_each_route(sample: Callable[[str], Project]) -> None:
    lines = render("routes", sample("flask_app"), "text").splitlines()
    assert len(lines) == len(sample("flask_app").routes) + 1


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
