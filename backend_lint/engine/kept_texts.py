"""What SQL texts said in earlier runs: `sql.memo.Memo` on the cache's own file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from backend_lint.config import Settings
from backend_lint.engine.own_source import python_files, update
from backend_lint.sql.memo import Statements

if TYPE_CHECKING:
    from backend_lint.engine.cache import Cache

_ANALYSES = ("facts", "sql")
"""All of ours that decides what a text says."""


class KeptTexts:
    """Opens the cache when the first text is asked for. It may be missing, damaged or read-only: then everything is a miss, and `notes` says why."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._version = b""
        self.notes: list[str] = []

    def get_many(self, keys: Iterable[bytes]) -> Mapping[bytes, bytes]:
        """The values that are there, each checked for damage."""
        own = {self._own(key): key for key in keys}
        cache = self._open()
        found = {own[key]: value for key, value in cache.values(own).items()}
        self._close(cache)
        return found

    def put_many(self, values: Mapping[bytes, bytes]) -> None:
        """Writes new values in one transaction."""
        cache = self._open()
        for key, value in values.items():
            cache.put(self._own(key), value)
        self._close(cache)

    def _own(self, key: bytes) -> bytes:
        return blake2b((self._version or self._fingerprint()) + key, digest_size=20).digest()

    def _fingerprint(self) -> bytes:
        named = blake2b(b"texts " + _parser(), digest_size=20)
        package = Path(__file__).parent.parent
        for folder in _ANALYSES:
            for source in python_files(package / folder):
                update(named, source)
        self._version = named.digest()
        return self._version

    def _open(self) -> Cache:
        from backend_lint.engine.cache import Cache, cache_dir

        return Cache(cache_dir(self._settings), b"", b"")

    def _close(self, cache: Cache) -> None:
        cache.close()
        self.notes += [note for note in cache.notes if note not in self.notes]


def _parser() -> bytes:
    """Which release of the parser is installed, without importing it: its metadata would take longer to read than all texts."""
    import importlib.util

    found = importlib.util.find_spec("sqlglot")
    if found is None or found.origin is None:
        return b""
    try:
        return Path(found.origin).with_name("_version.py").read_bytes()
    except OSError:
        from importlib.metadata import version

        return version("sqlglot").encode()


def kept_texts(settings: Settings) -> tuple[Statements, list[str]]:
    """What SQL texts say, kept between runs if the settings want a cache; and the list into which what is to be said of that cache goes."""
    if not settings.cache:
        return Statements(), []
    memo = KeptTexts(settings)
    return Statements(memo), memo.notes
