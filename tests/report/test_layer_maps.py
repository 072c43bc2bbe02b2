"""The map of layers: wrong arrows are told apart, and packages are measured for those who ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import samples

from backend_lint.engine.run import read_model
from backend_lint.report.maps import render

MODULES = {
    "shop/__init__.py": "",
    "shop/orders/__init__.py": "",
    "shop/orders/place.py": "from shop.billing import charge\n",
    "shop/billing/__init__.py": "",
    "shop/billing/charge.py": "from abc import ABC\n\nfrom shop.orders import place\n\n\nclass Gateway(ABC):\n    pass\n\n\nclass Card(Gateway):\n    pass\n",
    "shop/mail/__init__.py": "",
    "shop/mail/send.py": "from shop.billing import charge\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Any:
    root = Path(tmp_path_factory.mktemp("layers"))
    for name, text in MODULES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return read_model(samples.settings(root))[0]


def test_packages_are_measured_only_for_those_who_ask(project: Any) -> None:
    plain, measured = (json.loads(render("layers", project, "json", asked))["packages"] for asked in (False, True))
    assert {key for one in plain for key in one} == {"name", "layer", "modules"}
    billing = next(one for one in measured if one["name"] == "shop.billing")
    assert (billing["afferent"], billing["efferent"]) == (2, 1)
    assert billing["instability"] == pytest.approx(1 / 3)
    assert billing["abstractness"] == pytest.approx(1 / 2)
    assert billing["distance"] == pytest.approx(1 / 6)
    assert "instability" in render("layers", project, "text", True) and "instability" not in render("layers", project, "text")
    assert "Instability" in render("layers", project, "html", True) and "Instability" not in render("layers", project, "html")


def test_arrows_of_a_cycle_are_red_in_every_drawing(project: Any) -> None:
    wrong = {(one["from"], one["to"]) for one in json.loads(render("layers", project, "json"))["arrows"] if one["cycle"]}
    assert wrong == {("shop.orders", "shop.billing"), ("shop.billing", "shop.orders")}
    page = render("layers", project, "html")
    assert "<svg" in page and "part of a cycle" in page
    assert "stroke:" in render("layers", project, "mermaid")
