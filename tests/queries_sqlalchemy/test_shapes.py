"""A repository's method is read once for all callers of whose values only the name is known; a caller that says more gets a query of its own."""

from __future__ import annotations

import pytest
from queries_sqlalchemy.market_project import linked
from queries_sqlalchemy.test_chains import HEAD, MODELS
from queries_sqlalchemy.test_sites import where

from backend_lint.project.queries import sqlalchemy_compile
from backend_lint.project.queries.sqlalchemy import sites

REPOSITORY = '''
class Repository:
    model = None

    @classmethod
    def find(cls, session: Session, key, title=None):
        return session.query(cls.model).filter(cls.model.id == key, cls.model.title == title).one_or_none()


class Books(Repository):
    model = Book


def first(session: Session, key):
    return Books.find(session, key, "a")


def same(session: Session, key):
    return Books.find(session, key, "a")


def other_title(session: Session, key):
    return Books.find(session, key, "b")


def no_title(session: Session, key):
    return Books.find(session, key)


def fixed_key(session: Session, key):
    key = 7
    return Books.find(session, key, "a")


def unpacked(session: Session, given):
    return Books.find(session, **given)
'''


def test_each_caller_gets_the_query_that_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    plain = sqlalchemy_compile.Compiler.queries
    monkeypatch.setattr(sqlalchemy_compile.Compiler, "queries", lambda self, chain: compiled.append(chain) or plain(self, chain))
    found = {site.symbol: where(site) for site in sites(linked({"models.py": MODELS, "service.py": HEAD + REPOSITORY})) if site.symbol != "Repository.find"}
    assert found["first"] == found["same"] == "id = ? and title = 'a'"
    assert found["other_title"] == "id = ? and title = 'b'"
    assert found["no_title"] == "id = ? and title is null"
    assert found["fixed_key"] == "id = 7 and title = 'a'"
    keys = {chain.steps[0].frame.caller.function for chain in compiled if chain.steps[0].frame.caller is not None}
    assert len(keys) == len(found) - 1, "the query of `same` is that of `first`: it need not be made again"
