"""What the three askers share: values that occur in the rows, paths over relations, parameters of the function that asks."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from planner_worlds import SELECTIVE, Entity, Field, Link, Many, World

Rows = Mapping[str, list[dict[str, Any]]]


class Question(NamedTuple):
    """An expression in Python (or a statement), with the parameters of the function that holds it as (name, value as source text)."""

    text: str
    parameters: tuple[tuple[str, str], ...]
    shape: str


class Step(NamedTuple):
    """One relation further: the attribute, where it leads, whether to many rows. `link` is None from a parent class to its child."""

    name: str
    target: Entity
    many: bool
    link: Link | Many | None


@dataclass
class Asker:
    """Draws what questions are made of; `samples`: rows by table."""

    world: World
    samples: Rows
    seed: str
    handed: float = 0.5
    parameters: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def questions(self, count: int) -> Iterator[Question]:
        """`count` different questions, shapes in turn."""
        shapes = [getattr(self, name) for name in dir(type(self)) if name.startswith("ask_")]
        seen: set[str] = set()
        number = 0
        while len(seen) < count:
            self.parameters = []
            shape = shapes[number % len(shapes)]
            number += 1
            text = shape()
            if text and text not in seen:
                seen.add(text)
                yield Question(text, tuple(self.parameters), shape.__name__[4:])

    def value(self, value: object) -> str:
        """A value as source text, or the name of a parameter that has it."""
        text = literal(value)
        if self.rng.random() >= self.handed:
            return text
        name = f"p{len(self.parameters)}"
        self.parameters.append((name, text))
        return name

    def entity(self) -> Entity:
        return self.rng.choice(self.world.entities)

    def steps(self, entity: Entity) -> list[Step]:
        """Where one relation leads from an entity."""
        found = []
        here: Entity | None = entity
        while here is not None:
            found += [Step(link.name, link.target, False, link) for link in here.links]
            found += [Step(many.name, many.target, True, many) for many in here.manys]
            found += [Step(back, link.source, not (isinstance(link, Link) and link.one), link) for back, link in here.backs.items()]
            if here.child is not None and here is entity:
                found.append(Step(here.child.name.lower(), here.child, False, None))
            here = here.parent
        return found

    def path(self, entity: Entity, length: int) -> tuple[list[Step], Entity]:
        """A random way of so many relations; it does not come back to where it started over the same relation."""
        way: list[Step] = []
        for _ in range(length):
            options = [one for one in self.steps(entity) if one.link is None or all(one.link is not other.link for other in way)]
            if not options:
                break
            way.append(self.rng.choice(options))
            entity = way[-1].target
        return way, entity

    def field(self, entity: Entity, *kinds: str) -> tuple[Entity, Field]:
        """A field of the entity, of one of these kinds if it has any, with the entity whose table holds it."""
        fields = [(owner, one) for owner, one in entity.all_fields() if not kinds or one.kind in kinds]
        return self.rng.choice(fields or entity.all_fields())

    def strong(self, entity: Entity) -> tuple[Entity, Field]:
        return self.field(entity, *SELECTIVE)

    def sample(self, owner: Entity, one: Field | Link) -> Any:
        """A value that occurs in that column."""
        values = [row[one.column] for row in self.samples[owner.table] if row[one.column] is not None]
        return self.rng.choice(values)

    def span(self, owner: Entity, one: Field) -> tuple[Any, Any]:
        """Two values between which a small part of the rows lies."""
        values = sorted(row[one.column] for row in self.samples[owner.table] if row[one.column] is not None)
        low, high = values[0], values[-1]
        start, part = self.rng.random() * 0.9, self.rng.choice([0.0005, 0.002, 0.01, 0.01, 0.15])
        if isinstance(low, Decimal):
            first = low + (high - low) * Decimal(str(round(start, 4)))
            return round(first, 2), round(first + (high - low) * Decimal(str(part)), 2)
        first = low + (high - low) * start
        last = first + (high - low) * part
        return (int(first), int(last) + 1) if isinstance(low, int) else (first, last)

    def last(self, owner: Entity, one: Field) -> Any:
        """A value above which few rows lie."""
        values = sorted(row[one.column] for row in self.samples[owner.table] if row[one.column] is not None)
        return values[-1 - min(self.rng.choice([0, 1, 3, 60]), len(values) - 1)]

    def key(self, entity: Entity) -> int:
        return self.rng.randint(1, entity.rows)


def literal(value: object) -> str:
    """A value as Python source."""
    if isinstance(value, Decimal):
        return f'Decimal("{value}")'
    if isinstance(value, UUID):
        return f'UUID("{value}")'
    if isinstance(value, datetime.datetime):
        at = value.astimezone(datetime.UTC)
        return f"datetime({at.year}, {at.month}, {at.day}, {at.hour}, {at.minute}, {at.second}, tzinfo=timezone.utc)"
    if isinstance(value, datetime.date):
        return f"date({value.year}, {value.month}, {value.day})"
    if isinstance(value, list):
        return f"[{', '.join(literal(one) for one in value)}]"
    return repr(value)
