"""Where queries are found, how they are counted, and what is left open."""

from __future__ import annotations

import textwrap

from queries_sqlalchemy.market_project import linked
from queries_sqlalchemy.test_chains import HEAD, MODELS

from backend_lint.facts.query import And, Comparison, Opaque, Rows, Site, Verb
from backend_lint.project.queries.sqlalchemy import sites
from backend_lint.sql.conditions import predicate_text


def found(code: str) -> list[Site]:
    return list(sites(linked({"models.py": MODELS, "service.py": HEAD + textwrap.dedent(code)})))


def where(site: Site) -> str:
    return predicate_text(site.query.where)


def test_one_site_for_a_chain_at_the_call_that_runs_it() -> None:
    code = """
    def f(session: Session, key):
        result = session.execute(
            select(Book)
            .where(Book.id == key)
        )
        return result.scalars().all()
    """
    (site,) = found(code)
    lines = (HEAD + textwrap.dedent(code)).splitlines()
    assert "session.execute" in lines[site.line - 1]
    assert (site.symbol, site.evaluated, site.loop_depth, site.query.rows) == ("f", True, 0, Rows.MANY)
    assert site.text == "select(Book).where(Book.id == key)"


def test_rows_and_loops() -> None:
    code = """
    def f(session: Session, keys):
        for key in keys:
            session.query(Book).filter_by(id=key).first()
        session.query(Book).count()
        return [session.get(Book, key) for key in keys]
    """
    assert [(site.query.rows, site.loop_depth, site.query.limit) for site in found(code)] == [(Rows.ONE, 1, 1), (Rows.NONE, 0, None), (Rows.ONE, 1, None)]


def test_a_statement_that_is_handed_back_is_not_run_there() -> None:
    code = """
    def base():
        return select(Book).where(Book.title == "x")

    def f(session: Session):
        return session.scalars(base().where(Book.id > 3)).all()
    """
    one, other = found(code)
    assert (one.symbol, one.evaluated, where(one)) == ("base", False, "title = 'x'")
    assert (other.symbol, other.evaluated, where(other)) == ("f", True, "title = 'x' and id > 3")


def test_a_query_that_is_counted_and_fetched_is_two() -> None:
    code = """
    def f(session: Session):
        query = session.query(Book).filter(Book.title == "x")
        return query.count(), query.limit(3).all()
    """
    assert [(site.query.aggregate, site.query.limit) for site in found(code)] == [(True, None), (False, 3)]


def test_subqueries_are_no_sites_of_their_own() -> None:
    code = """
    def f(session: Session):
        inner = select(Author.id).where(Author.name == "x")
        return session.scalars(select(Book).where(Book.author_id.in_(inner))).all()
    """
    (site,) = found(code)
    assert len(site.query.subqueries) == 1


def test_iterating_runs_a_query() -> None:
    code = """
    def f(session: Session):
        query = session.query(Book).filter(Book.title == "x")
        for book in query:
            print(book.title)
    """
    (site,) = found(code)
    assert (site.evaluated, site.query.rows) == (True, Rows.MANY)


def test_raw_sql_and_deleting_objects_are_left_to_others() -> None:
    code = """
    from sqlalchemy import text

    def f(session: Session, book):
        session.execute(text("DELETE FROM book"))
        session.delete(book)
    """
    assert found(code) == []


def test_unknown_conditions_are_kept_as_opaque() -> None:
    code = """
    def f(session: Session, more, **wanted):
        return session.scalars(select(Book).where(Book.id == 3, more).filter_by(**wanted)).all()
    """
    (site,) = found(code)
    assert isinstance(site.query.where, And)
    assert [type(part) for part in site.query.where.parts] == [Comparison, Opaque, Opaque]


def test_a_step_that_is_not_known_makes_the_query_unknown() -> None:
    (site,) = found("def f(session: Session):\n    return session.query(Book).frobnicate(3).all()\n")
    assert site.query.unknown


def test_keywords_come_from_who_calls() -> None:
    code = """
    class Base:
        @classmethod
        def find(cls, session: Session, **wanted):
            return session.query(cls).filter_by(**wanted).first()

    class Shelf(Base, Book):
        pass

    def by_title(session: Session, title):
        return find_book(session, title=title)

    def find_book(session: Session, **wanted):
        return session.query(Book).filter_by(**wanted).first()
    """
    (site,) = [site for site in found(code) if site.query.relations and site.query.relations[0].table == "book" and site.symbol == "by_title"]
    assert where(site) == "title = ?"


def test_all_models_of_a_shared_method() -> None:
    code = """
    class Repository:
        model = None

        def __init__(self, session: Session):
            self.session = session

        def named(self, title):
            return self.session.scalars(select(self.model).where(self.model.id == title)).first()

    class Books(Repository):
        model = Book

    class Authors(Repository):
        model = Author
    """
    assert sorted(site.query.relations[0].table for site in found(code)) == ["author", "book"]


def test_writes() -> None:
    code = """
    def f(session: Session, key):
        session.execute(update(Book).where(Book.id == key).values(title="x"))
        session.query(Book).filter(Book.title == "x").delete()
        session.execute(update(Book), [{"id": 1, "title": "y"}])
    """
    assert [(site.query.verb, site.query.written, where(site)) for site in found(code)] == [
        (Verb.UPDATE, ("title",), "id = ?"),
        (Verb.DELETE, (), "title = 'x'"),
        (Verb.UPDATE, ("id", "title"), "id = ?"),
    ]


def test_endless_chains_do_no_harm() -> None:
    chain = "select(Book)" + ".where(Book.id == 1)" * 400
    sites_found = found(f"def g(session: Session):\n    {chain}\n\ndef f(session: Session):\n    session.scalars(select(Book).where(Book.id == 2)).all()\n")
    assert [where(site) for site in sites_found if site.symbol == "f"] == ["id = 2"]


def test_other_names_of_imports() -> None:
    code = """
    from sqlalchemy import select as choose, func as f_

    def f(session: Session):
        return session.scalars(choose(Book).where(f_.lower(Book.title) == "x")).all()
    """
    (site,) = found(code)
    assert where(site) == "lower(title) = 'x'"
