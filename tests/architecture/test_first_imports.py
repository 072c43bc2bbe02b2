"""Modules that cannot be imported first, held against what Python itself does: a claim that is untrue sends somebody looking for a fault that is not there."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import link_contents
from backend_lint.project import Project
from backend_lint.project.architecture.first_imports import _failures, half_loaded
from backend_lint.project.architecture.import_uses import Use

ASK = """
import importlib, json, sys
outcome = {}
for folder in json.loads(sys.argv[1]):
    sys.path.insert(0, folder)
    for name in json.loads(sys.argv[2]):
        for loaded in [one for one in sys.modules if one.partition(".")[0] == "shop"]:
            del sys.modules[loaded]
        importlib.invalidate_caches()
        try:
            importlib.import_module(name)
        except ImportError as error:
            outcome[f"{folder} {name}"] = error.args[0].partition(" from ")[0]
    sys.path.pop(0)
print(json.dumps(outcome))
"""
NAMES = ("shop.a", "shop.b", "shop.c", "shop.sub", "shop.sub.d", "shop.sub.e")


def made(seed: int) -> dict[str, str]:
    """A package whose modules import each other in every way that there is."""
    chance = random.Random(seed)
    files = {}
    for name in NAMES:
        lines = []
        for other in chance.sample([one for one in NAMES if one != name], chance.randint(1, 2)):
            parent, _, member = other.rpartition(".")
            value = f"from {other} import value_{member}"
            lines.append(chance.choice([value, value, f"import {other}", f"import {other} as other", f"from {parent} import {member}"]))
        lines.insert(chance.randint(0, len(lines)), f"value_{name.rpartition('.')[2]} = 1")
        path = f"{name.replace('.', '/')}/__init__.py" if name == "shop.sub" else f"{name.replace('.', '/')}.py"
        files[path] = "\n".join(lines) + "\n"
    return {"shop/__init__.py": "", **files}


def linked(files: dict[str, str]) -> Project:
    return link_contents(Settings(root=Path("/nowhere"), cache=False), {path: text.encode() for path, text in files.items()})


def test_python_fails_where_we_say_it_does(tmp_path: Path) -> None:
    projects = {str(tmp_path / str(seed)): made(seed) for seed in range(60)}
    for folder, files in projects.items():
        for path, text in files.items():
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_text(text)
    command = [sys.executable, "-B", "-c", ASK, json.dumps(list(projects)), json.dumps(NAMES)]
    real = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)
    alone = 0
    for folder, files in projects.items():
        project = linked(files)
        graph = project.architecture.graph
        knots = graph.loaded_together(lambda arrow: arrow.runs)
        said = {graph.names[one.first]: f"cannot import name '{one.name}'" for knot in knots for one in _failures(project, knot)}
        fails = {name: real[f"{folder} {name}"] for name in NAMES if f"{folder} {name}" in real}
        assert said.keys() <= fails.keys(), f"Python imports them: {files}"
        if len(knots) == 1:
            alone += 1
            # a module outside of the knot fails with those that it imports
            assert said == {name: reason for name, reason in fails.items() if graph.paths[name] in knots[0]}, files
    assert alone > 20 and 50 < len(real) < 300, "the projects no longer show both"


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a": "from shop import b\nx = 1\n", "b": "from shop.a import x\n"}, ["shop/a.py"]),
        ({"a": "x = 1\nfrom shop import b\n", "b": "from shop.a import x\n"}, []),
        ({"a": "from shop import b\nx = 1\n", "b": "def late():\n    from shop.a import x\n"}, []),
        ({"a": "from shop import b\nx = 1\n", "b": "try:\n    from shop.a import x\nexcept ImportError:\n    x = 2\n"}, []),
        ({"a": "from shop import b\nfrom shop.c import *\n", "b": "from shop.a import x\n", "c": "x = 1\n"}, []),
        ({"a": "from shop import b\nx = 1\ndef __getattr__(name):\n    return 1\n", "b": "from shop.a import x\n"}, []),
        ({"a": "from shop.b import y\nx = 1\n", "b": "from shop.a import x\ny = 1\n"}, []),
    ],
    ids=["bound later", "bound before", "in a function", "in a try", "by a star", "made on demand", "nobody can import it: it is not the order"],
)
def test_only_what_is_sure_is_said(files: dict[str, str], says: list[str]) -> None:
    project = linked({"shop/__init__.py": "", **{f"shop/{name}.py": text for name, text in files.items()}})
    assert [path for one in half_loaded(project) for path in one.failing] == says


def test_a_name_that_is_taken_by_a_detour_is_to_be_taken_where_it_is_defined() -> None:
    texts = {"shop/__init__.py": "", "shop/rows.py": "class Row:\n    pass\n", "shop/pages.py": "from shop.rows import Row\nfrom shop.texts import short\n"}
    texts["shop/texts.py"] = "from shop.pages import Row\ndef short(text):\n    return Row, text\n"
    found = half_loaded(linked(texts))
    assert [(one.failing, one.detour and one.detour[1:]) for one in found] == [(("shop/texts.py",), ("Row", "shop/rows.py"))]
    texts["shop/rows.py"] = "from shop import pages\nclass Row:\n    pass\n"
    assert [one.detour for one in half_loaded(linked(texts))] == [None], "where it is defined belongs to the circle as well"


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("@x\ndef f():\n    pass\n", Use.LOADING),
        ("class A(x):\n    pass\n", Use.LOADING),
        ("class A:\n    one: x\n", Use.LOADING),
        ("def f(one=x):\n    pass\n", Use.LOADING),
        ("def f():\n    return x()\n", Use.FUNCTIONS),
        ("def f(one: x):\n    return one\n", Use.ANNOTATIONS),
        ("def f(one: x):\n    return x(one)\n", Use.FUNCTIONS),
        ("", Use.NOTHING),
        ("__all__ = ['x']\n", Use.LOADING),
    ],
)
def test_an_import_waits_where_its_names_are_needed_late(use: str, expected: Use) -> None:
    texts = {"shop/__init__.py": "", "shop/a.py": "from shop import b\ndef x(f):\n    return f\n", "shop/b.py": f"from shop.a import x\n{use}"}
    found = half_loaded(linked(texts))
    assert [one.cut and (one.cut[0].importer, one.cut[1]) for one in found] == [("shop/b.py", expected)]


def test_a_name_that_somebody_takes_from_there_is_needed() -> None:
    """Whoever follows the advice to take no name breaks the module that asks for it."""
    texts = {"shop/__init__.py": "", "shop/a.py": "from shop import b\ndef x(f):\n    return f\n", "shop/b.py": "from shop.a import x\n"}
    assert [one.cut and one.cut[1] for one in half_loaded(linked(texts))] == [Use.NOTHING]
    texts["shop/c.py"] = "from shop.b import x\n"
    assert [one.cut and one.cut[1] for one in half_loaded(linked(texts))] == [Use.LOADING]


def test_a_value_that_is_taken_by_a_detour_is_to_be_taken_where_it_is_made() -> None:
    texts = {"shop/__init__.py": "", "shop/rows.py": "Base = make()\n", "shop/all.py": "from shop.rows import Base\nfrom shop.orders import Order\n"}
    texts["shop/orders.py"] = "from shop.all import Base\nclass Order(Base):\n    pass\n"
    texts["shop/parcels.py"] = "from shop.all import Base, Order\nclass Parcel(Base):\n    order = Order\n"
    found = half_loaded(linked(texts))
    assert [(one.failing, one.detour and one.detour[1:]) for one in found] == [(("shop/orders.py",), ("Base", "shop/rows.py"))]


def test_what_fails_at_other_imports_is_counted_too() -> None:
    texts = {"shop/__init__.py": "", "shop/rows.py": "Base = make()\n", "shop/all.py": "from shop.rows import Base\n"}
    for name in "abc":
        texts["shop/all.py"] += f"from shop.{name} import {name.upper()}\n"
        texts[f"shop/{name}.py"] = f"from shop.all import Base\nclass {name.upper()}(Base):\n    pass\n"
    assert [(len(one.failing), one.elsewhere) for one in half_loaded(linked(texts))] == [(1, 2)]


def test_the_import_to_delay_is_one_without_which_the_module_loads() -> None:
    """With the import that fails gone the next one fails: what the half-loaded module imports is the place."""
    texts = {"shop/__init__.py": "", "shop/a.py": "from shop import b\nx = y = 1\ndef f():\n    return b.g()\n"}
    texts["shop/b.py"] = "from shop.a import x\nfrom shop.a import y\nz = x, y\ndef g():\n    return z\n"
    found = half_loaded(linked(texts))
    assert [one.cut and (one.cut[0].importer, one.cut[1]) for one in found] == [("shop/a.py", Use.FUNCTIONS)]
    assert [one.outside for one in found] == [False], "only b imports a"


def test_only_those_that_fail_at_the_same_place_are_counted() -> None:
    texts = {"shop/__init__.py": "", "shop/a.py": "from shop import b\nx = 1\n", "shop/b.py": "from shop.a import x\nfrom shop.c import z\ny = x, z\n"}
    texts["shop/c.py"] = "from shop.b import y\nz = 1\nw = y\n"
    found = half_loaded(linked(texts))
    assert all(len(one.failing) == 1 for one in found), "a fails at x, c at y"


def test_all_names_that_are_not_there_yet_are_told() -> None:
    """Who moves the first of them meets the same error for the second."""
    texts = {"shop/__init__.py": "", "shop/a.py": "early = 1\nfrom shop import b\nx = y = 1\n"}
    texts["shop/b.py"] = "from shop.a import early, x, y\nz = early, x, y\n"
    assert [one.missing for one in half_loaded(linked(texts))] == [("x", "y")]
