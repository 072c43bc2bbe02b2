"""Which statement, query or result of SQLAlchemy a value stands for, step by step from ``select(...)`` to ``.all()``."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from backend_lint.facts.python import Call, Use
from backend_lint.project.blocks import around
from backend_lint.project.queries.sqlalchemy_callers import Callers
from backend_lint.project.queries.sqlalchemy_frames import Frame, Frames
from backend_lint.project.queries.sqlalchemy_names import (
    BUILDERS,
    EXECUTORS,
    FLASK_HELPERS,
    METHODS,
    RESULTS,
    RUNNERS,
    STATEMENTS,
    WRAPPERS,
    of_library,
)
from backend_lint.project.queries.sqlalchemy_results import MAX_VARIANTS, Chain, ChainStep, executed, fetched_by, item_of, iterated, picked, pruned
from backend_lint.project.queries.sqlalchemy_starts import Starts
from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import ClassKey, Loading
from backend_lint.project.value_text import alternatives, parse, split

if TYPE_CHECKING:
    from backend_lint.project import Project

__all__ = ["Chain", "ChainStep", "SqlalchemyChains"]

_MAX_FRAMES = 4
_MAX_DEPTH = 60
_ITERATORS = frozenset({"list", "tuple", "set", "sorted", "iter", "reversed", "filter"})


class SqlalchemyChains:
    """Answers what a value stands for; answers are kept."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.frames = Frames(project)
        self.callers = Callers(project)
        self.starts = Starts(self)
        self._modules = project.modules
        self._kept: dict[tuple[Frame, str], tuple[Chain, ...]] = {}
        self._renamed: dict[str, dict[str, str]] = {}
        self._depth = 0

    @functools.cached_property
    def used(self) -> bool:
        """Whether the project imports one of the libraries at all."""
        return any(of_library(found.module) for module in self._modules.values() for found in module.facts.imports)

    def callee(self, path: str, callee: str) -> tuple[str, str]:
        """Receiver and name of what is called; a name that was imported under another one (``from sqlalchemy import func as f``) is what it was."""
        base, _, method = callee.rpartition(".")
        renamed = self._renamed.get(path)
        if renamed is None:
            imports = self._modules[path].facts.imports
            renamed = self._renamed[path] = {one.name: one.member for one in imports if one.member not in ("", one.name) and of_library(one.module)}
        if renamed:
            return (renamed.get(base, base), method) if base else ("", renamed.get(method, method))
        return base, method

    def of(self, path: str, function: int, text: str) -> tuple[Chain, ...]:
        """The chains that the value `text` of a function may stand for, at most eight; empty if it is none or unknown."""
        return self.at(Frame(path, function), text) if self.used else ()

    def at(self, frame: Frame, text: str) -> tuple[Chain, ...]:
        """The same for a function that is called in a known way."""
        key = (frame, text)
        found = self._kept.get(key)
        if found is None:
            if self._depth > _MAX_DEPTH:
                return ()
            self._kept[key] = ()
            self._depth += 1
            try:
                found = pruned(self._value(frame, text))
            finally:
                self._depth -= 1
            self._kept[key] = found
        return found

    # -- values ------------------------------------------------------------------------------------

    def _value(self, frame: Frame, text: str) -> Sequence[Chain]:
        options = alternatives(text)
        if len(options) > 1:
            return [chain for option in options for chain in self.at(frame, option)]
        if text[:2] == "[*" and text[-1:] == "]":
            return [
                chain.giving("entities" if chain.fetched == "entity" else "rows", chain.column)
                for chain in self.at(frame, text[2:-1])
                if chain.fetched in ("entity", "row")
            ]
        parsed = parse(text)
        if parsed is None:
            return ()
        root, steps = parsed.root, parsed.steps
        if root in _ITERATORS and steps and steps[0][0] == "(":
            inner = steps[0][1:-1].split(",key=")[0].split(",reverse=")[0]
            found: Sequence[Chain] = [iterated(chain) for chain in self.at(frame, inner)]
            steps = steps[1:]
        elif root == "next" and steps and steps[0][0] == "(":
            found = [one for chain in self.at(frame, steps[0][1:-1].split(",")[0]) for one in item_of(chain)]
            steps = steps[1:]
        elif root[:1] == "#":
            found = self.at(frame, root) if steps else self._call(frame, int(root[1:]))
            if not found and steps and steps[0][0] == "[" and steps[0][1:-1].isdigit():
                found, steps = self._unpacked(frame, int(root[1:]), int(steps[0][1:-1])), steps[1:]
        elif root[:1] in "([{":
            found = self.at(frame, root) if root != text else ()
        else:
            return self._named(frame, root, steps)
        return self._stepped(frame, found, steps)

    def _stepped(self, frame: Frame, found: Sequence[Chain], steps: Sequence[str]) -> Sequence[Chain]:
        for step in steps:
            if not found:
                return ()
            found = [one for chain in found for one in self._step(frame, chain, step)]
        return found

    def _step(self, frame: Frame, chain: Chain, step: str) -> Iterable[Chain]:
        if step[0] == "(" or step in (".__enter__", ".__aenter__"):
            return (chain,)
        if step[0] == "[":
            if ":" in step and step[1:2] not in "'\"":
                if chain.fetched == "query":
                    return (chain.then(ChainStep("[]", (step[1:-1],), (), frame.path, frame.function, -1, frame), "entities"),)
                return (chain,) if chain.fetched in ("entities", "rows") else ()
            if chain.fetched == "row":
                return picked(chain, step[1:-1].strip("'\""))
            if chain.fetched == "query" and step != "[]":
                return (chain.then(ChainStep("[]", (step[1:-1],), (), frame.path, frame.function, -1, frame), "entity"),)
            return item_of(chain)
        if chain.fetched == "row":
            return picked(chain, step[1:])
        if chain.fetched == "page" and step == ".items":
            return (chain.giving("entities", chain.column),)
        return self._dynamic(frame, chain, step[1:]) if chain.fetched == "entity" else ()

    def _dynamic(self, frame: Frame, chain: Chain, name: str) -> Iterable[Chain]:
        """A relationship whose attribute is a query."""
        mapped = self.project.schema.mapped.get(chain.entity) if chain.entity is not None else None
        return self._relationship(frame, mapped.key, name) if mapped is not None and name in mapped.relationships else ()

    def _relationship(self, frame: Frame, owner: ClassKey, name: str) -> Iterable[Chain]:
        relationship = self.project.schema.mapped[owner].relationships[name]
        if relationship.loading is not Loading.QUERY:
            return ()
        step = ChainStep("relationship", (f"{owner[0]}:{owner[1]}", name), (), frame.path, frame.function, -1, frame)
        return (Chain((relationship.target,), (step,), relationship.target is not None, "query"),)

    def _named(self, frame: Frame, root: str, steps: tuple[str, ...]) -> Sequence[Chain]:
        """A local, a parameter or a global name and its attributes."""
        for taken in range(len(steps), -1, -1):
            stem = root + "".join(steps[:taken])
            if taken and steps[taken - 1] == ".query" and (chain := self._class_query(frame, root + "".join(steps[: taken - 1]))) is not None:
                return self._stepped(frame, (chain,), steps[taken:])
            if taken and steps[taken - 1][0] == "." and (held := self._attribute(frame, root + "".join(steps[: taken - 1]), steps[taken - 1][1:])):
                return self._stepped(frame, held, steps[taken:])
            if not taken and (bound := self._bound(frame, stem)):
                return self._stepped(frame, bound, steps)
        return ()

    def _class_query(self, frame: Frame, text: str) -> Chain | None:
        """``Model.query`` of Flask-SQLAlchemy or of a session's query property."""
        mapped = self.frames.mapped(ref := self.frames.ref(frame, text))
        if mapped is None or "query" in mapped.fields or ref is None:
            return None
        return Chain((mapped.key,), (ChainStep("query", (text,), (), frame.path, frame.function, -1, frame),), True, "query")

    def _attribute(self, frame: Frame, base: str, name: str) -> Sequence[Chain]:
        """An attribute or property of an object of the project that holds a statement, or a dynamic relationship."""
        ref = self.frames.ref(frame, base)
        if ref is None or ref.kind not in (RefKind.CLASS, RefKind.INSTANCE):
            return ()
        mapped = self.frames.mapped(ref)
        if mapped is not None and name in mapped.relationships:
            return tuple(self._relationship(frame, mapped.key, name)) if ref.kind is RefKind.INSTANCE else ()
        member = self.project.resolver.classes.find(ref, name)
        if member is None:
            return ()
        owner, found = member
        if isinstance(found, int):
            head = self._modules[owner.path].functions[found]
            return self._returned(Frame(owner.path, found, ref)) if any("property" in text for text in head.decorators) else ()
        return self.at(Frame(owner.path, found.function, ref if found.function else None), found.value) if found.value else ()

    def _bound(self, frame: Frame, name: str) -> Sequence[Chain]:
        if name[:1] != "%":
            module = self._modules[frame.path]
            kind, number = module.names.get(name, ("", 0))
            if kind == "assign" and (frame.function or frame.caller):
                return self.at(Frame(frame.path, 0), module.bodies[0].assigns[number].value)
            if kind == "assign":
                value = module.bodies[0].assigns[number].value
                return self.at(frame, value) if value != name else ()
            return ()
        given = self.frames.argument(frame, name[1:])
        if given is not None:
            return self.at(*given)
        module = self._modules[frame.path]
        scope = frame.function
        while scope > 0:
            head = module.functions[scope]
            own = frame if scope == frame.function else Frame(frame.path, scope)
            assigns = [one for one in module.assigns_to(scope, name) if not one.augmented and one.value != name]
            if assigns:
                last = assigns[:1] if not assigns[0].block else assigns[:MAX_VARIANTS]
                return [chain for one in last for chain in self.at(own, one.value)]
            if any(one.name == name[1:] for one in head.parameters):
                return self._from_callers(scope, frame.path, name[1:])
            scope = head.scope
        return ()

    def _from_callers(self, function: int, path: str, name: str) -> Sequence[Chain]:
        """A parameter, if all who call the function hand in the same; one caller is the usual case."""
        callers = self.callers.of(path, function) if self._depth <= 20 else None
        if callers is None or not 0 < len(callers) <= 2:
            return ()
        found: list[Chain] = []
        for one in callers:
            call = self._modules[one.path].bodies[one.function].calls[one.call]
            given = self.frames.bound(Frame(path, function), name, call.args, call.keywords, Frame(one.path, one.function))
            chains = self.at(*given) if given is not None else ()
            if not chains:
                return ()
            found.extend(chains)
        return found

    # -- calls -------------------------------------------------------------------------------------

    def _call(self, frame: Frame, number: int) -> Sequence[Chain]:
        fact = self._modules[frame.path].bodies[frame.function].calls[number]
        base, method = self.callee(frame.path, fact.callee)
        step = ChainStep(method, fact.args, fact.keywords, frame.path, frame.function, number, frame)
        if method in METHODS:
            if base and (receivers := self.at(frame, base)):
                return [one for chain in receivers for one in self._applied(chain, step, fact)]
            if method in STATEMENTS and (started := self.starts.started(frame, fact, step)) is not None:
                return (started,)
            if base and (run := self.starts.session_call(frame, step)):
                return run
        elif base and (receivers := self.at(frame, base)):
            if (own := self._query_method(frame, fact, receivers)) is not None:
                return own
            return [chain.then(step, "", False) for chain in receivers if chain.fetched in ("query", "statement")]
        return self._function(frame, fact, number)

    def _applied(self, chain: Chain, step: ChainStep, fact: Call) -> Iterable[Chain]:
        method, fetched = step.method, chain.fetched
        if fetched in ("query", "statement", ""):
            if fetched != "statement" and method in RUNNERS:
                gives = RUNNERS[method]
                if gives == "entities" or gives == "entity":
                    gives = ("rows" if gives == "entities" else "row") if len(chain.entities) > 1 else gives
                return (chain.then(step, gives),)
            if method == "select" or method in BUILDERS:
                return (self._built(chain, step, fact),)
            if method in WRAPPERS:
                return (chain.then(step, "part"),)
            if method in EXECUTORS or method in FLASK_HELPERS:
                return (executed(chain, step),)
            return (chain.then(step, "", False),)
        if fetched == "part":
            return (chain.then(step),)
        if method in RESULTS and fetched in ("rows", "entities"):
            return fetched_by(chain, step)
        return ()

    def _built(self, chain: Chain, step: ChainStep, fact: Call) -> Chain:
        method = step.method
        entities = chain.entities
        if method in ("with_entities", "with_only_columns"):
            entities = self.starts.entities(step.frame, step.args)
        elif method in ("add_columns", "column", "add_column", "add_entity"):
            entities = (*entities, *self.starts.entities(step.frame, step.args))
        elif method == "returning":
            entities = self.starts.entities(step.frame, step.args)
        repeated = self._repeated(chain, step, fact)
        return Chain(entities, (*chain.steps, step), chain.complete and not repeated, chain.fetched)

    def _repeated(self, chain: Chain, step: ChainStep, fact: Call) -> bool:
        """The step stands in a loop that puts the same variable together more than once."""
        if fact.use is not Use.BOUND or not fact.target:
            return False
        module = self._modules[step.path]
        body = module.bodies[step.function]
        loops = [index for index, block in around(body, fact.block) if block.kind in (1, 2)]
        return bool(loops) and any(loops[0] not in {index for index, _ in around(body, one.block)} for one in module.assigns_to(step.function, fact.target))

    # -- functions of the project ------------------------------------------------------------------

    def _query_method(self, frame: Frame, fact: Call, receivers: Sequence[Chain]) -> Sequence[Chain] | None:
        return None

    def _function(self, frame: Frame, fact: Call, number: int) -> Sequence[Chain]:
        callee = self.frames.ref(frame, fact.callee)
        if callee is None or callee.kind is not RefKind.FUNCTION:
            return ()
        receiver = callee.receiver
        if fact.callee.startswith("super.") or fact.callee.startswith("super()"):
            receiver = self.frames.local(frame, "self") or receiver
        return self._returned(Frame(callee.path, callee.index, receiver, frame, number))

    def _unpacked(self, frame: Frame, number: int, position: int) -> Sequence[Chain]:
        """One item of the tuple that a function of the project returns."""
        callee = self.frames.ref(frame, self._modules[frame.path].bodies[frame.function].calls[number].callee)
        if callee is None or callee.kind is not RefKind.FUNCTION:
            return ()
        inner = Frame(callee.path, callee.index, callee.receiver, frame, number)
        if _is_deep(inner):
            return ()
        found: list[Chain] = []
        for one in self._modules[callee.path].bodies[callee.index].returns:
            items = split(one.value[1:-1]) if one.value[:1] == "[" else []
            if position < len(items):
                found.extend(self.at(inner, items[position]))
        return found

    def _returned(self, frame: Frame) -> Sequence[Chain]:
        if _is_deep(frame):
            return ()
        module = self._modules[frame.path]
        body = module.bodies[frame.function]
        head = module.functions[frame.function]
        if head.is_generator:
            return [
                chain.giving("entities" if chain.fetched == "entity" else "rows", chain.column)
                for one in body.yields
                for chain in self.at(frame, one.value)
                if chain.fetched in ("entity", "row")
            ]
        return [chain for one in body.returns if one.value and one.value != "None" for chain in self.at(frame, one.value)]


def _is_deep(frame: Frame) -> bool:
    """So many calls in one another that functions which call themselves would be followed for ever."""
    depth = 0
    caller = frame.caller
    while caller is not None:
        depth, caller = depth + 1, caller.caller
    return depth > _MAX_FRAMES
