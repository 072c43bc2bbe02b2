"""How queries find their rows, capability by capability: schema and query as SQL, the answer by hand. The planner's own answers are in tests/planner."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from backend_lint.facts.access import Access, Path
from backend_lint.facts.query import Comparison, Opaque, Or, Query, Relation, Term, TermKind, Verb
from backend_lint.facts.schema import Dialect, Index, IndexKey, Table
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.ddl import changes
from backend_lint.sql.parse import parse
from backend_lint.sql.serve import accesses

USERS = """
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(100) NOT NULL, name text, active boolean NOT NULL, kind varchar(10), score integer, born date,
    created timestamptz, data jsonb, tags text[]);
"""
POSTS = "CREATE TABLE posts (id bigint PRIMARY KEY, author_id bigint REFERENCES users (id), title text, created timestamptz);"


def schema(ddl: str, dialect: Dialect = Dialect.POSTGRESQL) -> dict[str, Table]:
    catalog = Catalog(dialect)
    found, missed = changes(ddl, dialect)
    assert not missed, missed
    catalog.apply_all(found)
    return dict(catalog.tables)


def ask(ddl: str, sql: str, dialect: Dialect = Dialect.POSTGRESQL) -> tuple[Access, ...]:
    parsed = parse(sql, dialect)
    assert len(parsed.queries) == 1 and not parsed.not_understood, parsed
    return accesses(parsed.queries[0], schema(ddl, dialect).get, dialect)


def one(indexes: str, condition: str, rest: str = "", dialect: Dialect = Dialect.POSTGRESQL, table: str = USERS) -> Access:
    (found,) = ask(table + indexes, f"SELECT * FROM users WHERE {condition} {rest}", dialect)
    return found


SERVED = {
    "leading column": ("CREATE INDEX i ON users (email);", "email = %s"),
    "leading column of several": ("CREATE INDEX i ON users (email, name);", "email = %s"),
    "equality before range": ("CREATE INDEX i ON users (email, score);", "score > 500 AND email = %s"),
    "in is equality": ("CREATE INDEX i ON users (email);", "email IN ('a', 'b')"),
    "= any is equality": ("CREATE INDEX i ON users (email);", "email = ANY(%s)"),
    "null is looked up": ("CREATE INDEX i ON users (born);", "born IS NULL"),
    "between": ("CREATE INDEX i ON users (score);", "score BETWEEN 5 AND 6"),
    "the constant in front": ("CREATE INDEX i ON users (score);", "5000 < score"),
    "each way of an or": ("CREATE INDEX i ON users (email); CREATE INDEX j ON users (name);", "email = 'a' OR name = 'b'"),
    "an or with an and in it": ("CREATE INDEX i ON users (email); CREATE INDEX j ON users (name);", "email = 'a' OR (name = 'b' AND score > 3)"),
    "an expression": ("CREATE INDEX i ON users (lower(email));", "LOWER(email) = %s"),
    "a cast without effect": ("CREATE INDEX i ON users (email);", "email::text = %s"),
    "a collation that is written out and is none": (
        'ALTER TABLE users ADD COLUMN town text COLLATE "pg_catalog"."default"; CREATE INDEX i ON users (town);',
        "town = %s",
    ),
    "an index with no collation of its own": ('CREATE INDEX i ON users (email COLLATE pg_catalog."default");', "email = %s"),
    "the column's own collation": (
        'ALTER TABLE users ADD COLUMN town text COLLATE "de_DE"; CREATE INDEX i ON users (town COLLATE pg_catalog."de_DE");',
        "town = %s",
    ),
    "a bare flag": ("CREATE INDEX i ON users (email) WHERE active;", "active AND email = %s"),
    "a flag that is true": ("CREATE INDEX i ON users (email) WHERE active;", "active = true AND email = %s"),
    "a value of a list": ("CREATE INDEX i ON users (email) WHERE kind IN ('a', 'b');", "kind = 'a' AND email = %s"),
    "a part of a list": ("CREATE INDEX i ON users (email) WHERE kind IN ('a', 'b', 'c');", "kind IN ('c', 'a') AND email = %s"),
    "a range in a range": ("CREATE INDEX i ON users (email) WHERE score > 5;", "score >= 6 AND email = %s"),
    "a value is not null": ("CREATE INDEX i ON users (name) WHERE name IS NOT NULL;", "name = %s"),
    "another value": ("CREATE INDEX i ON users (email) WHERE kind <> 'x';", "kind = 'a' AND email = %s"),
    "a prefix": ("CREATE INDEX i ON users (email text_pattern_ops);", "email LIKE 'abc%%'"),
    "a prefix that comes at run time": ("CREATE INDEX i ON users (email text_pattern_ops);", "email LIKE %s || '%%'"),
    "a prefix in bytes": ('CREATE INDEX i ON users (email COLLATE "C");', "email LIKE 'abc%%'"),
    "a pattern without wildcards": ("CREATE INDEX i ON users (email);", "email LIKE 'abc'"),
    "letters in the middle": ("CREATE INDEX i ON users USING gin (email gin_trgm_ops);", "email ILIKE '%%abcd%%'"),
    "a document": ("CREATE INDEX i ON users USING gin (data jsonb_path_ops);", "data @> '{}'"),
    "a list": ("CREATE INDEX i ON users USING gin (tags);", "tags && ARRAY['a']"),
    "hash": ("CREATE INDEX i ON users USING hash (email);", "email = %s"),
    "a key of a document": ("CREATE INDEX i ON users ((data ->> 'k'));", "data ->> 'k' = 'v'"),
    "an unknown part beside": ("CREATE INDEX i ON users (email);", "email = %s AND some_function(name, score) > score"),
}
UNSERVED = {
    "no index": ("", "email = %s", ""),
    "not its leading column": ("CREATE INDEX i ON users (kind, email);", "email = %s", "email is its second column, and kind, its first, is not asked for"),
    "one way of an or": ("CREATE INDEX i ON users (email);", "email = 'a' OR name = 'b'", "it serves email, but another way of the OR has no index"),
    "a function on the column": ("CREATE INDEX i ON users (email);", "lower(email) = %s", "it indexes email, the query compares lower(email)"),
    "the column of a function": ("CREATE INDEX i ON users (lower(email));", "email = %s", "it indexes lower(email), the query compares email"),
    "arithmetic": ("CREATE INDEX i ON users (score);", "score + 1 = 5", "it indexes score, the query compares score + 1"),
    "a day of a moment": ("CREATE INDEX i ON users (created);", "created::date = %s", "it indexes created, the query compares created::date"),
    "a decimal": ("CREATE INDEX i ON users (score);", "score = 5.5", "score is converted to numeric before it is compared"),
    "a condition that does not follow": ("CREATE INDEX i ON users (email) WHERE active;", "email = %s", "its condition active does not follow from the query"),
    "is true is not = true": ("CREATE INDEX i ON users (email) WHERE active IS TRUE;", "email = %s AND active", "does not follow"),
    "= true is not is true": ("CREATE INDEX i ON users (email) WHERE active;", "email = %s AND active IS TRUE", "does not follow"),
    "a wider range": ("CREATE INDEX i ON users (email) WHERE score > 5;", "email = %s AND score > 4", "does not follow"),
    "a suffix": ("CREATE INDEX i ON users (email text_pattern_ops);", "email LIKE '%%abc'", "does not begin with fixed letters"),
    "a prefix in words' order": ("CREATE INDEX i ON users (email);", "email LIKE 'abc%%'", "text_pattern_ops"),
    "any case": ("CREATE INDEX i ON users (email text_pattern_ops);", "email ILIKE 'abc%%'", "ignores case"),
    "any case, at run time": ("CREATE INDEX i ON users (email text_pattern_ops);", "email ILIKE %s", "ignores case"),
    "a range in a hash": ("CREATE INDEX i ON users USING hash (score);", "score BETWEEN 5 AND 6", "serves equality only"),
    "a key of a document in paths": ("CREATE INDEX i ON users USING gin (data jsonb_path_ops);", "data ? 'k'", "jsonb_path_ops does not serve ?"),
    "only carried along": ("CREATE INDEX i ON users (name) INCLUDE (email);", "email = %s", "email is only carried along in it (INCLUDE)"),
    "another collation": ("CREATE INDEX i ON users (email);", 'email COLLATE "C" = %s', "sorts by collation"),
    "words' order of patterns": ("CREATE INDEX i ON users (name text_pattern_ops);", "name > 'a' AND name < 'b'", "patterns and equality"),
    "not distinct": ("CREATE INDEX i ON users (email);", "email IS NOT DISTINCT FROM %s", "IS NOT DISTINCT FROM"),
}


@pytest.mark.parametrize("name", sorted(SERVED))
def test_served(name: str) -> None:
    indexes, condition = SERVED[name]
    found = one(indexes, condition)
    assert found.path is Path.INDEX, found
    assert set(found.index.split(" + ")) <= {"i", "j"} and "i" in found.index


@pytest.mark.parametrize("name", sorted(UNSERVED))
def test_unserved_with_the_reason(name: str) -> None:
    indexes, condition, why = UNSERVED[name]
    found = one(indexes, condition)
    assert found.path is Path.SCAN and found.selective, found
    reasons = {reason.index: reason.why for reason in found.reasons}
    assert reasons["users_pkey"]
    assert why in reasons.get("i", "")


@pytest.mark.parametrize(
    "condition", ["email <> %s", "email NOT IN ('a', 'b')", "email IS NOT NULL", "NOT (email = 'x')", "email IS DISTINCT FROM %s", "1 = 1"]
)
def test_nothing_selective_is_asked(condition: str) -> None:
    assert one("", condition).path is Path.WHOLE


@pytest.mark.parametrize("condition", ["active", "NOT active", "born IS NULL", "kind = 'a'", "extract(year FROM born) = 2020"])
def test_few_values_alone_are_not_selective(condition: str) -> None:
    found = one("", condition)
    assert found.path is Path.SCAN and not found.selective


def test_a_range_with_one_end_says_so() -> None:
    assert one("", "created > %s").range_only
    assert not one("", "created > %s AND created < %s").range_only
    assert not one("", "created > %s AND email = %s").range_only


def test_an_index_that_would_be_read_whole_is_named() -> None:
    assert one("CREATE INDEX i ON users (kind, email);", "email = %s").elsewhere == "i"


class TestOrder:
    def test_a_limit_makes_an_order_a_question(self) -> None:
        found = one("", "true", "ORDER BY created LIMIT 10")
        assert (found.path, found.order) == (Path.SCAN, True)
        assert one("", "true", "ORDER BY created").path is Path.WHOLE

    @pytest.mark.parametrize(
        ("keys", "order"),
        [
            ("(created)", "created"),
            ("(created)", "created DESC"),
            ("(created DESC)", "created"),
            ("(score, created)", "score, created"),
            ("(score, created)", "score DESC, created DESC"),
            ("(score DESC, created)", "score, created DESC"),
            ("(score NULLS FIRST)", "score DESC NULLS LAST"),
            ("(score)", "score, created"),
        ],
    )
    def test_delivered(self, keys: str, order: str) -> None:
        found = one(f"CREATE INDEX i ON users {keys};", "true", f"ORDER BY {order} LIMIT 10")
        assert (found.path, found.index, found.order) == (Path.INDEX, "i", True)

    @pytest.mark.parametrize(
        ("keys", "order"), [("(score)", "score NULLS FIRST"), ("(score)", "score DESC NULLS LAST"), ("(created, score)", "score"), ("(lower(name))", "name")]
    )
    def test_not_delivered(self, keys: str, order: str) -> None:
        found = one(f"CREATE INDEX i ON users {keys};", "true", f"ORDER BY {order} LIMIT 10")
        assert (found.path, found.order) == (Path.SCAN, True)

    def test_equality_in_front_of_the_order(self) -> None:
        found = one("CREATE INDEX i ON users (active, created);", "active", "ORDER BY created DESC LIMIT 10")
        assert (found.path, found.index) == (Path.INDEX, "i")

    def test_a_list_of_values_breaks_the_order(self) -> None:
        found = one("CREATE INDEX i ON users (kind, created);", "kind IN ('a', 'b', 'c')", "ORDER BY created LIMIT 10")
        assert found.path is Path.SCAN and found.order

    def test_max_is_the_first_of_an_order(self) -> None:
        (found,) = ask(USERS + "CREATE INDEX i ON users (created);", "SELECT max(created) FROM users")
        assert (found.path, found.index) == (Path.INDEX, "i")
        (found,) = ask(USERS, "SELECT max(created) FROM users")
        assert (found.path, found.order) == (Path.SCAN, True)

    def test_a_constant_needs_no_order(self) -> None:
        assert one("CREATE INDEX i ON users (created);", "email = %s", "ORDER BY email LIMIT 1").path is Path.SCAN


class TestJoins:
    FOREIGN = "CREATE INDEX f ON posts (author_id);"

    def paths(self, indexes: str, sql: str) -> dict[str, tuple[Path, str]]:
        return {found.table: (found.path, found.index) for found in ask(USERS + POSTS + indexes, sql)}

    def test_from_few_users_to_their_posts(self) -> None:
        sql = "SELECT * FROM posts p JOIN users u ON u.id = p.author_id WHERE u.email = %s"
        assert self.paths("CREATE INDEX e ON users (email);" + self.FOREIGN, sql) == {"posts": (Path.INDEX, "f"), "users": (Path.INDEX, "e")}
        assert self.paths("CREATE INDEX e ON users (email);", sql)["posts"] == (Path.SCAN, "")

    def test_one_of_two_is_scanned_where_one_leads_to_the_other(self) -> None:
        sql = "SELECT * FROM posts p JOIN users u ON u.id = p.author_id WHERE u.email = %s"
        assert self.paths(self.FOREIGN, sql) == {"posts": (Path.INDEX, "f"), "users": (Path.SCAN, "")}

    def test_nothing_selective_is_no_fault(self) -> None:
        found = self.paths("", "SELECT count(*) FROM posts p JOIN users u ON u.id = p.author_id")
        assert {path for path, _ in found.values()} == {Path.WHOLE}

    def test_a_left_join_is_entered_from_its_left_only(self) -> None:
        sql = "SELECT * FROM users u LEFT JOIN posts p ON p.author_id = u.id AND p.title = 'x'"
        found = self.paths(self.FOREIGN + "CREATE INDEX t ON posts (title);", sql)
        assert found == {"users": (Path.WHOLE, ""), "posts": (Path.INDEX, "t")}

    def test_a_condition_makes_a_left_join_inner(self) -> None:
        sql = "SELECT * FROM users u LEFT JOIN posts p ON p.author_id = u.id WHERE p.title = 'x'"
        assert self.paths("CREATE INDEX t ON posts (title);", sql)["users"] == (Path.INDEX, "users_pkey")

    def test_an_inner_join_behind_left_ones_makes_all_of_them_inner(self) -> None:
        sql = "SELECT * FROM users u LEFT JOIN posts p ON p.author_id = u.id LEFT JOIN posts q ON q.id = p.id JOIN posts r ON r.id = q.id WHERE r.title = 'x'"
        assert self.paths("CREATE INDEX t ON posts (title);", sql)["users"] == (Path.INDEX, "users_pkey")

    def test_rows_that_are_missing_are_no_condition(self) -> None:
        sql = "SELECT * FROM users u LEFT JOIN posts p ON p.author_id = u.id WHERE p.id IS NULL AND u.email = 'x'"
        assert self.paths("CREATE INDEX e ON users (email);", sql)["posts"] == (Path.SCAN, "")

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT * FROM users u WHERE u.id IN (SELECT p.author_id FROM posts p WHERE p.title = 'x')",
            "SELECT * FROM users u WHERE EXISTS (SELECT 1 FROM posts p WHERE p.author_id = u.id AND p.title = 'x')",
            "SELECT * FROM users u JOIN (SELECT p.author_id FROM posts p WHERE p.title = 'x') s ON s.author_id = u.id",
            "WITH s AS (SELECT p.author_id FROM posts p WHERE p.title = 'x') SELECT * FROM s JOIN users u ON s.author_id = u.id",
        ],
    )
    def test_subqueries_are_joined(self, sql: str) -> None:
        assert self.paths("CREATE INDEX t ON posts (title);", sql) == {"users": (Path.INDEX, "users_pkey"), "posts": (Path.INDEX, "t")}

    def test_not_exists_does_not_lead_outward(self) -> None:
        sql = "SELECT * FROM users u WHERE NOT EXISTS (SELECT 1 FROM posts p WHERE p.author_id = u.id AND p.title = 'x')"
        assert self.paths("CREATE INDEX t ON posts (title);", sql)["users"] == (Path.WHOLE, "")

    def test_a_subquery_for_each_row_needs_an_index(self) -> None:
        sql = "SELECT u.id, (SELECT count(*) FROM posts p WHERE p.author_id = u.id) FROM users u"
        found = {one.table: one for one in ask(USERS + POSTS, sql)}
        assert (found["posts"].path, found["posts"].scope) == (Path.SCAN, (0,))

    def test_constants_reach_through_equalities(self) -> None:
        found = self.paths(self.FOREIGN, "SELECT * FROM posts p JOIN users u ON u.id = p.author_id WHERE u.id = 5")
        assert found == {"posts": (Path.INDEX, "f"), "users": (Path.INDEX, "users_pkey")}

    def test_an_or_over_two_tables_is_served_by_none(self) -> None:
        sql = "SELECT * FROM posts p JOIN users u ON u.id = p.author_id WHERE u.email = 'x' OR p.title = 'y'"
        found = self.paths("CREATE INDEX e ON users (email); CREATE INDEX t ON posts (title);" + self.FOREIGN, sql)
        assert {path for path, _ in found.values()} == {Path.WHOLE}

    def test_writes_find_their_rows_alike(self) -> None:
        assert self.paths("", "UPDATE users SET name = 'x' WHERE email = %s") == {"users": (Path.SCAN, "")}
        assert self.paths("", "DELETE FROM posts p USING users u WHERE u.id = p.author_id AND u.id = 5")["posts"] == (Path.SCAN, "")
        assert ask(USERS, "INSERT INTO users (id) VALUES (1)") == ()


class TestUnknown:
    QUERY = Query(Verb.SELECT, (Relation("users"),), Comparison(Term(TermKind.COLUMN, 0, "email"), "=", Term(TermKind.PARAMETER)))

    def path(self, table: Table | None, query: Query = QUERY) -> Path:
        (found,) = accesses(query, lambda _: table)
        return found.path

    def test_what_is_not_known_is_not_judged(self) -> None:
        users = schema(USERS)["users"]
        assert self.path(users) is Path.SCAN
        assert self.path(None) is Path.UNKNOWN
        assert self.path(replace(users, unknown=("a dynamic migration",))) is Path.UNKNOWN
        assert self.path(replace(users, indexes=(*users.indexes, Index("odd", (IndexKey("", "?"),), usable=False)))) is Path.UNKNOWN
        assert self.path(replace(users, columns=users.columns[:1])) is Path.UNKNOWN
        assert self.path(users, replace(self.QUERY, unknown=("a set operation",))) is Path.UNKNOWN

    def test_a_condition_that_was_not_understood(self) -> None:
        users = schema(USERS + "CREATE INDEX i ON users (name);")["users"]
        assert self.path(users, replace(self.QUERY, where=Opaque("?", (0,)))) is Path.UNKNOWN
        assert self.path(users, replace(self.QUERY, where=Or((Opaque("?", (0,)), Opaque("?", (0,)))))) is Path.UNKNOWN

    def test_a_parameter_proves_nothing_and_refutes_nothing(self) -> None:
        assert one("CREATE INDEX i ON users (email) WHERE kind = 'a';", "email = %s AND kind = %s").path is Path.UNKNOWN

    def test_a_table_that_stays_small_is_read_whole(self) -> None:
        users = schema(USERS)["users"]
        assert self.path(replace(users, seeded=True)) is Path.WHOLE
        assert self.path(replace(users, rows=40)) is Path.WHOLE
        assert self.path(replace(users, rows=40_000)) is Path.SCAN


class TestOtherDatabases:
    PLAIN = "CREATE TABLE users (id integer PRIMARY KEY, email varchar(100), name varchar(100), score integer, active boolean);"

    def path(self, dialect: Dialect, indexes: str, condition: str) -> Path:
        return one(indexes, condition, dialect=dialect, table=self.PLAIN).path

    def test_any_index_serves_a_prefix_in_mysql(self) -> None:
        assert self.path(Dialect.MYSQL, "CREATE INDEX i ON users (email);", "email LIKE 'abc%%'") is Path.INDEX

    def test_a_prefix_of_a_column_serves_equality_in_mysql(self) -> None:
        assert self.path(Dialect.MYSQL, "CREATE INDEX i ON users (email(10));", "email = %s") is Path.INDEX

    def test_text_compared_with_a_number_in_mysql(self) -> None:
        assert self.path(Dialect.MYSQL, "CREATE INDEX i ON users (email);", "email = 5") is Path.SCAN

    def test_references_are_indexed_in_mysql(self) -> None:
        ddl = self.PLAIN + "CREATE TABLE posts (id integer PRIMARY KEY, author_id integer, FOREIGN KEY (author_id) REFERENCES users (id));"
        (found,) = ask(ddl, "SELECT * FROM posts WHERE author_id = %s", Dialect.MYSQL)
        assert found.path is Path.INDEX
        (found,) = ask(ddl, "SELECT * FROM posts WHERE author_id = %s", Dialect.SQLITE)
        assert found.path is Path.SCAN

    def test_like_ignores_case_in_sqlite(self) -> None:
        assert self.path(Dialect.SQLITE, "CREATE INDEX i ON users (email);", "email LIKE 'abc%%'") is Path.SCAN
        assert self.path(Dialect.SQLITE, "CREATE INDEX i ON users (email COLLATE NOCASE);", "email LIKE 'abc%%'") is Path.INDEX

    def test_constants_are_not_compared_in_sqlite(self) -> None:
        assert self.path(Dialect.SQLITE, "CREATE INDEX i ON users (email) WHERE score > 5;", "email = %s AND score = 6") is Path.SCAN
        assert self.path(Dialect.SQLITE, "CREATE INDEX i ON users (email) WHERE email IS NOT NULL;", "email = %s") is Path.INDEX


class TestSize:
    """Ten thousand ways, hundreds of tables, deep nesting: in a second here; in hours, or not at all, if the work grew with the square."""

    def test_ten_thousand_ways(self) -> None:
        users = schema(USERS + "CREATE INDEX i ON users (email); CREATE INDEX p ON users (name) WHERE kind = 'x' OR kind = 'y';")["users"]
        ways = tuple(Comparison(Term(TermKind.COLUMN, 0, "email" if n % 2 else "name"), "=", Term(TermKind.CONSTANT, text=f"'{n}'")) for n in range(10_000))
        query = Query(Verb.SELECT, (Relation("users"),), Or(ways))
        (found,) = accesses(query, lambda _: users)
        assert found.path is Path.SCAN and len(found.reasons) == 3

    def test_a_chain_of_three_hundred_joins(self) -> None:
        users = schema(USERS)["users"]
        relations = [Relation("users", "t0")]
        for number in range(1, 300):
            on = Comparison(Term(TermKind.COLUMN, number, "id"), "=", Term(TermKind.COLUMN, number - 1, "score"))
            relations.append(Relation("users", f"t{number}", "inner", on))
        query = Query(Verb.SELECT, tuple(relations), Comparison(Term(TermKind.COLUMN, 0, "id"), "=", Term(TermKind.PARAMETER)))
        found = accesses(query, lambda _: users)
        assert {one.path for one in found} == {Path.INDEX}

    def test_deep_nesting_is_unknown_not_a_crash(self) -> None:
        users = schema(USERS)["users"]
        where = Comparison(Term(TermKind.COLUMN, 0, "email"), "=", Term(TermKind.PARAMETER))
        predicate: object = where
        for _ in range(3000):
            predicate = Or((predicate, where))  # type: ignore[arg-type]
        (found,) = accesses(Query(Verb.SELECT, (Relation("users"),), predicate), lambda _: users)  # type: ignore[arg-type]
        assert found.path in (Path.UNKNOWN, Path.SCAN)


@pytest.mark.parametrize(("type_", "path"), [("varchar(64)", Path.INDEX), ("char(64)", Path.INDEX), ("", Path.INDEX), ("text", Path.SCAN)])
def test_a_char_column_is_converted_for_a_text_only(type_: str, path: Path) -> None:
    """As PostgreSQL does: ``token = $1::varchar`` compares chars, ``token = $1::text`` compares texts."""
    token = Term(TermKind.COLUMN, 0, "token", type="char(64)")
    where = Comparison(token, "=", Term(TermKind.PARAMETER, type=type_))
    tables = schema("CREATE TABLE sessions (id bigint PRIMARY KEY, token char(64) NOT NULL UNIQUE);")
    (found,) = accesses(Query(Verb.SELECT, (Relation("sessions"),), where), tables.get, Dialect.POSTGRESQL)
    assert found.path is path


@pytest.mark.parametrize(
    ("condition", "path"),
    [("email = %s", Path.SCAN), ("name = %s AND email = %s", Path.SCAN), ("kind = %s", Path.INDEX), ("born = %s", Path.INDEX), ("city = %s", Path.UNKNOWN)],
)
def test_one_row_in_the_order_of_the_key(condition: str, path: Path) -> None:
    """What ``.first()`` asks: a text that names one row is searched for in the whole table, one that many share is met soon."""
    table = USERS.replace("name text", "name text, city text")
    assert one("", condition, "ORDER BY id LIMIT 1", table=table).path is path
