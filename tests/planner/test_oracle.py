"""PostgreSQL's planner agrees with the matcher: generated schemas, 50,000 rows a table, queries of every shape, EXPLAIN as the judge.

What is left of disagreement, by kind; none of it can be told from schema and query alone:

- a condition on few values has an index and a strong one has none: the share of that one value decides (`Access.partly` says so);
- a small partial index whose condition follows from the query, but not its keys: how small it is decides;
- a strong condition without an index under ORDER BY with LIMIT: how many rows match decides whether the order's index is walked;
- two joined tables, both strong and unserved, both reachable from the other: the smaller one is scanned, sizes decide;
- a key that refers to few rows of a table: probing these few is cheaper than the scan that the condition asks for.

An index that the planner reads from end to end because its first column is not asked for ("skip", "walk") counts as a scan: all of it is read, however
small it is. `Access.elsewhere` names it.
"""

from __future__ import annotations

import postgres_server
import pytest
from planner import domains, judge, nested, schemas
from planner.questions import Asker, Question

from backend_lint.facts.access import Access
from backend_lint.facts.query import Query
from backend_lint.facts.schema import Dialect, Table
from backend_lint.sql.advice import Advised, advise
from backend_lint.sql.index_text import statement
from backend_lint.sql.serve import accesses

SEEDS = (11, 21)
QUESTIONS = 520
DOMAINS = {**domains.DOMAINS, "fleet": nested.FLEET}


class World:
    """A database, what the linter reads of its schema, and questions about it."""

    def __init__(self, seed: int) -> None:
        self.connection = postgres_server.database(f"planner_{seed}")
        trigrams = postgres_server.extension(self.connection, "pg_trgm")
        citext = postgres_server.extension(self.connection, "citext")
        self.schema = schemas.generate(seed, 3, citext, trigrams)
        schemas.create(self.connection, self.schema)
        self.tables: dict[str, Table] = schemas.read(self.schema.ddl)
        samples = {table.name: schemas.sample(self.connection, table) for table in self.schema.tables}
        self.questions: list[Question] = list(Asker(self.schema, samples, seed).questions(QUESTIONS))
        self.trigrams = trigrams


@pytest.mark.parametrize("seed", SEEDS)
def test_the_planner_agrees(seed: int) -> None:
    """One test a schema, for making it costs most."""
    world = World(seed)
    try:
        the_linter_reads_the_schema_that_was_made(world)
        plans_and_answers_agree(world)
        advised_indexes_are_used(world)
    finally:
        world.connection.close()


@pytest.mark.parametrize("name", sorted(DOMAINS))
def test_the_planner_agrees_on_a_domain(name: str) -> None:
    """Schemas and queries that were not made by the generator above, with other indexes for each name."""
    seed = 100 + len(name)
    domain = DOMAINS[name]
    with postgres_server.database(f"domain_{name}") as connection:
        domains.create(connection, domain, seed)
        tables = schemas.read(domain.ddl(seed))
        assert not [table.unknown for table in tables.values() if table.unknown]
        asked = domains.questions(connection, domain, seed, 2)
        score = judge.judge(connection, ((one.sql, one.params, one.shape) for one in asked), tables.get)
    assert not score.failed, score.failed[:3]
    assert score.precision >= 0.97, "\n".join([score.summary(), *map(str, score.wrong)])
    assert score.recall >= 0.95, "\n".join([score.summary(), *map(str, score.missed)])


def the_linter_reads_the_schema_that_was_made(world: World) -> None:
    for table in world.schema.tables:
        read = world.tables[table.name]
        assert not read.unknown
        assert [column.name for column in read.columns] == [col.name for col in table.cols]
        assert len(read.indexes) == len(table.indexes) + 1, "each index and the primary key's"
        assert all(index.usable for index in read.indexes)


def plans_and_answers_agree(world: World) -> None:
    score = judge.judge(world.connection, ((one.sql, one.params, one.shape) for one in world.questions), world.tables.get)
    assert not score.failed, score.failed[:3]
    assert len(score.reported) >= 100 and len(score.needed) >= 50, score.summary()
    assert score.precision >= 0.97, "\n".join([score.summary(), *map(str, score.wrong)])
    assert score.recall >= 0.95, "\n".join([score.summary(), *map(str, score.missed)])


def advised_indexes_are_used(world: World) -> None:
    """After creating what was advised, each query that was claimed is served by an index, and each index serves one."""
    asked: list[tuple[Query, Access]] = []
    origin: list[tuple[Question, str]] = []
    for question in world.questions:
        query = judge.understood(question.sql)
        assert query is not None
        for alias, access in judge.by_alias(query, accesses(query, world.tables.get)).items():
            asked.append((query, access))
            origin.append((question, alias))
    found = advise(asked, world.tables.get)
    impossible = {one.name for one in found if not world.trigrams and "trgm" in statement(one.candidate, one.name)}
    untestable = {number for one in found if one.name in impossible for number in one.serves}
    advised = [one for one in found if one.name not in impossible and set(one.serves) - untestable]
    assert len(advised) >= 15
    with world.connection.transaction(force_rollback=True):
        for one in advised:
            world.connection.execute(statement(one.candidate, one.name, Dialect.POSTGRESQL, concurrently=False))
        for table in world.schema.tables:
            world.connection.execute(f'ANALYZE "{table.name}"')
        used, unserved, claimed = _uses(world, advised, origin, untestable)
    assert {one.name for one in advised} <= used, "advised, and no query uses it"
    assert len(unserved) <= claimed * 0.03, unserved


def _uses(world: World, advised: list[Advised], origin: list[tuple[Question, str]], untestable: set[int]) -> tuple[set[str], list[str], int]:
    used: set[str] = set()
    unserved = []
    claimed = 0
    for one in advised:
        for number in set(one.serves) - untestable:
            question, alias = origin[number]
            use = judge.explain(world.connection, question.sql, question.params).get(alias)
            if use is None:
                continue  # the planner saw that no row can match
            claimed += 1
            used.update(use.indexes)
            if not use.indexes:
                unserved.append(f"{one.name}: {question.sql} {question.params}: {use.kind}")
    return used, unserved, claimed
