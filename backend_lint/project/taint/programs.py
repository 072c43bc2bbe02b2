"""What a call that starts a program without a shell lets a value decide: the program, the script that an interpreter runs, what a shell is told."""

from __future__ import annotations

from backend_lint.facts.python import Call
from backend_lint.project.taint.library import INTERPRETERS, SHELLS, Danger
from backend_lint.project.taint.values import pieces
from backend_lint.project.value_text import constant_string, split

_TOLD = frozenset({"'-c'", "'-lc'", "'-ec'", "'/c'", "'-e'"})
_WITH_VALUE = frozenset({"-W", "-X", "-I", "-o", "-O", "-r", "--rcfile", "--init-file"})
"""Options of interpreters whose value stands in the next argument."""


def decisive(call: Call, first: str, others: tuple[str, ...]) -> tuple[Danger, str]:
    """The argument that decides what runs, and how; empty where all of that is constant.

    `first` is the program, or a list that begins with it; `others` follow as arguments of the call.
    """
    items = [item for value in (first, *others) for item in (split(value[1:-1]) if value[:1] == "[" else [value])]
    if not items:
        return Danger.PROGRAM, ""
    program = "python" if items[0] == "sys.executable" else constant_string(items[0])
    if program is None:
        found = pieces(items[0])
        if first[:1] != "[" and not found[0].is_value and " " in found[0].text:
            return Danger.WORDS, "" if _may_have_shell(call) else first
        return Danger.PROGRAM, items[0] if any(piece.is_value for piece in found) else ""
    name = program.rpartition("/")[2].rstrip("0123456789.")  # python3.11
    if name not in SHELLS:
        return Danger.PROGRAM, ""
    told = [number for number, item in enumerate(items) if item in _TOLD]
    if told and told[0] + 1 < len(items):
        return Danger.COMMAND, items[told[0] + 1]
    return Danger.SCRIPT, "" if told or name not in INTERPRETERS else _script(items[1:])


def _script(items: list[str]) -> str:
    """The first argument that is no option, if it is no constant."""
    after = ""
    for item in items:
        known = constant_string(item)
        if known is None:
            return item if not item.startswith(("*", "...")) and after not in _WITH_VALUE else ""
        if not known.startswith("-") and after not in _WITH_VALUE:
            return ""
        after = known
    return ""


def _may_have_shell(call: Call) -> bool:
    return any((keyword == "shell" and value != "False") or keyword == "**" for keyword, value in call.keywords)
