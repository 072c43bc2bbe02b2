"""What a run costs grows with the size of what it checks and no faster, also where somebody wrote it to be slow. Counted in lines that run, not in seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hostile_work import work

from backend_lint.config import Settings
from backend_lint.engine.run import check_contents
from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.project import classes
from backend_lint.project.taint import flows
from backend_lint.project.web import django, routing
from backend_lint.readers.python import read
from backend_lint.registry import Registry

HEAD = "import requests\nfrom fastapi import APIRouter, Depends, FastAPI\napp = FastAPI()\n"

DJANGO = (
    "import requests\nfrom celery import shared_task\nfrom django.db import IntegrityError, models, transaction\n"
    "class M(models.Model):\n    n = models.IntegerField()\n    class Meta:\n        app_label = 'm'\n@shared_task\ndef t(k): pass\n"
)


def _each(number: int, text: str) -> str:
    return "".join(text.replace("<i>", str(i)).replace("<next>", str(i + 1)) for i in range(number))


SHAPES: dict[str, Callable[[int], str]] = {
    "an attribute of an attribute": lambda n: "def f(x):\n    a0 = x\n" + _each(n, "    a<next> = a<i>.b\n    a<next>.get()\n"),
    "a name that is bound to its own parts": lambda n: "def f(x):\n    a = x\n" + _each(n, "    a = a[<i>]\n") + "    a.get()\n",
    "names that stand for each other": lambda n: _each(n, "a<i> = a<next>\n") + f"a{n} = a0\nasync def f():\n" + _each(n, "    a<i>.get()\n"),
    "functions that return each other": lambda n: _each(n, "def r<i>():\n    return r<next>()\n")
    + f"def r{n}():\n    return r0()\n"
    + _each(n, "r<i>().get()\n"),
    "classes that derive from each other": lambda n: _each(n, "class C<i>(C<next>):\n    def m(self): return self.z<i>()\n") + f"class C{n}(C0): pass\n",
    "classes that are handed each other and make each other": lambda n: HEAD
    + _each(n, "class C<i>:\n    def __init__(self, a: 'C<next>', b: 'C0'):\n        self.a = a\n    def m(self):\n        return [C0(1, 2), C<i>(1, 2)]\n"),
    "methods that have little in common": lambda n: HEAD
    + "import smtplib\nclass C:\n"
    + _each(n, "    def f<i>(self):\n        return self.f<next>(), requests.get('x')\n    def g<i>(self):\n        self.g<next>(open('x'))\n"),
    "an interface that many refuse": lambda n: "class A:\n"
    + _each(n, "    def f<i>(self):\n        raise NotImplementedError\n")
    + "class B(A):\n    def f0(self):\n        return 1\nclass C(A):\n    def f0(self):\n        return 1\n"
    + _each(n, "    def f<next>(self):\n        raise NotImplementedError\n"),
    "many containers of sessions": lambda n: "from dependency_injector import containers, providers\n"
    + "from sqlalchemy.orm import sessionmaker\nmake = sessionmaker()\n"
    + "class K:\n    def __init__(self, s):\n        self.s = s\nclass P(containers.DeclarativeContainer):\n"
    + _each(n, "    s<i> = providers.Factory(make)\n    k<i> = providers.Singleton(K, s<i>)\n"),
    "a long chain of calls under many handlers": lambda n: HEAD
    + _each(n, "async def f<i>():\n    return g<i>()\ndef g<i>():\n    return g<next>()\n")
    + f"def g{n}():\n    return requests.get('x')\n",
    "functions that all call each other": lambda n: HEAD
    + _each(n, "def f<i>():\n    f<next>()\n    f0()\nasync def h<i>():\n    f<i>()\n")
    + f"def f{n}(): requests.get('x')\n",
    "many calls in one function": lambda n: HEAD + "async def f():\n" + _each(n, "    x<i> = requests.get('x')\n    x<i>.json()\n"),
    "many clauses in one function": lambda n: HEAD + "def f():\n" + _each(n, "    try:\n        requests.get('x')\n    except Exception:\n        pass\n"),
    "many clauses of one try": lambda n: HEAD + "def f():\n    try:\n        requests.get('x')\n" + _each(n, "    except E<i>:\n        pass\n"),
    "many sessions": lambda n: HEAD + _each(n, "g<i> = requests.Session()\n") + "async def f():\n" + _each(n, "    g<i>.get('x')\n"),
    "many tasks": lambda n: "import asyncio\nasync def f():\n" + _each(n, "    t<i> = asyncio.create_task(g<i>())\n    asyncio.ensure_future(h())\n"),
    "many fan-outs": lambda n: HEAD
    + "import asyncio\nasync def f(xs):\n"
    + _each(n, "    await asyncio.gather(*[g<i>(x) for x in xs])\n")
    + _each(n, "async def g<i>(x):\n    return requests.get(x)\n"),
    "many async functions beside plain routes": lambda n: HEAD + _each(n, "@app.get('/<i>')\ndef f<i>(): pass\nasync def g<i>():\n    requests.get('x')\n"),
    "many routes": lambda n: HEAD + _each(n, "@app.get('/<i>')\nasync def f<i>(a=Depends(d)):\n    return requests.get('x')\n") + "def d(): pass\n",
    "many transactions that call each other": lambda n: DJANGO
    + _each(n, "@transaction.atomic\ndef f<i>():\n    M.objects.create(n=1)\n    f<next>()\n    t.delay(<i>)\n")
    + f"def f{n}():\n    f0()\n",
    "many rows that are changed in one function": lambda n: DJANGO
    + "@t\ndef f(k):\n"
    + _each(n, "    x<i> = M.objects.get(pk=k)\n    if x<i>.n > 1:\n        x<i>.n += 1\n    x<i>.save()\n"),
    "many errors that are caught in one transaction": lambda n: DJANGO
    + "@transaction.atomic\ndef f():\n"
    + _each(n, "    try:\n        M.objects.create(n=<i>)\n    except IntegrityError:\n        pass\n"),
    "many tasks in one transaction": lambda n: DJANGO
    + "@transaction.atomic\ndef f():\n"
    + _each(n, "    x<i> = M.objects.create(n=1)\n    t.delay(x<i>.pk)\n"),
    "many transactions in one another": lambda n: DJANGO
    + _each(n, "def f<i>():\n    with transaction.atomic():\n        with transaction.atomic():\n            f<next>()\n            requests.get('x')\n"),
    "many locks that are never run": lambda n: DJANGO + "@t\ndef f(k):\n" + _each(n, "    q<i> = M.objects.select_for_update().filter(n=<i>)\n"),
    "many writes of a session": lambda n: "from sqlalchemy.orm import Session\nfrom celery import shared_task\n@shared_task\ndef t(x): pass\n"
    "def f(s: Session):\n" + _each(n, "    s.add(<i>)\n    t.delay(<i>)\n    s.commit()\n"),
    "many functions with a local function": lambda n: _each(n, "def f<i>():\n    def inner(): pass\n    inner()\n    other.thing()\n"),
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load(entry_points=False)


def _check(registry: Registry, root: Path, files: dict[str, str]) -> Callable[[], object]:
    settings = Settings(root=root, profile="all", cache=False, jobs=1)
    return lambda: check_contents(settings, registry, {path: text.encode() for path, text in files.items()})


@pytest.mark.parametrize("shape", SHAPES)
def test_cost_grows_with_size_and_no_faster(shape: str, registry: Registry, tmp_path: Path) -> None:
    sizes = (40, 80, 160)
    tasks = [_check(registry, tmp_path, {"shop/api.py": SHAPES[shape](size)}) for size in sizes]
    tasks[0]()  # what is made once a process is made here
    small, medium, large = map(work, tasks)
    # twice for what is linear, four times for what is quadratic
    assert large - medium < 2.4 * (medium - small), (small, medium, large)


def test_routers_that_include_each_other_are_counted(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "MAX_ROUTES", 300)
    number = 7
    routers = [f"r{i}.include_router(r{j}, prefix='/{j}')\n" for i in range(number) for j in range(number)]
    text = HEAD + _each(number, "r<i> = APIRouter()\n") + "".join(routers) + "app.include_router(r0)\n@r6.get('/')\nasync def x(): requests.get('y')\n"
    assert work(_check(registry, tmp_path, {"shop/api.py": text})) < 100_000


def test_urlconfs_that_include_each_other_are_counted(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(django, "MAX_ROUTES", 300)
    number = 7
    includes = _each(number, "path('<i>/', include('shop.u<i>')), ")
    files = {f"shop/u{i}.py": f"from django.urls import include, path\nurlpatterns = [{includes}]\n" for i in range(number)}
    files |= {"shop/__init__.py": "", "shop/settings.py": "ROOT_URLCONF = 'shop.u0'\n", "shop/views.py": "import requests\nasync def x(r): requests.get('y')\n"}
    assert work(_check(registry, tmp_path, files)) < 100_000


def test_packages_that_import_all_of_each_other_are_searched_once(registry: Registry, tmp_path: Path) -> None:
    number = 14
    head = "from django.db import models\nclass Order(models.Model):\n    pass\n"
    stars = [f"from shop.m{i} import *\n" for i in range(number)]
    files = {f"shop/m{i}.py": "".join(stars) + f"def f{i}():\n    return unknown{i}.objects.filter(x=1)\n" for i in range(number)}
    files |= {"shop/__init__.py": "".join(stars), "shop/models.py": head}
    assert work(_check(registry, tmp_path, files)) < 2_000_000


def test_of_a_deep_hierarchy_of_models_the_upper_part_is_left_out(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each class has all those above it: 3,000 of them took minutes."""
    monkeypatch.setattr(classes, "_MOST_ANCESTORS", 20)
    derived = "class A<next>(A<i>):\n    x<i> = models.CharField(max_length=3)\n    def save(self):\n        super().save()\n"

    def cost(number: int) -> int:
        text = "from django.db import models\nclass A0(models.Model):\n    x = models.IntegerField()\n" + _each(number, derived)
        return work(_check(registry, tmp_path, {"shop/models.py": text}))

    cost(40)
    small, medium, large = map(cost, (80, 160, 320))
    assert large - medium < 2.4 * (medium - small), (small, medium, large)


def _files(number: int, text: str) -> dict[str, str]:
    return {f"m{i}.py": text.replace("<i>", str(i)).replace("<next>", str(i + 1)) for i in range(number)}


USER = "import requests\nfrom m0 import *\nasync def f():\n    C0().go()\n    a0.go()\n"
USER += "    try:\n        requests.get('x')\n    except Exception:\n        pass\n"
CHAIN = "from django.db import models\nclass M(models.Model):\n    n = models.IntegerField()\nfrom celery import shared_task\n"
CHAIN += "@shared_task\ndef t():\n    f0()\n" + _each(1200, "def f<i>():\n    f<next>()\n")
CHAIN += "def f1200():\n    M.objects.select_for_update().get(pk=1)\n    m = M.objects.create(n=1)\n    m.n += 1\n    m.save()\n"
DEEP = {
    "callers": {"m0.py": CHAIN + "class C0:\n    def go(self): pass\na0 = C0()\n", "user.py": USER},
    "star imports": {**_files(1200, "from m<next> import *\n"), "user.py": USER},
    "imports": {**_files(1200, "from m<next> import C0, a0\n"), "user.py": USER},
    "aliases": {"m0.py": _each(1200, "a<i> = a<next>\n"), "user.py": USER},
    "classes": {"m0.py": _each(1200, "class C<i>(C<next>): pass\n"), "user.py": USER},
    "classes in a circle": {"m0.py": _each(1200, "class C<i>(C<next>): pass\n") + "class C1200(C0): pass\n", "user.py": USER},
    "attributes": {"m0.py": _each(1200, "class C<i>:\n    go = C<next>.go\n"), "user.py": USER},
}


@pytest.mark.parametrize("what", DEEP)
def test_long_chains_take_no_rule_down(what: str, registry: Registry, tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, profile="all", cache=False, jobs=1)
    _, judged = check_contents(settings, registry, {path: text.encode() for path, text in DEEP[what].items()})
    assert judged.failures == []
    assert "swallowed-exception" in {finding.rule for finding in judged.findings}


@pytest.mark.parametrize("text", ["if x: pass\n" + _each(900, "elif x == <i>: f()\n"), "x = " + "+".join(["a"] * 1500), "x = a" + ".b" * 1500])
def test_deep_trees_are_read_whoever_asks(text: str) -> None:
    file = SourceFile("a.py", Kind.PYTHON, Role.APPLICATION, len(text))

    def deeper(levels: int) -> object:
        return deeper(levels - 1) if levels else read(text.encode(), file)

    shallow = read(text.encode(), file)
    assert not shallow.unchecked
    assert deeper(500) == shallow


def test_a_question_of_taint_looks_at_so_many_values(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that are bound to parts of each other make more values at each step: a file of a backup script took minutes."""
    chain = "".join(f"    a{number + 1} = a{number}.strip()\n" for number in range(12))
    source = HEAD + f"import os\n@app.get('/')\ndef f(name: str):\n    a0 = name\n{chain}    os.system('ls ' + a12)\n"

    def found() -> list[str]:
        settings = Settings(root=tmp_path, profile="all", cache=False, jobs=1)
        return [one.rule for one in check_contents(settings, registry, {"shop/api.py": source.encode()})[1].findings]

    assert "dangerous-sink" in found()
    monkeypatch.setattr(flows, "_MAX_SPENT", 6)
    assert "dangerous-sink" not in found()
