"""Compares the matcher's answers with the planner's plans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from planner.explain import SCANS, Use, explain, share

from backend_lint.facts.access import Access, Path
from backend_lint.facts.query import Query
from backend_lint.facts.schema import Dialect, Table
from backend_lint.sql.parse import parse
from backend_lint.sql.serve import accesses

SELECTIVE = 0.02
FEW = 50
"""Rows of the other side of a join from which an index should lead on."""


@dataclass(frozen=True)
class Case:
    """One relation of one statement. `share`: the measured part of the table that a scan's filter leaves."""

    shape: str
    sql: str
    params: Sequence[object]
    access: Access | None
    use: Use
    share: float | None = None

    @property
    def needed(self) -> bool:
        """The table is read whole for a small part of its rows."""
        return self.use.kind == "scan" and self.share is not None and self.share < SELECTIVE

    def __str__(self) -> str:
        answer = f"{self.access.path} {self.access.index} ({self.access.because})" if self.access is not None else "no answer"
        return (
            f"[{self.shape}] {self.sql} {tuple(self.params)}\n    planner: {self.use.kind} {self.use.indexes} {self.use.filter} {self.share}\n    we: {answer}"
        )

    @property
    def reported(self) -> bool:
        return self.access is not None and self.access.path is Path.SCAN


@dataclass
class Score:
    """What came out of many cases."""

    cases: list[Case] = field(default_factory=list)
    queries: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def reported(self) -> list[Case]:
        return [case for case in self.cases if case.reported]

    @property
    def wrong(self) -> list[Case]:
        """Reported, and an index is used. An index that is read whole is no use of it."""
        return [case for case in self.reported if case.use.kind not in SCANS]

    @property
    def needed(self) -> list[Case]:
        return [case for case in self.cases if case.needed]

    @property
    def missed(self) -> list[Case]:
        return [case for case in self.needed if not case.reported]

    @property
    def precision(self) -> float:
        return 1 - len(self.wrong) / max(1, len(self.reported))

    @property
    def strict_precision(self) -> float:
        """With an index that is read whole counted as use."""
        strictly = [case for case in self.reported if case.use.kind not in ("scan", "whole")]
        return 1 - len(strictly) / max(1, len(self.reported))

    @property
    def recall(self) -> float:
        return 1 - len(self.missed) / max(1, len(self.needed))

    def summary(self) -> str:
        paths = Counter(str(case.access.path) if case.access else "none" for case in self.cases)
        return (
            f"{self.queries} queries, {len(self.cases)} relations ({dict(paths)}), {len(self.reported)} reported, precision {self.precision:.2%} "
            f"(strict {self.strict_precision:.2%}), {len(self.needed)} selective scans, recall {self.recall:.2%}, {len(self.failed)} failed"
        )


def judge(
    connection: psycopg.Connection[Any],
    statements: Iterable[tuple[str, Sequence[object], str]],
    tables: Callable[[str], Table | None],
    understand: Callable[[str], Query | None] | None = None,
) -> Score:
    """Asks planner and matcher about each (statement, values, shape). `understand` makes the query of a statement; by default our SQL parser does."""
    score = Score()
    shares: dict[tuple[str, str], float | None] = {}
    for sql, params, shape in statements:
        score.queries += 1
        try:
            uses = explain(connection, sql, params)
        except psycopg.Error as error:
            score.failed.append((sql, str(error)))
            continue
        query = (understand or understood)(sql)
        if query is None:
            score.failed.append((sql, "not understood"))
            continue
        answers = by_alias(query, accesses(query, tables, Dialect.POSTGRESQL))
        for alias, use in uses.items():
            part = None
            if use.kind == "scan":
                key = (use.table, use.filter)
                if key not in shares:
                    shares[key] = share(connection, use)
                part = shares[key]
            score.cases.append(Case(shape, sql, params, answers.get(alias), use, part))
    return score


def understood(sql: str) -> Query | None:
    """The query in a statement, through our SQL parser."""
    parsed = parse(sql, Dialect.POSTGRESQL)
    return parsed.queries[0] if len(parsed.queries) == 1 and not parsed.not_understood else None


def by_alias(query: Query, found: Iterable[Access]) -> dict[str, Access]:
    """The answers by alias, or by table where there is none."""
    answers = {}
    for access in found:
        block = query
        for number in access.scope:
            block = block.subqueries[number]
        relation = block.relations[access.relation]
        answers[relation.alias or relation.table] = access
    return answers
