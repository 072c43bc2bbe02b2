from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Place, ProjectRule, Role
from backend_lint.project import Project


class PoolBudgetExceeded(ProjectRule):
    """The processes of a service open more connections than its database allows.

    ## What it does

    Multiplies what each process opens at most (the pools of SQLAlchemy, Flask-SQLAlchemy, asyncpg, psycopg, psycopg2, aiopg, aiomysql; one connection a thread
    in Django) with workers and copies, as Dockerfiles, Compose files, Kubernetes manifests and Procfiles start them, and compares it with `max_connections` of
    the database: `postgresql.conf`, `my.cnf`, command lines, charts, operators' objects, Terraform, variables of images, or PostgreSQL's default where a
    Compose file starts the official image and nothing configures it. With PgBouncer in between, its `max_client_conn` is what the processes meet, and its own
    pools what the database meets. A sync worker fills one place of its pool, a threaded one as many as it has threads. What is not known is not guessed.

    ## Why is this bad

    Pools are filled under load, and not before: then PostgreSQL answers `FATAL: sorry, too many clients already`, and the requests that would have waited for a
    connection fail, together with migrations and whoever wants to look what is wrong.

    ## Example

    ```python
    # path: shop/main.py
    from fastapi import FastAPI
    from sqlalchemy.ext.asyncio import create_async_engine

    app = FastAPI()
    engine = create_async_engine("postgresql+asyncpg://db/shop", pool_size=20, max_overflow=10)
    ```

    ```yaml
    # path: compose.yaml
    services:
      api:
        build: .
        command: uvicorn shop.main:app --workers 4
        restart: always
        deploy:
          replicas: 2
      db:
        image: postgres:16
        command: postgres -c max_connections=200
    ```

    ## Use instead

    ```python
    # path: shop/main.py
    from fastapi import FastAPI
    from sqlalchemy.ext.asyncio import create_async_engine

    app = FastAPI()
    engine = create_async_engine("postgresql+asyncpg://db/shop", pool_size=15, max_overflow=5)
    ```

    ```yaml
    # path: compose.yaml
    services:
      api:
        build: .
        command: uvicorn shop.main:app --workers 4
        restart: always
        deploy:
          replicas: 2
      db:
        image: postgres:16
        command: postgres -c max_connections=200
    ```

    ## When this is wrong

    Where the service uses another database than the one whose settings are in the project, or reaches it through a pooler that no file mentions.

    ## References

    - [PostgreSQL: max_connections](https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-MAX-CONNECTIONS)
    - [SQLAlchemy: pool_size and max_overflow](https://docs.sqlalchemy.org/en/20/core/pooling.html#sqlalchemy.pool.QueuePool)
    - [PgBouncer: max_client_conn and default_pool_size](https://www.pgbouncer.org/config.html)
    """

    severity, precision, since = "warning", "high", "0.1"
    automatic = True
    profile = "strict"
    tags = ("performance", "availability")
    roles = frozenset({Role.APPLICATION, Role.COMMAND, Role.SETTINGS, Role.SCRIPT})

    def check(self, project: Project) -> Iterator[Finding]:
        if not project.manifests:
            return
        demand = project.performance.demand
        if demand is not None and demand.exceeds:
            cure = f"let each open {demand.fits} at most" if demand.fits else "put a pooler in between"
            yield self.finding(demand.holder.path, Place.at(demand.holder.line), f"{demand.text}; {cure}", evidence=demand.evidence())
        if (overflow := project.performance.pooler_overflow) is not None:
            opened, allowed = overflow
            message = f"{opened.what} {opened.number:,} connections for each user and database, but {allowed.what} {allowed.number:,}; open fewer"
            yield self.finding(opened.path, Place.at(opened.line), message, evidence=(allowed.evidence(),))
