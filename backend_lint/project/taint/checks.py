"""What a function looks at before it uses it: values that a test or a checking function has seen are not held to be dangerous."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.facts.python import BlockKind, Body, Call, Use
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around
from backend_lint.project.taint.library import CHECKING, KEEPING, LAST_NAMES, PASSES, TESTING
from backend_lint.project.value_text import alternatives, call_ids

_CONDITIONAL = frozenset({BlockKind.IF, BlockKind.ORELSE, BlockKind.WHILE, BlockKind.CASE})
_RAISING = frozenset("relative_to ip_address parse_date parse_datetime strptime fromisoformat isoparse UUID".split())
_RESOLVING = frozenset({"absolute", "resolve", "realpath", "abspath"})
"""Who looks at a path that was resolved looks where it leads."""
_PARSING = frozenset({"urlparse", "urlsplit"})
_CHECKING = lazy_regex("|".join(CHECKING), re.IGNORECASE)
_HANDS_ON = KEEPING | TESTING | {name.rpartition(".")[2] for name in PASSES}
_ASKS = lazy_regex(r"(?:is|has|in|belongs|points)_\w*(?:url|uri|host|domain|path|link|origin|redirect|target|address)", re.IGNORECASE)
"""Functions of the project whose answer decides: ``if is_shop_url(next)``."""
_NOT_CHECKING = LAST_NAMES | KEEPING | {"mark_safe", "SafeString", "send_from_directory"}
"""Names that only sound so: ``check_output``, ``unsafe_load``."""
_QUOTING = frozenset({"quote", "quote_plus", "quoteattr", "quote_ident", "escape", "escape_filter_chars"})
"""What makes a harmless copy: who hands the value on itself, hands on what it was."""
_MEMBER = lazy_regex(r"(?: not)? in |[=!]=(?!''|\"\"|None|True|False|\d)")
_LEVELS = 4
_ABSENT = lazy_regex(r"^\((?:not #(\d+)|#(\d+) is None|#(\d+)==None)\)$")
"""Tests that nothing was found."""
_LOOKING_UP = frozenset(
    "get_by find_by get_or_none get_by_name find_one first one_or_none scalar scalars scalar_one_or_none exists filter filter_by where execute select".split()
)
_ASKED = lazy_regex(r"^\(not #(\d+)\)$|^#(\d+)$")
_PREDICATE = lazy_regex(
    r"^(?:is|has|matches|looks_like)_(?!\w*(?:empty|none|null|blank|present|given|str|string|list|dict|text|file|dir|exist|callable|instance))\w+$"
)
"""Functions of the module that answer whether a value is of some form."""
_ENDING = frozenset({"abort", "flask.abort"})
_VERIFIES = lazy_regex(r"valid|verif|check|compare", re.IGNORECASE)
_SIGNED = lazy_regex(
    r"signature|\bsns|sns_?(?:message|validat)|webhook.*verif|hmac|verif\w*_(?:\w+_)?(?:message|event|payload|webhook|notification|sender|origin)s?$",
    re.IGNORECASE,
)
"""Who sends the whole message is shown by what a third party signed."""
_HAS = lazy_regex(r"(?<!path)(?<!file)(?<!dir)(?<!folder)_(?:exists?|is_registered|is_known)$")
_EQUAL = lazy_regex(r"==([#%][\w.\[\]']+)\)")


class Checks:
    """The values of one function that it checks."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._conditions = [block.subject for block in body.blocks if block.kind in _CONDITIONAL] + [text for _, text, _ in body.conditions]
        self._checked = set(self._looked_at())
        self._signed = set(self._shown_signed())
        fresh = self._checked
        for _ in range(_LEVELS):
            fresh = {text for one in fresh for number in call_ids(one) for text in self._handed(number)} - self._checked
            self._checked |= fresh
        self._checked |= {part for text in self._checked for part in alternatives(text) if part[:1] in "%#"}

    def covers(self, text: str) -> bool:
        """Whether the function has checked a value."""
        if text in self._checked or any(text.startswith((f"{whole}[", f"{whole}.")) for whole in self._signed):
            return True
        if text[:1] == "#" and text[1:].isdigit() and self._asked_again(int(text[1:])):
            return True
        if text[-1:] == "]" and self._got_and_asked(text):
            return True
        sought = f"({text}"
        for condition in self._conditions:
            at = condition.find(sought)
            while at >= 0:
                if _MEMBER.match(condition, at + len(sought)):
                    return True
                at = condition.find(sought, at + 1)
            if f"=={text})" in condition and f"''=={text})" not in condition:
                return True
        return False

    def _asked_again(self, number: int) -> bool:
        """The same expression was checked where it stood before: ``if is_safe(args.get('next')): return redirect(args.get('next'))``."""
        if number >= len(self._body.calls):
            return False
        call = self._body.calls[number]
        others = (int(one[1:]) for one in self._checked if one[:1] == "#" and one[1:].isdigit() and int(one[1:]) < number)
        return any((one := self._body.calls[other]).callee == call.callee and one.args == call.args for other in others)

    def _got_and_asked(self, text: str) -> bool:
        """What was asked for by ``get`` and checked, and is taken by its key then: ``args['next'] if is_safe(args.get('next')) else '/'``."""
        for one in self._checked:
            call = self._body.calls[int(one[1:])] if one[:1] == "#" and one[1:].isdigit() and int(one[1:]) < len(self._body.calls) else None
            if call is not None and call.args and call.callee.endswith(".get") and text == f"{call.callee[:-4]}[{call.args[0]}]":
                return True
        return False

    def _looked_at(self) -> Iterator[str]:
        for number, call in enumerate(self._body.calls):
            receiver, _, method = call.callee.rpartition(".")
            if method in _QUOTING and call.use in (Use.ARGUMENT, Use.BOUND) and call.target not in call.args:
                continue
            asks = method in TESTING or _ASKS.match(method) is not None
            if (_CHECKING.search(method) and method not in _NOT_CHECKING) or (asks and self._decides(number, method)):
                yield from (text for text in (*call.args, *(value for _, value in call.keywords)) if text[:1] not in "'\"")
                if method in TESTING and receiver[:1] in "%#(":
                    yield receiver

        yield from self._found_in_store()
        yield from self._let_through()
        for condition in self._conditions:
            for number in call_ids(condition):
                if number < len(self._body.calls) and self._body.calls[number].callee.rpartition(".")[2] in _RESOLVING:
                    yield f"#{number}"

    def _let_through(self) -> Iterator[str]:
        """What the function gives back only where a test of the project's own holds, and raises otherwise: ``if is_identifier(s): return s``."""
        raising = {one.block for one in self._body.raises}
        returning = {one.block for one in self._body.returns if one.value}
        for index, block in enumerate(self._body.blocks):
            match = _ASKED.match(block.subject) if block.kind is BlockKind.IF and raising else None
            number = int(next(filter(None, match.groups()))) if match is not None else -1
            if not 0 <= number < len(self._body.calls):
                continue
            call = self._body.calls[number]
            if len(call.args) == 1 and _PREDICATE.match(call.callee) and (index in raising if match and match.group(1) else index in returning):
                yield from call.args

    def _shown_signed(self) -> Iterator[str]:
        """What a signature was compared with, or who sent it was asked: ``validator.validate(request.url, request.form, signature)``. Its sender is known."""
        for call in self._body.calls:
            if _VERIFIES.search(call.callee.rpartition(".")[2]):
                given = [*call.args, *(value for _, value in call.keywords)]
                inner = [text for one in given for number in call_ids(one) if number < len(self._body.calls) for text in self._body.calls[number].args]
                if any("ignature" in text for text in (*given, *inner)) or any(map(_SIGNED.search, (call.callee, *self._refusing(call.block)))):
                    yield from (text for text in given if text[:1] in "%#" or (text[:1] not in "'\"" and "." in text))

    def _refusing(self, block: int) -> Iterator[str]:
        """The exceptions of a call behind which the function ends: ``except SnsValidatorError: return 422``."""
        ending = {one.block for one in self._body.raises} | {one.block for one in self._body.returns}
        ending |= {call.block for call in self._body.calls if call.callee in _ENDING}
        protected = {index for index, _ in around(self._body, block)}
        return (name for one in self._body.handlers if one.protected in protected and one.block in ending for name in one.types)

    def _found_in_store(self) -> Iterator[str]:
        """What rows were looked up by, where the function ends unless there is one: ``if not Target.get_by(uri=uri): abort(400)``."""
        ended = {one.block for one in self._body.raises} | {one.block for one in self._body.returns}
        ended |= {call.block for call in self._body.calls if call.callee in _ENDING}
        for index, block in enumerate(self._body.blocks):
            match = _ABSENT.match(block.subject) if index in ended and block.kind is BlockKind.IF else None
            if match is not None:
                yield from self._sought(int(next(filter(None, match.groups()))), _LEVELS)

    def _sought(self, number: int, levels: int) -> Iterator[str]:
        call = self._body.calls[number] if number < len(self._body.calls) else None
        if call is None or not levels:
            return
        receiver, _, method = call.callee.rpartition(".")
        if _HAS.search(method):
            yield from call.args
        elif method in _LOOKING_UP:
            yield from (value for _, value in call.keywords if value[:1] in "%#")
            for text in (receiver, *call.args):
                yield from _EQUAL.findall(text)
                if text[:1] == "#":
                    for inner in call_ids(text):
                        yield from self._sought(inner, levels - 1)

    def _decides(self, number: int, method: str) -> bool:
        if method in _RAISING:
            return True
        word = rf"#{number}\.(?:hostname|netloc|port)" if method in _PARSING else rf"#{number}(?!\d)"
        return any(re.search(word, text) for text in self._conditions)

    def _handed(self, number: int) -> Iterator[str]:
        if number < len(self._body.calls):
            call: Call = self._body.calls[number]
            receiver, _, method = call.callee.rpartition(".")
            if method in _HANDS_ON:
                yield from (text for text in call.args if text[:1] in "%#(f")
                if receiver[:1] in "%#(":
                    yield receiver
