"""What methods of constant strings give, and strings that are put together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from backend_lint.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from backend_lint.project.schema.sqlalchemy_values import Nothing, Value

_MAX = 100_000
_HEAD = lazy_regex(r"([^_])([A-Z][a-z]+)")
_TAIL = lazy_regex(r"([a-z0-9])([A-Z])")


def snake_case(name: str) -> str:
    """``UserGroup`` as ``user_group``, the way of Flask-SQLAlchemy and most helpers.

    >>> snake_case("HTTPRequestLog"), snake_case("User2FA")
    ('http_request_log', 'user2_fa')
    """
    return _TAIL.sub(r"\1_\2", _HEAD.sub(r"\1_\2", name)).lower()


def flask_table_name(name: str) -> str:
    """The table that Flask-SQLAlchemy makes of a class name.

    >>> flask_table_name("UserGroup"), flask_table_name("HTTPRequest")
    ('user_group', 'http_request')
    """
    name = re.sub(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))", r"_\1", name)
    return name.lower().lstrip("_")


def _substituted(subject: str, pattern: Value, replacement: Value) -> Value:
    """``re.sub`` of a short name; the pattern is the checked project's, so it runs on RE2, or it is one of those known by heart."""
    if not isinstance(pattern, str) or not isinstance(replacement, str) or len(subject) > 200 or len(pattern) > 200:
        return _unknown()
    if pattern in _KNOWN:
        return re.sub(pattern, replacement, subject) if len(replacement) < 20 else _unknown()
    try:
        import re2
    except ImportError:
        return _unknown()
    try:
        found = re2.sub(pattern, replacement, subject)
    except Exception:  # re2 raises its own error for a pattern that it does not know
        return _unknown()
    return str(found)


_KNOWN = frozenset(
    {
        r"(?<!^)(?=[A-Z])",
        r"(?=[A-Z])",
        r"(?<=[a-z0-9])(?=[A-Z])",
        r"(?<=[a-z])(?=[A-Z])",
        r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))",
        r"((?<=[a-z0-9])[A-Z]|(?!^)(?<!_)[A-Z](?=[a-z]))",
        r"(?<!^)(?<!_)([A-Z])",
        r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])",
    }
)


def call_method(subject: str, method: str, args: Sequence[Value], keywords: Mapping[str, Value] | None = None) -> Value:
    """The result of a method of a constant string."""
    if method == "re.sub":
        return _substituted(subject, args[0], args[1]) if len(args) == 2 else _unknown()
    if method == "re.split":
        marked = _substituted(subject, args[0], "\0") if len(args) == 1 else _unknown()
        return tuple(marked.split("\0")) if isinstance(marked, str) else marked
    if method == "join":
        items = args[0] if args else None
        if not isinstance(items, tuple) or not all(isinstance(item, str) for item in items):
            return _unknown()
        texts = [str(item) for item in items]
        return subject.join(texts) if sum(map(len, texts)) + len(subject) * len(texts) < _MAX else _unknown()
    if method == "format":
        return _format(subject, args, keywords or {})
    if not all(isinstance(arg, str) for arg in args) or keywords:
        return _unknown()
    texts = [str(arg) for arg in args]
    if method == "replace" and len(texts) == 2:
        most = len(subject) + (subject.count(texts[0]) if texts[0] else len(subject) + 1) * len(texts[1])
        return subject.replace(texts[0], texts[1]) if most < _MAX else _unknown()
    if method in ("strip", "lstrip", "rstrip") and len(texts) <= 1:
        found: str = getattr(subject, method)(*texts)
        return found
    if method in ("removesuffix", "removeprefix") and len(texts) == 1:
        return subject.removesuffix(texts[0]) if method == "removesuffix" else subject.removeprefix(texts[0])
    if method in ("lower", "upper", "title", "capitalize") and not texts:
        simple: str = getattr(subject, method)()
        return simple
    return _unknown()


def _format(subject: str, args: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    out = []
    at = automatic = 0
    while at < len(subject):
        sign = subject[at]
        if subject[at : at + 2] in ("{{", "}}"):
            out.append(sign)
            at += 2
        elif sign == "{":
            end = subject.find("}", at)
            name = subject[at + 1 : end]
            if not name:
                name, automatic = str(automatic), automatic + 1
            value = args[int(name)] if name.isdecimal() and len(name) < 4 and int(name) < len(args) else keywords.get(name, _unknown())
            if end < 0 or not isinstance(value, str | int) or isinstance(value, bool):
                return _unknown()
            out.append(str(value))
            at = end + 1
        else:
            out.append(sign)
            at += 1
    return "".join(out) if sum(map(len, out)) < _MAX else _unknown()


def percent(template: str, value: Value) -> Value:
    """``template % value`` for ``%s``, ``%d`` and ``%(name)s``."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(inner, str | int):
                return _unknown()
            template = template.replace(f"%({key})s", str(inner))
        return template if "%(" not in template else _unknown()
    values = value if isinstance(value, tuple) else (value,)
    parts = re.split(r"%[sd]", template)
    if len(parts) != len(values) + 1 or not all(isinstance(inner, str | int) for inner in values):
        return _unknown()
    return "".join(part + (str(values[at]) if at < len(values) else "") for at, part in enumerate(parts)).replace("%%", "%")


def formatted(text: str, evaluate: Callable[[str], Value]) -> Value:
    """The string that an f-string gives; unknown if one of its parts is."""
    if not text.endswith("'") or text.endswith("...'"):
        return _unknown()
    body = text[2:-1].replace("\\'", "'")
    out = []
    at = 0
    while at < len(body):
        if body[at : at + 2] in ("{{", "}}"):
            out.append(body[at])
            at += 2
        elif body[at] == "{":
            end = _closing(body, at)
            value = evaluate(body[at + 1 : end])
            if not isinstance(value, str | int) or isinstance(value, bool):
                return _unknown()
            out.append(str(value))
            at = end + 1
        else:
            out.append(body[at])
            at += 1
    return "".join(out) if sum(map(len, out)) < _MAX else _unknown()


def _closing(body: str, start: int) -> int:
    depth = 0
    for at in range(start, len(body)):
        if body[at] == "{":
            depth += 1
        elif body[at] == "}":
            depth -= 1
            if not depth:
                return at
    return len(body)


def string_end(text: str) -> int:
    """Where the string that a text begins with ends.

    >>> string_end("'_'.join(#1)")
    3
    """
    at = 1
    while at < len(text) and text[at] != text[0]:
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _unknown() -> Nothing:
    from backend_lint.project.schema.sqlalchemy_values import UNKNOWN

    return UNKNOWN
