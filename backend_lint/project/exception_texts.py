"""Where the text of a caught exception goes, and whether somebody looked at the exception before."""

from __future__ import annotations

import re

from backend_lint.facts.python import BlockKind, Body, Handler
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around
from backend_lint.project.value_text import call_ids

_DEBUG = lazy_regex(r"debug|is_staff|is_superuser|is_admin", re.IGNORECASE)
_CHOICE = lazy_regex(r"\|f?['\"]|['\"]\|")
"""A conditional value with a constant text on one side: somebody chose when to show which."""
_PASS_ON = frozenset(
    (
        "format join format_exc format_exception format_exception_only escape _ gettext gettext_lazy dumps dict str repr list jsonify strip rstrip split "
        "replace encode"
    ).split()
)
_WHOLE = frozenset({"strip", "rstrip", "replace", "encode"})
"""Methods that leave a text mostly as it is. Who splits it has chosen what is shown."""
_TRACEBACKS = ("traceback.format_exc", "traceback.format_exception", "sys.exc_info")


def is_looked_at(body: Body, handler: Handler, block: int) -> bool:
    """It runs only while debugging, or the exception was looked at before its text was chosen."""
    for _, found in around(body, block):
        if found.kind is BlockKind.IF:
            asked = " ".join((found.subject, *(body.calls[number].callee for number in call_ids(found.subject))))
            if _DEBUG.search(asked) or (handler.name and f"%{handler.name}" in asked):
                return True
    return False


def shows_exception(body: Body, values: tuple[str, ...], name: str, depth: int = 0) -> bool:
    """Whether values show the text of the exception bound to `name`, or a traceback, directly or through calls that pass it on."""
    own = re.compile(rf"(?<!type\()(?<!isinstance\()%{re.escape(name)}(?!\w)(?!\.(?!args\b|orig\b|strerror\b))") if name else None
    for value in values:
        if (own is not None and own.search(value)) or any(known in value for known in _TRACEBACKS):
            return not _DEBUG.search(value) and not _CHOICE.search(value)
        for number in call_ids(value) if depth < 3 else ():
            call = body.calls[number] if number < len(body.calls) else None
            if call is None:
                continue
            last = call.callee.rpartition(".")[2]
            inner = (*call.args, *(text for _, text in call.keywords))
            if last in _WHOLE:
                inner = (call.callee.rpartition(".")[0], *inner)
            if last in ("format_exc", "exc_info") or (last in _PASS_ON and shows_exception(body, inner, name, depth + 1)):
                return True
    return False
