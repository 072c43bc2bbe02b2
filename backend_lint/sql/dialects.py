"""Which database product a text of SQL was written for."""

from __future__ import annotations

import re

from backend_lint.facts.schema import Dialect

_LOOKED_AT = 400_000
_SIGNS: tuple[tuple[Dialect, int, str], ...] = (
    (
        Dialect.MYSQL,
        4,
        r"\bENGINE\s*=\s*\w+|\bAUTO_INCREMENT\b|-- (?:MySQL|MariaDB) dump|/\*!\d{5}|^DELIMITER\b|\bLOCK TABLES\b"
        r"|\b(?:INTO|UPDATE|FROM|TABLE|EXISTS|COLUMN) `",
    ),
    (
        Dialect.MYSQL,
        2,
        r"CREATE TABLE (?:IF NOT EXISTS )?`|\bUNSIGNED\b|\bTINYINT\(|\bDEFAULT CHARSET\b|\bON UPDATE CURRENT_TIMESTAMP\b|\b(?:LONG|MEDIUM)TEXT\b",
    ),
    (
        Dialect.POSTGRESQL,
        4,
        r"PostgreSQL database dump|\bplpgsql\b|\b(?:BIG|SMALL)?SERIAL\b|\bTIMESTAMPTZ\b|\bJSONB\b|\bBYTEA\b|\bCREATE EXTENSION\b|\bpg_catalog\b"
        r"|\$\$|\bTSVECTOR\b|\bCREATE TYPE \S+ AS ENUM\b|\bnextval\(|\bINET\b|\bCITEXT\b|\bUSING (?:gin|gist|brin)\b"
        r"|\bGENERATED (?:ALWAYS|BY DEFAULT) AS IDENTITY\b|\bINDEX CONCURRENTLY\b",
    ),
    (
        Dialect.POSTGRESQL,
        2,
        r"'::\w|\b(?:now|gen_random_uuid|uuid_generate_v4)\(\)|\btimestamp with(?:out)? time zone\b|\bALTER COLUMN \S+ (?:TYPE|SET|DROP)\b|\bUUID\b|\btext\[\]",
    ),
    (Dialect.SQLITE, 4, r"\bAUTOINCREMENT\b|^PRAGMA\b|\bWITHOUT ROWID\b|\bsqlite_sequence\b|\bUSING fts[345]\b|\bstrftime\('%|\bdatetime\('now'"),
    (Dialect.MSSQL, 4, r"\bIDENTITY\s*\(\s*\d|\[dbo\]\.|\bNVARCHAR\b|^GO\s*$|\bUNIQUEIDENTIFIER\b|\bDATETIME2\b|\b(?:NON)?CLUSTERED\b|\bsp_rename\b"),
    (Dialect.ORACLE, 4, r"\bVARCHAR2\b|\bNUMBER\s*\(\d|\bCLOB\b.*\bSYSDATE\b|\bNOLOGGING\b|\bPL/SQL\b"),
)
_PATTERNS = tuple((dialect, weight, re.compile(pattern, re.IGNORECASE | re.MULTILINE)) for dialect, weight, pattern in _SIGNS)
_ENOUGH = 4
_NAMES = {
    "postgresql": Dialect.POSTGRESQL,
    "postgres": Dialect.POSTGRESQL,
    "pgsql": Dialect.POSTGRESQL,
    "pg": Dialect.POSTGRESQL,
    "psql": Dialect.POSTGRESQL,
    "timescaledb": Dialect.POSTGRESQL,
    "timescale": Dialect.POSTGRESQL,
    "cockroachdb": Dialect.POSTGRESQL,
    "cockroach": Dialect.POSTGRESQL,
    "mysql": Dialect.MYSQL,
    "mariadb": Dialect.MYSQL,
    "sqlite": Dialect.SQLITE,
    "sqlite3": Dialect.SQLITE,
    "mssql": Dialect.MSSQL,
    "sqlserver": Dialect.MSSQL,
    "oracle": Dialect.ORACLE,
}


_FOREIGN = re.compile(r"\bENGINE\s*=\s*\w*MergeTree|\bLowCardinality\(|\bWITH\s+REPLICATION\s*=|\bSTORED AS (?:PARQUET|ORC)\b|\bTBLPROPERTIES\b", re.IGNORECASE)
_FOREIGN_NAMES = frozenset("clickhouse bigquery snowflake cassandra cql hive redshift duckdb databricks spark trino presto".split())


def is_foreign(text: str, path: str = "") -> bool:
    """Whether a text is written for a product of which nothing is known here, such as ClickHouse or Hive."""
    return not _FOREIGN_NAMES.isdisjoint(re.split(r"[/._-]", path.lower())) or _FOREIGN.search(text[:_LOOKED_AT]) is not None


def guess(text: str) -> Dialect | None:
    """The product that the words of a text tell of; None if it could be several.

    >>> guess("CREATE TABLE t (id BIGSERIAL PRIMARY KEY)"), guess("CREATE TABLE t (id int)")
    (<Dialect.POSTGRESQL: 'postgresql'>, None)
    """
    text = text[:_LOOKED_AT]
    points: dict[Dialect, int] = {}
    for dialect, weight, pattern in _PATTERNS:
        different = {match.group()[:20].lower() for _, match in zip(range(40), pattern.finditer(text), strict=False)}
        if different:
            points[dialect] = points.get(dialect, 0) + weight * min(len(different), 4)
    if not points:
        return None
    best = max(points, key=lambda dialect: points[dialect])
    rest = [value for dialect, value in points.items() if dialect is not best]
    return best if points[best] >= _ENOUGH and points[best] > max(rest, default=0) else None


def named(word: str) -> Dialect | None:
    """The product that a word means: a folder, a provider, the scheme of a URL."""
    return _NAMES.get(word.lower().partition("+")[0])
