"""The ``junit`` report: a suite a file, a test case a finding."""

from __future__ import annotations

from itertools import groupby

from backend_lint.engine.result import Reported, Result
from backend_lint.report.escape import xml
from backend_lint.report.wording import help_of, number, shortfall, summary


def render(result: Result) -> str:
    """XML that Jenkins, GitLab and Azure read. What was not checked is an error, a failed gate condition a failure."""
    suites = [_suite(path, "".join(_case(reported) for reported in group)) for path, group in groupby(result.findings, key=lambda item: item.finding.path)]
    if result.unchecked:
        suites.append(
            _suite(
                "not checked",
                "".join(
                    f'    <testcase name="{xml(item.path or "project")}" classname="not checked">\n'
                    f'      <error type="unchecked" message="{xml(item.reason)}">{xml(f"{item.path}:{item.line}: {item.reason}")}</error>\n'
                    "    </testcase>\n"
                    for item in result.unchecked
                ),
            )
        )
    if result.conditions:
        suites.append(_suite("gate", "".join(_conditions(result))))
    if not suites:
        suites.append(_suite("backend-lint", f'    <testcase name="{xml(summary(result))}" classname="backend-lint"/>\n'))
    failures = sum(suite.count("<failure ") for suite in suites)
    tests = sum(suite.count("<testcase ") for suite in suites)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="backend-lint" tests="{tests}" failures="{failures}" errors="{len(result.unchecked)}">\n{"".join(suites)}</testsuites>\n'
    )


def _suite(name: str, cases: str) -> str:
    """`cases` are escaped, so that a tag in them is one of ours."""
    tests, failures, errors = cases.count("<testcase "), cases.count("<failure "), cases.count("<error ")
    return f'  <testsuite name="{xml(name)}" tests="{tests}" failures="{failures}" errors="{errors}">\n{cases}  </testsuite>\n'


def _case(reported: Reported) -> str:
    finding = reported.finding
    body = [f"{finding.path}:{finding.line}:{finding.column}: {finding.message}"]
    body += [f"{line}: {text}" for line, text in reported.frame]
    body += [f"{item.path}:{item.line}: {item.message}" for item in finding.evidence]
    body += [f"help: {advice}"] if (advice := help_of(finding)) else []
    text = "\n".join(xml(line) for part in body for line in part.splitlines())
    return (
        f'    <testcase name="{xml(finding.rule)}:{finding.line}:{finding.column}" classname="{xml(finding.path)}">\n'
        f'      <failure type="{finding.severity}" message="{xml(finding.message)}">{text}</failure>\n'
        "    </testcase>\n"
    )


def _conditions(result: Result) -> list[str]:
    cases = []
    for item in result.conditions:
        opening = f'    <testcase name="{xml(item.name)}" classname="gate"'
        if item.status == "passed":
            held = f"measured {number(item.measured)}, required {number(item.required)}"
            cases.append(f"{opening}>\n      <system-out>{xml(held)}</system-out>\n    </testcase>\n")
            continue
        message = shortfall(item).removeprefix(f"{item.name} ")
        text = "\n".join(xml(line) for line in (message, *item.details))
        cases.append(f'{opening}>\n      <failure type="gate" message="{xml(message)}">{text}</failure>\n    </testcase>\n')
    return cases
