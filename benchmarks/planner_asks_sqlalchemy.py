"""Questions in SQLAlchemy over a world of `planner_worlds`: joins on both sides of relationships, any and has, aliases, outer joins, loading options."""

from __future__ import annotations

from planner_asking import Asker, Step
from planner_worlds import Entity, Field, Link

HEAD = """from world.models import *
from datetime import date, datetime, timezone
from decimal import Decimal
from uuid import UUID
from sqlalchemy import and_, delete, exists, func, not_, or_, select, update
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload, selectinload
"""


class AlchemyAsker(Asker):
    """Each ``ask_`` method gives an expression that runs a statement with `session`."""

    def steps(self, entity: Entity) -> list[Step]:
        return [step for step in super().steps(entity) if step.link is not None]

    # -- conditions

    def condition(self, entity: Entity, name: str = "", *, strong: bool = False) -> str:
        """One condition on a column of the entity, or of an alias of it."""
        rng, name = self.rng, name or entity.name
        links = [link for link in entity.links if link.by == "id"]
        if links and rng.random() < 0.15:
            link = rng.choice(links)
            if rng.random() < 0.3:
                return f"{name}.{link.name}_id.in_({self.value([self.key(link.target) for _ in range(3)])})"
            return f"{name}.{link.name}_id == {self.value(self.key(link.target))}"
        if rng.random() < 0.05 and entity.parent is None:
            return f"{name}.id == {self.value(self.key(entity))}"
        owner, one = self.strong(entity) if strong or rng.random() < 0.6 else self.field(entity)
        return self._on(owner, one, f"{name}.{one.name}")

    def _on(self, owner: Entity, one: Field, text: str) -> str:
        rng, kind = self.rng, one.kind
        if one.null and rng.random() < 0.1:
            return f"{text}.is_(None)" if rng.random() < 0.6 else f"{text}.is_not(None)"
        found = self.sample(owner, one)
        if kind in ("code", "name", "text"):
            form = rng.choice(["", "", "", "", "", "in", "startswith", "lower", "ilike", "contains", "like"])
            if form == "in":
                return f"{text}.in_({self.value([found, self.sample(owner, one)])})"
            if form == "startswith":
                return f"{text}.startswith({self.value(found[:7])})"
            if form == "contains":
                return f"{text}.contains({self.value(found[3:9])})"
            if form == "ilike":
                return f"{text}.ilike({self.value('%' + found[3:9] + '%')})"
            if form == "like":
                return f"{text}.like({self.value(found[:8] + '%')})"
            if form == "lower":
                return f"func.lower({text}) == {self.value(found.lower())}"
            return f"{text} == {self.value(found)}"
        if kind in ("number", "serial", "money", "real", "day", "moment"):
            exact = kind in ("number", "serial", "day", "money")
            form = rng.choice(["", "", "", "in", "between", "both", "gt"] if exact else ["between", "both", "gt", "date"])
            if form == "in":
                return f"{text}.in_({self.value([found, self.sample(owner, one)])})"
            if form == "between":
                low, high = self.span(owner, one)
                return f"{text}.between({self.value(low)}, {self.value(high)})"
            if form == "both":
                low, high = self.span(owner, one)
                return f"and_({text} >= {self.value(low)}, {text} < {self.value(high)})"
            if form == "gt":
                return f"{text} > {self.value(self.last(owner, one))}"
            if form == "date" and kind == "moment":
                return f"func.date({text}) == {self.value(found.date())}"
            return f"{text} == {self.value(found)}"
        if kind == "json":
            return rng.choice([lambda: f'{text}["ref"].astext == {self.value(found["ref"])}', lambda: f'{text}.contains({{"size": {found["size"]}}})'])()
        if kind == "tags":
            return rng.choice([lambda: f"{text}.contains([{self.value(found[0])}])", lambda: f"{text}.any({self.value(found[0])})"])()
        if kind == "flag":
            return rng.choice([f"{text}.is_({found})", text if found else f"~{text}", f"{text} == {found}"])
        if kind == "few" and rng.random() < 0.3:
            return f"{text}.in_({self.value([found, self.sample(owner, one)])})"
        return f"{text} == {self.value(found)}"

    def weak(self, entity: Entity, name: str = "") -> str:
        owner, one = self.field(entity, "few", "flag")
        return self._on(owner, one, f"{name or entity.name}.{one.name}")

    def joined(self, length: int) -> tuple[Entity, str, list[Entity]]:
        """An entity, ``.join()`` calls from it over relations, and all that are joined. No class comes twice, nor with its parent."""
        for _ in range(40):
            entity = self.entity()
            way, _ = self.path(entity, length)
            classes = [entity, *(step.target for step in way)]
            lines = [one.parent or one for one in classes]
            if len({one.name for one in lines}) == len(lines) and len(way) == length:
                break
        else:
            return entity, "", [entity]
        joins, here = "", entity
        for step in way:
            form = self.rng.randrange(4)
            if form == 0 and isinstance(step.link, Link) and here is not entity.child:
                link = step.link
                joins += f".join({step.target.name}, {self.link_on(link)})"
            else:
                joins += f".{'outerjoin' if form == 1 and self.rng.random() < 0.5 else 'join'}({here.name}.{step.name})"
            here = step.target
        return entity, joins, classes

    def link_on(self, link: Link, source: str = "", target: str = "") -> str:
        return f"{source or link.source.name}.{link.name}_id == {target or link.target.name}.{link.by}"

    def run(self, statement: str) -> str:
        return f"session.{self.rng.choice(['scalars', 'execute'])}({statement}).all()"

    # -- shapes

    def ask_near(self) -> str:
        entity = self.entity()
        return self.run(f"select({entity.name}).where({self.condition(entity)})")

    def ask_join_far(self) -> str:
        entity, joins, classes = self.joined(self.rng.choice([1, 1, 2]))
        return self.run(f"select({entity.name}){joins}.where({self.condition(classes[-1], strong=True)})")

    def ask_join_both(self) -> str:
        entity, joins, classes = self.joined(self.rng.choice([1, 1, 2]))
        return self.run(f"select({entity.name}){joins}.where({self.condition(entity, strong=True)}, {self.condition(classes[-1], strong=True)})")

    def ask_join_mixed(self) -> str:
        entity, joins, classes = self.joined(self.rng.choice([1, 2]))
        conditions = [self.condition(self.rng.choice(classes)), self.condition(self.rng.choice(classes))]
        return self.run(f"select({entity.name}, {classes[-1].name}){joins}.where({conditions[0]}).where({conditions[1]})")

    def ask_join_weak(self) -> str:
        entity, joins, classes = self.joined(1)
        return self.run(f"select({entity.name}){joins}.where({self.weak(entity)}, {self.condition(classes[-1])})")

    def ask_legacy(self) -> str:
        entity, joins, classes = self.joined(1)
        ending = self.rng.choice(["all()", "first()", "count()", "one_or_none()"])
        return f"session.query({entity.name}){joins}.filter({self.condition(classes[-1])}, {self.condition(entity)}).{ending}"

    def ask_filter_by(self) -> str:
        entity = self.entity()
        owner, one = self.strong(entity)
        other, two = self.field(entity)
        if one.name == two.name or two.kind in ("json", "tags", "real"):
            return f"session.query({entity.name}).filter_by({one.name}={self.value(self.sample(owner, one))}).first()"
        return self.run(f"select({entity.name}).filter_by({one.name}={self.value(self.sample(owner, one))}, {two.name}={self.value(self.sample(other, two))})")

    def ask_any_has(self) -> str:
        entity = self.entity()
        options = [step for step in self.steps(entity) if step.target is not entity and step.target.parent is None]
        if not options:
            return ""
        step = self.rng.choice(options)
        inner = f"{entity.name}.{step.name}.{'any' if step.many else 'has'}({self.condition(step.target, strong=True)})"
        form = self.rng.randrange(4)
        if form == 0:
            return self.run(f"select({entity.name}).where({inner})")
        if form == 1:
            return self.run(f"select({entity.name}).where({self.condition(entity)}, ~{inner})")
        if form == 2:
            return self.run(f"select({entity.name}).where(or_({inner}, {self.condition(entity, strong=True)}))")
        return self.run(f"select({entity.name}).where({inner}).where({self.condition(entity)})")

    def ask_exists(self) -> str:
        entity = self.entity()
        backs = [link for link in entity.backs.values() if isinstance(link, Link) and link.source is not entity and link.source.parent is None]
        if not backs:
            return ""
        link = self.rng.choice(backs)
        inner = f"select({link.source.name}.id).where({self.link_on(link)}, {self.condition(link.source, strong=True)}).exists()"
        form = self.rng.randrange(3)
        if form == 0:
            return self.run(f"select({entity.name}).where({inner})")
        if form == 1:
            return self.run(f"select({entity.name}).where(~{inner}, {self.condition(entity)})")
        return self.run(f"select({entity.name}).where({inner}, {self.condition(entity)})")

    def ask_in_subquery(self) -> str:
        entity = self.entity()
        links = [link for link in entity.links if link.target is not entity]
        if not links:
            return ""
        link = self.rng.choice(links)
        inner = f"select({link.target.name}.{link.by}).where({self.condition(link.target)})"
        more = f", {self.condition(entity)}" if self.rng.random() < 0.5 else ""
        return self.run(f"select({entity.name}).where({entity.name}.{link.name}_id.in_({inner}){more})")

    def ask_aliased(self) -> str:
        entity = self.entity()
        links = [link for link in entity.links if link.target.parent is None]
        if not links or entity.parent:
            return ""
        link = self.rng.choice(links)
        head = f"other = aliased({link.target.name})\n"
        conditions = f"{self.condition(link.target, 'other', strong=True)}, {self.condition(entity)}"
        if self.rng.random() < 0.5:
            return head + self.run(f"select({entity.name}, other).join(other, {self.link_on(link, target='other')}).where({conditions})")
        return head + self.run(f"select({entity.name}, other).join({entity.name}.{link.name}.of_type(other)).where({conditions})")

    def ask_comma(self) -> str:
        entity = self.entity()
        links = [link for link in entity.links if link.target is not entity]
        if not links:
            return ""
        link = self.rng.choice(links)
        conditions = f"{self.condition(link.target)}, {self.condition(entity)}"
        return self.run(f"select({entity.name}, {link.target.name}).where({self.link_on(link)}, {conditions})")

    def ask_order(self) -> str:
        entity, joins, classes = self.joined(self.rng.choice([0, 1, 1]))
        _, one = self.field(entity, "moment", "day", "number", "serial", "name", "code")
        key = f"{entity.name}.{one.name}{self.rng.choice(['', '.desc()'])}"
        return self.run(f"select({entity.name}){joins}.where({self.condition(classes[-1])}).order_by({key}).limit({self.rng.choice([1, 10, 25])})")

    def ask_or(self) -> str:
        entity = self.entity()
        return self.run(f"select({entity.name}).where(or_({self.condition(entity)}, {self.condition(entity)}))")

    def ask_or_join(self) -> str:
        entity, joins, classes = self.joined(1)
        conditions = [self.condition(entity, strong=True), self.condition(classes[-1], strong=True)]
        if self.rng.random() < 0.5:
            conditions = [self.condition(classes[-1]), self.condition(classes[-1])]
        return self.run(f"select({entity.name}){joins}.where(or_({conditions[0]}, {conditions[1]}), {self.condition(self.rng.choice(classes))})")

    def ask_count(self) -> str:
        entity, joins, classes = self.joined(self.rng.choice([0, 1]))
        return f"session.scalar(select(func.count()).select_from({entity.name}){joins}.where({self.condition(classes[-1])}, {self.condition(entity)}))"

    def ask_group(self) -> str:
        entity, joins, classes = self.joined(1)
        _, one = self.field(entity, "few", "name")
        start = f"select({entity.name}.{one.name}, func.count()).select_from({entity.name}){joins}"
        return f"session.execute({start}.where({self.condition(classes[-1], strong=True)}).group_by({entity.name}.{one.name})).all()"

    def ask_eager(self) -> str:
        entity = self.entity()
        steps = [step for step in self.steps(entity) if step.target is not entity and step.target.parent is None and entity.parent is None]
        if not steps:
            return ""
        step = self.rng.choice(steps)
        name = f"{entity.name}.{step.name}"
        if self.rng.random() < 0.5:
            kept = f"{self.condition(step.target, strong=True)}, {self.condition(entity)}"
            return f"session.scalars(select({entity.name}).join({name}).options(contains_eager({name})).where({kept})).unique().all()"
        option = self.rng.choice(["joinedload", "selectinload"])
        return f"session.scalars(select({entity.name}).options({option}({name})).where({self.condition(entity)})).unique().all()"

    def ask_write(self) -> str:
        entity = self.rng.choice([one for one in self.world.entities if one.parent is None and one.child is None])
        links = [link for link in entity.links if link.target is not entity and link.target.parent is None]
        if links and self.rng.random() < 0.4:
            link = self.rng.choice(links)
            inner = f"select({link.target.name}.{link.by}).where({self.condition(link.target, strong=True)})"
            return f"session.execute(delete({entity.name}).where({entity.name}.{link.name}_id.in_({inner})))"
        if self.rng.random() < 0.5:
            return f"session.execute(delete({entity.name}).where({self.condition(entity)}))"
        _, one = next(((owner, one) for owner, one in entity.all_fields() if one.kind == "code"), (entity, entity.fields[0]))
        return f'session.execute(update({entity.name}).where({self.condition(entity)}, {self.condition(entity)}).values({one.name}="x"))'

    def ask_outer(self) -> str:
        entity = self.entity()
        steps = [step for step in self.steps(entity) if step.target is not entity and entity.parent is None and step.target.parent is None]
        if not steps:
            return ""
        step = self.rng.choice(steps)
        kept = self.condition(entity)
        if self.rng.random() < 0.4:
            kept += f", {step.target.name}.id.is_(None)"
        elif self.rng.random() < 0.5:
            kept += f", {self.condition(step.target, strong=True)}"
        return self.run(f"select({entity.name}).outerjoin({entity.name}.{step.name}).where({kept})")

    def ask_scalar_subquery(self) -> str:
        entity = self.entity()
        backs = [link for link in entity.backs.values() if isinstance(link, Link) and link.source is not entity and link.source.parent is None]
        if not backs:
            return ""
        link = self.rng.choice(backs)
        inner = f"select(func.count()).select_from({link.source.name}).where({self.link_on(link)}).scalar_subquery()"
        return f"session.execute(select({entity.name}.{self.field(entity)[1].name}, {inner}).where({self.condition(entity)})).all()"
