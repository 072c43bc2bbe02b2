"""The place of an entry point is that of its function, wherever its route was registered: evidence that points elsewhere sends the reader astray."""

from __future__ import annotations

from pathlib import Path

from backend_lint.config import Settings
from backend_lint.engine.run import run
from backend_lint.registry import Registry

VIEWS = """import requests


def ask(number):
    return requests.get(f"https://stock.example/{number}").json()


def show(request, number):
    return ask(number)
"""
URLS = "\n".join(["from django.urls import path", "", "from shop import views", *[""] * 30, 'urlpatterns = [path("show/<int:number>", views.show)]', ""])


def test_a_route_of_another_file_is_placed_at_its_function(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    for name, text in {"__init__.py": "", "views.py": VIEWS, "urls.py": URLS}.items():
        (tmp_path / "shop" / name).write_text(text)
    settings = Settings(root=tmp_path, select=("outbound-call-without-timeout",), cache=False, jobs=1)
    (found,) = run(settings, Registry.load(entry_points=False)).findings
    assert "the request to `show` hangs" in found.finding.message
    assert [(one.path, one.line) for one in found.finding.evidence] == [("shop/views.py", 8)]
