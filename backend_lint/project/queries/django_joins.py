"""The tables of one query and how they are joined, as Django's `sql.Query` chooses: reuse, trimming, and promotion to outer joins."""

from __future__ import annotations

import collections
from collections.abc import Iterable

from backend_lint.project.queries.django_paths import Found, Hop
from backend_lint.project.schema.mapping import ClassKey

INNER, LEFT, BASE = "inner", "left", ""


class Join:
    """A table under an alias. `parent` is the alias it is joined to, -1 for the first. `uses` counts who needs it."""

    __slots__ = ("hop", "kind", "model", "nullable", "parent", "table", "uses")

    def __init__(self, table: str, model: ClassKey | None, parent: int, kind: str, nullable: bool, hop: Hop | None) -> None:
        self.table = table
        self.model = model
        self.parent = parent
        self.kind = kind
        self.nullable = nullable
        self.hop = hop
        self.uses = 1


class Joins:
    """Aliases are numbers; 0 is the model's own table."""

    def __init__(self, table: str, model: ClassKey | None) -> None:
        self.all = [Join(table, model, -1, BASE, False, None)]

    def walk(self, hops: Iterable[Hop], reuse: set[int] | None) -> list[int]:
        """The aliases along a path, the first table included. `reuse`: which joins to many rows may be taken again; all if None."""
        alias = 0
        aliases = [0]
        for hop in hops:
            alias = self._join(alias, hop, reuse if hop.many else None)
            aliases.append(alias)
        return aliases

    def _join(self, parent: int, hop: Hop, reuse: set[int] | None) -> int:
        for number in range(len(self.all) - 1, 0, -1):
            join = self.all[number]
            if join.parent == parent and join.hop is not None and _same(join.hop, hop) and (reuse is None or number in reuse):
                join.uses += 1
                return number
        nullable = hop.nullable if hop.direct else True
        kind = LEFT if self.all[parent].kind == LEFT or nullable else INNER
        self.all.append(Join(hop.table, hop.model, parent, kind, nullable, hop))
        return len(self.all) - 1

    def name(self, alias: int) -> str:
        """What Django calls an alias: the table's name the first time, ``T3`` later."""
        table = self.all[alias].table
        return table if all(join.table != table for join in self.all[:alias]) else f"T{alias + 1}"

    def trim(self, found: Found, aliases: list[int], least: int = 1) -> tuple[tuple[str, ...], list[int]]:
        """The columns that a path means, in the nearest table that has them, and the aliases still needed, `least` of them at least."""
        columns = found.columns
        aliases = aliases[:]
        for hop in reversed(found.hops):
            if len(aliases) <= least or not hop.direct or not set(columns) <= set(hop.to_columns):
                break
            pairs = dict(zip(hop.to_columns, hop.columns, strict=False))
            columns = tuple(pairs[column] for column in columns)
            self.all[aliases.pop()].uses -= 1
        return columns, aliases

    def inner(self) -> set[int]:
        """The aliases that are joined inner."""
        return {number for number, join in enumerate(self.all) if join.kind == INNER}

    def promote(self, aliases: Iterable[int]) -> None:
        """Make joins outer where a row may be missing."""
        waiting = list(aliases)
        while waiting:
            alias = waiting.pop(0)
            join = self.all[alias]
            if join.kind == BASE:
                continue
            parent_left = join.parent >= 0 and self.all[join.parent].kind == LEFT
            if (join.nullable or parent_left) and join.kind != LEFT:
                join.kind = LEFT
                waiting += [number for number, other in enumerate(self.all) if other.parent == alias and number not in waiting]

    def demote(self, aliases: Iterable[int]) -> None:
        """Make outer joins inner again."""
        for alias in aliases:
            if self.all[alias].kind == LEFT:
                self.all[alias].kind = INNER


def _same(one: Hop, other: Hop) -> bool:
    return one.table == other.table and one.columns == other.columns and one.to_columns == other.to_columns


class Promoter:
    """Decides, for the children of one ``Q``, which joins must be inner and which outer."""

    def __init__(self, is_or: bool, children: int, negated: bool) -> None:
        self.is_or = is_or != negated
        self.children = children
        self.votes: collections.Counter[int] = collections.Counter()

    def add(self, needed: Iterable[int]) -> None:
        """One child needs these joins to be inner."""
        self.votes.update(needed)

    def update(self, joins: Joins) -> set[int]:
        """Change the joins; gives those that were asked to be inner."""
        promote = {alias for alias, votes in self.votes.items() if self.is_or and votes < self.children}
        demote = {alias for alias, votes in self.votes.items() if not self.is_or or votes == self.children}
        joins.promote(promote)
        joins.demote(demote)
        return demote
