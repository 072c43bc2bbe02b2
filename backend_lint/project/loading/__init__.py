"""What a query loads with its rows, and what is read of each row."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

from backend_lint.project.loading.eager import DjangoEager, Loaded, Path, SqlalchemyEager
from backend_lint.project.queries.django_chains import DjangoChains
from backend_lint.project.queries.django_names import SLICE
from backend_lint.project.queries.sqlalchemy_chains import SqlalchemyChains
from backend_lint.project.schema.mapping import ClassKey, Framework
from backend_lint.project.value_text import constant_string, split

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading.reads import Reads
    from backend_lint.project.loading.repeats import Repeats
    from backend_lint.project.queries.django_frames import Chain
    from backend_lint.project.queries.sqlalchemy_results import Chain as SqlChain

__all__ = ["Loaded", "Loads", "Path", "Rows"]

_MOST = 1 << 30


class Rows(msgspec.Struct, frozen=True):
    """The objects that a query gives. `path`, `function`, `call`: the call that put it together last (-1: a slice or a related manager of that function).

    `most`: how many there are at most. `parents`: further classes whose objects the same query brings (SQLAlchemy finds them in its session).
    """

    model: ClassKey
    framework: Framework
    loaded: Loaded
    path: str
    function: int
    call: int
    most: int = _MOST
    parents: tuple[ClassKey, ...] = ()
    single: bool = False


class Loads:
    """Answers which query a value's rows come from. One for a project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.django_eager = DjangoEager(self)
        self.sqlalchemy_eager = SqlalchemyEager(self)
        self._rows: dict[tuple[str, int, str], tuple[Rows, ...]] = {}

    @functools.cached_property
    def django(self) -> DjangoChains:
        """Django's chains."""
        return DjangoChains(self.project)

    @functools.cached_property
    def sqlalchemy(self) -> SqlalchemyChains:
        """SQLAlchemy's chains."""
        return SqlalchemyChains(self.project)

    def rows(self, path: str, function: int, text: str) -> tuple[Rows, ...]:
        """What iterating over a value gives; several if it may be one of several queries; empty if it is none or unknown."""
        key = path, function, text
        found = self._rows.get(key)
        if found is None:
            self._rows[key] = ()
            django = [self._django(chain) for chain in self.django.of(path, function, text)] if self.uses_django else []
            found = tuple(django or [rows for chain in self.sqlalchemy.of(path, function, text) if (rows := self._sqlalchemy(chain)) is not None])
            self._rows[key] = found
        return found

    @functools.cached_property
    def repeats(self) -> Repeats:
        """What runs once for each item of a loop."""
        from backend_lint.project.loading.repeats import Repeats

        return Repeats(self.project)

    @functools.cached_property
    def reads(self) -> Reads:
        """Which relations are read of an object."""
        from backend_lint.project.loading.reads import Reads

        return Reads(self.project)

    @functools.cached_property
    def uses_django(self) -> bool:
        """Whether there are models of Django."""
        return any(mapped.framework is Framework.DJANGO for mapped in self.project.schema.mapped.values())

    def _django(self, chain: Chain) -> Rows:
        last = chain.steps[-1] if chain.steps else None
        most = min([_slice_size(step.args[0]) for step in chain.steps if step.method == SLICE and step.args], default=_MOST)
        loaded = self.django_eager.loaded(chain)
        where = (last.path, last.function, last.call) if last is not None else (chain.model[0], 0, -1)
        return Rows(chain.model, Framework.DJANGO, loaded, *where, most)

    def _sqlalchemy(self, chain: SqlChain) -> Rows | None:
        if chain.fetched not in ("entities", "page", "query") or chain.entity is None:
            return None
        last = chain.steps[-1]
        most = _MOST
        for step in chain.steps:
            if step.method == "limit" and step.args and step.args[0].isdigit():
                most = min(most, int(step.args[0]))
            elif step.method == "[]" and step.args:
                most = min(most, _slice_size(f"[{step.args[0]}]"))
        others = tuple(entity for entity in chain.entities if entity is not None and entity != chain.entity)
        loaded = self.sqlalchemy_eager.loaded(chain)
        return Rows(chain.entity, Framework.SQLALCHEMY, loaded, last.path, last.function, last.call, most, others)

    # -- constants ---------------------------------------------------------------------------------

    def constant(self, path: str, function: int, text: str) -> str | None:
        """The constant string that a value is, itself or through a name bound once."""
        found = constant_string(text)
        if found is None and text.isidentifier():
            kind, number = self.project.modules[path].names.get(text, ("", 0))
            if kind == "assign":
                return constant_string(self.project.modules[path].bodies[0].assigns[number].value)
        return found

    def constants(self, path: str, function: int, text: str) -> list[str]:
        """The constant strings that ``*names`` stands for; empty if they are not known."""
        text = text.lstrip("*")
        module = self.project.modules[path]
        if text.isidentifier():
            kind, number = module.names.get(text, ("", 0))
            text = module.bodies[0].assigns[number].value if kind == "assign" else "?"
        elif text.startswith("%") and text[1:].isidentifier():
            assigns = module.assigns_to(function, text)
            text = assigns[0].value if len(assigns) == 1 else "?"
        if not (text[:1] == "[" and text[-1:] == "]"):
            return []
        items = [constant_string(item) for item in split(text[1:-1])]
        return [item for item in items if item is not None] if None not in items else []


def _slice_size(text: str) -> int:
    """How many items ``[a:b]`` gives at most."""
    start, _, end = text[1:-1].partition(":")
    end = end.partition(":")[0]
    if not end.isdigit() or (start and not start.isdigit()):
        return _MOST
    return int(end) - int(start or 0)
