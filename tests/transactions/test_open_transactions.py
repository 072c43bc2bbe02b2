"""Where transactions are open: lexically, through callers, by settings and frameworks, between a session's write and its commit."""

from __future__ import annotations

import pytest
from transactions.linked_projects import link, one

from backend_lint.project import Project
from backend_lint.project.transactions import Inside, Open
from backend_lint.project.transactions.locks import locks_rows


def place(project: Project, callee: str, path: str = "a.py") -> tuple[tuple[str, int], int]:
    """The function and block of the call of `callee`."""
    for index, body in enumerate(project.modules[path].bodies):
        for call in body.calls:
            if call.callee == callee:
                return (path, index), call.block
    raise AssertionError(callee)


def inside(project: Project, callee: str, path: str = "a.py") -> Inside | None:
    key, block = place(project, callee, path)
    return project.transactions.reach.inside(key, block)


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    with transaction.atomic():\n        mark()\n",
        "@transaction.atomic\ndef f():\n    mark()\n",
        "@transaction.atomic(using='other', durable=True)\ndef f():\n    mark()\n",
        "def f():\n    with open('x') as x, transaction.atomic():\n        mark()\n",
        "from django.db.transaction import atomic\n@atomic\ndef f():\n    mark()\n",
        "from django.utils.decorators import method_decorator\nclass V:\n    @method_decorator(transaction.atomic)\n    def f(self):\n        mark()\n",
        "def f():\n    with transaction.atomic():\n        g()\ndef g():\n    h()\ndef h():\n    mark()\n",
        "from contextlib import contextmanager\n@contextmanager\ndef unit():\n    with transaction.atomic():\n        yield\n"
        "def f():\n    with unit():\n        mark()\n",
        "import functools\ndef whole(function):\n    @functools.wraps(function)\n    def inner(*args):\n        with transaction.atomic():\n"
        "            return function(*args)\n    return inner\n@whole\ndef f():\n    mark()\n",
        "class A:\n    @transaction.atomic\n    def f(self):\n        self.g()\n    def g(self):\n        mark()\n",
        "import asyncpg\nasync def f(c: asyncpg.Connection):\n    async with c.transaction():\n        mark()\n",
        "import psycopg\ndef f(c: psycopg.Connection):\n    with c.transaction():\n        mark()\n",
        "import psycopg2\ndef f():\n    c = psycopg2.connect('')\n    with c:\n        mark()\n",
        "import sqlite3\ndef f(c: sqlite3.Connection):\n    with c:\n        mark()\n",
        "from sqlalchemy.orm import Session\ndef f(s: Session):\n    with s.begin():\n        mark()\n",
        "from sqlalchemy import create_engine\nengine = create_engine('')\ndef f():\n    with engine.begin() as c:\n        mark()\n",
        "from sqlalchemy.ext.asyncio import async_sessionmaker\nnew = async_sessionmaker()\nasync def f():\n    async with new.begin() as s:\n        mark()\n",
    ],
)
def test_a_transaction_is_open(text: str) -> None:
    assert inside(one(text), "mark") is not None


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    with transaction.atomic():\n        pass\n    mark()\n",
        "def f():\n    with transaction.atomic():\n        transaction.on_commit(g)\ndef g():\n    mark()\n",
        "def f():\n    with transaction.atomic():\n        transaction.on_commit(lambda: g())\ndef g():\n    mark()\n",
        "def f():\n    with transaction.atomic():\n        pass\n    g()\ndef g():\n    mark()\n",
        "async def f():\n    with transaction.atomic():\n        g()\nasync def g():\n    mark()\n",
        "def f():\n    with transaction.atomic():\n        g()\n@background\ndef g():\n    mark()\n",
        "def f():\n    with transaction.atomic():\n        g()\ndef g():\n    if transaction.get_connection().in_atomic_block:\n        return\n    mark()\n",
        "def f():\n    with open('x') as x:\n        mark()\n",
        "from contextlib import contextmanager\n@contextmanager\ndef unit():\n    with transaction.atomic():\n        pass\n    yield\n"
        "def f():\n    with unit():\n        mark()\n",
    ],
)
def test_no_transaction_is_known_to_be_open(text: str) -> None:
    assert inside(one(text), "mark") is None


def test_the_way_leads_from_the_place_that_opens_it() -> None:
    project = one("def f():\n    with transaction.atomic():\n        g()\ndef g():\n    h()\ndef h():\n    mark()\n")
    found = inside(project, "mark")
    assert found is not None
    assert [project.calls.label(step.function) for step in found.way] == ["f()", "g()"]
    assert (found.scope.line, found.scope.what) == (5, "transaction.atomic()")


def test_a_scope_says_what_it_is() -> None:
    project = one("def f():\n    with transaction.atomic(using='other', savepoint=False, durable=True):\n        mark()\n")
    found = inside(project, "mark")
    assert found is not None
    assert (found.scope.alias, found.scope.savepoint, found.scope.durable, found.scope.django) == ("other", False, True, True)


VIEWS = {
    "shop/__init__.py": "",
    "shop/urls.py": "from django.urls import path\nfrom shop import views\n"
    "urlpatterns = [path('a/', views.a), path('b/', views.b), path('c/', views.C.as_view())]\n",
    "shop/views.py": "from django.db import transaction\nfrom django.utils.decorators import method_decorator\nfrom django.views import View\n"
    "def a(request):\n    mark_a()\n@transaction.non_atomic_requests\ndef b(request):\n    mark_b()\n"
    "@method_decorator(transaction.non_atomic_requests, name='dispatch')\nclass C(View):\n    def get(self, request):\n        mark_c()\n",
}


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("DATABASES = {'default': {'ATOMIC_REQUESTS': True}}", Open.YES),
        ("DATABASES = {'default': {}}\nDATABASES['default']['ATOMIC_REQUESTS'] = True", Open.YES),
        ("def config():\n    return {'ENGINE': 'x', 'ATOMIC_REQUESTS': True}\nDATABASES = {'default': config()}", Open.YES),
        ("DATABASES = {'default': {'ATOMIC_REQUESTS': False}}", Open.NO),
        ("DATABASES = {'default': {}}", Open.NO),
        ("# an application that others install, whose views are exempted in case it is on", Open.UNKNOWN),
        ("import os\nDATABASES = {'default': {'ATOMIC_REQUESTS': os.environ['X'] == '1'}}", Open.UNKNOWN),
    ],
)
def test_atomic_requests(setting: str, expected: Open) -> None:
    project = link({**VIEWS, "shop/settings.py": f"ROOT_URLCONF = 'shop.urls'\n{setting}\n"})
    reach = project.transactions.reach
    state = {name: reach.state(*place(project, f"mark_{name}", "shop/views.py")) for name in "abc"}
    exempt = Open.UNKNOWN if expected is Open.UNKNOWN else Open.NO
    assert state == {"a": expected, "b": exempt, "c": exempt}


def test_a_function_is_outside_only_if_all_its_callers_are_known_to_be() -> None:
    task = "from celery import shared_task\n@shared_task\ndef t():\n    f()\n"
    assert one(task + "def f():\n    mark()\n").transactions.reach.state(("a.py", 2)) is Open.NO
    assert one(task + "def f():\n    mark()\ndef g():\n    f()\n").transactions.reach.state(("a.py", 2)) is Open.UNKNOWN
    assert one(task + "def f():\n    mark()\n@transaction.atomic\ndef g():\n    f()\n").transactions.reach.state(("a.py", 2)) is Open.YES


@pytest.mark.parametrize(
    ("text", "locks"),
    [
        ("x = M.objects.select_for_update().get(pk=1)", True),
        ("x = M.objects.select_for_update().filter(n=1).first()", True),
        ("for x in M.objects.select_for_update(): pass", True),
        ("x = list(M.objects.select_for_update())", True),
        ("x = M.objects.select_for_update()[0]\n    x.save()", True),
        ("return M.objects.select_for_update()", True),
        ("x = M.objects.select_for_update()\n    len(x)", True),
        ("x = M.objects.select_for_update().get_or_create(n=1)", True),
        ("x = M.objects.select_for_update()", False),
        ("M.objects.select_for_update().filter(pk=1)", False),
        ("M.objects.select_for_update().create(n=1)", False),
        ("x = M.objects.select_for_update().aggregate(models.Sum('n'))", False),
        ("x = M.objects.select_for_update().count()", False),
    ],
)
def test_a_lock_is_one_only_if_rows_are_read(text: str, locks: bool) -> None:
    project = one(f"def f():\n    {text}\n")
    body = project.modules["a.py"].bodies[1]
    number = next(index for index, call in enumerate(body.calls) if call.callee.endswith("select_for_update"))
    assert locks_rows(body, number) is locks


@pytest.mark.parametrize(
    ("given", "branch", "expected"),
    [
        ("later=True", "if later:\n        return\n    else:\n        mark()", False),
        ("later=False", "if later:\n        return\n    else:\n        mark()", True),
        ("True", "if not later:\n        mark()", False),
        ("None", "if later:\n        mark()", False),
        ("chosen", "if later:\n        mark()", True),
        ("False", "later = ask()\n    if later:\n        mark()", True),
    ],
)
def test_branches_that_a_constant_rules_out_are_not_entered(given: str, branch: str, expected: bool) -> None:
    project = one(f"def run(later=False):\n    {branch}\n@transaction.atomic\ndef save(chosen):\n    run({given})\n")
    assert (project.transactions.reach.inside(*place(project, "mark")) is not None) == expected


def test_a_call_in_a_short_module_is_looked_up_in_its_own_function() -> None:
    """A manager's class was looked for among the calls of the module, which are fewer: the rule that asked was stopped by an error."""
    calls = "".join(f"    g({number})\n" for number in range(9))
    project = one(f"def g(x):\n    return x\ndef f(row):\n{calls}    made = g(row)\n    made.rows.filter(x=1).first()\n    mark()\n")
    managers = project.loads.django.managers
    number = next(index for index, call in enumerate(project.modules["a.py"].bodies[2].calls) if call.args == ("%row",))
    assert managers.of_class("a.py", 2, f"#{number}.rows") is None
