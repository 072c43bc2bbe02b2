"""Clients and pools that are made anew inside a function and thrown away at its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import Body, Call, Use
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project

POOLS = {
    "sqlalchemy.create_engine": "a database engine with its own connection pool",
    "sqlalchemy.ext.asyncio.create_async_engine": "a database engine with its own connection pool",
    "pymongo.MongoClient": "a MongoDB client with its own connection pool",
    "motor.motor_asyncio.AsyncIOMotorClient": "a MongoDB client with its own connection pool",
    "redis.Redis": "a Redis client with its own connection pool",
    "redis.Redis.from_url": "a Redis client with its own connection pool",
    "redis.asyncio.Redis": "a Redis client with its own connection pool",
    "redis.asyncio.Redis.from_url": "a Redis client with its own connection pool",
    "asyncpg.create_pool": "a connection pool",
    "psycopg_pool.ConnectionPool": "a connection pool",
    "psycopg_pool.AsyncConnectionPool": "a connection pool",
    "elasticsearch.Elasticsearch": "an Elasticsearch client with its own connection pool",
    "elasticsearch.AsyncElasticsearch": "an Elasticsearch client with its own connection pool",
    "opensearchpy.OpenSearch": "an OpenSearch client with its own connection pool",
    "kafka.KafkaProducer": "a Kafka producer with its own connections and thread",
    "confluent_kafka.Producer": "a Kafka producer with its own connections and thread",
    "aiokafka.AIOKafkaProducer": "a Kafka producer with its own connections",
    "urllib3.PoolManager": "an HTTP connection pool",
    "boto3.client": "an AWS client, which loads its service model and opens connections",
    "boto3.resource": "an AWS resource, which loads its service model and opens connections",
    "httpx.Client": "an HTTP client with its own connection pool",
    "httpx.AsyncClient": "an HTTP client with its own connection pool",
    "aiohttp.ClientSession": "an HTTP client with its own connection pool",
}
"""Calls that make something which is meant to live as long as the process."""
_SHARABLE = frozenset(
    {
        "sqlalchemy.create_engine",
        "pymongo.MongoClient",
        "redis.Redis",
        "redis.Redis.from_url",
        "elasticsearch.Elasticsearch",
        "opensearchpy.OpenSearch",
        "kafka.KafkaProducer",
        "confluent_kafka.Producer",
        "urllib3.PoolManager",
        "boto3.client",
    }
)
"""What threads may share, and what needs no event loop and no `close` of its own."""
_CLOSES = frozenset({"close", "dispose", "disconnect", "quit", "shutdown", "terminate", "clear"})
_CONSTANT = lazy_regex(r"""(?<![\w'"])(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
_LAST = frozenset(name.rpartition(".")[2] for name in POOLS)
_FIXED = lazy_regex(r"""f?['"](?:https?://[\w.-]+|\{?[A-Za-z_]\w*(?:\.\w+)*\})|[A-Za-z_]\w*(?:\.\w+)*$|\(['"]https?://""")
"""An address whose host is written down, or a name of the module or of settings."""
_OF_THE_CALLER = lazy_regex(r"password|secret|token|credential|access_key|aws_session|api_key|auth", re.IGNORECASE)


class Throwaway(msgspec.Struct, frozen=True):
    """A client that only lives in one function. `name` is the documented name of what makes it."""

    path: str
    function: int
    call: Call
    name: str
    number: int


def throwaways(project: Project) -> Iterator[Throwaway]:
    """Clients that are used where they are made and handed to nobody, in the order of paths and lines."""
    for module, index, number, call in project.named_calls.calls(*_LAST):
        if index and call.use in (Use.BOUND, Use.CONTEXT, Use.RECEIVER):
            target = project.value(module.path, index, call.callee)
            if target is not None and target.name in POOLS and not _is_kept(module.bodies[index], number, call) and not _is_personal(call):
                yield Throwaway(module.path, index, call, target.name, number)


def could_be_shared(project: Project, found: Throwaway) -> bool:
    """It could be made on module level: of nothing that is local to its function, which neither closes nor changes it."""
    module = project.modules[found.path]
    body, call = module.bodies[found.function], found.call
    name = module.functions[found.function].name
    if found.name not in _SHARABLE or call.use is not Use.BOUND or call.awaited or "<locals>" in name:
        return False
    if sum(other.name == name for other in module.functions) > 1 or sum(other.target == call.target for other in body.calls) > 1:
        return False
    made_of = _CONSTANT.sub("", " ".join((call.callee, *call.args, *(value for _, value in call.keywords))))
    here = {imported.name for imported in module.facts.imports if imported.function == found.function}
    if any(sign in made_of for sign in "%#?*") or here & set(re.findall(r"\w+", made_of)):
        return False
    own = re.compile(rf"(?:#{found.number}|{re.escape(call.target)})(?!\w)")
    if any(own.match(other.callee) and other.callee.rpartition(".")[2] in _CLOSES for other in body.calls):
        return False
    return not any(own.match(assign.target) and assign.target != call.target for assign in body.assigns) and not any(
        own.fullmatch(block.subject) for block in body.blocks
    )


def _is_kept(body: Body, number: int, call: Call) -> bool:
    if call.use is Use.BOUND and not (call.target.startswith("%") and call.target[1:].isidentifier()):
        return True
    text = re.compile(rf"#{number}(?!\d)(?!\.(?!__a?enter__)\w)")
    given = [value for other in body.calls for value in (*other.args, *(value for _, value in other.keywords))]
    given += [*(found.value for found in body.returns), *(found.value for found in body.yields)]
    given += [assign.value for assign in body.assigns if not assign.target[1:].isidentifier() or not assign.target.startswith("%")]
    if any(text.search(value) for value in given if number in call_ids(value)):
        return True
    lost = re.compile(rf"{re.escape(call.target)}(?![\w.])") if call.target else None
    return lost is not None and any(lost.search(value) for value in given)


def is_remembered(body: Body) -> bool:
    """The function keeps what it found in a module's variable or an attribute, so that it rarely runs to its end."""
    return any(not assign.target.startswith("%") or assign.target.startswith("%self.") for assign in body.assigns)


def calls_one_host(body: Body, number: int) -> bool:
    """All that is asked through the client has an address that is written down or comes from settings, so that connections could be used again."""
    made = re.compile(rf"#{number}(?:\.__a?enter__\(\))?\.(?:get|post|put|patch|delete|head|request|stream)")
    addresses = []
    for call in body.calls:
        if made.fullmatch(call.callee) and call.args:
            position = 1 if call.callee.endswith((".request", ".stream")) and len(call.args) > 1 else 0
            addresses.append(call.args[position])
    return bool(addresses) and all(_FIXED.match(text) for text in addresses)


def _is_personal(call: Call) -> bool:
    """It is made for one caller, so that it cannot be shared: credentials that are parameters, a transport of its own."""
    if {"transport", "connector", "cookies", "proxy", "proxies", "mounts"} & {name for name, _ in call.keywords}:
        return True
    return any(_OF_THE_CALLER.search(name) and "%" in value for name, value in call.keywords) or any(name == "**" for name, _ in call.keywords)
