"""Modules of the domain that need a framework: a web framework, an ORM, an HTTP client or a broker, themselves or through what they import."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.project.architecture.import_graph import Arrow
from backend_lint.project.architecture.layer_names import Layer

if TYPE_CHECKING:
    from backend_lint.project import Project

FRAMEWORKS = {
    **dict.fromkeys("fastapi flask starlette django rest_framework litestar sanic falcon aiohttp werkzeug tornado".split(), "web framework"),
    **dict.fromkeys(("sqlalchemy", "sqlmodel", "peewee", "tortoise", "mongoengine", "beanie", "pony", "flask_sqlalchemy"), "ORM"),
    **dict.fromkeys(("psycopg", "psycopg2", "asyncpg", "pymongo", "motor", "redis", "elasticsearch"), "database driver"),
    **dict.fromkeys(("requests", "httpx", "urllib3", "boto3", "botocore"), "client of other services"),
    **dict.fromkeys(("celery", "dramatiq", "pika", "kafka", "aiokafka", "confluent_kafka", "aio_pika", "rq", "arq"), "broker"),
}
"""Package -> what it is."""
_FEWEST, _SHARE = 5, 0.25
"""A domain needs so many modules, and no more than this share of them with a framework, before the rest is held to it."""


class Needs(NamedTuple):
    """Module `path` needs `package` (`kind`): `chain` leads to the module that imports it at `line`."""

    path: str
    package: str
    kind: str
    line: int
    chain: tuple[Arrow, ...]


class Domain(NamedTuple):
    """`needing`: the modules of the domain that need a framework; `clean`: how many do not."""

    needing: tuple[Needs, ...]
    clean: int


def domain_frameworks(project: Project) -> Domain:
    """The modules against the convention; none where there is no domain, or where it is built upon a framework."""
    architecture = project.architecture
    domain = [path for path, place in architecture.layers.places.items() if place.layer == Layer.DOMAIN and project.modules[path].role is Role.APPLICATION]
    domain = [path for path in domain if project.modules[path].facts.functions[1:] or project.modules[path].facts.classes]
    if len(domain) < _FEWEST:
        return Domain((), len(domain))
    direct = {path: found for path, module in project.modules.items() if (found := _imported(project, path)) is not None and module.role is Role.APPLICATION}
    goals = frozenset(direct)
    needing = []
    for path in sorted(domain):
        chain = () if path in direct else architecture.graph.chain(path, goals, _runs)
        if path in direct or chain:
            line, package = direct[chain[-1].imported if chain else path]
            needing.append(Needs(path, package, FRAMEWORKS[package], line, chain))
    if len(needing) > _SHARE * len(domain):
        return Domain((), len(domain) - len(needing))
    return Domain(tuple(needing), len(domain) - len(needing))


def _runs(arrow: Arrow) -> bool:
    return arrow.runs


def _imported(project: Project, path: str) -> tuple[int, str] | None:
    """Line and package of the first import of a framework that runs when the module is loaded."""
    for fact in project.modules[path].facts.imports:
        package = fact.module.partition(".")[0]
        if not fact.level and not fact.type_checking and not fact.function and package in FRAMEWORKS and project.resolver.index.find(package, path) is None:
            return fact.line, package
    return None
