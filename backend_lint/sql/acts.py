"""What statements do beside changing the schema, read from their text. Nothing raises; what is not known is no act."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from backend_lint.facts.act import Act, ActKind
from backend_lint.facts.schema import Dialect
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.split import statements

__all__ = ["acts", "acts_of", "is_bounded"]

_NAME = r"((?:[\"`\[]?[\w$]+[\"`\]]?\.)?[\"`\[]?[\w$]+[\"`\]]?)"
_BLANK = lazy_regex(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)+")
_UPDATE = lazy_regex(rf"update\s+(?:only\s+|ignore\s+|low_priority\s+)*{_NAME}", re.I)
_DELETE = lazy_regex(rf"delete\s+(?:low_priority\s+|quick\s+|ignore\s+)*from\s+(?:only\s+)?{_NAME}", re.I)
_INSERT = lazy_regex(rf"insert\s+(?:ignore\s+|or\s+\w+\s+)*into\s+{_NAME}", re.I)
_TRUNCATE = lazy_regex(rf"truncate\s+(?:table\s+)?(?:only\s+)?{_NAME}", re.I)
_WITH_WRITE = lazy_regex(
    rf"\b(?:(update)\s+(?:only\s+)?{_NAME}\s+(?:as\s+)?(?:\w+\s+)?set\b|(delete)\s+from\s+(?:only\s+)?{_NAME}|(insert)\s+into\s+{_NAME})", re.I
)
_SET = lazy_regex(r"set\s+(?:local\s+|session\s+)?(\w+(?:\.\w+)?)\s*(?:=|\bto\b)\s*(.{1,60})", re.I | re.S)
_CONFIG = lazy_regex(r"select\s+(?:pg_catalog\.)?set_config\s*\(\s*'(\w+)'\s*,\s*'([^']*)'", re.I)
_VALIDATE = lazy_regex(rf"alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?{_NAME}", re.I)
_CONSTRAINT = lazy_regex(r"\bvalidate\s+constraint\s+[\"`]?([\w$]+)", re.I)
_REWRITING = lazy_regex(r"\bset\s+(?:tablespace|(?:un)?logged|access\s+method)\b", re.I)
_LOCKING = lazy_regex(r"\b(?:enable|disable)\s+(?:replica\s+|always\s+)?trigger\b|\b(?:enable|disable|force)\s+row\s+level|\bowner\s+to\b", re.I)
_VACUUM = lazy_regex(rf"vacuum\s*(?:\(([^)]*)\)|(full)\b)?\s*(?:freeze\s+|verbose\s+|analyze\s+)*{_NAME}?", re.I)
_CLUSTER = lazy_regex(rf"cluster\s+(?:verbose\s+)?{_NAME}", re.I)
_REINDEX = lazy_regex(rf"reindex\s*(?:\([^)]*\)\s*)?(table|index|schema|database|system)\s+(concurrently\s+)?{_NAME}?", re.I)
_REFRESH = lazy_regex(rf"refresh\s+materialized\s+view\s+(concurrently\s+)?{_NAME}", re.I)
_LOCK = lazy_regex(rf"lock\s+(?:tables?\s+)?(?:only\s+)?{_NAME}\s*(?:in\s+([a-z ]+?)\s+mode)?\s*(nowait)?\s*\Z", re.I)
_STRING = lazy_regex(r"'(?:[^']|'')*'")
_LOOKED_AT = 6_000
"""Characters of a statement. A longer one names its rows, by thousands of values."""


def acts(text: str, dialect: Dialect = Dialect.POSTGRESQL, line: int = 1) -> tuple[Act, ...]:
    """The acts of all statements of a text in order. `line`: where the text begins.

    >>> [act.kind.value for act in acts("BEGIN; UPDATE shop SET open = true; COMMIT;")]
    ['begin', 'update', 'commit']
    """
    return tuple(act for statement in statements(text, dialect, line) for act in acts_of(statement.text, dialect, statement.line))


def acts_of(text: str, dialect: Dialect, line: int) -> tuple[Act, ...]:
    """The acts of one statement."""
    long = len(text) > _LOOKED_AT
    text = _BLANK.sub(" ", text[:_LOOKED_AT]).strip().lstrip("(")
    word = text[:12].lower().split(" ", 1)[0].rstrip(";(")
    found = tuple(_acts(text, word, dialect, line))
    return tuple(replace(act, bounded=True) for act in found) if long else found


def _acts(text: str, word: str, dialect: Dialect, line: int) -> Iterator[Act]:
    if word in ("update", "delete", "insert", "with"):
        yield from _writes(text, word, dialect, line)
    elif word == "truncate" and (found := _TRUNCATE.match(text)):
        yield Act(ActKind.TRUNCATE, _plain(found.group(1), dialect), line=line)
    elif word in ("begin", "start") and (word == "begin" or text[:18].lower().startswith("start transaction")):
        yield Act(ActKind.BEGIN, line=line)
    elif word in ("commit", "rollback", "end") and " to " not in text.lower()[:30]:
        yield Act(ActKind.COMMIT, line=line)
    elif word == "set" and (found := _SET.match(text)):
        yield Act(ActKind.SET, name=found.group(1).lower(), value=found.group(2).strip().strip("'\""), line=line)
    elif word == "select" and (found := _CONFIG.match(text)):
        yield Act(ActKind.SET, name=found.group(1).lower(), value=found.group(2), line=line)
    elif word == "alter" and (found := _VALIDATE.match(text)):
        table, rest = _plain(found.group(1), dialect), _STRING.sub("''", text[found.end() :])
        for one in _CONSTRAINT.finditer(rest):
            yield Act(ActKind.VALIDATE, table, one.group(1), line=line)
        if (locking := _LOCKING.search(rest)) is not None and dialect is Dialect.POSTGRESQL:
            yield Act(ActKind.LOCK, table, "share row exclusive" if locking.group().lower().endswith("trigger") else "access exclusive", line=line)
        if (rewriting := _REWRITING.search(rest)) is not None and dialect is Dialect.POSTGRESQL:
            yield Act(ActKind.REWRITE, table, " ".join(rewriting.group().upper().split()), line=line)
    else:
        yield from _maintenance(text, word, dialect, line)


def _maintenance(text: str, word: str, dialect: Dialect, line: int) -> Iterator[Act]:
    if word == "vacuum" and (found := _VACUUM.match(text)):
        options = (found.group(1) or found.group(2) or "").lower()
        table = _plain(found.group(3), dialect) if found.group(3) else ""
        yield Act(ActKind.REWRITE if "full" in options else ActKind.ALONE, table, "VACUUM FULL" if "full" in options else "VACUUM", line=line)
    elif word == "cluster" and (found := _CLUSTER.match(text)):
        yield Act(ActKind.REWRITE, _plain(found.group(1), dialect), "CLUSTER", line=line)
    elif word == "reindex" and (found := _REINDEX.match(text)):
        table = _plain(found.group(3), dialect) if found.group(3) else ""
        yield Act(ActKind.REINDEX, table, found.group(1).lower(), concurrently=bool(found.group(2)), line=line)
    elif word == "refresh" and (found := _REFRESH.match(text)):
        yield Act(ActKind.REFRESH, _plain(found.group(2), dialect), concurrently=bool(found.group(1)), line=line)
    elif word == "lock" and (found := _LOCK.match(text)):
        yield Act(ActKind.LOCK, _plain(found.group(1), dialect), (found.group(2) or "access exclusive").lower(), line=line)
    elif word in ("create", "drop") and re.match(r"(?:create|drop)\s+(?:database|tablespace|subscription)\b", text, re.I):
        yield Act(ActKind.ALONE, name=" ".join(text.split()[:2]).upper(), line=line)


def _writes(text: str, word: str, dialect: Dialect, line: int) -> Iterator[Act]:
    bare = _STRING.sub("''", text)
    if word == "with":
        for one in _WITH_WRITE.finditer(bare):
            kind = ActKind.UPDATE if one.group(1) else ActKind.DELETE if one.group(3) else ActKind.INSERT
            yield _write(kind, one.group(2) or one.group(4) or one.group(6), bare, dialect, line)
        return
    pattern, kind = {"update": (_UPDATE, ActKind.UPDATE), "delete": (_DELETE, ActKind.DELETE), "insert": (_INSERT, ActKind.INSERT)}[word]
    found = pattern.match(bare)
    if found is None or (kind is ActKind.INSERT and not re.search(r"\bselect\b", bare[found.end() :], re.I)):
        return
    yield _write(kind, found.group(1), bare, dialect, line)


def _write(kind: ActKind, table: str, bare: str, dialect: Dialect, line: int) -> Act:
    _, condition = _parted(bare)
    columns: tuple[str, ...] = ()
    if kind is ActKind.UPDATE and (start := _ASSIGNS.search(bare)) is not None:
        columns = tuple(dict.fromkeys(_plain(name, dialect).rpartition(".")[2] for name in _ASSIGNED.findall(bare[start.end() :])))
    selective = _EQUAL.search(condition) is not None or (kind is ActKind.DELETE and bool(condition))
    return Act(kind, _plain(table, dialect), bounded=is_bounded(bare), line=line, selective=selective, columns=columns)


_ASSIGNS = lazy_regex(r"\bset\s", re.I)
_ASSIGNED = lazy_regex(rf"(?:^|,)\s*\(?\s*{_NAME}\s*=(?!=)")
_EQUAL = lazy_regex(
    r"(?<![<>!=])=(?!=)\s*\(?\s*(?:''|\d|[:$%?]|true\b|false\b|any\s*\()|\bin\s*\(\s*(?:''|\d|[:$%?])|"
    r"\b(?:like|ilike|having)\b|~|!=|<>|[<>]=?\s*[-:$%?\d]", re.I
)
_LIMITED = lazy_regex(r"\b(?:limit|fetch\s+(?:first|next))\s+[:%$\w(?]|\bbetween\b|\bctid\b", re.I)
_KEY = lazy_regex(
    r"(?:\b|_)(?:id|uuid|pk|key|code|slug|name|email)\"?\s*(?:(?<![<>!=])=(?!=)\s*(?:''|\d|[:$%?]|any\s*\()|in\s*\(\s*(?:''|\d|[:$%?])|[<>]=?\s*[:$%?\d])", re.I
)


def is_bounded(text: str) -> bool:
    """Whether a statement names the rows that it changes: a key equal to constants or parameters, a range of keys, a limit. Strings are emptied.

    ``WHERE x IS NULL`` and ``WHERE state = 'old'`` may be all rows and bound nothing.
    """
    where, condition = _parted(text)
    return where and (_LIMITED.search(condition) is not None or _KEY.search(condition) is not None)


def _parted(text: str) -> tuple[bool, str]:
    """Whether there is a WHERE, and what stands behind it."""
    _, where, condition = re.sub(r"\bwhere\b", "where", text, flags=re.I).partition(" where ")
    return bool(where), condition


def _plain(written: str, dialect: Dialect) -> str:
    quoted = written[:1] in '"`['
    name = re.sub(r"[\"`\[\]]", "", written)
    return (name if quoted else name.lower()).removeprefix("public.") if dialect is Dialect.POSTGRESQL else name
