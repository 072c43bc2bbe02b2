"""What the samples cannot say of the family `resilience`: its options, its severities, what it counts as unknown, and edits of odd calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import libcst
import pytest

from backend_lint.config import Settings
from backend_lint.engine.result import Result
from backend_lint.engine.run import run
from backend_lint.project.call_edits import with_keyword
from backend_lint.registry import Registry

REGISTRY = Registry.load(entry_points=False)


def check(root: Path, text: str, rule: str, path: str = "app/sample.py", options: dict[str, Any] | None = None) -> Result:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    settings = Settings(root=root, profile="all", cache=False, jobs=1, select=(rule,), rule_options={rule: options} if options else {})
    return run(settings, REGISTRY)


def severities(result: Result) -> list[str]:
    return [one.finding.severity.value for one in result.findings]


PROCESS = "import subprocess\n\n\ndef version():\n    return subprocess.run(['git', 'describe'], check=True)\n"
JOB = "from minio import Minio\n\n\ndef storage():\n    return Minio('storage.example')\n"
STORAGE = JOB + "\n\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\ndef page():\n    return storage().bucket_exists('shop')\n"
REQUEST = "import requests\n\n\ndef page():\n    requests.get('https://peer.example').raise_for_status()\n"
OPTIONS = "import requests\n\n\ndef page(options):\n    requests.get('https://peer.example', **options).raise_for_status()\n"
RULE = "outbound-call-without-timeout"


LOCKED = """\
import asyncio

import httpx
from fastapi import FastAPI

app = FastAPI()
lock = asyncio.Lock()
client = httpx.AsyncClient()


async def rate():
    return (await client.get("https://rates.example")).raise_for_status().json()


@app.get("/rates")
async def rates():
    async with lock:
        return await rate()


@app.get("/sum")
async def total():
    found = await rate()
    async with lock:
        return sum(found)
"""


def test_async_locks_around_other_services_are_reported_if_asked_for(tmp_path: Path) -> None:
    assert not severities(check(tmp_path, LOCKED, "lock-held-across-await"))
    (found,) = check(tmp_path, LOCKED, "lock-held-across-await", options={"async-locks": True}).findings
    assert (found.finding.symbol, found.finding.line, found.finding.severity) == ("rates", 17, "warning")
    assert [one.line for one in found.finding.evidence][-1] == 12


@pytest.mark.parametrize(
    ("made", "found"), [("asyncio.Queue()", 1), ("queue.Queue(maxsize=0)", 1), ("asyncio.Queue(10)", 0), ("asyncio.Queue(size())", 0), ("mine.Queue()", 0)]
)
def test_queues_without_a_size_are_reported_if_asked_for(tmp_path: Path, made: str, found: int) -> None:
    text = f"import asyncio\nimport queue\n\nimport mine\nfrom mine import size\n\nwaiting = {made}\n"
    assert not severities(check(tmp_path, text, "unbounded-concurrency"))
    assert severities(check(tmp_path, text, "unbounded-concurrency", options={"queues": True})) == ["info"] * found


class TestTimeouts:
    def test_processes_are_left_out_unless_asked_for(self, tmp_path: Path) -> None:
        assert not severities(check(tmp_path, PROCESS, RULE))
        assert severities(check(tmp_path, PROCESS, RULE, options={"peers": ("process",)})) == ["warning"]

    @pytest.mark.parametrize(
        ("made", "found"),
        [
            ("redis.from_url('redis://cache')", 1),
            ("redis.from_url('redis://cache', socket_timeout=3)", 0),
            ("redis.from_url('redis://cache?socket_timeout=3')", 0),
            ("redis.asyncio.Redis(host='cache')", 1),
            ("pymongo.MongoClient('db')", 1),
            ("pymongo.MongoClient('db', socketTimeoutMS=300)", 0),
            ("psycopg2.connect(host='db')", 1),
            ("psycopg2.connect('host=db connect_timeout=3')", 0),
        ],
    )
    def test_stores_are_left_out_unless_asked_for(self, tmp_path: Path, made: str, found: int) -> None:
        text = f"import psycopg2\nimport pymongo\nimport redis\nimport redis.asyncio\n\n\ndef store():\n    return {made}\n"
        assert not severities(check(tmp_path, text, RULE))
        assert len(severities(check(tmp_path, text, RULE, options={"peers": ("store",)}))) == found

    def test_long_default_of_a_library_is_said_softly(self, tmp_path: Path) -> None:
        assert severities(check(tmp_path, STORAGE, RULE)) == ["info"]

    def test_job_may_wait_as_long_as_the_library_does(self, tmp_path: Path) -> None:
        assert not severities(check(tmp_path, JOB, RULE))

    def test_longest_default_is_a_choice(self, tmp_path: Path) -> None:
        assert not severities(check(tmp_path, STORAGE, RULE, options={"longest-default": 300.0}))

    @pytest.mark.parametrize(("path", "severity"), [("app/sample.py", "warning"), ("app/management/commands/fetch.py", "info")])
    def test_command_waits_for_one_person_only(self, tmp_path: Path, path: str, severity: str) -> None:
        assert severities(check(tmp_path, REQUEST, RULE, path)) == [severity]

    def test_script_is_started_by_hand(self, tmp_path: Path) -> None:
        assert severities(check(tmp_path, REQUEST + "\n\nif __name__ == '__main__':\n    page()\n", RULE)) == ["info"]

    def test_tests_may_wait(self, tmp_path: Path) -> None:
        assert not severities(check(tmp_path, REQUEST, RULE, "tests/test_page.py"))

    def test_options_that_cannot_be_seen_are_counted_as_unknown(self, tmp_path: Path) -> None:
        result = check(tmp_path, OPTIONS, RULE)
        assert not result.findings
        assert result.unknown == {RULE: 1}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()", "f(timeout=10)"),
        ("f(a)", "f(a, timeout=10)"),
        ("f(a, )", "f(a, timeout=10, )"),
        ("f(timeout=None, a=1)", "f(timeout=10, a=1)"),
        ("f(a, **options)", "f(a, timeout=10, **options)"),
        ("f(*a)", "f(*a, timeout=10)"),
        ("f(\n    a,\n    b\n)", "f(\n    a,\n    b,\n    timeout=10\n)"),
    ],
)
def test_keyword_is_added_in_the_layout_of_the_call(before: str, after: str) -> None:
    call = libcst.parse_expression(before)
    assert isinstance(call, libcst.Call)
    assert libcst.Module([]).code_for_node(with_keyword(call, "timeout", "10")) == after
