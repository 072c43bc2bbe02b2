"""Bytes to a syntax tree, or the reason why not, with the Python version that newer syntax needs."""

from __future__ import annotations

import ast
import re
import sys
import warnings

from backend_lint.lazy_regex import lazy_regex
from backend_lint.source import UndecodableError, declared_encoding, decode

_NEWER: tuple[tuple[tuple[int, int], re.Pattern[str], str], ...] = (
    ((3, 14), re.compile(r"\b[tT][rR]?['\"]|\b[rR][tT]['\"]"), "template strings"),
    ((3, 14), re.compile(r"^\s*except\s+[\w.]+\s*(,\s*[\w.]+\s*)+:"), "except with several types and no parentheses"),
    ((3, 13), re.compile(r"^\s*(async\s+def|def|class|type)\s+\w+\s*\[[^]]*=[^]]*\]"), "type parameter defaults"),
    ((3, 12), re.compile(r"^\s*type\s+\w+\s*(\[.*\])?\s*="), "type statements"),
    ((3, 12), re.compile(r"^\s*(async\s+def|def|class)\s+\w+\s*\["), "type parameters"),
    ((3, 12), re.compile(r"\b[fF][rR]?['\"]|\b[rR][fF]['\"]"), "f-strings with nested quotes"),
)
_PYTHON_2 = lazy_regex(r"^\s*(print\s+[^(=\s]|exec\s+['\"]|raise\s+\w+\s*,|except\s+[\w.]+\s*,\s*\w+\s*:)|\b0[0-7]+[lL]?\b|<>|\bur['\"]")


_SILENT = ("ignore", None, Warning, None, 0)
"""The filter under which nobody hears what the parser warns of; who reads many files sets it once."""


class NotParsedError(Exception):
    """The file has no syntax tree. `line` is 1-based, 0 if unknown."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def parse(data: bytes) -> tuple[ast.Module, bytes]:
    """The tree and the text as UTF-8, to which its byte columns refer. Raises NotParsedError."""
    encoding = declared_encoding(data)
    if encoding == "utf-8-sig":
        data, encoding = data[3:], "utf-8"
    text: str | bytes = data
    if encoding is not None and encoding.replace("_", "-").lower() not in ("utf-8", "utf8", "ascii", "us-ascii"):
        text = _decoded(data)
        data = text.encode("utf-8", "surrogatepass")
    elif b"\0" in data:
        _decoded(data)
    try:
        if warnings.filters[:1] == [_SILENT]:
            tree = compile(text, "<checked file>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = compile(text, "<checked file>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        if isinstance(text, bytes):
            _decoded(data)
        if (newer := _newer(data)) is not None:
            return newer
        raise NotParsedError(_reason(error, data), error.lineno or 0) from None
    except (RecursionError, MemoryError):
        raise NotParsedError("is nested too deeply for the Python parser") from None
    except (ValueError, UnicodeError) as error:
        _decoded(data)
        raise NotParsedError(f"cannot be parsed: {error}") from None
    assert isinstance(tree, ast.Module)
    return tree, data


def _newer(data: bytes) -> tuple[ast.Module, bytes] | None:
    """What `parse` returns for a text in the syntax of a newer Python, if it can be said in older words."""
    from backend_lint.readers.python.newer_syntax import in_older_words

    said = in_older_words(data)
    if said is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(said.data.decode("utf-8"), "<checked file>"), said.data
        except (SyntaxError, RecursionError, MemoryError, ValueError):
            return None


def _decoded(data: bytes) -> str:
    try:
        return decode(data)
    except UndecodableError as error:
        raise NotParsedError(error.reason, error.line) from None


def _reason(error: SyntaxError, data: bytes) -> str:
    lines = data.splitlines()
    number = error.lineno or 0
    line = lines[number - 1].decode("utf-8", "replace") if 0 < number <= len(lines) else ""
    for version, pattern, what in _NEWER:
        if sys.version_info < version and pattern.search(line[:2000]):
            version_text = ".".join(map(str, version))
            running = ".".join(map(str, sys.version_info[:2]))
            return f"syntax error on Python {running}: {error.msg}; {what} need Python {version_text}, run backend-lint with that version"
    if _PYTHON_2.search(line[:2000]):
        return f"syntax error: {error.msg} (this looks like Python 2)"
    return f"syntax error: {error.msg}"
