"""Reads what the configuration says of the database, with exports of its statistics: CSV, TSV or JSON as psql, clients and consoles write them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from backend_lint.engine.reports import find
from backend_lint.facts.database import KnownDatabase, StatementStatistics, TableStatistics
from backend_lint.facts.file import Unchecked

_MAX_ROWS = 200_000
_MAX_FIELD = 1_000_000
_ROWS = ("n_live_tup", "reltuples", "table_rows", "rows", "row_count", "estimated_rows")
_NAMES = ("relname", "table_name", "table", "name")
_SCHEMAS = ("schemaname", "table_schema", "schema")


def known_database(root: Path, settings: Mapping[str, Any]) -> tuple[KnownDatabase, list[Unchecked]]:
    """What `settings` (the table ``database``) say, and the exports it names that could not be read. The configuration wins over exports."""
    reports, skipped = find(root, settings.get("statistics", ()))
    found = {report.path for report in reports} | {one.path for one in skipped}
    skipped += [Unchecked(name, "statistics file does not exist") for name in settings.get("statistics", ()) if name not in found]
    tables: dict[str, TableStatistics] = {}
    statements: list[StatementStatistics] = []
    for report in reports:
        try:
            before = len(tables) + len(statements)
            for line, row in _rows(report.data):
                if (table := _table(row, report.path, line)) is not None:
                    tables[table.name] = table
                elif (statement := _statement(row, report.path, line)) is not None:
                    statements.append(statement)
            if len(tables) + len(statements) == before:
                skipped.append(Unchecked(report.path, "holds no rows of pg_stat_user_tables or pg_stat_statements: export them with a header, as CSV or JSON"))
        except (ValueError, csv.Error, RecursionError) as error:
            skipped.append(Unchecked(report.path, f"is neither CSV nor JSON of database statistics: {error}"[:300]))
    for name, rows in settings.get("rows", {}).items():
        tables[name] = TableStatistics(name, rows, path="configuration")
    deploys = settings.get("deploys", "rolling")
    return KnownDatabase(settings.get("dialect", ""), tuple(tables.values()), tuple(statements), settings.get("migrations", "heads"), deploys), skipped


def _rows(data: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows of an export with the line each begins on (1 for JSON), names of columns in lower case."""
    text = data.decode("utf-8-sig", "replace")
    if text.lstrip()[:1] in ("[", "{"):
        value = json.loads(text)
        if isinstance(value, dict):
            value = next((one for one in value.values() if isinstance(one, list)), [])
        for row in value[:_MAX_ROWS]:
            if isinstance(row, dict):
                yield 1, {str(key).lower(): one for key, one in row.items()}
        return
    lines = text.splitlines()
    header = lines[0] if lines else ""
    separator = max(",\t|;", key=header.count)
    csv.field_size_limit(_MAX_FIELD)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
    for number, row in enumerate(reader):
        if number >= _MAX_ROWS:
            break
        yield reader.line_num, {key: value for key, value in row.items() if isinstance(key, str)}


def _table(row: Mapping[str, Any], path: str, line: int) -> TableStatistics | None:
    name, rows = _first(row, _NAMES), _number(_first(row, _ROWS))
    if not isinstance(name, str) or not name.strip() or rows is None or "query" in row:
        return None
    schema = _first(row, _SCHEMAS)
    full = f"{schema.strip()}.{name.strip()}" if isinstance(schema, str) and schema.strip() not in ("", "public") else name.strip()
    whole, indexed = _number(row.get("seq_scan")), _number(row.get("idx_scan"))
    return TableStatistics(full, max(int(rows), 0), -1 if whole is None else int(whole), -1 if indexed is None else int(indexed), path, line)


def _statement(row: Mapping[str, Any], path: str, line: int) -> StatementStatistics | None:
    text = row.get("query")
    calls = _number(row.get("calls"))
    mean = _number(_first(row, ("mean_exec_time", "mean_time", "mean_ms")))
    total = _number(_first(row, ("total_exec_time", "total_time")))
    if not isinstance(text, str) or calls is None:
        return None
    if mean is None and total is not None and calls:
        mean = total / calls
    return StatementStatistics(text, int(calls), mean, path, line) if mean is not None else None


def _first(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value) if isinstance(value, int | float) else float(str(value).strip().replace(",", ""))
    except ValueError:
        return None
    return number if -1e18 < number < 1e18 else None
