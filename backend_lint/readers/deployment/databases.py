"""Settings of databases and of the poolers in front of them: ``postgresql.conf``, ``my.cnf``, ``pgbouncer.ini``, charts, operators, Terraform."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.duration import whole
from backend_lint.facts.deployment import Manifest, Quota
from backend_lint.lazy_regex import lazy_regex
from backend_lint.readers.deployment.draft import Draft
from backend_lint.readers.deployment.tree import Node
from backend_lint.source import split_lines

MOST = "max-connections"
"""The kind of quota that bounds the connections of a database server; those of a pooler are `POOLER`, by its setting."""
POOLER = {
    "max_client_conn": "pooler-clients",
    "default_pool_size": "pooler-servers",
    "max_db_connections": "pooler-database",
}
_NAMES = lazy_regex(r"postgres(?:ql)?(?:[._-][\w.-]{1,60})?\.conf|my(?:sqld?)?\.cnf|mariadb\.cnf|pgbouncer\.ini")
_LINE = lazy_regex(r"[ \t]*(?:ALTER[ \t]+SYSTEM[ \t]+SET[ \t]+)?([A-Za-z_][\w-]{0,60})(?:[ \t]*=[ \t]*|[ \t]+)['\"]?(\d{1,9})['\"]?[ \t]*(?:[#;].*)?")
_DATABASE = lazy_regex(r"postgres|pg|mysql|mariadb|percona|database|^db$")
_OFFICIAL = frozenset({"postgres", "library/postgres", "docker.io/postgres", "docker.io/library/postgres"})
_DEFAULT = 100
_DEPTH = 8


def is_database_file(path: str) -> bool:
    """Whether the name of a file says that it configures a database server or PgBouncer.

    >>> is_database_file("db/postgresql.conf"), is_database_file("pgbouncer/pgbouncer.ini"), is_database_file("nginx.conf")
    (True, True, False)
    """
    return _NAMES.fullmatch(path.rpartition("/")[2].lower()) is not None


def read_database_file(path: str, text: str) -> Manifest:
    """The limits that a configuration file of a database server or of PgBouncer sets; the last of several lines holds, as the servers read them."""
    pooled = path.lower().endswith("pgbouncer.ini")
    draft = Draft("pgbouncer" if pooled else "database")
    draft.quotas.extend(_last(text, 1, "", pooled=pooled))
    return draft.finished() if draft.quotas or pooled else Manifest("")


def _last(text: str, first: int, unit: str, *, pooled: bool = False) -> list[Quota]:
    found: dict[str, Quota] = {}
    for number, line in enumerate(split_lines(text), first):
        match = _LINE.fullmatch(line)
        name = match.group(1).lower().replace("-", "_") if match is not None else ""
        kind = POOLER.get(name, "") if pooled else MOST if name == "max_connections" else ""
        # 0 is no limit
        if match is not None and kind and int(match.group(2)):
            found[kind] = Quota(kind, int(match.group(2)), number, unit)
    return list(found.values())


def of_image(image: str, line: int, unit: str, *, configured: bool) -> Iterator[Quota]:
    """What a server of PostgreSQL allows that nothing configures: its image is the official one, so the default of the documentation holds."""
    if not configured and image.partition("@")[0].partition(":")[0] in _OFFICIAL:
        yield Quota(MOST, _DEFAULT, line, unit, assumed=True)


def of_values(node: Node, unit: str, *, inside: bool = False, depth: int = 0) -> Iterator[Quota]:
    """``max_connections`` of a chart's values or of an operator's object, wherever below a key that names a database; also inside of texts of configuration."""
    if depth > _DEPTH:
        return
    for key, line, value in node.entries():
        plain = key.lower().replace("_", "").replace("-", "")
        here = inside or _DATABASE.search(key.lower()) is not None
        if here and plain in {"maxconnections", "postgresqlmaxconnections"}:
            if number := whole(value.plain()):
                yield Quota(MOST, number, line, unit)
        elif here and value.text is not None and "max_connections" in value.text:
            # the lines of a block begin below its key
            yield from _last(value.text[:100_000], line + 1 if "\n" in value.text else line, unit)
        elif value.pairs is not None:
            yield from of_values(value, unit, inside=here, depth=depth + 1)


def of_pooler(parameters: Node, unit: str) -> Iterator[Quota]:
    """The parameters of PgBouncer as an operator's object writes them."""
    for key, line, value in parameters.entries():
        if key in POOLER and (number := whole(value.plain())):
            yield Quota(POOLER[key], number, line, unit)
