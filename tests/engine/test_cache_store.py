"""The cache is a hint: whatever happens to it, the answer is the one of a run without it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backend_lint.config import ConfigError, Settings
from backend_lint.engine import cache as store
from backend_lint.engine import read_stage
from backend_lint.engine.result import Result
from backend_lint.engine.run import check_contents, run
from backend_lint.engine.wire import encode_reading
from backend_lint.facts.reading import Reading

ROOT = Path(__file__).parents[2]
OLD = 1_600_000_000


@pytest.fixture
def tree(project: Path) -> Path:
    for index in range(30):
        (project / f"m{index}.py").write_text(f"def f():\n    forbidden({index})\n" if index % 3 else "x = (\n")
    age(project)
    return project


@pytest.fixture
def read_paths(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were really read, in this process."""
    seen: list[str] = []
    real = read_stage.read_file

    def spy(file: Any, *rest: Any) -> Any:
        seen.append(file.path)
        return real(file, *rest)

    monkeypatch.setattr(read_stage, "read_file", spy)
    return seen


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the cache runs an hour ahead: what was just written counts as settled."""
    real = time.time_ns
    monkeypatch.setattr(store.time, "time_ns", lambda: real() + 3600 * 10**9)


def age(root: Path) -> None:
    for path in root.rglob("*"):
        os.utime(path, (OLD, OLD))


def answer(root: Path, registry: Any, **options: Any) -> bytes:
    result: Result = run(Settings(root=root, **{"jobs": 1, **options}), registry)
    return msgspec.json.encode(msgspec.structs.replace(result, notes=()))


def database(folder: Path) -> Path:
    return folder / "readings-1.sqlite"


@pytest.fixture
def cache_folder() -> Path:
    return Path(os.environ["BACKEND_LINT_CACHE_DIR"])


@pytest.mark.usefixtures("later")
def test_only_what_changed_is_read_again_and_untouched_files_are_not_opened(
    tree: Path, registry: Any, read_paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(tree, registry)
    assert len(read_paths) == 30
    read_paths.clear()
    (tree / "m1.py").write_text("forbidden()\n")
    opened: list[str] = []
    real = os.open

    def spy(path: Any, *rest: Any, **more: Any) -> int:
        opened.append(Path(os.fsdecode(path)).name)
        return real(path, *rest, **more)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", spy)
        changed = answer(tree, registry)
    assert read_paths == ["m1.py"] and "m1.py" in opened
    # code frames are cut from files with findings; those that do not parse have none
    assert not {f"m{index}.py" for index in range(0, 30, 3)} & set(opened)
    assert changed == answer(tree, registry, cache=False)


def test_a_file_changed_within_the_tick_of_its_first_reading_is_seen(tree: Path, registry: Any) -> None:
    """Same size, same times, same inode: a run at once after another must not trust the stamp."""
    target = tree / "m1.py"
    target.write_text("forbidden(1)\n")
    stamp = target.stat()
    first = answer(tree, registry)
    target.write_text("permitted(1)\n")
    os.utime(target, ns=(stamp.st_mtime_ns, stamp.st_mtime_ns))
    assert answer(tree, registry) == answer(tree, registry, cache=False) != first


@pytest.mark.usefixtures("later")
def test_a_change_that_keeps_size_and_mtime_is_seen(tree: Path, registry: Any) -> None:
    first = answer(tree, registry)
    target = tree / "m1.py"
    target.write_text(target.read_text().replace("forbidden", "permitted"))
    os.utime(target, (OLD, OLD))
    assert answer(tree, registry) != first


@pytest.mark.usefixtures("later")
def test_checking_other_contents_forgets_nothing_of_the_project(tree: Path, registry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = answer(tree, registry)
    check_contents(Settings(root=tree), registry, {"m1.py": b"forbidden()\n", "m2.py": b"x = 1\n"})
    with monkeypatch.context() as patched:
        patched.setattr(store.Cache, "key", lambda *_: pytest.fail("an untouched file was opened"))
        assert answer(tree, registry) == expected


def test_the_same_content_in_another_checkout_hits(tree: Path, registry: Any, read_paths: list[str], tmp_path: Path) -> None:
    expected = answer(tree, registry)
    shutil.copytree(tree, tmp_path / "other")
    read_paths.clear()
    assert answer(tmp_path / "other", registry) == expected
    assert read_paths == []


def test_the_same_content_under_another_path_or_role_is_another_entry(tree: Path, registry: Any) -> None:
    answer(tree, registry)
    (tree / "tests").mkdir()
    shutil.copy(tree / "m1.py", tree / "tests" / "m1.py")
    assert answer(tree, registry) == answer(tree, registry, cache=False)
    assert answer(tree, registry, roles={"test": ("m2.py",)}) == answer(tree, registry, roles={"test": ("m2.py",)}, cache=False)


def test_options_severity_and_source_of_a_rule_make_other_keys(registry: Any, project: Path) -> None:
    settings = Settings(root=project)
    rules = [rule for rule in registry.made if rule.name == "forbidden-call"]
    first = store.readers_fingerprint(settings, rules)
    rules[0]._options = {"allowed": ["x"]}
    second = store.readers_fingerprint(settings, rules)
    rules[0].severity = "error"
    third = store.readers_fingerprint(settings, rules)
    assert len({first, second, third, store.readers_fingerprint(settings, [])}) == 4
    assert third == store.readers_fingerprint(settings, rules)


@pytest.mark.usefixtures("later")
def test_damage_anywhere_in_the_database_changes_nothing(tree: Path, registry: Any, cache_folder: Path) -> None:
    expected = answer(tree, registry)
    file = database(cache_folder)
    whole = file.read_bytes()
    chance = random.Random(11)
    damages = [b"", b"\0" * len(whole), chance.randbytes(5000), whole[: len(whole) // 2], whole[:100], b"SQLite format 3\0" + b"\xff" * 4000]
    for _ in range(40):
        at = chance.randrange(len(whole))
        damages.append(whole[:at] + chance.randbytes(chance.choice((1, 40, 3000))) + whole[at:][3000:])
        damages.append(whole[:at] + bytes((whole[at] ^ (1 << chance.randrange(8)),)) + whole[at + 1 :])
    for damaged in damages:
        file.write_bytes(damaged)
        assert answer(tree, registry) == expected
    assert answer(tree, registry) == expected


@pytest.mark.usefixtures("later")
def test_a_damaged_database_is_replaced_and_the_next_run_hits(tree: Path, registry: Any, cache_folder: Path, read_paths: list[str]) -> None:
    answer(tree, registry)
    database(cache_folder).write_bytes(b"rubbish " * 1000)
    answer(tree, registry)
    answer(tree, registry)
    read_paths.clear()
    answer(tree, registry)
    assert read_paths == []


def test_values_with_a_forged_checksum_but_no_reading_are_misses(tree: Path, registry: Any, cache_folder: Path) -> None:
    expected = answer(tree, registry)
    with sqlite3.connect(database(cache_folder)) as connection:
        connection.execute("UPDATE entries SET value = ?", (store._sealed(b"\x93\x01\x02"),))
        connection.execute("UPDATE projects SET value = ?", (store._sealed(b"\x81\xa1x\x01"),))
    assert answer(tree, registry) == expected
    with sqlite3.connect(database(cache_folder)) as connection:
        connection.execute("UPDATE entries SET value = 'a text'")
    assert answer(tree, registry) == expected


@pytest.mark.parametrize(
    "script",
    [
        "DROP TABLE entries;"
        "CREATE VIEW entries AS WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT x AS key, 1 AS born, x AS value FROM a;",
        "CREATE TRIGGER t AFTER INSERT ON entries BEGIN INSERT INTO entries VALUES (randomblob(20), 1, zeroblob(1000000)); END;",
    ],
)
@pytest.mark.usefixtures("later")
def test_a_database_that_computes_is_replaced(tree: Path, registry: Any, cache_folder: Path, script: str) -> None:
    """A view without end answered until somebody stopped the run."""
    expected = answer(tree, registry)
    with sqlite3.connect(database(cache_folder)) as connection:
        connection.executescript(script)
    (tree / "app.py").write_text("x = 1\n")
    changed = answer(tree, registry, cache=False)
    assert answer(tree, registry) == changed
    with sqlite3.connect(database(cache_folder)) as connection:
        assert {kind for (kind,) in connection.execute("SELECT type FROM sqlite_master")} == {"table"}
    assert changed != expected


def test_readings_with_facts_that_are_none_end_the_run_with_the_way_out(tree: Path, registry: Any, cache_folder: Path) -> None:
    answer(tree, registry)
    forged = encode_reading(Reading(msgspec.Raw(msgspec.msgpack.encode([1, 2])), 1))
    with sqlite3.connect(database(cache_folder)) as connection:
        connection.execute("UPDATE entries SET value = ?", (store._sealed(forged),))
    with pytest.raises(ConfigError, match="backend-lint clean"):
        answer(tree, registry)


def test_the_directory_is_private(tree: Path, registry: Any, tmp_path: Path) -> None:
    answer(tree, registry, cache_dir=tmp_path / "deep" / "cache")
    assert (tmp_path / "deep" / "cache").stat().st_mode & 0o777 == 0o700
    assert database(tmp_path / "deep" / "cache").stat().st_mode & 0o777 == 0o600


def test_without_a_home_directory_nothing_is_written_into_the_project(tree: Path, registry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BACKEND_LINT_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.chdir(tree)
    result = run(Settings(root=tree, jobs=1), registry)
    assert "is not used" in result.notes[0]
    assert not (tree / "~").exists()


@pytest.mark.parametrize("obstacle", ["file", "database-is-folder", "below-file"])
def test_an_unusable_directory_is_a_note_and_an_uncached_run(tree: Path, registry: Any, tmp_path: Path, obstacle: str) -> None:
    folder = tmp_path / "cache"
    if obstacle == "database-is-folder":
        database(folder).mkdir(parents=True)
    else:
        folder.write_text("no folder")
        folder = folder / "below" if obstacle == "below-file" else folder
    result = run(Settings(root=tree, jobs=1, cache_dir=folder), registry)
    assert len(result.notes) == 1 and "is not used" in result.notes[0] and str(folder) in result.notes[0]
    assert msgspec.json.encode(msgspec.structs.replace(result, notes=())) == answer(tree, registry, cache=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_directory_is_a_note_and_an_uncached_run(tree: Path, registry: Any, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o500)
    result = run(Settings(root=tree, jobs=1, cache_dir=folder), registry)
    assert "is not used" in result.notes[0]


def test_a_full_disk_is_a_note_and_the_next_run_is_right(tree: Path, registry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = store.Cache._connect

    def small(self: store.Cache) -> None:
        real(self)
        assert self._database is not None
        self._database.execute("PRAGMA max_page_count = 4")  # SQLite answers "database or disk is full"

    with monkeypatch.context() as patched:
        patched.setattr(store.Cache, "_connect", small)
        result = run(Settings(root=tree, jobs=1), registry)
    assert "full" in result.notes[0]
    assert answer(tree, registry) == answer(tree, registry, cache=False)


def test_old_entries_go_when_the_bound_is_reached(tree: Path, registry: Any, cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_BYTES", 60_000)
    for step in range(12):
        monkeypatch.setattr(store.time, "time", lambda step=step: OLD + step)
        for index in range(30):
            (tree / f"m{index}.py").write_text(f"def f():\n    forbidden({index + 100 * step})\n")
        answer(tree, registry)
    with sqlite3.connect(database(cache_folder)) as connection:
        entries = connection.execute("SELECT count(*), min(born) FROM entries").fetchone()
    assert entries[0] < 12 * 30 and entries[1] > OLD
    assert answer(tree, registry) == answer(tree, registry, cache=False)


PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
from engine_rules import Registry
from pathlib import Path
import msgspec
from backend_lint.config import ConfigError, Settings
from backend_lint.engine import read_stage
from backend_lint.engine.run import check_contents, run
from backend_lint.engine.wire import encode_reading
from backend_lint.facts.reading import Reading
read_stage.IN_PROCESS_BYTES = 200
print("started", flush=True)
for _ in range({rounds}):
    result = run(Settings(root=Path({root!r}), jobs=2), Registry())
    assert not result.notes, result.notes
    sys.stdout.buffer.write(msgspec.json.encode(result) + b"\\n")
"""


def program(tree: Path, rounds: int) -> list[str]:
    return [sys.executable, "-c", PROGRAM.format(folder=str(Path(__file__).parent), root=str(tree), rounds=rounds)]


def test_eight_runs_at_once_on_one_cache_agree(tree: Path, registry: Any) -> None:
    expected = answer(tree, registry, cache=False)
    runs = [subprocess.Popen(program(tree, 3), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
    for process in runs:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err.decode()
        assert out.splitlines() == [b"started", expected, expected, expected]


def test_a_run_killed_at_any_moment_leaves_a_cache_that_lies_not(tree: Path, registry: Any, cache_folder: Path) -> None:
    expected = answer(tree, registry, cache=False)
    chance = random.Random(5)
    for _ in range(20):
        if chance.random() < 0.4:
            database(cache_folder).unlink(missing_ok=True)
        process = subprocess.Popen(program(tree, 1), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None and process.stdout.readline() == b"started\n"
        time.sleep(chance.random() * 0.06)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert answer(tree, registry) == expected
