"""Schemas, migrations and queries that somebody wrote to be slow, deep or without end cost in proportion to their size, and take no other query down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hostile_work import work

from backend_lint.config import Settings
from backend_lint.engine.run import check_contents
from backend_lint.registry import Registry

Files = dict[str, str]
MODEL = "from django.db import models\nclass Order(models.Model):\n    a = models.IntegerField()\n    b = models.IntegerField()\n"
HEAD = "from django.db.models import Q\nfrom .models import *\n"
DJANGO = {"manage.py": "", "shop/__init__.py": "", "shop/settings.py": "INSTALLED_APPS = ['shop']\n"}
ALCHEMY = (
    "from sqlalchemy import Column, Integer, or_, select\nfrom sqlalchemy.orm import declarative_base\nBase = declarative_base()\n"
    "class Order(Base):\n    __tablename__ = 'orders'\n    id = Column(Integer, primary_key=True)\n    a = Column(Integer)\n    b = Column(Integer)\n"
)
TABLE = "CREATE TABLE t (id int PRIMARY KEY);\n"


def _each(number: int, text: str) -> str:
    return "".join(text.replace("<i>", str(i)).replace("<next>", str(i + 1)) for i in range(number))


def _django(views: str, models: str = MODEL) -> Files:
    return {**DJANGO, "shop/models.py": models, "shop/views.py": HEAD + views}


def _managers(number: int) -> Files:
    """Each method returns one of two querysets of the next one."""
    method = "    def m<i>(self):\n        if self.z:\n            return self.m<next>().filter(a=1)\n        return self.m<next>().exclude(a=2)\n"
    methods = _each(number, method)
    models = f"from django.db import models\nclass M(models.Manager):\n{methods}    def m{number}(self):\n        return self.all()\n"
    models += "class Order(models.Model):\n    a = models.IntegerField()\n    objects = M()\n"
    return _django("def x(r):\n    return list(Order.objects.m0())\n", models)


SHAPES: dict[str, Callable[[int], Files]] = {
    "columns and indexes that are added to one table": lambda n: {
        f"migrations/V{i}__x.sql": TABLE if not i else f"ALTER TABLE t ADD COLUMN c{i} int;\nCREATE INDEX i{i} ON t (c{i});\n" for i in range(n)
    },
    "references that are added to one table": lambda n: {
        "schema.sql": TABLE + _each(n, "ALTER TABLE t ADD COLUMN c<i> int;\nALTER TABLE t ADD CONSTRAINT k<i> FOREIGN KEY (c<i>) REFERENCES t (id);\n")
    },
    "an OR of many ways": lambda n: {
        "shop/q.py": ALCHEMY + "def f(s):\n    s.scalars(select(Order).where(or_(" + _each(n, "Order.a == <i>, Order.b == <i>, ") + "))).all()\n"
    },
    "many ORs": lambda n: {
        "shop/q.py": ALCHEMY + "def f(s):\n    s.scalars(select(Order).where(" + _each(n, "or_(Order.a == <i>, Order.b == <i>), ") + ")).all()\n"
    },
    "a Q that grows": lambda n: _django("def x(r):\n    q = Q(a=0)\n" + _each(n, "    q |= Q(b=<i>)\n") + "    return list(Order.objects.filter(q))\n"),
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load(entry_points=False)


def _check(registry: Registry, root: Path, files: Files) -> Callable[[], object]:
    settings = Settings(root=root, profile="all", cache=False, jobs=1)
    return lambda: check_contents(settings, registry, {path: text.encode() for path, text in files.items()})


@pytest.mark.parametrize("shape", SHAPES)
def test_cost_grows_with_size_and_no_faster(shape: str, registry: Registry, tmp_path: Path) -> None:
    tasks = [_check(registry, tmp_path, SHAPES[shape](size)) for size in (40, 80, 160)]
    tasks[0]()  # what is made once a process is made here
    small, medium, large = map(work, tasks)
    assert large - medium < 2.4 * (medium - small), (small, medium, large)


def _counting(number: int) -> Files:
    branches = _each(number, "    if r.k == <i>:\n        one = Order.objects.get(pk=r.pk)\n        one.visits += 1\n        one.save()\n")
    return _django("def x(r):\n" + branches, "from django.db import models\nclass Order(models.Model):\n    visits = models.IntegerField()\n")


def test_branches_that_count_in_one_function_look_a_name_up_once(registry: Registry, tmp_path: Path) -> None:
    small, medium, large = (work(_check(registry, tmp_path, _counting(size))) for size in (300, 600, 1200))
    assert large - medium < 2.4 * (medium - small), (small, medium, large)


def test_methods_that_return_each_other_twice_are_counted(registry: Registry, tmp_path: Path) -> None:
    assert work(_check(registry, tmp_path, _managers(6))) < 1_000_000
    assert work(_check(registry, tmp_path, _managers(24))) < 4_000_000


_START, _END = "def x(r):\n    q = Q(a=0)\n", "    return list(Order.objects.filter(q))\n"
DEEP: dict[str, Files] = {
    "a Q that is joined by turns": _django(_START + "    q |= Q(b=1)\n    q &= Q(a=1)\n" * 600 + _END),
    "a Q that is negated by turns": _django(_START + "    q = ~(q | Q(b=1))\n" * 600 + _END),
}


@pytest.mark.parametrize("what", DEEP)
def test_deep_conditions_cost_no_other_query_its_finding(what: str, registry: Registry, tmp_path: Path) -> None:
    files = {**DEEP[what], "shop/other.py": HEAD + "def y(r):\n    return list(Order.objects.filter(b=r.GET['b']))\n"}
    settings = Settings(root=tmp_path, profile="all", cache=False, jobs=1)
    _, judged = check_contents(settings, registry, {path: text.encode() for path, text in files.items()})
    assert judged.failures == []
    assert ("unindexed-filter", "shop/other.py") in {(finding.rule, finding.path) for finding in judged.findings}
