"""What counts as code that production never runs."""

from __future__ import annotations

import pytest

from backend_lint.project.authentication.environments import for_development, named_for_development
from backend_lint.project.authentication.signing_keys import is_signing_key


@pytest.mark.parametrize("path", ["shop/settings/local.py", "config/dev.py", "shop/settings_test.py", "docker/devserver/app.py"])
def test_paths_for_development(path: str) -> None:
    assert for_development(path)


@pytest.mark.parametrize("path", ["shop/settings/base.py", "shop/settings.py", "contest/locale.py", "devices/api.py"])
def test_paths_of_production(path: str) -> None:
    assert not for_development(path)


@pytest.mark.parametrize(("name", "meant"), [("DevelopmentConfig", True), ("TestConfig", True), ("Config", False), ("ContestConfig", False)])
def test_classes(name: str, meant: bool) -> None:
    assert named_for_development(name) is meant


@pytest.mark.parametrize("name", ["SECRET_KEY", "DJANGO_SECRET_KEY", "jwt_secret", "JWT_SIGNING_KEY", "SESSION_SECRET", "secret_key"])
def test_names_of_signing_keys(name: str) -> None:
    assert is_signing_key(name)


@pytest.mark.parametrize("name", ["AWS_SECRET_KEY", "STRIPE_SECRET_KEY", "RECAPTCHA_SECRET_KEY", "CLIENT_SECRET", "SECRET_KEY_FILE", "KEY"])
def test_names_of_other_secrets(name: str) -> None:
    assert not is_signing_key(name)
