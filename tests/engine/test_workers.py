"""Reading in workers: the same answer as without, and a worker that dies costs one file."""

from __future__ import annotations

import ast
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from backend_lint.api import File, Finding, NodeRule
from backend_lint.config import Settings
from backend_lint.engine import pool, read_stage, worker
from backend_lint.engine.pool import Pool
from backend_lint.engine.result import Result
from backend_lint.engine.run import Elsewhere, run
from backend_lint.engine.wire import Task, decode_blobs, decode_reading, encode_tasks
from backend_lint.facts.file import Kind, Role, SourceFile

Check = Callable[..., Result]
PARENT = os.getpid()


class Deadly(NodeRule[ast.Call]):
    """Stands in for a parser that crashes or hangs: does so in a worker when a file asks for it."""

    severity, precision, since = "warning", "high", "0.1"
    nodes = (ast.Call,)

    def visit(self, node: ast.Call, file: File) -> Iterator[Finding]:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if os.getpid() == PARENT:
            return
        if name == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif name == "leave":
            os._exit(7)
        elif name == "spin":
            while True:
                pass
        elif name == "allocate":
            bytearray(1 << 44)
        yield self.finding(file.path, file.position(node), "a call")


def tasks(*sources: str) -> list[Task]:
    return [Task(SourceFile(f"f{index:03}.py", Kind.PYTHON, Role.APPLICATION, len(text)), text.encode()) for index, text in enumerate(sources)]


def children() -> set[str]:
    """Our child processes; other tests of this process may have left some of their own."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue  # it has ended meanwhile
        if parent == str(os.getpid()):
            found.add(stat.parent.name)
    return found


def read(given: list[Task], size: int = 2) -> dict[str, Any]:
    before = children()
    with Pool([Deadly("deadly", "testing")], size) as workers:
        answers = {task.file.path: answer for task, answer in workers.read(given)}
        assert set(answers) == {task.file.path for task in given}
    assert children() <= before, "no worker outlives its pool"
    return {path: answer if isinstance(answer, str) else decode_reading(answer) for path, answer in answers.items()}


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize(("death", "reason"), [("crash()", "the parser crashed (signal 11)"), ("leave()", "the process that read it ended with status 7")])
def test_a_worker_that_dies_costs_exactly_its_file(size: int, death: str, reason: str) -> None:
    sources = ["fine()\n"] * 60
    sources[3] = sources[17] = sources[59] = death + "\n"
    answers = read(tasks(*sources), size)
    assert {path for path, answer in answers.items() if answer == reason} == {"f003.py", "f017.py", "f059.py"}
    assert sum(not isinstance(answer, str) and len(answer.findings) == 1 for answer in answers.values()) == 57


def test_a_file_that_takes_too_long_is_given_up_and_the_rest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "SECONDS_PER_FILE", 0)
    answers = read(tasks("fine()\n", "spin()\n", "fine()\n"), 1)
    assert "took longer than" in answers["f001.py"]
    assert len(answers["f000.py"].findings) == len(answers["f002.py"].findings) == 1


def test_a_worker_that_stalls_without_using_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "STALLED_SECONDS", 0.2)

    class Stalls(Deadly):
        def visit(self, node: ast.Call, file: File) -> Iterator[Finding]:
            time.sleep(60)
            yield from ()

    with Pool([Stalls("stalls", "testing")], 1) as workers:
        answers = [answer for _, answer in workers.read(tasks("sleep()\n"))]
    assert len(answers) == 1 and isinstance(answers[0], str) and "took longer" in answers[0]


def test_too_much_memory_costs_one_file() -> None:
    answers = read(tasks("allocate()\n", "fine()\n"), 1)
    assert answers["f000.py"].unchecked
    assert answers["f001.py"].findings


def test_the_map_stage_is_a_function_of_bytes() -> None:
    batch = encode_tasks(tuple(tasks("fine()\n", "x = (\n")))
    first, second = (decode_reading(blob) for blob in decode_blobs(worker.read_batch(batch, [])))
    assert first.facts and not first.unchecked
    assert not second.facts and "syntax error" in second.unchecked[0].reason


def test_one_two_and_eight_workers_shuffled_and_cached_give_the_same_bytes(project: Path, registry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"pkg/m{index}.py" for index in range(70)]
    random.Random(7).shuffle(names)
    for index, name in enumerate(names):
        (project / name).parent.mkdir(exist_ok=True)
        broken = f"forbidden()\nx = {'(' * (300 if index == 5 else 1)}\n"
        (project / name).write_text(broken if index % 9 == 5 else f"def f(a):\n    forbidden(a)\n\n\ny = {index}\n")
    monkeypatch.setattr(read_stage, "IN_PROCESS_BYTES", 500)

    def answer(**options: Any) -> bytes:
        return msgspec.json.encode(run(Settings(root=project, **options), registry))

    expected = answer(cache=False, jobs=1)
    assert expected.count(b"forbidden is called") > 60 and b"syntax error" in expected
    for options in ({"jobs": 2}, {"jobs": 8}, {"jobs": 3, "cache": True}, {"jobs": 1, "cache": True}, {"jobs": 8, "cache": True}):
        assert answer(**{"cache": False, **options}) == expected


def test_any_executor_can_read(project: Path, registry: Any) -> None:
    for index in range(20):
        (project / f"m{index}.py").write_text("forbidden()\n" if index % 3 else "x = (\n")

    class Fails(ThreadPoolExecutor):
        def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Any:
            return super().submit(lambda: b"\xc1 no batch")

    settings = Settings(root=project, cache=False, jobs=1)
    expected = msgspec.json.encode(run(settings, registry))
    for kind in (ThreadPoolExecutor, Fails):
        with kind(2) as executor:
            result = run(settings, registry, elsewhere=Elsewhere(executor))
        assert any("the executor failed for 1 batches" in note for note in result.notes) == (kind is Fails)
        assert msgspec.json.encode(replace(result, notes=())) == expected


def test_the_order_in_which_files_are_found_does_not_matter(project: Path, registry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(20):
        (project / f"m{index}.py").write_text("forbidden()\n" if index % 2 else "x = (\n")
    settings = Settings(root=project, cache=False, jobs=1)
    expected = msgspec.json.encode(run(settings, registry))
    real = os.scandir

    class Shuffled:
        def __init__(self, path: Any) -> None:
            with real(path) as listing:
                self.entries = sorted(listing, key=lambda entry: hash(entry.name[::-1]))

        def __enter__(self) -> Any:
            return iter(self.entries)

        def __exit__(self, *error: object) -> None: ...

    monkeypatch.setattr(os, "scandir", Shuffled)
    assert msgspec.json.encode(run(settings, registry)) == expected


def test_what_looks_dangerous_is_read_apart_even_in_a_small_run(project: Path, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "deep.py").write_text("x = " + "[" * 150 + "]" * 150 + "\n")
    (project / "plain.py").write_text("forbidden()\n")
    seen: list[str] = []
    real = Pool.read

    def spy(self: Pool, given: Any) -> Any:
        given = list(given)
        seen.extend(task.file.path for task in given)
        return real(self, given)

    monkeypatch.setattr(Pool, "read", spy)
    result = check(project)
    assert seen == ["deep.py"]
    assert result.checked == ("deep.py", "plain.py") and not result.unchecked


def test_an_interrupt_leaves_no_children(tmp_path: Path) -> None:
    program = """
import os, sys, time
from backend_lint.engine.pool import Pool
from backend_lint.engine.wire import Task
from backend_lint.facts.file import Kind, Role, SourceFile
def tasks():
    for index in range(100000):
        yield Task(SourceFile(f"{index}.py", Kind.PYTHON, Role.APPLICATION, 9), b"x = 1\\n" * 1000)
        if index == 40:
            print("ready", flush=True)
with Pool([], 2) as pool:
    children = []
    for count, answer in enumerate(pool.read(tasks())):
        if count == 0:
            print(*[worker.process for worker in pool.workers], flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    lines = [process.stdout.readline(), process.stdout.readline()]
    children = [int(word) for line in lines for word in line.split() if word.isdigit()]
    assert len(children) == 2
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in err
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def test_workers_end_when_their_parent_is_killed() -> None:
    program = """
import time
from backend_lint.engine.pool import Pool
from backend_lint.engine.wire import Task
from backend_lint.facts.file import Kind, Role, SourceFile
def tasks():
    for index in range(3):
        yield Task(SourceFile(f"{index}.py", Kind.PYTHON, Role.APPLICATION, 9), b"x = 1\\n" * 20000)
with Pool([], 2) as pool:
    for answer in pool.read(tasks()):
        print(*[worker.process for worker in pool.workers], flush=True)
        time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    children = [int(word) for word in process.stdout.readline().split()]
    assert children
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 30
    left = set(children)
    while left and time.monotonic() < deadline:
        left = {child for child in left if _runs(child)}
        time.sleep(0.02)
    assert not left


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
