"""What values stand for: statements, results, objects; through locals, functions, repositories."""

from __future__ import annotations

import textwrap

import pytest
from queries_sqlalchemy.market_project import linked

from backend_lint.project import Project
from backend_lint.project.queries.sqlalchemy_chains import Chain, SqlalchemyChains

MODELS = """
from sqlalchemy import Column, ForeignKey, Integer, String
from sqlalchemy.orm import declarative_base, relationship

Base = declarative_base()

class Author(Base):
    __tablename__ = "author"
    id = Column(Integer, primary_key=True)
    name = Column(String)
    books = relationship("Book", lazy="dynamic", back_populates="author")

class Book(Base):
    __tablename__ = "book"
    id = Column(Integer, primary_key=True)
    title = Column(String)
    author_id = Column(ForeignKey("author.id"))
    author = relationship(Author, back_populates="books")
"""
HEAD = """
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased, joinedload
from models import Author, Book
"""


def project_of(code: str) -> Project:
    return linked({"models.py": MODELS, "service.py": HEAD + textwrap.dedent(code)})


def local(code: str, name: str, function: str = "f") -> tuple[Project, tuple[Chain, ...]]:
    """The chains that the last value of a local stands for."""
    project = project_of(code)
    module = project.modules["service.py"]
    index = next(number for number, head in enumerate(module.functions) if head.name == function)
    value = module.assigns_to(index, f"%{name}")[0].value
    return project, SqlalchemyChains(project).of("service.py", index, value)


def names(project: Project, chain: Chain) -> list[str | None]:
    return [project.schema.mapped[key].name if key in project.schema.mapped else None for key in chain.entities]


@pytest.mark.parametrize(
    ("expression", "fetched", "entities"),
    [
        ("select(Book).where(Book.id == key)", "statement", ["Book"]),
        ("session.execute(select(Book))", "rows", ["Book"]),
        ("session.execute(select(Book)).scalars()", "entities", ["Book"]),
        ("session.execute(select(Book)).scalars().all()", "entities", ["Book"]),
        ("session.execute(select(Book)).unique().scalar_one_or_none()", "entity", ["Book"]),
        ("session.execute(select(Book, Author)).all()", "rows", ["Book", "Author"]),
        ("session.execute(select(Book, Author)).all()[0]", "row", ["Book", "Author"]),
        ("session.scalars(select(Book)).first()", "entity", ["Book"]),
        ("session.scalar(select(Book))", "entity", ["Book"]),
        ("session.exec(select(Book)).all()", "entities", ["Book"]),
        ("session.query(Book)", "query", ["Book"]),
        ("session.query(Book).all()", "entities", ["Book"]),
        ("session.query(Book).filter(Book.id == key).first()", "entity", ["Book"]),
        ("session.query(Book).count()", "value", ["Book"]),
        ("session.query(Book, Author).all()", "rows", ["Book", "Author"]),
        ("session.query(Book).with_entities(Author).all()", "entities", ["Author"]),
        ("session.query(Book)[:10]", "entities", ["Book"]),
        ("session.query(Book)[0]", "entity", ["Book"]),
        ("session.get(Book, key)", "entity", ["Book"]),
        ("Book.query.filter_by(title='x').all()", "entities", ["Book"]),
        ("Book.query.paginate(page=1).items", "entities", ["Book"]),
        ("list(session.query(Book))", "entities", ["Book"]),
        ("next(iter(session.scalars(select(Book))))", "entity", ["Book"]),
        ("[row[0] for row in session.execute(select(Book, Author))]", "entities", ["Book", "Author"]),
        ("select(aliased(Book))", "statement", ["Book"]),
        ("select(Book.title, func.count())", "statement", [None, None]),
        ("select(Book).subquery()", "part", ["Book"]),
        ("session.get(Author, key).books.filter_by(title='x').all()", "entities", ["Book"]),
    ],
)
def test_values(expression: str, fetched: str, entities: list[str | None]) -> None:
    project, chains = local(f"def f(session: Session, key):\n    found = {expression}\n", "found")
    assert len(chains) == 1
    assert chains[0].fetched == fetched
    assert chains[0].complete
    assert names(project, chains[0]) == entities


@pytest.mark.parametrize("expression", ["session.add(Book())", "requests.get(key)", "cache.get(key)", "{}.get('a')", "session.delete(key)", "key.filter(1)"])
def test_other_values_are_nothing(expression: str) -> None:
    assert local(f"def f(session: Session, key, cache, requests):\n    found = {expression}\n", "found")[1] == ()


def test_steps_keep_the_options() -> None:
    _, chains = local("def f(session: Session):\n    found = session.scalars(select(Book).options(joinedload(Book.author)).limit(3)).all()\n", "found")
    assert [step.method for step in chains[0].steps] == ["select", "options", "limit", "scalars", "all"]


def test_loop_variable_is_an_object() -> None:
    code = "def f(session: Session):\n    for book in session.query(Book):\n        found = book\n"
    project, chains = local(code, "found")
    assert [(chain.fetched, project.schema.mapped[chain.entity].name) for chain in chains if chain.entity] == [("entity", "Book")]


def test_conditional_steps_are_variants() -> None:
    code = """
    def f(session: Session, title, newest):
        statement = select(Book)
        if title:
            statement = statement.where(Book.title == title)
        if newest:
            statement = statement.order_by(Book.id.desc())
        found = session.scalars(statement)
    """
    _, chains = local(code, "found")
    assert sorted(len(chain.steps) for chain in chains) == [2, 3, 3, 4]


def test_steps_repeated_in_a_loop_are_not_complete() -> None:
    code = """
    def f(session: Session, titles):
        statement = select(Book)
        for title in titles:
            statement = statement.where(Book.title != title)
        found = session.scalars(statement)
    """
    _, chains = local(code, "found")
    assert {chain.complete for chain in chains} == {True, False}


def test_through_functions_and_parameters() -> None:
    code = """
    def base():
        return select(Book)

    def only(statement, title):
        return statement.where(Book.title == title)

    def f(session: Session):
        found = session.scalars(only(base(), "x"))
    """
    _, chains = local(code, "found")
    assert [[step.method for step in chain.steps] for chain in chains] == [["select", "where", "scalars"]]


@pytest.mark.parametrize(
    "repository",
    [
        "class Books(Repository[Book]):\n        pass",
        "class Books(Repository):\n        model = Book",
        "class Books(Repository):\n        def __init__(self, session):\n            super().__init__(session, Book)",
    ],
)
def test_generic_repositories(repository: str) -> None:
    code = f"""
    from typing import Generic, TypeVar

    T = TypeVar("T")

    class Repository(Generic[T]):
        model: type[T]

        def __init__(self, session, model: type[T] | None = None):
            self.session = session
            if model:
                self.model = model

        def all(self):
            return self.session.scalars(select(self.model)).all()

    {repository}

    def f(session: Session):
        found = Books(session).all()
    """
    project, chains = local(code, "found")
    assert [(chain.fetched, names(project, chain)) for chain in chains] == [("entities", ["Book"])]


def test_model_given_to_the_constructor() -> None:
    code = """
    class Crud:
        def __init__(self, model):
            self.model = model

        def get(self, session, key):
            return session.get(self.model, key)

    books = Crud(Book)

    def f(session: Session):
        found = books.get(session, 1)
    """
    project, chains = local(code, "found")
    assert [names(project, chain) for chain in chains] == [["Book"]]


def test_functions_that_unpack_what_they_return_themselves_are_followed_a_few_times_only() -> None:
    code = """
    def walked(session, n):
        left, kept = walked(session, n - 1)
        right, more = walked(session, n - 2)
        if n:
            return left, kept
        return right, more

    def f(session: Session):
        found, rest = walked(session, 9)
    """
    project = project_of(code)
    chains = SqlalchemyChains(project)
    index = next(number for number, head in enumerate(project.modules["service.py"].functions) if head.name == "f")
    assert chains.of("service.py", index, "#0[0]") == ()
    assert len(chains._kept) < 1000, "each call opens two more, until memory ends"
