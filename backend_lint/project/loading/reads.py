"""Which relations of an object are read: where it is at hand, in its own properties and methods, and in functions that it is handed to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import LOOPS, BlockKind, Body, Call, Use
from backend_lint.project.blocks import around, inside
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.branches import Exits, chosen_by, is_behind_match, is_conditional, is_only_compared, is_only_handed_on, is_short_circuited
from backend_lint.project.loading.eager import Path
from backend_lint.project.loading.elements import is_gone_through, items_of, shown, steps_behind
from backend_lint.project.loading.loops import unwrapped
from backend_lint.project.loading.places import Entered, Place, Read
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey, Framework, Loading, Mapped, Relationship
from backend_lint.project.value_text import constant_string

if TYPE_CHECKING:
    from backend_lint.project import Project

_MAX_DEPTH = 3
_KEYS = ((".pk",), (".id",))
_EITHER = -1
"""Property or method: whoever reads it calls what can be called."""
_MOST_READS = 40
_OF_LISTS = frozenset("[] .append .remove .extend .items .values .keys .all .filter .filter_by .count .sort .index .add".split())
ASKS_ANEW = frozenset("filter exclude order_by first last get values values_list aggregate annotate latest earliest distinct select_related".split())
"""Methods of a related manager that ask anew, whatever was prefetched."""
_ANSWERS = frozenset({"count", "exists"})
_MOST_CALLS = 200
_WRITES = frozenset({"save", "delete", "asave", "adelete", "full_clean", "clean"})
"""What costs a query of its own each time: a relation more or less is not what makes it slow."""
_PROPERTIES = ("property", "cached_property", "admin.display", "display", "hybrid_property")


class _At(msgspec.Struct, frozen=True):
    """What is looked at: the object `elements` of a function inside block `region`, `prefix` away from the row; `trail` led here.

    `chosen`: parameters of the function that have the same value for all objects, and either. `given`: attributes that who led here has set on the object.
    """

    key: FunctionKey
    elements: tuple[str, ...]
    region: int
    model: ClassKey
    prefix: Path
    trail: tuple[Place, ...]
    conditional: bool = False
    chosen: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()


class Reads:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._mapped = project.schema.mapped
        self._exits: dict[FunctionKey, Exits] = {}
        self._entered: list[Entered] = []
        self._columns: list[tuple[str, tuple[Place, ...]]] = []

    def of_rows(self, key: FunctionKey, block: int, model: ClassKey, elements: tuple[str, ...] = ()) -> tuple[Read, ...]:
        """The relations that a loop or comprehension reads of each row of `model` that it goes over; each path once."""
        elements = elements or items_of(self._project.calls.body(key), block)
        return self._distinct(self._scan(_At(key, elements, block, model, (), ()), 0, set()))

    def columns_of_rows(self, key: FunctionKey, block: int, model: ClassKey, elements: tuple[str, ...]) -> dict[str, tuple[Place, ...]]:
        """The columns that each round of a loop reads of its row, itself or in what the row is handed to, with the way to the first place of each."""
        self._columns = []
        for _ in self._scan(_At(key, elements, block, model, (), ()), 0, set()):
            pass
        body = self._project.calls.body(key)
        blocks = {(line, column): inner for line, column, _, inner in body.reads} | {(call.line, call.column): call.block for call in body.calls}
        found: dict[str, tuple[Place, ...]] = {}
        for name, trail in self._columns:
            # what is read of some rows only may well be left out for the others
            if not is_conditional(body, blocks[trail[0].line, trail[0].column], block, trail[0].line, picked=0):
                found.setdefault(name, trail)
        return found

    def of_object(self, key: FunctionKey, element: str, model: ClassKey, region: int = 0) -> tuple[Read, ...]:
        """The relations that a function reads of one object, `element` as a value text (``%self``, ``%book``)."""
        return self._distinct(self._scan(_At(key, (element,), region, model, (), ()), 0, set()))

    def of_source(self, model: ClassKey, names: Sequence[str], place: Place) -> tuple[Read, ...]:
        """The relations that are read to get ``a.b.c`` of an object, `place` being where that is written; methods on the way are called."""
        return self._distinct(self._along(model, names, place))

    def entering(self, key: FunctionKey, element: str, model: ClassKey) -> tuple[tuple[Read, ...], tuple[Entered, ...]]:
        """`of_object`, with the functions that were looked into."""
        self._entered = []
        return self.of_object(key, element, model), tuple(self._entered)

    def entering_source(self, model: ClassKey, names: Sequence[str], place: Place) -> tuple[tuple[Read, ...], tuple[Entered, ...]]:
        """`of_source`, with the functions that were looked into."""
        self._entered = []
        return self.of_source(model, names, place), tuple(self._entered)

    def _along(self, model: ClassKey, names: Sequence[str], place: Place) -> Iterator[Read]:
        at: ClassKey | None = model
        prefix: Path = ()
        for position, name in enumerate(names):
            mapped = self._mapped.get(at) if at is not None else None
            if mapped is None or at is None:
                return
            relation = mapped.relationships.get(name)
            if relation is None:
                if name not in mapped.fields:
                    yield from self._member(_At((at[0], 0), (), 0, at, prefix, (place,)), at, name, prefix, _EITHER, 0, set())
                return
            if relation.generic:
                return
            prefix = (*prefix, name)
            key = self._own_key(mapped, relation, [f".{rest}" for rest in names[position + 1 :]])
            asked = next((one for one in names[position + 1 : position + 2] if one in _ANSWERS or one in ASKS_ANEW), "all")
            yield Read(prefix, relation.many, asked if relation.many else "", relation, at, (place,), key=key)
            at = relation.target

    def _distinct(self, reads: Iterator[Read]) -> tuple[Read, ...]:
        found: dict[tuple[Path, str], Read] = {}
        for read in reads:
            key = read.path, read.method if read.many else ""
            known = found.get(key)
            if known is None or (known.conditional and not read.conditional):
                found[key] = read if known is None or known.key else msgspec.structs.replace(read, key="")
            elif known.key and not read.key:
                found[key] = msgspec.structs.replace(known, key="")
            if len(found) > _MOST_READS:
                break
        return tuple(found.values())

    # -- one function ------------------------------------------------------------------------------

    def _scan(self, at: _At, depth: int, seen: set[tuple[FunctionKey, str, ClassKey, Path]]) -> Iterator[Read]:
        body = self._project.calls.body(at.key)
        given = {assign.target for assign in body.assigns if assign.target.startswith(tuple(f"{one}." for one in at.elements))}
        given |= {f"{one}.{name}" for one in at.elements for name in at.given}
        for line, column, text, block in body.reads:
            if is_behind_match(body, block, line, text, at.elements):
                continue
            if (steps := steps_behind(text, at.elements)) and self._counts(at.key, body, block, at.region) and not any(text.startswith(one) for one in given):
                yield from self._walk(at, body, steps, block, (line, column), None, text, depth, seen)
        for number, call in enumerate(body.calls):
            if not self._counts(at.key, body, call.block, at.region):
                continue
            if (steps := steps_behind(call.callee, at.elements)) and not any(call.callee.startswith(one) for one in given):
                yield from self._walk(at, body, steps, call.block, (call.line, call.column), number, call.callee, depth, seen)
            elif call.callee in ("hasattr", "getattr") and len(call.args) > 1 and call.args[0] in at.elements:
                if (name := constant_string(call.args[1])) is not None:
                    yield from self._walk(at, body, [f".{name}"], call.block, (call.line, call.column), None, f"{call.args[0]}.{name}", depth, seen)
            elif depth < _MAX_DEPTH:
                yield from self._handed(at, body, number, call, depth, seen)

    def _counts(self, key: FunctionKey, body: Body, block: int, region: int) -> bool:
        """It lies in the region, and not where something failed, where the loop ends or only later."""
        for number, found in around(body, block):
            if number == region:
                break
            if found.kind in (BlockKind.HANDLER, BlockKind.LAMBDA):
                return False
        else:
            return False
        if key not in self._exits:
            self._exits[key] = Exits(body)
        return not self._exits[key].leave(block, region)

    @staticmethod
    def _conditional(at: _At, body: Body, block: int, line: int, text: str = "") -> bool:
        return at.conditional or is_conditional(body, block, at.region, line, at.chosen, text=text)

    def _walk(
        self,
        at: _At,
        body: Body,
        steps: Sequence[str],
        block: int,
        place: tuple[int, int],
        number: int | None,
        text: str,
        depth: int,
        seen: set[tuple[FunctionKey, str, ClassKey, Path]],
    ) -> Iterator[Read]:
        """Follow ``.author.publisher.city`` along the mapping."""
        model, prefix = at.model, at.prefix
        conditional = self._conditional(at, body, block, place[0], text)
        if not (conditional or at.region):
            conditional = is_short_circuited(body, text if number is None else f"#{number}")
        head = self._project.calls.head(at.key)
        trail = (*at.trail, Place(at.key[0], *place, "" if head.name == "<module>" else head.name, shown(text)))
        for position, step in enumerate(steps):
            mapped = self._mapped.get(model)
            if mapped is None or step[0] != ".":
                return
            name = step[1:]
            relation = mapped.relationships.get(name)
            if relation is None:
                if name in mapped.fields:
                    if not prefix and not conditional:
                        self._columns.append((name, trail))
                elif depth < _MAX_DEPTH:
                    called = number if position == len(steps) - 1 else None
                    inner = _At(at.key, at.elements, at.region, model, prefix, trail, conditional, given=self._set_on(at, body) if not prefix else frozenset())
                    yield from self._member(inner, model, name, prefix, called, depth, seen)
                return
            if relation.generic:
                return
            prefix = (*prefix, name)
            rest = steps[position + 1 :]
            if relation.many and not (mapped.framework is Framework.SQLALCHEMY and rest and rest[0] not in _OF_LISTS):
                yield from self._collection(at, body, relation, mapped, prefix, rest, number, block, conditional, trail, text, depth, seen)
                return
            by_key = not rest and number is None and (is_only_compared(body, block, text) or is_only_handed_on(body, text))
            asked = (".pk",) if by_key else rest
            yield Read(prefix, False, "", relation, model, trail, conditional, self._own_key(mapped, relation, asked))
            if relation.target is None:
                return
            model = relation.target

    def _own_key(self, mapped: Mapped, relation: Relationship, rest: Sequence[str]) -> str:
        """The attribute of the object itself that holds what ``.author.id`` reads; empty if something else is read."""
        target = self._mapped.get(relation.target) if relation.target is not None else None
        if relation.target is None and mapped.framework is Framework.DJANGO and relation.columns and not (relation.reverse or relation.many):
            return f"{relation.name}_id" if tuple(rest) in _KEYS and relation.to_columns in ((), ("id",)) else ""  # a library's model
        if target is None or relation.reverse or relation.many or len(rest) != 1 or len(relation.columns) != 1 or len(target.primary_key) != 1:
            return ""
        keys = [field.column for field in target.fields.values() if field.name == target.primary_key[0]]
        if rest[0] not in (".pk", f".{target.primary_key[0]}") or tuple(keys) != relation.to_columns:
            return ""
        if mapped.framework is Framework.DJANGO:
            return f"{relation.name}_id"
        return next((field.name for field in mapped.fields.values() if field.column == relation.columns[0]), "")

    def _collection(
        self,
        at: _At,
        body: Body,
        relation: Relationship,
        mapped: Mapped,
        prefix: Path,
        rest: Sequence[str],
        number: int | None,
        block: int,
        conditional: bool,
        trail: tuple[Place, ...],
        text: str,
        depth: int,
        seen: set[tuple[FunctionKey, str, ClassKey, Path]],
    ) -> Iterator[Read]:
        """A relation to many: what is done with it, and what is read of its rows."""
        django = mapped.framework is Framework.DJANGO
        method = rest[0][1:] if rest and rest[0][0] == "." else ""
        value = text[: len(text) - sum(map(len, rest))] if rest else text
        if django:
            if number is None or len(rest) != 1:
                return
            value = f"#{number}"
            if body.calls[number].use is Use.RECEIVER and method in ("all", "get_queryset"):
                onward = next((call for call in body.calls[number + 1 :] if call.callee.startswith(f"{value}.")), None)
                if onward is None:
                    return
                method = onward.callee[len(value) + 1 :]
            elif method in ("all", "get_queryset") and body.calls[number].use is not Use.ITERATED and not is_gone_through(body, value):
                return
        elif relation.loading is Loading.QUERY:
            return
        yield Read(prefix, True, method, relation, mapped.key, trail, conditional)
        if relation.target is None or method not in ("", "all", "get_queryset", "iterator"):
            return
        for index, found in enumerate(body.blocks):
            if found.kind in LOOPS and found.kind is not BlockKind.WHILE and inside(body, index, at.region) and unwrapped(found.subject) == value:
                elements = (f"{found.subject}[]", f"{value}[]", *(("%" + found.target,) if found.target else ()))
                inner = _At(at.key, elements, index, relation.target, prefix, at.trail, conditional)
                yield from self._scan(inner, depth, seen)

    # -- other functions ---------------------------------------------------------------------------

    def _member(
        self, at: _At, model: ClassKey, name: str, prefix: Path, called: int | None, depth: int, seen: set[tuple[FunctionKey, str, ClassKey, Path]]
    ) -> Iterator[Read]:
        """A property, or a method that is called: what it reads of ``self``."""
        found = self._project.resolver.classes.find(Ref(RefKind.CLASS, "", *model), name)
        if found is None or not isinstance(found[1], int):
            return
        key = found[0].path, found[1]
        head = self._project.calls.head(key)
        if name in _WRITES:
            return
        is_property = any(text.rpartition(".")[2].rstrip("()") in _PROPERTIES for text in head.decorators)
        if (called != _EITHER and (called is None) != is_property) or not head.parameters:
            return
        if any(text in ("staticmethod", "classmethod") for text in head.decorators):
            return
        call = self._project.calls.body(at.key).calls[called] if called is not None and called != _EITHER else None
        chosen = chosen_by(call, head, True, at.elements) if call is not None else frozenset()
        yield from self._inside(at, key, head.parameters[0].name, model, prefix, depth, seen, chosen)

    @staticmethod
    def _set_on(at: _At, body: Body) -> frozenset[str]:
        """The attributes that a function sets on the object itself, ``self.parent = parent``, and those that who called it did."""
        own = tuple(f"{one}." for one in at.elements)
        found = {assign.target.rpartition(".")[2] for assign in body.assigns if assign.target.startswith(own) and assign.target.count(".") == 1}
        return at.given | found

    def _inside(
        self,
        at: _At,
        key: FunctionKey,
        parameter: str,
        model: ClassKey,
        prefix: Path,
        depth: int,
        seen: set[tuple[FunctionKey, str, ClassKey, Path]],
        chosen: frozenset[str],
    ) -> Iterator[Read]:
        state = key, parameter, model, prefix
        if state in seen or len(self._project.calls.body(key).calls) > _MOST_CALLS:
            return
        seen.add(state)
        self._entered.append(Entered(key, "%" + parameter, at.trail, at.conditional))
        yield from self._scan(_At(key, ("%" + parameter,), 0, model, prefix, at.trail, at.conditional, chosen, at.given), depth + 1, seen)

    def _handed(self, at: _At, body: Body, number: int, call: Call, depth: int, seen: set[tuple[FunctionKey, str, ClassKey, Path]]) -> Iterator[Read]:
        """The object, or one it leads to, is an argument of a function of the project."""
        if not any(text.startswith(at.elements) for text in call.args) and not any(text.startswith(at.elements) for _, text in call.keywords):
            return
        if ("many", "True") in call.keywords and call.args:
            yield from self._written(at, body, call)
        elif call.args and call.callee.endswith("Serializer"):
            yield from self._serialized(at, body, call)
        edge = self._project.calls.numbered(at.key).get(number)
        if edge is None or edge.target.kind is not RefKind.FUNCTION:
            return
        head = self._project.calls.head(edge.target.function)
        names = [parameter.name for parameter in head.parameters]
        receiver = edge.target.receiver
        bound = receiver is not None and (receiver.kind is not RefKind.CLASS or "classmethod" in head.decorators)
        first = 1 if bound and head.owner >= 0 and "staticmethod" not in head.decorators else 0
        given = [(names[position], text) for position, text in enumerate(call.args, first) if position < len(names)]
        given += [(name, text) for name, text in call.keywords if name in names]
        conditional = self._conditional(at, body, call.block, call.line)
        for name, text in given:
            reached = self._object(at, text)
            if reached is not None:
                symbol = self._project.calls.head(at.key).name
                place = Place(at.key[0], call.line, call.column, symbol, f"{edge.call.callee.lstrip('%')}({shown(text)})")
                inner = _At(at.key, at.elements, at.region, at.model, at.prefix, (*at.trail, place), conditional)
                chosen = chosen_by(call, head, bool(first), at.elements)
                yield from self._inside(inner, edge.target.function, name, reached[0], reached[1], depth, seen, chosen)

    def _written(self, at: _At, body: Body, call: Call) -> Iterator[Read]:
        """``Serializer(row.items, many=True)`` goes through the related rows."""
        text = call.args[0]
        steps = steps_behind(text, at.elements)
        reached = self._object(at, text[: len(text) - len(steps[-1])]) if steps else None
        mapped = self._mapped.get(reached[0]) if reached is not None else None
        relation = mapped.relationships.get(steps[-1][1:]) if mapped is not None else None
        if reached is not None and relation is not None and relation.many:
            place = Place(at.key[0], call.line, call.column, self._project.calls.head(at.key).name, shown(text))
            conditional = self._conditional(at, body, call.block, call.line)
            yield Read((*reached[1], relation.name), True, "all", relation, reached[0], (*at.trail, place), conditional)

    def _serialized(self, at: _At, body: Body, call: Call) -> Iterator[Read]:
        """``Serializer(row).data`` reads what its fields need."""
        reached = self._object(at, call.args[0])
        ref = self._project.value(*at.key, call.callee) if reached is not None else None
        fields = self._project.loads.serializer_fields
        if reached is None or ref is None or ref.kind is not RefKind.CLASS or not fields.is_serializer(ref.function):
            return
        kept = self._entered, self._columns
        reads = fields.costs(ref.function, reached[0]).reads
        self._entered, self._columns = kept
        place = Place(at.key[0], call.line, call.column, self._project.calls.head(at.key).name, f"{call.callee}({shown(call.args[0])})")
        conditional = self._conditional(at, body, call.block, call.line)
        for read in reads:
            path, trail = (*reached[1], *read.path), (*at.trail, place, *read.trail)
            yield msgspec.structs.replace(read, path=path, trail=trail, conditional=conditional or read.conditional)

    def _object(self, at: _At, text: str) -> tuple[ClassKey, Path] | None:
        """The model and path of ``row`` or ``row.author``; None for anything else."""
        if text in at.elements:
            return at.model, at.prefix
        model, prefix = at.model, at.prefix
        steps = steps_behind(text, at.elements)
        for step in steps:
            mapped = self._mapped.get(model)
            relation = mapped.relationships.get(step[1:]) if mapped is not None and step[0] == "." else None
            if relation is None or relation.many or relation.target is None:
                return None
            model, prefix = relation.target, (*prefix, step[1:])
        return (model, prefix) if steps else None
