"""SQL in Python code: which texts it may be, where it is run, and how many rows are taken."""

from __future__ import annotations

import pytest
from sql_shown import shown_query

from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.facts.query import QuerySource, Rows, Site
from backend_lint.project import Project
from backend_lint.project.statements import statements
from backend_lint.readers.python import read
from backend_lint.readers.sql import read as read_sql


def project(**files: str) -> Project:
    readings = {}
    for name, source in files.items():
        path = name.replace("__", "/") + ".py"
        role = Role.TEST if name.startswith("test_") else Role.MIGRATION if name.startswith("migrations") else Role.APPLICATION
        file = SourceFile(path, Kind.PYTHON, role, len(source))
        reading = read(source.encode(), file, ())
        assert not reading.unchecked
        readings[path] = (file, reading)
    return Project.link(readings)


def sites(source: str, **others: str) -> tuple[Site, ...]:
    return project(app=source, **others).queries.sites


def queries(source: str, **others: str) -> list[str]:
    return [shown_query(site.query) for site in sites(source, **others)]


ONE = "select t where 0.a = ? rows one"
SINKS = {
    "def f(cur):\n    cur.execute('SELECT * FROM t WHERE a = %s', (1,))\n    return cur.fetchone()\n": Rows.ONE,
    "def f(cur):\n    cur.execute('SELECT * FROM t WHERE a = %s', (1,))\n    return cur.fetchall()\n": Rows.MANY,
    "def f(cur):\n    cur.execute('SELECT * FROM t WHERE a = %s', (1,))\n    for row in cur:\n        print(row)\n": Rows.MANY,
    "from django.db import connection\ndef f():\n    with connection.cursor() as c:\n"
    "        c.execute('SELECT * FROM t WHERE a = %s', [1])\n        return c.fetchone()\n": Rows.ONE,
    "async def f(conn):\n    return await conn.fetchrow('SELECT * FROM t WHERE a = $1', 1)\n": Rows.ONE,
    "async def f(pool):\n    return await pool.fetch('SELECT * FROM t WHERE a = $1', 1)\n": Rows.MANY,
    "from sqlalchemy import text\ndef f(session):\n    return session.execute(text('SELECT * FROM t WHERE a = :a'), {'a': 1}).first()\n": Rows.ONE,
    "import sqlalchemy as sa\ndef f(conn):\n    return conn.execute(sa.text('SELECT * FROM t WHERE a = :a'), {'a': 1}).mappings().all()\n": Rows.MANY,
    "from sqlalchemy import text\nQ = text('SELECT * FROM t WHERE a = :a')\ndef f(session):\n    return session.scalar(Q, {'a': 1})\n": Rows.ONE,
    "from sqlalchemy import text\ndef f(session):\n    q = text('SELECT * FROM t WHERE a = :a')\n"
    "    r = session.execute(q, {'a': 1})\n    return r.fetchall()\n": Rows.MANY,
    "import pandas as pd\ndef f(engine):\n    return pd.read_sql('SELECT * FROM t WHERE a = %s', engine, params=[1])\n": Rows.MANY,
    "async def f(database):\n    return await database.fetch_one(query='SELECT * FROM t WHERE a = :a', values={})\n": Rows.ONE,
    "import aiosqlite\nasync def f(db):\n    async with db.execute('SELECT * FROM t WHERE a = ?', (1,)) as cur:\n"
    "        return await cur.fetchone()\n": Rows.ONE,
    "from psycopg import sql\ndef f(cur):\n"
    "    cur.execute(sql.SQL('SELECT * FROM {} WHERE {} = %s').format(sql.Identifier('t'), sql.Identifier('a')), (1,))\n"
    "    return cur.fetchall()\n": Rows.MANY,
    "def query_db(query, args=()):\n    cur = get_db().execute(query, args)\n    return cur.fetchall()\ndef f():\n"
    "    return query_db('SELECT * FROM t WHERE a = ?', [1])\n": Rows.MANY,
    "class Base:\n    def one(self, sql, *args):\n        return self._run(sql, args)\n"
    "    def _run(self, sql, args):\n        self.cur.execute(sql, args)\n        return self.cur.fetchone()\n"
    "class Users(Base):\n    def f(self):\n        return self.one('SELECT * FROM t WHERE a = %s', 1)\n": Rows.ONE,
    "def f(model):\n    return [row.a for row in model.objects.raw('SELECT * FROM t WHERE a = %s', [1])]\n": Rows.MANY,
    "from .models import T\nclass X:\n    def f(self):\n        return T.objects.raw('SELECT * FROM t WHERE a = %s', [1])\n": Rows.MANY,
}


@pytest.mark.parametrize("source", SINKS)
def test_sinks_and_rows(source: str) -> None:
    (site,) = sites(source, models="from django.db import models\nclass T(models.Model):\n    pass\n")
    assert shown_query(site.query).replace(" rows one", "").replace(" rows many", "").replace('"', "") == "select t where 0.a = ?"
    assert site.query.rows is SINKS[source]


TEXTS = {
    # names
    "Q = 'SELECT * FROM t WHERE a = %s'\ndef f(cur):\n    cur.execute(Q)\n": ["select t where 0.a = ?"],
    "from consts import Q\ndef f(cur):\n    cur.execute(Q)\n": ["select t where 0.q = ?"],
    "import consts\ndef f(cur):\n    cur.execute(consts.Q)\n": ["select t where 0.q = ?"],
    "class R:\n    SQL = 'SELECT * FROM t WHERE a = %s'\n    def f(self, cur):\n        cur.execute(self.SQL)\n": ["select t where 0.a = ?"],
    "def f(cur):\n    sql = 'SELECT * FROM t WHERE a = %s'\n    cur.execute(sql)\n": ["select t where 0.a = ?"],
    "def q(name):\n    return f'SELECT * FROM t WHERE a = {name}'\ndef f(cur):\n    cur.execute(q('x'))\n": ["select t where 0.a = ?"],
    # put together
    "T = 'users'\ndef f(cur):\n    cur.execute(f'SELECT * FROM {T} WHERE a = %s')\n": ["select users where 0.a = ?"],
    "def f(cur, x):\n    cur.execute(f'SELECT * FROM t WHERE a = {x} AND b = \\'{x}\\'')\n": ["select t where 0.a = ? & 0.b = ?"],
    "def f(cur, t):\n    cur.execute(f'SELECT * FROM {t} WHERE a = %s')\n": ["select ? where 0.a = ? unknown a table is named at run time"],
    "def f(cur):\n    cur.execute('SELECT * FROM t ' + 'WHERE a = %s')\n": ["select t where 0.a = ?"],
    "def f(cur, x):\n    cur.execute('SELECT * FROM t WHERE a = ' + str(x))\n": ["select t where 0.a = ?"],
    "def f(cur, x):\n    cur.execute('SELECT * FROM %s WHERE a = %%s' % 't')\n": ["select t where 0.a = ?"],
    "def f(cur, x):\n    cur.execute('SELECT * FROM t WHERE a = %(a)s AND b = %(b)d' % {'a': x, 'b': 3})\n": ["select t where 0.a = ? & 0.b = 3"],
    "def f(cur, x):\n    cur.execute('SELECT * FROM {} WHERE {c} = {}'.format('t', x, c='a'))\n": ["select t where 0.a = ?"],
    "def f(cur, ids):\n    cur.execute('SELECT * FROM t WHERE a IN (' + ','.join(['%s'] * len(ids)) + ')', ids)\n": ["select t where 0.a in ?"],
    "def f(cur, ids):\n    marks = ', '.join('?' for _ in ids)\n    cur.execute(f'SELECT * FROM t WHERE a IN ({marks})', ids)\n": ["select t where 0.a in ?"],
    "def f(cur):\n    cur.execute(' '.join(['SELECT * FROM t', 'WHERE a = %s']))\n": ["select t where 0.a = ?"],
    "import textwrap\ndef f(cur):\n    cur.execute(textwrap.dedent('''\n        SELECT * FROM t\n        WHERE a = %s'''))\n": ["select t where 0.a = ?"],
    # under conditions
    "def f(cur, x):\n    q = 'SELECT * FROM t WHERE a = %s'\n    if x:\n        q += ' AND b = %s'\n    cur.execute(q)\n": [
        "select t where 0.a = ?",
        "select t where 0.a = ? & 0.b = ?",
    ],
    "def f(cur, x):\n    q = 'SELECT * FROM t'\n    if x:\n        q += ' WHERE a = %s'\n    else:\n"
    "        q += ' WHERE b = %s'\n    q += ' LIMIT 5'\n    cur.execute(q)\n": [
        "select t where 0.a = ? limit 5",
        "select t where 0.b = ? limit 5",
    ],
    "def f(cur, x):\n    cur.execute(f\"SELECT * FROM t WHERE a = %s {'AND b = 1' if x else ''}\")\n": [
        "select t where 0.a = ?",
        "select t where 0.a = ? & 0.b = 1",
    ],
    "def f(cur, x):\n    cur.execute('SELECT * FROM t WHERE a = 1' if x else 'SELECT * FROM u WHERE b = 1')\n": [
        "select t where 0.a = 1",
        "select u where 0.b = 1",
    ],
    "def f(cur, x):\n    parts = ['a = %s']\n    if x:\n        parts.append('b = %s')\n    cur.execute('SELECT * FROM t WHERE ' + ' AND '.join(parts))\n": [
        "select t where 0.a = ?",
        "select t where 0.a = ? & 0.b = ?",
    ],
    "def f(cur, xs):\n    q = 'SELECT * FROM t WHERE a = 1'\n    for x in xs:\n        q += ' AND b = %s'\n    cur.execute(q)\n": [
        "select t where 0.a = 1 & opaque[0]"
    ],
    "def f(cur, more):\n    cur.execute('SELECT * FROM t WHERE a = 1 AND ' + more)\n": ["select t where 0.a = 1 & opaque[0]"],
}


@pytest.mark.parametrize("source", TEXTS)
def test_texts_put_together(source: str) -> None:
    found = queries(source, consts="Q = 'SELECT * FROM t WHERE q = %s'\n")
    assert sorted(found) == sorted(TEXTS[source])


def test_variants_share_a_place_and_are_numbered() -> None:
    found = sites(
        "def f(cur, x, y):\n    q = 'SELECT * FROM t WHERE a = 1'\n    if x:\n        q += ' AND b = 1'\n    if y:\n"
        "        q += ' AND c = 1'\n    cur.execute(q)\n"
    )
    assert len(found) == 4
    assert len({(site.line, site.column, site.call) for site in found}) == 1
    assert [site.variant for site in found] == [0, 1, 2, 3]


def test_too_many_conditions_are_unknown_and_not_left_out() -> None:
    grown = "".join(f"    if x[{i}]:\n        q += ' AND c{i} = 1'\n" for i in range(10))
    found = queries(f"def f(cur, x):\n    q = 'SELECT * FROM t WHERE a = 1'\n{grown}    cur.execute(q)\n")
    assert 1 <= len(found) <= 8
    assert all("opaque" in one for one in found)


def test_a_long_part_is_kept_whole_or_unknown() -> None:
    filler = " ".join(f"AND c{i} = 1" for i in range(40))
    (found,) = queries(f"def f(cur):\n    q = 'SELECT * FROM t WHERE a = 1'\n    q += ' {filler}'\n    cur.execute(q)\n")
    assert "0.c39 = 1" in found
    (cut,) = queries(f"def f(cur):\n    q = 'SELECT * FROM t WHERE a = 1 AND '\n    q += '{filler[4:]}'\n    cur.execute(q)\n")
    assert "the text is cut off" in cut or "0.c39 = 1" in cut


def test_what_is_no_statement_is_left_alone() -> None:
    source = (
        "import logging\nfrom sqlalchemy import text\ndef f(runner, session, sql):\n"
        "    runner.execute('restart the server')\n    logging.info('SELECT * FROM t')\n"
        "    session.query(1).filter(text('a = 1'))\n    session.execute(sql)\n    runner.select('SELECT a file')\n"
    )
    assert not [site for site in sites(source) if site.source is QuerySource.SQL]


def test_a_method_that_passes_statements_on_is_known_by_its_name() -> None:
    method = "    async def one(self, sql, args=None):\n        "
    wrappers = f"class Database:\n{method}async with self.start() as tx:\n            return await tx.one(sql, args)\n"
    wrappers += f"class Transaction:\n{method}await self.cursor.execute(sql, args)\n        return await self.cursor.fetchone()\n"
    asks = "async def f(request):\n    return await request.app['db'].one('SELECT * FROM t WHERE a = %s', (1,))\n"
    assert queries(asks, database=wrappers) == [ONE], "whose method it is cannot be told, but all of that name run their statement"
    other = "class Form:\n    def one(self, text):\n        return text\n"
    assert queries(asks, database=wrappers, other=other) == [], "a method of another kind has that name too"


def test_places_and_depth() -> None:
    (site,) = sites(
        "class R:\n    def f(self, cur, ids):\n        for i in ids:\n            cur.execute(\n"
        "                'SELECT *\\n FROM t WHERE a = %s', (i,))\n            cur.fetchone()\n"
    )
    assert (site.path, site.line, site.end_line, site.symbol, site.loop_depth) == ("app.py", 4, 5, "R.f", 1)
    assert site.text == "SELECT * FROM t WHERE a = %s"


def test_tests_and_migrations_are_left_out() -> None:
    source = "def f(cur):\n    cur.execute('SELECT * FROM t')\n"
    linked = project(app=source, test_app=source, migrations__m1=source)
    assert [site.path for site in linked.queries.sites] == ["app.py"]
    assert len(list(statements(linked))) == 3


def test_questions_by_function_and_table() -> None:
    linked = project(app="def f(cur):\n    cur.execute('SELECT * FROM t WHERE id IN (SELECT t_id FROM u)')\ndef g(cur):\n    cur.execute('DELETE FROM u')\n")
    assert [site.symbol for site in linked.queries.of_table("u")] == ["f", "g"]
    assert [site.symbol for site in linked.queries.of_table("t")] == ["f"]
    assert len(linked.queries.at("app.py", 2)) == 1


QUERIES = """-- name: get-user^
-- One user.
SELECT * FROM users WHERE email = :email;

-- name: delete_user!
DELETE FROM users WHERE id = :id;

-- name: all_users
SELECT * FROM users ORDER BY id;
"""


def test_named_queries_of_files_stand_where_they_are_called() -> None:
    file = SourceFile("sql/users.sql", Kind.SQL, Role.APPLICATION, len(QUERIES))
    source = (
        "import aiosql\nqueries = aiosql.from_path('sql', 'psycopg2')\ndef f(conn, emails):\n    for email in emails:\n"
        "        queries.get_user(conn, email=email)\n"
    )
    linked = project(app=source)
    app = linked.files["app.py"]
    found = Project.link({"sql/users.sql": (file, read_sql(QUERIES.encode(), file)), "app.py": (app, read(source.encode(), app, ()))}).queries.sites
    assert [(site.path, site.line, site.symbol, site.loop_depth, site.query.rows, shown_query(site.query)) for site in found] == [
        ("app.py", 5, "f", 1, Rows.ONE, "select users where 0.email = ? rows one"),
        ("sql/users.sql", 6, "delete_user", 0, Rows.NONE, "delete users where 0.id = ? rows none"),
        ("sql/users.sql", 9, "all_users", 0, Rows.MANY, "select users order 0.id rows many"),
    ]
    assert {site.source for site in found} == {QuerySource.FILE}
