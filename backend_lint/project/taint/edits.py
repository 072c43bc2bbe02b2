"""The edit that hands values over beside a statement of SQL. LibCST is imported only when a file is being fixed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import libcst

_DRIVERS = {
    "sqlite3.": "?",
    **dict.fromkeys(("django.db.", "psycopg2.", "psycopg.", "MySQLdb.", "pymysql.", "mysql.connector."), "%s"),
}
_QUOTED = re.compile(r"(?:[=<>(,]|\bi?like)\s*(\\?')$", re.IGNORECASE)
_BARE = re.compile(r"[=<>]\s*$")
_ENDS = re.compile(r"$|[\s),;]")


class _Part(NamedTuple):
    """A piece of a statement as it stands in the source: text between its quotation marks, or a value."""

    text: str
    value: libcst.BaseExpression | None = None


def placeholder_of(driver: str) -> str:
    """How a call of a driver's, by its qualified name, writes a parameter: ``%s`` or ``?``; empty if that is not known.

    >>> placeholder_of("sqlite3.Cursor.execute"), placeholder_of("psycopg2.cursor.execute"), placeholder_of("asyncpg.Connection.execute")
    ('?', '%s', '')
    """
    return next((sign for start, sign in _DRIVERS.items() if driver.startswith(start)), "") if driver.endswith(".execute") else ""


def with_parameters(node: libcst.CSTNode, sign: str) -> libcst.CSTNode | None:
    """``execute("... = ?", [value])`` for a statement that is put together where it is handed over, if every value stands where a parameter may."""
    import libcst

    if not isinstance(node, libcst.Call) or len(node.args) != 1 or node.args[0].keyword is not None or node.args[0].star:
        return None
    found = _taken_apart(node.args[0].value)
    if found is None:
        return None
    start, parts, end = found
    text, values = "", []
    for index, part in enumerate(parts):
        if part.value is None:
            text += part.text
            continue
        after = parts[index + 1].text if index + 1 < len(parts) else ""
        quoted = _QUOTED.search(text)
        if quoted and after.startswith(quoted[1]) and text.count("'") % 2 and _ENDS.match(after.removeprefix(quoted[1])):
            text = text[: quoted.start(1)]
            parts[index + 1] = _Part(after.removeprefix(quoted[1]))
        elif not _BARE.search(text) or not _ENDS.match(after) or text.count("'") % 2:
            return None
        text += "\0"
        values.append(part.value)
    if not values or (sign == "%s" and "%" in text) or sign in text or "--" in text or "/*" in text:
        return None
    statement = libcst.SimpleString(start + text.replace("\0", sign) + end)
    comma = libcst.Comma(whitespace_after=libcst.SimpleWhitespace(" "))
    elements = [libcst.Element(value, comma=comma if index < len(values) - 1 else libcst.MaybeSentinel.DEFAULT) for index, value in enumerate(values)]
    (only,) = node.args
    return node.with_changes(args=[libcst.Arg(statement, comma=comma), only.with_changes(value=libcst.List(elements))])


def _taken_apart(value: libcst.BaseExpression) -> tuple[str, list[_Part], str] | None:
    """The opening quotation mark with its prefix, the parts, and the closing one."""
    import libcst

    if isinstance(value, libcst.FormattedString):
        return _of_f_string(value)
    if isinstance(value, libcst.BinaryOperation) and isinstance(value.operator, libcst.Modulo) and isinstance(value.left, libcst.SimpleString):
        given = [one.value for one in value.right.elements] if isinstance(value.right, libcst.Tuple) else [value.right]
        return _filled_in(value.left, "%s", "%", given)
    if isinstance(value, libcst.BinaryOperation) and isinstance(value.operator, libcst.Add):
        return _joined(list(_operands(value)))
    if isinstance(value, libcst.Call) and isinstance(value.func, libcst.Attribute) and all(one.keyword is None and not one.star for one in value.args):
        text, method = value.func.value, value.func.attr.value
        if method == "format" and isinstance(text, libcst.SimpleString):
            return _filled_in(text, "{}", "{", [one.value for one in value.args])
    return None


def _of_f_string(value: libcst.FormattedString) -> tuple[str, list[_Part], str] | None:
    import libcst

    parts: list[_Part] = []
    for part in value.parts:
        if isinstance(part, libcst.FormattedStringText):
            parts.append(_Part(part.value))
        elif isinstance(part, libcst.FormattedStringExpression) and part.conversion is None and part.format_spec is None and part.equal is None:
            parts.append(_Part("", part.expression))
        else:
            return None
    if any("{" in part.text or "}" in part.text for part in parts):
        return None
    return re.sub("[fF]", "", value.start), parts, value.end


def _filled_in(template: libcst.SimpleString, mark: str, sign: str, given: list[libcst.BaseExpression]) -> tuple[str, list[_Part], str] | None:
    texts = template.raw_value.split(mark)
    if len(texts) != len(given) + 1 or any(sign in text for text in texts) or "b" in template.prefix:
        return None
    parts = [_Part(texts[0])]
    for value, text in zip(given, texts[1:], strict=True):
        parts += [_Part("", value), _Part(text)]
    return template.prefix + template.quote, parts, template.quote


def _operands(value: libcst.BaseExpression) -> Iterator[libcst.BaseExpression]:
    import libcst

    if isinstance(value, libcst.BinaryOperation) and isinstance(value.operator, libcst.Add):
        yield from _operands(value.left)
        yield value.right
    else:
        yield value


def _joined(operands: list[libcst.BaseExpression]) -> tuple[str, list[_Part], str] | None:
    import libcst

    texts = [one for one in operands if isinstance(one, libcst.SimpleString)]
    if not isinstance(operands[0], libcst.SimpleString) or len({one.quote for one in texts}) != 1 or any(one.prefix for one in texts):
        return None
    parts = [_Part(one.raw_value) if isinstance(one, libcst.SimpleString) else _Part("", one) for one in operands]
    return texts[0].quote, parts, texts[0].quote
