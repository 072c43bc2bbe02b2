"""Runs LibCST rules over one file. Imported only where a rule's trigger stands in the file's bytes; touches no disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from backend_lint.api import CstRule, Finding
from backend_lint.engine.mend_file import CannotMendError, guard
from backend_lint.facts.file import Role, SourceFile, Unchecked
from backend_lint.readers.python.node_file import Span


class CstFile:
    """Implements `backend_lint.api.File` over a LibCST module. `symbol` is empty: a visitor keeps track of where it is."""

    def __init__(self, file: SourceFile, wrapper: MetadataWrapper) -> None:
        self.path = file.path
        self.role: Role = file.role
        self.symbol = ""
        self.ancestors: tuple[Any, ...] = ()
        self._positions = wrapper.resolve(PositionProvider)

    def position(self, node: Any) -> Span:
        """The node's place, 1-based, the end exclusive."""
        place = self._positions[node]
        return Span(place.start.line, place.start.column + 1, place.end.line, place.end.column + 1)

    def dotted(self, node: Any) -> str:
        """The dotted text of a name or attribute chain; imports are not resolved."""
        from libcst.helpers import get_full_name_for_node

        return get_full_name_for_node(node) or ""


def visit(file: SourceFile, data: bytes, rules: Sequence[CstRule]) -> tuple[list[Finding], list[Unchecked], dict[str, float]]:
    """Findings, what could not be checked, and CPU seconds by rule. `rules` are those whose trigger stands in `data`."""
    try:
        guard(data)
        wrapper = MetadataWrapper(cst.parse_module(data), unsafe_skip_copy=True)
        seen = CstFile(file, wrapper)
    except (CannotMendError, cst.ParserSyntaxError, RecursionError) as error:
        names = ", ".join(rule.name for rule in rules)
        return [], [Unchecked(file.path, f"not seen by {names}: LibCST cannot take it: {error}"[:300])], {}
    findings: list[Finding] = []
    unchecked: list[Unchecked] = []
    seconds: dict[str, float] = {}
    for rule in rules:
        started = time.process_time()
        try:
            findings += list(rule.visit_module(wrapper.module, seen))
        except Exception as error:
            unchecked.append(Unchecked(file.path, f"rule {rule.name} failed: {type(error).__name__}: {error}"[:300]))
        seconds[rule.name] = time.process_time() - started
    return findings, unchecked, seconds
