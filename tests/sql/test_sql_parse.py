"""What SQL text asks, form by form. A line that fails names a form whose condition would be lost, invented or given to another table."""

from __future__ import annotations

import pytest
from sql_shown import asked, condition

from backend_lint.facts.query import Rows
from backend_lint.facts.schema import Dialect
from backend_lint.sql.parameters import HOLE, LIST
from backend_lint.sql.parse import parse
from backend_lint.sql.parse_resolve import resolve

CONDITIONS = {
    # parameters of every style
    "a = %s AND b = %(b)s AND c = :c AND d = ? AND e = $1 AND f = @p1": "0.a = ? & 0.b = ? & 0.c = ? & 0.d = ? & 0.e = ? & 0.f = ?",
    "a=%s AND b=:b::uuid AND c>=$2 AND d=@p": "0.a = ? & 0.b = ?:uuid & 0.c >= ? & 0.d = ?",
    "a::text = :a AND b = CAST(%s AS int)": "0.a::text = ? & 0.b = ?:integer",
    "a ? 'k' AND b = ? AND c ?| %s": "0.a ? 'k' & 0.b = ? & 0.c ?| ?",
    "a % %s = 0 AND note LIKE '100%%'": "<a % ?>0 = 0 & 0.note like '100%'",
    "a = '12:30' AND b = 'it''s %s' AND c = ':x'": "0.a = '12:30' & 0.b = 'it''s %s' & 0.c = ':x'",
    "a = E'x\\'y' AND b = $$it's$$ AND c = $q$a$q$": "0.a = 'x''y' & 0.b = 'it''s' & 0.c = 'a'",
    # sides and operators
    "5 < a AND %s >= b AND 'x' = c": "0.a > 5 & 0.b <= ? & 0.c = 'x'",
    "a = b AND a <> 1 AND a != 2": "0.a = 0.b & 0.a <> 1 & 0.a <> 2",
    "a BETWEEN 1 AND %s AND b NOT BETWEEN 1 AND 2": "0.a >= 1 & 0.a <= ? & (0.b < 1 | 0.b > 2)",
    "%s BETWEEN a AND b": "0.a <= ? & 0.b >= ?",
    "a IN (1, 2) AND b IN (%s, %s) AND c IN %s AND d NOT IN ('x')": "0.a in (1, 2) (2) & 0.b in ? (2) & 0.c in ? & 0.d not in ('x') (1)",
    "a = ANY(%s) AND b = ANY(ARRAY[1, 2]) AND c <> ALL(%s) AND d = ANY('{x,y}'::text[])": "0.a in ? & 0.b in (1, 2) (2) & 0.c not in ? & 0.d in ('x', 'y') (2)",
    "(a, b) = (1, %s)": "0.a = 1 & 0.b = ?",
    "(a, b) > (1, 2)": "0.a >= 1 & (0.a > 1 | (0.a = 1 & 0.b > 2))",
    "(a, b) IN ((1, 2), (3, 4))": "(0.a = 1 & 0.b = 2) | (0.a = 3 & 0.b = 4)",
    "a IS NULL AND b IS NOT NULL AND c IS TRUE AND d IS NOT FALSE": "0.a is null & 0.b is not null & 0.c is true & 0.d is not false",
    "a IS DISTINCT FROM 1 AND b IS NOT DISTINCT FROM %s": "0.a is distinct from 1 & 0.b is not distinct from ?",
    "active AND NOT deleted": "0.active = true & 0.deleted = false",
    "NOT (a = 1 OR b IS NULL) AND NOT a IN (1)": "0.a <> 1 & 0.b is not null & 0.a not in (1) (1)",
    "1 = 1 AND a = 1 AND true AND (false OR b = 2)": "0.a = 1 & 0.b = 2",
    "a = 1 OR b = 2 OR (c = 3 AND d = 4)": "0.a = 1 | 0.b = 2 | (0.c = 3 & 0.d = 4)",
    # patterns
    "a LIKE 'x%%' AND b NOT ILIKE %s AND c ~ '^x' AND d !~* 'y'": "0.a like 'x%' & 0.b not ilike ? & 0.c ~ '^x' & 0.d !~* 'y'",
    "a LIKE %s || '%%' AND b LIKE concat('%%', %s, '%%')": "0.a like ?[?%] & 0.b like ?[%?%]",
    "a LIKE '10!%%' ESCAPE '!' AND b SIMILAR TO 'x'": "0.a like '10\\%' & 0.b similar to 'x'",
    "lower(a) LIKE lower(%s) || '%%'": "<lower(a)>0 like ?[?%]",
    # expressions
    "LOWER(Email) = LOWER(%s) AND upper(a::text) = 'X'": "<lower(email)>0 = ?[lower(?)] & <upper(a)>0 = 'X'",
    "a::date = %s AND date(b) = '2020-01-01'::date AND c::text = 'x'": "0.a::date = ? & 0.b::date = '2020-01-01' & 0.c::text = 'x'",
    "a + 1 = 5 AND coalesce(b, 0) = 1 AND extract(year FROM c) = 2020": "<a + 1>0 = 5 & <coalesce(b, 0)>0 = 1 & <extract(year from c)>0 = 2020",
    "a > now() - interval '1 day' AND b < current_date": "0.a > ?[now() - interval '1 day'] & 0.b < ?[current_date]",
    "a = random() AND b = my_function(%s)": "0.a = !random() & 0.b = !my_function(?)",
    "data->>'x' = 'a' AND data->'a'->>'b' = 'c' AND data @> %s": "<data ->> 'x'>0 = 'a' & <data -> 'a' ->> 'b'>0 = 'c' & 0.data @> ?",
    "body @@ to_tsquery('english', %s) AND tags && ARRAY['a']": "0.body @@ ?[to_tsquery('english', ?)] & 0.tags && array['a']",
    'a COLLATE "C" > %s AND "Mixed" = 1 AND "order" = 2': "0.a@C > ? & 0.Mixed = 1 & 0.order = 2",
    "a AT TIME ZONE 'UTC' > %s": "<a at time zone 'UTC'>0 > ?",
    "CASE WHEN a THEN 1 ELSE 2 END = 1": "<case when a then 1 else 2 end>0 = 1",
    "a = %s AND a = date :day": "0.a = ? & 0.a = ?",
}


@pytest.mark.parametrize("where", CONDITIONS)
def test_condition(where: str) -> None:
    assert condition(where) == CONDITIONS[where]


STATEMENTS = {
    "SELECT u.id FROM users u LEFT JOIN orders o ON o.user_id = u.id AND o.state = 'x' WHERE o.id IS NULL ORDER BY u.created DESC, 1 LIMIT 10 OFFSET 5": (
        "select users u, left orders o on (1.user_id = 0.id & 1.state = 'x') where 1.id is null order 0.created desc, 0.id limit 10 offset"
    ),
    "SELECT * FROM a JOIN b USING (id), c CROSS JOIN d": "select a, inner b on (0.id = 1.id), c, cross d",
    "SELECT * FROM a NATURAL JOIN b": "select a, inner b on (opaque[0, 1]) unknown natural join",
    "SELECT * FROM a LEFT JOIN (b JOIN c ON b.x = c.x) ON a.id = b.id": "select a, left b on (0.id = 1.id), left c on (1.x = 2.x)",
    "SELECT * FROM Audit.Event e, public.users": "select audit.event e, users",
    'SELECT * FROM "User" WHERE "User".id = 1': "select User where 0.id = 1",
    # subqueries and correlation
    "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id) AND a NOT IN (SELECT b FROM v)": (
        "select t where S0 & 0.a not in S1 {select u where 0.t_id = ^0.id / select v}"
    ),
    "SELECT (SELECT max(x) FROM u WHERE u.t = t.id) FROM t": "select t {select u where 0.t = ^0.id aggregate rows none}",
    "SELECT * FROM t, LATERAL (SELECT * FROM u WHERE u.t = t.id LIMIT 3) l": "select t, lateral S0 l {select u where 0.t = ^0.id limit 3}",
    # the planner merges what only filters and joins, and keeps apart what gathers
    "SELECT * FROM (SELECT id, lower(mail) AS m FROM users WHERE active) s WHERE s.m = 'x'": ("select users where 0.active = true & <lower(mail)>0 = 'x'"),
    "SELECT * FROM (SELECT a FROM t GROUP BY a) s WHERE s.a = 1": "select S0 s where 0.a = 1 {select t group 0.a grouped}",
    "SELECT * FROM t LEFT JOIN (SELECT * FROM u WHERE k = 1) s ON s.t = t.id": "select t, left u on (1.k = 1 & 1.t = 0.id)",
    "WITH x AS (SELECT * FROM t WHERE a = 1) SELECT * FROM x WHERE b = 2": "select t where 0.a = 1 & 0.b = 2",
    "WITH x AS MATERIALIZED (SELECT * FROM t) SELECT * FROM x WHERE b = 2": "select S0 x where 0.b = 2 {select t}",
    "WITH x AS (SELECT * FROM t) SELECT * FROM x p JOIN x c ON c.parent = p.id": "select S0 p, inner S0 c on (1.parent = 0.id) {select t}",
    "WITH RECURSIVE x AS (SELECT id FROM t WHERE p IS NULL UNION ALL SELECT t.id FROM t JOIN x ON t.p = x.id) SELECT * FROM x": (
        "select S0 x {select t where 0.p is null combined {select t, inner ? x on (0.p = 1.id)}}"
    ),
    "SELECT a FROM t UNION SELECT a FROM u WHERE b = 1 ORDER BY a LIMIT 5": "select t order !a limit 5 distinct combined {select u where 0.b = 1}",
    # gathering
    "SELECT a AS x, count(*) FROM t GROUP BY 1 HAVING count(*) > 1 ORDER BY x": "select t group 0.a order 0.a grouped aggregate having",
    "SELECT date_trunc('day', at) AS at FROM t GROUP BY at": "select t group 0.at grouped",
    "SELECT count(*) FROM t WHERE a = 1": "select t where 0.a = 1 aggregate rows none",
    "SELECT DISTINCT ON (a) a FROM t FETCH FIRST 1 ROW ONLY": "select t limit 1 distinct rows one",
    "SELECT rank() OVER (ORDER BY a) FROM t": "select t grouped",
    "SELECT * FROM t WHERE state = 'q' ORDER BY at LIMIT %s FOR UPDATE SKIP LOCKED": "select t where 0.state = 'q' order 0.at limit -1 locks",
    # writes
    "UPDATE t SET a = 1, (b, c) = (2, 3) FROM u WHERE t.id = u.id AND u.x = %s": "update t, u where 0.id = 1.id & 1.x = ? written a,b,c rows none",
    "UPDATE t SET a = 1 WHERE id = %s RETURNING *": "update t where 0.id = ? written a",
    "DELETE FROM t USING u WHERE t.id = u.id": "delete t, u where 0.id = 1.id rows none",
    "DELETE FROM t WHERE id IN (SELECT id FROM t WHERE old LIMIT 100)": ("delete t where 0.id in S0 rows none {select t where 0.old = true limit 100}"),
    "INSERT INTO t (a, b) VALUES (1, 2), (3, 4) ON CONFLICT (a) DO UPDATE SET b = excluded.b": "upsert t written a,b conflict a rows none",
    "INSERT INTO t (a) SELECT a FROM u WHERE b = 1": "insert t written a rows none {select u where 0.b = 1}",
    "WITH gone AS (DELETE FROM q WHERE id = %s RETURNING *) INSERT INTO log SELECT * FROM gone": (
        "insert log rows none {select S0 gone {delete q where 0.id = ?}}"
    ),
    "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = 1": "upsert t, inner s where 0.id = 1.id rows none",
}


@pytest.mark.parametrize("sql", STATEMENTS)
def test_statement(sql: str) -> None:
    assert asked(sql) == STATEMENTS[sql]


HOLES = {
    "SELECT {} FROM t WHERE a = {} AND b IN ({})": "select t where 0.a = ? & 0.b in ?",
    "SELECT * FROM t {}": "select t where opaque[0]",
    "SELECT * FROM t WHERE {}": "select t where opaque[0]",
    "SELECT * FROM t WHERE a = 1 {} ORDER BY b": "select t where 0.a = 1 & opaque[0] order 0.b",
    "SELECT * FROM t WHERE a = 1 {}{} {}": "select t where 0.a = 1 & opaque[0]",
    "SELECT * FROM t WHERE a = 1 AND {} {} %s": "select t where 0.a = 1 & opaque[0]",
    "SELECT * FROM t WHERE {} = %s": "select t where opaque[0]",
    "SELECT * FROM t WHERE t.{} = %s": "select t where opaque[0]",
    "SELECT * FROM t WHERE a LIKE '%{}%' AND b = '{}'": "select t where 0.a like ?[%?%] & 0.b = ?",
    "SELECT * FROM {} WHERE a = 1": "select ? where 0.a = 1 unknown a table is named at run time",
    "SELECT * FROM {}.t WHERE a = 1": "select t where 0.a = 1",
    "SELECT * FROM t_{} WHERE a = 1": "select ? where 0.a = 1 unknown a table is named at run time",
    "SELECT * FROM t {} WHERE a = 1": "select t, ? where opaque[0, 1] unknown a table is named at run time",
    "SELECT * FROM t ORDER BY {} LIMIT {}": "select t order !? limit -1",
    "SELECT * FROM t ORDER BY a {}": "select t order 0.a unknown a part behind order is put in at run time",
    "UPDATE t SET a = 1 {}": "update t where opaque[0] written a rows none",
    "UPDATE t SET {} a = 1 WHERE id = %s": "update t where 0.id = ? written a unknown a part behind set is put in at run time rows none",
    "INSERT INTO t ({}) VALUES ({})": "insert t rows none",
    "SELECT * FROM t WHERE a IN (...)": "select t where 0.a in ?",
}


@pytest.mark.parametrize("sql", HOLES)
def test_what_is_put_in_at_run_time_is_unknown_and_the_rest_is_not(sql: str) -> None:
    found = asked(sql.replace("{}", HOLE).replace("...", LIST))
    if sql == "SELECT * FROM t {} WHERE a = 1":
        # the hole may be a join: whose column `a` is depends on it
        assert found.startswith("select t, ? where") and "unknown" in found
    else:
        assert found == HOLES[sql]


def test_dialects_spell_the_same_question_differently() -> None:
    assert asked('SELECT * FROM `Order` WHERE `name` = "x" # all\n LIMIT 5, 10', Dialect.MYSQL) == "select Order where 0.name = 'x' limit 10 offset"
    assert condition("a REGEXP 'x' AND b <=> 1", dialect=Dialect.MYSQL) == "0.a ~ 'x' & 0.b is not distinct from 1"
    assert asked("INSERT IGNORE INTO t (a) VALUES (1)", Dialect.MYSQL).startswith("upsert t")
    assert asked("INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = 2", Dialect.MYSQL).startswith("upsert t")
    assert asked("INSERT OR REPLACE INTO t (a) VALUES (1)", Dialect.SQLITE).startswith("upsert t")
    assert asked("SELECT TOP 5 * FROM [t] WHERE a = @p", Dialect.MSSQL) == "select t where 0.a = ? limit 5"
    assert asked("SELECT * FROM `t`") == "select t"


def test_several_statements_and_those_that_ask_nothing() -> None:
    parsed = parse("BEGIN; SELECT ';' FROM t; -- SELECT\n /* ; */ DELETE FROM u; COMMIT")
    assert [query.relations[0].table for query in parsed.queries] == ["t", "u"]
    assert parsed.others == 2
    assert not parsed.not_understood


def test_changes_of_the_schema_come_with_the_queries() -> None:
    parsed = parse("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
    assert len(parsed.queries) == 1
    assert any(type(change).__name__ == "CreateTable" for change in parsed.changes)


BROKEN = ["SELECT FROM WHERE", "SELECT 'x", "SELECT /* x", "SELECT * FROM t WHERE a = = 1", "WITH x SELECT", "UPDATE", "DELETE t WHERE ("]


@pytest.mark.parametrize("sql", BROKEN)
def test_what_is_no_sql_is_not_understood(sql: str) -> None:
    parsed = parse(sql)
    assert not parsed.queries
    assert len(parsed.not_understood) == 1


def test_unqualified_columns_are_settled_by_the_schema() -> None:
    columns = {"users": ["id", "email"], "orders": ["id", "user_id", "state"], "lines": None}
    query = parse("SELECT * FROM users u JOIN orders o ON user_id = u.id WHERE email = %s AND state = 'x' AND lower(email) = 'a' AND id = 1").queries[0]
    found = resolve(query, columns.get)
    from sql_shown import shown

    assert shown(found.relations[1].on) == "1.user_id = 0.id"
    assert shown(found.where) == "0.email = ? & 1.state = 'x' & <lower(email)>0 = 'a' & -1.id = 1"
    nested = parse("SELECT * FROM users WHERE EXISTS (SELECT 1 FROM orders WHERE user_id = users.id AND email = 'x')").queries[0]
    assert shown(resolve(nested, columns.get).subqueries[0].where) == "0.user_id = ^0.id & ^0.email = 'x'"
    unknown = parse("SELECT * FROM users JOIN lines ON true WHERE price = 1 AND email = 'a'").queries[0]
    assert shown(resolve(unknown, columns.get).where) == "1.price = 1 & 0.email = 'a'"
    used = parse("SELECT * FROM users u JOIN orders o USING (id) JOIN lines l USING (id)").queries[0]
    assert shown(resolve(used, columns.get).relations[2].on) == "0.id = 2.id"


def test_rows() -> None:
    rows = [parse(sql).queries[0].rows for sql in ("SELECT 1 FROM t LIMIT 1", "SELECT sum(a) FROM t", "DELETE FROM t", "SELECT * FROM t")]
    assert rows == [Rows.ONE, Rows.NONE, Rows.NONE, Rows.UNKNOWN]
