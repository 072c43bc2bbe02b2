"""What ways of reading a table cost, in PostgreSQL's measure: one for a page that is read in a row.

Pages of a table that are visited again are taken for cached (Mackert and Lohman's formula), so that no number of look-ups costs much more than all of its
pages, and a table may be walked in the order of an index for little more than it is read whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from backend_lint.facts.schema import Table
from backend_lint.sql.types import base, is_array, length

PAGE = 8192
ROW, TEST, ENTRY = 0.01, 0.0025, 0.0075
"""A row that is handed on, a condition that is tested, an entry of an index that is compared."""
DESCENT = 0.3
"""From the root of an index to a leaf."""
_ENTRY_WIDTH = 24
_WIDTHS = {
    "text": 60, "jsonb": 60, "json": 60, "tsvector": 120, "bytea": 200, "uuid": 16, "inet": 8, "cidr": 8, "interval": 16,
    "boolean": 1, "smallint": 2, "integer": 4, "date": 4, "real": 4,
}
_ARRAY, _TEXT = 44, 24


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is to be read of a table. `page`: the cost of a page at random."""

    rows: float
    width: float
    page: float

    @property
    def pages(self) -> float:
        return max(1.0, self.rows * self.width / PAGE)

    def scanned(self, tests: int) -> float:
        """All of it, with so many conditions tested on each row."""
        return self.pages + self.rows * (ROW + TEST * tests)

    def skimmed(self, entry: float, tests: int) -> float:
        """All of an index whose entries have that width."""
        return self.rows * entry / PAGE * self.page + self.rows * (ENTRY + TEST * tests)

    def looked_up(self, rows: float) -> float:
        """So many rows, once, by a bitmap: their pages are read in the order in which they lie."""
        pages = _visited(rows, self.pages)
        near = self.page - (self.page - 1) * math.sqrt(min(1.0, pages / self.pages)) if self.page > 1 else self.page
        return DESCENT + self.page + self._leaves(rows) * self.page + pages * near + rows * (ROW + ENTRY + TEST)

    def probed(self, times: float, rows: float) -> float:
        """`rows` rows for each of so many values, one value after the other."""
        index = max(1.0, self.rows * _ENTRY_WIDTH / PAGE)
        visited = _visited(times * max(1.0, self._leaves(rows)), index) if times > 1 else max(1.0, self._leaves(rows))
        return times * DESCENT + self.page * (visited + _visited(times * rows, self.pages)) + times * rows * (ROW + ENTRY)

    def walked(self, *, as_they_came: bool) -> float:
        """All of it in the order of an index. `as_they_came`: rows lie in that order."""
        pages = self.pages * (1.0 if as_they_came else self.page)
        return pages + self._leaves(self.rows) * self.page + self.rows * (ROW + ENTRY)

    def _leaves(self, rows: float) -> float:
        return rows * _ENTRY_WIDTH / PAGE


def _visited(rows: float, pages: float) -> float:
    """How many of so many pages are read for rows that lie anywhere."""
    return min(2 * pages * rows / (2 * pages + rows), pages) if rows > 0 else 0.0


def width(table: Table) -> float:
    """How wide a row is, in bytes, as far as types tell."""
    return 28 + sum(column_width(column.type) for column in table.columns)


def column_width(type_: str) -> float:
    """How wide a value is: what may be long is seldom, what must be short is as long as it may be."""
    if is_array(type_):
        return _ARRAY
    held = base(type_)
    if held in ("varchar", "char", "citext"):
        return min(float(length(type_) or _TEXT), _TEXT)
    return _WIDTHS.get(held, 8)
