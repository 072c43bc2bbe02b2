"""Queries of every shape over a schema of `schemas`: conditions with values that occur in the rows, joins, subqueries, orders and limits.

Every alias occurs once in a statement, so that the plan's uses and the matcher's answers are about the same relations.
"""

from __future__ import annotations

import datetime
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from planner.schemas import Col, Made, Tab

Row = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """A statement with ``%s`` for its `params`; `shape` names what it tries."""

    sql: str
    params: tuple[object, ...]
    shape: str


@dataclass
class Asker:
    """Makes questions, the same ones for the same seed. `samples`: rows by table."""

    schema: Made
    samples: dict[str, list[Row]]
    seed: int
    parameters: float = 0.5
    params: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def questions(self, count: int) -> Iterator[Question]:
        """`count` questions, shapes in turn."""
        shapes = [getattr(self, name) for name in dir(type(self)) if name.startswith("ask_")]
        for number in range(count):
            self.params = []
            shape = shapes[number % len(shapes)]
            sql = shape()
            yield Question(sql, tuple(self.params), shape.__name__[4:])

    # -- values

    def value(self, value: object) -> str:
        """A value as a parameter or as a literal. Parameters must be asked for in the order of the text."""
        if self.rng.random() < self.parameters:
            self.params.append(value)
            return "%s"
        return literal(value)

    def pick(self, tab: Tab, col: Col) -> Any:
        values = [row[col.name] for row in self.samples[tab.name] if row[col.name] is not None]
        return self.rng.choice(values) if values else 1

    def span(self, tab: Tab, col: Col, share: float) -> tuple[Any, Any]:
        """Two values between which about `share` of the rows lie."""
        values = sorted(row[col.name] for row in self.samples[tab.name] if row[col.name] is not None)
        low, high = values[0], values[-1]
        width = (high - low) * (Decimal(str(share)) if isinstance(low, Decimal) else share)
        start = low + (high - low) * (Decimal(str(round(self.rng.random() * 0.9, 3))) if isinstance(low, Decimal) else self.rng.random() * 0.9)
        end = start + width
        if isinstance(low, int):
            return int(start), int(end) + 1
        if isinstance(low, Decimal):
            return round(start, 2), round(end, 2)
        return start, end

    # -- conditions

    def column(self, tab: Tab, *kinds: str) -> Col | None:
        """A column of one of these kinds; indexed ones are taken more often."""
        cols = tab.of(*kinds)
        indexed = [col for col in cols if any(col.name in text for text in tab.indexes)]
        if indexed and self.rng.random() < 0.5:
            return self.rng.choice(indexed)
        return self.rng.choice(cols) if cols else None

    def equal(self, tab: Tab, alias: str, *kinds: str) -> str:
        col = self.column(tab, *(kinds or ("word", "uuid", "number", "ref", "day", "money", "few", "ciword", "key", "moment")))
        if col is None:
            return self.any_word(tab, alias)
        return f"{alias}.{col.name} = {self.value(self.pick(tab, col))}"

    def any_word(self, tab: Tab, alias: str) -> str:
        return f"{alias}.id = {self.value(self.pick(tab, tab.cols[0]))}"

    def strong(self, tab: Tab, alias: str) -> str:
        return self.equal(tab, alias, "word", "uuid", "number", "ref", "ciword", "key")

    def weak(self, tab: Tab, alias: str) -> str:
        col = self.column(tab, "flag", "few")
        nullable = [col for col in tab.cols if col.nulls]
        if nullable and self.rng.random() < 0.3:
            return f"{alias}.{self.rng.choice(nullable).name} IS NULL"
        if col is None:
            return f"{alias}.id > 10"
        if col.kind == "flag":
            name = f"{alias}.{col.name}"
            return self.rng.choice([name, f"NOT {name}", f"{name} = true", f"{name} IS TRUE", f"{name} = false", f"{name} IS NOT TRUE"])
        return f"{alias}.{col.name} = {self.value(self.pick(tab, col))}"

    def range(self, tab: Tab, alias: str, both: bool | None = None) -> str:
        col = self.column(tab, "number", "day", "moment", "money", "real", "key")
        if col is None:
            return self.any_word(tab, alias)
        name = f"{alias}.{col.name}"
        low, high = self.span(tab, col, self.rng.choice([0.0005, 0.003, 0.01, 0.2]))
        if both is None:
            both = self.rng.random() < 0.6
        if both:
            form = self.rng.randrange(3)
            if form == 0:
                return f"{name} BETWEEN {self.value(low)} AND {self.value(high)}"
            if form == 1:
                return f"{name} >= {self.value(low)} AND {name} < {self.value(high)}"
            return f"({name} > {self.value(low)} AND {name} <= {self.value(high)})"
        values = sorted(row[col.name] for row in self.samples[tab.name] if row[col.name] is not None)
        if self.rng.random() < 0.5:
            return f"{name} > {self.value(values[-1 - min(self.rng.choice([0, 0, 1, 40]), len(values) - 1)])}"
        return f"{name} < {self.value(values[min(self.rng.choice([0, 0, 1, 40]), len(values) - 1)])}"

    def listed(self, tab: Tab, alias: str) -> str:
        col = self.column(tab, "word", "uuid", "number", "ref", "key", "few", "day")
        if col is None:
            return self.any_word(tab, alias)
        values = [self.pick(tab, col) for _ in range(self.rng.choice([1, 2, 5]))]
        form = self.rng.randrange(3)
        if form == 0 and col.kind in ("word", "number", "key", "ref"):
            self.params.append(values)
            cast = {"word": "text[]", "number": f"{col.type}[]"}.get(col.kind, f"{col.type}[]")
            return f"{alias}.{col.name} = ANY(%s::{cast})"
        return f"{alias}.{col.name} IN ({', '.join(self.value(value) for value in values)})"

    def pattern(self, tab: Tab, alias: str) -> str:
        col = self.column(tab, "word")
        if col is None:
            return self.any_word(tab, alias)
        word = str(self.pick(tab, col))
        name = f"{alias}.{col.name}"
        form = self.rng.randrange(9)
        if form < 3:
            return f"{name} LIKE {literal(word[:6] + '%')}".replace("%", "%%")
        if form == 3:
            return f"{name} LIKE {literal('%' + word[3:9] + '%')}".replace("%", "%%")
        if form == 4:
            return f"{name} ILIKE {literal('%' + word[3:9] + '%')}".replace("%", "%%")
        if form == 5:
            return f"{name} LIKE {literal('%' + word[-6:])}".replace("%", "%%")
        if form == 6:
            return f"{name} LIKE {literal(word)}"
        if form == 7:
            return f"{name} ~ {literal('^' + word[:6])}"
        return f"{name} ILIKE {literal(word[:6] + '%')}".replace("%", "%%")

    def computed(self, tab: Tab, alias: str) -> str:
        word, number, moment = self.column(tab, "word"), self.column(tab, "number", "key"), self.column(tab, "moment")
        forms: list[Any] = []
        if word is not None:
            value = str(self.pick(tab, word))
            text = f"{alias}.{word.name}"
            forms += [
                lambda: f"lower({text}) = {self.value(value.lower())}",
                lambda: f"upper({text}) = {self.value(value.upper())}",
                lambda: f"UPPER({text}) = UPPER({self.value(value)})",
                lambda: f"{text}::text = {self.value(value)}",
                lambda: f"substr({text}, 1, 7) = {self.value(value[:7])}",
                lambda: f"coalesce({text}, '') = {self.value(value)}",
                lambda: f"{text} || 'x' = {self.value(value + 'x')}",
                lambda: f'{text} COLLATE "C" = {self.value(value)}',
            ]
        if number is not None:
            found = self.pick(tab, number)
            name = f"{alias}.{number.name}"
            forms += [
                lambda: f"{name} + 1 = {self.value(found + 1)}",
                lambda: f"{name}::text = {self.value(str(found))}",
                lambda: f"{name} = {found}.0",
                lambda: f"{name} = {self.value(found)}::bigint",
                lambda: f"{name} = {self.value(found)}::numeric",
                lambda: f"abs({name}) = {self.value(found)}",
                lambda: f"{name} %% 1000 = {self.value(found % 1000)}",
            ]
        if moment is not None:
            value2 = self.pick(tab, moment)
            when = f"{alias}.{moment.name}"
            forms += [
                lambda: f"{when}::date = {self.value(value2.date())}",
                lambda: f"date({when}) = {self.value(value2.date())}",
                lambda: f"date_trunc('day', {when}) = {self.value(value2.replace(hour=0, minute=0, second=0, microsecond=0))}",
                lambda: f"{when} > {self.value(value2)} AND {when} < {self.value(value2 + datetime.timedelta(hours=9))}",
            ]
        return self.rng.choice(forms)() if forms else self.any_word(tab, alias)

    def contained(self, tab: Tab, alias: str) -> str:
        col = self.column(tab, "json", "list", "search")
        if col is None:
            return self.any_word(tab, alias)
        name, value = f"{alias}.{col.name}", self.pick(tab, col)
        if col.kind == "json":
            return self.rng.choice(
                [
                    lambda: f"{name} @> " + literal(json.dumps({"k": value["k"]})) + "::jsonb",
                    lambda: f"{name} ->> 't' = {self.value(value['t'])}",
                    lambda: f"{name} ? {literal(value['t'])}",
                    lambda: f"({name} ->> 'k')::int = {self.value(value['k'])}",
                    lambda: f"{name} @? '$.k ? (@ == {value['k']})'",
                ]
            )()
        if col.kind == "list":
            item = value[0]
            return self.rng.choice(
                [
                    lambda: f"{name} @> ARRAY[{item}]",
                    lambda: f"{name} && ARRAY[{item}, {value[1]}]",
                    lambda: f"{item} = ANY({name})",
                    lambda: f"{name} = '{{" + ",".join(map(str, value)) + "}'",
                ]
            )()
        term = str(value).split("'")[1]
        return self.rng.choice([f"{name} @@ to_tsquery('simple', '{term}')", f"{name} @@ plainto_tsquery('simple', '{term}')"])

    def never(self, tab: Tab, alias: str) -> str:
        col = self.column(tab, "word", "number", "ref", "few", "uuid")
        if col is None:
            return f"{alias}.id <> 5"
        name = f"{alias}.{col.name}"
        value = self.pick(tab, col)
        return self.rng.choice(
            [
                lambda: f"{name} <> {self.value(value)}",
                lambda: f"{name} NOT IN ({self.value(value)}, {self.value(self.pick(tab, col))})",
                lambda: f"NOT ({name} = {self.value(value)})",
                lambda: f"{name} IS DISTINCT FROM {self.value(value)}",
                lambda: f"{name} IS NOT NULL",
            ]
        )()

    def atom(self, tab: Tab, alias: str) -> str:
        makers = [self.equal, self.equal, self.equal, self.listed, self.range, self.weak, self.pattern, self.computed, self.contained, self.never]
        return self.rng.choice(makers)(tab, alias)

    def both(self, *parts: str) -> str:
        return " AND ".join(parts)

    def where(self, tab: Tab, alias: str) -> str:
        return self.both(*(self.atom(tab, alias) for _ in range(self.rng.choice([1, 1, 2, 2, 3]))))

    # -- shapes

    def table(self) -> Tab:
        return self.rng.choice(self.schema.tables)

    def one(self, condition: str, tab: Tab, rest: str = "") -> str:
        head = self.rng.choice(["SELECT *", "SELECT a.id", "SELECT count(*)", "SELECT a.id, a.filler"]) if not rest else "SELECT *"
        return f"{head} FROM {tab.name} AS a WHERE {condition}{rest}"

    def ask_equal(self) -> str:
        tab = self.table()
        return self.one(self.equal(tab, "a"), tab)

    def ask_equals(self) -> str:
        tab = self.table()
        return self.one(self.both(self.equal(tab, "a"), self.equal(tab, "a")), tab)

    def ask_mixed(self) -> str:
        tab = self.table()
        return self.one(self.where(tab, "a"), tab)

    def ask_equal_range(self) -> str:
        tab = self.table()
        return self.one(self.both(self.equal(tab, "a"), self.range(tab, "a")), tab)

    def ask_range(self) -> str:
        tab = self.table()
        return self.one(self.range(tab, "a"), tab)

    def ask_listed(self) -> str:
        tab = self.table()
        parts = [self.listed(tab, "a")]
        if self.rng.random() < 0.5:
            parts.append(self.atom(tab, "a"))
        return self.one(self.both(*parts), tab)

    def ask_weak(self) -> str:
        tab = self.table()
        parts = [self.weak(tab, "a"), self.atom(tab, "a")]
        return self.one(self.both(*parts), tab)

    def ask_partial(self) -> str:
        """The condition of a partial index, or one that implies it, beside its key."""
        tab = self.table()
        partial = [text for text in tab.indexes if " WHERE " in text]
        if not partial:
            return self.ask_weak()
        text = self.rng.choice(partial)
        condition = text.partition(" WHERE ")[2]
        key = text.partition(" (")[2].partition(")")[0].split(",")[0].split(" ")[0]
        name = condition.removeprefix("NOT ").split(" ")[0]
        condition = condition.replace(name, f"a.{name}")
        if self.rng.random() < 0.4:
            col = tab.col(name)
            if col.kind == "flag":
                condition = self.rng.choice([f"a.{name}", f"a.{name} = true", f"a.{name} IS TRUE", f"NOT a.{name}", f"a.{name} = false"])
            elif col.kind == "number":
                condition = self.rng.choice([f"a.{name} > 850", f"a.{name} = 870", f"a.{name} > 700", f"a.{name} BETWEEN 810 AND 840"])
            elif col.kind == "few" and col.type.startswith("varchar"):
                condition = self.rng.choice([f"a.{name} = 'lost'", f"a.{name} = 'new'", f"a.{name} IN ('lost', 'new')", f"a.{name} <> 'done'"])
            elif col.nulls and col.kind != "few":
                condition = f"a.{name} = {self.value(self.pick(tab, col))}"
        parts = [condition]
        if self.rng.random() < 0.7:
            col = tab.col(key)
            if col.kind in ("flag",):
                parts.append(f"a.{key}")
            else:
                parts.append(f"a.{key} = {self.value(self.pick(tab, col))}")
        return self.one(self.both(*parts), tab)

    def ask_or(self) -> str:
        tab = self.table()
        arms = [self.both(*(self.atom(tab, "a") for _ in range(self.rng.choice([1, 1, 2])))) for _ in range(self.rng.choice([2, 2, 3]))]
        text = "(" + " OR ".join(f"({arm})" for arm in arms) + ")"
        if self.rng.random() < 0.3:
            text = self.both(text, self.atom(tab, "a"))
        return self.one(text, tab)

    def ask_or_equal(self) -> str:
        tab = self.table()
        return self.one("(" + " OR ".join(self.strong(tab, "a") for _ in range(2)) + ")", tab)

    def ask_pattern(self) -> str:
        tab = self.table()
        parts = [self.pattern(tab, "a")]
        if self.rng.random() < 0.3:
            parts.append(self.weak(tab, "a"))
        return self.one(self.both(*parts), tab)

    def ask_computed(self) -> str:
        tab = self.table()
        return self.one(self.computed(tab, "a"), tab)

    def ask_contained(self) -> str:
        tab = self.table()
        return self.one(self.contained(tab, "a"), tab)

    def ask_never(self) -> str:
        tab = self.table()
        parts = [self.never(tab, "a")]
        if self.rng.random() < 0.5:
            parts.append(self.strong(tab, "a"))
        return self.one(self.both(*parts), tab)

    def order(self, tab: Tab, alias: str) -> str:
        cols = [col for col in tab.cols if col.kind in ("moment", "day", "number", "word", "key", "money", "ref", "few")]
        chosen = self.rng.sample(cols, self.rng.choice([1, 1, 1, 2]))
        indexed = [col for col in cols if any(f"({col.name}" in text or f", {col.name}" in text for text in tab.indexes)]
        if indexed and self.rng.random() < 0.6:
            chosen = [self.rng.choice(indexed), *chosen[1:]]
        chosen = list(dict.fromkeys(chosen))
        direction = self.rng.choice(["", " DESC"])
        keys = [f"{alias}.{col.name}{self.rng.choice([direction, direction, direction, ' DESC NULLS LAST', ' ASC'])}" for col in chosen]
        return ", ".join(keys)

    def ask_order(self) -> str:
        tab = self.table()
        condition = self.rng.choice([lambda: "true", lambda: self.weak(tab, "a"), lambda: self.strong(tab, "a"), lambda: self.range(tab, "a")])()
        return self.one(condition, tab, f" ORDER BY {self.order(tab, 'a')} LIMIT {self.rng.choice([1, 10, 50])}")

    def ask_equal_order(self) -> str:
        """Equality on the first column of an index, order by its second."""
        tab = self.table()
        pairs = [
            text.partition(" (")[2].rpartition(")")[0].split(", ")
            for text in tab.indexes
            if ", " in text and all(word not in text for word in ("USING", "INCLUDE", "WHERE"))
        ]
        if not pairs:
            return self.ask_order()
        first, second = (key.split(" ")[0] for key in self.rng.choice(pairs)[:2])
        col = tab.col(first)
        condition = f"a.{first}" if col.kind == "flag" else f"a.{first} = {self.value(self.pick(tab, col))}"
        if self.rng.random() < 0.3:
            condition = self.both(condition, self.atom(tab, "a"))
        return self.one(condition, tab, f" ORDER BY a.{second}{self.rng.choice(['', ' DESC'])} LIMIT 10")

    def ask_extreme(self) -> str:
        tab = self.table()
        col = self.column(tab, "moment", "number", "day", "money")
        if col is None:
            return self.ask_order()
        condition = f" WHERE {self.rng.choice([self.strong, self.weak])(tab, 'a')}" if self.rng.random() < 0.5 else ""
        return f"SELECT {self.rng.choice(['min', 'max'])}(a.{col.name}) FROM {tab.name} AS a{condition}"

    def ask_row(self) -> str:
        tab = self.table()
        cols = self.rng.sample(tab.of("number", "word", "key", "ref", "day", "moment", "uuid", "money", "few"), 2)
        names, values = ", ".join(f"a.{col.name}" for col in cols), ", ".join(self.value(self.pick(tab, col)) for col in cols)
        return self.one(f"({names}) {self.rng.choice(['=', '=', '>'])} ({values})", tab)

    def ask_update(self) -> str:
        tab = self.table()
        return f"UPDATE {tab.name} AS a SET filler = 'y' WHERE {self.where(tab, 'a')}"

    def ask_delete(self) -> str:
        tab = self.table()
        return f"DELETE FROM {tab.name} AS a WHERE {self.where(tab, 'a')}"

    # -- several tables

    def pair(self) -> tuple[Tab, Tab, str]:
        """A table, one that it refers to, and the column."""
        tab = self.rng.choice([tab for tab in self.schema.tables if tab.refers])
        column = self.rng.choice(list(tab.refers))
        return tab, self.schema.tab(tab.refers[column]), column

    def either(self, left: Tab, right: Tab) -> str:
        form = self.rng.randrange(5)
        if form < 2:
            return self.strong(left, "a")
        if form < 4:
            return self.strong(right, "b")
        return self.both(self.strong(left, "a"), self.strong(right, "b"))

    def ask_join(self) -> str:
        left, right, column = self.pair()
        condition = self.either(left, right)
        if self.rng.random() < 0.3:
            condition = self.both(condition, self.rng.choice([lambda: self.weak(left, "a"), lambda: self.weak(right, "b")])())
        return f"SELECT a.*, b.filler FROM {left.name} AS a JOIN {right.name} AS b ON b.id = a.{column} WHERE {condition}"

    def ask_join_where(self) -> str:
        left, right, column = self.pair()
        return f"SELECT * FROM {right.name} b, {left.name} a WHERE a.{column} = b.id AND {self.either(left, right)}"

    def ask_join_by_value(self) -> str:
        """A join over columns that are no key."""
        tab, other = self.rng.sample(self.schema.tables, 2)  # PostgreSQL 18 takes joins of a table with itself away
        cols = [(one, two) for one in tab.of("word", "number", "uuid") for two in other.of("word", "number", "uuid") if one.kind == two.kind]
        if not cols:
            return self.ask_join()
        one, two = self.rng.choice(cols)
        return f"SELECT * FROM {tab.name} a JOIN {other.name} b ON a.{one.name} = b.{two.name} WHERE {self.strong(tab, 'a')}"

    def ask_left_join(self) -> str:
        left, right, column = self.pair()
        form = self.rng.randrange(4)
        if form == 0:
            return f"SELECT * FROM {left.name} a LEFT JOIN {right.name} b ON b.id = a.{column} WHERE {self.strong(left, 'a')}"
        if form == 1:
            return f"SELECT * FROM {right.name} b LEFT JOIN {left.name} a ON a.{column} = b.id WHERE {self.strong(right, 'b')}"
        if form == 2:
            return f"SELECT * FROM {right.name} b LEFT JOIN {left.name} a ON a.{column} = b.id AND {self.strong(left, 'a')}"
        return f"SELECT * FROM {right.name} b LEFT JOIN {left.name} a ON a.{column} = b.id WHERE {self.strong(left, 'a')}"

    def ask_three(self) -> str:
        chains = [(tab, first, second) for tab in self.schema.tables for first in tab.refers for second in self.schema.tab(tab.refers[first]).refers]
        if not chains:
            return self.ask_join()
        tab, first, second = self.rng.choice(chains)
        middle = self.schema.tab(tab.refers[first])
        last = self.schema.tab(middle.refers[second])
        condition = self.rng.choice([lambda: self.strong(tab, "a"), lambda: self.strong(middle, "b"), lambda: self.strong(last, "c")])()
        return f"SELECT * FROM {tab.name} a JOIN {middle.name} b ON b.id = a.{first} JOIN {last.name} c ON c.id = b.{second} WHERE {condition}"

    def ask_in(self) -> str:
        left, right, column = self.pair()
        if self.rng.random() < 0.5:
            return f"SELECT * FROM {left.name} a WHERE a.{column} IN (SELECT b.id FROM {right.name} b WHERE {self.strong(right, 'b')})"
        return f"SELECT * FROM {right.name} b WHERE b.id IN (SELECT a.{column} FROM {left.name} a WHERE {self.strong(left, 'a')})"

    def ask_exists(self) -> str:
        left, right, column = self.pair()
        word = self.rng.choice(["EXISTS", "EXISTS", "NOT EXISTS"])
        if self.rng.random() < 0.5:
            return f"SELECT * FROM {right.name} b WHERE {word} (SELECT 1 FROM {left.name} a WHERE a.{column} = b.id) AND {self.strong(right, 'b')}"
        return f"SELECT * FROM {right.name} b WHERE {word} (SELECT 1 FROM {left.name} a WHERE a.{column} = b.id AND {self.strong(left, 'a')})"

    def ask_scalar(self) -> str:
        left, right, column = self.pair()
        return f"SELECT b.id, (SELECT count(*) FROM {left.name} a WHERE a.{column} = b.id) FROM {right.name} b WHERE {self.strong(right, 'b')}"

    def ask_derived(self) -> str:
        left, right, column = self.pair()
        form = self.rng.randrange(3)
        if form == 2:
            return f"SELECT a.id FROM {left.name} a WHERE {self.strong(left, 'a')} UNION ALL SELECT b.id FROM {right.name} b WHERE {self.strong(right, 'b')}"
        inner = f"SELECT a.id, a.{column} FROM {left.name} a WHERE {self.strong(left, 'a')}"
        if form == 0:
            return f"SELECT * FROM ({inner}) s JOIN {right.name} b ON b.id = s.{column}"
        return f"WITH s AS ({inner}) SELECT * FROM s JOIN {right.name} b ON b.id = s.{column}"

    def ask_whole(self) -> str:
        left, right, column = self.pair()
        join = f"{left.name} a JOIN {right.name} b ON b.id = a.{column}"
        form = self.rng.randrange(3)
        if form == 0:
            return f"SELECT count(*) FROM {join}"
        if form == 1:
            return f"SELECT a.{column}, count(*) FROM {left.name} a GROUP BY a.{column}"
        return f"SELECT * FROM {join} WHERE {self.never(left, 'a')}"


def literal(value: object) -> str:
    """A value as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal, float)):
        return str(value)
    if isinstance(value, (datetime.datetime, datetime.date, UUID)):
        return f"'{value}'"
    return "'" + str(value).replace("'", "''") + "'"
