"""Advice that fits its place, and defaults that are no wait for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import run
from backend_lint.registry import Registry

REGISTRY = Registry.load(entry_points=False)
CONNECT = """
import paramiko


def send(host):
    client = paramiko.SSHClient()
    client.connect(host, timeout=None)
"""
CHAIN = """
import requests
from fastapi import FastAPI

app = FastAPI()


class Rates:
    def __init__(self, name):
        self.value = requests.get("https://peer.example/" + name, timeout=5).json()


def rate(name):
    return requests.get("https://peer.example/" + name, timeout=5).json()


@app.get("/rate")
async def read_rate(name: str):
    await app.state.seen(name)
    return rate(name)


@app.get("/rates")
async def read_rates(name: str):
    await app.state.seen(name)
    return Rates(name).value


@app.get("/direct")
async def read_direct(name: str):
    await app.state.seen(name)
    return requests.get("https://peer.example/" + name, timeout=5).json()
"""
HELD = """
import httpx
from fastapi import Depends, FastAPI
from sqlalchemy import select
from sqlalchemy.SESSIONS import SESSION

app = FastAPI()
client = httpx.AsyncClient(timeout=30)


@app.get("/chat/{user}")
async def chat(user: int, db: SESSION = Depends()):
    WAITdb.execute(select(user))
    return (await client.post("https://peer.example")).json()
"""


def said(root: Path, text: str, rule: str) -> list[str]:
    (root / "app").mkdir(parents=True)
    (root / "app" / "sample.py").write_text(text)
    result = run(Settings(root=root, profile="all", cache=False, jobs=1), REGISTRY)
    return [one.finding.suggestion or one.finding.message for one in result.findings if one.finding.rule == rule]


def test_none_is_no_wait_for_ever_where_it_is_the_default(tmp_path: Path) -> None:
    assert not said(tmp_path / "none", CONNECT, "outbound-call-without-timeout")
    assert not said(tmp_path / "unset", CONNECT.replace(", timeout=None", ""), "outbound-call-without-timeout")


def test_the_plain_function_that_is_called_goes_to_a_thread(tmp_path: Path) -> None:
    assert said(tmp_path, CHAIN, "blocking-call-in-async") == [
        "await asyncio.to_thread(rate, ...)",
        "await asyncio.to_thread(Rates, ...)",
        "use httpx.AsyncClient, or await asyncio.to_thread(...)",
    ]


@pytest.mark.parametrize(
    ("package", "session", "wait", "advice"),
    [("ext.asyncio", "AsyncSession", "await ", "await db.commit()"), ("orm", "Session", "", "db.commit()")],
)
def test_only_async_sessions_are_awaited(tmp_path: Path, package: str, session: str, wait: str, advice: str) -> None:
    text = HELD.replace("SESSIONS", package).replace("SESSION", session).replace("WAIT", wait)
    assert said(tmp_path, text, "session-held-across-slow-await") == [advice]


POOL = """
import requests
from concurrent.futures import ThreadPoolExecutor

POOL = ThreadPoolExecutor()
OPEN = requests.get("https://peer.example/open")


def tell(name):
    POOL.submit(requests.post, "https://peer.example/" + name)
"""


def test_what_hangs_is_the_thread_of_a_pool_or_the_import(tmp_path: Path) -> None:
    (tmp_path / "peer.py").write_text(POOL)
    (tmp_path / "main.py").write_text("import peer\n\npeer.tell(\"a\")\n")
    result = run(Settings(root=tmp_path, cache=False, jobs=1, select=("outbound-call-without-timeout",)), REGISTRY)
    told = {one.finding.line: (str(one.finding.severity), one.finding.message) for one in result.findings}
    assert told[6][0] == "info"
    assert "what imports this module hangs as it starts" in told[6][1]
    assert "a thread of the pool hangs" in told[10][1]


CAUGHT = """
import urllib.request
from urllib.error import URLError

import requests
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def read(url: str):
    try:
        return {call}
    except {caught}:
        return {{}}
"""


@pytest.mark.parametrize(
    ("call", "caught", "advice"),
    [
        ("requests.get(url).json()", "(requests.exceptions.ConnectionError, ValueError)", "catch `requests.Timeout` beside `ConnectionError` in line 15"),
        ("requests.get(url).json()", "requests.RequestException", ""),
        ("requests.get(url).json()", "(requests.ConnectionError, OSError)", ""),
        ("requests.get(url).json()", "ValueError", ""),
        ("urllib.request.urlopen(url).read()", "URLError", "catch `TimeoutError` beside `URLError` in line 15"),
        ("urllib.request.urlopen(url).read()", "(URLError, TimeoutError)", ""),
    ],
)
def test_advice_says_what_the_code_around_has_to_catch_as_well(tmp_path: Path, call: str, caught: str, advice: str) -> None:
    (tmp_path / "api.py").write_text(CAUGHT.format(call=call, caught=caught))
    (found,) = run(Settings(root=tmp_path, select=("outbound-call-without-timeout",), cache=False, jobs=1), REGISTRY).findings
    assert advice in found.finding.message if advice else "catch" not in found.finding.message
