"""The import graph: a missing arrow hides a violation, an arrow too many accuses somebody."""

from __future__ import annotations

from pathlib import Path

from backend_lint.config import Settings
from backend_lint.engine.run import link_contents
from backend_lint.project.architecture import Arrow, ImportGraph


def graph(files: dict[str, str]) -> ImportGraph:
    return link_contents(Settings(root=Path("/nowhere"), cache=False), {path: text.encode() for path, text in files.items()}).architecture.graph


def arrows(found: ImportGraph) -> set[tuple[str, str]]:
    return {(found.names[one], found.names[other]) for one, targets in found.arrows.items() for other in targets}


def always(arrow: Arrow) -> bool:
    return True


def test_a_member_that_is_a_module_is_the_module_and_another_is_its_package() -> None:
    files = {"shop/__init__.py": "", "shop/models.py": "Order = 1\n", "shop/views.py": "from shop import models, __version__\nimport shop.models.Order\n"}
    assert arrows(graph(files)) == {("shop.views", "shop.models"), ("shop.views", "shop")}


def test_relative_imports_start_at_the_package() -> None:
    files = {
        "shop/__init__.py": "from .orders import place\n",
        "shop/orders/__init__.py": "from .service import place\nfrom .. import money\n",
        "shop/orders/service.py": "from . import tasks\nfrom ...elsewhere import x\n",
        "shop/orders/tasks.py": "from ..money import *\n",
        "shop/money.py": "",
    }
    assert arrows(graph(files)) == {
        ("shop", "shop.orders"),
        ("shop.orders", "shop.orders.service"),
        ("shop.orders", "shop.money"),
        ("shop.orders.service", "shop.orders.tasks"),
        ("shop.orders.tasks", "shop.money"),
    }


def test_what_is_not_loaded_with_the_importer_is_told_apart() -> None:
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING is True:\n    import app.b\n"
    text += "try:\n    import app.c\nexcept ImportError:\n    pass\ndef f():\n    import app.d\n"
    found = graph({"app/__init__.py": "", "app/a.py": text, "app/b.py": "", "app/c.py": "", "app/d.py": ""})
    seen = {found.names[to]: (one[0].line, one[0].runs, one[0].deferred, one[0].type_checking) for to, one in found.arrows["app/a.py"].items()}
    assert seen == {"app.b": (3, False, False, True), "app.c": (5, True, False, False), "app.d": (9, False, True, False)}


def test_names_start_where_imports_start() -> None:
    files = {"backend/app/main.py": "from app.core.db import x\n", "backend/app/core/db.py": "", "src/shop/__init__.py": "", "src/shop/parts/x.py": ""}
    assert set(graph(files).paths) == {"app.main", "app.core.db", "shop", "shop.parts.x"}


def test_a_package_in_a_folder_that_is_none_is_called_as_it_is_imported() -> None:
    """`fastapi.auth` for what everybody imports as `presentation.fastapi.auth` sends the reader to the library."""
    files = {"presentation/fastapi/__init__.py": "", "presentation/fastapi/auth.py": ""}
    files |= {"presentation/fastapi/app.py": "from presentation.fastapi.auth import x\n"}
    files |= {"src/shop/__init__.py": "", "src/shop/parts.py": "", "src/shop/main.py": "from shop.parts import x\nimport src.shop\nimport shop\n"}
    expected = {"presentation.fastapi", "presentation.fastapi.auth", "presentation.fastapi.app", "shop", "shop.parts", "shop.main"}
    assert set(graph(files).paths) == expected


def test_the_shortest_chain_is_shown_and_none_leads_through_what_is_avoided() -> None:
    files = {"a.py": "import b\nimport d\n", "b.py": "import c\n", "c.py": "import e\n", "d.py": "import e\n", "e.py": ""}
    found = graph(files)
    assert [arrow.imported for arrow in found.chain("a.py", frozenset({"e.py"}), always)] == ["d.py", "e.py"]
    assert [arrow.imported for arrow in found.chain("a.py", frozenset({"e.py"}), always, frozenset({"d.py"}))] == ["b.py", "c.py", "e.py"]
    assert found.chain("e.py", frozenset({"a.py"}), always) == ()


def test_cycles_are_the_modules_that_reach_each_other() -> None:
    files = {"a.py": "import b\n", "b.py": "import c\n", "c.py": "import a\nimport d\n", "d.py": "def f():\n    import a\n", "e.py": "import a\n"}
    found = graph(files)
    assert found.cycles(lambda arrow: arrow.runs) == [("a.py", "b.py", "c.py")]
    assert found.cycles(always) == [("a.py", "b.py", "c.py", "d.py")]
    assert found.importers("a.py") == ["c.py", "d.py", "e.py"]


def test_a_long_chain_of_modules_needs_no_recursion() -> None:
    files = {f"m{number}.py": f"import m{number + 1}\n" for number in range(3000)}
    assert graph(files).cycles(always) == []


def test_a_file_that_bears_the_name_of_a_library_is_not_meant_from_afar() -> None:
    files = {"app/__init__.py": "", "app/io/__init__.py": "", "app/io/store.py": "import duckstore\n", "app/templates/duckstore.py": "import duckstore\n"}
    assert arrows(graph(files)) == set()
