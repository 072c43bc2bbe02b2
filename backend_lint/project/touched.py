"""Which models a function reads and writes, itself and through everything it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.project.calls import Edge, FunctionKey
from backend_lint.project.libraries import Effect
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import parse

if TYPE_CHECKING:
    from backend_lint.facts.python import Call
    from backend_lint.project import Project

_MAX_FUNCTIONS = 2000
_READING = ("query", "get", "get_one", "select", "refresh", "scalar", "scalars")
_WRITING = ("add", "add_all", "delete", "merge", "insert", "update", "bulk_save_objects")
_WRITING_QUERY = ("delete", "update")
_SQLALCHEMY = ("sqlalchemy.", "sqlmodel.", "flask_sqlalchemy.")


class Touched(NamedTuple):
    """Names of models, sorted; None where the database is touched and no model is known."""

    reads: tuple[str, ...] | None
    writes: tuple[str, ...] | None


class _Direct(NamedTuple):
    reads: frozenset[str]
    writes: frozenset[str]
    effects: Effect


class TouchedModels:
    """Answers for many functions of one project; what a function touches itself is worked out once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._direct: dict[FunctionKey, _Direct] = {}

    def by(self, *keys: FunctionKey) -> Touched:
        """What functions touch together, with all that they call."""
        seen = set(keys)
        waiting = list(keys)
        reads: set[str] = set()
        writes: set[str] = set()
        effects = Effect.NONE
        while waiting and len(seen) < _MAX_FUNCTIONS:
            key = waiting.pop()
            direct = self.direct(key)
            reads |= direct.reads
            writes |= direct.writes
            effects |= direct.effects
            for edge in self.project.calls.edges(key):
                if edge.target.kind is RefKind.FUNCTION and edge.target.function not in seen:
                    seen.add(edge.target.function)
                    waiting.append(edge.target.function)
        return Touched(
            tuple(sorted(reads)) if reads or not effects & Effect.DATABASE_READ else None,
            tuple(sorted(writes)) if writes or not effects & Effect.DATABASE_WRITE else None,
        )

    def by_library(self, owner: tuple[str, int], method: str) -> Touched:
        """What a generic view does that has no function of its own: it works on its ``queryset`` or ``model``."""
        classes = self.project.resolver.classes
        for name in ("queryset", "model"):
            member = classes.find(Ref(RefKind.CLASS, "", *owner), name)
            if member is not None and not isinstance(member[1], int):
                held = self.project.resolver.value(member[0].path, member[1].function, member[1].value)
                model = held.item if held is not None and held.item is not None else held
                if model is not None and not (model.is_external and model.name in ("list", "dict")):
                    found = (model.name.rpartition(".")[2],)
                    return Touched(found, () if method == "GET" else found)
        return Touched(None, None if method != "GET" else ())

    def direct(self, key: FunctionKey) -> _Direct:
        """What the library calls of one function touch."""
        found = self._direct.get(key)
        if found is None:
            reads: set[str] = set()
            writes: set[str] = set()
            effects = Effect.NONE
            for edge in self.project.calls.edges(key):
                if not edge.target.is_external:
                    continue
                effect = self.project.calls.effect(edge.target) & Effect.DATABASE
                effects |= effect
                if edge.target.name.startswith(_SQLALCHEMY):
                    self._sqlalchemy(key, edge, reads, writes)
                elif effect and (model := self._django(edge.target)):
                    (writes if effect & Effect.DATABASE_WRITE else reads).add(model)
            found = self._direct[key] = _Direct(frozenset(reads), frozenset(writes), effects)
        return found

    @staticmethod
    def _django(target: Ref) -> str | None:
        item = target.item or (target.receiver.item if target.receiver is not None else None)
        if item is None and target.receiver is not None and target.receiver.kind in (RefKind.CLASS, RefKind.INSTANCE):
            item = target.receiver
        return item.name.rpartition(".")[2] if item is not None else None

    def _sqlalchemy(self, key: FunctionKey, edge: Edge, reads: set[str], writes: set[str]) -> None:
        name = edge.target.name.removesuffix("()").rpartition(".")[2]
        if name in _WRITING_QUERY and ".Query." in edge.target.name:
            root = self._root(key, edge.call)
            writes.update(self._models(key, root.args) if root is not None else ())
        elif name in _READING or name in _WRITING:
            (reads if name in _READING else writes).update(self._models(key, edge.call.args))

    def _root(self, key: FunctionKey, call: Call) -> Call | None:
        """The first call of a chain: ``session.query(X)`` of ``session.query(X).filter(..).delete()``."""
        calls = self.project.calls.body(key).calls
        for _ in range(40):
            parsed = parse(call.callee)
            if parsed is None or parsed.root[:1] != "#":
                return call
            call = calls[int(parsed.root[1:])]
        return None

    def _models(self, key: FunctionKey, texts: tuple[str, ...]) -> set[str]:
        """The classes of the project that values are, are objects of, or are columns of."""
        found = set()
        for text in texts:
            ref = self.project.resolver.value(*key, text)
            if ref is None or ref.is_external:
                base, _, attribute = text.rpartition(".")
                ref = self.project.resolver.value(*key, base) if base and attribute.isidentifier() else None
            if ref is not None and ref.kind in (RefKind.CLASS, RefKind.INSTANCE) and self._is_mapped(ref):
                found.add(ref.name.rpartition(".")[2])
        return found

    def _is_mapped(self, ref: Ref) -> bool:
        return self.project.resolver.classes.find(ref, "__tablename__") is not None or any(
            name.startswith(_SQLALCHEMY) or name.endswith((".Model", "declarative_base()")) for name in self.project.resolver.classes.external_names(ref)
        )
