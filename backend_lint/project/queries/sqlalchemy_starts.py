"""How chains begin: ``select(...)``, ``session.query(...)``, ``session.execute(statement)``, ``session.get(Model, key)``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from backend_lint.facts.python import Call
from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.queries.sqlalchemy_names import EXECUTORS, FLASK_HELPERS, GETTERS, RUNNERS, of_library
from backend_lint.project.queries.sqlalchemy_results import Chain, ChainStep, executed
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.value_text import parse

if TYPE_CHECKING:
    from backend_lint.project.queries.sqlalchemy_chains import SqlalchemyChains


class Starts:
    """Recognizes the first call of a chain and those that run a statement."""

    def __init__(self, chains: SqlalchemyChains) -> None:
        self.chains = chains
        self.frames = chains.frames
        self.project = chains.project
        self._modules = chains.project.modules

    def started(self, frame: Frame, fact: Call, step: ChainStep) -> Chain | None:
        """A call that begins a statement: ``select(...)``, ``db.select(...)``, ``users.select()``."""
        callee = self.frames.ref(frame, fact.callee)
        if callee is None or not callee.is_external or not of_library(callee.name) or "Session" in callee.name:
            return None
        if step.method in ("union", "union_all", "intersect", "except_", "intersect_all", "except_all"):
            first = self.chains.at(frame, fact.args[0]) if fact.args else ()
            return Chain(first[0].entities if first else (), (step,)) if first else None
        if callee.name.startswith("sqlalchemy.Table") and step.method != "select":
            return Chain((None,), (step,))
        return Chain(self.entities(frame, fact.args), (step,))

    def entities(self, frame: Frame, args: Iterable[str]) -> tuple[ClassKey | None, ...]:
        """The mapped classes among the arguments of ``select`` or ``query``; an alias is its class."""
        found: list[ClassKey | None] = []
        for text in args:
            if text[:1] == "[":
                parsed = parse(text)
                found += self.entities(frame, text[1:-1].split(",")) if parsed is not None and not parsed.steps else [None]
            else:
                found.append(self.entity(frame, text))
        return tuple(found)

    def entity(self, frame: Frame, text: str) -> ClassKey | None:
        """The mapped class that a value is, itself or as an alias."""
        if text[:1] == "#" and text[1:].isdigit():
            fact = self._modules[frame.path].bodies[frame.function].calls[int(text[1:])]
            last = self.chains.callee(frame.path, fact.callee)[1]
            return self.entity(frame, fact.args[0]) if last in ("aliased", "with_polymorphic", "Bundle") and fact.args else None
        ref = self.frames.ref(frame, text)
        if ref is None or ref.kind is not RefKind.CLASS:
            return None
        mapped = self.frames.mapped(ref)
        return mapped.key if mapped is not None else ref.function

    def session_call(self, frame: Frame, step: ChainStep) -> Sequence[Chain]:
        """``session.query``, ``session.execute(statement)``, ``session.get(Model, key)``."""
        method, args = step.method, step.args
        if method == "query" and args:
            entities = self.entities(frame, args)
            return (Chain(entities, (step,), True, "query"),) if self._is_query(frame, step, entities) else ()
        statement = args[0] if args else dict(step.keywords).get("statement", dict(step.keywords).get("query", ""))
        if method in EXECUTORS and statement:
            return [executed(chain, step) for chain in self.chains.at(frame, statement) if chain.fetched in ("statement", "query", "")]
        if method in GETTERS and (len(args) > 1 or (args and step.keywords)):
            mapped = self.frames.mapped(self._class(frame, args[0]))
            return (Chain((mapped.key,), (step,), True, "entity"),) if mapped is not None else ()
        if method in FLASK_HELPERS and args:
            if chains := self.chains.at(frame, args[0]):
                return [chain.then(step, RUNNERS[method]) for chain in chains if chain.fetched in ("statement", "query")]
            mapped = self.frames.mapped(self._class(frame, args[0]))
            return (Chain((mapped.key,), (step,), True, "entity"),) if mapped is not None and method == "get_or_404" else ()
        return ()

    def _class(self, frame: Frame, text: str) -> Ref | None:
        ref = self.frames.ref(frame, text)
        return ref if ref is not None and ref.kind is RefKind.CLASS else None

    def _is_query(self, frame: Frame, step: ChainStep, entities: tuple[ClassKey | None, ...]) -> bool:
        """``x.query(...)`` is a session's if its argument is a model or a model's attribute, or `x` is known to be one."""
        mapped = self.project.schema.mapped
        if any(entity in mapped for entity in entities) or any(self._of_model(frame, text, 0) for text in step.args):
            return True
        if any(one.function in mapped for entity in entities if entity is not None for one in self.project.resolver.classes.subclasses(*entity)):
            return True  # a mixin of models asks for its own class
        holder = self._modules[frame.path].bodies[frame.function].calls[step.call].callee.removesuffix(".query").rpartition(".")[2].lower()
        if holder.endswith("session") or holder == "%db":
            return True
        callee = self.frames.ref(frame, self._modules[frame.path].bodies[frame.function].calls[step.call].callee)
        return callee is not None and callee.name in ("sqlalchemy.orm.Session.query", "sqlalchemy.orm.scoped_session.query")

    def _of_model(self, frame: Frame, text: str, depth: int) -> bool:
        """``User.name``, ``func.count(User.id)``."""
        if text[:1] == "#" and text[1:].isdigit():
            call = self._modules[frame.path].bodies[frame.function].calls[int(text[1:])]
            return depth < 4 and any(self._of_model(frame, one, depth + 1) for one in (*call.args, call.callee.rpartition(".")[0]))
        base = text.rpartition(".")[0]
        return bool(base) and text[:1] not in "#'\"f([{" and self.entity(frame, base) in self.project.schema.mapped
