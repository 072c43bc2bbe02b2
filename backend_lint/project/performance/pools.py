"""How many connections to its database a process of the project opens at most: the pools that its code makes, and Django's, which are one a thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.value_text import call_ids, constant_string, entries

if TYPE_CHECKING:
    from backend_lint.facts.python import Call
    from backend_lint.project import Project
    from backend_lint.project.quantities import Quantities

_ENGINES = frozenset(
    {
        "sqlalchemy.create_engine",
        "sqlalchemy.engine.create_engine",
        "sqlalchemy.ext.asyncio.create_async_engine",
        "sqlmodel.create_engine",
        "flask_sqlalchemy.SQLAlchemy",
    }
)
_QUEUED = frozenset({"QueuePool", "AsyncAdaptedQueuePool"})
_SIZED = {
    # call -> keyword and position of the most, what it is without; keyword and position of the least, which is the most where that is None
    "asyncpg.create_pool": ("max_size", 99, 10),
    "psycopg_pool.ConnectionPool": ("max_size", 99, None),
    "psycopg_pool.AsyncConnectionPool": ("max_size", 99, None),
    "psycopg2.pool.ThreadedConnectionPool": ("maxconn", 1, None),
    "psycopg2.pool.SimpleConnectionPool": ("maxconn", 1, None),
    "aiopg.create_pool": ("maxsize", 99, 10),
    "aiomysql.create_pool": ("maxsize", 99, 10),
    "asyncmy.create_pool": ("maxsize", 99, 10),
}
_PSYCOPG_LEAST = 4
_LAST = frozenset(name.rpartition(".")[2] for name in (*_ENGINES, *_SIZED))
_NO_SERVER = lazy_regex(r"f?['\"]sqlite")
_SERVERS = lazy_regex(r"postgres|mysql|psycopg|postgis|oracle|mariadb")
_ROLES = frozenset({Role.APPLICATION, Role.SETTINGS})
_SQLALCHEMY = (5, 10)
"""Its documented `pool_size` and `max_overflow`."""


class Pool(msgspec.Struct, frozen=True):
    """What one process opens at most. `most`: None for one connection a thread, as many as there are. `text` says what it is made of."""

    most: int | None
    text: str
    path: str
    line: int


def pools(project: Project, quantities: Quantities) -> list[Pool]:
    """The pools that the application makes, in the order of files; nothing if one of them is of a size that is not known, or may have any."""
    found: list[Pool] = []
    for module, function, _, call in project.named_calls.calls(*_LAST):
        if module.role not in _ROLES:
            continue
        target = project.value(module.path, function, call.callee)
        name = target.name if target is not None else ""
        if name in _ENGINES:
            made = _engine(project, quantities, module.path, function, call, name)
        elif name in _SIZED:
            made = _sized(quantities, module.path, function, call, name)
        else:
            continue
        if made is None:
            return []
        found.extend(made)
    if not found:
        found.extend(_django(project, quantities))
    return found


def _number(quantities: Quantities, path: str, function: int, text: str | None, default: int | None) -> int | None:
    if text is None or text == "None":
        return default
    value, _ = quantities.value(path, function, text)
    return int(value) if value is not None and value == int(value) else None


def _engine(project: Project, quantities: Quantities, path: str, function: int, call: Call, name: str) -> list[Pool] | None:
    """SQLAlchemy's: `pool_size` are kept, `max_overflow` may be opened beside them. None: not known; empty: none that a server sees."""
    options = dict(call.keywords)
    address = call.args[0] if call.args and name != "flask_sqlalchemy.SQLAlchemy" else options.get("url", "")
    if _NO_SERVER.match(address):
        return []
    if name == "flask_sqlalchemy.SQLAlchemy":
        inner = _flask_options(project, path, options)
        if inner is None:
            return None
        path, function, options = inner
    if "**" in options or "creator" in options or "pool" in options:
        return None
    kind = options.get("poolclass", "").rpartition(".")[2]
    if kind == "NullPool":
        return [Pool(None, "NullPool: one a thread", path, call.line)]
    if kind and kind not in _QUEUED:
        return None
    size = _number(quantities, path, function, options.get("pool_size"), _SQLALCHEMY[0])
    more = _number(quantities, path, function, options.get("max_overflow"), _SQLALCHEMY[1])
    # 0 kept and -1 more are no limit
    if not size or more is None or more < 0:
        return None
    written = {"pool_size", "max_overflow"} & options.keys()
    said = "" if len(written) == 2 else ", its defaults" if not written else ", one of them its default"
    return [Pool(size + more, f"pool_size {size} + max_overflow {more}{said}", path, call.line)]


def _flask_options(project: Project, path: str, options: Mapping[str, str]) -> tuple[str, int, dict[str, str]] | None:
    """Where Flask-SQLAlchemy's engine gets its options: of the call, else one setting of the project; None if several may hold."""
    if "engine_options" in options:
        text = options["engine_options"]
        return (path, 0, dict(entries(text))) if text.startswith("{") and "**" not in text else None
    texts = []
    for module in project.modules.values():
        if module.role not in _ROLES:
            continue
        assigned = [(one.name, one.value) for fact in module.classes for one in fact.attributes]
        if b"SQLALCHEMY_" in bytes(module.facts.bodies):
            assigned += [(one.target, one.value) for body in module.bodies for one in body.assigns]
        for target, value in assigned:
            if "SQLALCHEMY_POOL_SIZE" in target or "SQLALCHEMY_MAX_OVERFLOW" in target:
                return None  # versions differ in whether they read these
            if "SQLALCHEMY_ENGINE_OPTIONS" in target:
                texts.append((module.path, value))
    if not texts:
        return path, 0, {}
    where, text = texts[0]
    return (where, 0, dict(entries(text))) if len(texts) == 1 and text.startswith("{") and "**" not in text else None


def _sized(quantities: Quantities, path: str, function: int, call: Call, name: str) -> list[Pool] | None:
    options = dict(call.keywords)
    keyword, position, default = _SIZED[name]
    if "**" in options or any(text.startswith("*") for text in call.args):
        return None
    text = options.get(keyword, call.args[position] if position < len(call.args) else None)
    if name.startswith("psycopg_pool.") and text in (None, "None"):
        text, keyword, default = options.get("min_size"), "min_size", _PSYCOPG_LEAST
    most = _number(quantities, path, function, text, default)
    if not most or most < 0:
        return None
    return [Pool(most, f"{name.rpartition('.')[2]} with {keyword} {most}{', its default' if text is None else ''}", path, call.line)]


def _django(project: Project, quantities: Quantities) -> Iterator[Pool]:
    """Django holds one connection a thread and database, unless `OPTIONS` asks for psycopg's pool; several settings that disagree say nothing."""
    found: dict[int | None, Pool] = {}
    for module in project.modules.values():
        if module.role not in _ROLES or b"DATABASES" not in bytes(module.facts.bodies):
            continue
        for assign in module.bodies[0].assigns:
            if assign.target != "DATABASES":
                continue
            default = dict(entries(assign.value)).get("default", "")
            settings = dict(entries(default))
            engine = constant_string(settings.get("ENGINE", "")) or ""
            read = [module.bodies[0].calls[number].callee for number in call_ids(default) if number < len(module.bodies[0].calls)]
            # a URL says which server it is where the process starts; those who give one have one
            if not _SERVERS.search(engine) and not any(name.rpartition(".")[2] in ("config", "db", "db_url", "parse") for name in read):
                continue
            age = settings.get("CONN_MAX_AGE", "")
            pool = dict(entries(settings.get("OPTIONS", ""))).get("pool")
            if pool is None:
                kept = "CONN_MAX_AGE None keeps it" if age == "None" else f"CONN_MAX_AGE {age} keeps it" if age.isdigit() and age != "0" else "while it answers"
                found[None] = Pool(None, f"Django: one a thread or greenlet, {kept}", module.path, assign.line)
                continue
            sizes = dict(entries(pool))
            text = sizes.get("max_size", sizes.get("min_size"))
            most = _number(quantities, module.path, 0, text, _PSYCOPG_LEAST) if pool == "True" or sizes else None
            if not most:
                return
            found[most] = Pool(most, f"Django's pool with max_size {most}", module.path, assign.line)
    if len(found) == 1:
        yield next(iter(found.values()))
