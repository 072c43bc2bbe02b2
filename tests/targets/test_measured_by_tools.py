"""Reports that the tools themselves made: every number is theirs, to the last digit. What lies in `schema/` follows the tools' documentation."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from backend_lint.facts.performance import Endpoint, LoadReport, StatementTime, Uptime
from backend_lint.readers.performance import read

REPORTS = Path(__file__).parent / "reports"


def found(name: str, warm_up: float = 0.0) -> Any:
    with open(REPORTS / name, "rb") as file:
        return read(file, name, warm_up)


def load(name: str, warm_up: float = 0.0) -> LoadReport:
    report = found(name, warm_up)
    assert isinstance(report, LoadReport)
    return report


def endpoints(name: str, warm_up: float = 0.0) -> dict[str, Endpoint]:
    return {f"{one.method} {one.name}".strip(): one for one in load(name, warm_up).endpoints}


def test_locust_statistics_are_the_cells_of_its_table() -> None:
    known = endpoints("locust_stats.csv")
    with open(REPORTS / "locust_stats.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Name"] != "Aggregated"]
    assert len(rows) == len(known) == 5
    for row in rows:
        one = known[f"{row['Type']} {row['Name']}"]
        assert (one.requests, one.failures, one.mean) == (int(row["Request Count"]), int(row["Failure Count"]), float(row["Average Response Time"]))
        assert {percent: float(row[f"{percent:g}%"]) for percent in one.quantiles} == one.quantiles
        assert one.quantiles[50.0] == float(row["Median Response Time"])


def test_locust_history_knows_the_most_users_and_failures_their_reason() -> None:
    history = load("locust_stats_history.csv")
    assert (history.users, history.endpoints, history.finished) == (25, (), 1796069682.0)
    ((method, name, text, times),) = load("locust_failures.csv").errors
    assert (method, name, times) == ("GET", "/flaky", 32)
    assert text.startswith("HTTPError('500 Server Error")


def test_locust_json_gives_the_percentiles_that_locust_makes_of_its_table_of_times() -> None:
    # locust.stats.calculate_response_time_percentile of Locust 2.47, asked for the response_times in this file
    known = endpoints("locust.json")
    assert {name: [one.quantiles[percent] for percent in (50.0, 95.0, 99.0)] for name, one in known.items()} == {
        "GET /flaky": [45.0, 51.0, 53.0],
        "GET /orders/[number]": [45.0, 50.0, 53.0],
        "GET /orders": [48.0, 54.0, 55.0],
        "POST /orders": [50.0, 56.0, 59.0],
        "GET /reports/daily": [330.0, 420.0, 430.0],
    }


@pytest.mark.parametrize(
    ("name", "orders", "flaky", "failures"),
    [
        ("jmeter.csv", (300, 48, 57, 60, 82, 50.01), (300, 48, 57, 59, 63, 49.38), 46),
        ("jmeter.xml", (300, 47, 52, 56, 64, 47.0), (300, 47, 52, 55, 64, 47.46), 28),
    ],
)
def test_jmeter_samples_give_the_numbers_of_its_aggregate_report(name: str, orders: tuple[Any, ...], flaky: tuple[Any, ...], failures: int) -> None:
    # org.apache.jorphan.math.StatCalculatorLong of JMeter 2.13, asked for these very samples
    known = endpoints(name)
    for label, expected in (("GET /orders/{number}", orders), ("flaky things", flaky)):
        one = known[label]
        assert one.mean is not None
        assert (one.requests, *(one.quantiles[percent] for percent in (50.0, 90.0, 95.0, 99.0)), round(one.mean, 2)) == expected
    assert (known["GET /orders/{number}"].failures, known["flaky things"].failures) == (0, failures)
    assert load(name).users == 15


def test_printed_percentiles_are_those_that_were_printed() -> None:
    (wrk,) = load("wrk.txt").endpoints
    assert (wrk.name, wrk.requests, wrk.failures) == ("http://127.0.0.1:8765/orders", 1660, 0)
    assert wrk.quantiles == {50.0: 47.96, 75.0: 48.04, 90.0: 51.63, 99.0: 64.06}
    assert load("wrk.txt").users == 20
    (ab,) = load("ab.txt").endpoints
    assert (ab.name, ab.requests, ab.failures, ab.quantiles[95.0], load("ab.txt").users) == ("/orders/17", 1000, 0, 10.0, 20)
    (hey,) = load("hey.txt").endpoints
    assert (hey.requests, hey.failures, hey.quantiles[50.0], hey.quantiles[95.0], hey.quantiles[99.0]) == (1000, 0, 48.0, 52.4, 56.5)


def test_percentiles_of_heys_samples_are_as_hey_takes_them() -> None:
    (one,) = load("hey.csv").endpoints
    with open(REPORTS / "hey.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    times = sorted(float(row["response-time"]) for row in rows)
    # requester/print.go of hey: the first time whose share of all, cut to whole per cent, reaches the percentile
    expected = next(time for index, time in enumerate(times) if index * 100 // len(times) >= 95)
    assert one.quantiles[95.0] == round(expected * 1000, 4)
    assert (one.requests, one.failures) == (len(rows), sum(int(row["status-code"]) >= 400 for row in rows))


def test_autocannon_is_taken_as_it_is() -> None:
    report = load("autocannon.json")
    (one,) = report.endpoints
    latency = json.loads((REPORTS / "autocannon.json").read_text())["latency"]
    assert (one.requests, one.failures, report.users) == (1631, 0, 20)
    assert {percent: latency["p" + f"{percent:g}".replace(".", "_")] for percent in one.quantiles} == one.quantiles
    assert 95.0 not in one.quantiles, "autocannon does not say its 95 %: nobody may invent it"


def test_statements_of_postgresql() -> None:
    known = {" ".join(one.text.split()): one for one in found("pg_stat_statements.csv")}
    slow = known["SELECT orders.id, orders.number, orders.email, orders.total, orders.created_at FROM orders WHERE orders.number = $1::VARCHAR"]
    assert (slow.calls, slow.mean_ms) == (25, 132.67116264)
    rows = json.loads((REPORTS / "pg_stat_statements.json").read_text())
    assert {(one.text, one.calls, one.mean_ms) for one in found("pg_stat_statements.json")} == {
        (row["query"], row["calls"], row["mean_exec_time"]) for row in rows
    }


@pytest.mark.parametrize("name", ["auto_explain_text.log", "auto_explain_json.log", "postgresql_structured.json"])
def test_plans_of_auto_explain(name: str) -> None:
    written = re.findall(r"duration: (\d+\.\d+) ms  plan:", (REPORTS / name).read_text())
    statements = found(name)
    assert sum(one.calls for one in statements) == len(written)
    assert sum(one.mean_ms * one.calls for one in statements) == pytest.approx(sum(map(float, written)))
    assert all(one.partial and one.scanned == ("orders",) for one in statements)
    assert any(" ".join(one.text.split()).endswith("FROM orders WHERE orders.number = $1::VARCHAR") for one in statements)


def test_digests_of_mysql() -> None:
    for name in ("mysql_digest.tsv", "mysql_digest.json"):
        assert [(one.calls, one.mean_ms) for one in found(name)] == [(25, 147.301555), (25, 1.676323)]
    (with_quantiles,) = found("schema/mysql8_digest.csv")
    assert (with_quantiles.mean_ms, with_quantiles.p95_ms) == (50.0, 120.226443461)
    (logged,) = found("pt_query_digest.json")
    assert (logged.calls, logged.mean_ms, logged.p95_ms, logged.partial) == (25, 143.596, 171.3, True)


def test_columns_of_older_postgresql(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_text('query,calls,total_time,min_time,max_time,mean_time\n"SELECT 1 FROM a WHERE b = $1",50,750,1,90,15\n')
    with open(path, "rb") as file:
        assert read(file, "old.csv") == (StatementTime("SELECT 1 FROM a WHERE b = $1", 50, 15.0, None, "old.csv", 2),)


def test_k6() -> None:
    (everything,) = load("schema/k6_summary_export.json").endpoints
    assert (everything.name, everything.requests, everything.failures, everything.quantiles) == ("", 4000, 12, {50.0: 41.5, 90.0: 88.4, 95.0: 121.75})
    assert load("schema/k6_summary_export.json").users == 50
    named = endpoints("schema/k6_handle_summary.json")
    assert {name: (one.requests, one.quantiles[95.0]) for name, one in named.items()} == {"GET /orders": (1000, 96.125), "GET /reports/daily": (500, 412.5)}
    samples = load("schema/k6_samples.json")
    assert (samples.users, len(samples.endpoints), sum(one.requests or 0 for one in samples.endpoints), sum(one.failures for one in samples.endpoints)) == (
        30, 151, 300, 10
    )  # fmt: skip


def test_gatling() -> None:
    known = endpoints("schema/gatling_stats.json")
    assert {name: (one.requests, one.failures, one.quantiles[95.0]) for name, one in known.items()} == {
        "GET /orders": (600, 0, 88.0),
        "/reports/daily": (300, 3, 360.0),
    }
    (whole,) = load("schema/gatling_global_stats.json").endpoints
    assert (whole.name, whole.requests, whole.quantiles[95.0]) == ("", 900, 310.0)
    log = load("schema/gatling_simulation.log")
    assert (log.users, log.endpoints[0].requests, log.endpoints[0].failures, log.endpoints[0].quantiles[95.0]) == (10, 250, 5, 238.0)


def test_vegeta_oha_wrk2_and_the_dashboard_of_jmeter() -> None:
    (report,) = load("schema/vegeta_report.json").endpoints
    assert (report.requests, report.failures, report.quantiles[95.0]) == (400, 1, 3.53)
    for name in ("schema/vegeta_results.json", "schema/vegeta_results.csv"):
        (one,) = load(name).endpoints
        assert (one.method, one.requests, one.failures, one.quantiles[95.0]) == ("GET", 250, 1, 3.381666)
    (oha,) = load("schema/oha.json").endpoints
    assert (oha.requests, oha.failures, oha.quantiles[95.0]) == (1000, 5, 40.2001), "what was on its way at the deadline is no failure"
    (wrk2,) = load("schema/wrk2.txt").endpoints
    assert (wrk2.requests, wrk2.quantiles[95.0], wrk2.quantiles[99.0]) == (60018, 9.799, 11.18)
    (dashboard,) = load("schema/jmeter_statistics.json").endpoints
    assert (dashboard.requests, dashboard.quantiles[95.0]) == (300, 60.94999999999999)


def test_uptime() -> None:
    def shares(name: str) -> list[tuple[str, float, int | None]]:
        assert all(isinstance(one, Uptime) for one in found(name))
        return [(one.name, one.percent, one.probes) for one in found(name)]

    assert shares("schema/prometheus_vector.json") == [("https://shop.example/health", 99.97123, None), ("https://shop.example/orders", 99.91, None)]
    assert shares("schema/prometheus_probes.json") == [("https://shop.example", 99.95, 4000)]
    assert shares("schema/uptimerobot.json") == [("shop", 99.953, None)], "the worst of its spans"
    assert shares("schema/pingdom.json") == [("check", 100 * 2_590_000 / 2_591_300, None)], "what is unknown is no uptime"
    assert shares("schema/uptime_kuma.json") == [("monitor 1", 99.0, 100)], "maintenance counts neither way"
    assert shares("schema/uptime.csv") == [("shop", 99.981, None), ("search", 99.9, None)]


def test_warm_up_is_left_out_where_times_are_known() -> None:
    assert endpoints("schema/gatling_simulation.log", 4.0)["GET /orders"].requests == 150, "those that began in the first four seconds"
    assert sum(one.requests or 0 for one in endpoints("jmeter.csv", 1.0).values()) < 600
