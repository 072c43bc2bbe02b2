"""The linked model: names through imports, light types, effects through the call graph."""

from __future__ import annotations

from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.project import Aspect, Effect, Project
from backend_lint.project.held_sessions import passed
from backend_lint.readers.python import read


def link(texts: dict[str, str]) -> Project:
    readings = {}
    for path, text in texts.items():
        file = SourceFile(path, Kind.PYTHON, Role.APPLICATION, len(text))
        readings[path] = (file, read(text.encode(), file))
        assert not readings[path][1].unchecked, readings[path][1].unchecked
    return Project.link(readings)


def key(project: Project, path: str, name: str) -> tuple[str, int]:
    return path, [head.name for head in project.modules[path].functions].index(name)


def callee(project: Project, path: str, name: str, number: int = -1) -> str:
    """The dotted name that a call of a function refers to."""
    _, index = key(project, path, name)
    ref = project.value(path, index, project.modules[path].bodies[index].calls[number].callee)
    return ref.name if ref is not None else "unknown"


def test_names_go_through_re_exports_relative_imports_and_stars() -> None:
    project = link(
        {
            "shop/__init__.py": "from .http import *\n",
            "shop/http.py": "from ._impl import client as client, hidden\n__all__ = ['client']\n",
            "shop/_impl.py": "import requests\nclient = requests.Session()\nhidden = requests.Session()\n",
            "main.py": "from shop import client\nimport shop.http\nimport shop as s\n"
            "def f():\n    client.get('u')\ndef g():\n    shop.http.client.post('u')\ndef h():\n    s.client.put('u')\ndef i():\n    s.hidden.put('u')\n",
        }
    )
    assert [callee(project, "main.py", name) for name in "fghi"] == ["requests.Session.get", "requests.Session.post", "requests.Session.put", "unknown"]


def test_imports_of_libraries_are_not_taken_for_files_of_the_same_name() -> None:
    project = link({"app/requests.py": "def get(u): ...\n", "app/views.py": "import requests\ndef f():\n    requests.get('u')\n"})
    assert callee(project, "app/views.py", "f") == "requests.get"


def test_a_package_by_mistake_around_a_service_hides_none_of_its_imports() -> None:
    """`service/__init__.py` makes no import of `app.db` inside it an import of a library; a package called after a library stays one."""
    project = link(
        {
            "service/__init__.py": "",
            "service/main.py": "from app.db import load\ndef f():\n    load()\n",
            "service/app/__init__.py": "",
            "service/app/db.py": "import requests\ndef load():\n    requests.get('u')\n",
            "service/paying/__init__.py": "",
            "service/paying/stripe/__init__.py": "",
            "service/paying/stripe/charges.py": "import stripe\nimport stripe.error\ndef pay():\n    stripe.Charge.create()\n",
        }
    )
    assert project.calls.summary(key(project, "service/main.py", "f")) & Effect.HTTP
    assert callee(project, "service/paying/stripe/charges.py", "pay") == "stripe.Charge.create"
    assert project.index.find("stripe.error", "service/paying/stripe/charges.py") is None


def test_a_package_of_applications_on_the_path_is_a_source_root_although_some_name_it() -> None:
    """``sys.path.append("apps")`` beside ``apps/__init__.py``: most imports leave `apps` out, from outside it as well; a few name it."""
    few = {f"apps/basket/m{number}.py": "from orders.calls import load\n" for number in range(10)}
    files = {
        "apps/__init__.py": "",
        "apps/orders/__init__.py": "",
        "apps/orders/calls.py": "import requests\ndef load():\n    requests.get('u')\n",
        "apps/basket/__init__.py": "",
        "apps/basket/odd.py": "from apps.orders.calls import load\n",
        "shop/__init__.py": "",
        "shop/jobs.py": "from orders.calls import load\ndef f():\n    load()\n",
    }
    project = link({**files, **few})
    assert project.calls.summary(key(project, "shop/jobs.py", "f")) & Effect.HTTP
    assert link(files).index.find("orders.calls", "shop/jobs.py") is None, "as many name the package as leave it out"


def test_source_roots_are_found() -> None:
    caller = "from core.db import Db\ndef f():\n    Db()\n"
    project = link({"backend/src/core/db.py": "class Db: ...\n", "backend/src/core/__init__.py": "", "backend/src/api.py": caller})
    assert callee(project, "backend/src/api.py", "f") == "Db"


def test_types_come_from_annotations_constructors_attributes_and_returns() -> None:
    project = link(
        {
            "a.py": "import httpx, requests\n"
            "class Base:\n    def __init__(self, http: 'requests.Session | None' = None):\n        self.http = http or requests.Session()\n"
            "class Api(Base):\n    def f(self):\n        self.http.get('u')\n"
            "def make() -> httpx.Client:\n    return build()\n"
            "def build():\n    return httpx.Client(timeout=3)\n"
            "def g():\n    make().get('u')\n"
            "def h():\n    with build() as c:\n        c.post('u')\n"
            "def i(clients: list[httpx.Client]):\n    for c in clients:\n        c.put('u')\n"
            "def j(api: Api):\n    api.http.head('u')\n"
            "def k(thing):\n    thing.get('u')\n"
        }
    )
    assert [callee(project, "a.py", name) for name in ("Api.f", "g", "h", "i", "j", "k")] == [
        "requests.Session.get",
        "httpx.Client.get",
        "httpx.Client.post",
        "httpx.Client.put",
        "requests.Session.head",
        "unknown",
    ]


def test_an_object_remembers_the_call_that_made_it() -> None:
    project = link({"a.py": "import httpx\ndef build():\n    return httpx.Client(timeout=None)\nclient = build()\ndef f():\n    client.get('u')\n"})
    path, index = key(project, "a.py", "f")
    ref = project.value(path, index, project.modules[path].bodies[index].calls[0].callee)
    assert ref is not None and ref.origin is not None
    made = project.modules[ref.origin.path].bodies[ref.origin.function].calls[ref.origin.call]
    assert made.keywords == (("timeout", "None"),)


def test_django_managers_and_querysets_keep_their_model() -> None:
    project = link(
        {
            "models.py": "from django.db import models\nclass Base(models.Model):\n    class Meta: abstract = True\n"
            "class Active(models.Manager):\n    def living(self):\n        return self.filter(alive=True)\n"
            "class User(Base):\n    people = Active()\n    def greet(self): ...\n",
            "views.py": "from models import User\ndef f():\n    User.objects.filter(a=1).exclude(b=2).count()\n"
            "def g():\n    User.objects.filter(a=1).first().greet()\ndef h():\n    User.people.living().exists()\n"
            "def i():\n    User.objects.get(pk=1).save()\n",
        }
    )
    assert [callee(project, "views.py", name) for name in "fghi"] == [
        "django.db.models.QuerySet.count",
        "User.greet",
        "django.db.models.QuerySet.exists",
        "django.db.models.Model.save",
    ]


def test_injected_sessions_are_sessions() -> None:
    project = link(
        {
            "deps.py": "from typing import Annotated\nfrom fastapi import Depends\nfrom sqlalchemy.orm import Session, sessionmaker\nMaker = sessionmaker()\n"
            "def get_db():\n    db = Maker()\n    try:\n        yield db\n    finally:\n        db.close()\n"
            "Db = Annotated[Session, Depends(get_db)]\ndef user(db: Db): ...\n",
            "api.py": "from fastapi import Depends\nfrom deps import Db, get_db, user\n"
            "def f(db: Db):\n    db.execute('x')\ndef g(db=Depends(get_db), me=Depends(user)):\n    db.commit()\n",
        }
    )
    assert callee(project, "api.py", "f") == "sqlalchemy.orm.Session.execute"
    assert callee(project, "api.py", "g") == "sqlalchemy.orm.Session.commit"
    get_db, user = key(project, "deps.py", "get_db"), key(project, "deps.py", "user")
    assert project.dependencies.providers(key(project, "api.py", "f")) == [("db", get_db)]
    assert project.dependencies.all_providers(key(project, "api.py", "g")) == {get_db, user}


CYCLE = {
    "a.py": "from b import odd\ndef even(n):\n    return odd(n - 1)\ndef alone():\n    return 1\ndef top():\n    return even(3)\n",
    "b.py": "import requests\nfrom a import even\ndef odd(n):\n    if n:\n        return even(n)\n    return requests.get('u')\n",
}


def test_effects_reach_a_fixed_point_in_cycles() -> None:
    project = link(CYCLE)
    for path, name in (("a.py", "even"), ("b.py", "odd"), ("a.py", "top")):
        assert project.calls.summary(key(project, path, name)) == Effect.HTTP, name
    assert project.calls.summary(key(project, "a.py", "alone")) == Effect.NONE


def test_the_order_of_questions_does_not_change_the_answers() -> None:
    names = [("a.py", "even"), ("b.py", "odd"), ("a.py", "top"), ("a.py", "alone")]
    answers = []
    for order in (names, names[::-1]):
        project = link(CYCLE)
        found = {name: project.calls.summary(key(project, path, name)) for path, name in order}
        answers.append(found)
    assert answers[0] == answers[1]


def test_the_way_to_an_effect_is_the_shortest_and_names_each_call() -> None:
    project = link(CYCLE)
    way = project.calls.reaches(key(project, "a.py", "top"), Effect.HTTP)
    assert [step.edge.target.name for step in way] == ["even", "odd", "requests.get"]
    assert [evidence.path for evidence in project.calls.evidence(way)] == ["a.py", "a.py", "b.py"]


def test_blocking_stops_at_async_functions_threads_and_lambdas() -> None:
    project = link(
        {
            "a.py": "import asyncio, time\nfrom asgiref.sync import sync_to_async\n"
            "def slow():\n    time.sleep(1)\n"
            "@sync_to_async\ndef wrapped():\n    time.sleep(1)\n"
            "async def inner():\n    slow()\n"
            "async def a():\n    slow()\nasync def b():\n    await inner()\nasync def c():\n    await asyncio.to_thread(slow)\n"
            "async def d():\n    await wrapped()\nasync def e():\n    run(lambda: slow())\n"
        }
    )
    assert {name: bool(project.calls.summary(key(project, "a.py", name), Aspect.BLOCKING)) for name in "abcde"} == {
        "a": True,
        "b": False,
        "c": False,
        "d": False,
        "e": False,
    }


def test_arguments_meet_parameters() -> None:
    project = link({"a.py": "class A:\n    def m(self, x, y=1): ...\ndef f(a: A, s):\n    a.m(s, y=2)\n"})
    (edge,) = project.calls.edges(key(project, "a.py", "f"))
    assert list(passed(project, edge)) == [("x", "%s"), ("y", "2")]


def test_callers_are_known() -> None:
    project = link(CYCLE)
    assert [caller for caller, _ in project.calls.callers(key(project, "a.py", "even"))] == [key(project, "a.py", "top"), key(project, "b.py", "odd")]
