"""Which relation paths a query loads with its rows, as its own calls say: ``select_related``, ``prefetch_related``, ``joinedload`` and their kind."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import Use
from backend_lint.project.queries.django_names import RELATED
from backend_lint.project.schema.mapping import Framework, Loading
from backend_lint.project.value_text import constant_string, parse, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from backend_lint.facts.python import Call
    from backend_lint.project.loading import Loads
    from backend_lint.project.queries.django_frames import Chain, ChainStep
    from backend_lint.project.queries.sqlalchemy_results import Chain as SqlChain
    from backend_lint.project.queries.sqlalchemy_results import ChainStep as SqlStep

Path = tuple[str, ...]
"""Attribute names from a row to a related object: ``("author", "publisher")``."""

_VALUES = frozenset({"values", "values_list", "dates", "datetimes", "raw"})
_MAX_DEPTH = 4
_LOADERS = frozenset({"joinedload", "selectinload", "subqueryload", "immediateload", "contains_eager", "joinedload_all", "subqueryload_all", "eagerload"})
_LAZY = frozenset({"lazyload", "noload", "raiseload", "defaultload", "Load", "load_only", "defer", "undefer", "undefer_group", "with_expression"})
_HARMLESS = frozenset({"with_loader_criteria", "selectin_polymorphic", "FromCache", "RelationshipCache"})


class Loaded(msgspec.Struct, frozen=True):
    """What comes with the rows. `paths`: relations that are loaded, with all that lie on the way. `singles`: every single-valued relation is too.

    `plain`: the rows are no objects. `unknown`: something was loaded that could not be told. `only`: the columns that are loaded, by attribute; None for all;
    `deferred`: those that are not. `annotated`: attributes that the query itself sets on the rows, whatever member of the model has the name.
    """

    paths: frozenset[Path] = frozenset()
    singles: bool = False
    plain: bool = False
    unknown: bool = False
    only: frozenset[str] | None = None
    deferred: frozenset[str] = frozenset()
    annotated: frozenset[str] = frozenset()

    def answers(self, text: str) -> bool:
        """The row has what ``row.total`` asks for from the query."""
        return any(part.partition("(")[0] in self.annotated for part in text.split(".")[1:2]) if self.annotated else False

    def leaves_out(self, column: str) -> bool:
        """Whether reading a column costs a query of its own."""
        names = {column, column.removesuffix("_id")}
        return bool(names & self.deferred) or (self.only is not None and not names & self.only)

    def has(self, path: Path, many: bool) -> bool:
        """Whether reading `path`, the last of it a relation to one or many, costs no further query."""
        return path in self.paths or (self.singles and not many)

    def under(self, prefix: Path) -> Loaded:
        """The same, seen from further away."""
        return msgspec.structs.replace(self, paths=frozenset((*prefix, *path) for path in self.paths))


def with_prefixes(path: Path) -> Iterable[Path]:
    """The path and all that lie on the way to it."""
    return (path[:length] for length in range(1, len(path) + 1))


class DjangoEager:
    """Reads Django's chains."""

    def __init__(self, loads: Loads) -> None:
        self._loads = loads

    def loaded(self, chain: Chain, depth: int = 0) -> Loaded:
        """What the calls of a chain load."""
        paths: set[Path] = set()
        singles = plain = False
        unknown = not chain.complete
        only: frozenset[str] | None = None
        deferred: frozenset[str] = frozenset()
        for step in chain.steps:
            if step.method == "select_related":
                if step.args == ("None",):
                    paths.clear()
                singles = singles or (not step.args and not step.keywords)
                unknown |= self._names(step, step.args, paths)
            elif step.method == "prefetch_related":
                for text in step.args:
                    unknown |= self._prefetch(step, text, paths, depth)
            elif step.method == RELATED and step.relation is not None:
                paths |= self._parent(*step.relation)
            elif step.method in _VALUES:
                plain = True
            elif step.method in ("only", "defer"):
                names = {self._loads.constant(step.path, step.function, text) for text in step.args}
                known = frozenset(name.partition("__")[0] for name in names if name is not None)
                if step.method == "only":
                    only, deferred = (None, frozenset()) if None in names else (known, frozenset())
                else:
                    deferred = deferred | {name for name in names if name is not None and "__" not in name}
            elif step.method in ("fetch_mode", "auto_prefetch", "optimize"):
                unknown = True
        annotated = frozenset(name for step in chain.steps if step.method == "annotate" for name, _ in step.keywords)
        return Loaded(frozenset(paths), singles, plain, unknown, only, deferred, annotated)

    def _names(self, step: ChainStep, texts: Iterable[str], paths: set[Path]) -> bool:
        """Add the paths that constants name; True if one is no constant."""
        unknown = False
        for text in texts:
            value = self._loads.constant(step.path, step.function, text)
            if value is not None:
                paths.update(with_prefixes(tuple(value.split("__"))))
            elif text != "None":
                items = self._loads.constants(step.path, step.function, text)
                unknown |= not items
                for item in items:
                    paths.update(with_prefixes(tuple(item.split("__"))))
        return unknown

    def _prefetch(self, step: ChainStep, text: str, paths: set[Path], depth: int) -> bool:
        if not (text[:1] == "#" and text[1:].isdigit()):
            return self._names(step, (text,), paths)
        call = self._loads.project.modules[step.path].bodies[step.function].calls[int(text[1:])]
        if not call.callee.rpartition(".")[2].endswith("Prefetch"):
            return True
        keywords = dict(call.keywords)
        name = self._loads.constant(step.path, step.function, call.args[0] if call.args else keywords.get("lookup", ""))
        if name is None:
            return True
        lookup = tuple(name.split("__"))
        queryset = call.args[1] if len(call.args) > 1 else keywords.get("queryset", "")
        paths.update(with_prefixes(lookup[:-1]))
        target = keywords.get("to_attr")
        if target is None:
            paths.add(lookup)
        elif (attribute := constant_string(target)) is not None:
            lookup = (*lookup[:-1], attribute)
            paths.add(lookup)
        if queryset and depth < _MAX_DEPTH:
            chains = self._loads.django.evaluate(step.frame, queryset)
            for chain in chains:
                inner = self.loaded(chain, depth + 1)
                paths.update((*lookup, *path) for path in inner.paths)
            return any(self.loaded(chain, depth + 1).unknown for chain in chains) or not chains
        return False

    def _parent(self, owner: tuple[str, int], name: str) -> set[Path]:
        """Rows of a related manager know the object they were asked of."""
        mapped = self._loads.project.schema.mapped.get(owner)
        relation = mapped.relationships.get(name) if mapped is not None else None
        return {(relation.back,)} if relation is not None and relation.back and relation.reverse and not relation.through else set()


class SqlalchemyEager:
    """Reads SQLAlchemy's chains."""

    def __init__(self, loads: Loads) -> None:
        self._loads = loads

    def loaded(self, chain: SqlChain) -> Loaded:
        """What the options of a statement load, and what the mapping loads by itself."""
        paths: set[Path] = set()
        unknown = not chain.complete
        for step in chain.steps:
            if step.method == "options":
                for text in step.args:
                    unknown |= self._option(step, text, paths)
            elif step.method in ("get", "get_one", "refresh") and (options := dict(step.keywords).get("options")):
                for text in split(options[1:-1]) if options[:1] == "[" else ["?"]:
                    unknown |= self._option(step, text, paths)
            elif step.method == "with_parent" or (step.method == "relationship" and len(step.args) > 1):
                unknown = True
        return Loaded(frozenset(paths), False, False, unknown, *self._columns(chain))

    def _columns(self, chain: SqlChain) -> tuple[frozenset[str] | None, frozenset[str]]:
        """The columns of the rows themselves that ``load_only`` names, None for all, and those that ``defer`` does."""
        mapped = self._loads.project.schema.mapped.get(chain.entity) if chain.entity is not None else None
        only: set[str] = set()
        deferred: set[str] = set()
        for step in chain.steps if mapped is not None else ():
            for text in step.args if step.method == "options" else ():
                for method, owner, call in self._chained(step, text):
                    if mapped is None or method not in ("load_only", "defer", "undefer", "undefer_group"):
                        continue
                    names = [(owner, name) if (name := constant_string(item)) is not None else item.rpartition(".")[::2] for item in call.args]
                    shown = [(of.rpartition(".")[2], name) for of, name in names]
                    if method.startswith("undefer") or any(not name.isidentifier() for _, name in shown):
                        return None, frozenset()
                    own = {name for of, name in shown if of in (mapped.name, "")}
                    (only if method == "load_only" else deferred).update(own)
        return frozenset(only) or None, frozenset(deferred)

    def _chained(self, step: SqlStep, text: str) -> Iterator[tuple[str, str, Call]]:
        """The calls of an option that are about the rows themselves: name, class that ``Load(Class)`` names, call."""
        if text[:1] != "#" or not text[1:].isdigit():
            return
        calls = self._loads.project.modules[step.path].bodies[step.function].calls
        chain = [calls[int(text[1:])]]
        while (receiver := chain[-1].callee.rpartition(".")[0])[:1] == "#" and receiver[1:].isdigit():
            chain.append(calls[int(receiver[1:])])
        owner = ""
        for call in reversed(chain):
            method = call.callee.rpartition(".")[2]
            if method == "Load":
                owner = call.args[0] if call.args else ""
            elif method in _LOADERS or method in ("defaultload", "lazyload"):
                return  # what follows is about the rows that these load
            else:
                yield method, owner, call

    def _option(self, step: SqlStep, text: str, paths: set[Path]) -> bool:
        """Add what one option loads; True if that is not known."""
        text = text.lstrip("*")
        if text[:1] == "[" and text[-1:] == "]":
            return max(map(functools.partial(self._option, step, paths=paths), split(text[1:-1])), default=False)
        if not (text[:1] == "#" and text[1:].isdigit()):
            return True
        calls = self._loads.project.modules[step.path].bodies[step.function].calls
        # ``strategy = joinedload(...)`` and then ``strategy.joinedload(...)`` on a line of its own
        return any(call.callee.startswith(f"{text}.") and call.use is Use.DROPPED for call in calls) or self._loader(step, int(text[1:]), paths) is None

    def _loader(self, step: SqlStep, number: int, paths: set[Path]) -> Path | None:
        """The path that a loader's call ends at; None if it is not known."""
        calls = self._loads.project.modules[step.path].bodies[step.function].calls
        call = calls[number]
        receiver, _, method = call.callee.rpartition(".")
        start: Path = ()
        if receiver[:1] == "#" and receiver[1:].isdigit():
            before = self._loader(step, int(receiver[1:]), paths)
            if before is None:
                return None
            start = before
        if method == "options":
            return None if max(map(functools.partial(self._nested, step, start, paths=paths), call.args), default=False) else start
        if method in _HARMLESS:
            return start
        if method not in _LOADERS and method not in _LAZY:
            return None
        if method in ("Load", "load_only", "defer", "undefer", "undefer_group", "with_expression"):
            return start
        path = start
        for text in call.args:
            names = self._attributes(text)
            if names is None:
                return None
            path = (*path, *names)
            if method in _LOADERS:
                paths.add(path)
        return path

    def _nested(self, step: SqlStep, start: Path, text: str, paths: set[Path]) -> bool:
        inner: set[Path] = set()
        unknown = self._option(step, text, inner)
        paths.update((*start, *path) for path in inner)
        return unknown

    @staticmethod
    def _attributes(text: str) -> Path | None:
        if (name := constant_string(text)) is not None:
            return tuple(name.split(".")) if name != "*" else None
        parsed = parse(text)
        if parsed is None or not parsed.steps:
            return None
        last = next((step for step in reversed(parsed.steps) if step[0] == "." and step not in (".and_", ".of_type")), "")
        return (last[1:],) if last else None


def eager_by_mapping(loads: Loads, model: tuple[str, int], name: str) -> bool:
    """The mapping itself loads the relation with its owner."""
    mapped = loads.project.schema.mapped.get(model)
    relation = mapped.relationships.get(name) if mapped is not None else None
    return mapped is not None and mapped.framework is Framework.SQLALCHEMY and relation is not None and relation.loading is Loading.EAGER
