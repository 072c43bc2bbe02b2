"""Questions in Django's ORM over a world of `planner_worlds`: chains over relations, Q, F, Exists, Subquery, annotations, orders, writes."""

from __future__ import annotations

import datetime

from planner_asking import Asker, Step
from planner_worlds import Entity, Field, Link

HEAD = """from datetime import date, datetime, timezone
from decimal import Decimal
from uuid import UUID
from django.db.models import Count, Exists, F, Max, Min, OuterRef, Prefetch, Q, Subquery, Sum
from django.db.models.functions import Coalesce, Lower, TruncDate, Upper
from world.models import *
"""


class DjangoAsker(Asker):
    """Each ``ask_`` method gives an expression whose value is a queryset, or that runs one itself."""

    # -- conditions

    def prefix(self, way: list[Step]) -> str:
        return "".join(f"{step.name}__" for step in way)

    def lookup(self, entity: Entity, before: str = "", *, strong: bool = False) -> str:
        """``name__lookup=value`` on a field of the entity, or on the key of one of its references."""
        rng = self.rng
        links = [link for link in entity.links if link.by == "id"]
        if links and rng.random() < 0.15:
            return self._reference(rng.choice(links), before)
        if rng.random() < 0.05:
            name = rng.choice(["pk", "id"]) if entity.parent is None else "pk"
            return f"{before}{name}={self.value(self.key(entity))}"
        owner, one = self.strong(entity) if strong or rng.random() < 0.6 else self.field(entity)
        return self._field_lookup(owner, one, before + one.name)

    def _reference(self, link: Link, before: str) -> str:
        form = self.rng.randrange(4)
        if form == 3:
            return f"{before}{link.name}__in={self.value([self.key(link.target) for _ in range(3)])}"
        return f"{before}{link.name}{['', '_id', '__id'][form]}={self.value(self.key(link.target))}"

    def _field_lookup(self, owner: Entity, one: Field, name: str) -> str:
        rng, kind = self.rng, one.kind
        if one.null and rng.random() < 0.1:
            return f"{name}__isnull={rng.random() < 0.6}"
        found = self.sample(owner, one)
        if kind in ("code", "name", "text"):
            form = rng.choice(["", "", "", "", "", "in", "startswith", "iexact", "icontains", "istartswith", "contains", "endswith"])
            if form == "":
                return f"{name}={self.value(found)}"
            if form == "in":
                return f"{name}__in={self.value([found, self.sample(owner, one)])}"
            part = {"startswith": found[:7], "istartswith": found[:7], "icontains": found[3:9], "contains": found[3:9], "endswith": found[-7:]}.get(form, found)
            return f"{name}__{form}={self.value(part)}"
        if kind in ("number", "serial", "money", "real", "day", "moment"):
            form = rng.choice(["=", "=", "=", "in", "range", "both", "gt"] if kind in ("number", "serial", "day", "money") else ["range", "both", "gt", "date"])
            if form == "in":
                return f"{name}__in={self.value([found, self.sample(owner, one)])}"
            if form == "range":
                low, high = self.span(owner, one)
                return f"{name}__range=({self.value(low)}, {self.value(high)})"
            if form == "both":
                low, high = self.span(owner, one)
                return f"{name}__gte={self.value(low)}, {name}__lt={self.value(high)}"
            if form == "gt":
                return f"{name}__gt={self.value(self.last(owner, one))}"
            if form == "date" and isinstance(found, datetime.datetime):
                return f"{name}__date={self.value(found.date())}"
            return f"{name}={self.value(found)}"
        if kind == "json":
            return rng.choice([lambda: f'{name}__ref={self.value(found["ref"])}', lambda: f'{name}__contains={{"size": {found["size"]}}}'])()
        if kind == "tags":
            return f"{name}__{rng.choice(['contains', 'overlap'])}=[{self.value(found[0])}]"
        if kind == "few" and rng.random() < 0.3:
            return f"{name}__in={self.value([found, self.sample(owner, one)])}"
        return f"{name}={self.value(found)}"

    def near(self, entity: Entity, *, strong: bool = False) -> str:
        return self.lookup(entity, strong=strong)

    def far(self, entity: Entity, *lengths: int, strong: bool = False) -> str:
        way, target = self.path(entity, self.rng.choice(lengths or (1, 1, 2)))
        return self.lookup(target, self.prefix(way), strong=strong)

    def either(self, entity: Entity) -> str:
        return self.near(entity) if self.rng.random() < 0.5 else self.far(entity)

    def q(self, text: str) -> str:
        return f"Q({text})"

    def start(self, entity: Entity) -> str:
        return f"{entity.name}.objects"

    # -- shapes

    def ask_one_far(self) -> str:
        entity = self.entity()
        return f"{self.start(entity)}.filter({self.far(entity, 1, 1, 2, 2, 3, strong=True)})"

    def ask_near(self) -> str:
        entity = self.entity()
        return f"{self.start(entity)}.filter({self.near(entity)})"

    def ask_two_tables(self) -> str:
        entity = self.entity()
        return f"{self.start(entity)}.filter({self.near(entity, strong=True)}, {self.far(entity, strong=True)})"

    def ask_two_paths(self) -> str:
        entity = self.entity()
        return f"{self.start(entity)}.filter({self.far(entity)}).filter({self.far(entity)})"

    def ask_weak_and_far(self) -> str:
        entity = self.entity()
        owner, one = self.field(entity, "few", "flag")
        return f"{self.start(entity)}.filter({self._field_lookup(owner, one, one.name)}, {self.far(entity, 1, 1, 2)})"

    def ask_order(self) -> str:
        entity = self.entity()
        _, one = self.field(entity, "moment", "day", "number", "serial", "name", "code")
        condition = self.rng.choice([self.near, self.far, self.either])(entity)
        sign = self.rng.choice(["", "-"])
        key = self.rng.choice([one.name, one.name, "pk"])
        return f'{self.start(entity)}.filter({condition}).order_by("{sign}{key}")[:{self.rng.choice([1, 10, 25])}]'

    def ask_or(self) -> str:
        entity = self.entity()
        return f"{self.start(entity)}.filter({self.q(self.near(entity))} | {self.q(self.either(entity))})"

    def ask_or_far(self) -> str:
        entity = self.entity()
        return f"{self.start(entity)}.filter({self.q(self.far(entity, strong=True))} | {self.q(self.far(entity, strong=True))}).distinct()"

    def ask_and_or(self) -> str:
        entity = self.entity()
        return f"{self.start(entity)}.filter({self.q(self.near(entity))} | {self.q(self.near(entity))}, {self.far(entity, strong=True)})"

    def ask_exclude(self) -> str:
        entity = self.entity()
        return f"{self.start(entity)}.filter({self.either(entity)}).exclude({self.either(entity)})"

    def ask_exists(self) -> str:
        entity = self.entity()
        backs = [(name, link) for name, link in entity.backs.items() if isinstance(link, Link) and link.by == "id"]
        if not backs:
            return ""
        _, link = self.rng.choice(backs)
        inner = f'Exists({self.start(link.source)}.filter({link.name}=OuterRef("pk"), {self.near(link.source, strong=True)}))'
        form = self.rng.randrange(4)
        if form == 0:
            return f"{self.start(entity)}.filter({inner})"
        if form == 1:
            return f"{self.start(entity)}.filter(~{inner}, {self.near(entity)})"
        if form == 2:
            return f"{self.start(entity)}.annotate(found={inner}).filter(found=True, {self.near(entity)})"
        return f"{self.start(entity)}.filter({inner}, {self.near(entity)})"

    def ask_subquery(self) -> str:
        entity = self.entity()
        if not entity.links:
            return ""
        link = self.rng.choice(entity.links)
        held = "pk" if link.by == "id" else link.by
        inner = f"{self.start(link.target)}.filter({self.either(link.target)})"
        form = self.rng.randrange(4)
        if form == 0:
            return f'{self.start(entity)}.filter({link.name}__in={inner}.values("{held}"))'
        if form == 1:
            return f"{self.start(entity)}.filter({link.name}__in={inner})"
        if form == 2:
            return f'{self.start(entity)}.filter({self.near(entity)}, {link.name}__in={inner}.values_list("{held}", flat=True))'
        return f'{self.start(link.target)}.filter(pk__in={self.start(entity)}.filter({self.near(entity)}).values("{link.name}__pk"))'

    def ask_latest_of_each(self) -> str:
        entity = self.entity()
        backs = [(name, link) for name, link in entity.backs.items() if isinstance(link, Link) and link.by == "id"]
        if not backs:
            return ""
        _, link = self.rng.choice(backs)
        _, one = self.field(link.source, "moment", "day", "number", "serial")
        inner = f'{self.start(link.source)}.filter({link.name}=OuterRef("pk")).order_by("-{one.name}").values("{one.name}")[:1]'
        return f"{self.start(entity)}.annotate(newest=Subquery({inner})).filter({self.near(entity)})"

    def ask_two_columns(self) -> str:
        entity = self.entity()
        way, target = self.path(entity, 1)
        fields = [one for _, one in entity.all_fields() if one.kind == "number"]
        others = [one for _, one in target.all_fields() if one.kind == "number"]
        if not fields or not others or not way:
            return ""
        return f'{self.start(entity)}.filter({fields[0].name}__gt=F("{way[0].name}__{others[0].name}"), {self.far(entity, strong=True)})'

    def ask_group(self) -> str:
        entity = self.entity()
        many = [step for step in self.steps(entity) if step.many]
        if not many:
            return ""
        step = self.rng.choice(many)
        form = self.rng.randrange(3)
        if form == 0:
            return f'{self.start(entity)}.filter({self.either(entity)}).annotate(n=Count("{step.name}")).filter(n__gt=1)'
        if form == 1:
            return f'{self.start(entity)}.annotate(n=Count("{step.name}")).filter({self.near(entity)}).order_by("-n")[:10]'
        _, one = self.field(entity, "few", "name")
        return f'{self.start(entity)}.filter({self.far(entity, strong=True)}).values("{one.name}").annotate(n=Count("pk"))'

    def ask_loaded(self) -> str:
        entity = self.entity()
        forward = [step for step in self.steps(entity) if not step.many]
        names = ", ".join(f'"{step.name}"' for step in self.rng.sample(forward, min(len(forward), 2)))
        if not names:
            return ""
        return f"{self.start(entity)}.select_related({names}).filter({self.either(entity)})"

    def ask_ending(self) -> str:
        entity = self.entity()
        kept = f"{self.start(entity)}.filter({self.either(entity)}, {self.near(entity)})"
        _, one = self.field(entity, "moment", "day", "number", "serial")
        endings = ["count()", "exists()", "first()", "last()", f'order_by("{one.name}").first()', f'aggregate(x=Max("{one.name}"))', "delete()"]
        endings += [f'latest("{one.name}")', 'values_list("pk", flat=True)', "distinct()"]
        return f"{kept}.{self.rng.choice(endings)}"

    def ask_get(self) -> str:
        entity = self.entity()
        return f"{self.start(entity)}.get({self.near(entity, strong=True)}, {self.either(entity)})"

    def ask_update(self) -> str:
        entity = self.entity()
        own = [one for one in entity.fields if one.kind == "number"]
        if not own:
            return ""
        return f"{self.start(entity)}.filter({self.either(entity)}).update({own[0].name}=7)"

    def ask_computed(self) -> str:
        entity = self.entity()
        owner, one = self.field(entity, "code", "name")
        found = self.sample(owner, one)
        lower = self.rng.random() < 0.5
        call, value = ("Lower", found.lower()) if lower else ("Upper", found.upper())
        return f'{self.start(entity)}.annotate(low={call}("{one.name}")).filter(low={self.value(value)}, {self.either(entity)})'

    def ask_union(self) -> str:
        entity = self.entity()
        return f"{self.start(entity)}.filter({self.near(entity)}).union({self.start(entity)}.filter({self.far(entity, strong=True)}))"
