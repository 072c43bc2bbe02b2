"""The market's tables in a real PostgreSQL, with enough rows for the planner to care."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

from queries_sqlalchemy.market_project import FOLDER

if TYPE_CHECKING:
    import psycopg

ROWS = 50_000
CREATE = """
import sys; sys.path.insert(0, "..")
from market.models import metadata
printed = []
from sqlalchemy import create_mock_engine
engine = create_mock_engine("postgresql+psycopg://", lambda sql, *a, **k: printed.append(str(sql.compile(dialect=engine.dialect))))
metadata.create_all(engine, checkfirst=False)
print(";\\n".join(printed))
"""
FILL = (
    "INSERT INTO team (id, slug, title) SELECT i, 'team' || i, 'Team ' || i FROM generate_series(1, {rows}) i",
    "INSERT INTO account (id, email, first_name, last_name, city, active, age, referrer_id, settings, extra, labels, token, nick_name, created_at, updated_at) "
    "SELECT i, 'account' || i || '@example.org', 'First' || i, 'Last' || i, 'City ' || (i % 3000), i % 10 <> 0, i % 500, nullif((i * 7) % {rows}, 0) , "
    "jsonb_build_object('theme', 't' || (i % 2000), 'n', i % 2000), json_build_object('theme', 't' || (i % 2000), 'n', i % 2000), "
    "ARRAY['l' || (i % 2000)], gen_random_uuid(), 'nick' || i, now() - (i || ' minutes')::interval, "
    "now() - (i || CASE WHEN i % 2 = 0 THEN ' minutes' ELSE ' hours' END)::interval FROM generate_series(1, {rows}) i",
    "INSERT INTO membership SELECT i, (i * 13) % {rows} + 1 FROM generate_series(1, {rows}) i",
    "INSERT INTO address (id, account_id, street, zip) SELECT i, i, 'Street ' || i, 'Z' || (i % 4000) FROM generate_series(1, {rows}) i",
    "INSERT INTO orders (id, number, account_id, billing_id, status, total, placed_at, closed_at, note) "
    "SELECT i, 'N' || i, (i * 3) % {rows} + 1, i, (ARRAY['NEW','PAID','SENT'])[1 + i % 3], i % 900, timestamp '2024-01-01' + (i || ' minutes')::interval, "
    "CASE WHEN i % 2 = 0 THEN now() END, 'note ' || i FROM generate_series(1, {rows}) i",
    "INSERT INTO category (id, name, parent_id) SELECT i, 'Category ' || i, nullif(i / 2, 0) FROM generate_series(1, {rows}) i",
    "INSERT INTO product (id, sku, name, category_id, price, stock) SELECT i, 'S' || i, 'Product ' || i, (i * 5) % {rows} + 1, (i % 100000) / 60.0, i % 5000 "
    "FROM generate_series(1, {rows}) i",
    "INSERT INTO item (order_id, line, product_id, quantity) SELECT (i % {rows}) + 1, 1 + i / {rows}, (i * 11) % {rows} + 1, i % 9 "
    "FROM generate_series(1, {rows}) i",
    "INSERT INTO person (id, kind, name, phone) SELECT i, 'seller', 'Person ' || i, 'phone' || i FROM generate_series(1, {rows}) i",
    "INSERT INTO seller (id, region, license) SELECT i, 'Region ' || (i % 3000), 'license' || i FROM generate_series(1, {rows}) i",
    "INSERT INTO audit (id, actor, subject, at) SELECT i, 'actor' || (i % 3000), 'subject' || (i % 4000), timestamp '2024-01-01' + (i || ' minutes')::interval "
    "FROM generate_series(1, {rows}) i",
)


def fill(connection: psycopg.Connection[Any]) -> None:
    """Create the market's tables and put rows in."""
    done = subprocess.run([sys.executable, "-c", CREATE], cwd=FOLDER, capture_output=True, text=True, timeout=120, check=True)
    connection.execute("SET session_replication_role = replica")
    for statement in done.stdout.split(";\n"):
        if statement.strip():
            connection.execute(statement)  # type: ignore[arg-type]
    for statement in FILL:
        connection.execute(statement.format(rows=ROWS))  # type: ignore[arg-type]
    connection.execute("VACUUM ANALYZE")
