"""Does PostgreSQL's planner agree with the matcher over schemas and questions that no test knows?

    python benchmarks/planner_truth.py --seeds 101 102 103 --questions 110 [--write] [--show 30] [--only django] [--page-cost 4]

For each seed a world is made (`planner_worlds`): seven classes with an abstract base, a class with a table of its own parent, references of every kind,
many-to-many with and without a class between, all kinds of indexes, 50,000 rows and more a table. It is written down as Django models, as SQLAlchemy
classes and as DDL; questions are asked in Django's ORM, in SQLAlchemy and in plain SQL; the real ORM compiles them, a real PostgreSQL with fresh statistics
explains them. backend-lint reads the same source text (models and views) and says how each table of each question is read.

What is counted, for each table of each statement (a table that occurs twice is compared by how often it is reported and scanned):

- reported: the matcher says that the table is read whole for its condition. It is wrong if the planner leads an index to its rows (`planner.explain`);
- needed: the planner reads the table whole, and the condition that it tests on each row is *selective*: it leaves less than 2 % of the table's rows,
  counted in the data. It is missed if it is not reported, for whatever reason: not seen, not understood, unknown, or said to be reached by an index.

A table that the planner reads whole because so many of its rows are wanted is neither: whether it is reported is no question of an index.

All is counted twice: as the source alone tells, and with the number of rows of each table, as an export of pg_stat_user_tables tells it to backend-lint. Of
two tables that are joined and both lack an index for their conditions the planner reads the one with fewer pages, which no schema says; nor does it say how
wide a range is or how frequent a value, which decides whether it pays to begin at the index that it has. In these worlds referring tables may be smaller than
what they refer to, which is harder than what most applications keep.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from planner.explain import Use
    from planner_asking import Question

    from backend_lint.facts.access import Access
    from backend_lint.project import Project

TREE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TREE), str(TREE / "tests"), str(TREE / "benchmarks")]

LIBRARIES = ("django", "sqlalchemy", "sql")
SIZES = ("sizes unknown", "sizes told")
SELECTIVE = 0.02
_NAMES = {"datetime": datetime.datetime, "date": datetime.date, "timezone": datetime.timezone, "Decimal": Decimal, "UUID": UUID}


@dataclass
class Miss:
    """A disagreement over one table of one question."""

    kind: str
    library: str
    seed: int
    number: int
    shape: str
    text: str
    sql: str
    table: str
    uses: list[str]
    ours: list[str]

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.kind} {self.library} seed {self.seed} question {self.number} [{self.shape}] table {self.table}",
                f"  {self.text}",
                f"  {self.sql}",
                *(f"    planner: {one}" for one in self.uses),
                *(f"    ours:    {one}" for one in self.ours),
            ]
        )


@dataclass
class Score:
    """What was counted."""

    questions: int = 0
    relations: int = 0
    reported: int = 0
    wrong: int = 0
    needed: int = 0
    missed: int = 0
    unseen: int = 0
    misses: list[Miss] = field(default_factory=list)

    def add(self, other: Score) -> None:
        for name in ("questions", "relations", "reported", "wrong", "needed", "missed", "unseen"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.misses += other.misses

    def told(self) -> dict[str, float | int]:
        return {
            "questions": self.questions,
            "relations": self.relations,
            "reported": self.reported,
            "wrong": self.wrong,
            "precision": round(1 - self.wrong / max(1, self.reported), 4),
            "needed": self.needed,
            "missed": self.missed,
            "recall": round(1 - self.missed / max(1, self.needed), 4),
            "questions not read": self.unseen,
        }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103])
    parser.add_argument("--questions", type=int, default=110, help="of each library for each seed")
    parser.add_argument("--only", choices=LIBRARIES, nargs="+", default=list(LIBRARIES))
    parser.add_argument("--page-cost", default="1.1", help="random_page_cost of the planner")
    parser.add_argument("--show", type=int, default=0, help="disagreements to show")
    parser.add_argument("--keep", type=Path, help="a folder where what the planner said is kept for the next run")
    parser.add_argument("--write", action="store_true", help="keep the result beside the others")
    options = parser.parse_args(arguments)
    total = {(library, sizes): Score() for library in options.only for sizes in SIZES}
    for seed in options.seeds:
        for library in options.only:
            started = time.monotonic()
            for sizes, score in measured(seed, library, options.questions, options.page_cost, options.keep).items():
                total[library, sizes].add(score)
                print(f"{seed} {library}, {sizes} {time.monotonic() - started:.0f} s {score.told()}", flush=True)  # noqa: T201
    for (library, sizes), score in total.items():
        print(f"{library}, {sizes}: {score.told()}")  # noqa: T201
        for miss in score.misses[: options.show]:
            print(miss)  # noqa: T201
    if options.write:
        import results

        told: dict[str, Any] = {"seeds": options.seeds, "random_page_cost": options.page_cost}
        for (library, sizes), score in total.items():
            told.setdefault(library, {})[sizes] = score.told()
        results.save("planner", told)
    return 0 if all(score.told()["precision"] >= 0.97 and score.told()["recall"] >= 0.95 for (_, sizes), score in total.items() if sizes == SIZES[1]) else 1


@dataclass
class Asked:
    """A question with what the planner does: `parts` are the measured parts of the tables that scans' filters leave, by alias."""

    question: Question
    sql: str
    uses: dict[str, Use]
    parts: dict[str, float | None]


def measured(seed: int, library: str, count: int, page_cost: str = "1.1", keep: Path | None = None) -> dict[str, Score]:
    """One library over one world, without and with the sizes of its tables. `keep`: a folder in which what the planner said is kept, so that the next run
    only asks backend-lint."""
    import planner_worlds

    kept = keep / f"{seed}-{library}-{count}-{page_cost}.pickle" if keep else None
    if kept is not None and kept.exists():
        models, asked = pickle.loads(kept.read_bytes())
    else:
        models, asked = explained(seed, library, count, page_cost)
        if kept is not None:
            kept.write_bytes(pickle.dumps((models, asked)))
    world = planner_worlds.made(seed)
    rows = {entity.table: entity.rows for entity in world.entities}
    rows |= {many.table: planner_worlds.PAIRS for entity in world.entities for many in entity.manys if many.through is None}
    return {sizes: _compared(models, asked, library, seed, rows if sizes == SIZES[1] else {}) for sizes in SIZES}


def explained(seed: int, library: str, count: int, page_cost: str) -> tuple[str, list[Asked]]:
    """``models.py`` of a world, and what the planner does for each question about it."""
    import planner_models
    import planner_worlds
    import psycopg
    from planner.explain import explain, share

    world = planner_worlds.made(seed)
    found = []
    with tempfile.TemporaryDirectory(prefix="backend-lint-worlds-") as name:
        folder = Path(name)
        (folder / "world").mkdir()
        (folder / "world/__init__.py").write_text("")
        models = planner_models.django_models(world) if library == "django" else planner_models.alchemy_models(world)
        (folder / "world/models.py").write_text(models)
        with _databases(folder, world, library) as (empty, connection):
            connection.execute(f"SET random_page_cost = {float(page_cost)}")
            asked = _asked(world, _samples(connection, world), seed, library, count)
            for question, (sql, error) in zip(asked, _statements(folder, asked, library, empty, connection), strict=True):
                if not sql:
                    print(f"no statement: {library} {seed} {question.text}: {error}", file=sys.stderr)  # noqa: T201
                    continue
                try:
                    uses = explain(connection, sql.replace("%", "%%"), ())
                except psycopg.Error as failed:
                    print(f"not explained: {library} {seed} {sql}: {failed}", file=sys.stderr)  # noqa: T201
                    continue
                found.append(Asked(question, sql, uses, {use.alias: share(connection, use) for use in uses.values() if use.kind == "scan"}))
    return models, found


@contextlib.contextmanager
def _databases(folder: Path, world: Any, library: str) -> Iterator[tuple[str, Any]]:
    """The URI of a database with empty tables, and a connection to one with rows."""
    import postgres_server
    import psycopg

    orm = "django" if library == "django" else "sqlalchemy"
    postgres_server.database("world_empty").close()
    uri = postgres_server.uri_of("world_empty")
    _run(folder, orm, "tables", uri)
    with psycopg.connect(postgres_server.server(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS world_full WITH (FORCE)")
        connection.execute("CREATE DATABASE world_full TEMPLATE world_empty")
    with psycopg.connect(postgres_server.uri_of("world_full"), autocommit=True) as connection:
        for statement in world.fill():
            connection.execute(statement)
        yield uri, connection


def _run(folder: Path, orm: str, task: str, uri: str, given: str = "") -> str:
    command = [sys.executable, str(TREE / "benchmarks/planner_compile.py"), orm, task, uri]
    done = subprocess.run(command, cwd=folder, input=given, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def _samples(connection: Any, world: Any) -> dict[str, list[dict[str, Any]]]:
    from psycopg.rows import dict_row

    found = {}
    for entity in world.entities:
        with connection.cursor(row_factory=dict_row) as cursor:
            key = f"{entity.parent.name.lower()}_ptr_id" if entity.parent else "id"
            found[entity.table] = cursor.execute(f'SELECT * FROM "{entity.table}" ORDER BY md5({key}::text) LIMIT 200').fetchall()
    return found


def _asked(world: Any, samples: Any, seed: int, library: str, count: int) -> list[Question]:
    from planner_asks_django import DjangoAsker
    from planner_asks_sql import SqlAsker
    from planner_asks_sqlalchemy import AlchemyAsker

    asker = {"django": DjangoAsker, "sqlalchemy": AlchemyAsker, "sql": SqlAsker}[library]
    return list(asker(world, samples, f"{library} {seed}").questions(count))


def _statements(folder: Path, asked: list[Question], library: str, empty: str, connection: Any) -> list[tuple[str, str]]:
    """The SQL of each question with its values in it, and an error."""
    if library == "sql":
        import psycopg

        cursor = psycopg.ClientCursor(connection)
        return [(cursor.mogrify(one.text, [eval(text, dict(_NAMES)) for _, text in one.parameters]), "") for one in asked]  # type: ignore[arg-type]
    given = json.dumps([(one.text, one.parameters) for one in asked])
    return [tuple(one) for one in json.loads(_run(folder, library, "ask", empty, given))]


def source(asked: list[Question], library: str) -> str:
    """``views.py``: a function for each question."""
    import planner_asks_django
    import planner_asks_sqlalchemy

    heads = {"django": planner_asks_django.HEAD, "sqlalchemy": planner_asks_sqlalchemy.HEAD, "sql": "from decimal import Decimal\n"}
    found = [heads[library]]
    for number, one in enumerate(asked):
        names = [name for name, _ in one.parameters]
        if library == "sql":
            given = f", [{', '.join(names)}]" if names else ""
            text = one.text if names else one.text.replace("%%", "%")
            found.append(f"\n\ndef q_{number}({', '.join(['cursor', *names])}):\n    cursor.execute({text!r}{given})\n    return cursor.fetchall()\n")
            continue
        *before, last = one.text.split("\n")
        first = ["session"] if library == "sqlalchemy" else []
        lines = "".join(f"    {line}\n" for line in before)
        value = f"list({last})" if library == "django" and not last.endswith((")", "]")) else last
        found.append(f"\n\ndef q_{number}({', '.join([*first, *names])}):\n{lines}    return {value}\n")
    return "".join(found)


def read(models: str, asked: list[Question], library: str, rows: Mapping[str, int]) -> tuple[Project, dict[int, list[Any]]]:
    """The project as backend-lint reads it, and the queries of each question."""
    from backend_lint.facts.database import KnownDatabase, TableStatistics
    from backend_lint.facts.file import Kind, Role, SourceFile
    from backend_lint.project import Project
    from backend_lint.readers.python import read

    sources = {"world/models.py": models, "world/__init__.py": "", "world/views.py": source(asked, library)}
    readings = {}
    for path, text in sources.items():
        file = SourceFile(path, Kind.PYTHON, Role.APPLICATION, len(text))
        readings[path] = file, read(text.encode(), file, ())
    project = Project.link(readings, KnownDatabase(tables=tuple(TableStatistics(table, count) for table, count in rows.items())))
    sites: dict[int, list[Any]] = {}
    for site in project.queries.sites:
        if site.path == "world/views.py":
            sites.setdefault(int(site.symbol.rpartition("_")[2]), []).append(site)
    return project, sites


def _compared(models: str, asked: list[Asked], library: str, seed: int, rows: Mapping[str, int]) -> Score:
    from planner.explain import SCANS

    from backend_lint.facts.access import Path as Way
    from backend_lint.facts.schema import Dialect
    from backend_lint.sql.serve import accesses

    project, sites = read(models, [one.question for one in asked], library, rows)
    score = Score(questions=len(asked))
    for number, one in enumerate(asked):
        found = sites.get(number, [])
        run = [site for site in found if site.evaluated] or found
        score.unseen += not run
        answers = accesses(run[0].query, project.schema.table, Dialect.POSTGRESQL) if run else ()
        score.relations += len(one.uses)
        for table in sorted({*(use.table for use in one.uses.values()), *(answer.table for answer in answers)}):
            theirs = [use for use in one.uses.values() if use.table == table]
            reported = sum(answer.path is Way.SCAN for answer in answers if answer.table == table)
            scanned = sum(use.kind in SCANS for use in theirs)
            # a condition that Django writes twice (in WHERE and in what is selected) is one
            needed = len({use.filter for use in theirs if (part := one.parts.get(use.alias)) is not None and part < SELECTIVE})
            wrong, missed = max(0, reported - scanned) if theirs else 0, max(0, needed - reported)
            score.reported += reported
            score.wrong += wrong
            score.needed += needed
            score.missed += missed
            for kind, times in (("WRONG", wrong), ("MISSED", missed)):
                if times:
                    uses = [shown(use, one.parts.get(use.alias)) for use in one.uses.values()]
                    ours = [answered(answer) for answer in answers] or ["no query was read here"]
                    score.misses.append(Miss(kind, library, seed, number, one.question.shape, one.question.text, one.sql, table, uses, ours))
    return score


def shown(use: Use, part: float | None) -> str:
    """What the planner does with a table."""
    return f"{use.alias}: {use.kind} {' '.join(use.indexes)} {use.filter} {'' if part is None else f'leaves {part:.5f}'}"


def answered(one: Access) -> str:
    """What we say of it."""
    return f"{one.table} {one.scope or ''}: {one.path} {one.index} [{one.condition}] {one.because}"


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        raise SystemExit(main())
