"""Random schemas for the planner to judge, as no test has them: classes that inherit, references of every kind, indexes of every kind, and their rows.

    world = made(seed)                      # nothing but names, types and how rows are made
    for statement in world.fill(): ...      # 50,000 rows and more a table; `ANALYZE` is the last

A world is written down as Django models, as SQLAlchemy classes and as plain DDL by the modules beside this one; the rows are the same in all three. How
often a value occurs follows what tables of production look like: references and numbers are skewed, flags and states are mostly one value, dates grow with
the key. Nothing here knows what backend-lint would say.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

_ENTITIES = (
    "Clinic Patient Ward Surgeon Treatment Shipment Carrier Depot Voyage Sensor Meter Contract Tenant Building Lease Course Lecture Student Exam Vessel Harbor "
    "Cargo Recipe Ingredient Player Fixture Guild Ticket Agent Survey Respondent Policy Claim Broker Orchard Harvest Machine Repair Flight Passenger"
).split()
_LINKS = "owner keeper origin target holder sponsor lead source_item assigned opened billed via home based_at handled booked".split()
_NAMES = {
    "code": ["reference", "barcode", "external_ref", "imei", "passport_no", "iban", "voucher", "serial_number", "sku"],
    "name": ["title", "surname", "nickname", "caption", "heading", "display_name", "alias_name"],
    "text": ["remarks", "body", "address_line", "footnote"],
    "number": ["quantity", "weight", "score", "points", "mileage", "duration", "seat_no", "floor_area"],
    "serial": ["sequence_no", "revision_no", "running_no"],
    "few": ["status", "state", "kind", "category", "priority", "tier"],
    "flag": ["is_active", "archived", "verified", "urgent", "paid", "is_public"],
    "day": ["due_on", "born_on", "issued_on", "valid_until"],
    "moment": ["arrived_at", "cancelled_at", "checked_at", "opened_at", "expires_at"],
    "money": ["price", "balance", "fee", "premium"],
    "uuid": ["public_id", "token", "trace_key"],
    "json": ["payload", "settings", "extra"],
    "tags": ["labels", "skills", "marks"],
    "real": ["ratio", "temperature"],
}
PAIRS = 90_000
"""Rows of a table that joins two others and has no class."""
STATES = ("open", "pending", "active", "closed", "rejected", "expired")
SELECTIVE = ("code", "name", "text", "number", "serial", "uuid", "money", "day")


@dataclass
class Field:
    """`column`: its name in the table. `fill`: SQL that makes the value of row ``i``. `choices`: the model says which values there are."""

    name: str
    column: str
    kind: str
    fill: str
    null: float = 0.0
    unique: bool = False
    index: bool = False
    choices: bool = False

    @property
    def value(self) -> str:
        return f"CASE WHEN random() < {self.null} THEN NULL ELSE {self.fill} END" if self.null else self.fill


@dataclass
class Link:
    """A reference. `back`: the name by which the target knows it. `one`: at most one row refers to a row. `by`: the target's column that is held."""

    name: str
    column: str
    source: Entity
    target: Entity
    back: str
    fill: str
    null: float = 0.0
    one: bool = False
    index: bool = True
    by: str = "id"

    @property
    def value(self) -> str:
        return f"CASE WHEN random() < {self.null} THEN NULL ELSE {self.fill} END" if self.null else self.fill


@dataclass
class Many:
    """A many-to-many. `through`: the entity that joins; without one a table of two columns does."""

    name: str
    back: str
    source: Entity
    target: Entity
    table: str
    through: Entity | None = None

    @property
    def columns(self) -> tuple[str, str]:
        return f"{self.source.name.lower()}_id", f"{self.target.name.lower()}_id"


@dataclass
class Key:
    """An index. `keys`: field names, with ``-`` in front if descending, or ``lower(field)``, ``upper(field)``. `where`: (field, test) of a partial one,
    test one of ``true``, ``false``, ``null``, ``set``, a state, or a number to be exceeded."""

    name: str
    keys: tuple[str, ...]
    unique: bool = False
    method: str = ""
    where: tuple[str, str] | None = None
    include: tuple[str, ...] = ()


@dataclass
class Entity:
    """A table and its class. `parent`: the class it inherits with a table of its own. `stamped`: it inherits the abstract base's fields."""

    name: str
    table: str
    rows: int
    fields: list[Field] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    manys: list[Many] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    parent: Entity | None = None
    stamped: bool = False
    backs: dict[str, Link | Many] = field(default_factory=dict)
    child: Entity | None = None

    def all_fields(self) -> list[tuple[Entity, Field]]:
        """Own fields and those of the parent, each with the table it lies in."""
        return [(self, one) for one in self.fields] + (self.parent.all_fields() if self.parent else [])

    def named(self, name: str) -> Field | Link:
        return next(one for one in (*self.fields, *self.links) if one.name == name)


@dataclass
class World:
    """All entities, parents and targets before those that refer to them."""

    seed: int
    entities: list[Entity]

    def fill(self) -> Iterator[str]:
        """SQL that fills the empty tables."""
        yield "SELECT setseed(0.37)"
        yield "SET session_replication_role = replica"
        for entity in self.entities:
            columns: list[tuple[str, str]] = [(f"{entity.parent.name.lower()}_ptr_id" if entity.parent else "id", "i")]
            columns += [(one.column, one.value) for one in entity.fields]
            columns += [(one.column, one.value) for one in entity.links]
            names = ", ".join(f'"{name}"' for name, _ in columns)
            values = ", ".join(value for _, value in columns)
            yield f'INSERT INTO "{entity.table}" ({names}) SELECT {values} FROM generate_series(1, {entity.rows}) AS i ON CONFLICT DO NOTHING'
        for entity in self.entities:
            for many in entity.manys:
                if many.through is None:
                    left, right = many.columns
                    yield (
                        f'INSERT INTO "{many.table}" ("{left}", "{right}") SELECT 1 + floor(random() * {many.source.rows})::int, '
                        f"1 + floor(power(random(), 1.6) * {many.target.rows})::int FROM generate_series(1, {PAIRS}) AS i ON CONFLICT DO NOTHING"
                    )
        yield "SET session_replication_role = DEFAULT"
        yield "VACUUM ANALYZE"


def made(seed: int) -> World:
    """The world of a seed."""
    return _Maker(random.Random(f"world {seed}")).world(seed)


class _Maker:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def world(self, seed: int) -> World:
        rng = self.rng
        names = rng.sample(_ENTITIES, 7)
        entities: list[Entity] = []
        for number, name in enumerate(names[:5]):
            entities.append(self._entity(name, number, entities))
        heir = self._entity(names[5], 5, entities, parent=rng.choice(entities[:3]))
        entities.append(heir)
        joined = rng.sample(entities[:5], 2)
        through = self._entity(names[6], 6, [])
        through.rows, through.links, through.backs = rng.choice([60_000, 90_000, 140_000]), [], {}
        for end in joined:
            self._refer(through, end, end.name.lower(), f"{through.name.lower()}s_of_{end.name.lower()}", 0.0, skew=end is joined[1])
        pair = tuple(one.name for one in through.links)
        through.keys = [key for key in self._keys(through) if not key.where] if rng.random() < 0.5 else []
        if rng.random() < 0.5:
            through.keys.append(Key(f"{through.name.lower()}_pair", pair))
        entities.append(through)
        self._many(joined[0], joined[1], through)
        self._many(*rng.sample(entities[:5], 2), None)
        return World(seed, entities)

    def _entity(self, name: str, number: int, before: list[Entity], parent: Entity | None = None) -> Entity:
        rng = self.rng
        table = rng.choice([f"world_{name.lower()}", f"world_{name.lower()}", f"tbl_{name.lower()}s", f"{name.lower()}_data"])
        rows = rng.choice([50_000, 55_000, 80_000] if number < 2 else [50_000, 70_000, 110_000, 160_000])
        entity = Entity(name, table, min(rows, parent.rows) if parent else rows, parent=parent, stamped=parent is None and rng.random() < 0.5)
        kinds = ["code", "name", *rng.sample(list(_NAMES), 6), "few", "flag", rng.choice(["number", "moment", "text"])]
        taken = {one.name for one in (*parent.fields, *parent.links)} if parent else set()
        for kind in kinds[:5] if parent else kinds:
            one = self._field(kind, taken, entity)
            if one is not None:
                entity.fields.append(one)
                taken.add(one.name)
        if entity.stamped:
            stamps = f"timestamptz '2019-01-01 00:00+00' + i * interval '1 day' * ({1500 / entity.rows})"
            entity.fields.append(Field("created_at", "created_at", "moment", stamps))
            entity.fields.append(Field("note_no", "note_no", "number", "floor(random() * 30000)::int", index=True))
        for target in rng.sample(before, min(len(before), rng.choice([1, 2, 2, 3]))):
            if target is not parent:
                taken_links = {link.name for link in entity.links} | taken
                options = [one for one in (*_LINKS, target.name.lower()) if one not in taken_links]
                label = rng.choice([rng.choice(options), options[-1]])
                self._refer(entity, target, label, f"{entity.name.lower()}_{label}_set", rng.choice([0, 0, 0, 0.3, 0.9]), skew=rng.random() < 0.4)
        if parent is None and rng.random() < 0.35:
            self._refer(entity, entity, "superior", "inferiors", 0.4, skew=True)
        entity.keys = self._keys(entity)
        if parent:
            parent.child = entity
        return entity

    def _refer(self, source: Entity, target: Entity, name: str, back: str, null: float, *, skew: bool) -> None:
        rng = self.rng
        column = rng.choice([f"{name}_id", f"{name}_id", f"fk_{name}"])
        one = not skew and target is not source and source.parent is None and rng.random() < 0.2 and not any(link.one for link in source.links)
        spread = "power(random(), 2.2)" if skew else "random()"
        fill = f"1 + floor({spread} * {target.rows})::bigint"
        if one:
            fill = f"CASE WHEN i <= {target.rows} THEN {target.rows} + 1 - i END"
            null = 0.01 if source.rows > target.rows else null
        by = "id"
        coded = next((field for field in target.fields if field.unique and field.kind == "code"), None)
        if coded is not None and not one and target is not source and rng.random() < 0.3:
            by, fill = coded.name, coded.fill.replace("i *", f"({fill}) *")
        link = Link(name, column, source, target, back, fill, null, one, one or rng.random() < 0.75, by)
        source.links.append(link)
        target.backs[back] = link

    def _many(self, source: Entity, target: Entity, through: Entity | None) -> None:
        name = f"linked_{target.name.lower()}s" if through else f"tagged_{target.name.lower()}s"
        back = f"{name}_of"
        table = through.table if through else f"{source.table}_{name}"
        many = Many(name, back, source, target, table, through)
        source.manys.append(many)
        target.backs[back] = many

    def _field(self, kind: str, taken: set[str], entity: Entity) -> Field | None:
        rng = self.rng
        options = [name for name in _NAMES[kind] if name not in taken]
        if not options:
            return None
        name = rng.choice(options)
        column = rng.choice([name, name, name, f"{name}_col", f"c_{name}"])
        null = rng.choice([0, 0, 0, 0.1, 0.5]) if kind not in ("flag", "few", "serial") else 0
        fill, extra = self._fill(kind, entity)
        one = Field(name, column, kind, fill, null, **extra)
        if kind in ("moment",) and name.startswith(("cancelled", "expires")):
            one.null = rng.choice([0.9, 0.97])
        if one.unique:
            one.null = 0
        elif kind in ("code", "name", "number", "day", "moment", "few", "uuid") and rng.random() < 0.3:
            one.index = True
        return one

    def _fill(self, kind: str, entity: Entity) -> tuple[str, dict[str, bool]]:
        rng = self.rng
        prefix = rng.choice(["RX", "no-", "Zk", "A"])
        if kind == "code":
            if rng.random() < 0.3:
                return f"'{prefix}' || (i * 7919 % 1000003)", {"unique": True}
            return rng.choice([f"'{prefix}' || md5(random()::text)", f"'{prefix}' || floor(random() * 30000)"]), {}
        if kind == "name":
            return f"'{prefix}' || substr(md5(floor(power(random(), 1.5) * {rng.choice([3000, 12000, 40000])})::text), 1, 12)", {}
        if kind == "text":
            return f"'{prefix} ' || md5(random()::text) || repeat(' lorem', {rng.choice([1, 5, 20])})", {}
        if kind == "number":
            return f"floor(power(random(), {rng.choice([1, 1, 2])}) * {rng.choice([2000, 20000, 90000])})::int", {}
        if kind == "serial":
            return f"i * {rng.choice([3, 7])} + 11", {"unique": rng.random() < 0.4}
        if kind == "few":
            states = ", ".join(f"'{one}'" for one in STATES)
            return f"(ARRAY[{states}])[1 + floor(power(random(), {rng.choice([1, 3])}) * 6)::int]", {"choices": rng.random() < 0.6}
        if kind == "flag":
            return f"random() < {rng.choice([0.004, 0.06, 0.5, 0.95])}", {}
        if kind == "day":
            return f"date '2017-01-01' + floor(random() * {rng.choice([1500, 2800])})::int", {}
        if kind == "moment":
            return f"timestamptz '2019-06-01 00:00+00' + random() * interval '{rng.choice([500, 1200])} days'", {}
        if kind == "money":
            return f"round((power(random(), 2) * {rng.choice([900, 20000])})::numeric, 2)", {}
        if kind == "uuid":
            return "md5(random()::text)::uuid", {"unique": rng.random() < 0.3}
        if kind == "json":
            return "jsonb_build_object('ref', 'r' || floor(random() * 20000), 'size', floor(random() * 6000)::int)", {}
        if kind == "tags":
            return "ARRAY['t' || floor(random() * 9000), 'u' || floor(random() * 9000)]", {}
        return "random() * 1000", {}

    def _keys(self, entity: Entity) -> list[Key]:
        rng = self.rng
        found: list[Key] = []
        plain = [one.name for one in entity.fields if one.kind not in ("json", "tags") and one.name not in ("created_at", "note_no")]
        plain += [one.name for one in entity.links]
        words = [one.name for one in entity.fields if one.kind in ("code", "name")]

        def add(keys: tuple[str, ...], **more: object) -> None:
            found.append(Key(f"{entity.name.lower()}_k{len(found)}", keys, **more))  # type: ignore[arg-type]

        for _ in range(rng.choice([1, 2, 3])):
            chosen = rng.sample(plain, min(len(plain), rng.choice([1, 2, 2, 3])))
            add(tuple(rng.choice(["", "", "", "-"]) + name if number else name for number, name in enumerate(chosen)))
        for _ in range(rng.choice([0, 1, 2])):
            test = self._test(entity)
            if test is not None:
                add((rng.choice([name for name in plain if name != test[0]]),), where=test)
        if words and rng.random() < 0.4:
            add((f"{rng.choice(['lower', 'upper'])}({rng.choice(words)})",))
        if rng.random() < 0.3:
            chosen = rng.sample(plain, 2)
            add((chosen[0],), include=(chosen[1],))
        for one in entity.fields:
            if one.kind in ("json", "tags") and rng.random() < 0.6:
                add((one.name,), method="gin")
            elif one.kind in ("uuid", "code") and not one.unique and rng.random() < 0.15:
                add((one.name,), method="hash")
        serial = [one.name for one in entity.fields if one.kind == "serial"]
        if serial and entity.links and rng.random() < 0.5:
            add((entity.links[0].name, serial[0]), unique=True)
        return found

    def _test(self, entity: Entity) -> tuple[str, str] | None:
        rng = self.rng
        tests = []
        for one in entity.fields:
            if one.kind == "flag":
                tests.append((one.name, rng.choice(["true", "false"])))
            elif one.kind == "few":
                tests.append((one.name, rng.choice(STATES)))
            elif one.null:
                tests.append((one.name, rng.choice(["null", "set"])))
            elif one.kind == "number":
                tests.append((one.name, "1500"))
        return rng.choice(tests) if tests else None
