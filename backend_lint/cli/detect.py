"""What a project is made of, as its manifests say: shown by ``--show-settings``, written by ``init``. A look at a few small files, nothing is run."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from backend_lint.lazy_regex import lazy_regex

_LIMIT = 200_000
FRAMEWORKS = ("django", "djangorestframework", "fastapi", "flask", "starlette", "sqlalchemy", "sqlmodel", "celery", "alembic", "pydantic")
_DIALECTS = {
    "postgresql": ("psycopg", "psycopg2", "psycopg2-binary", "asyncpg", "pg8000"),
    "mysql": ("mysqlclient", "pymysql", "aiomysql", "asyncmy"),
    "sqlite": ("aiosqlite",),
    "oracle": ("oracledb", "cx-oracle"),
}
_REQUIREMENT = lazy_regex(r"""^[\s"'\[]*([A-Za-z][A-Za-z0-9._-]*)""")


class Detected(NamedTuple):
    name: str
    value: str
    why: str


def detect(root: Path) -> list[Detected]:
    """Frameworks, database, migrations and containers of the project at `root`, each with the file that shows it."""
    from backend_lint.engine.discover import text_or_nothing

    named: dict[str, str] = {}
    manifests = ["pyproject.toml", "setup.cfg", "setup.py", "Pipfile", *sorted(path.name for path in root.glob("requirements*.txt"))[:10]]
    manifests += sorted(f"requirements/{path.name}" for path in root.glob("requirements/*.txt"))[:10]
    for manifest in manifests:
        for line in text_or_nothing(root / manifest, _LIMIT).splitlines():
            for part in line.split(","):
                if match := _REQUIREMENT.match(part.partition("=[")[2] or part):
                    named.setdefault(match.group(1).lower().replace("_", "-").rstrip(".-"), manifest)
    found = [Detected(f"framework {name}", "yes", named[name]) for name in FRAMEWORKS if name in named]
    for dialect, drivers in _DIALECTS.items():
        driver = next((one for one in drivers if one in named), None)
        if driver is not None:
            found.append(Detected("dialect", dialect, f"{driver} in {named[driver]}"))
    for name, what in (("manage.py", "Django project"), ("alembic.ini", "Alembic migrations"), ("Dockerfile", "container image")):
        if (root / name).is_file():
            found.append(Detected(what, "yes", name))
    compose = next((name for name in ("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml") if (root / name).is_file()), None)
    if compose is not None:
        found.append(Detected("container composition", "yes", compose))
    return found
