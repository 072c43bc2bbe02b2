"""The connections that the servers of a project open to their database, beside those that the database or the pooler in front of it allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Evidence
from backend_lint.duration import digits, whole
from backend_lint.facts.deployment import Manifest
from backend_lint.project.performance.pools import Pool, pools

if TYPE_CHECKING:
    from backend_lint.facts.deployment import Process
    from backend_lint.project import Project
    from backend_lint.project.performance.capacity import Capacity, Holder

_POOLERS = ("pgbouncer", "pgcat", "pgpool", "odyssey", "supavisor", "rds-proxy", "proxysql", "pgdog")
_ENVIRONMENT = {"POSTGRESQL_MAX_CONNECTIONS": "max-connections", "MYSQL_MAX_CONNECTIONS": "max-connections", "MARIADB_MAX_CONNECTIONS": "max-connections"}
"""Variables that images of databases read, those of Bitnami and of software collections."""
_POOLER_ENVIRONMENT = {
    "MAX_CLIENT_CONN": "pooler-clients",
    "DEFAULT_POOL_SIZE": "pooler-servers",
    "MAX_DB_CONNECTIONS": "pooler-database",
}
_SERVERS = ("postgres", "postgis", "timescaledb", "mysqld", "mysql", "mariadbd", "mariadb")


class Limit(msgspec.Struct, frozen=True):
    """A number of connections that something allows. `what` says who."""

    number: int
    what: str
    path: str
    line: int

    def evidence(self) -> Evidence:
        return Evidence(self.path, self.line, f"{self.what} {self.number:,} connections")


class Demand(msgspec.Struct, frozen=True):
    """What all processes of a server open at most, and what they are allowed; `limit` None if no file says."""

    holder: Holder
    pool: Pool
    each: int
    number: int
    limit: Limit | None

    @property
    def exceeds(self) -> bool:
        return self.limit is not None and self.number > self.limit.number

    @property
    def text(self) -> str:
        """Both sides in one sentence."""
        processes = self.holder.processes or 1
        said = f"{processes} processes open up to {self.each} database connections each ({self.pool.text}), {self.number:,} in all"
        return f"{said}; {self.limit.what} {self.limit.number:,}" if self.limit is not None else said

    @property
    def fits(self) -> int:
        """How many each process may open so that all of them are let in, 0 if there are too many processes."""
        return self.limit.number // (self.holder.processes or 1) if self.limit is not None else self.each

    def evidence(self) -> tuple[Evidence, ...]:
        place = Evidence(self.pool.path, self.pool.line, self.pool.text)
        return (place, *self.holder.evidence, *((self.limit.evidence(),) if self.limit is not None else ()))


def demand(project: Project, capacity: Capacity, holders: Iterable[Holder]) -> Demand | None:
    """What the servers open; of several ways to start them the one that opens least, and of several pools the smallest: one of them is surely used.

    None if the number of processes, or the size of a pool, is not known.
    """
    made: list[Demand] = []
    found: list[Pool] | None = None
    for holder in holders:
        if holder.processes is None:
            continue
        found = pools(project, capacity.quantities) if found is None else found
        sizes = [(_each(pool, holder), pool) for pool in found]
        known = [(each, pool) for each, pool in sizes if each is not None]
        if known and len(known) == len(sizes):
            each, pool = min(known, key=lambda one: one[0])
            made.append(Demand(holder, pool, each, each * holder.processes, limit_of(capacity.manifests, holder.path)))
    return min(made, key=lambda one: one.number, default=None)


def _each(pool: Pool, holder: Holder) -> int | None:
    """A pool is filled by requests that are answered at the same time: a sync worker takes one connection of the largest."""
    if pool.most is None:
        return holder.parallel
    return pool.most if holder.parallel is None else min(pool.most, holder.parallel)


def limit_of(manifests: dict[str, Manifest], near: str) -> Limit | None:
    """What the database allows, or the pooler in front of it, where there is one; the most of several, those of the file that starts the server first."""
    pooled = any(_is_pooler(manifest) for manifest in manifests.values())
    found = [limit for path, manifest in manifests.items() for limit in _limits(path, manifest, pooled=pooled)]
    own = [limit for limit in found if limit.path == near]
    return max(own or found, key=lambda one: one.number, default=None)


def pooler_overflow(manifests: dict[str, Manifest]) -> tuple[Limit, Limit] | None:
    """What a pooler opens to one database for one user, and what the database allows, where that is less."""
    servers = [limit for path, manifest in manifests.items() for limit in _pooler(path, manifest, "pooler-database", "pooler-servers")]
    allowed = [limit for path, manifest in manifests.items() for limit in _limits(path, manifest, pooled=False)]
    if not servers or not allowed:
        return None
    opened, most = min(servers, key=lambda one: one.number), max(allowed, key=lambda one: one.number)
    return (opened, most) if opened.number > most.number else None


def _is_pooler(manifest: Manifest) -> bool:
    if manifest.form == "pgbouncer":
        return True
    names = [*(workload.image for workload in manifest.workloads), *(process.program for process in manifest.processes)]
    return any(pooler in name.lower() for name in names for pooler in _POOLERS)


def _limits(path: str, manifest: Manifest, *, pooled: bool) -> Iterator[Limit]:
    if pooled:
        yield from _pooler(path, manifest, "pooler-clients")
        return
    for quota in manifest.quotas:
        if quota.kind == "max-connections":
            what = "PostgreSQL's default, which nothing changes, allows" if quota.assumed else "max_connections of the database allows"
            yield Limit(quota.number, what, path, quota.line)
    for variable in manifest.variables:
        if variable.name in _ENVIRONMENT and (number := whole(variable.value)):
            yield Limit(number, f"{variable.name} allows", path, variable.line)
    for process in manifest.processes:
        if number := _of_command(process):
            yield Limit(number, "max_connections of the database allows", path, process.line)


def _of_command(process: Process) -> int | None:
    """``postgres -c max_connections=200``, ``postgres -N 200``, ``mysqld --max-connections=200``."""
    is_server = any(word.rpartition("/")[2] in _SERVERS for word in process.command.split()[:3]) or process.program in _SERVERS
    found = None
    for name, value in process.options:
        if name == "c" and value.startswith("max_connections="):
            found = digits(value.partition("=")[2])
        elif is_server and name in ("max-connections", "N"):
            found = digits(value)
    return found


def _pooler(path: str, manifest: Manifest, *kinds: str) -> Iterator[Limit]:
    """The first of these limits of a pooler that the file has."""
    said = {"pooler-clients": "PgBouncer's max_client_conn allows", "pooler-servers": "PgBouncer's default_pool_size opens"}
    for kind in kinds:
        what = said.get(kind, "PgBouncer's max_db_connections opens")
        found = [Limit(quota.number, what, path, quota.line) for quota in manifest.quotas if quota.kind == kind]
        units = {workload.name for workload in manifest.workloads if "pgbouncer" in workload.image.lower()}
        for variable in manifest.variables:
            name = variable.name.removeprefix("PGBOUNCER_")
            if _POOLER_ENVIRONMENT.get(name) == kind and variable.unit.partition("/")[0] in units and (number := whole(variable.value)):
                found.append(Limit(number, what, path, variable.line))
        if found:
            yield from found
            return
