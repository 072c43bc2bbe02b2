"""Questions in plain SQL over a world of `planner_worlds`: joins in every spelling, subqueries, common table expressions, orders, groups, writes."""

from __future__ import annotations

import datetime
import json

from planner_asking import Asker, Step, literal
from planner_worlds import Entity, Field, Link, Many


class SqlAsker(Asker):
    """Each ``ask_`` method gives a statement with ``%s`` where a parameter stands; values are asked for in the order of the text."""

    def value(self, value: object) -> str:
        if self.rng.random() < self.handed:
            return str(self.given(value))
        return sql_literal(value)

    def given(self, value: object) -> str:
        self.parameters.append((f"p{len(self.parameters)}", literal(value)))
        return "%s"

    def key_of(self, entity: Entity) -> str:
        return f"{entity.parent.name.lower()}_ptr_id" if entity.parent else "id"

    # -- conditions

    def condition(self, entity: Entity, alias: str, *, strong: bool = False) -> str:
        rng = self.rng
        links = [link for link in entity.links if link.by == "id"]
        if links and rng.random() < 0.15:
            link = rng.choice(links)
            if rng.random() < 0.3:
                return f"{alias}.{link.column} IN ({self.value(self.key(link.target))}, {self.value(self.key(link.target))})"
            return f"{alias}.{link.column} = {self.value(self.key(link.target))}"
        if rng.random() < 0.05:
            return f"{alias}.{self.key_of(entity)} = {self.value(self.key(entity))}"
        fields = [one for one in entity.fields if not strong or one.kind in ("code", "name", "text", "number", "serial", "uuid", "money", "day")]
        one = rng.choice(fields)
        return self.on(entity, one, f"{alias}.{one.column}")

    def on(self, owner: Entity, one: Field, text: str) -> str:
        rng, kind = self.rng, one.kind
        if one.null and rng.random() < 0.1:
            return f"{text} IS {'' if rng.random() < 0.6 else 'NOT '}NULL"
        found = self.sample(owner, one)
        if kind in ("code", "name", "text"):
            form = rng.choice(["", "", "", "", "", "in", "like", "lower", "ilike", "any", "not"])
            if form == "in":
                return f"{text} IN ({self.value(found)}, {self.value(self.sample(owner, one))})"
            if form == "any":
                return f"{text} = ANY({self.given([found, self.sample(owner, one)])}::text[])"
            if form == "like":
                return f"{text} LIKE {self.given(found[:8] + '%')}" if rng.random() < 0.5 else f"{text} LIKE {sql_literal(found[:8])[:-1]}%%'"
            if form == "ilike":
                return f"{text} ILIKE {self.given('%' + found[3:9] + '%')}"
            if form == "lower":
                return f"lower({text}) = {self.value(found.lower())}"
            if form == "not":
                return f"{text} <> {self.value(found)}"
            return f"{text} = {self.value(found)}"
        if kind in ("number", "serial", "money", "real", "day", "moment"):
            exact = kind in ("number", "serial", "day", "money")
            form = rng.choice(["", "", "", "in", "between", "both", "gt"] if exact else ["between", "both", "gt", "date"])
            if form == "in":
                return f"{text} IN ({self.value(found)}, {self.value(self.sample(owner, one))})"
            if form in ("between", "both"):
                low, high = self.span(owner, one)
                if form == "between":
                    return f"{text} BETWEEN {self.value(low)} AND {self.value(high)}"
                return f"{text} >= {self.value(low)} AND {text} < {self.value(high)}"
            if form == "gt":
                return f"{text} > {self.value(self.last(owner, one))}"
            if form == "date" and kind == "moment":
                return f"{text}::date = {self.value(found.date())}"
            return f"{text} = {self.value(found)}"
        if kind == "json":
            if rng.random() < 0.5:
                return f"{text} ->> 'ref' = {self.value(found['ref'])}"
            return f"{text} @> {sql_literal(json.dumps({'size': found['size']}))}"
        if kind == "tags":
            return rng.choice([lambda: f"{text} @> ARRAY[{self.value(found[0])}]::text[]", lambda: f"{self.value(found[0])} = ANY({text})"])()
        if kind == "flag":
            return rng.choice([text, f"NOT {text}", f"{text} = {str(found).lower()}", f"{text} IS {str(found).upper()}"])
        if kind == "few" and rng.random() < 0.3:
            return f"{text} IN ({self.value(found)}, {self.value(self.sample(owner, one))})"
        return f"{text} = {self.value(found)}"

    def steps(self, entity: Entity) -> list[Step]:
        """References only from the table that holds them; the parent's table is a relation of its own."""
        found = [Step(link.name, link.target, False, link) for link in entity.links]
        found += [Step(many.name, many.target, True, many) for many in entity.manys]
        found += [Step(back, link.source, not (isinstance(link, Link) and link.one), link) for back, link in entity.backs.items()]
        if entity.child is not None:
            found.append(Step("child", entity.child, False, None))
        if entity.parent is not None:
            found.append(Step("parent", entity.parent, False, None))
        return found

    def on_step(self, step: Step, here: Entity, left: str, right: str) -> tuple[str, str]:
        """A table to be joined before the step's own, with its condition (empty without one), and the step's condition."""
        link = step.link
        if link is None:
            return "", f"{right}.{self.key_of(step.target)} = {left}.{self.key_of(here)}"
        if isinstance(link, Link):
            held = next((one.column for one in link.target.fields if one.name == link.by), "id")
            if link.source is here and step.name == link.name:
                return "", f"{right}.{held if link.by != 'id' else self.key_of(link.target)} = {left}.{link.column}"
            return "", f"{right}.{link.column} = {left}.{held if link.by != 'id' else self.key_of(link.target)}"
        near, far = self.ends(link, here)
        middle = f"m{right}"
        return f"{link.table} {middle} ON {middle}.{near} = {left}.{self.key_of(here)}", f"{right}.{self.key_of(step.target)} = {middle}.{far}"

    def ends(self, many: Many, here: Entity) -> tuple[str, str]:
        if many.through is None:
            columns = many.columns
        else:
            by_target = {link.target.name: link.column for link in many.through.links}
            columns = by_target[many.source.name], by_target[many.target.name]
        return columns if many.source is here else columns[::-1]

    def chain(self, length: int) -> tuple[str, list[tuple[Entity, str]]]:
        """FROM with joins, and the entities with their aliases."""
        entity = self.entity()
        way, _ = self.path(entity, length)
        text, named, here = f"{entity.table} a", [(entity, "a")], entity
        for number, step in enumerate(way):
            left, right = named[-1][1], "bcd"[number]
            before, condition = self.on_step(step, here, left, right)
            kind = self.rng.choice(["JOIN", "JOIN", "JOIN", "INNER JOIN", "LEFT JOIN"])
            text += f" {kind} {before}" if before else ""
            text += f" {kind} {step.target.table} {right} ON {condition}"
            named.append((step.target, right))
            here = step.target
        return text, named

    # -- shapes

    def ask_near(self) -> str:
        entity = self.entity()
        return f"SELECT * FROM {entity.table} a WHERE {self.condition(entity, 'a')}"

    def ask_near_two(self) -> str:
        entity = self.entity()
        return f"SELECT * FROM {entity.table} a WHERE {self.condition(entity, 'a')} AND {self.condition(entity, 'a')}"

    def ask_join_far(self) -> str:
        text, named = self.chain(self.rng.choice([1, 1, 2, 3]))
        return f"SELECT a.* FROM {text} WHERE {self.condition(*named[-1], strong=True)}"

    def ask_join_both(self) -> str:
        text, named = self.chain(self.rng.choice([1, 1, 2]))
        return f"SELECT * FROM {text} WHERE {self.condition(*named[0], strong=True)} AND {self.condition(*named[-1], strong=True)}"

    def ask_join_mixed(self) -> str:
        text, named = self.chain(self.rng.choice([1, 2]))
        return f"SELECT * FROM {text} WHERE {self.condition(*self.rng.choice(named))} AND {self.condition(*self.rng.choice(named))}"

    def ask_join_weak(self) -> str:
        text, named = self.chain(1)
        one = next((one for one in named[0][0].fields if one.kind in ("few", "flag")), named[0][0].fields[0])
        return f"SELECT * FROM {text} WHERE {self.on(named[0][0], one, 'a.' + one.column)} AND {self.condition(*named[-1])}"

    def ask_comma(self) -> str:
        entity = self.entity()
        if not entity.links:
            return ""
        link = self.rng.choice(entity.links)
        _, on = self.on_step(Step(link.name, link.target, False, link), entity, "a", "b")
        return f"SELECT * FROM {entity.table} a, {link.target.table} b WHERE {on} AND {self.condition(link.target, 'b')} AND {self.condition(entity, 'a')}"

    def ask_on_condition(self) -> str:
        entity = self.entity()
        if not entity.links:
            return ""
        link = self.rng.choice(entity.links)
        _, on = self.on_step(Step(link.name, link.target, False, link), entity, "a", "b")
        kind = self.rng.choice(["JOIN", "LEFT JOIN"])
        return f"SELECT * FROM {entity.table} a {kind} {link.target.table} b ON {on} AND {self.condition(link.target, 'b')} WHERE {self.condition(entity, 'a')}"

    def ask_in_subquery(self) -> str:
        entity = self.entity()
        if not entity.links:
            return ""
        link = self.rng.choice(entity.links)
        held = next((one.column for one in link.target.fields if one.name == link.by), self.key_of(link.target))
        own = self.condition(entity, "a") + " AND " if self.rng.random() < 0.5 else ""
        negated = "NOT " if self.rng.random() < 0.15 else ""
        inner = f"SELECT b.{held} FROM {link.target.table} b WHERE {self.condition(link.target, 'b')}"
        return f"SELECT * FROM {entity.table} a WHERE {own}a.{link.column} {negated}IN ({inner})"

    def ask_exists(self) -> str:
        entity = self.entity()
        steps = [step for step in self.steps(entity) if not isinstance(step.link, Many)]
        if not steps:
            return ""
        step = self.rng.choice(steps)
        _, on = self.on_step(step, entity, "a", "b")
        own = self.condition(entity, "a") + " AND " if self.rng.random() < 0.6 else ""
        negated = "NOT " if own and self.rng.random() < 0.4 else ""
        inner = self.condition(step.target, "b", strong=True)
        return f"SELECT * FROM {entity.table} a WHERE {own}{negated}EXISTS (SELECT 1 FROM {step.target.table} b WHERE {on} AND {inner})"

    def ask_or(self) -> str:
        entity = self.entity()
        return f"SELECT * FROM {entity.table} a WHERE {self.condition(entity, 'a')} OR {self.condition(entity, 'a')}"

    def ask_or_join(self) -> str:
        text, named = self.chain(1)
        ways = [self.condition(*named[0], strong=True), self.condition(*named[-1], strong=True)]
        return f"SELECT * FROM {text} WHERE ({ways[0]} OR {ways[1]})"

    def ask_and_or_join(self) -> str:
        text, named = self.chain(1)
        return f"SELECT * FROM {text} WHERE ({self.condition(*named[0])} OR {self.condition(*named[0])}) AND {self.condition(*named[-1], strong=True)}"

    def ask_order(self) -> str:
        text, named = self.chain(self.rng.choice([0, 0, 1]))
        condition = self.condition(*self.rng.choice(named))
        one = self.rng.choice([one for one in named[0][0].fields if one.kind not in ("json", "tags", "text", "flag", "few")])
        return f"SELECT * FROM {text} WHERE {condition} ORDER BY a.{one.column}{self.rng.choice(['', ' DESC'])} LIMIT {self.rng.choice([1, 10, 25])}"

    def ask_group(self) -> str:
        text, named = self.chain(self.rng.choice([0, 1]))
        one = self.rng.choice([one for one in named[0][0].fields if one.kind in ("few", "name", "code")])
        having = " HAVING count(*) > 2" if self.rng.random() < 0.4 else ""
        return f"SELECT a.{one.column}, count(*) FROM {text} WHERE {self.condition(*named[-1], strong=True)} GROUP BY a.{one.column}{having}"

    def ask_with(self) -> str:
        entity = self.entity()
        if not entity.links:
            return ""
        link = self.rng.choice(entity.links)
        _, on = self.on_step(Step(link.name, link.target, False, link), entity, "a", "b")
        inner = f"WITH b AS (SELECT * FROM {link.target.table} c WHERE {self.condition(link.target, 'c')})"
        return f"{inner} SELECT * FROM {entity.table} a JOIN b ON {on} WHERE {self.condition(entity, 'a')}"

    def ask_derived(self) -> str:
        text, named = self.chain(1)
        entity, alias = named[-1]
        return f"SELECT * FROM (SELECT a.*, {alias}.{entity.fields[0].column} AS shown FROM {text} WHERE {self.condition(entity, alias)}) AS q LIMIT 20"

    def ask_union(self) -> str:
        entity = self.entity()
        key = self.key_of(entity)
        first = f"SELECT a.{key} FROM {entity.table} a WHERE {self.condition(entity, 'a')}"
        return f"{first} UNION SELECT b.{key} FROM {entity.table} b WHERE {self.condition(entity, 'b', strong=True)}"

    def ask_lateral(self) -> str:
        entity = self.entity()
        backs = [link for link in entity.backs.values() if isinstance(link, Link) and link.by == "id"]
        if not backs:
            return ""
        link = self.rng.choice(backs)
        one = self.rng.choice([one for one in link.source.fields if one.kind not in ("json", "tags", "text", "flag", "uuid")])
        inner = f"SELECT max(b.{one.column}) AS newest FROM {link.source.table} b WHERE b.{link.column} = a.{self.key_of(entity)}"
        return f"SELECT a.*, ({inner}) FROM {entity.table} a WHERE {self.condition(entity, 'a')}"

    def ask_update(self) -> str:
        entity = self.entity()
        code = next(one for one in entity.fields if one.kind in ("code", "name"))
        if entity.links and self.rng.random() < 0.6:
            link = self.rng.choice(entity.links)
            _, on = self.on_step(Step(link.name, link.target, False, link), entity, "a", "b")
            return f"UPDATE {entity.table} a SET {code.column} = 'x' FROM {link.target.table} b WHERE {on} AND {self.condition(link.target, 'b', strong=True)}"
        return f"UPDATE {entity.table} a SET {code.column} = 'x' WHERE {self.condition(entity, 'a')} AND {self.condition(entity, 'a')}"

    def ask_delete(self) -> str:
        entity = self.entity()
        if entity.links and self.rng.random() < 0.6:
            link = self.rng.choice(entity.links)
            _, on = self.on_step(Step(link.name, link.target, False, link), entity, "a", "b")
            conditions = f"{on} AND {self.condition(link.target, 'b', strong=True)} AND {self.condition(entity, 'a')}"
            return f"DELETE FROM {entity.table} a USING {link.target.table} b WHERE {conditions}"
        return f"DELETE FROM {entity.table} a WHERE {self.condition(entity, 'a')}"


def sql_literal(value: object) -> str:
    """A value as SQL, percent signs doubled."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)) or type(value).__name__ == "Decimal":
        return str(value)
    if isinstance(value, datetime.datetime):
        return f"'{value.astimezone(datetime.UTC).strftime('%Y-%m-%d %H:%M:%S')}+00'"
    return "'" + str(value).replace("'", "''").replace("%", "%%") + "'"
