"""Readings of earlier runs, by content, in the user's cache directory."""

from __future__ import annotations

from backend_lint.engine.discover import Candidate
from backend_lint.facts.file import SourceFile
from backend_lint.facts.reading import Reading


class Cache:
    def recall(self, candidate: Candidate) -> tuple[SourceFile, Reading] | None:
        return None

    def key(self, file: SourceFile, data: bytes) -> bytes:
        return b""

    def get(self, key: bytes) -> Reading | None:
        return None

    def put(self, key: bytes, encoded: bytes) -> None: ...

    def remember(self, candidate: Candidate, file: SourceFile, key: bytes) -> None: ...
