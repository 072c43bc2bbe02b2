"""Names of lookups, ``author__address__city``, as paths through models: which tables they join and where they end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from backend_lint.project.schema.mapping import ClassKey, Field, Mapped, Relationship


class Hop(NamedTuple):
    """One join. `columns` of the table it starts from match `to_columns` of `table`; `model` is None for the table between many and many.

    `direct`: the key lies on the near side, so a join that only asks for the key is left out. `many`: one row may meet several. `restricted`: a condition on
    a constant column comes along (generic relations). `key`: the primary key of the far side.
    """

    table: str
    columns: tuple[str, ...]
    to_columns: tuple[str, ...]
    direct: bool
    many: bool
    nullable: bool
    model: ClassKey | None
    restricted: str = ""
    cast: str = ""
    """The far column is cast to this type, for the near one has another."""


class Found(NamedTuple):
    """Where a path ends: the column(s) it means in the last table of `hops`, and the names behind that were no fields.

    `field`: None for a relation, whose key is meant (then `relation` is it) and for what is not known. `spans`: how many hops each name made.
    """

    hops: tuple[Hop, ...]
    columns: tuple[str, ...]
    field: Field | None
    relation: Relationship | None
    rest: tuple[str, ...]
    spans: tuple[tuple[str, int], ...]
    model: ClassKey | None
    """The model that the path ends in: that of the relation, or that of the field."""
    nullable: bool
    """The column may be null."""


class UnknownNameError(Exception):
    """The model has no such field, or it is not known."""


_OF_KEYS = frozenset({"pk", "id", "exact", "in", "isnull"})


class Paths:
    """Answers for one project; they are kept."""

    def __init__(self, mapped: Mapping[ClassKey, Mapped]) -> None:
        self.mapped = mapped
        self._found: dict[tuple[ClassKey, tuple[str, ...]], Found | None] = {}

    def of(self, model: ClassKey, names: tuple[str, ...]) -> Found:
        """The path of `names` from a model. Raises `UnknownNameError` if the first is no field."""
        key = model, names
        if key not in self._found:
            try:
                self._found[key] = self._walk(model, names)
            except UnknownNameError:
                self._found[key] = None
        found = self._found[key]
        if found is None:
            raise UnknownNameError(names[0])
        return found

    def key_columns(self, model: ClassKey) -> tuple[str, ...]:
        """The columns of a model's primary key."""
        mapped = self.mapped[model]
        columns: list[str] = []
        for name in mapped.primary_key:
            field = mapped.fields.get(name)
            relation = mapped.relationships.get(name)
            columns += [field.column] if field is not None else relation.columns if relation is not None else []
        return tuple(columns) or mapped.parent_link or ("id",)

    def key_field(self, model: ClassKey) -> Field | None:
        """The field of a model's primary key, if it is a plain one."""
        mapped = self.mapped[model]
        return mapped.fields.get(mapped.primary_key[0]) if len(mapped.primary_key) == 1 else None

    def _walk(self, model: ClassKey, names: tuple[str, ...]) -> Found:
        hops: list[Hop] = []
        spans: list[tuple[str, int]] = []
        current = model
        relation: Relationship | None = None
        columns: tuple[str, ...] = ()
        for position, name in enumerate(names):
            mapped = self.mapped.get(current)
            if mapped is None:
                raise UnknownNameError(name)
            if name == "pk":
                if len(mapped.primary_key) != 1 and not mapped.parent_link:
                    raise UnknownNameError(name)
                name = mapped.primary_key[0] if len(mapped.primary_key) == 1 else ""
                name = name[:-3] if name.endswith("_id") and name[:-3] in mapped.relationships else name
            before = len(hops)
            lifted = self._lift(current, name, hops)
            mapped = self.mapped[lifted]
            following = mapped.by_query_name(name) if name else None
            if following is not None and (following.target is not None or not following.generic):
                if following.target is None or following.target not in self.mapped:
                    key = _own_key(following, names[position + 1 :])
                    if key is None:
                        raise UnknownNameError(name)
                    rest = names[position + 1 :]
                    rest = rest[1:] if rest[:1] in (("pk",), ("id",)) else rest
                    return Found(tuple(hops), (key.column,), key, None, rest, tuple(spans), lifted, key.nullable is not False)
                hops += self._hops(mapped, following)
                spans.append((name, len(hops) - before))
                relation, current = following, following.target
                columns = self._target_columns(following)
                continue
            field = mapped.fields.get(name) if name else None
            if field is None and name.endswith("_id") and (link := mapped.relationships.get(name[:-3])) is not None and len(link.columns) == 1:
                field = Field(name, link.columns[0], nullable=link.nullable)
            if field is None and not name:
                spans.append((name, len(hops) - before))
                return Found(tuple(hops), self.key_columns(lifted), None, None, names[position + 1 :], tuple(spans), lifted, False)
            if field is not None:
                return Found(tuple(hops), (field.column,), field, None, names[position + 1 :], tuple(spans), lifted, field.nullable is not False)
            if relation is None:
                raise UnknownNameError(name)
            del hops[before:]
            return Found(tuple(hops), columns, None, relation, names[position:], tuple(spans), current, self._ends_nullable(hops))
        return Found(tuple(hops), columns, None, relation, (), tuple(spans), current, self._ends_nullable(hops))

    @staticmethod
    def _ends_nullable(hops: list[Hop]) -> bool:
        return bool(hops) and hops[-1].direct and hops[-1].nullable

    def _lift(self, model: ClassKey, name: str, hops: list[Hop]) -> ClassKey:
        """The model whose table has the field: a parent's of multi-table inheritance, which is joined."""
        mapped = self.mapped[model]
        while mapped.parent is not None and not mapped.proxy and mapped.parent_link and name:
            parent = self.mapped.get(mapped.parent)
            if parent is None or (name not in parent.fields and name.removesuffix("_id") not in parent.relationships and parent.by_query_name(name) is None):
                break
            hops.append(Hop(parent.table, mapped.parent_link, self.key_columns(parent.key), True, False, False, parent.key))
            mapped = parent
        return mapped.key

    def _target_columns(self, relation: Relationship) -> tuple[str, ...]:
        assert relation.target is not None
        if relation.through or not relation.reverse:
            return relation.to_columns
        return self.key_columns(relation.target)

    def _hops(self, mapped: Mapped, relation: Relationship) -> list[Hop]:
        assert relation.target is not None
        table = self.mapped[relation.target].table
        if relation.through:
            between = Hop(relation.through, relation.columns, relation.through_columns, False, True, True, None)
            return [between, Hop(table, relation.through_to, relation.to_columns, True, False, False, relation.target)]
        if relation.reverse or relation.many:
            many = relation.many and not relation.unique
            restricted = self._restriction(relation)
            cast = self._cast(mapped, relation) if restricted else ""
            return [Hop(table, relation.columns, relation.to_columns, False, many, True, relation.target, restricted, cast)]
        return [Hop(table, relation.columns, relation.to_columns, True, False, relation.nullable is not False, relation.target)]

    def _cast(self, mapped: Mapped, relation: Relationship) -> str:
        """The type of the key where the column that holds it for any model is of another."""
        assert relation.target is not None
        near = next((one.type for one in mapped.fields.values() if (one.column,) == relation.columns), "")
        far = next((one.type for one in self.mapped[relation.target].fields.values() if (one.column,) == relation.to_columns), "")
        return near if near and far and near != far else ""

    @staticmethod
    def _restriction(relation: Relationship) -> str:
        """The column that names the model, for a generic relation; its usual name where it is not told."""
        return (relation.type_column or "content_type_id") if relation.generic else ""


def _own_key(relation: Relationship, behind: tuple[str, ...]) -> Field | None:
    """The key to a model that nobody has read, where no more than the key is asked for."""
    if relation.reverse or relation.many or relation.generic or len(relation.columns) != 1:
        return None
    if behind and behind[0] not in _OF_KEYS:
        return None
    return Field(f"{relation.name}_id", relation.columns[0], nullable=relation.nullable)
