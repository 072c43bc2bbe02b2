"""Targets held against real reports of a small shop: the table of the gate, its reasons, and exit codes through the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from backend_lint.cli.start import main
from backend_lint.config import Settings
from backend_lint.engine.result import Condition
from backend_lint.engine.run import run
from backend_lint.gate.conditions import evaluate
from backend_lint.registry import Registry

HERE = Path(__file__).parent
REPORTS = HERE / "reports"
LOCUST = ("locust_stats.csv", "locust_stats_history.csv", "locust_failures.csv")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The shop with a folder for reports."""
    root = tmp_path / "shop"
    shutil.copytree(HERE / "shop", root)
    (root / "load").mkdir()
    return root


def conditions(root: Path, made: tuple[str, ...] = (), **targets: Any) -> dict[str, Condition]:
    """What the gate says; `made`: reports of tools, which are put into the project."""
    for name in made:
        shutil.copy(REPORTS / name, root / "load")
    gate: dict[str, Any] = {"performance": {**targets, **({"reports": [f"load/{Path(name).name}" for name in made]} if made else {})}}
    settings = Settings(root=root, gate=gate, cache=False, jobs=1, fail_on="never")
    result = evaluate(run(settings, Registry.load(entry_points=False)), settings)
    assert result.passed is all(one.status == "passed" for one in result.conditions)
    return {one.name.removeprefix("performance."): one for one in result.conditions}


def write(root: Path, name: str, text: str) -> str:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    return name


def stats(*rows: tuple[str, str, int, int, float, float]) -> str:
    lines = ["Type,Name,Request Count,Failure Count,Average Response Time,50%,90%,95%,99%"]
    lines += [f"{method},{name},{requests},{failures},{p50},{p50},{(p50 + p95) / 2},{p95},{p95 + 20}" for method, name, requests, failures, p50, p95 in rows]
    return "\n".join([*lines, f",Aggregated,{sum(row[2] for row in rows)},0,1,1,1,1,1"]) + "\n"


def test_slowest_endpoint_decides_and_is_named_with_its_route(shop: Path) -> None:
    p95 = conditions(shop, LOCUST, p95_ms=200)["p95_ms"]
    assert (p95.measured, p95.required, p95.status) == (420.0, 200.0, "failed")
    assert p95.details[0] == "GET /reports/daily: 420 ms, below 200 is asked for (300 requests, load/locust_stats.csv:6)"
    assert "GET /customers/{email}/orders: no report has a request to it" in p95.details
    assert conditions(shop, LOCUST, p95_ms=421)["p95_ms"].status == "passed"
    assert conditions(shop, LOCUST, p95_ms=420)["p95_ms"].status == "failed", "below 420 ms is asked for"
    own = conditions(shop, LOCUST, p95_ms=200, endpoints={"GET /reports/*": 500})["p95_ms"]
    assert (own.status, own.measured, own.required) == ("passed", 420.0, 500.0)


def test_failures_are_counted_with_their_reason(shop: Path) -> None:
    rate = conditions(shop, LOCUST, error_rate=1)["error_rate"]
    assert (rate.measured, rate.status) == (100 * 32 / 339, "failed")
    assert rate.details == ("GET /flaky: 32 of 339 requests failed, 32 by HTTPError('500 Server Error: Internal Server Error for url: /flaky')",)


def test_routes_without_evidence(shop: Path) -> None:
    routes = conditions(shop, LOCUST, routes=100)["routes"]
    assert (routes.measured, routes.status, len(routes.details)) == (62.5, "failed", 3)
    assert conditions(shop, LOCUST, routes=62.5)["routes"].status == "passed"


@pytest.mark.parametrize("export", ["pg_stat_statements.csv", "pg_stat_statements.json"])
def test_slow_statement_leads_to_its_line_and_to_the_missing_index(shop: Path, export: str) -> None:
    query = conditions(shop, (export,), query_ms=100)["query_ms"]
    assert (query.measured, query.status, query.reason[:1]) == (132.67116264, "failed", "2")
    first, second, rare = query.details
    assert first.startswith("132.671 ms (25 calls) SELECT orders.id,")
    for line, place in ((first, "main.py:18"), (second, "main.py:39")):
        assert line.endswith(f'{place}; it reads all of `orders`, for no index begins with `number`: Index("orders_number_idx", "number")')
    assert "date_trunc" in rare
    assert rare.endswith("but only 3 calls")
    assert conditions(shop, (export,), query_ms=133)["query_ms"].status == "passed"
    few = conditions(shop, (export,), query_ms=100, min_calls=3)["query_ms"]
    assert few.measured == 1329.9799023333333
    assert "main.py:29; it asks for all rows of `orders`" in few.details[0]


@pytest.mark.parametrize("log", ["auto_explain_text.log", "auto_explain_json.log"])
def test_plans_that_were_logged_can_fail_a_target_and_never_pass_it(shop: Path, log: str) -> None:
    slow = conditions(shop, (log,), query_ms=100, min_calls=3)["query_ms"]
    assert slow.status == "failed"
    assert any("main.py:18" in line for line in slow.details)
    fast = conditions(shop, (log,), query_ms=100_000, min_calls=3)["query_ms"]
    assert (fast.status, fast.measured) == ("not-measured", None)
    assert "only slow executions are logged" in fast.reason


@pytest.mark.parametrize("export", ["mysql_digest.tsv", "mysql_digest.json", "pt_query_digest.json"])
def test_digests_lead_to_the_same_line(shop: Path, export: str) -> None:
    query = conditions(shop, (export,), query_ms=100)["query_ms"]
    assert query.status == "failed"
    assert "main.py:18; it reads all of `orders`" in query.details[0]


def test_single_times_of_concrete_paths_are_joined_to_their_route(shop: Path) -> None:
    named = conditions(shop, ("schema/k6_samples.json",), p95_ms=142, min_requests=100)["p95_ms"]
    assert named.details == (
        "GET /orders: 142.675 ms, below 142 is asked for (150 requests, 10 failed, load/k6_samples.json:1)",
        "GET /orders/{number}: 142.175 ms, below 142 is asked for (150 requests, load/k6_samples.json:1)",
        *(line for line in named.details if line.endswith("no report has a request to it")),
    )
    assert conditions(shop, ("schema/k6_samples.json",), p95_ms=150, min_requests=100)["p95_ms"].status == "passed"


def test_names_that_are_no_path_are_what_the_configuration_says(shop: Path) -> None:
    jmeter = conditions(shop, ("jmeter.csv",), routes=25, error_rate=20, names={"flaky things": "GET /flaky"})
    assert jmeter["routes"].measured == 25.0
    hey = conditions(shop, ("hey.txt",), p95_ms=200, routes=10, names={"load/hey.txt": "GET /orders"})
    assert hey["p95_ms"].reason.startswith("the slowest of 1 endpoints is GET /orders")
    assert hey["routes"].status == "passed"


def test_percentile_that_a_report_does_not_have_is_bounded_and_not_guessed(shop: Path) -> None:
    wrk = conditions(shop, ("wrk.txt",), p95_ms=65)["p95_ms"]
    assert (wrk.status, wrk.measured) == ("passed", 64.06), "its 99 % is below, so its 95 % is"
    between = conditions(shop, ("wrk.txt",), p95_ms=60)["p95_ms"]
    assert (between.status, between.measured) == ("not-measured", None)
    assert "does not say its 95 %, only that it is at least 51.63 and at most 64.06 ms" in between.reason
    assert conditions(shop, ("wrk.txt",), p95_ms=51)["p95_ms"].status == "failed", "its 90 % is above, so its 95 % is"


def test_few_requests_say_nothing(shop: Path) -> None:
    small = conditions(shop, ("wrk_slow.txt",), p95_ms=200)["p95_ms"]
    assert small.status == "not-measured"
    assert "47 requests, of which a percentile says little (200 are asked for)" in small.reason
    assert conditions(shop, ("wrk_slow.txt",), p95_ms=200, min_requests=40)["p95_ms"].status == "failed"


def test_quick_failures_do_not_hide_slow_answers(shop: Path) -> None:
    # a tenth fails at once: of the answers, 95 % may be as slow as the 95.5 % of all
    name = write(shop, "load/locust_stats.csv", stats(("GET", "/orders", 1000, 100, 40, 150)))
    found = conditions(shop, p95_ms=160, reports=[name])["p95_ms"]
    assert found.status == "not-measured"
    assert "100 failures may hide slower answers" in found.reason
    assert conditions(shop, p95_ms=171, reports=[name])["p95_ms"].status == "passed", "its 99 % is below"
    few = write(shop, "load/few.csv", stats(("GET", "/orders", 1000, 9, 40, 150)))
    assert conditions(shop, p95_ms=160, reports=[few])["p95_ms"].status == "passed", "so few failures are allowed, and change nothing"
    assert conditions(shop, p95_ms=160, error_rate=0.5, reports=[few])["p95_ms"].status == "not-measured"


def test_connections(shop: Path) -> None:
    users = conditions(shop, LOCUST, connections=10_000)["connections"]
    assert (users.measured, users.status) == (25.0, "failed")
    failing = conditions(shop, LOCUST, connections=25)["connections"]
    assert (failing.measured, failing.status) == (25.0, "passed"), "0.9 % of all requests failed"
    assert conditions(shop, LOCUST, connections=25, error_rate=0.5)["connections"].status == "not-measured"
    write(shop, "Procfile", "web: gunicorn main:app --workers 4 --threads 2\n")
    static = conditions(shop, LOCUST, connections=10_000)["connections"]
    assert (static.measured, static.status) == (4000.0, "failed")
    write(shop, "Procfile", "web: gunicorn main:app --workers 2\n")
    assert conditions(shop, LOCUST, connections=25)["connections"].measured == 2.0
    write(shop, "Procfile", "web: uvicorn main:app --workers 2\n")
    assert conditions(shop, LOCUST, connections=25)["connections"].status == "passed"


@pytest.mark.parametrize(
    ("report", "measured", "status", "reason"),
    [
        ("prometheus_vector.json", 99.91, "failed", "https://shop.example/orders"),
        ("prometheus_probes.json", 99.95, "passed", "the lowest of 1 services"),
        ("uptimerobot.json", 99.953, "passed", "the lowest of 1 services"),
        ("uptime_kuma.json", 99.0, "failed", "monitor 1"),
    ],
)
def test_availability(shop: Path, report: str, measured: float, status: str, reason: str) -> None:
    found = conditions(shop, (f"schema/{report}",), availability=99.95)["availability"]
    assert (found.measured, found.status) == (measured, status)
    assert found.reason.startswith(reason)


def test_availability_of_a_service_that_runs_once_is_luck(shop: Path) -> None:
    shutil.copytree(HERE.parent.parent / "fixtures/performance/availability-budget/bad/deploy", shop / "deploy")
    found = conditions(shop, ("schema/uptimerobot.json",), availability=99.95)["availability"]
    assert (found.status, len(found.details)) == ("failed", 2)
    assert found.details[0].startswith("deploy/parcels.yaml:1: parcels runs once")


def test_few_probes_cannot_tell_a_target(shop: Path) -> None:
    probes = {"metric": {"__name__": "probe_success"}, "values": [[1_772_359_200 + n, "1"] for n in range(500)]}
    document = {"status": "success", "data": {"resultType": "matrix", "result": [probes]}}
    name = write(shop, "uptime.json", json.dumps(document))
    found = conditions(shop, availability=99.95, reports=[name])["availability"]
    assert (found.status, found.measured) == ("not-measured", None)
    assert "500 checks" in found.reason


def test_every_target_without_a_report_says_what_would_make_one(shop: Path) -> None:
    asked = {"p95_ms": 200, "error_rate": 1, "query_ms": 100, "connections": 10, "availability": 99.95, "requests_per_second": 5, "routes": 50, "regression": 5}
    found = conditions(shop, **asked)
    assert list(found) == list(asked)
    for one in found.values():
        assert (one.status, one.measured) == ("not-measured", None)
    made_by = {"query_ms": "pg_stat_statements.csv", "availability": "uptime.json", "regression": "backend-lint baseline performance"}
    for name, one in found.items():
        assert made_by.get(name, "k6 run --summary-export") in one.reason, f"{name} names the command that makes another report"


@pytest.mark.parametrize("text", ["", "nonsense\n", '{"metrics": {', "Type,Name,Request Count,Failure Count\nGET,/a,5"])
def test_broken_report_beside_a_good_one_lets_nothing_pass(shop: Path, text: str) -> None:
    good = write(shop, "load/good.csv", stats(("GET", "/orders", 900, 0, 10, 20)))
    assert conditions(shop, p95_ms=200, reports=[good])["p95_ms"].status == "passed"
    broken = write(shop, "load/broken.csv", text)
    found = conditions(shop, p95_ms=200, reports=[good, broken])["p95_ms"]
    assert (found.status, found.measured) == ("not-measured", None)
    assert found.reason.startswith("load/broken.csv ")
    assert "no report at load/none.csv" in conditions(shop, p95_ms=200, reports=[good, "load/none.csv"])["p95_ms"].reason


def test_report_of_another_service_is_not_taken_for_this_one(shop: Path) -> None:
    name = write(shop, "load/other.csv", stats(("GET", "/invoices", 900, 0, 10, 20), ("GET", "/invoices/9", 900, 0, 10, 20)))
    found = conditions(shop, p95_ms=200, reports=[name])["p95_ms"]
    assert found.status == "not-measured"
    assert "none of the 2 paths in the reports is a route of this project" in found.reason
    behind = write(shop, "load/proxied.csv", stats(("GET", "/shop/v2/orders", 900, 0, 10, 20), ("GET", "/shop/v2/orders/9", 900, 0, 10, 20)))
    assert conditions(shop, p95_ms=200, routes=25, reports=[behind])["routes"].status == "passed", "a proxy may take a prefix"


def test_report_outside_of_the_project_is_not_opened(shop: Path) -> None:
    write(shop.parent, "outside.csv", stats(("GET", "/orders", 900, 0, 10, 20)))
    assert "leads out" in conditions(shop, p95_ms=200, reports=["../outside.csv"])["p95_ms"].reason
    (shop / "load/link.csv").symlink_to(shop.parent / "outside.csv")
    assert conditions(shop, p95_ms=200, reports=["load/link.csv"])["p95_ms"].status == "not-measured"
    os.mkfifo(shop / "load/pipe")
    assert "not a regular file" in conditions(shop, p95_ms=200, reports=["load/pipe"])["p95_ms"].reason


def test_report_older_than_the_code_is_no_evidence(shop: Path) -> None:
    name = write(shop, "load/good.csv", stats(("GET", "/orders", 900, 0, 10, 20)))
    git = ("git", "-c", "user.name=shop", "-c", "user.email=shop@localhost")
    for command in (("init", "-q"), ("add", "main.py"), ("commit", "-q", "-m", "shop")):
        subprocess.run([*git, *command], cwd=shop, check=True, capture_output=True)
    assert conditions(shop, p95_ms=200, reports=[name])["p95_ms"].status == "passed"
    written = (shop / name).stat().st_mtime - 40 * 86400
    os.utime(shop / name, (written, written))
    found = conditions(shop, p95_ms=200, reports=[name])["p95_ms"]
    assert (found.status, found.measured) == ("not-measured", None)
    assert "40 days older than the code" in found.reason
    assert conditions(shop, p95_ms=200, max_age_days=60, reports=[name])["p95_ms"].status == "passed"


def test_regression_is_told_from_noise(shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(shop)
    write(shop, "backend-lint.toml", '[gate.performance]\nbaseline = "base.json"\nreports = ["load/run.csv"]\n')

    def measured(requests: int, p50: float, p95: float) -> Condition:
        name = write(shop, "load/run.csv", stats(("GET", "/orders", requests, 0, p50, p95)))
        return conditions(shop, baseline="base.json", reports=[name])["regression"]

    assert measured(2000, 40, 80).status == "not-measured", "there is no baseline yet"
    assert main(["baseline", "performance"]) == 0
    assert main(["baseline", "performance"]) == 2, "one that is there is not replaced"
    assert "--add adds" in capsys.readouterr().err
    assert measured(2000, 40, 80).status == "passed"
    assert measured(2000, 43, 90).status == "passed"
    slower = measured(2000, 50, 90)
    assert slower.status == "failed"
    assert slower.measured is not None
    assert slower.details[0].startswith("GET /orders: its 50 % went from at most 41.118 to 50 ms")
    assert measured(150, 90, 190).status == "not-measured", "so few requests say nothing"
    measured(2000, 47, 90)
    assert main(["baseline", "performance", "--add"]) == 0
    assert measured(2000, 50, 90).status == "passed", "runs scatter that much"
    assert measured(2000, 47, 160).status == "failed", "the tail is twice as long"
    write(shop, "base.json", '{"endpoints": {"GET /orders": [{"requests": -1}]}}')
    assert main(["check"]) == 2
    assert "is no baseline of load tests" in capsys.readouterr().err


@pytest.mark.parametrize("format_", ["text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown"])
def test_every_format_has_the_row(shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], format_: str) -> None:
    monkeypatch.chdir(shop)
    shutil.copy(REPORTS / "locust_stats.csv", shop / "load")
    write(shop, "backend-lint.toml", '[gate.performance]\np95_ms = 200\navailability = 99.95\nreports = ["load/locust_stats.csv"]\n')
    assert main(["--no-cache", "--format", format_]) == 1
    printed = capsys.readouterr().out
    for part in ("performance.p95_ms", "420", "performance.availability"):
        assert part in printed
    assert "reports/daily" in printed.replace("\\/", "/")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p95_mss = 200", "unknown key 'p95_mss'; did you mean 'p95_ms'?"),
        ("min_request = 5", "unknown key 'min_request'; did you mean 'min_requests'?"),
        ("error_rate = 101", "must be a percentage"),
        ('endpoints = { "GET /a" = "slow" }', "must be a number from 0"),
        ("names = { login = 5 }", "must be a text"),
        ("max_age_days = -1", "must be a whole number from 0"),
        ('reports = "a.csv"', "must be a list of texts"),
    ],
)
def test_wrong_configuration_is_named(shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, message: str) -> None:
    monkeypatch.chdir(shop)
    write(shop, "backend-lint.toml", f"[gate.performance]\n{text}\n")
    assert main(["check"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "backend-lint.toml:2: gate.performance." in error


def test_values_of_requests_and_statements_are_not_shown(shop: Path) -> None:
    name = write(shop, "load/run.csv", stats(("GET", "/invoices?token=s3cret-value", 900, 0, 300, 400), ("GET", "/orders", 900, 0, 1, 2)))
    log = "".join(
        f"2026-01-01 LOG:  duration: {150 + number}.5 ms  plan:\n\tQuery Text: SELECT id FROM orders WHERE number = 'buyer-{number}' AND id > {number}\n"
        "\tSeq Scan on orders  (cost=0.00..32768.00 rows=1 width=43)\n"
        for number in range(30)
    )
    found = conditions(shop, p95_ms=200, query_ms=100, reports=[name, write(shop, "load/postgresql.log", log)])
    assert found["p95_ms"].details[0].startswith("GET /invoices: 400 ms")
    assert found["query_ms"].details[0].startswith("178.5 ms (30 calls) SELECT id FROM orders WHERE number = ? AND id > ?: ")
    assert not any("s3cret" in line or "buyer" in line for one in found.values() for line in (one.reason, *one.details))
