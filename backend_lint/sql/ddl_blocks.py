"""Blocks of code in SQL: what the statements inside them may do to tables.

``DO $$ BEGIN ALTER TABLE ...; EXCEPTION WHEN duplicate_object THEN NULL; END $$`` and ``IF NOT EXISTS (...) THEN CREATE INDEX ...; END IF`` are ways to
write IF NOT EXISTS: their statements are applied. Everything else that changes tables in a block is not followed: the tables it names are forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.schema import Dialect
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.split import statements
from backend_lint.sql.tokens import Cursor, NotUnderstoodError, literal

Understand = Callable[[str, int], list[ddl.Change]]
"""Statement and line to changes; raises NotUnderstoodError."""

_CHANGES = lazy_regex(
    r"\b(?:create\s+(?:unlogged\s+)?(?:table|unique\s+index|index|type|domain)|alter\s+(?:table|index)|drop\s+(?:table|index)|rename\s+to)\b", re.I
)
_NAMED = lazy_regex(
    r"\b(?:alter\s+table|drop\s+table|create\s+table|truncate)\s+(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?((?:\"[^\"]+\"|\w+)(?:\.(?:\"[^\"]+\"|\w+))?)(?![%\w.])"
    r"|\bindex\b[^;']{0,200}?\bon\s+(?:only\s+)?((?:\"[^\"]+\"|\w+)(?:\.(?:\"[^\"]+\"|\w+))?)\s*(?:using\s+\w+\s*)?\(",
    re.I,
)
_DYNAMIC = lazy_regex(r"\bexecute\b|'[^']*\b(?:alter\s+table|create\s+(?:unique\s+)?index|drop\s+(?:table|index|constraint))\b[^']*(?:%|'\s*\|\|)", re.I)
_NAME_STRING = lazy_regex(r"'((?:[a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*)'", re.I)
_HEAD = lazy_regex(r"\s*(?:declare\b.*?)?\bbegin\b", re.I | re.S)
_HANDLER = lazy_regex(r"\s*exception\s+when\b", re.I)
_GUARD = lazy_regex(r"\s*if\b(.*?)\bthen\b", re.I | re.S)
_ABOUT_CATALOG = lazy_regex(r"\b(?:not\s+)?exists\s*\(|\bto_reg\w+\s*\(|\bis\s+(?:not\s+)?null\b", re.I)
_CONTROL = lazy_regex(r"\s*(?:end\s*(?:if)?\s*|null|return(?:\s+\w+)?|raise\b.*|else|elsif\b.*|begin|commit|perform\b.*)\Z", re.I | re.S)
_LOOKED_AT = 20_000
"""Characters of a block in which names are looked for."""
_TEMPORARY = lazy_regex(r"\bcreate\s+(?:(?:global|local)\s+)?temp(?:orary)?\s+table\s+(?:if\s+not\s+exists\s+)?(\S+)[^;]*", re.I)


def do_block(cursor: Cursor, understand: Understand, path: str, line: int) -> list[ddl.Change]:
    """``DO $$ ... $$`` with the cursor behind DO: it runs once, here."""
    body = next((token for token in cursor.tokens if token.kind == "string"), None)
    if body is None:
        raise NotUnderstoodError("DO without a body")
    code = literal(body)
    if not may_change(code):
        return []
    try:
        return _guarded(code, understand, line + cursor.text.count("\n", 0, body.start))
    except NotUnderstoodError as error:
        return touched(code, cursor.dialect, f"a DO block changes it: {error}", path, line, everything=True)


def may_change(code: str) -> bool:
    """Whether a piece of code holds statements that change tables or indexes."""
    return _CHANGES.search(_TEMPORARY.sub("", code)) is not None


def _guarded(code: str, understand: Understand, line: int) -> list[ddl.Change]:
    """The changes of a block that runs its statements unless their effect is there already. Raises NotUnderstoodError for any other block."""
    head = _HEAD.match(code)
    if head is None:
        raise NotUnderstoodError("no block")
    body = code[head.end() :]
    changes: list[ddl.Change] = []
    handled = False
    for statement in statements(body, Dialect.POSTGRESQL, line + code.count("\n", 0, head.end())):
        if handled or _HANDLER.match(statement.text):
            handled = statement.text.strip().lower() != "end"
            continue
        text, guard = statement.text, _GUARD.match(statement.text)
        while guard is not None:
            if not _ABOUT_CATALOG.search(guard.group(1)):
                raise NotUnderstoodError("it depends on a condition")
            text = text[guard.end() :].strip()
            guard = _GUARD.match(text)
        text = re.sub(r"^\s*(?:begin|else)\b", "", text, flags=re.I).strip()
        if not text or _CONTROL.match(text):
            continue
        executed = re.match(r"execute\s+('(?:[^']|'')*'|\$\w*\$.*\$\w*\$)\s*\Z", text, re.I | re.S)
        if executed is not None:
            written = executed.group(1)
            text = written[1:-1].replace("''", "'") if written[0] == "'" else re.sub(r"^\$\w*\$|\$\w*\$\Z", "", written)
        if not may_change(text):
            if re.match(r"(?:for|foreach|while|loop)\b", text, re.I):
                raise NotUnderstoodError("it loops")
            continue
        if not re.match(r"(?:create|alter|drop)\b", text, re.I):
            raise NotUnderstoodError("it builds a statement")
        changes += (tolerant(change) for change in understand(text, statement.line))
    return changes


def tolerant(change: ddl.Change) -> ddl.Change:
    """The change with IF [NOT] EXISTS."""
    if isinstance(change, (ddl.CreateTable, ddl.AddColumn, ddl.AddIndex)):
        return replace(change, if_not_exists=True)
    if isinstance(change, (ddl.DropTable, ddl.DropColumn, ddl.DropIndex, ddl.DropConstraint)):
        return replace(change, if_exists=True)
    return change


def touched(code: str, dialect: Dialect, why: str, path: str, line: int, everything: bool) -> list[ddl.Change]:
    """What the code may change, as tables to forget. With `everything` nothing is certain any more if it names no table."""
    static = _TEMPORARY.sub("", code[:_LOOKED_AT])
    names = {(first or second).replace('"', "") for first, second in _NAMED.findall(static)}
    if _DYNAMIC.search(static):
        names.update(_NAME_STRING.findall(static))
    if dialect is Dialect.POSTGRESQL:
        names = {name.lower().removeprefix("public.") for name in names}
    forgotten: list[ddl.Change] = [ddl.Forget(name, "all", why, path, line) for name in sorted(names) if name.lower() not in ("format", "exists", "only")]
    if not forgotten and everything:
        forgotten.append(ddl.Forget("", "all", why.replace("changes it", "changes tables that it does not name"), path, line))
    return forgotten
