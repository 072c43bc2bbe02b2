"""Each text is analysed once: in a run, and between runs. Whatever happens to the cache, answers stay the same."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.kept_texts import KeptTexts, kept_texts
from backend_lint.facts.schema import Dialect
from backend_lint.sql.memo import Statements, decode, encode, key_of
from backend_lint.sql.parse import parse
from backend_lint.sql.parsed import Parsed

PG = Dialect.POSTGRESQL
TEXT = "SELECT * FROM users WHERE lower(email) = %s AND id IN (SELECT user_id FROM orders)"


class Analyser:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, texts: list[str], dialect: Dialect) -> list[Parsed]:
        self.seen += texts
        return [parse(text, dialect) for text in texts]


class Shelf(dict[bytes, bytes]):
    def get_many(self, keys: Iterable[bytes]) -> Mapping[bytes, bytes]:
        return {key: self[key] for key in keys if key in self}

    def put_many(self, values: Mapping[bytes, bytes]) -> None:
        self.update(values)


def test_a_text_is_analysed_once_a_run() -> None:
    analyser = Analyser()
    statements = Statements(None, analyser)
    statements.prepare([TEXT, "SELECT 1", TEXT], PG)
    assert statements.parsed(TEXT, PG) is statements.parsed(TEXT, PG)
    assert statements.parsed(TEXT, Dialect.MYSQL) is not statements.parsed(TEXT, PG)
    assert analyser.seen == [TEXT, "SELECT 1", TEXT]


def test_a_text_of_an_earlier_run_is_not_analysed_again() -> None:
    shelf = Shelf()
    first = Statements(shelf, Analyser()).parsed(TEXT, PG)
    analyser = Analyser()
    assert Statements(shelf, analyser).parsed(TEXT, PG) == first
    assert not analyser.seen


@pytest.mark.parametrize("damage", [b"", b"\xff" * 20, b"\x94\x01\x02\x03\x04", b"\x91" * 5000])
def test_a_damaged_value_is_a_miss(damage: bytes) -> None:
    shelf = Shelf({key_of(TEXT, PG): damage})
    assert Statements(shelf).parsed(TEXT, PG) == parse(TEXT, PG)
    assert decode(shelf[key_of(TEXT, PG)]) == parse(TEXT, PG)


def test_what_is_kept_is_plain_data() -> None:
    parsed = parse("CREATE TABLE t (id int); SELECT * FROM t WHERE a = 1 AND EXISTS (SELECT 1 FROM u)", PG)
    assert decode(encode(parsed)) == parsed
    assert key_of(TEXT, PG) != key_of(TEXT, Dialect.MYSQL)


def _settings(folder: Path) -> Settings:
    return Settings(root=folder, cache_dir=folder / "cache")


def test_texts_are_kept_on_disk(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    first, notes = kept_texts(settings)
    found = first.parsed(TEXT, PG)
    analyser = Analyser()
    again = Statements(KeptTexts(settings), analyser)
    assert again.parsed(TEXT, PG) == found
    assert not analyser.seen
    assert not notes


def test_without_a_cache_nothing_is_written(tmp_path: Path) -> None:
    statements, _ = kept_texts(Settings(root=tmp_path, cache=False, cache_dir=tmp_path / "cache"))
    statements.parsed(TEXT, PG)
    assert not (tmp_path / "cache").exists()


def test_a_damaged_file_costs_the_cache_and_nothing_else(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    kept_texts(settings)[0].parsed(TEXT, PG)
    (database,) = (tmp_path / "cache").glob("*.sqlite")
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE entries SET value = x'00010203040506'")
    connection.close()
    assert kept_texts(settings)[0].parsed(TEXT, PG) == parse(TEXT, PG)
    database.write_bytes(b"no database" * 400)
    assert kept_texts(settings)[0].parsed(TEXT, PG) == parse(TEXT, PG)


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    statements, notes = kept_texts(_settings(tmp_path))
    assert statements.parsed(TEXT, PG) == parse(TEXT, PG)
    assert len(notes) == 1
    assert "is not used" in notes[0]


def test_sqlglot_is_imported_only_for_a_new_text(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom backend_lint.config import Settings\nfrom backend_lint.engine.kept_texts import kept_texts\n"
        "from backend_lint.facts.schema import Dialect\n"
        f"found = kept_texts(Settings(root=Path({str(tmp_path)!r}), cache_dir=Path({str(tmp_path / 'cache')!r})))[0].parsed({TEXT!r}, Dialect.POSTGRESQL)\n"
        "print(len(found.queries), 'sqlglot' in sys.modules)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.fspath(Path(__file__).parents[2])}
    runs = [subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True).stdout for _ in range(2)]
    assert runs == ["1 True\n", "1 False\n"]
