"""Processes times pools against what the database allows: each source of either side, and nothing where a file does not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import read_model
from backend_lint.facts.performance import LoadReport, Measurements, Targets
from backend_lint.project import Project
from backend_lint.project.performance.databases import Demand

ENGINE = "from sqlalchemy import create_engine\n\nengine = create_engine('postgresql://db/shop'{options})\n"
LOOP = "services:\n  api:\n    build: .\n    command: uvicorn app:app --workers 4\n"
DATABASE = "  db:\n    image: postgres:16\n    command: postgres -c shared_buffers=1GB -c max_connections=50\n"


def project(root: Path, files: dict[str, str]) -> Project:
    for name, text in {"app.py": ENGINE.format(options=""), **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    made, _ = read_model(Settings(root=root, cache=False, jobs=1))
    made.measurements = Measurements(targets=Targets(asked=("connections",)))
    return made


def demand(root: Path, files: dict[str, str]) -> Demand | None:
    return project(root, files).performance.demand


@pytest.mark.parametrize(
    ("code", "each"),
    [
        (ENGINE.format(options=""), 15),
        (ENGINE.format(options=", pool_size=2"), 12),
        (ENGINE.format(options=", pool_size=2, max_overflow=0"), 2),
        ("import os\n" + ENGINE.format(options=", pool_size=int(os.environ.get('POOL', '7')), max_overflow=3"), 10),
        (ENGINE.format(options=", pool_size=0"), None),
        (ENGINE.format(options=", max_overflow=-1"), None),
        (ENGINE.format(options=", pool_size=settings.pool"), None),
        (ENGINE.format(options=", **options"), None),
        ("from sqlalchemy.pool import NullPool\n" + ENGINE.format(options=", poolclass=NullPool"), None),
        ("from sqlalchemy import create_engine\n\nengine = create_engine('sqlite:///shop.db', pool_size=9)\n", None),
        ("import asyncpg\n\n\nasync def start():\n    return await asyncpg.create_pool('postgresql://db', max_size=30)\n", 30),
        ("import asyncpg\n\n\nasync def start():\n    return await asyncpg.create_pool('postgresql://db')\n", 10),
        ("from psycopg_pool import AsyncConnectionPool\n\npool = AsyncConnectionPool('postgresql://db', min_size=6)\n", 6),
        ("from psycopg_pool import ConnectionPool\n\npool = ConnectionPool('postgresql://db', min_size=2, max_size=8)\n", 8),
        ("from psycopg2.pool import ThreadedConnectionPool\n\npool = ThreadedConnectionPool(1, 25, 'postgresql://db')\n", 25),
        ("from flask_sqlalchemy import SQLAlchemy\n\ndb = SQLAlchemy(engine_options={'pool_size': 3, 'max_overflow': 4})\n", 7),
        ("from flask_sqlalchemy import SQLAlchemy\n\ndb = SQLAlchemy()\n\n\nclass Config:\n    SQLALCHEMY_ENGINE_OPTIONS = {'pool_size': 6}\n", 16),
        ("from flask_sqlalchemy import SQLAlchemy\n\ndb = SQLAlchemy()\n\n\nclass Config:\n    SQLALCHEMY_POOL_SIZE = 6\n", None),
        ("DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'OPTIONS': {'pool': {'max_size': 12}}}}\n", 12),
        ("DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'OPTIONS': {'pool': True}}}\n", 4),
        ("DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\n", None),
        ("DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\n", None),
    ],
)
def test_what_a_process_on_an_event_loop_opens(tmp_path: Path, code: str, each: int | None) -> None:
    found = demand(tmp_path, {"app.py": code, "compose.yaml": LOOP + DATABASE})
    assert (found.each if found is not None else None) == each
    if found is not None:
        assert found.number == 4 * found.each


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("gunicorn app:app -w 6", 6),
        ("gunicorn app:app -w 6 --threads 8", 48),
        ("gunicorn app:app -w 6 -k gthread --threads 100", 90),
        ("gunicorn app:app -w 6 -k gevent", 90),
        ("gunicorn app:app -w 6 -k uvicorn.workers.UvicornWorker", 90),
        ("gunicorn app:app -w $WORKERS", None),
        ("uvicorn app:app --limit-concurrency 5", 5),
        ("uwsgi --http :80 --module app --processes 4 --threads 2", 8),
        ("waitress-serve app:app", 4),
    ],
)
def test_a_pool_is_filled_by_requests_at_the_same_time(tmp_path: Path, command: str, number: int | None) -> None:
    found = demand(tmp_path, {"Dockerfile": f"FROM python:3.12\nCMD {command}\n"})
    assert (found.number if found is not None else None) == number


def test_django_holds_one_connection_a_thread(tmp_path: Path) -> None:
    settings = "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'CONN_MAX_AGE': 60}}\n"
    found = demand(tmp_path, {"app.py": "", "shop/settings.py": settings, "Procfile": "web: gunicorn shop.wsgi -w 5 --threads 4\n"})
    assert found is not None
    assert (found.number, found.pool.path, found.limit) == (20, "shop/settings.py", None)


CLUSTER = "apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: db\nspec:\n{spec}"
PATRONI = "  patroni:\n    dynamicConfiguration:\n      postgresql:\n        parameters:\n          max_connections: 66\n"
FLAG = 'resource "google_sql_database_instance" "db" {\n  settings {\n'
FLAG += '    database_flags {\n      name  = "max_connections"\n      value = "66"\n    }\n  }\n}\n'
GROUP = 'resource "aws_db_parameter_group" "db" {\n  parameter {\n    name = "work_mem"\n    value = "9"\n  }\n'
GROUP += '  parameter {\n    name = "max_connections"\n    value = "66"\n  }\n}\n'
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: postgres\ndata:\n  postgresql.conf: |\n    listen_addresses = '*'\n    max_connections = 66\n"
PERCONA = "  mysql:\n    configuration: |\n      [mysqld]\n      max_connections=66\n"


@pytest.mark.parametrize(
    ("path", "text", "place"),
    [
        ("db/postgresql.conf", "# max_connections = 900\nmax_connections = 900\nmax_connections = 66 # as on the machine\n", 3),
        ("db/my.cnf", "[mysqld]\nmax-connections=66\n", 2),
        ("compose.yaml", LOOP + "  db:\n    image: postgres:16\n    command: -N 66\n", 7),
        ("compose.yaml", LOOP + "  db:\n    image: mysql:8\n    command: ['mysqld', '--max-connections=66']\n", 7),
        ("compose.yaml", LOOP + "  db:\n    image: bitnami/postgresql:16\n    environment:\n      POSTGRESQL_MAX_CONNECTIONS: 66\n", 8),
        ("chart/values.yaml", "postgresql:\n  primary:\n    extendedConfiguration: |\n      shared_buffers = 1GB\n      max_connections = 66\n", 5),
        ("chart/values.yaml", "postgresql:\n  postgresqlMaxConnections: 66\n", 2),
        ("k8s/db.yaml", CLUSTER.format(api="postgresql.cnpg.io/v1", kind="Cluster", spec="  postgresql:\n    parameters:\n      max_connections: '66'\n"), 8),
        ("k8s/db.yaml", CLUSTER.format(api="acid.zalan.do/v1", kind="postgresql", spec="  postgresql:\n    parameters:\n      max_connections: '66'\n"), 8),
        ("k8s/db.yaml", CLUSTER.format(api="postgres-operator.crunchydata.com/v1beta1", kind="PostgresCluster", spec=PATRONI), 10),
        ("k8s/db.yaml", CLUSTER.format(api="ps.percona.com/v1", kind="PerconaServerMySQL", spec=PERCONA), 9),
        ("k8s/db.yaml", MAP, 8),
        ("infra/db.tf", FLAG, 5),
        ("infra/db.tf", GROUP, 8),
    ],
)
def test_what_the_database_allows(tmp_path: Path, path: str, text: str, place: int) -> None:
    found = demand(tmp_path, {"compose.yaml": LOOP, path: text})
    assert found is not None
    assert found.limit is not None, "no limit was read"
    assert (found.limit.number, found.limit.path, found.limit.line) == (66, path, place)


@pytest.mark.parametrize(
    "service",
    [
        "    build: ./db\n",
        "    image: postgres:16\n    volumes:\n      - ./db/server.conf:/etc/postgresql.conf\n",
        "    image: postgres:16\n    volumes:\n      - ./tune.sql:/docker-entrypoint-initdb.d/tune.sql\n",
        "    image: postgres:16\n    command: postgres -c max_connections=${MOST}\n",
        "    image: timescale/timescaledb:latest-pg16\n",
        "    image: redis:7\n",
    ],
)
def test_what_is_not_known_allows_and_forbids_nothing(tmp_path: Path, service: str) -> None:
    found = demand(tmp_path, {"compose.yaml": f"{LOOP}  db:\n{service}"})
    assert found is not None
    assert found.limit is None


def test_default_of_a_server_that_nothing_configures(tmp_path: Path) -> None:
    database = "  db:\n    image: postgres:16-alpine\n    volumes:\n      - pgdata:/var/lib/postgresql/data\n"
    found = demand(tmp_path, {"compose.yaml": LOOP.replace("4", "7") + database})
    assert found is not None
    assert found.limit is not None
    assert (found.number, found.limit.number, found.exceeds, found.fits) == (105, 100, True, 14)


POOLER = "  pool:\n    image: edoburu/pgbouncer:1.22\n    environment:\n      DEFAULT_POOL_SIZE: {servers}\n{more}"


def test_a_pooler_in_between_is_what_the_processes_meet(tmp_path: Path) -> None:
    found = demand(tmp_path / "unknown", {"compose.yaml": LOOP + DATABASE + POOLER.format(servers=20, more="")})
    assert found is not None
    assert found.limit is None, "without max_client_conn in the file nothing is known of what the pooler lets in"
    found = demand(tmp_path / "known", {"compose.yaml": LOOP + DATABASE + POOLER.format(servers=20, more="      MAX_CLIENT_CONN: 40\n")})
    assert found is not None
    assert found.limit is not None
    assert (found.limit.number, found.exceeds) == (40, True)
    overflow = project(tmp_path / "wide", {"compose.yaml": LOOP + DATABASE + POOLER.format(servers=80, more="")}).performance.pooler_overflow
    assert overflow is not None
    assert (overflow[0].number, overflow[1].number) == (80, 50)
    bounded = POOLER.format(servers=80, more="      MAX_DB_CONNECTIONS: 45\n")
    assert project(tmp_path / "bounded", {"compose.yaml": LOOP + DATABASE + bounded}).performance.pooler_overflow is None


def test_condition_says_both_sides(tmp_path: Path) -> None:
    made = project(tmp_path, {"compose.yaml": LOOP + DATABASE})
    made.measurements = Measurements(loads=(LoadReport("load.json", "k6", users=12_000),), targets=Targets(asked=("connections",)))
    (condition,) = made.performance.verdicts
    assert (condition.status, condition.measured) == ("failed", 12_000.0)
    assert condition.reason == (
        "the database refuses connections before: compose.yaml:4, app.py:3, compose.yaml:7: 4 processes open up to 15 database connections each "
        "(pool_size 5 + max_overflow 10, its defaults), 60 in all; max_connections of the database allows 50"
    )
