"""Rows for the tables of the small shop: enough that the planner prefers an index where one serves."""

from __future__ import annotations

from typing import Any

import psycopg

_BOOKS, _AUTHORS = 60_000, 30_000
STATEMENTS = (
    "SET session_replication_role = replica",
    "INSERT INTO shop_country (code, name) SELECT chr(97 + i / 26) || chr(97 + i % 26), 'Country ' || i FROM generate_series(0, 675) AS i",
    """INSERT INTO shop_publisher (name, country_id, founded, site)
       SELECT 'Publisher ' || i, chr(97 + i % 100 / 26) || chr(97 + i % 100 % 26), date '1900-01-01' + i, '' FROM generate_series(1, 20000) AS i""",
    f"""INSERT INTO shop_author (first_name, last_name, email, country_id, mentor_id, born, active)
       SELECT 'First ' || i % 5000, 'Last ' || i % 7000, 'a' || i || '@example.com', chr(97 + i % 100 / 26) || chr(97 + i % 100 % 26),
       CASE WHEN i % 3 = 0 THEN NULL ELSE 1 + i * 7 % {_AUTHORS} END, date '1950-01-01' + i % 20000, i % 50 <> 0 FROM generate_series(1, {_AUTHORS}) AS i""",
    f"""INSERT INTO shop_book (title, isbn, slug, author_id, editor_id, publisher_id, status, price, pages, published, created, updated, featured, data,
       keywords, search, summary, token) SELECT 'Title ' || i, 'isbn' || i, 'slug-' || i, 1 + i % {_AUTHORS}, 1 + i * 11 % {_AUTHORS},
       CASE WHEN i % 1000 = 0 THEN NULL ELSE 1 + i % 20000 END,
       CASE WHEN i % 100 = 0 THEN 'draft' WHEN i % 97 = 0 THEN 'gone' ELSE 'live' END, (i % 9000) / 10.0,
       i % 30000, CASE WHEN i % 500 = 0 THEN NULL ELSE date '1960-01-01' + i % 22000 END, timestamptz '2000-01-01' + i * interval '4 hours',
       CASE WHEN i % 300 = 0 THEN NULL ELSE timestamptz '2001-01-01' + i * interval '4 hours' END, i % 200 = 0,
       jsonb_build_object('kind', 'k' || i, 'n', i), ARRAY['w' || i, 'v' || i % 3000], to_tsvector('word' || i), 'Summary ' || i,
       md5(i::text)::uuid FROM generate_series(1, {_BOOKS}) AS i""",
    "INSERT INTO shop_tag (name, weight) SELECT 'tag-' || i, i % 10 FROM generate_series(1, 20000) AS i",
    f"INSERT INTO shop_book_tags (book_id, tag_id) SELECT 1 + i % {_BOOKS}, 1 + i % 20000 FROM generate_series(1, 120000) AS i ON CONFLICT DO NOTHING",
    f"""INSERT INTO shop_review (book_id, author_id, rating, text, made, approved) SELECT 1 + i % {_BOOKS}, 1 + i * 13 % {_AUTHORS}, i % 1000, 'text ' || i,
       timestamptz '2010-01-01' + i * interval '1 hour', CASE WHEN i % 400 = 0 THEN NULL ELSE i % 2 = 0 END FROM generate_series(1, 60000) AS i
       ON CONFLICT DO NOTHING""",
    "INSERT INTO shop_place (name, city) SELECT 'Place ' || i, 'City ' || i % 9000 FROM generate_series(1, 30000) AS i",
    f"INSERT INTO shop_store (place_ptr_id, phone, manager_id) SELECT i, 'phone ' || i, i FROM generate_series(1, 30000) AS i WHERE i <= {_AUTHORS}",
    f"INSERT INTO shop_stock (store_id, book_id, amount, counted) SELECT 1 + i % 30000, 1 + i % {_BOOKS}, i % 20000, NULL FROM generate_series(1, 60000) AS i",
    f"INSERT INTO shop_note (content_type_id, object_id, body) SELECT 1 + i % 200, 1 + i % {_BOOKS}, 'body ' || i FROM generate_series(1, 60000) AS i",
    f"INSERT INTO shop_profile (author_id, nick, town) SELECT i, 'nick ' || i, 'town ' || i FROM generate_series(1, {_AUTHORS}) AS i",
    "INSERT INTO django_content_type (app_label, model) SELECT 'app' || i, 'model' FROM generate_series(1, 300) AS i",
    "ANALYZE",
)


def fill(connection: psycopg.Connection[Any]) -> None:
    """Fill the tables and count what is in them."""
    for statement in STATEMENTS:
        connection.execute(statement.encode())
