"""Where queries are found, how they are counted, and what is left open."""

from __future__ import annotations

import textwrap

import pytest
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


def test_between_of_a_column_without_annotation() -> None:
    models = """
    from sqlalchemy import Integer
    from sqlalchemy.orm import DeclarativeBase, mapped_column

    class Base(DeclarativeBase): ...

    class Parcel(Base):
        __tablename__ = "parcel"
        id = mapped_column(Integer, primary_key=True)
        weight = mapped_column(Integer)
    """
    code = """
    from sqlalchemy import select
    from parcels import Parcel

    def f(session, low):
        return session.scalars(select(Parcel).where(Parcel.weight.between(low, 9))).all()
    """
    (site,) = sites(linked({"parcels.py": textwrap.dedent(models), "service.py": textwrap.dedent(code)}))
    assert where(site) == "weight >= ? and weight <= 9", "the method is no function of the library"


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


SQLMODEL = """
from sqlmodel import Field, Relationship, SQLModel, Session, col, delete, func, select

class Team(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True)
    heroes: list["Hero"] = Relationship(back_populates="team")

class HeroBase(SQLModel):
    name: str = Field(index=True)

class Hero(HeroBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
    age: int | None = Field(default=None)
    team_id: int | None = Field(default=None, foreign_key="team.id")
    team: Team | None = Relationship(back_populates="heroes")
"""
FLASK = """
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()

class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    username = db.Column(db.String(80), unique=True)
    posts = db.relationship("Post", backref="author", lazy="dynamic")

class Post(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    title = db.Column(db.String)
    user_id = db.Column(db.Integer, db.ForeignKey("user.id"))
"""


@pytest.mark.parametrize(
    ("question", "tables", "condition", "rows"),
    [
        ("session.exec(select(Hero).where(Hero.name == name)).first()", ["hero"], "name = ?", Rows.ONE),
        ("session.exec(select(Hero).where(col(Hero.age) > 3)).all()", ["hero"], "age > 3", Rows.MANY),
        ("session.exec(select(Hero, Team).join(Team).where(Team.name == 'x')).all()", ["hero", "team"], "name = 'x'", Rows.MANY),
        ("session.exec(select(Hero).join(Hero.team).where(col(Team.name).in_(['a', 'b']))).all()", ["hero", "team"], "name in ('a', 'b')", Rows.MANY),
        ("session.exec(select(func.count()).select_from(Hero).where(Hero.age == 3)).one()", ["hero"], "age = 3", Rows.NONE),
        ("session.get(Hero, name)", ["hero"], "id = ?", Rows.ONE),
        ("session.exec(delete(Hero).where(col(Hero.age).is_(None)))", ["hero"], "age is null", Rows.NONE),
    ],
)
def test_sqlmodel(question: str, tables: list[str], condition: str, rows: Rows) -> None:
    (site,) = sites(linked({"models.py": f"{SQLMODEL}\ndef f(session: Session, name: str):\n    return {question}\n"}))
    assert ([relation.table for relation in site.query.relations], where(site), site.query.rows, site.evaluated) == (tables, condition, rows, True)


@pytest.mark.parametrize(
    ("question", "tables", "condition", "rows"),
    [
        ("User.query.filter_by(username=name).first_or_404()", ["user"], "username = ?", Rows.ONE),
        ("User.query.get(name)", ["user"], "id = ?", Rows.ONE),
        ("Post.query.join(User).filter(User.username == name).paginate(page=1)", ["post", "user"], "username = ?", Rows.MANY),
        ("db.session.execute(db.select(User).filter_by(username='x')).scalar_one()", ["user"], "username = 'x'", Rows.ONE),
        ("db.get_or_404(User, name)", ["user"], "id = ?", Rows.ONE),
        ("db.one_or_404(db.select(User).filter_by(username='x'))", ["user"], "username = 'x'", Rows.ONE),
        ("db.paginate(db.select(Post).where(Post.title == 'x'))", ["post"], "title = 'x'", Rows.MANY),
        ("User.query.filter(db.or_(User.id == 1, User.username == 'b')).count()", ["user"], "id = 1 or username = 'b'", Rows.NONE),
        ("User.query.first().posts.filter_by(title='x').all()", ["post"], "user_id = ? and title = 'x'", Rows.MANY),
        ("Post.query.filter(Post.author == User(), Post.title.like('%x')).delete()", ["post"], "user_id = ? and title like '%x'", Rows.NONE),
        ("db.session.query(db.func.count(User.id)).scalar()", ["user"], "", Rows.NONE),
    ],
)
def test_flask_sqlalchemy(question: str, tables: list[str], condition: str, rows: Rows) -> None:
    last = list(sites(linked({"models.py": f"{FLASK}\ndef f(name):\n    return {question}\n"})))[-1]
    assert ([relation.table for relation in last.query.relations], where(last), last.query.rows, last.evaluated) == (tables, condition, rows, True)


def test_super_in_a_mixin_is_the_next_class_of_the_object() -> None:
    code = """
    class Repository:
        model = None

        def __init__(self, session: Session):
            self.session = session

        def base(self):
            return select(self.model)

        def one(self, statement):
            return self.session.execute(statement).scalar_one_or_none()

    class Cheap:
        def base(self):
            statement = super().base()
            return statement.where(self.model.author_id == 5)

    class Books(Cheap, Repository):
        model = Book

        def titled(self, title):
            return self.one(self.base().where(Book.title == title))

    def through_an_object(session: Session, title):
        books = Books(session)
        return books.one(books.base().where(Book.title == title))
    """
    assert "author_id = 5 and title = ?" in {where(site) for site in found(code)}


def test_callers_of_a_name_that_many_have() -> None:
    """However often something else of that name is called."""
    others = "\n".join(f"        other.total({number})" for number in range(400))
    code = f"""
    class Repository:
        def __init__(self, session: Session):
            self.session = session

        def total(self, **filters):
            return self.session.scalar(select(func.count()).select_from(self.model).filter_by(**filters))

    class Books(Repository):
        model = Book

    def elsewhere(other):
{others}

    def f(session: Session, title):
        return Books(session).total(title=title)
    """
    assert ("f", "title = ?") in {(site.symbol, where(site)) for site in found(code)}


def test_a_statement_that_goes_into_a_function_of_the_project_under_a_name_of_the_library() -> None:
    code = """
    class Repository:
        def __init__(self, session: Session):
            self.session = session

        def count(self, statement):
            return self.session.execute(statement.with_only_columns(func.count())).scalar_one()

    class Books(Repository):
        def one(self, title):
            return self.count(select(Book).where(Book.title == title))

        def two(self, title):
            return self.count(select(Book).where(Book.title == title, Book.id > 1))

        def three(self, title):
            return self.count(select(Book).where(Book.title == title, Book.id > 2))
    """
    asked = {(site.symbol, where(site)) for site in found(code)}
    assert {("Books.one", "title = ?"), ("Books.two", "title = ? and id > 1"), ("Books.three", "title = ? and id > 2")} <= asked


def test_a_mixin_of_models_asks_for_its_own_class() -> None:
    """Nothing says what `db` is but that it is asked for a model."""
    code = """
    from sqlalchemy import Column, Integer, String
    from models import Base

    class Finder:
        @classmethod
        def find(cls, db, **filters):
            return db.query(cls).filter_by(**filters).first()

    class Shelf(Finder, Base):
        __tablename__ = "shelf"
        id = Column(Integer, primary_key=True)
        label = Column(String)

    def f(db, label):
        return Shelf.find(db, label=label)
    """
    assert ("f", "label = ?") in {(site.symbol, where(site)) for site in found(code)}
