"""Files read elsewhere: in parts that CI jobs hand on, and on a Dask cluster. The report has the same bytes as that of one machine."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backend_lint.config import ConfigError
from backend_lint.engine import shards
from backend_lint.engine.discover import Candidate
from backend_lint.engine.executors import executor_at
from backend_lint.engine.read_file import not_read
from backend_lint.engine.shards import MAGIC, Shard
from backend_lint.engine.wire import decode_reading, encode_reading
from backend_lint.facts.file import Kind

HANDLER = """
import requests
from fastapi import APIRouter
from shop import helpers_{before}

router = APIRouter()


@router.get("/things/{number}")
async def thing_{number}(name: str):
    requests.get("https://{number}.example.com/" + name)
    return helpers_{before}.load_{before}(name)
"""
HELPER = """
import subprocess


def load_{number}(name):
    try:
        return subprocess.run(f"load {{name}}", shell=True)
    except Exception:
        pass
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "shop").mkdir()
    (root / "pyproject.toml").write_text("[tool.backend-lint]\nprofile = 'all'\n")
    (root / "shop" / "__init__.py").write_text("")
    for number in range(60):
        text = HANDLER.replace("{number}", str(number)).replace("{before}", str(max(number - 1, 0)))
        (root / "shop" / f"views_{number}.py").write_text(text + f"# {'x' * number * 40}\n")
        (root / "shop" / f"helpers_{number}.py").write_text(HELPER.replace("{number}", str(number)))
    (root / "shop" / "broken.py").write_text("def broken(:\n")
    (root / "shop" / "deep.py").write_text("x = " + "(" * 250 + ")" * 250 + "\n")
    return root


def call(root: Path, *arguments: str) -> tuple[int, bytes, str]:
    done = subprocess.run([sys.executable, "-m", "backend_lint", *arguments], cwd=root, capture_output=True, timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.fixture(scope="module")
def alone(project: Path) -> tuple[int, bytes, str]:
    answer = call(project, "check", "--no-cache", "--format", "json")
    assert answer[1].count(b'"rule"') > 100, "the project is to have findings that join files"
    return answer


def parts(project: Path, folder: Path, total: int, *options: str) -> list[str]:
    paths = []
    for number in range(1, total + 1):
        path = folder / f"{number}.readings"
        code, out, err = call(project, "check", "--no-cache", "--shard", f"{number}/{total}", "--shard-file", str(path), *options)
        assert code == 0 and not err, err
        assert out.decode().startswith(f"{path}: ")
        paths.append(str(path))
    return paths


@pytest.mark.parametrize("total", [1, 3, 4])
def test_parts_joined_give_the_bytes_of_one_run(project: Path, alone: tuple[int, bytes, str], tmp_path: Path, total: int) -> None:
    made = parts(project, tmp_path, total)
    random.Random(total).shuffle(made)
    assert call(project, "merge", "--no-cache", "--format", "json", *made) == alone
    assert call(project, "merge", "--cache-dir", str(tmp_path / "cache"), "--format", "json", *made) == alone, "with a cache that knows nothing yet"
    assert call(project, "check", "--cache-dir", str(tmp_path / "cache"), "--format", "json") == alone


def test_what_no_part_has_is_read_where_they_are_joined(project: Path, alone: tuple[int, bytes, str], tmp_path: Path) -> None:
    made = parts(project, tmp_path, 4)
    code, out, err = call(project, "merge", "--no-cache", "--format", "json", *made[1:])
    assert (code, out) == alone[:2]
    assert "files are in no part and were read here" in err


def test_a_part_of_other_bytes_is_not_believed(project: Path, alone: tuple[int, bytes, str], tmp_path: Path) -> None:
    made = parts(project, tmp_path, 2)
    changed = project / "shop" / "helpers_7.py"
    before = changed.read_text()
    try:
        changed.write_text("def load_7(name):\n    return name\n")
        expected = call(project, "check", "--no-cache", "--format", "json")
        assert expected[1] != alone[1]
        code, out, err = call(project, "merge", "--no-cache", "--format", "json", *made)
        assert (code, out) == expected[:2]
        assert "1 files are in no part" in err
    finally:
        changed.write_text(before)


def test_a_forged_part_is_believed_for_one_report(project: Path, alone: tuple[int, bytes, str], tmp_path: Path) -> None:
    """Somebody put empty readings in the place of all others: the next run, with the cache that this one used, says what is there."""
    (made,) = parts(project, tmp_path, 1)
    start = len(MAGIC) + 20
    part = shards._PART.decode(Path(made).read_bytes()[start:])
    empty = encode_reading(not_read("shop/views_1.py", "nothing"))
    body = msgspec.msgpack.encode(shards._Part(part.readers, dict.fromkeys(part.entries, empty)))
    Path(made).write_bytes(MAGIC + blake2b(body, digest_size=20).digest() + body)
    cache = ("--cache-dir", str(tmp_path / "cache"), "--format", "json")
    code, out, err = call(project, "merge", *cache, made)
    assert code in (0, 1) and out != alone[1] and "Traceback" not in err
    assert call(project, "check", *cache) == alone


def _in_itself(facts: list[Any]) -> list[Any]:
    return [_zeros(one) for one in facts]


def _zeros(value: Any) -> Any:
    if isinstance(value, list):
        return [_zeros(one) for one in value]
    return 0 if type(value) is int else value


@pytest.mark.parametrize("forged", [lambda facts: [1, 2], lambda facts: facts[:2], _in_itself], ids=["no facts", "cut", "all lies in itself"])
def test_facts_that_do_not_hold_together_are_read_anew(
    project: Path, alone: tuple[int, bytes, str], tmp_path: Path, forged: Callable[[list[Any]], list[Any]]
) -> None:
    """A block that lies in itself was walked without end, and facts of another shape ended the run without a word of where they came from."""
    (made,) = parts(project, tmp_path, 1)
    start = len(MAGIC) + 20
    part = shards._PART.decode(Path(made).read_bytes()[start:])
    entries = {}
    for key, value in part.entries.items():
        reading = decode_reading(value)
        facts = forged(_opened(reading.facts)) if reading.facts else None
        entries[key] = encode_reading(msgspec.structs.replace(reading, facts=msgspec.Raw(msgspec.msgpack.encode(facts) if facts else b"")))
    body = msgspec.msgpack.encode(shards._Part(part.readers, entries))
    Path(made).write_bytes(MAGIC + blake2b(body, digest_size=20).digest() + body)
    code, out, err = call(project, "merge", "--no-cache", "--format", "json", made)
    assert (code, out) == alone[:2]
    assert "are in no part and were read here" in err


def _opened(facts: bytes) -> list[Any]:
    found: list[Any] = msgspec.msgpack.decode(facts)
    return found


def test_parts_of_other_rules_or_damaged_ones_end_the_run(project: Path, tmp_path: Path) -> None:
    (made,) = parts(project, tmp_path, 1)
    whole = Path(made).read_bytes()
    for name, data, reason in (
        ("short", whole[:-9], "is damaged or cut short"),
        ("flipped", whole[:-500] + bytes([whole[-500] ^ 1]) + whole[-499:], "is damaged or cut short"),
        ("other", b"{}", "is no part that"),
        ("empty", b"", "is no part that"),
        ("head", MAGIC, "is damaged or cut short"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        code, out, err = call(project, "merge", "--no-cache", str(path))
        assert code == 2 and not out and reason in err and "Traceback" not in err, err
        assert err.count("\n") == 1
    code, _, err = call(project, "merge", "--no-cache", "--profile", "default", "--config", 'roles.test = ["elsewhere/**"]', made)
    assert code == 2 and "with other rules or roles" in err
    code, _, err = call(project, "merge", "--no-cache", str(tmp_path / "nowhere"))
    assert code == 2 and "no such file" in err
    assert call(project, "merge")[0] == 2


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "1/0", "-1/4", "a/b", "1/4/4", "1/99999999", "٣/٤"])
def test_odd_parts_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--shard"):
        Shard.parse(text)


def test_parts_share_the_bytes_and_have_each_file_once() -> None:
    random.seed(3)
    candidates = [Candidate(f"m{index}.py", f"m{index}.py", Kind.PYTHON, (0, 0, random.randrange(1, 90_000), 0, 0)) for index in range(500)]
    found = [Shard(number, 7).of(candidates) for number in range(1, 8)]
    assert sorted(one.path for part in found for one in part) == sorted(one.path for one in candidates)
    loads = [sum(one.stamp[2] for one in part) for part in found]
    assert max(loads) - min(loads) < 90_000, "no job waits for another that has much more to read"


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A real scheduler with two worker processes on loopback."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50) as running:
        yield running.scheduler_address.removeprefix("tcp://")


def test_a_cluster_gives_the_bytes_of_one_run(project: Path, alone: tuple[int, bytes, str], cluster: str) -> None:
    from distributed import Client

    assert call(project, "check", "--no-cache", "--format", "json", "--executor", f"dask://{cluster}") == alone
    with Client(f"tcp://{cluster}", set_as_default=False) as client:  # type: ignore[no-untyped-call]
        ran = client.run(lambda: "backend_lint.engine.worker" in sys.modules)
    assert len(ran) == 2 and any(ran.values()), "files were read by the workers, not by this process"


def test_workers_of_another_version_are_not_believed(project: Path, alone: tuple[int, bytes, str], cluster: str) -> None:
    from distributed import Client

    def pretend(readers: bytes) -> None:
        from backend_lint.engine import worker

        worker.version = lambda rules: readers

    with Client(f"tcp://{cluster}", set_as_default=False) as client:  # type: ignore[no-untyped-call]
        client.run(pretend, b"another")
        try:
            code, out, err = call(project, "check", "--no-cache", "--format", "json", "--executor", f"dask://{cluster}")
        finally:
            client.run(lambda: __import__("importlib").reload(sys.modules["backend_lint.engine.worker"]) and None)
    assert (code, out) == alone[:2], "its batches are read here instead"
    assert "the worker has another version of backend-lint" in err


@pytest.mark.parametrize("address", ["dask://", "dask://host", "spark://host:1", "host:8786", "dask://host:port"])
def test_odd_addresses_are_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="dask://HOST:PORT"), executor_at(address):
        pass


def test_a_scheduler_that_does_not_answer_is_an_error(project: Path) -> None:
    pytest.importorskip("distributed")
    code, out, err = call(project, "check", "--no-cache", "--executor", "dask://127.0.0.1:9")
    assert code == 2 and not out and "no Dask scheduler answers there" in err and "Traceback" not in err
