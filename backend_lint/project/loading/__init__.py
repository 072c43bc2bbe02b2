"""What a query loads with its rows, and what is read of each row."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.loading.eager import DjangoEager, Loaded, Path, SqlalchemyEager
from backend_lint.project.loading.loops import unwrapped
from backend_lint.project.queries.django_chains import DjangoChains
from backend_lint.project.queries.django_names import RELATED, SLICE
from backend_lint.project.queries.sqlalchemy_chains import SqlalchemyChains
from backend_lint.project.queries.sqlalchemy_names import EXECUTORS, RESULTS, RUNNERS
from backend_lint.project.queries.sqlalchemy_results import iterated
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey, Framework
from backend_lint.project.value_text import alternatives, constant_string, split

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from backend_lint.facts.python import Call
    from backend_lint.project import Project
    from backend_lint.project.loading.reads import Reads
    from backend_lint.project.loading.repeats import Repeats
    from backend_lint.project.loading.row_loops import RowLoop
    from backend_lint.project.loading.serializer_fields import SerializerFields
    from backend_lint.project.loading.serializer_uses import SerializerUses
    from backend_lint.project.loading.sure import Sure
    from backend_lint.project.loading.writes import Writes
    from backend_lint.project.queries.django_frames import Chain, ChainStep
    from backend_lint.project.queries.django_frames import Frame as DjangoFrame
    from backend_lint.project.queries.sqlalchemy_results import Chain as SqlChain
    from backend_lint.project.queries.sqlalchemy_results import ChainStep as SqlStep

__all__ = ["Loaded", "Loads", "Path", "Rows"]

_MOST = 1 << 30
_CALL = lazy_regex(r"^(?:list\(|sorted\(|enumerate\(|set\(|tuple\()*#(\d+)")
_EQUAL = lazy_regex(r"\b\w+\.(\w+)==(?=[%#'\"\d]|None\b)")
_OWN = lazy_regex(r"(?:^|[.%])(?:request\.user|current_user|auser)(?:\.(?:id|pk))?\)?$")
_NUMBER = lazy_regex(r"#(\d+)")
_STREAMS = frozenset({"iterator", "aiterator"})
_LISTED = ("list(", "sorted(", "[", "tuple(")
_UNCHANGED = frozenset({"all", "get_queryset", "iterator", "aiterator"})
_PREFETCHES = frozenset({"prefetch_related", "Prefetch", "prefetch_related_objects", "aprefetch_related_objects", "GenericPrefetch"})


class Ran(msgspec.Struct, frozen=True):
    """A query in a function: `name` is that of the function, `line` that of the call that runs it."""

    path: str
    line: int
    name: str


class Rows(msgspec.Struct, frozen=True):
    """The objects that a query gives. `path`, `function`, `call`: where the function that has the value put it together last, or called what did.

    `most`: how many there are at most. `parents`: further classes whose objects the same query brings (SQLAlchemy finds them in its session).
    `related`: Django's related manager that the rows come from: module and function that ask for it, the text of the instance, the relation's name.
    `fixed`: attributes that the condition compares with one value: all rows have the same. `is_async`: SQLAlchemy's session is asynchronous, so that it never
    loads anything on its own. `own`: they belong to who asks, and nobody has many. `streamed`: they come out of an ``iterator()``. `locked`: FOR UPDATE.
    `ran`: where a function that was called ran the query and made a list of it, so that nothing can be put behind the call.
    `origin`: module, function and number of the call that the query begins with, whoever asked for it.
    """

    model: ClassKey
    framework: Framework
    loaded: Loaded
    path: str
    function: int
    call: Call | None
    most: int = _MOST
    parents: tuple[ClassKey, ...] = ()
    related: tuple[str, int, str, str] | None = None
    fixed: frozenset[str] = frozenset()
    is_async: bool = False
    own: bool = False
    streamed: bool = False
    locked: bool = False
    ran: Ran | None = None
    origin: tuple[str, int, int] | None = None

    @property
    def line(self) -> int:
        """The line of the call, 1 if there is none."""
        return self.call.line if self.call is not None else 1


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
        """What iterating over a value gives; several if it may be one of several queries; empty if it is none or unknown, or its class is no model."""
        key = path, function, text
        found = self._rows.get(key)
        if found is None:
            self._rows[key] = ()
            if text.startswith("enumerate("):
                text = unwrapped(text)
            django = [self.of_chain(chain) for chain in self.django.of(path, function, text) if not _goes_on_streamed(chain)] if self.uses_django else []
            found = tuple(django or [rows for chain in self.sqlalchemy.of(path, function, text) if (rows := self._sqlalchemy(chain)) is not None])
            self._rows[key] = found = tuple(self.placed(rows, path, function, text) for rows in found if rows.model in self.project.schema.mapped)
        return found

    def tuples(self, path: str, function: int, text: str) -> list[tuple[int, str, Rows]]:
        """Of SQLAlchemy's rows that hold objects of several classes: the position of each, the name of its class, and the objects."""
        found: list[tuple[int, str, Rows]] = []
        chains = [iterated(chain) for chain in self.sqlalchemy.of(path, function, text)]
        if len(chains) == 1 and chains[0].fetched == "rows":
            for position, entity in enumerate(chains[0].entities):
                mapped = self.project.schema.mapped.get(entity) if entity is not None else None
                rows = self._sqlalchemy(chains[0].giving("entities", position)) if mapped is not None else None
                if mapped is not None and rows is not None:
                    found.append((position, mapped.name, self.placed(rows, path, function, text)))
        return found

    def placed(self, rows: Rows, path: str, function: int, text: str) -> Rows:
        """Rows of a whole table, whose query is no more than ``objects.all()``, with the place of that."""
        if rows.call is not None or (inner := _CALL.search(text)) is None:
            return rows
        call = self.project.modules[path].bodies[function].calls[int(inner.group(1))]
        return msgspec.structs.replace(rows, path=path, function=function, call=call)

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
    def serializer_fields(self) -> SerializerFields:
        """What serializers of Django REST framework read."""
        from backend_lint.project.loading.serializer_fields import SerializerFields

        return SerializerFields(self.project)

    @functools.cached_property
    def serializer_uses(self) -> SerializerUses:
        """Where they write many rows."""
        from backend_lint.project.loading.serializer_uses import SerializerUses

        return SerializerUses(self.project, self.serializer_fields)

    @functools.cached_property
    def writes(self) -> Writes:
        """What is written one at a time."""
        from backend_lint.project.loading.writes import Writes

        return Writes(self.project)

    @functools.cached_property
    def sure(self) -> Sure:
        """Which of all that is found nobody doubts."""
        from backend_lint.project.loading.sure import Sure

        return Sure(self.project)

    @functools.cached_property
    def row_loops(self) -> tuple[RowLoop, ...]:
        """Loops over the rows of queries, with what they read of each."""
        from backend_lint.project.loading.row_loops import row_loops

        return tuple(row_loops(self.project))

    @functools.cached_property
    def uses_django(self) -> bool:
        """Whether there are models of Django."""
        return any(mapped.framework is Framework.DJANGO for mapped in self.project.schema.mapped.values())

    def of_chain(self, chain: Chain) -> Rows:
        """The rows of a queryset."""
        most = min([self._slice_size(step, step.args[0]) for step in chain.steps if step.method == SLICE and step.args], default=_MOST)
        if any(step.method == "filter" and self._is_unique(chain.model, dict(step.keywords)) for step in chain.steps):
            most = 1
        loaded = self.django_eager.loaded(chain)
        first = chain.steps[0] if chain.steps else None
        related = None
        if first is not None and first.relation is not None and all(
            step.method in _UNCHANGED or self._is_default(step.path, step.function) for step in chain.steps[1:]
        ):
            related = first.path, first.function, first.args[0], first.relation[1]
        own = any(step.method in ("filter", RELATED) and any(map(_OWN.search, (*step.args[:1], *dict(step.keywords).values()))) for step in chain.steps)
        named = (name for step in chain.steps if step.method == "filter" for name in (*dict(step.keywords), *self._in_q(step)))
        fixed = frozenset(self._of_one(chain.model, name).removesuffix("_pk").removesuffix("_id").removesuffix("_") for name in named) | self._asked_of(first)
        methods = {step.method for step in chain.steps}
        streamed, locked = not methods.isdisjoint(_STREAMS), "select_for_update" in methods
        place = self._place(chain.steps, chain.model)
        ran = next((self._ran(step) for step in reversed(chain.steps) if self._is_listed(step.frame)), None)
        begun = next((step for step in chain.steps if step.call >= 0 and not self._is_manager(step.path, step.function)), None)
        origin = (begun.path, begun.function, begun.call) if begun is not None else None
        return Rows(
            chain.model, Framework.DJANGO, loaded, *place, most, related=related, fixed=fixed, own=own, streamed=streamed, locked=locked, ran=ran, origin=origin
        )  # fmt: skip

    def _in_q(self, step: ChainStep) -> list[str]:
        """The names of conditions that all hold: ``Q(user=user) & Q(paid=True)``."""
        calls = self.project.modules[step.path].bodies[step.function].calls
        plain = [text for text in step.args if "|" not in text and " or " not in text and "~" not in text and "not " not in text]
        found = (calls[int(number)] for text in plain for number in _NUMBER.findall(text) if int(number) < len(calls))
        return [name for call in found if call.callee.rpartition(".")[2] == "Q" for name, _ in call.keywords]

    def _asked_of(self, first: ChainStep | None) -> frozenset[str]:
        """The key to the object whose related rows they are: ``order.lines.filter(...)``. Not where that object is one of a loop's."""
        if first is None or first.relation is None or not first.args or "[]" in first.args[0]:
            return frozenset()
        owner = self.project.schema.mapped.get(first.relation[0])
        relation = owner.relationships.get(first.relation[1]) if owner is not None else None
        return frozenset({relation.back}) if relation is not None and relation.reverse and relation.back else frozenset()

    def _of_one(self, model: ClassKey, name: str) -> str:
        """The relation whose object a condition names: ``order`` of ``order__slug``, where no two orders have the same."""
        relation, _, field = name.partition("__")
        mapped = self.project.schema.mapped.get(model)
        known = mapped.relationships.get(relation) if mapped is not None and field else None
        target = self.project.schema.mapped.get(known.target) if known is not None and known.target is not None and not known.many else None
        table = self.project.schema.table(target.table) if target is not None else None
        if target is None or table is None:
            return name
        column = target.fields[field].column if field in target.fields else ""
        unique = any(index.unique and index.where is None and [key.column for key in index.keys] == [column] for index in table.indexes)
        return relation if unique or field in ("pk", "id") or [column] == list(table.primary_key) else name

    def _is_listed(self, frame: DjangoFrame) -> bool:
        """A caller gets a list from the function, not a queryset."""
        if frame.caller is None or frame.call is None:
            return False
        module = self.project.modules[frame.path]
        values = [text for one in module.bodies[frame.function].returns for text in (one.value, *alternatives(one.value))]
        values += [one.value for text in values if text[:1] == "%" for one in module.assigns_to(frame.function, text)]
        return any(value.startswith(_LISTED) for value in values)

    def _ran(self, step: ChainStep | SqlStep) -> Ran:
        call = self._numbered(step.path, step.function, step.call)
        head = self.project.modules[step.path].functions[step.function]
        return Ran(step.path, call.line if call is not None else head.line, head.name)

    def _slice_size(self, step: ChainStep | SqlStep, text: str) -> int:
        """How many items ``[a:b]`` gives at most; where `b` is a parameter, what it is unless somebody asks for more."""
        start, _, end = text[1:-1].partition(":")
        end = end.partition(":")[0]
        if end[:1] == "%":
            head = self.project.modules[step.path].functions[step.function]
            end = next((one.default for one in head.parameters if end == f"%{one.name}"), end)
        if not end.isdigit() or (start and not start.isdigit()):
            return _MOST
        return int(end) - int(start or 0)

    def _compared(self, step: SqlStep) -> Iterator[str]:
        """The attributes that a step of SQLAlchemy's compares with one value, be it in a list of conditions that was made before."""
        if step.method == "filter_by":
            yield from (name for name, _ in step.keywords)
        elif step.method in ("filter", "where"):
            for text in step.args:
                written = [one.value for one in self.project.modules[step.path].assigns_to(step.function, text[1:])] if text[:2] == "*%" else [text]
                for value in written:
                    yield from _EQUAL.findall(value)

    def _absent(self, step: SqlStep) -> Iterator[str]:
        """The attributes that a step asks to be NULL: ``Order.user_id.is_(None)``."""
        for text in step.args if step.method in ("filter", "where") else ():
            match = _NUMBER.fullmatch(text)
            call = self._numbered(step.path, step.function, int(match.group(1))) if match is not None else None
            if call is not None and call.args == ("None",) and call.callee.endswith(".is_"):
                yield call.callee.split(".")[-2]

    def _is_unique(self, model: ClassKey, names: Container[str]) -> bool:
        """Django: one row at most has the values that are asked for."""
        mapped = self.project.schema.mapped.get(model)
        if mapped is None:
            return False
        key = mapped.primary_key
        return "pk" in names or (len(key) == 1 and key[0] in names) or any(field.unique and name in names for name, field in mapped.fields.items())

    def _sqlalchemy(self, chain: SqlChain) -> Rows | None:
        chain = iterated(chain)
        if chain.fetched not in ("entities", "page") or chain.entity is None:
            return None
        most = _MOST
        for step in chain.steps:
            if step.method == "limit" and step.args:
                most = min(most, self._slice_size(step, f"[:{step.args[0]}]"))
            elif step.method == "[]" and step.args:
                most = min(most, self._slice_size(step, f"[{step.args[0]}]"))
        others = tuple(entity for entity in chain.entities if entity is not None and entity != chain.entity)
        built = [step for step in chain.steps if step.method not in RUNNERS and step.method not in EXECUTORS and step.method not in RESULTS]
        loaded = self.sqlalchemy_eager.loaded(chain)
        fixed = frozenset(name for step in chain.steps for name in (*self._compared(step), *self._absent(step)))
        ran = [call for step in chain.steps if (call := self._numbered(step.path, step.function, step.call)) is not None]
        awaited = any(call.awaited for call in ran)
        asked = [text for step in chain.steps if step.method in ("filter", "filter_by", "where") for text in (*step.args, *dict(step.keywords).values())]
        own = any(_OWN.search(text) for text in asked)
        place = self._place(built, chain.entity)
        inner = next((self._ran(step) for step in chain.steps if step not in built and step.frame.caller is not None), None)
        return Rows(chain.entity, Framework.SQLALCHEMY, loaded, *place, most, others, fixed=fixed, is_async=awaited, own=own, ran=inner)

    def _place(self, steps: Sequence[ChainStep | SqlStep], model: ClassKey) -> tuple[str, int, Call | None]:
        """Where the outermost function that is known put the last step on, or called who did."""
        for step in reversed(steps):
            frame = step.frame
            if frame.caller is None and self._is_manager(step.path, step.function):
                continue  # what every query of the model begins with
            outer: tuple[str, int, Call] | None = None
            while frame.caller is not None:
                call = self._numbered(frame.caller.path, frame.caller.function, frame.call) if isinstance(frame.call, int) else frame.call
                if call is not None:
                    outer = frame.caller.path, frame.caller.function, call
                frame = frame.caller
            if outer is not None:
                return outer
            if (call := self._numbered(step.path, step.function, step.call)) is not None:
                return step.path, step.function, call
        return model[0], 0, None

    def _is_default(self, path: str, function: int) -> bool:
        """It belongs to what every query of the model begins with, be it in a mixin of its manager."""
        return self._is_manager(path, function) or self.project.modules[path].functions[function].name.endswith(".get_queryset")

    def _is_manager(self, path: str, function: int) -> bool:
        owner = self.project.modules[path].functions[function].owner
        names = self.project.resolver.classes.external_names(Ref(RefKind.CLASS, "", path, owner)) if owner >= 0 else []
        return any(name.startswith("django.db.models.") for name in names)

    def _numbered(self, path: str, function: int, number: int) -> Call | None:
        return self.project.modules[path].bodies[function].calls[number] if number >= 0 else None

    @functools.cached_property
    def prefetched_names(self) -> frozenset[str]:
        """Every name in a path that some code of the project prefetches."""
        names: set[str] = set()
        for _, _, _, call in self.project.named_calls.calls(*_PREFETCHES):
            texts = (*call.args, *(text for _, text in call.keywords))
            names.update(name for text in texts if (value := constant_string(text)) is not None for name in value.split("__"))
        return frozenset(names)

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


def _goes_on_streamed(chain: Chain) -> bool:
    """A method of a queryset on what ``iterator()`` gave, which is none: such code never ran."""
    return any(step.method in _STREAMS for step in chain.steps[:-1])
