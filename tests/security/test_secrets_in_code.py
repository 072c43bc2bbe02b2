"""Secrets in the code: which values are taken for one, and that none is shown by any report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backend_lint.engine.redact import redact, without_strings
from backend_lint.project.authentication.secrets_in_code import entropy, is_random_secret, kind_of

SECRET = "pL9x2Qw8Zr4tVb1n"
CODE = f"""import os

import jwt

api_key = "{SECRET}"
LOGIN = {{"id": "a", "kind": 1, "password": "{SECRET}"}}
TOKEN = os.getenv("TOKEN", "{SECRET}")
SECRET_KEY = os.getenv("SECRET_KEY", "{SECRET}")
client = connect("a", secret=(
    "{SECRET}"
))


def token(claims):
    return jwt.encode(claims, "{SECRET}", algorithm="HS256")
"""


@pytest.mark.parametrize("form", ["text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown"])
def test_no_report_shows_a_secret(form: str, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "service.py").write_text(CODE, encoding="utf-8")
    command = [sys.executable, "-m", "backend_lint", "check", "--isolated", "--no-cache", "--exit-zero", "--profile", "all", "--format", form, str(tmp_path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "hardcoded-secret" in out and "hardcoded-signing-key" in out
    assert SECRET not in out


@pytest.mark.parametrize(
    "value",
    [
        "AKIA" + "QWZ7M3KD5PLX2RTB",
        "ghp_" + "a8Kd93jfLq0ZxMv72nBtRy5uWc1eHs4GpTi6",
        "glpat-" + "x7Kd93jfLq0ZxMv72nBt",
        "xoxb-" + "294857103948-kd93jfLq0ZxMv72nBtRy",
        "sk_live_" + "51Hq8ZkLmW2x9vTt4Rb7cY",
        "SG." + "kd93jfLq0ZxMv72nBtRy5u." + "Wc1eHs4GpTi6kd93jfLq0ZxMv72nBtRy5uWc1eHs4Gp",
        "hf_" + "kdXjfLqZxMvnBtRyuWceHsGpTiQwErTyUi",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx7Vb1nQw8Zr4tpL9x2Qw8Zr4tVb1nQw8Zr4t",
    ],
)
def test_key_of_a_provider_is_known_by_its_form(value: str) -> None:
    assert kind_of(value)
    assert "PRIVATE KEY" in value or value not in redact(f"call({value!r})"), "what is reported as a secret is hidden wherever it is shown"


@pytest.mark.parametrize(
    "value",
    ["AKIAIOSFODNN7EXAMPLE", "ghp_" + "x" * 36, "sk_live_" + "0" * 24, "sk_test_51Hq8ZkLmW2x9vTt4Rb7cY", "-----BEGIN PUBLIC KEY-----\n" + "A" * 60],
)
def test_example_of_a_key_is_no_key(value: str) -> None:
    assert not kind_of(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api_key", "please-change-this-1"),
        ("password", "correct horse battery staple"),
        ("token", "shop.tokens.Backend2"),
        ("secret", "2024-06-01T12:00:00"),
        ("api_key", "${SHOP_API_KEY_2024}"),
        ("csrf_token", SECRET),
        ("public_key", SECRET),
        ("token_url", SECRET),
        ("monkey", SECRET),
        ("password", "aaaaaaaaaaaaaaa1"),
    ],
)
def test_what_is_no_secret(name: str, value: str) -> None:
    assert not is_random_secret(name, value)


def test_entropy_is_that_of_a_sign() -> None:
    assert entropy("ab" * 8) == 1.0
    assert entropy("0123456789abcdef") == 4.0


@pytest.mark.parametrize(
    "line", [f'call("a": b, "{SECRET}")', f"call('it''s', '{SECRET}')", f'KEY = b"{SECRET}" + ""', f'KEY = """{SECRET}', f"x = 'y{SECRET}"]
)
def test_strings_of_a_line_are_hidden(line: str) -> None:
    assert SECRET not in without_strings(line)
