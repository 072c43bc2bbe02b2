"""Permissions that a view chooses for each request: ``get_permissions`` with tests of ``self.action`` and of the method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.python import BlockKind, Body
from backend_lint.facts.route import Guard
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.references import Ref
from backend_lint.project.value_text import constant_string, split
from backend_lint.project.web.values import Place

if TYPE_CHECKING:
    from backend_lint.project.web.permissions import Permissions

_TEST = lazy_regex(r"\(%self\.(action|request\.method)(==|!=| in | not in )(.+)\)$")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_USUAL = "self.permission_classes"
_MOST = 40


class Chosen:
    """Reads one method that returns permissions, for one action of a view."""

    def __init__(self, permissions: Permissions, ref: Ref, key: FunctionKey, method: str, action: str) -> None:
        self.permissions = permissions
        self.ref = ref
        self.key = key
        self.method = method
        self.action = action
        self.body: Body = permissions.values.modules[key[0]].bodies[key[1]]

    def guards(self) -> tuple[Guard, ...]:
        """All that verifies if every list that may be returned does, nothing that verifies if none does, else one guard that may."""
        lists = list(self._lists())
        if lists and all(found is not None and any(guard.verifies for guard in found) for found in lists):
            return tuple(dict.fromkeys(guard for found in lists for guard in found or () if guard.verifies))
        if lists and all(found is not None and all(guard.verifies is False for guard in found) for found in lists):
            return tuple(dict.fromkeys(guard for found in lists for guard in found or ()))
        head = self.permissions.values.modules[self.key[0]].functions[self.key[1]]
        return (Guard(head.name, None, self.key[0], head.line),)

    def _lists(self) -> Iterator[tuple[Guard, ...] | None]:
        for found in self.body.returns[:_MOST]:
            sure = self._reached(found.block)
            if sure is not False and found.value:
                yield from self._returned(found.value)
            if sure:
                return

    def _returned(self, text: str) -> Iterator[tuple[Guard, ...] | None]:
        place = Place(*self.key, text)
        call = self.permissions.values.call(place)
        if call is not None and call.callee.endswith((".get_permissions", "super().permission_classes")):
            yield from self._assigned("%" + _USUAL) or [self.permissions.usual(self.ref, self.method)]
            return
        made = self.permissions.values.call(Place(*self.key, text[2:-1])) if text.startswith("[*#") else None
        if made is not None:
            source = made.callee.removesuffix("[]")
            lists = self._assigned(source)
            yield from lists or [self.permissions.usual(self.ref, self.method) if source == "%" + _USUAL else None]
            return
        yield self.permissions.of_list(place, self.method) if text[:1] in "[(" or text.endswith("_CLASSES") else None

    def _assigned(self, target: str) -> list[tuple[Guard, ...] | None]:
        """What may stand behind a name: what is surely assigned last replaces everything before it."""
        found: list[tuple[Guard, ...] | None] = []
        certain = False
        for assign in self.body.assigns[:_MOST]:
            if assign.target != target or not assign.value or (sure := self._reached(assign.block)) is False:
                continue
            guards = self.permissions.of_list(Place(*self.key, assign.value), self.method) if assign.value[0] in "[(" else None
            if sure:
                found, certain = [], True
            found.append(guards)
        if found and not certain and target == "%" + _USUAL:
            found.append(self.permissions.usual(self.ref, self.method))
        return found

    # -- conditions ------------------------------------------------------------------------------------

    def _reached(self, block: int) -> bool | None:
        """Whether a block runs for this action and method; None if that is not known."""
        sure: bool | None = True
        while block > 0:
            found = self.body.blocks[block]
            if found.kind in (BlockKind.IF, BlockKind.ORELSE):
                truth = self._truth(found.subject)
                if truth is not None and truth is (found.kind is BlockKind.ORELSE):
                    return False
                sure = None if truth is None else sure
            elif found.kind is not BlockKind.WITH:
                sure = None
            block = found.parent
        return sure

    def _truth(self, subject: str) -> bool | None:
        if subject.startswith("(not ") and subject.endswith(")"):
            inner = self._truth(subject[5:-1])
            return None if inner is None else not inner
        if subject[:1] == "(" and " and " in subject:
            parts = [self._truth(part) for part in subject[1:-1].split(" and ")]
            return False if False in parts else None
        match = _TEST.match(subject)
        if match is None:
            return None
        asked = self.action if match[1] == "action" else self.method
        names = self._names(match[3])
        if not asked or names is None:
            return None
        return (asked in names) is (match[2] in ("==", " in "))

    def _names(self, text: str) -> frozenset[str] | None:
        if text.endswith("SAFE_METHODS"):
            return _SAFE
        texts = split(text[1:-1]) if text[:1] == "[" and text[-1:] == "]" else [text]
        names = [constant_string(one) for one in texts]
        return frozenset(name for name in names if name is not None) if None not in names else None
