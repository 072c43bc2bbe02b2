"""Broken and forged reports of measurements: named with a reason, in bounded memory, and never a better number than a whole one."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from backend_lint.facts.performance import LoadReport
from backend_lint.readers.performance import UnreadableError, read

REPORTS = Path(__file__).parent / "reports"
STREAMS = ["locust_stats.csv", "locust.json", "jmeter.csv", "jmeter.xml", "hey.csv", "hey.txt", "ab.txt", "wrk.txt", "autocannon.json"]
STREAMS += ["schema/k6_samples.json", "schema/k6_summary_export.json", "schema/k6_handle_summary.json", "schema/gatling_simulation.log"]
STREAMS += ["schema/gatling_stats.json", "schema/oha.json"]
STREAMS += ["schema/vegeta_report.json", "schema/vegeta_results.json", "schema/vegeta_results.csv", "schema/jmeter_statistics.json", "schema/wrk2.txt"]
JTL = "timeStamp,elapsed,label,success\n"
STATS = "Type,Name,Request Count,Failure Count,Average Response Time,50%,95%\n"


def of(data: bytes | str) -> object:
    return read(io.BytesIO(data.encode() if isinstance(data, str) else data), "report")


def refused(data: bytes | str) -> str:
    with pytest.raises(UnreadableError) as caught:
        of(data)
    return str(caught.value)


def worst(report: object, percent: float) -> float:
    assert isinstance(report, LoadReport)
    return max(one.quantiles.get(percent, 0.0) for one in report.endpoints)


@pytest.mark.parametrize("name", STREAMS)
def test_cut_off_report_is_refused_or_says_less(name: str) -> None:
    whole = (REPORTS / name).read_bytes()
    complete = of(whole)
    assert isinstance(complete, LoadReport)
    for share in (0.02, 0.3, 0.51, 0.77, 0.95, 0.99):
        cut = whole[: int(len(whole) * share)]
        try:
            part = of(cut)
        except UnreadableError as error:
            assert str(error)
            continue
        # a record that ends where it was cut leaves a report that is whole, with fewer requests
        assert isinstance(part, LoadReport)
        assert sum(one.requests or 0 for one in part.endpoints) <= sum(one.requests or 0 for one in complete.endpoints)


@pytest.mark.parametrize("name", ["locust_stats.csv", "locust.json", "jmeter.xml", "autocannon.json", "schema/k6_summary_export.json", "schema/oha.json"])
def test_report_with_an_end_is_refused_without_it(name: str) -> None:
    whole = (REPORTS / name).read_bytes()
    for share in (0.1, 0.5, 0.9, 0.98):
        refused(whole[: int(len(whole) * share)])


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-Infinity", "-5", "1e400", "1e12", "", "fast", "0x10", "None", "9" * 400]
)
def test_time_that_no_clock_shows_makes_a_report_unusable(value: str) -> None:
    assert refused(f"{JTL}1767261600000,{value},GET /a,true\n")
    assert refused(f"{STATS}GET,/a,900,0,10,10,{value or 'x'}\n,Aggregated,900,0,10,10,20\n")
    assert refused(f'query,calls,mean_exec_time\n"SELECT a FROM b",50,{value or "x"}\n')


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-3", "1e999", '"12"x', "[]", "{}"])
def test_number_that_json_does_not_have_makes_a_report_unusable(value: str) -> None:
    summary = '{"metrics": {"http_req_duration": {"p(95)": TIME, "med": 1}, "http_reqs": {"count": COUNT}}, "root_group": {}}'
    assert of(summary.replace("TIME", "9").replace("COUNT", "500"))
    assert refused(summary.replace("TIME", value).replace("COUNT", "500"))
    assert refused(summary.replace("TIME", "9").replace("COUNT", value))


def test_counts_that_cannot_be() -> None:
    assert "failures of" in refused(f"{STATS}GET,/a,900,901,10,10,20\n,Aggregated,900,901,10,10,20\n")
    assert "cannot be" in refused(f"{STATS}GET,/a,99999999999999,0,10,10,20\n,Aggregated,99999999999999,0,10,10,20\n")
    assert "cannot be" in refused(f"{STATS}GET,/a,900.5,0,10,10,20\n,Aggregated,900,0,10,10,20\n")
    assert "add up" in refused(f"{STATS}GET,/a,900,0,10,10,20\n,Aggregated,9000,0,10,10,20\n")
    assert "faster" in refused(f"{STATS}GET,/a,900,0,10,100,20\n,Aggregated,900,0,10,10,20\n")
    assert "add up" in refused('[{"name": "/a", "method": "GET", "num_requests": 900, "num_failures": 0, "response_times": {"3": 10}}]')
    assert "contradict" in refused('query,calls,total_exec_time,mean_exec_time\n"SELECT a FROM b",100,90000,1\n')
    assert "contradict" in refused('query,calls,min_exec_time,max_exec_time,mean_exec_time\n"SELECT a FROM b",100,200,900,1\n')
    failed = '"http_req_failed": {"passes": 0, "fails": 900, "value": 0.5}'
    summary = '{"metrics": {"http_req_duration": {"med": 1}, "http_reqs": {"count": 900}, FAILED}, "root_group": {}}'
    assert "add up" in refused(summary.replace("FAILED", failed))
    assert "share" in refused('{"latencies": {"95th": 1000}, "requests": 10, "success": 7}')


def test_endpoint_that_comes_twice_is_as_slow_and_as_broken_as_the_worse_of_both() -> None:
    report = of(f"{STATS}GET,/a,900,0,300,290,400\nGET,/a,900,90,10,10,20\n,Aggregated,1800,90,10,10,20\n")
    assert isinstance(report, LoadReport)
    (one,) = report.endpoints
    assert (one.requests, one.failures, one.quantiles) == (900, 90, {50.0: 290.0, 95.0: 400.0})
    assert "there twice" in report.doubtful[0]


def test_two_reports_joined_into_one_file_are_refused() -> None:
    jmeter = (REPORTS / "jmeter.csv").read_text()
    assert "head once more" in refused((REPORTS / "locust_stats.csv").read_text() * 2)
    assert refused(jmeter + jmeter)


def test_record_with_fields_too_few_or_too_many() -> None:
    assert "cut off in line 3" in refused(f"{JTL}1767261600000,5,GET /a,true\n1767261600000,5,GET /a\n")
    assert "cut off in line 2" in refused(f"{JTL}1767261600000,5,GET /a,true,7\n")
    assert "true or false" in refused(f"{JTL}1767261600000,5,GET /a,maybe\n")
    assert "no column success" in refused("timeStamp,elapsed,label\n1767261600000,5,GET /a\n")


def test_xml_that_declares_anything_is_refused() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    bomb += '<testResults><httpSample t="1" s="true" lb="&b;"/></testResults>'
    assert "declares" in refused(bomb)
    assert "not `testResults`" in refused("<coverage/>")
    assert "nowhere" in refused('<?xml version="1.0" encoding="nowhere"?><testResults/>')
    assert "nested" in refused("<testResults>" + "<sample t='1' s='true' lb='a'>" * 200)
    assert refused("<testResults>" + "<httpSample " + "a='1' " * 2_000_000)


def test_samples_inside_samples_do_not_count_twice() -> None:
    report = of("<testResults><sample t='90' s='true' lb='page'><httpSample t='3' s='true' lb='part'/></sample></testResults>")
    assert isinstance(report, LoadReport)
    assert [(one.name, one.requests) for one in report.endpoints] == [("page", 1)]


@pytest.mark.parametrize(
    "data",
    [b"", b"\xef\xbb\xbf \n", b"\x00" * 5000, b"\xff\xfe" + "Type,Name".encode("utf-16-le"), b"{" * 100_000, b"[" * 100_000, b"[1, 2]", b"{}", b"[]", b"[[]]",
     b"hello", b"a,b,c\n1,2,3\n", b"<html></html>", b"MZ\x90", b'{"metrics": 5, "root_group": 1}', b'{"heartbeatList": []}', b'{"status": "error", "data": 1}',
     b'{"classes": [], "global": {}}', b'{"monitors": {}}', b'[{"query": 5, "calls": 3}]', b'[{"response_times": 4}]', b"RUN\t", b"Running 4s test @ x\n",
     b"This is ApacheBench", b"Summary:\nRequests/sec: 1", b"duration: 1.5 ms  plan:\n", b'"unclosed,elapsed,label\n1,2,3'],
)  # fmt: skip
def test_what_is_no_report_is_refused_with_a_reason(data: bytes) -> None:
    assert refused(data)


def test_names_that_are_too_long_or_too_many() -> None:
    assert "characters" in refused(f"{JTL}1767261600000,5,{'a' * 5000},true\n")
    rows = "".join(f"1767261600000,{number % 90},GET /orders/{number},true\n" for number in range(3000))
    report = of(JTL + rows)
    assert isinstance(report, LoadReport)
    assert len(report.endpoints) == 1001, "the numbers of rows are parameters"
    rows = "".join(f"1767261600000,5,GET /orders/n{number},true\n" for number in range(25_000))
    assert "names of requests" in refused(JTL + rows)
    head = "Type,Name,Request Count,Failure Count,Average Response Time,95%\n"
    assert "names of requests" in refused(head + "".join(f"GET,/orders/{number},5,0,12,15\n" for number in range(20_001)) + ",Aggregated,100005,0,12,15\n")
    failed = of("Method,Name,Error,Occurrences\n" + "".join(f"GET,/orders/{number},refused,1\n" for number in range(3000)))
    assert isinstance(failed, LoadReport)
    assert len(failed.errors) == 1000


def test_line_without_an_end_is_not_kept() -> None:
    assert refused('{"metric":"http_req_duration","type":"Point","data":{"value":3}}\n'.replace('"value":3', '"value":3,"x":"' + "a" * 3_000_000 + '"'))
    assert "bytes in line 2" in refused("2026-01-01 LOG:  duration: 1.500 ms  plan:\n" + "x" * 3_000_000)


_MEASURE = """
import resource, sys
from backend_lint.readers.performance import read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open(sys.argv[1], "rb") as file:
    report = read(file, "report")
print(sum(one.requests for one in report.endpoints), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_large_report_is_read_as_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "large.jtl"
    row = "1796069799323,{},GET /orders/{{number}},200,OK,shoppers 1-8,text,true,166,12,12,76" + " " * 400 + "\n"
    with open(path, "w") as file:
        file.write("timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,bytes,grpThreads,allThreads,Latency\n")
        for number in range(100_000):
            file.write(row.format(number % 700))
    assert path.stat().st_size > 45_000_000
    printed = subprocess.run([sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=True).stdout
    requests, megabytes = map(int, printed.split())
    assert requests == 100_000
    assert megabytes < 25, "a report of 50 MB is held in memory"


def test_document_that_is_decoded_whole_has_a_bound() -> None:
    assert "larger than" in refused(json.dumps({"metrics": {"a" * 33_000_000: {}}, "root_group": {}}))
