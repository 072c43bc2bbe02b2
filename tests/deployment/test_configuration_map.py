"""Environment variables: every way Python reads them, joined with where they are declared; no secret leaves."""

from __future__ import annotations

import json

import pytest
from manifests import project

from backend_lint.report.maps import render


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os\na = os.environ['A']\n", [("A", 2, None, True)]),
        ("import os\na = {'k': [os.environ['A']]}\n", [("A", 2, None, True)]),
        ("import os\ndef f():\n    return g(f\"{os.environ['A']}/x\")\n", [("A", 3, None, True)]),
        ("import os\na = os.getenv('A', 'x')\n", [("A", 2, "x", False)]),
        ("import os\na = int(os.environ.get('A', default='3'))\n", [("A", 2, "3", False)]),
        ("from os import environ as e, getenv as g\na = e.get('A')\nb = g('B')\nc = e['C']\n",
         [("A", 2, None, False), ("B", 3, None, False), ("C", 4, None, True)]),
        ("import os\nif 'A' in os.environ:\n    pass\n", [("A", 2, None, False)]),
        ("import os\ndef f(name):\n    return os.environ[name]\n", []),
        ("import os\nos.environ['A'] = '1'\n", []),
        ("environ = {}\na = environ['A']\nb = environ.get('B')\n", []),
        ("import environ\nenv = environ.Env(A=(bool, False))\na = env('A')\nb = env.int('B', default=4)\nc = env.db()\n",
         [("A", 3, "False", False), ("B", 4, "4", False), ("DATABASE_URL", 5, None, True)]),
        ("from environs import Env\nenv = Env()\nenv.read_env('x')\na = env.str('A', 'x')\n", [("A", 4, "x", False)]),
        ("from decouple import config\na = config('A', cast=int)\nb = config('B', default=1)\n", [("A", 2, None, True), ("B", 3, "1", False)]),
        ("from starlette.config import Config\nconfig = Config('.env')\na = config('A', cast=bool, default=False)\n", [("A", 3, "False", False)]),
        ("import click\n@click.option('--a', envvar='A')\ndef f(a): ...\n", [("A", 2, None, False)]),
    ],
)  # fmt: skip
def test_read_is_found_with_its_default(code: str, expected: list[tuple[str, int, str | None, bool]]) -> None:
    assert [(read.name, read.line, read.default, read.required) for read in project({"a.py": code}).configuration.reads] == expected


def test_reader_object_is_followed_through_imports() -> None:
    files = {"shop/__init__.py": "", "shop/env.py": "import environ\nenv = environ.Env()\n", "shop/settings.py": "from shop.env import env\nA = env('A')\n"}
    relative = {**files, "shop/settings.py": "from .env import env\nA = env('A')\n"}
    for case in (files, relative):
        assert [(read.name, read.path) for read in project(case).configuration.reads] == [("A", "shop/settings.py")]


def test_fields_of_pydantic_settings_are_reads_with_prefix_and_alias() -> None:
    code = """\
from typing import ClassVar
from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

class Base(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")
    host: str
    pool: int = 5
    kind: ClassVar[str] = "x"
    url: str = Field(..., alias="DATABASE_URL")
    key: str | None = Field(None, validation_alias=AliasChoices("KEY_A", "KEY_B"))

class Child(Base):
    port: int = 80

class Old(BaseSettings):
    name: str = "n"
    class Config:
        env_prefix = "old_"

class Plain:
    other: int = 1
"""
    reads = [(read.name, read.default, read.required) for read in project({"a.py": code}).configuration.reads]
    assert reads == [
        ("DATABASE_URL", None, True),
        ("KEY_A", None, False),
        ("KEY_B", None, False),
        ("OLD_NAME", "n", False),
        ("SHOP_HOST", None, True),
        ("SHOP_POOL", "5", False),
        ("SHOP_PORT", "80", False),
    ]


FILES = {
    "app.py": "import os\nkey = os.environ['SECRET_KEY']\nurl = os.getenv('DATABASE_URL', 'postgres://a:hunter2@localhost/x')\n"
    "token = os.getenv('API_TOKEN', 'hunter2')\n",
    ".env.example": "SECRET_KEY=hunter2\nUNREAD=1\nOTHER=AKIAABCDEFGHIJKLMNOP\n",
    "Procfile": "web: gunicorn app:app --timeout 20\nworker: redis-server --requirepass hunter2\n",
}


def test_json_map_joins_reads_and_declarations() -> None:
    content = json.loads(render("config", project(FILES), "json"))
    assert list(content) == ["variables", "processes", "deadlines"]
    by_name = {entry["name"]: entry for entry in content["variables"]}
    assert list(by_name) == ["API_TOKEN", "DATABASE_URL", "OTHER", "SECRET_KEY", "UNREAD"]
    assert by_name["SECRET_KEY"] == {
        "name": "SECRET_KEY",
        "reads": [{"path": "app.py", "line": 2, "default": None, "required": True}],
        "declared": [{"path": ".env.example", "line": 1, "value": "***", "source": "dotenv", "unit": ""}],
    }
    assert by_name["DATABASE_URL"]["reads"][0]["default"] == "postgres://a:***@localhost/x"
    assert by_name["UNREAD"]["reads"] == []
    assert [(entry["program"], entry["line"]) for entry in content["processes"]] == [("gunicorn", 1), ("redis-server", 2)]
    assert content["deadlines"] == [
        {"path": "Procfile", "line": 1, "kind": "gunicorn-worker", "bounds": "request", "seconds": 20.0, "unit": "web", "origin": "written"},
    ]


@pytest.mark.parametrize("format_", ["text", "json"])
def test_no_secret_and_no_control_character_leaves(format_: str) -> None:
    shown = render("config", project({**FILES, "vercel.json": '{"env": {"X": "\\u001b[31m"}}'}), format_)
    assert "hunter2" not in shown
    assert "ABCDEFGHIJKLMNOP" not in shown
    assert "\x1b" not in shown


def test_calls_map_names_targets_and_effects() -> None:
    files = {"a.py": "import requests\n\ndef fetch():\n    return requests.get('https://x.io', timeout=1)\n\ndef outer():\n    return fetch()\n"}
    functions = {entry["name"]: entry for entry in json.loads(render("calls", project(files), "json"))["functions"]}
    assert functions["outer"]["calls"] == [{"name": "fetch", "path": "a.py", "line": 7, "target_line": 3}]
    assert "http" in functions["outer"]["effects"]
    assert functions["fetch"]["calls"][0]["path"] is None


def test_routes_map_names_handler_and_guards() -> None:
    files = {"a.py": "from fastapi import Depends, FastAPI\napp = FastAPI()\n\ndef user(): ...\n\n@app.get('/x/{n}')\ndef show(n, who=Depends(user)): ...\n"}
    (route,) = json.loads(render("routes", project(files), "json"))["routes"]
    assert (route["method"], route["path"], route["handler"]) == ("GET", "/x/{n}", {"name": "show", "path": "a.py", "line": 7})
    assert "/x/{n}  a.py:7 show" in render("routes", project(files), "text")
