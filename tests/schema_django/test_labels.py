"""The label that an application's configuration gives names its tables, wherever the configuration stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import read_project
from backend_lint.project import Project

OF_LIBRARY = """
from hub.plugin import HubPluginAppConfig


class ShopConfig(HubPluginAppConfig):
    name = "shop.app"
    label = "shop"
"""
NO_CONFIGURATION = OF_LIBRARY.replace("AppConfig", "Setup")
MODELS = """
from django.db import models


class Account(models.Model):
    name = models.CharField(max_length=40)
"""


@pytest.mark.parametrize(("text", "table"), [(OF_LIBRARY, "shop_account"), (NO_CONFIGURATION, "app_account")])
def test_a_configuration_in_the_package_itself(text: str, table: str, tmp_path: Path) -> None:
    folder = tmp_path / "shop" / "app"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("")
    (folder / "__init__.py").write_text(text)
    (folder / "models.py").write_text(MODELS)
    assert [mapped.table for mapped in Project.link(read_project(Settings(root=tmp_path, cache=False, jobs=1))).schema.mapped.values()] == [table]
