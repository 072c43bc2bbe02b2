"""ORDER BY, GROUP BY, LIMIT and OFFSET."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.query import OrderKey, Rows, Term, TermKind
from backend_lint.project.queries.sqlalchemy_chains import ChainStep
from backend_lint.project.queries.sqlalchemy_draft import Draft
from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.value_text import constant_string, split

if TYPE_CHECKING:
    from backend_lint.project.queries.sqlalchemy_compile import Compiler


class Orders:
    """What decides in which order rows come and how many."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.sources = compiler.sources
        self.relations = compiler.relations
        self.expressions = compiler.expressions

    def order_by(self, draft: Draft, step: ChainStep) -> None:
        """``order_by(User.name, desc("age"))``; None takes away what was there."""
        for frame, text in self.compiler.lists.arguments(step.frame, step.args):
            if text in ("None", "False"):
                draft.order.clear()
            elif text == "?" or (text[:1] in "([" and "|" in text):
                draft.order.append(OrderKey(Term(TermKind.UNKNOWN, text=self.compiler.written(frame, text))))
            else:
                self.key(draft, frame, text, False, None)

    def key(self, draft: Draft, frame: Frame, text: str, descending: bool, nulls: bool | None) -> None:
        """One key of the order."""
        if text[:1] == "#" and text[1:].isdigit():
            call = self.compiler.project.modules[frame.path].bodies[frame.function].calls[int(text[1:])]
            base, method = self.compiler.chains.callee(frame.path, call.callee)
            inner = base if not call.args else call.args[0]
            if method in ("desc", "asc", "nullslast", "nulls_last", "nullsfirst", "nulls_first") and inner:
                if method in ("desc", "asc"):
                    return self.key(draft, frame, inner, method == "desc", nulls)
                return self.key(draft, frame, inner, descending, "first" in method)
            if method == "text" and call.args and (value := constant_string(call.args[0])) is not None:
                return self._worded(draft, value)
        if text[:1] in "'\"" and (value := constant_string(text)) is not None:
            return self._worded(draft, value)
        if text[:1] == "(" and (operated := text[1:2]) == "-":
            text = operated
        if text[:1] == "-":
            descending, text = True, text[1:]
        term = self.expressions.term(draft, frame, text)
        if term.kind is TermKind.PARAMETER and not term.text:
            term = Term(TermKind.UNKNOWN, text=self.compiler.written(frame, text))
        draft.order.append(OrderKey(term, descending, nulls))
        return None

    def _worded(self, draft: Draft, words: str) -> None:
        """``order_by("created desc")``: names of what is selected, or columns."""
        for part in split(words):
            name, _, direction = part.strip().partition(" ")
            bare = name.rpartition(".")[2].strip('"')
            term = draft.labels.get(bare)
            if term is None:
                source = next((one for one in draft.sources if one.mapped is None or any(field.column == bare for field in one.mapped.fields.values())), None)
                known = source is not None and source.mapped is not None and bare.isidentifier()
                term = self.relations.column(draft, source, bare) if known and source is not None else Term(TermKind.UNKNOWN, text=part.strip())
            nulls = True if "nulls first" in direction.lower() else False if "nulls last" in direction.lower() else None
            draft.order.append(OrderKey(term, direction.lower().startswith("desc"), nulls))

    def group_by(self, draft: Draft, step: ChainStep) -> None:
        """``group_by``: columns and labels."""
        draft.grouped = True
        for frame, text in self.compiler.lists.arguments(step.frame, step.args):
            name = constant_string(text) if text[:1] in "'\"" else None
            if name is not None and name in draft.labels:
                draft.group.append(draft.labels[name])
            elif text != "?" and self.sources.source(frame, text) is None:
                draft.group.append(self.expressions.term(draft, frame, text))

    def declared(self, frame: Frame, text: str) -> Iterator[tuple[Frame, str]]:
        """The keys of a relationship's ``order_by`` as value texts; of one in a string only plain attributes."""
        if text[:1] not in "'\"":
            for part in split(text[1:-1]) if text[:1] == "[" else [text]:
                yield frame, part
            return
        written = constant_string(text) or ""
        for part in split(written[1:-1] if written[:1] in ("(", "[") else written):
            stem = part.strip()
            for call in (".desc()", ".asc()"):
                stem = stem.removesuffix(call)
            if stem.replace(".", "").replace("_", "").isalnum():
                yield frame, f"-{stem}" if part.strip().endswith(".desc()") else stem

    def number(self, text: str) -> int:
        """A number; -1 if it is not known."""
        return int(text) if text.isdigit() else -1

    def limit(self, draft: Draft, step: ChainStep) -> None:
        """``limit(10)``."""
        text = step.args[0] if step.args else dict(step.keywords).get("limit", "?")
        draft.limit = None if text == "None" else self.number(text)

    def offset(self, draft: Draft, step: ChainStep) -> None:
        """``offset(20)``."""
        draft.offset = step.args[:1] not in (("None",), ("0",))

    def slice(self, draft: Draft, step: ChainStep) -> None:
        """``slice(0, 10)``, ``query[:10]``, ``query[0]``."""
        low, high = (*step.args, "", "")[:2]
        if step.method == "[]":
            if ":" not in step.args[0]:
                draft.limit, draft.offset = 1, step.args[0] != "0"
                draft.rows = Rows.ONE
                return
            low, _, high = step.args[0].partition(":")
        draft.offset = low not in ("", "0", "None")
        if high in ("", "None"):
            return
        draft.limit = int(high) - (int(low) if low.isdigit() else 0) if high.isdigit() and (low.isdigit() or not low) else -1
