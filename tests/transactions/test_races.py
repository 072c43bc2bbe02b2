"""Races that rules report are real: the samples run from two connections at once on PostgreSQL. What is reported loses an update, what is not does not."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from postgres_server import database, uri_of

FIXTURES = Path(__file__).parents[2] / "fixtures"
RACES = FIXTURES / "transactions" / "read-modify-write-race"
TWICE = FIXTURES / "database" / "get-or-create-without-unique"
PATIENCE = 0.7
ACCOUNT = {"Account": [{"pk": 1, "owner": "somebody", "balance": 100}]}
BALANCE = "SELECT balance FROM bank_account WHERE id = 1"


class Run(NamedTuple):
    """A function of a sample, called twice at once. `right`: what must be there afterwards if no change is lost."""

    function: str
    arguments: tuple[Any, ...]
    read: str
    right: int
    rows: dict[str, list[dict[str, Any]]] = ACCOUNT
    waits: str = "UPDATE"
    between: tuple[str, tuple[Any, ...]] | None = None


def at_once(name: str, sample: Path, runs: list[Run], statements: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
    """The outcome of each run, in a fresh database."""
    database(name).close()
    given = {
        "uri": uri_of(name),
        "sample": str(sample),
        "statements": statements,
        "runs": [run._asdict() for run in runs],
    }
    script = Path(__file__).with_name("at_once.py")
    outcome = subprocess.run([sys.executable, str(script)], input=json.dumps(given), capture_output=True, text=True, timeout=120)
    assert outcome.returncode == 0, outcome.stderr
    return {run.function: found for run, found in zip(runs, json.loads(outcome.stdout), strict=True)}


PAYS = [
    Run("pay", (1, 10), BALANCE, 80),
    Run("in_a_transaction", (1, 10), BALANCE, 120),
    Run("lazy_lock", (1, 10), BALANCE, 120),
    Run("locks_what_it_makes", (1, 10), BALANCE, 120),
    Run("locks_a_sum", (1, 10), BALANCE, 120),
    Run("give_to", (1,), BALANCE, 110),
    Run("take_or_make", ("somebody",), "SELECT visits FROM bank_account WHERE id = 1", 2),
    Run("raise_limit", (1, "10"), 'SELECT "limit"::int FROM bank_account WHERE id = 1', 20),
    Run("note", (1, "ab"), "SELECT length(notes) FROM bank_account WHERE id = 1", 4),
]
MENDED = {"lazy_lock", "locks_what_it_makes", "locks_a_sum", "take_or_make"}


def test_bad_django_sample_loses_updates() -> None:
    found = at_once("races_bad", RACES / "bad.py", PAYS)
    for run in PAYS:
        assert found[run.function]["failures"] == []
        assert found[run.function]["value"] != run.right, f"{run.function} lost nothing"


def test_what_the_fix_makes_of_it_loses_none() -> None:
    runs = [run for run in PAYS if run.function in MENDED]
    found = at_once("races_fixed", RACES / "fixed.py", runs)
    assert {name: one["value"] for name, one in found.items()} == {run.function: run.right for run in runs}


def test_good_django_sample_loses_none() -> None:
    runs = [
        Run("pay", (1, 10), BALANCE, 80),
        Run("pay_in_one", (1, 10), BALANCE, 80),
        Run("pay_locked", (1, 10), BALANCE, 80),
        Run("pay_locked_elsewhere", (1, 10), BALANCE, 80),
        Run("pay_through_a_method", (1, 10), BALANCE, 120),
        Run("lock_several", ([1],), BALANCE, 98),
        Run("lock_by_list", ([1],), BALANCE, 98),
    ]
    found = at_once("races_good", RACES / "good.py", runs)
    assert {name: one["value"] for name, one in found.items()} == {run.function: run.right for run in runs}


def test_a_check_lets_two_through_and_a_conditional_update_one() -> None:
    coupon = {"Coupon": [{"pk": 1}]}
    read = "SELECT count(*) FROM bank_coupon"
    bad = at_once("checks_bad", RACES / "bad.py", [Run("redeem", (1,), read, 1, coupon)])
    assert bad["redeem"]["sent"] == 2
    good = at_once("checks_good", RACES / "good.py", [Run("redeem", (1,), read, 1, coupon)])
    assert good["redeem"]["sent"] == 1


def test_a_whole_save_takes_counts_back() -> None:
    run = Run("rename", (1, "new"), "SELECT hits FROM site_page WHERE id = 1", 1, {"Page": [{"pk": 1, "title": "old"}]}, between=("hit", (1,)))
    assert at_once("counted_bad", RACES / "bad_counted.py", [run])["rename"]["value"] == 0
    assert at_once("counted_good", RACES / "good_counted.py", [run])["rename"]["value"] == 1


def test_plain_sql_loses_updates_and_a_lock_does_not() -> None:
    table = ("CREATE TABLE accounts (id int PRIMARY KEY, balance int, name text)", "INSERT INTO accounts VALUES (1, 100, 'a')")
    read = "SELECT balance FROM accounts WHERE id = 1"
    assert at_once("sql_bad", RACES / "bad_sql.py", [Run("pay", (1, 10), read, 80, {})], table)["pay"]["value"] == 90
    for function in ("pay", "pay_locked"):
        assert at_once(f"sql_good_{function}", RACES / "good_sql.py", [Run(function, (1, 10), read, 80, {})], table)[function]["value"] == 80


# -- SQLAlchemy ------------------------------------------------------------------------------------


def sample(path: Path) -> ModuleType:
    """A sample imported under a name of its own."""
    name = f"sample_{path.stem}_{path.parent.name.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def balance_after(module: ModuleType, name: str, function: str) -> int:
    """What is left of 100 after `function` has taken 10 twice at once."""
    import sqlalchemy
    from sqlalchemy.orm import Session

    database(name).close()
    engine = sqlalchemy.create_engine(uri_of(name).replace("postgresql://", "postgresql+psycopg://", 1), isolation_level="READ COMMITTED")
    module.Base.metadata.create_all(engine)
    with Session(engine) as session:
        columns = module.Account.__table__.columns.keys()
        session.add(module.Account(**{name: {"id": 1, "balance": 100}.get(name, 0) for name in columns}))
        session.commit()
    barrier = threading.Barrier(2)
    waited: set[int] = set()

    @sqlalchemy.event.listens_for(engine, "before_cursor_execute")
    def wait(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.startswith("UPDATE") and threading.get_ident() not in waited:
            waited.add(threading.get_ident())
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(PATIENCE)

    def one() -> None:
        with Session(engine) as session:
            getattr(module, function)(session, 1, 10)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Session(engine) as session:
        left = session.get(module.Account, 1).balance
    engine.dispose()
    return int(left)


@pytest.mark.parametrize("function", ["pay", "pay_selected", "pay_queried"])
def test_bad_sqlalchemy_sample_loses_updates(function: str) -> None:
    assert balance_after(sample(RACES / "bad_sqlalchemy.py"), f"sqlalchemy_bad_{function}", function) == 90


@pytest.mark.parametrize("function", ["pay_get", "pay_selected", "pay_in_the_database", "pay_in_one", "pay_reread"])
def test_good_sqlalchemy_sample_loses_none(function: str) -> None:
    assert balance_after(sample(RACES / "good_sqlalchemy.py"), f"sqlalchemy_good_{function}", function) == 80


# -- get-or-create ---------------------------------------------------------------------------------


def test_get_or_create_without_a_constraint_makes_two_rows() -> None:
    run = Run("rename", ("a@example.com", None), "SELECT count(*) FROM shop_customer", 1, {"Customer": [], "Shop": [{"pk": 1, "name": "a"}]}, "INSERT")
    text = (TWICE / "bad.py").read_text(encoding="utf-8")
    assert "email = models.CharField(max_length=200, db_index=True)" in text
    unique = text.replace("max_length=200, db_index=True)", "max_length=200, unique=True)")
    key = 'models.ForeignKey("Shop", on_delete=models.CASCADE'
    without = [one.replace(f"{key})", f"{key}, null=True)") for one in (text, unique)]  # so that a customer needs no shop to be made
    with tempfile.TemporaryDirectory() as scratch:
        for name, source, rows in (("twice_bad", without[0], 2), ("twice_good", without[1], 1)):
            path = Path(scratch) / f"{name}.py"
            path.write_text(source, encoding="utf-8")
            assert at_once(name, path, [run])["rename"]["value"] == rows
