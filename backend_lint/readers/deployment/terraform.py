"""Terraform: the few arguments that bound or configure a backend, found by a linear scan of blocks; expressions are not evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.duration import whole
from backend_lint.facts.deployment import Bound, Manifest, Origin, Quota, Workload
from backend_lint.lazy_regex import lazy_regex
from backend_lint.readers.deployment.databases import MOST
from backend_lint.readers.deployment.draft import Draft

_TOKEN = lazy_regex(
    # a string that is not closed ends with its line
    r"\n|#[^\n]*|//[^\n]*|/\*|<<[-~]?(?P<here>\w{1,100})[^\n]*"
    r"|\"[^\"\\\n]*(?:\\[^\n][^\"\\\n]*)*\"?|[{}\[\]=]|[\w.*+:-]+|[^\s]"
)
_BOUNDS = {
    # resource -> (argument, kind, what it bounds, documented default or "")
    "aws_lambda_function": ("timeout", "lambda", Bound.TASK, "3"),
    "aws_lb": ("idle_timeout", "alb-idle", Bound.REQUEST, "60"),
    "aws_alb": ("idle_timeout", "alb-idle", Bound.REQUEST, "60"),
    "aws_elb": ("idle_timeout", "alb-idle", Bound.REQUEST, "60"),
    "aws_sqs_queue": ("visibility_timeout_seconds", "sqs-visibility", Bound.REDELIVERY, "30"),
    "google_cloud_run_service": ("timeout_seconds", "cloud-run", Bound.REQUEST, "300"),
    "google_cloud_run_v2_service": ("timeout", "cloud-run", Bound.REQUEST, "300"),
    "google_cloud_run_v2_job": ("timeout", "cloud-run-job", Bound.TASK, "600"),
    "google_cloudfunctions_function": ("timeout", "cloud-function", Bound.TASK, "60"),
    "google_cloudfunctions2_function": ("timeout_seconds", "cloud-function", Bound.TASK, "60"),
    "google_compute_backend_service": ("timeout_sec", "gcp-backend", Bound.REQUEST, "30"),
    "google_pubsub_subscription": ("ack_deadline_seconds", "pubsub-ack", Bound.REDELIVERY, "10"),
}
_NESTED = frozenset({"template", "spec", "service_config"})
"""Blocks inside a resource that hold its own deadline; ``tags``, ``timeouts`` and probes do not."""
_PARAMETERS = frozenset(
    {
        "aws_db_parameter_group",
        "aws_rds_cluster_parameter_group",
        "google_sql_database_instance",
        "azurerm_postgresql_configuration",
        "azurerm_postgresql_flexible_server_configuration",
        "azurerm_mysql_flexible_server_configuration",
    }
)
"""Resources that hold the settings of a managed database, each as a name and a value."""
_GATEWAYS = {"aws_api_gateway_integration": 0.001, "aws_apigatewayv2_integration": 0.001}


def assignments(text: str) -> Iterator[tuple[tuple[str, ...], str, str | None, int]]:
    """(path of enclosing blocks, argument, value, line); the value is a quoted or bare word, None for any other expression.

    `argument` is empty where a block opens.

    >>> [row for row in assignments('resource "aws_lb" "main" {\\n  idle_timeout = 120\\n}')]
    [(('resource "aws_lb" "main"',), '', None, 1), (('resource "aws_lb" "main"',), 'idle_timeout', '120', 2)]
    """
    blocks: list[str] = []
    words: list[str] = []
    line, start = 1, 1
    here = ""
    position = 0
    while match := _TOKEN.search(text, position):
        token = match.group()
        position = match.end()
        if match.group("here"):
            here = match.group("here")
            words.append('"<<"')
            ended = re.compile(rf"^[ \t]*{here}[ \t]*$", re.MULTILINE).search(text, position)
            stop = ended.end() if ended else len(text)
            line += text.count("\n", position, stop)
            position = stop
        elif token == "/*":
            ended_at = text.find("*/", position)
            stop = ended_at + 2 if ended_at >= 0 else len(text)
            line += text.count("\n", position, stop)
            position = stop
        elif token == "\n" or token == "}":
            yield from _assigned(tuple(blocks[:50]), words, start)
            words = []
            if token == "}":
                if blocks:
                    blocks.pop()
            else:
                line += 1
        elif token == "{":
            label = " ".join(word for word in words if word != "=")
            blocks.append(label[:200])
            words = []
            if len(blocks) < 50:
                yield tuple(blocks), "", None, start if label else line
        elif token[0] != "#" and not token.startswith("//"):
            if not words:
                start = line
            if len(words) < 40:
                words.append(token)
    yield from _assigned(tuple(blocks[:50]), words, start)


def _assigned(blocks: tuple[str, ...], words: list[str], line: int) -> Iterator[tuple[tuple[str, ...], str, str | None, int]]:
    if len(words) > 2 and words[1] == "=" and len(blocks) < 50:
        value = words[2] if len(words) == 3 else None
        if value is not None and value.startswith('"'):
            value = None if "${" in value else value.strip('"')
        elif value is not None and not re.fullmatch(r"-?\d[\d.]*|true|false", value):
            value = None
        yield blocks, words[0].strip('"'), value, line


def read_terraform(text: str) -> Manifest:
    """The deadlines, variables and replica counts of the resources we know."""
    draft = Draft("terraform")
    bounded: dict[str, bool] = {}
    opened: dict[str, int] = {}
    named = ""
    for blocks, argument, value, line in assignments(text):
        head = blocks[0].split() if blocks else []
        if len(head) != 3 or head[0] != "resource":
            continue
        kind, name = head[1].strip('"'), head[2].strip('"')
        unit = f"{kind}.{name}"
        if len(blocks) == 1 and not argument and kind in _BOUNDS:
            opened[unit] = line
        if kind in _BOUNDS and argument == _BOUNDS[kind][0] and _NESTED.issuperset(blocks[1:]):
            bounded[unit] = True
            draft.deadline(_BOUNDS[kind][1], _BOUNDS[kind][2], value, line, unit)
        elif kind in _GATEWAYS and argument in {"timeout_milliseconds"}:
            draft.deadline("api-gateway", Bound.REQUEST, value, line, unit, scale=_GATEWAYS[kind])
        elif blocks[-1] in {"variables", "environment_variables"} and argument:
            draft.variable(argument, value, line, unit)
        elif blocks[-1] == "env" and argument == "name" and value is not None:
            draft.variable(value, None, line, unit)
        elif kind in _PARAMETERS and argument == "name":
            named = value or ""
        elif kind in _PARAMETERS and argument == "value":
            if named == "max_connections" and (number := whole(value)):
                draft.quotas.append(Quota(MOST, number, line, unit))
            named = ""
        elif kind == "aws_db_proxy" and not argument:
            draft.workloads.append(Workload(name, kind, line, image="rds-proxy"))
        elif kind == "aws_ecs_service" and argument == "desired_count":
            draft.workloads.append(Workload(name, "ecs-service", line, whole(value)))
    for unit, line in opened.items():
        if unit not in bounded:
            _, label, bounds, default = _BOUNDS[unit.partition(".")[0]]
            draft.deadline(label, bounds, default, line, unit, origin=Origin.DEFAULT)
    return draft.finished()
