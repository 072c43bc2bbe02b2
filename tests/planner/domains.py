"""Schemas and queries as applications have them: a shop, a forum, a helpdesk, a stream of events. Written by hand, varied by a seed.

They share nothing with `schemas` and `questions` but the way rows are made, so that what agrees there must agree here too.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from planner.questions import Question, literal

PLACE = re.compile(r"\{(\w+)\.(\w+)(?::(\w+))?\}")
ROWS = 50_000


@dataclass(frozen=True)
class Domain:
    """`tables`: CREATE TABLE by name; `fill`: the SELECT list for row ``i``; `always` and `sometimes`: CREATE INDEX statements; `queries`: statements with
    ``{table.column}`` for a value that occurs, ``:low``/``:high`` for the ends of a narrow range, ``:recent`` for a late one, ``:begin`` and ``:part`` for
    the beginning and the middle of a word."""

    tables: Mapping[str, str]
    fill: Mapping[str, str]
    always: tuple[str, ...]
    sometimes: tuple[str, ...]
    queries: tuple[str, ...]
    types: tuple[str, ...] = ()

    def ddl(self, seed: int) -> str:
        """The schema with some of the indexes."""
        return ";\n".join([*self.types, *self.tables.values(), *self.indexes(seed)]) + ";"

    def indexes(self, seed: int) -> list[str]:
        rng = random.Random(seed)
        return [*self.always, *(index for index in self.sometimes if rng.random() < 0.55)]


def create(connection: psycopg.Connection[Any], domain: Domain, seed: int) -> None:
    """Tables, rows, indexes, statistics. References are not checked while rows come in."""
    connection.execute("SELECT setseed(0.31)")
    connection.execute("SET session_replication_role = replica")
    for statement in domain.types:
        connection.execute(statement)
    for name, statement in domain.tables.items():
        connection.execute(statement)
        connection.execute(f'INSERT INTO "{name}" SELECT {domain.fill[name]} FROM generate_series(1, {ROWS}) AS i')
    for statement in domain.indexes(seed):
        connection.execute(statement)
    for name in domain.tables:
        connection.execute(f'VACUUM ANALYZE "{name}"')


def questions(connection: psycopg.Connection[Any], domain: Domain, seed: int, times: int) -> Iterator[Question]:
    """Each query `times` times, with other values."""
    from psycopg.rows import dict_row

    rng = random.Random(seed)
    with connection.cursor(row_factory=dict_row) as cursor:
        samples = {name: cursor.execute(f'SELECT * FROM "{name}" ORDER BY md5(id::text) LIMIT 200').fetchall() for name in domain.tables}
    for _ in range(times):
        for number, template in enumerate(domain.queries):
            params: list[object] = []
            use_parameters = rng.random() < 0.6
            spans: dict[tuple[str, str], tuple[Any, Any]] = {}

            def fill(match: re.Match[str], params: list[object] = params, use: bool = use_parameters, spans: dict[Any, Any] = spans) -> str:
                value = _value(rng, samples, match, spans)
                if use:
                    params.append(value)
                    return "%s"
                return literal(value).replace("%", "%%")

            yield Question(PLACE.sub(fill, template), tuple(params), f"{number}")


def _value(rng: random.Random, samples: Mapping[str, list[dict[str, Any]]], match: re.Match[str], spans: dict[tuple[str, str], tuple[Any, Any]]) -> Any:
    table, column, mode = match.groups()
    values = [row[column] for row in samples[table] if row[column] is not None]
    if mode in ("low", "high"):
        key = (table, column)
        if key not in spans:
            ordered = sorted(values)
            start = rng.randrange(len(ordered) - 2)
            spans[key] = ordered[start], ordered[start + 1]
        return spans[key][mode == "high"]
    if mode == "recent":
        return sorted(values)[-2]
    value = rng.choice(values)
    if mode == "begin":
        return f"{str(value)[:6]}%"
    if mode == "part":
        return f"%{str(value)[2:8]}%"
    return value.lower() if mode == "lower" else value


SHOP = Domain(
    types=("CREATE TYPE order_state AS ENUM ('cart', 'placed', 'paid', 'shipped', 'returned')",),
    tables={
        "customer": "CREATE TABLE customer (id bigint PRIMARY KEY, email varchar(120) NOT NULL, full_name text NOT NULL, phone varchar(20), country char(2), "
        "newsletter boolean NOT NULL, referrer_id bigint, created_at timestamptz NOT NULL, notes text)",
        "product": "CREATE TABLE product (id bigint PRIMARY KEY, sku varchar(32) NOT NULL, title text NOT NULL, price numeric(10,2) NOT NULL, "
        "stock integer NOT NULL, "
        "active boolean NOT NULL, brand_id integer NOT NULL, attributes jsonb NOT NULL, tags text[] NOT NULL, discontinued_at timestamptz)",
        "orders": "CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customer (id), number varchar(20) NOT NULL, "
        "state order_state NOT NULL, "
        "total numeric(12,2) NOT NULL, coupon varchar(20), placed_at timestamptz NOT NULL, shipped_at timestamptz, remarks text)",
        "order_line": "CREATE TABLE order_line (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders (id), "
        "product_id bigint NOT NULL REFERENCES product (id), "
        "quantity integer NOT NULL, unit_price numeric(10,2) NOT NULL, serial_number varchar(40))",
    },
    fill={
        "customer": "i, 'User' || i || '@example' || i % 7 || '.com', md5(i::text) || ' ' || md5((i * 7)::text), "
        "CASE WHEN i % 3 = 0 THEN NULL ELSE '+49' || (i * 7919) END, "
        "(ARRAY['DE', 'FR', 'US', 'IT'])[1 + i % 4], random() < 0.3, CASE WHEN random() < 0.9 THEN NULL ELSE 1 + (random() * 49998)::int END, "
        "timestamptz '2019-01-01' + i * interval '37 minutes', repeat('n', 80)",
        "product": "i, 'SKU-' || upper(left(md5(i::text), 10)), md5((i + 5)::text), round((random() * 900)::numeric, 2), (random() * 500)::int, "
        "random() < 0.93, "
        "(random() * 700)::int, jsonb_build_object('ean', 'e' || i, 'color', (ARRAY['red', 'blue'])[1 + i % 2]), ARRAY['t' || (random() * 3000)::int, "
        "'u' || i % 900], "
        "CASE WHEN random() < 0.95 THEN NULL ELSE timestamptz '2022-01-01' + random() * interval '300 days' END",
        "orders": "i, 1 + (random() * 49998)::int, 'N' || lpad(i::text, 9, '0'), (ARRAY['cart', 'placed', 'paid', 'shipped', 'shipped', 'shipped', "
        "'shipped', 'returned'])"
        "[1 + (random() * 7.99)::int % 8]::order_state, round((random() * 900)::numeric, 2), "
        "CASE WHEN random() < 0.8 THEN NULL ELSE 'C' || (random() * 2000)::int END, "
        "timestamptz '2021-01-01' + i * interval '11 minutes', "
        "CASE WHEN random() < 0.5 THEN NULL ELSE timestamptz '2021-01-02' + i * interval '11 minutes' END, repeat('r', 60)",
        "order_line": "i, 1 + (random() * 49998)::int, 1 + (random() * 49998)::int, 1 + (random() * 5)::int, round((random() * 90)::numeric, 2), "
        "'S' || md5(i::text)",
    },
    always=("CREATE UNIQUE INDEX product_sku ON product (sku)", "CREATE INDEX line_order ON order_line (order_id)"),
    sometimes=(
        "CREATE UNIQUE INDEX customer_email_lower ON customer (lower(email))",
        "CREATE INDEX customer_email ON customer (email)",
        "CREATE INDEX customer_created ON customer (created_at DESC)",
        "CREATE INDEX customer_referrer ON customer (referrer_id) WHERE referrer_id IS NOT NULL",
        "CREATE INDEX customer_name ON customer (full_name text_pattern_ops)",
        "CREATE INDEX product_brand_price ON product (brand_id, price)",
        "CREATE INDEX product_tags ON product USING gin (tags)",
        "CREATE INDEX product_attributes ON product USING gin (attributes jsonb_path_ops)",
        "CREATE INDEX product_ean ON product ((attributes ->> 'ean'))",
        "CREATE INDEX product_price_active ON product (price) WHERE active",
        "CREATE INDEX orders_customer ON orders (customer_id, placed_at DESC)",
        "CREATE INDEX orders_placed ON orders (placed_at)",
        "CREATE INDEX orders_open ON orders (placed_at) WHERE state = 'placed'",
        "CREATE UNIQUE INDEX orders_number ON orders (number)",
        "CREATE INDEX line_product ON order_line (product_id)",
    ),
    queries=(
        "SELECT id, full_name FROM customer c WHERE c.email = {customer.email}",
        "SELECT id FROM customer c WHERE lower(c.email) = {customer.email:lower}",
        "SELECT id FROM customer c WHERE upper(c.email) = upper({customer.email})",
        "SELECT * FROM customer c WHERE c.phone = {customer.phone}",
        "SELECT * FROM customer c WHERE c.full_name LIKE {customer.full_name:begin}",
        "SELECT * FROM customer c WHERE c.full_name ILIKE {customer.full_name:part}",
        "SELECT * FROM customer c WHERE c.referrer_id = {customer.referrer_id}",
        "SELECT count(*) FROM customer c WHERE c.created_at >= {customer.created_at:low} AND c.created_at < {customer.created_at:high}",
        "SELECT count(*) FROM customer c WHERE c.created_at > {customer.created_at:recent}",
        "SELECT * FROM customer c ORDER BY c.created_at DESC LIMIT 25",
        "SELECT * FROM customer c WHERE c.newsletter ORDER BY c.created_at DESC LIMIT 25",
        "SELECT * FROM product p WHERE p.sku = {product.sku} AND p.active",
        "SELECT * FROM product p WHERE p.brand_id = {product.brand_id} ORDER BY p.price LIMIT 20",
        "SELECT * FROM product p WHERE p.brand_id = {product.brand_id} AND p.price BETWEEN {product.price:low} AND {product.price:high}",
        "SELECT * FROM product p WHERE p.active AND p.price < 3",
        "SELECT * FROM product p WHERE p.active AND p.brand_id IN ({product.brand_id}, {product.brand_id})",
        "SELECT * FROM product p WHERE p.tags @> ARRAY['t17']",
        "SELECT * FROM product p WHERE 't17' = ANY(p.tags)",
        'SELECT * FROM product p WHERE p.attributes @> \'{{"ean": "e17"}}\''.replace("{{", "{").replace("}}", "}"),
        "SELECT * FROM product p WHERE p.attributes ->> 'ean' = 'e4711'",
        "SELECT * FROM product p WHERE p.title = {product.title}",
        "SELECT * FROM product p WHERE p.discontinued_at = {product.discontinued_at}",
        "SELECT * FROM orders o WHERE o.number = {orders.number}",
        "SELECT * FROM orders o WHERE o.customer_id = {orders.customer_id} ORDER BY o.placed_at DESC LIMIT 10",
        "SELECT * FROM orders o WHERE o.customer_id = {orders.customer_id} AND o.state = 'placed'",
        "SELECT * FROM orders o WHERE o.state = 'placed' ORDER BY o.placed_at LIMIT 50",
        "SELECT * FROM orders o WHERE o.coupon = {orders.coupon}",
        "SELECT * FROM orders o WHERE o.coupon = {orders.coupon} AND o.placed_at > {orders.placed_at}",
        "SELECT * FROM orders o WHERE o.placed_at::date = '2021-06-05'",
        "SELECT max(o.placed_at) FROM orders o",
        "SELECT o.*, c.full_name FROM orders o JOIN customer c ON c.id = o.customer_id WHERE o.number = {orders.number}",
        "SELECT o.* FROM orders o JOIN customer c ON c.id = o.customer_id WHERE c.email = {customer.email}",
        "SELECT o.* FROM customer c JOIN orders o ON o.customer_id = c.id WHERE lower(c.email) = {customer.email:lower} ORDER BY o.placed_at DESC LIMIT 5",
        "SELECT l.* FROM order_line l JOIN orders o ON o.id = l.order_id WHERE o.customer_id = {orders.customer_id}",
        "SELECT p.title, l.quantity FROM order_line l JOIN product p ON p.id = l.product_id WHERE l.order_id = {order_line.order_id}",
        "SELECT count(*) FROM order_line l WHERE l.product_id = {order_line.product_id}",
        "SELECT * FROM order_line l WHERE l.serial_number = {order_line.serial_number}",
        "SELECT * FROM product p WHERE NOT EXISTS (SELECT 1 FROM order_line l WHERE l.product_id = p.id) AND p.brand_id = {product.brand_id}",
        "SELECT c.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id AND o.state = 'cart' WHERE c.id = {customer.id}",
        "SELECT p.id, (SELECT sum(l.quantity) FROM order_line l WHERE l.product_id = p.id) FROM product p WHERE p.sku = {product.sku}",
        "SELECT o.state, count(*) FROM orders o GROUP BY o.state",
        "UPDATE product AS p SET stock = stock - 1 WHERE p.sku = {product.sku}",
        "UPDATE orders AS o SET shipped_at = now() WHERE o.number = {orders.number} AND o.state = 'paid'",
        "DELETE FROM customer c WHERE c.phone = {customer.phone}",
        "SELECT * FROM customer c WHERE c.email = {customer.email} OR c.phone = {customer.phone}",
        "SELECT * FROM orders o WHERE o.number = {orders.number} OR o.customer_id = {orders.customer_id}",
    ),
)
FORUM = Domain(
    tables={
        "member": "CREATE TABLE member (id integer PRIMARY KEY, handle varchar(40) NOT NULL UNIQUE, mail text NOT NULL, karma integer NOT NULL, "
        "banned boolean NOT NULL, "
        "last_seen timestamptz, signature text)",
        "topic": "CREATE TABLE topic (id integer PRIMARY KEY, board_id integer NOT NULL, author_id integer NOT NULL REFERENCES member (id), "
        "slug varchar(80) NOT NULL, "
        "title text NOT NULL, pinned boolean NOT NULL, deleted_at timestamptz, last_post_at timestamptz NOT NULL, views integer NOT NULL)",
        "post": "CREATE TABLE post (id bigint PRIMARY KEY, topic_id integer NOT NULL REFERENCES topic (id), author_id integer NOT NULL REFERENCES member (id), "
        "parent_id bigint, body text NOT NULL, search tsvector NOT NULL, created_at timestamptz NOT NULL, edited_at timestamptz, ip inet)",
        "vote": "CREATE TABLE vote (id bigint PRIMARY KEY, post_id bigint NOT NULL REFERENCES post (id), "
        "member_id integer NOT NULL REFERENCES member (id), value smallint NOT NULL, "
        "UNIQUE (member_id, post_id))",
    },
    fill={
        "member": "i, 'h' || md5(i::text), 'm' || i || '@mail.org', (random() * 5000)::int, random() < 0.02, "
        "CASE WHEN random() < 0.1 THEN NULL ELSE timestamptz '2022-01-01' + random() * interval '400 days' END, repeat('s', 50)",
        "topic": "i, (random() * 120)::int, 1 + (random() * 49998)::int, 'topic-' || md5(i::text), md5((i * 3)::text), random() < 0.005, "
        "CASE WHEN random() < 0.97 THEN NULL ELSE now() END, timestamptz '2022-01-01' + random() * interval '400 days', (random() * 90000)::int",
        "post": "i, 1 + (random() * 49998)::int, 1 + (random() * 49998)::int, "
        "CASE WHEN random() < 0.5 THEN NULL ELSE 1 + (random() * 49998)::int END, repeat('b', 120), "
        "to_tsvector('simple', 'x' || (random() * 9000)::int || ' y' || (random() * 9000)::int), timestamptz '2021-01-01' + i * interval '14 minutes', "
        "CASE WHEN random() < 0.9 THEN NULL ELSE now() END, ('10.' || i % 250 || '.' || (i / 250) % 250 || '.7')::inet",
        "vote": "i, i, 1 + (i * 7) % 49999, CASE WHEN random() < 0.8 THEN 1 ELSE -1 END",
    },
    always=("CREATE INDEX post_topic ON post (topic_id, created_at)",),
    sometimes=(
        "CREATE INDEX member_mail ON member (mail)",
        "CREATE INDEX member_karma ON member (karma DESC)",
        "CREATE INDEX member_seen ON member (last_seen DESC NULLS LAST)",
        "CREATE INDEX topic_board ON topic (board_id, last_post_at DESC) WHERE deleted_at IS NULL",
        "CREATE INDEX topic_author ON topic (author_id)",
        "CREATE UNIQUE INDEX topic_slug ON topic (slug)",
        "CREATE INDEX topic_pinned ON topic (board_id) WHERE pinned",
        "CREATE INDEX topic_views ON topic (views)",
        "CREATE INDEX post_author ON post (author_id, created_at DESC)",
        "CREATE INDEX post_parent ON post (parent_id)",
        "CREATE INDEX post_search ON post USING gin (search)",
        "CREATE INDEX post_ip ON post USING hash (ip)",
        "CREATE INDEX post_created ON post USING brin (created_at)",
        "CREATE INDEX vote_post ON vote (post_id)",
    ),
    queries=(
        "SELECT * FROM member m WHERE m.handle = {member.handle}",
        "SELECT * FROM member m WHERE m.mail = {member.mail} AND NOT m.banned",
        "SELECT * FROM member m WHERE lower(m.mail) = {member.mail:lower}",
        "SELECT * FROM member m ORDER BY m.karma DESC LIMIT 10",
        "SELECT * FROM member m ORDER BY m.last_seen DESC NULLS LAST LIMIT 10",
        "SELECT * FROM member m ORDER BY m.last_seen DESC LIMIT 10",
        "SELECT * FROM member m WHERE m.banned",
        "SELECT * FROM member m WHERE m.handle LIKE {member.handle:begin}",
        "SELECT * FROM topic t WHERE t.board_id = {topic.board_id} AND t.deleted_at IS NULL ORDER BY t.last_post_at DESC LIMIT 30",
        "SELECT * FROM topic t WHERE t.board_id = {topic.board_id} ORDER BY t.last_post_at DESC LIMIT 30",
        "SELECT * FROM topic t WHERE t.board_id = {topic.board_id} AND t.pinned",
        "SELECT * FROM topic t WHERE t.slug = {topic.slug}",
        "SELECT * FROM topic t WHERE t.author_id = {topic.author_id} AND t.deleted_at IS NULL",
        "SELECT * FROM topic t WHERE t.title ILIKE {topic.title:part}",
        "SELECT * FROM topic t WHERE t.views > {topic.views:recent}",
        "SELECT * FROM topic t WHERE t.id IN ({topic.id}, {topic.id}, {topic.id})",
        "SELECT * FROM post p WHERE p.topic_id = {post.topic_id} ORDER BY p.created_at LIMIT 20 OFFSET 20",
        "SELECT * FROM post p WHERE p.author_id = {post.author_id} ORDER BY p.created_at DESC LIMIT 20",
        "SELECT * FROM post p WHERE p.parent_id = {post.parent_id}",
        "SELECT * FROM post p WHERE p.search @@ plainto_tsquery('simple', 'x17')",
        "SELECT * FROM post p WHERE p.ip = {post.ip}",
        "SELECT * FROM post p WHERE p.created_at BETWEEN {post.created_at:low} AND {post.created_at:high}",
        "SELECT count(*) FROM post p WHERE p.topic_id = {post.topic_id} AND p.edited_at IS NOT NULL",
        "SELECT * FROM post p WHERE p.author_id = {post.author_id} OR p.parent_id = {post.parent_id}",
        "SELECT p.*, m.handle FROM post p JOIN member m ON m.id = p.author_id WHERE p.topic_id = {post.topic_id} ORDER BY p.created_at LIMIT 20",
        "SELECT p.* FROM post p JOIN member m ON m.id = p.author_id WHERE m.handle = {member.handle}",
        "SELECT t.* FROM topic t JOIN member m ON m.id = t.author_id WHERE m.mail = {member.mail}",
        "SELECT t.id, count(p.id) FROM topic t LEFT JOIN post p ON p.topic_id = t.id WHERE t.author_id = {topic.author_id} GROUP BY t.id",
        "SELECT * FROM post p WHERE p.topic_id IN (SELECT t.id FROM topic t WHERE t.slug = {topic.slug})",
        "SELECT * FROM post p WHERE EXISTS (SELECT 1 FROM vote v WHERE v.post_id = p.id AND v.member_id = {vote.member_id})",
        "SELECT * FROM vote v WHERE v.member_id = {vote.member_id} AND v.post_id = {vote.post_id}",
        "SELECT count(*) FROM vote v WHERE v.post_id = {vote.post_id} AND v.value = 1",
        "SELECT sum(v.value) FROM vote v JOIN post p ON p.id = v.post_id WHERE p.author_id = {post.author_id}",
        "SELECT sum(v.value) FROM vote v JOIN post p ON p.id = v.post_id WHERE p.topic_id = {post.topic_id}",
        "SELECT min(p.created_at) FROM post p WHERE p.author_id = {post.author_id}",
        "SELECT * FROM member m WHERE m.id NOT IN (SELECT p.author_id FROM post p)",
        "UPDATE topic AS t SET views = views + 1 WHERE t.id = {topic.id}",
        "UPDATE member AS m SET banned = true FROM post p WHERE p.author_id = m.id AND p.ip = {post.ip}",
        "DELETE FROM vote v USING post p WHERE v.post_id = p.id AND p.topic_id = {post.topic_id}",
        "DELETE FROM post p WHERE p.author_id = {post.author_id}",
    ),
)
HELPDESK = Domain(
    tables={
        "company": "CREATE TABLE company (id uuid PRIMARY KEY, name text NOT NULL, domain varchar(80) NOT NULL, plan varchar(10) NOT NULL, "
        "created date NOT NULL)",
        "agent": "CREATE TABLE agent (id uuid PRIMARY KEY, company_id uuid NOT NULL REFERENCES company (id), login varchar(60) NOT NULL, "
        "active boolean NOT NULL, team_id integer)",
        "ticket": "CREATE TABLE ticket (id bigint PRIMARY KEY, company_id uuid NOT NULL REFERENCES company (id), assignee_id uuid, "
        "reference varchar(24) NOT NULL, "
        "status varchar(12) NOT NULL, priority smallint NOT NULL, subject text NOT NULL, due_on date, opened_at timestamp NOT NULL, "
        "closed_at timestamp, external_ref text, "
        "labels integer[] NOT NULL)",
        "comment": "CREATE TABLE comment (id bigint PRIMARY KEY, ticket_id bigint NOT NULL REFERENCES ticket (id) ON DELETE CASCADE, "
        "author_id uuid NOT NULL, internal boolean NOT NULL, "
        "message_id varchar(60), written_at timestamp NOT NULL, body text NOT NULL)",
    },
    fill={
        "company": "md5('c' || i)::uuid, 'Company ' || md5(i::text), 'd' || i || '.example', (ARRAY['free', 'team', 'pro'])[1 + i % 3], "
        "date '2015-01-01' + (i % 3000)",
        "agent": "md5('a' || i)::uuid, md5('c' || (1 + (random() * 49998)::int))::uuid, 'login' || i, random() < 0.9, "
        "CASE WHEN random() < 0.2 THEN NULL ELSE (random() * 900)::int END",
        "ticket": "i, md5('c' || (1 + (random() * 49998)::int))::uuid, "
        "CASE WHEN random() < 0.3 THEN NULL ELSE md5('a' || (1 + (random() * 49998)::int))::uuid END, "
        "'REF-' || lpad(i::text, 10, '0'), (ARRAY['closed', 'closed', 'closed', 'closed', 'open', 'waiting'])[1 + (random() * 5.99)::int % 6], "
        "1 + (random() * 3)::int, "
        "md5((i * 11)::text), CASE WHEN random() < 0.5 THEN NULL ELSE date '2022-01-01' + (random() * 900)::int END, "
        "timestamp '2022-01-01' + i * interval '19 minutes', "
        "CASE WHEN random() < 0.3 THEN NULL ELSE timestamp '2022-01-03' + i * interval '19 minutes' END, "
        "CASE WHEN random() < 0.85 THEN NULL ELSE 'ext' || i END, "
        "ARRAY[(random() * 2000)::int, (random() * 2000)::int]",
        "comment": "i, 1 + (random() * 49998)::int, md5('a' || (1 + (random() * 49998)::int))::uuid, random() < 0.2, "
        "CASE WHEN random() < 0.1 THEN NULL ELSE '<' || md5(i::text) || '>' END, "
        "timestamp '2022-01-01' + i * interval '21 minutes', repeat('c', 150)",
    },
    always=("CREATE INDEX ticket_company ON ticket (company_id)", "CREATE INDEX ON comment (ticket_id, written_at)"),
    sometimes=(
        "CREATE UNIQUE INDEX company_domain ON company (domain)",
        "CREATE INDEX company_name ON company (lower(name))",
        "CREATE INDEX agent_company ON agent (company_id)",
        "CREATE UNIQUE INDEX agent_login ON agent (login) WHERE active",
        "CREATE INDEX agent_team ON agent (team_id)",
        "CREATE UNIQUE INDEX ticket_reference ON ticket (reference)",
        "CREATE INDEX ticket_assignee ON ticket (assignee_id, status)",
        "CREATE INDEX ticket_open ON ticket (opened_at) WHERE closed_at IS NULL",
        "CREATE INDEX ticket_due ON ticket (due_on) WHERE status <> 'closed'",
        "CREATE INDEX ticket_external ON ticket (external_ref) WHERE external_ref IS NOT NULL",
        "CREATE INDEX ticket_labels ON ticket USING gin (labels)",
        "CREATE INDEX ticket_day ON ticket ((opened_at::date))",
        "CREATE INDEX ticket_priority ON ticket (priority, opened_at)",
        "CREATE INDEX comment_author ON comment (author_id)",
        "CREATE INDEX comment_message ON comment USING hash (message_id)",
    ),
    queries=(
        "SELECT * FROM company c WHERE c.domain = {company.domain}",
        "SELECT * FROM company c WHERE lower(c.name) = {company.name:lower}",
        "SELECT * FROM company c WHERE c.name = {company.name}",
        "SELECT * FROM company c WHERE c.created = {company.created}",
        "SELECT * FROM agent a WHERE a.login = {agent.login} AND a.active",
        "SELECT * FROM agent a WHERE a.login = {agent.login}",
        "SELECT * FROM agent a WHERE a.login = {agent.login} AND a.active IS TRUE",
        "SELECT * FROM agent a WHERE a.company_id = {agent.company_id} AND a.active = true",
        "SELECT * FROM agent a WHERE a.team_id = {agent.team_id}",
        "SELECT * FROM ticket t WHERE t.reference = {ticket.reference}",
        "SELECT * FROM ticket t WHERE t.company_id = {ticket.company_id} AND t.status = 'open' ORDER BY t.opened_at DESC LIMIT 20",
        "SELECT * FROM ticket t WHERE t.assignee_id = {ticket.assignee_id} AND t.status IN ('open', 'waiting')",
        "SELECT * FROM ticket t WHERE t.assignee_id = {ticket.assignee_id} ORDER BY t.opened_at LIMIT 10",
        "SELECT * FROM ticket t WHERE t.closed_at IS NULL ORDER BY t.opened_at LIMIT 50",
        "SELECT * FROM ticket t WHERE t.closed_at IS NULL AND t.opened_at < {ticket.opened_at:low}",
        "SELECT * FROM ticket t WHERE t.due_on = {ticket.due_on} AND t.status <> 'closed'",
        "SELECT * FROM ticket t WHERE t.due_on = {ticket.due_on} AND t.status = 'open'",
        "SELECT * FROM ticket t WHERE t.due_on = {ticket.due_on}",
        "SELECT * FROM ticket t WHERE t.external_ref = {ticket.external_ref}",
        "SELECT * FROM ticket t WHERE t.external_ref IN ({ticket.external_ref}, {ticket.external_ref})",
        "SELECT * FROM ticket t WHERE t.labels && ARRAY[17]",
        "SELECT * FROM ticket t WHERE t.labels @> ARRAY[17]",
        "SELECT * FROM ticket t WHERE t.opened_at::date = '2022-08-01'",
        "SELECT * FROM ticket t WHERE date_trunc('day', t.opened_at) = '2022-08-01'",
        "SELECT * FROM ticket t WHERE t.opened_at >= '2022-08-01' AND t.opened_at < '2022-08-02'",
        "SELECT * FROM ticket t WHERE t.priority = 4 AND t.opened_at > '2023-11-01'",
        "SELECT * FROM ticket t WHERE t.subject = {ticket.subject}",
        "SELECT * FROM ticket t WHERE t.subject LIKE {ticket.subject:begin}",
        "SELECT * FROM ticket t WHERE t.company_id = {ticket.company_id} AND (t.assignee_id IS NULL OR t.assignee_id = {ticket.assignee_id})",
        "SELECT * FROM comment m WHERE m.ticket_id = {comment.ticket_id} ORDER BY m.written_at",
        "SELECT * FROM comment m WHERE m.author_id = {comment.author_id}",
        "SELECT * FROM comment m WHERE m.message_id = {comment.message_id}",
        "SELECT * FROM comment m WHERE m.message_id = {comment.message_id} AND m.internal = false",
        "SELECT m.* FROM comment m JOIN ticket t ON t.id = m.ticket_id WHERE t.reference = {ticket.reference} AND NOT m.internal",
        "SELECT m.* FROM comment m JOIN ticket t ON t.id = m.ticket_id WHERE t.assignee_id = {ticket.assignee_id}",
        "SELECT t.*, c.name FROM ticket t JOIN company c ON c.id = t.company_id WHERE c.domain = {company.domain} AND t.status = 'open'",
        "SELECT t.* FROM ticket t JOIN agent a ON a.id = t.assignee_id WHERE a.login = {agent.login}",
        "SELECT a.login, count(t.id) FROM agent a LEFT JOIN ticket t ON t.assignee_id = a.id WHERE a.company_id = {agent.company_id} GROUP BY a.login",
        "SELECT t.id FROM ticket t WHERE t.company_id = {ticket.company_id} AND NOT EXISTS (SELECT 1 FROM comment m WHERE m.ticket_id = t.id AND m.internal)",
        "SELECT * FROM ticket t WHERE t.company_id IN (SELECT c.id FROM company c WHERE c.domain = {company.domain})",
        "SELECT a.id FROM agent a WHERE a.id IN (SELECT m.author_id FROM comment m WHERE m.ticket_id = {comment.ticket_id})",
        "UPDATE ticket AS t SET status = 'closed' WHERE t.reference = {ticket.reference}",
        "UPDATE ticket AS t SET assignee_id = NULL WHERE t.assignee_id = {ticket.assignee_id}",
        "DELETE FROM comment m WHERE m.author_id = {comment.author_id} AND m.internal",
    ),
)
EVENTS = Domain(
    tables={
        "device": "CREATE TABLE device (id bigint PRIMARY KEY, serial_no char(12) NOT NULL, owner text NOT NULL, firmware varchar(20) NOT NULL, "
        "last_contact timestamptz, "
        "retired boolean NOT NULL DEFAULT false)",
        "event": "CREATE TABLE event (id bigint PRIMARY KEY, device_id bigint NOT NULL REFERENCES device (id), kind varchar(20) NOT NULL, "
        "happened_at timestamptz NOT NULL, "
        "received_at timestamptz NOT NULL, processed boolean NOT NULL, payload jsonb NOT NULL, trace_id uuid NOT NULL, attempt integer NOT NULL)",
        "reading": "CREATE TABLE reading (id bigint PRIMARY KEY, device_id bigint NOT NULL, taken_at timestamptz NOT NULL, "
        "value double precision NOT NULL, quality smallint, batch varchar(16))",
        "job": "CREATE TABLE job (id bigint PRIMARY KEY, queue varchar(20) NOT NULL, run_at timestamptz NOT NULL, locked_by text, "
        "locked_at timestamptz, done_at timestamptz, "
        "key text NOT NULL, failures integer NOT NULL)",
    },
    fill={
        "device": "i, upper(left(md5(i::text), 12)), 'owner' || (random() * 9000)::int, 'v' || i % 40, "
        "CASE WHEN random() < 0.05 THEN NULL ELSE timestamptz '2023-01-01' + "
        "random() * interval '200 days' END, random() < 0.04",
        "event": "i, 1 + (random() * 49998)::int, (ARRAY['boot', 'ping', 'ping', 'ping', 'ping', 'alarm'])[1 + (random() * 5.99)::int % 6], "
        "timestamptz '2023-01-01' + i * interval '5 minutes', "
        "timestamptz '2023-01-01' + i * interval '5 minutes' + random() * interval '1 hour', random() < 0.985, jsonb_build_object('code', "
        "(random() * 4000)::int, 'src', 's' || i), "
        "md5('t' || i)::uuid, (random() * 4)::int",
        "reading": "i, 1 + (random() * 3000)::int, timestamptz '2023-01-01' + i * interval '3 minutes', random() * 100, "
        "CASE WHEN random() < 0.5 THEN NULL ELSE (random() * 9)::int END, "
        "CASE WHEN random() < 0.4 THEN NULL ELSE 'b' || (random() * 5000)::int END",
        "job": "i, (ARRAY['mail', 'mail', 'sync', 'report'])[1 + i % 4], timestamptz '2023-06-01' + random() * interval '90 days', "
        "CASE WHEN random() < 0.99 THEN NULL ELSE 'w' || i % 20 END, "
        "NULL, CASE WHEN random() < 0.03 THEN NULL ELSE timestamptz '2023-09-01' END, 'k' || md5(i::text), (random() * 3)::int",
    },
    always=("CREATE INDEX event_device ON event (device_id, happened_at DESC)",),
    sometimes=(
        "CREATE UNIQUE INDEX device_serial ON device (serial_no)",
        "CREATE INDEX device_owner ON device (owner) WHERE NOT retired",
        "CREATE INDEX device_contact ON device (last_contact NULLS FIRST)",
        "CREATE INDEX event_kind ON event (kind, happened_at)",
        "CREATE INDEX event_todo ON event (received_at) WHERE processed = false",
        "CREATE INDEX event_trace ON event USING hash (trace_id)",
        "CREATE INDEX event_code ON event (((payload ->> 'code')::int))",
        "CREATE INDEX event_payload ON event USING gin (payload)",
        "CREATE INDEX event_received ON event USING brin (received_at)",
        "CREATE INDEX reading_device ON reading (device_id, taken_at)",
        "CREATE INDEX reading_taken ON reading (taken_at) INCLUDE (value)",
        "CREATE INDEX reading_batch ON reading (batch, quality)",
        "CREATE INDEX job_ready ON job (queue, run_at) WHERE done_at IS NULL",
        "CREATE UNIQUE INDEX job_key ON job (key)",
        "CREATE INDEX job_locked ON job (locked_by)",
    ),
    queries=(
        "SELECT * FROM device d WHERE d.serial_no = {device.serial_no}",
        "SELECT * FROM device d WHERE d.owner = {device.owner} AND NOT d.retired",
        "SELECT * FROM device d WHERE d.owner = {device.owner} AND d.retired = false",
        "SELECT * FROM device d WHERE d.owner = {device.owner}",
        "SELECT * FROM device d WHERE d.owner LIKE 'owner17%%'",
        "SELECT * FROM device d ORDER BY d.last_contact NULLS FIRST LIMIT 20",
        "SELECT * FROM device d ORDER BY d.last_contact LIMIT 20",
        "SELECT * FROM device d WHERE d.retired",
        "SELECT * FROM event e WHERE e.device_id = {event.device_id} ORDER BY e.happened_at DESC LIMIT 1",
        "SELECT * FROM event e WHERE e.device_id = {event.device_id} AND e.kind = 'alarm'",
        "SELECT * FROM event e WHERE e.kind = 'alarm' AND e.happened_at > '2023-06-20'",
        "SELECT * FROM event e WHERE e.kind = 'alarm' ORDER BY e.happened_at DESC LIMIT 10",
        "SELECT * FROM event e WHERE e.happened_at >= {event.happened_at:low} AND e.happened_at < {event.happened_at:high}",
        "SELECT * FROM event e WHERE NOT e.processed ORDER BY e.received_at LIMIT 100",
        "SELECT * FROM event e WHERE e.processed = false AND e.device_id = {event.device_id}",
        "SELECT * FROM event e WHERE e.trace_id = {event.trace_id}",
        "SELECT * FROM event e WHERE e.trace_id = {event.trace_id} OR e.id = {event.id}",
        "SELECT * FROM event e WHERE (e.payload ->> 'code')::int = 77",
        "SELECT * FROM event e WHERE e.payload ->> 'src' = 's77'",
        "SELECT * FROM event e WHERE e.payload @> '{\"code\": 77}'",
        "SELECT * FROM event e WHERE e.received_at BETWEEN {event.received_at:low} AND {event.received_at:high}",
        "SELECT count(*) FROM event e WHERE e.received_at::date = '2023-03-03'",
        "SELECT * FROM reading r WHERE r.device_id = {reading.device_id} AND r.taken_at > '2023-04-10'",
        "SELECT avg(r.value) FROM reading r WHERE r.taken_at >= {reading.taken_at:low} AND r.taken_at < {reading.taken_at:high}",
        "SELECT max(r.taken_at) FROM reading r WHERE r.device_id = {reading.device_id}",
        "SELECT DISTINCT ON (r.device_id) r.* FROM reading r ORDER BY r.device_id, r.taken_at DESC",
        "SELECT * FROM reading r WHERE r.batch = {reading.batch}",
        "SELECT * FROM reading r WHERE r.quality = 3 AND r.batch = {reading.batch}",
        "SELECT * FROM reading r WHERE r.batch IN ({reading.batch}, {reading.batch}) ORDER BY r.taken_at",
        "SELECT * FROM reading r WHERE r.value BETWEEN {reading.value:low} AND {reading.value:high}",
        "SELECT * FROM job j WHERE j.queue = 'mail' AND j.done_at IS NULL AND j.run_at < '2023-06-05' ORDER BY j.run_at LIMIT 10 FOR UPDATE SKIP LOCKED",
        "SELECT * FROM job j WHERE j.queue = 'sync' AND j.done_at IS NULL AND j.locked_by IS NULL ORDER BY j.run_at LIMIT 1",
        "SELECT * FROM job j WHERE j.key = {job.key}",
        "SELECT * FROM job j WHERE j.key = {job.key} AND j.done_at IS NULL",
        "SELECT * FROM job j WHERE j.locked_by = {job.locked_by}",
        "SELECT * FROM job j WHERE j.run_at < {job.run_at:low} AND j.run_at > '2023-06-01'",
        "UPDATE job AS j SET done_at = now() WHERE j.key = {job.key}",
        "DELETE FROM event e WHERE e.trace_id = {event.trace_id}",
        "SELECT e.* FROM event e JOIN device d ON d.id = e.device_id WHERE d.serial_no = {device.serial_no} ORDER BY e.happened_at DESC LIMIT 10",
        "SELECT e.*, d.owner FROM event e JOIN device d ON d.id = e.device_id WHERE e.trace_id = {event.trace_id}",
        "SELECT r.* FROM reading r JOIN device d ON d.id = r.device_id WHERE d.owner = {device.owner} AND NOT d.retired",
        "SELECT d.* FROM device d WHERE d.id IN (SELECT e.device_id FROM event e WHERE e.trace_id = {event.trace_id})",
        "SELECT d.* FROM device d WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.device_id = d.id) AND d.owner = {device.owner}",
    ),
)
DOMAINS = {"shop": SHOP, "forum": FORUM, "helpdesk": HELPDESK, "events": EVENTS}
