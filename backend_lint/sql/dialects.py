"""Which database product a text of SQL was written for."""

from __future__ import annotations

import re

from backend_lint.facts.schema import Dialect
from backend_lint.lazy_regex import lazy_regex

_LOOKED_AT = 200_000
_WORD = lazy_regex(r"[A-Z_][A-Z0-9_]*")
_ENOUGH = 4
_WORDS = {
    Dialect.MYSQL: "AUTO_INCREMENT INNODB MYISAM DELIMITER UNSIGNED TINYINT MEDIUMINT LONGTEXT MEDIUMTEXT",
    Dialect.POSTGRESQL: (
        "PLPGSQL SERIAL BIGSERIAL SMALLSERIAL TIMESTAMPTZ JSONB BYTEA EXTENSION PG_CATALOG TSVECTOR NEXTVAL INET CITEXT GIN GIST BRIN CONCURRENTLY REGCLASS "
        "GEN_RANDOM_UUID UUID_GENERATE_V4 JSONB_SET TSRANGE TSTZRANGE DATERANGE"
    ),
    Dialect.SQLITE: "AUTOINCREMENT PRAGMA ROWID SQLITE_SEQUENCE FTS3 FTS4 FTS5 STRFTIME",
    Dialect.MSSQL: "NVARCHAR UNIQUEIDENTIFIER DATETIME2 CLUSTERED NONCLUSTERED SP_RENAME",
    Dialect.ORACLE: "VARCHAR2 NVARCHAR2 NOLOGGING SYSDATE SYSTIMESTAMP PCTFREE",
}
_PHRASES = {
    Dialect.MYSQL: ("ENGINE=", "ENGINE =", "MYSQL DUMP", "MARIADB DUMP", "/*!4", "/*!5", "LOCK TABLES", "TABLE `", "EXISTS `", "INTO `", "UPDATE `", "FROM `"),
    Dialect.POSTGRESQL: ("POSTGRESQL DATABASE DUMP", "AS ENUM", "AS IDENTITY", "$$", "WITH TIME ZONE", "WITHOUT TIME ZONE", "'::", "TEXT[]"),
    Dialect.SQLITE: ("DATETIME('NOW'",),
    Dialect.MSSQL: ("[DBO].", "IDENTITY(1", "IDENTITY (1", "\nGO\n", "\nGO\r"),
    Dialect.ORACLE: ("NUMBER(", "PL/SQL"),
}
_HALF = lazy_regex(r"\bUUID\b|\bNOW\(\)|\bALTER COLUMN \S+ (?:TYPE|SET|DROP)\b|\bBOOLEAN\b.*\bFALSE\b|::[A-Z]")
"""Hints of PostgreSQL that others know too."""
_SETS = {dialect: frozenset(words.split()) for dialect, words in _WORDS.items()}
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


_FOREIGN = lazy_regex(r"\bENGINE\s*=\s*\w*MergeTree|\bLowCardinality\(|\bWITH\s+REPLICATION\s*=|\bSTORED AS (?:PARQUET|ORC)\b|\bTBLPROPERTIES\b", re.IGNORECASE)
_FOREIGN_NAMES = frozenset("clickhouse bigquery snowflake cassandra cql hive redshift duckdb databricks spark trino presto".split())


def is_foreign(text: str, path: str = "") -> bool:
    """Whether a text is written for a product of which nothing is known here, such as ClickHouse or Hive."""
    return not _FOREIGN_NAMES.isdisjoint(re.split(r"[/._-]", path.lower())) or _FOREIGN.search(text[:_LOOKED_AT]) is not None


def guess(text: str) -> Dialect | None:
    """The product that the words of a text tell of; None if it could be several.

    >>> guess("CREATE TABLE t (id BIGSERIAL PRIMARY KEY)"), guess("CREATE TABLE t (id int)")
    (<Dialect.POSTGRESQL: 'postgresql'>, None)
    """
    head = text[:_LOOKED_AT].upper()
    words = set(_WORD.findall(head))
    points = {dialect: 4 * (len(words & signs) + sum(phrase in head for phrase in _PHRASES[dialect])) for dialect, signs in _SETS.items()}
    points[Dialect.POSTGRESQL] += 2 * len({match.group()[:12] for match in _HALF.finditer(head[:20_000])})
    best = max(points, key=lambda dialect: points[dialect])
    return best if points[best] >= _ENOUGH and points[best] > max(value for dialect, value in points.items() if dialect is not best) else None


def named(word: str) -> Dialect | None:
    """The product that a word means: a folder, a provider, the scheme of a URL."""
    return _NAMES.get(word.lower().partition("+")[0])
