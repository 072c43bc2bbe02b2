"""What the default profile says of an architecture is what nobody argues about; the rest waits for the strict one."""

from __future__ import annotations

from pathlib import Path

from backend_lint.config import Settings
from backend_lint.engine.run import run
from backend_lint.registry import Registry


def said(root: Path, files: dict[str, str], rule: str, profile: str = "default") -> list[str]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    settings = Settings(root=root, profile=profile, cache=False, jobs=1)  # type: ignore[arg-type]
    return [one.finding.message for one in run(settings, Registry.load(entry_points=False)).findings if one.finding.rule == rule]


CONTRACT = """[importlinter]
root_package = harbour

[importlinter:contract:one]
name = docks do not know offices
type = forbidden
source_modules = harbour.docks
forbidden_modules = harbour.office
ignore_imports = harbour.docks.crane -> harbour.office.ledger
"""
PACKAGES = {f"harbour/{name}/__init__.py": "" for name in (".", "docks", "office")}
CRANE = "from harbour.office.ledger import book\n\n\ndef lift(load):\n    return book(load)\n"


def test_an_exception_for_a_file_that_nobody_can_parse_is_not_called_stale(tmp_path: Path) -> None:
    files = {**PACKAGES, ".importlinter": CONTRACT, "harbour/docks/crane.py": CRANE, "harbour/office/ledger.py": "def book(load):\n    return ???\n"}
    assert said(tmp_path, files, "stale-contract-exception") == []


def test_an_exception_that_no_import_needs_is_called_stale(tmp_path: Path) -> None:
    files = {**PACKAGES, ".importlinter": CONTRACT, "harbour/docks/crane.py": "", "harbour/office/ledger.py": ""}
    assert len(said(tmp_path, files, "stale-contract-exception")) == 1


def privates(number: int) -> dict[str, str]:
    """`number` private modules of one package, each imported by two modules of another."""
    users = "".join(f"from yard.core._part{one} import work{one}\n" for one in range(number))
    parts = {f"yard/core/_part{one}.py": f"def work{one}():\n    return {one}\n" for one in range(number)}
    return {"yard/__init__.py": "", "yard/core/__init__.py": "", "yard/shop/__init__.py": "", "yard/shop/a.py": users, "yard/shop/b.py": users, **parts}


def test_private_modules_that_all_import_are_the_custom_of_a_library(tmp_path: Path) -> None:
    assert said(tmp_path, privates(6), "feature-slice-leak") == []
    assert len(said(tmp_path, {}, "feature-slice-leak", "strict")) == 6


def test_one_private_module_that_two_others_import_is_a_slip(tmp_path: Path) -> None:
    assert len(said(tmp_path, privates(1), "feature-slice-leak")) == 1


ROUTER = """from fastapi import APIRouter

from quay.services import {0}

router = APIRouter()


@router.get("/{0}")
def show_{0}():
    return {0}


"""


def quay(service: str) -> dict[str, str]:
    """Routes that use services, and a service that takes from a route what is private there."""
    names = [f"n{number}" for number in range(20)]
    files = {f"quay/{folder}/__init__.py": "" for folder in (".", "services", "routes")}
    files |= {f"quay/services/{name}.py": "RATE = 1\n" for name in names} | {f"quay/routes/{name}.py": ROUTER.format(name) for name in names}
    files["quay/routes/n0.py"] += "def _labels():\n    return []\n\n\ndef _berths():\n    return []\n"
    return files | {"quay/services/n1.py": service}


def test_an_import_against_the_layers_is_said_once_with_all_that_it_takes(tmp_path: Path) -> None:
    """Two findings in one line are one too many; a cure that names the first of two names leaves the import where it is."""
    files = quay("from quay.routes.n0 import _berths, _labels\n\n\ndef work():\n    return _labels(), _berths()\n")
    [message] = said(tmp_path, files, "layer-import-violation")
    assert "move `_berths`, `_labels`, which are private there, below" in message
    assert said(tmp_path, {}, "feature-slice-leak") == []


def test_an_import_against_the_layers_that_closes_a_circle_is_said_once(tmp_path: Path) -> None:
    files = quay("from quay.routes.n1 import show_n1\n\n\ndef work():\n    return show_n1()\n")
    [message] = said(tmp_path, files, "layer-import-violation")
    assert message.endswith("so that importing `quay.routes.n1` first fails")
    assert said(tmp_path, {}, "import-cycle") == []


SERVICE = "def rename(session, name):\n    session.execute(name)\n"
NAMING = "from fleet.services import naming\n"
IMPORTS = f"from fastapi import APIRouter\nfrom sqlalchemy import select\nfrom sqlalchemy.orm import Session\n\n{NAMING}"
ROUTES = f"{IMPORTS}\nrouter = APIRouter()\n"


def fleet(last: str) -> dict[str, str]:
    handlers = "".join(f"\n\n@router.get('/{one}')\ndef ship{one}(session: Session):\n    return naming.rename(session, '{one}')\n" for one in range(12))
    final = f"\n\n@router.get('/last')\ndef last(session: Session):\n    naming.rename(session, 'x')\n    {last}\n"
    packages = {f"fleet/{name}/__init__.py": "" for name in (".", "services", "routes")}
    return {**packages, "fleet/services/naming.py": SERVICE, "fleet/routes/ships.py": ROUTES + handlers + final}


def test_a_handler_that_asks_the_database_beside_its_services_is_reported(tmp_path: Path) -> None:
    (message,) = said(tmp_path, fleet("return session.scalars(select(1)).all()"), "persistence-in-route")
    assert "`last`" in message


def test_a_handler_that_only_ends_the_transaction_of_its_services_is_left_to_the_strict_profile(tmp_path: Path) -> None:
    assert said(tmp_path, fleet("session.commit()"), "persistence-in-route") == []
    (message,) = said(tmp_path, {}, "persistence-in-route", "strict")
    assert "end the transaction there" in message


def test_a_convention_of_one_application_says_nothing_of_another(tmp_path: Path) -> None:
    """Two services in one repository: the second has handlers that ask the database, and nobody there does otherwise."""
    query = "\n\n@router.get('/crew')\ndef crew(session: Session):\n    return session.scalars(select(1)).all()\n"
    first = {f"ships/{path}": text for path, text in fleet("pass").items()}
    second = {"people/staff/__init__.py": "", "people/staff/routes/__init__.py": "", "people/staff/routes/crew.py": ROUTES.replace(NAMING, "") + query}
    assert said(tmp_path, first | second, "persistence-in-route") == []


def test_the_other_handler_that_is_shown_asks_the_database_below(tmp_path: Path) -> None:
    """`calls Namer.__init__` shows nobody where the queries are."""
    files = fleet("return session.scalars(select(1)).all()")
    files["fleet/services/naming.py"] = "class Namer:\n    def __init__(self, session):\n        self.session = session\n\n    def rename(self, name):\n"
    files["fleet/services/naming.py"] += "        self.session.execute(name)\n"
    files["fleet/routes/ships.py"] = files["fleet/routes/ships.py"].replace("naming.rename(session, ", "naming.Namer(session).rename(")
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    settings = Settings(root=tmp_path, profile="default", cache=False, jobs=1)
    [finding] = [one.finding for one in run(settings, Registry.load(entry_points=False)).findings if one.finding.rule == "persistence-in-route"]
    assert finding.evidence[0].message == "`ship0` calls `Namer.rename`"


def test_private_names_of_one_module_that_the_same_modules_take_are_one_finding(tmp_path: Path) -> None:
    """Three imports of one module in three lines are one slip, and the first line takes the first name."""
    files = {f"yard/{name}/__init__.py": "" for name in (".", "core", "shop")}
    files["yard/core/work.py"] = "_SEAL = 'x'\n\n\ndef _lift(load):\n    return load\n\n\ndef _turn(load):\n    return load\n"
    files["yard/shop/a.py"] = "from yard.core.work import _turn\nfrom yard.core.work import _SEAL, _lift\n\n\n"
    files["yard/shop/a.py"] += "def go(load):\n    return _lift(_turn(load)), _SEAL\n"
    files["yard/shop/b.py"] = "from yard.core.work import _turn\n\n\ndef go(load):\n    return _turn(load)\n"
    [message] = said(tmp_path, files, "feature-slice-leak")
    assert message.startswith("`yard.shop.a` and 1 more module import `work._turn`, `work._SEAL`, `work._lift`, which only `yard.core` should use")


def test_a_private_name_that_is_taken_on_purpose_is_left_to_the_strict_profile(tmp_path: Path) -> None:
    """Who has told another linter so in that line has decided already."""
    files = {f"yard/{name}/__init__.py": "" for name in (".", "core", "shop")}
    files["yard/core/work.py"] = "def _lift(load):\n    return load\n"
    files["yard/shop/a.py"] = "from yard.core.work import _lift  # pyright: ignore[reportPrivateUsage]\n\n\ndef go(load):\n    return _lift(load)\n"
    assert said(tmp_path, files, "feature-slice-leak") == []
    assert len(said(tmp_path, {}, "feature-slice-leak", "strict")) == 1


def test_a_command_of_the_same_application_may_do_by_hand_what_it_does(tmp_path: Path) -> None:
    places = (".", "core", "billing", "core/management", "core/management/commands", "billing/management", "billing/management/commands", "core/services")
    files = {f"yard/{name}/__init__.py": "" for name in places}
    files["yard/core/services/work.py"] = "def _lift(load):\n    return load\n"
    command = "from yard.core.services.work import _lift\n\n\ndef handle(load):\n    return _lift(load)\n"
    files["yard/core/management/commands/lift_again.py"] = command
    assert said(tmp_path, files, "feature-slice-leak") == []
    assert len(said(tmp_path, {"yard/billing/management/commands/lift_all.py": command}, "feature-slice-leak")) == 1
