"""Which database product a project runs on: what its settings, URLs, drivers, containers and declarations say.

Tests often run on SQLite what production runs on a server: a server counts as soon as anything clear speaks for one.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.schema import Dialect
from backend_lint.sql.dialects import named

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.modules import SourceModule

_ROLES = frozenset({Role.APPLICATION, Role.SETTINGS, Role.COMMAND, Role.MIGRATION})
_ENGINES = re.compile(rb"\bdjango(?:_prometheus)?[.\w]{0,40}\.backends?\.(postgresql|postgis|mysql|sqlite3|spatialite|oracle)(?:_psycopg2)?\b")
_SCHEME = re.compile(rb"\b(postgres(?:ql)?|postgis|timescaledb|cockroachdb|mysql|mariadb|sqlite|mssql|oracle)(?:\+\w+)?$")
_DRIVER_NAMES = re.compile(rb"'(postgresql|mysql|mariadb|sqlite|mssql|oracle)\+\w+(?:'|:)")
_DRIVEN = (b"sql+", b"adb+", b"ite+", b"cle+")
"""What each of those names ends with, looked for first."""
_CONTAINERS = re.compile(rb"\b(?:library/|bitnami/|timescale/|pgvector/)?(postgres(?:ql)?|postgis|timescaledb|pgvector|mysql|mariadb)(?::[\w.$-]+|\b)")
_PRODUCTS = {b"postgis": Dialect.POSTGRESQL, b"pgvector": Dialect.POSTGRESQL, b"spatialite": Dialect.SQLITE}
_DRIVERS = {
    "psycopg2": Dialect.POSTGRESQL,
    "psycopg": Dialect.POSTGRESQL,
    "psycopg_pool": Dialect.POSTGRESQL,
    "asyncpg": Dialect.POSTGRESQL,
    "aiopg": Dialect.POSTGRESQL,
    "pg8000": Dialect.POSTGRESQL,
    "pgvector": Dialect.POSTGRESQL,
    "psqlextra": Dialect.POSTGRESQL,
    "MySQLdb": Dialect.MYSQL,
    "pymysql": Dialect.MYSQL,
    "aiomysql": Dialect.MYSQL,
    "asyncmy": Dialect.MYSQL,
    "mysql": Dialect.MYSQL,
    "sqlite3": Dialect.SQLITE,
    "aiosqlite": Dialect.SQLITE,
    "cx_Oracle": Dialect.ORACLE,
    "oracledb": Dialect.ORACLE,
    "pyodbc": Dialect.MSSQL,
    "pymssql": Dialect.MSSQL,
}
_OF_PRODUCT = {
    "django.contrib.postgres": Dialect.POSTGRESQL,
    "sqlalchemy.dialects.postgresql": Dialect.POSTGRESQL,
    "sqlalchemy.dialects.mysql": Dialect.MYSQL,
    "django_mysql": Dialect.MYSQL,
}
_ENOUGH = 3


def product(project: Project) -> tuple[Dialect, bool]:
    """The product, and whether anything tells; PostgreSQL if nothing does."""
    if project.database.dialect:
        return Dialect(project.database.dialect), True
    spoken = project.product_points
    servers = {dialect: count for dialect, count in spoken.items() if dialect is not Dialect.SQLITE}
    best = max(servers, key=lambda dialect: (servers[dialect], dialect is Dialect.POSTGRESQL), default=None)
    if best is not None and (servers[best] >= _ENOUGH or not spoken[Dialect.SQLITE]):
        return best, True
    return (Dialect.SQLITE, True) if spoken[Dialect.SQLITE] else (Dialect.POSTGRESQL, False)


def products(project: Project) -> frozenset[Dialect]:
    """All products that anything speaks for: the program may run on several."""
    if project.database.dialect:
        return frozenset({Dialect(project.database.dialect)})
    written = (bytes(module.facts.bodies) for module in project.modules.values() if module.role in _ROLES)
    urls = (bodies for bodies in written if any(end in bodies for end in _DRIVEN))
    return frozenset({*project.product_points, *(_meant(name) for bodies in urls for name in _DRIVER_NAMES.findall(bodies))})


def points(project: Project) -> Counter[Dialect]:
    """How much speaks for each product."""
    found: Counter[Dialect] = Counter()
    _of_modules(project, found)
    _of_manifests(project, found)
    _of_declarations(project, found)
    return found


def engines(project: Project) -> frozenset[Dialect]:
    """The products that Django's settings name, each of which migrations must run on; those of tests left out."""
    modules = (module for module in project.modules.values() if module.role in _ROLES and b".backend" in bytes(module.facts.bodies))
    return frozenset(_meant(name) for module in modules for name in _ENGINES.findall(bytes(module.facts.bodies)))


def _of_modules(project: Project, points: Counter[Dialect]) -> None:
    """Engines, URLs and drivers; each counts once for all modules, a second time where several name it."""
    found: Counter[tuple[str, Dialect]] = Counter()
    for path, module in project.modules.items():
        if module.role not in _ROLES:
            continue
        settings = module.role is Role.SETTINGS or "settings" in path or "config" in path
        bodies = bytes(module.facts.bodies)
        if b".backend" in bodies:
            for name in set(_ENGINES.findall(bodies)):
                found["engine" if settings else "mentioned", _meant(name)] += 1
        for name in _schemes(bodies) | _class_schemes(module):
            found["url" if settings else "mentioned", _meant(name)] += 1
        for entry in module.facts.imports:
            if (dialect := _DRIVERS.get(entry.module.partition(".")[0])) is not None:
                found["driver", dialect] += 1
            elif entry.module.startswith(("django.contrib.postgres", "sqlalchemy.dialects", "django_mysql")):
                for prefix, of in _OF_PRODUCT.items():
                    if f"{entry.module}.{entry.member}.".startswith(f"{prefix}."):
                        found["own", of] += 1
    weights = {"engine": 8, "url": 5, "mentioned": 2, "driver": 4, "own": 6}
    for (kind, dialect), count in found.items():
        points[dialect] += weights[kind] + min(count - 1, 3)


def _class_schemes(module: SourceModule) -> set[bytes]:
    """Those in the attributes of classes, which stand in no body."""
    values = [attribute.value for one in module.classes if one.attributes for attribute in one.attributes if "://" in attribute.value]
    return _schemes(" ".join(values).encode()) if values else set()


def _schemes(text: bytes) -> set[bytes]:
    """The database schemes of the URLs in a text."""
    if b"://" not in text:
        return set()
    found = (_SCHEME.search(piece[-40:]) for piece in text.split(b"://")[:-1])
    return {match.group(1) for match in found if match is not None}


def _meant(name: bytes) -> Dialect:
    return _PRODUCTS.get(name) or named(name.decode()) or Dialect.POSTGRESQL


def _of_manifests(project: Project, points: Counter[Dialect]) -> None:
    """Containers and URLs of deployment files."""
    found: set[Dialect] = set()
    for facts in project.manifests.values():
        data = bytes(facts)
        found.update(_meant(name) for name in {*_CONTAINERS.findall(data), *_schemes(data)})
    for dialect in found:
        points[dialect] += 4


def _of_declarations(project: Project, points: Counter[Dialect]) -> None:
    """The dialects of SQL files, the commonest first."""
    written = Counter(facts.dialect for facts in project.sql_files.values() if facts.dialect)
    for dialect, count in written.items():
        points[Dialect(dialect)] += 3 if count == max(written.values()) else 1
