"""Value texts of operations and displays taken apart: ``(#1||(~#2))``, ``'key':value``."""

from __future__ import annotations

from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.value_text import constant_string, split

_SIGN = lazy_regex(r"\|\||//|\*\*|<<|>>|==|!=|<=|>=|[-+*/%&^@<>|]| in | not in | is not | is | and ")
_ATOM = lazy_regex(r"[-~]*[%#]?[\w.]*")


def operands(text: str, sign: str) -> list[str]:
    """What stands between the signs ``||``, ``&`` or ``^`` of an operation in brackets.

    >>> operands("(#1||(#2&#3))", "||"), operands("(#1|#2)", "||")
    (['#1', '(#2&#3)'], ['(#1|#2)'])
    """
    if text[:1] != "(" or text[-1:] != ")":
        return [text]
    parts = split(text[1:-1], sign[0])
    if sign == "||":
        return [part for part in parts if part] if "" in parts else [text]
    return parts if len(parts) > 1 else [text]


def united(text: str) -> list[str]:
    """The alternatives of a value, operations of ``||`` kept together: ``(#1||#2|#3)`` is ``(#1||#2)`` or ``#3``."""
    if text[:1] != "(" or text[-1:] != ")":
        return [text]
    found: list[str] = []
    joins = False
    for part in split(text[1:-1], "|"):
        if not part:
            joins = True
        elif joins and found:
            found[-1] = f"({found[-1]}||{part})"
            joins = False
        else:
            found.append(part)
    return found if len(found) > 1 else [text]


def key_and_value(part: str) -> tuple[str, str]:
    """Key and value of an item of a dict display; an empty key for one that is not constant."""
    end = 0
    if part[:1] in "'\"":
        end = 1
        while end < len(part) and part[end] != part[0]:
            end += 2 if part[end] == "\\" else 1
        end += 1
    if not end or part[end : end + 1] != ":":
        return "", part
    return constant_string(part[:end]) or "", part[end + 1 :]


def operation(text: str) -> tuple[str, str, str] | None:
    """The parts of a text in brackets: left side, operator, right side; a prefix operator has no left side.

    >>> operation("(#1||(#2&#3))"), operation("(~#1)"), operation("(not %a)"), operation("(%a|None)")
    (('#1', '||', '(#2&#3)'), ('', '~', '#1'), ('', 'not', '%a'), ('%a', '|', 'None'))
    """
    if text[:1] != "(" or text[-1:] != ")":
        return None
    inner = text[1:-1]
    if inner.startswith("~"):
        return "", "~", inner[1:]
    if inner.startswith("not "):
        return "", "not", inner[4:]
    end = _operand_end(inner)
    match = _SIGN.match(inner, end)
    if match is None:
        return None
    return inner[:end], match.group().strip(), inner[match.end() :]


def _operand_end(text: str) -> int:
    position = 0
    if text[:1] in "'\"":
        position = _string_end(text, 0)
    elif text[:2] in ("f'", 'f"', "b'", 'b"'):
        position = _string_end(text, 1)
    elif text[:1] not in "([{":
        match = _ATOM.match(text)
        position = match.end() if match is not None else 0
    while position < len(text) and text[position] in "([{.":
        if text[position] == ".":
            match = _ATOM.match(text, position + 1)
            position = match.end() if match is not None else position + 1
        else:
            position = _closed(text, position)
    return position


def _string_end(text: str, start: int) -> int:
    position = start + 1
    while position < len(text) and text[position] != text[start]:
        position += 2 if text[position] == "\\" else 1
    return position + 1


def _closed(text: str, start: int) -> int:
    depth = 0
    position = start
    while position < len(text):
        if text[position] in "'\"":
            position = _string_end(text, position)
            continue
        depth += (text[position] in "([{") - (text[position] in ")]}")
        position += 1
        if not depth:
            return position
    return position
